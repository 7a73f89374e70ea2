"""Run notebooks from a clean kernel and save them as they are committed: with outputs, without views of widgets.

python tools/run_notebook.py NOTEBOOK...
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from cvmlab.core.progress import quiet
from cvmlab.whatif import strip_views

SECONDS = 120


def run(path: Path) -> None:
    """Run a notebook in its own folder, and write it back only if every cell went through."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=SECONDS,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": path.parent}},
    )
    with quiet():
        client.execute()
    # the version of whoever ran it last is no part of the course
    notebook.metadata["language_info"] = {"name": "python"}
    stripped = nbformat.from_dict(strip_views(notebook))
    path.write_text(nbformat.writes(stripped) + "\n", encoding="utf-8", newline="\n")


def main() -> None:
    """Run the notebooks named on the command line."""
    for name in sys.argv[1:]:
        run(Path(name))
        print(name)


if __name__ == "__main__":
    main()
