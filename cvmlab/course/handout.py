"""A notebook as a student gets it: nothing is seen of an answer before the guess.

Notebooks of the course are kept with their outputs, so that a reader without a kernel sees the pictures. A student
who opened such a notebook could scroll ahead and read the answer. In the copy a student works in, outputs are left
out from the first cell on that asks for a guess; running the notebook brings them back, one by one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from itertools import dropwhile
from typing import Any

_ASKS = re.compile(r"\bguess\(")


def without_answers(notebook: bytes) -> bytes:
    r"""Return a notebook whose code cells, from the first that asks for a guess on, are as if never run.

    Text, code and whatever stands above the first guess stay as they are. A notebook that asks for no guess, and
    a file that is no notebook, come back byte for byte.

    Parameters
    ----------
    notebook
        The content of an ``.ipynb`` file.

    Returns
    -------
    bytes
        The same notebook with ``outputs`` empty and ``execution_count`` null in those cells, written as Jupyter
        writes it.

    Examples
    --------
    >>> shown = {"cell_type": "code", "source": "1 + 1", "outputs": ["2"], "execution_count": 1}
    >>> asks = {**shown, "source": 'cvm.whatif.guess("peak")'}
    >>> copied = json.loads(without_answers(json.dumps({"cells": [shown, asks, shown]}).encode()))
    >>> [cell["outputs"] for cell in copied["cells"]]
    [['2'], [], []]
    >>> without_answers(b"no notebook")
    b'no notebook'
    """
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
