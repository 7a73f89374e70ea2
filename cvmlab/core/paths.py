"""Where the course lies: in a clone, or inside an installed wheel."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from .words import CvmError


@cache
def course_folder() -> Path:
    """Return the folder that holds ``notebooks``, ``exercises`` and ``datasets``.

    In a wheel it is ``cvmlab/_course``; in a clone, and with an editable installation, the clone itself.

    Raises
    ------
    CvmError
        If neither is there: the installation is damaged.

    Examples
    --------
    >>> (course_folder() / "datasets" / "grocery.parquet").is_file()
    True
    """
    package = Path(__file__).resolve().parents[1]
    inside = package / "_course"
    if inside.is_dir():
        return inside
    clone = package.parent
    # site-packages may well hold a `datasets` of somebody else
    if (clone / "pyproject.toml").is_file() and (clone / "datasets").is_dir():
        return clone
    raise CvmError("course.not_found", folder=inside)
