"""A notebook as a student gets it: no answer is shown before the guess.

Notebooks of the course are kept with their outputs, so that a reader without a kernel sees the pictures, and a student
could scroll ahead to the answer. In a student's copy, outputs are left out from the first cell that asks for a guess
on; running the notebook brings them back, one by one. A notebook that asks for no guess, and a file that is not a
notebook, stay byte for byte.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from itertools import dropwhile
from typing import Any

_ASKS = re.compile(r"\bguess\(")


def without_answers(notebook: bytes) -> bytes:
    """Return a notebook, an ``.ipynb`` file, whose code cells from the first guess on are as if never run."""
    try:
        content = json.loads(notebook)
    except ValueError:
        return notebook
    cells = content.get("cells", []) if isinstance(content, dict) else []
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    unseen = list(dropwhile(lambda cell: not _asks_for_a_guess(cell), code))
    if not unseen:
        return notebook
    for cell in unseen:
        cell.update(outputs=[], execution_count=None)
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def _asks_for_a_guess(cell: Mapping[str, Any]) -> bool:
    # a notebook keeps the text of a cell whole or as a list of lines
    return _ASKS.search("".join(cell["source"])) is not None
