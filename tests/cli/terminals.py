"""A terminal for the command line, and what it shows."""

import os
import subprocess

import pytest
from click.testing import CliRunner

from cvmlab import cli

POSIX_ONLY = pytest.mark.skipif(os.name == "nt", reason="process groups and pseudo-terminals are POSIX")


def told(*words):
    """Run a command in this process."""
    return CliRunner().invoke(cli.main, [str(word) for word in words])


def environment(home, **more):
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "XDG", "LC_", "LANG"))}
    return {**keep, "HOME": str(home), "USERPROFILE": str(home), **more}


def in_terminal(command, **options):
    """Run a command on a pseudo-terminal of its own and return its code and what it showed there."""
    import pty
    import termios

    main, side = pty.openpty()
    termios.tcsetwinsize(side, (24, 80))
    process = subprocess.Popen(command, stdin=side, stdout=side, stderr=side, **options)
    os.close(side)
    shown = b""
    while True:
        try:
            piece = os.read(main, 65536)
        except OSError:  # how Linux reports the end of a pseudo-terminal
            break
        if not piece:
            break
        shown += piece
    os.close(main)
    return process.wait(), shown
