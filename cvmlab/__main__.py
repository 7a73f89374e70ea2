"""``cvmlab`` and ``python -m cvmlab``, quiet when Ctrl-C is pressed while the program is still loading."""

import sys

_INTERRUPTED = 130


def main() -> None:
    """Run the command line."""
    try:
        from cvmlab.cli import main as command

        command(prog_name="cvmlab")
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


if __name__ == "__main__":
    main()
