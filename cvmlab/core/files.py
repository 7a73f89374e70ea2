"""Files written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from functools import cache
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that at every moment the whole old one or the whole new one is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".cvmlab-", suffix=".part")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        # mkstemp makes files that only their owner reads; a shared folder is meant to be read
        part.chmod(path.stat().st_mode if path.exists() else 0o666 & ~_umask())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@cache
def _umask() -> int:
    """Return the permissions that new files of this user lack."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
