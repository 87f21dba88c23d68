"""The page as an app of its own: ``python demo/app.py``, or a Hugging Face Space."""

import sys
from pathlib import Path

# A Space has a copy of the repository and does not install it.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mmhps.web.server import serve  # noqa: E402

if __name__ == "__main__":
    serve()
