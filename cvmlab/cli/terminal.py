"""What the command line prints: plain lines that any console can show, one sentence for an error, a bar."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import click

from cvmlab.core.words import CvmError, say

# what a cell of a file must not do to a terminal: move its cursor, ring its bell, hide text
_CONTROLS = {code: "\ufffd" for code in (*range(32), 127, *range(128, 160)) if chr(code) not in "\n\t"}


def show(text: str, *, to_error: bool = False) -> None:
    """Print a line, or nothing once the reader of a pipe such as ``| head`` has gone."""
    stream = sys.stderr if to_error else sys.stdout
    try:
        click.echo(printable(text, stream), err=to_error)
    except OSError as error:
        if error.errno not in {errno.EPIPE, errno.EINVAL}:  # Windows reports a closed pipe as EINVAL
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def printable(text: str, stream: Any) -> str:
    """Return a text without control characters, with question marks for what the console cannot show."""
    encoding = stream.encoding or "utf-8"
    return text.translate(_CONTROLS).encode(encoding, errors="replace").decode(encoding)


def fail(sentence: str, code: int = 1) -> NoReturn:
    """Print what is wrong and end."""
    show(say("cli.error", sentence=sentence), to_error=True)
    sys.exit(code)


def sentence_of(error: BaseException) -> str:
    """Return an error as one sentence."""
    if isinstance(error, CvmError):
        if error.key == "guarding.impossible_path":
            return say("cli.impossible_path", **error.values)
        return str(error)
    if isinstance(error, OSError):
        return say("cli.system", why=f"{error.strerror or error} {error.filename or ''}".strip())
    return say("cli.unexpected", error=f"{type(error).__name__}: {error}")


def padded(text: str, width: int) -> str:
    """Return a text filled up to a width; a Chinese character takes two places of a terminal."""
    taken = sum(2 if ord(letter) > 0x2E80 else 1 for letter in text)
    return text + " " * max(0, width - taken)


@contextmanager
def progress_bar() -> Iterator[Callable[[int, int, str], None]]:
    """Draw a bar of plain characters on the error stream until the work ends; nothing on a pipe or in a file."""
    from tqdm import tqdm

    layout = "[{bar:28}] {n_fmt}/{total_fmt} {desc}"
    first = printable(say("report.step_start"), sys.stderr)
    with tqdm(total=1, desc=first, bar_format=layout, ascii=".#", leave=False, disable=None) as bar:

        def move(done: int, total: int, what: str) -> None:
            bar.n, bar.total = done, total
            bar.set_description_str(printable(what, sys.stderr))

        yield move
