"""``cvmlab`` and ``python -m cvmlab``, quiet when Ctrl-C is pressed while the program is still loading."""

import sys
from pathlib import Path

_INTERRUPTED = 130


def main() -> None:
    """Run the command line."""
    try:
        from cvmlab.cli import main as command

        command(prog_name="cvmlab")
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


if __name__ == "__main__":
    # `python -m` looks into the folder where it is started first: a file there called random.py is not Python's own
    if sys.path[0] == str(Path.cwd()):
        del sys.path[0]
    main()
