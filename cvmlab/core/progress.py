"""A bar for work that takes longer than two seconds: in a notebook or a terminal, never in a file."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from .words import term

Step = TypeVar("Step")
_SECONDS = 2
_SWITCH, _OFF = "CVMLAB_PROGRESS", "off"


def steps(work: Iterable[Step], total: int, word: str) -> Iterable[Step]:
    """Return the steps of some work as they are, with a bar beside them once two seconds have passed.

    Parameters
    ----------
    work
        The steps.
    total
        Their number; the work may end earlier.
    word
        Key of what is being done.

    Notes
    -----
    The bar goes away when the work is done. It is shown where somebody watches: in a notebook's kernel or on a
    terminal, unless the environment says ``CVMLAB_PROGRESS=off``.

    Examples
    --------
    >>> with quiet():
    ...     list(steps(range(3), 3, "stages.decoding"))
    [0, 1, 2]
    """
    if not _watched():
        return work
    return _beside_a_bar(work, total, term(word))


def _beside_a_bar(work: Iterable[Step], total: int, what: str) -> Iterator[Step]:
    from tqdm.auto import tqdm

    bar = tqdm(total=total, desc=what, delay=_SECONDS, leave=False)
    try:
        for step in work:
            yield step
            bar.update()
    finally:
        # work that ends before its last step is done, not broken off: else the bar would stay, in red
        bar.total = bar.n
        bar.close()


@contextmanager
def bar() -> Iterator[Callable[[int, int, str], None] | None]:
    """Give what shows steps done, all steps and what comes next as a bar; None where nobody watches.

    Examples
    --------
    >>> with quiet(), bar() as tell:
    ...     print(tell)
    None
    """
    if not _watched():
        yield None
        return
    from tqdm.auto import tqdm

    drawn: list[tqdm] = []

    def tell(done: int, total: int, what: str) -> None:
        if not drawn:
            drawn.append(tqdm(total=total, leave=False))
        drawn[0].set_description_str(what, refresh=False)
        drawn[0].update(done - drawn[0].n)
        drawn[0].refresh()

    try:
        yield tell
    finally:
        for one in drawn:
            # as in `steps`: work that was refused is done, not broken off
            one.total = one.n
            one.close()


def _watched() -> bool:
    if os.environ.get(_SWITCH, "").lower() == _OFF:
        return False
    # asked of the kernel only where one is running: importing it takes longer than most work
    return "ipykernel" in sys.modules or sys.stderr.isatty()


@contextmanager
def quiet() -> Iterator[None]:
    """Show no bar, here and in the processes started from here: what is saved must not hold one.

    Examples
    --------
    >>> with quiet():
    ...     print(os.environ["CVMLAB_PROGRESS"])
    off
    """
    before = os.environ.get(_SWITCH)
    os.environ[_SWITCH] = _OFF
    try:
        yield
    finally:
        if before is None:
            del os.environ[_SWITCH]
        else:
            os.environ[_SWITCH] = before
