"""Properties that hold for any input, checked on generated ones against slow, obvious code.

A test states its property as an inner function with ``@given``. It runs on few inputs in the fast
suite and on many in the slow one, always on the same ones.
"""

import pytest
from hypothesis import HealthCheck, settings


@pytest.fixture(
    params=[
        pytest.param(5, id="few"),
        pytest.param(250, id="many", marks=pytest.mark.slow),
    ]
)
def check(request):
    """Settings that decorate a property."""
    return settings(
        max_examples=request.param,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
