"""What a committed notebook keeps of a what-if: the still picture, not the view that needs a kernel."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cvmlab.core.files import write_whole
from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError, Wording

VIEW = "application/vnd.jupyter.widget-view+json"
# what its parts raise where they are not lists and dictionaries
_NO_NOTEBOOK = (AttributeError, LookupError, TypeError)


@public
def strip_views(notebook: Mapping[str, Any]) -> dict[str, Any]:
    """Return a notebook without views of widgets and their saved state.

    A view without its kernel shows an error about a missing model; without the view the picture or text
    beside it is shown.

    Parameters
    ----------
    notebook
        A notebook as JSON gives it; not changed.

    Raises
    ------
    CvmError
        If it is not a notebook.

    Examples
    --------
    >>> output = {"output_type": "display_data", "data": {VIEW: {}, "text/plain": "What-if"}}
    >>> strip_views({"cells": [{"outputs": [output]}], "metadata": {"widgets": {}}})
    {'cells': [{'outputs': [{'output_type': 'display_data', 'data': {'text/plain': 'What-if'}}]}], 'metadata': {}}
    """
    try:
        return _stripped(notebook)
    except _NO_NOTEBOOK as error:
        raise CvmError("whatif.not_a_notebook") from error


@public
def strip_file(path: str | Path) -> bool:
    """Strip a notebook in place and return whether that changed it; written whole or not at all.

    Raises
    ------
    CvmError
        If the file cannot be read or is not a notebook.
    """
    file = Path(path)
    try:
        notebook = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CvmError("whatif.no_notebook", path=file, reason=error) from error
    try:
        stripped = _stripped(notebook)
    except _NO_NOTEBOOK as error:
        raise CvmError("whatif.no_notebook", path=file, reason=Wording("whatif.without_cells")) from error
    if stripped == notebook:
        return False
    write_whole(file, f"{json.dumps(stripped, ensure_ascii=False, indent=1)}\n".encode())
    return True


def _stripped(notebook: Any) -> dict[str, Any]:
    stripped: dict[str, Any] = copy.deepcopy(notebook)
    stripped.get("metadata", {}).pop("widgets", None)
    for cell in stripped["cells"]:
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(VIEW, None)
        if "outputs" in cell:
            # a view may have been all there was: what it showed is in the output after it
            cell["outputs"] = [output for output in cell["outputs"] if output.get("data", True)]
    return stripped
