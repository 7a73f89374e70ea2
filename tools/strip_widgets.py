"""Take the views of widgets out of executed notebooks, so that their pictures are seen without a kernel.

python tools/strip_widgets.py NOTEBOOK...
"""

from __future__ import annotations

import sys

from cvmlab.whatif import strip_file


def main() -> None:
    """Strip the notebooks named on the command line."""
    for name in sys.argv[1:]:
        print(f"{name}: {'stripped' if strip_file(name) else 'nothing to strip'}")


if __name__ == "__main__":
    main()
