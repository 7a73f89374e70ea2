"""Functions compiled by numba, and kept on this computer for later sessions where a folder may be written.

numba keeps what it compiled beside the package, or in the user's cache folder, or in ``NUMBA_CACHE_DIR``. Where none
of them may be written (a read-only installation without a home), it refuses the function; here the function is
compiled anew in each session instead: slower at first, the same results.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def kept(*sources: str, **options: Any) -> Callable[[Function], Function]:
    """Return a decorator that compiles a function when it is first called, and keeps what was compiled.

    Parameters
    ----------
    *sources
        Source files, beside its own, of the compiled functions it calls: where one of them has changed, it is
        compiled anew. numba looks at the file of the function alone, and would go on with what it had put in
        from others.
    **options
        For `numba.njit`.

    Examples
    --------
    >>> @kept(error_model="numpy")
    ... def doubled(x):
    ...     return 2 * x
    >>> doubled(21)
    42
    """

    def compile_and_keep(function: Function) -> Function:
        try:
            compiled = njit(cache=True, **options)(function)
        except RuntimeError:  # no folder to keep it in
            compiled = njit(**options)(function)
        if sources:
            _stamp(compiled, (function.__code__.co_filename, *sources))
        return compiled  # type: ignore[no-any-return]

    return compile_and_keep


def _stamp(compiled: Any, files: tuple[str, ...]) -> None:
    # without a cache, and with numba told not to compile, there is nothing to stamp
    cache_file = getattr(getattr(compiled, "_cache", None), "_cache_file", None)
    if cache_file is not None:
        cache_file._source_stamp = stamp_of(files)


@cache
def stamp_of(files: tuple[str, ...]) -> str:
    """Return the SHA-256 digest of source files, one after the other."""
    return hashlib.sha256(b"".join(Path(file).read_bytes() for file in files)).hexdigest()
