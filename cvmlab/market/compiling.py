"""Compiling the market engine: once per computer, some 20 seconds, before the first market is simulated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cvmlab.core.guarding import public

from .engine import run_strips
from .simulation import simulate


@public
def is_compiled() -> bool:
    """Return whether the engine is ready; where it is not, the first `simulate` waits for the compiler.

    Examples
    --------
    >>> compile_engine()
    >>> is_compiled()
    True
    """
    loop: Any = run_strips
    if not hasattr(loop, "signatures"):  # numba was told not to compile anything
        return True
    if loop.signatures:
        return True
    try:
        # an index of other sources or of another numba reads as empty
        kept = loop._cache._cache_file._load_index()
        processor = loop.targetctx.codegen().magic_tuple()
        folder = Path(loop.stats.cache_path)
        return any(key[1] == processor and (folder / name).is_file() for key, name in kept.items())
    except Exception:  # a damaged index, or another numba: nothing can be promised
        return False


@public
def compile_engine() -> None:
    """Compile the engine now if it is not ready, and keep it on this computer.

    It takes some 20 seconds of one processor; later processes load it in half a second. The compiled loop is kept
    beside the package or in the user's cache folder, and made anew when a force, numba or the processor changes.
    Where neither folder is writable, each session compiles it once: set ``NUMBA_CACHE_DIR`` to one that is.

    Examples
    --------
    >>> compile_engine()
    """
    simulate(customers=1, periods=1, threads=1)
