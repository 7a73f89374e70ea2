"""``cvmlab`` and ``python -m cvmlab``: a signal ends them quietly while they load, and changes nothing at their end."""

import os
import signal
import sys
from pathlib import Path

from cvmlab.core.stopping import CTRL_C, ENDS, answer


def main() -> None:
    """Run the command line."""
    # loading takes a moment, and so does Python's own end: there a signal would give a finished run another code
    answer((CTRL_C, *ENDS), lambda number, _: os._exit(128 + number))
    try:
        from cvmlab.cli import main as command

        command(prog_name="cvmlab")
    finally:
        answer((CTRL_C, *ENDS), signal.SIG_IGN)


if __name__ == "__main__":
    # `python -m` looks into the folder where it is started first: a file there called random.py is not Python's own
    if sys.path[0] == str(Path.cwd()):
        del sys.path[0]
    main()
