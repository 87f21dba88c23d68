"""MMDetection is imported without its notices."""

import os
import warnings

import pytest

from mmhps.compat import notices


def test_only_the_two_notices_are_dropped(capsys):
    with warnings.catch_warnings(record=True) as seen, notices.without_notices():
        print(notices.ONEDL_NOTICE)
        print("something else")
    assert capsys.readouterr().out == "something else\n"
    assert not seen


def test_what_was_printed_before_a_failure_is_kept(capsys):
    with pytest.raises(ValueError, match="broken"), notices.without_notices():
        print("a hint")
        raise ValueError("broken")
    assert capsys.readouterr().out == "a hint\n"


def test_other_warnings_pass():
    with pytest.warns(UserWarning, match="something else"), notices.without_notices():
        warnings.warn(f"{notices.FASTER_COCO_NOTICE}, …", UserWarning, stacklevel=1)
        warnings.warn("something else", UserWarning, stacklevel=1)


@pytest.mark.parametrize(("before", "after"), [(None, "1"), ("0", "0")])
def test_albumentations_does_not_look_for_updates(monkeypatch, before, after):
    monkeypatch.setenv("NO_ALBUMENTATIONS_UPDATE", before or "")  # what was there comes back
    if before is None:
        monkeypatch.delenv("NO_ALBUMENTATIONS_UPDATE")
    with notices.without_notices():
        assert os.environ["NO_ALBUMENTATIONS_UPDATE"] == after
