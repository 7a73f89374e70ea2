"""``python -m cvmlab`` is the same as ``cvmlab``."""

from cvmlab.cli import main

if __name__ == "__main__":
    main(prog_name="cvmlab")
