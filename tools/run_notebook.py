"""Run notebooks from a clean kernel and save them as they are committed: with outputs, without views of widgets.

python tools/run_notebook.py NOTEBOOK...
"""

from __future__ import annotations

import argparse
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from cvmlab.core.progress import quiet
from cvmlab.whatif import strip_views

SECONDS = 120


def run(path: Path) -> None:
    """Run a notebook in its own folder, and write it back only if no cell failed."""
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
    # the Python version that ran it last is not part of the course
    notebook.metadata["language_info"] = {"name": "python"}
    stripped = nbformat.from_dict(strip_views(notebook))
    path.write_text(nbformat.writes(stripped) + "\n", encoding="utf-8", newline="\n")


def main() -> None:
    """Run the notebooks named on the command line; stop at the first that fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("notebooks", nargs="+", type=Path, metavar="NOTEBOOK", help="a notebook to run and save")
    for path in parser.parse_args().notebooks:
        try:
            run(path)
        except (OSError, nbformat.reader.NotJSONError, CellExecutionError) as error:
            raise SystemExit(f"{path} was not changed. {error}") from None
        print(path)


if __name__ == "__main__":
    main()
