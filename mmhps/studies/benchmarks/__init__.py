"""What ``tools/analysis_tools/benchmark_peers.py`` runs: mmhps and a peer on the same input.

Each module has a function ``run`` that gives the rows of its table, and whether the results that
were timed agree.
"""

import mmhps.compat  # noqa: F401  (MMDetection must be made usable first)
