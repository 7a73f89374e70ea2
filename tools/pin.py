"""Pin every dependency: resolve once for all systems and Pythons, write the same list to two places.

    python tools/pin.py             pins what is new, keeps the versions pinned before
    python tools/pin.py --upgrade   takes the newest versions
    python tools/pin.py --check     only compares; exit code 1 if the places differ

The list covers the package, all its extras, the build and the development group. It is written

- to ``pyproject.toml``, ``[tool.uv] constraint-dependencies``, which ``uv run`` and ``uv sync`` obey in a
  fresh clone without any lock file (a lock file would hold the address of the registry it was made with),
- to ``constraints.txt`` for ``pip install -c constraints.txt`` and for ``environment.yml``.

The wheel itself carries the ranges of ``[project]``, not the pins. Needs ``uv`` on the PATH.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = ROOT / "pyproject.toml"
CONSTRAINTS = ROOT / "constraints.txt"
BEGIN = "# BEGIN PINS (written by tools/pin.py; the same list is in constraints.txt)"
END = "# END PINS"
HEADER = """\
# Written by tools/pin.py; the same list is in pyproject.toml.
# Use: pip install -c constraints.txt -e .
"""


def requirements(project: dict[str, Any]) -> list[str]:
    """Return what the project asks for: itself, its extras, its build and its development group."""
    own = project["project"]["name"]
    groups = [
        project["build-system"]["requires"],
        project["project"]["dependencies"],
        *project["project"]["optional-dependencies"].values(),
        *project["dependency-groups"].values(),
    ]
    return [line for group in groups for line in group if not line.startswith(f"{own}[")]


def resolve(wanted: list[str], oldest_python: str, present: str) -> list[str]:
    """Return one exact requirement per package, with markers where systems or Pythons differ."""
    with tempfile.TemporaryDirectory() as name:
        # Away from the project: inside it, uv would hold on to the pins that are to be renewed.
        folder = Path(name)
        (folder / "wanted.in").write_text("\n".join(wanted) + "\n", encoding="utf-8")
        pins = folder / "pins.txt"
        # uv prefers the versions it finds in the file that it is going to write
        pins.write_text(present, encoding="utf-8")
        subprocess.run(
            [
                "uv", "pip", "compile", "--quiet", "--universal", "--python-version", oldest_python,
                "--no-emit-index-url", "--no-emit-find-links", "--no-header", "--no-annotate",
                "wanted.in", "--output-file", "pins.txt",
            ],
            cwd=folder,
            check=True,
        )  # fmt: skip
        return _pins(pins.read_text(encoding="utf-8"))


def written(text: str, pins: list[str]) -> str:
    """Return the text of pyproject.toml with the pins between its two marks."""
    before, begin, rest = text.partition("# BEGIN PINS")
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{PYPROJECT.name} lacks the lines '# BEGIN PINS' and '{END}'.")
    lines = "".join(f"    {_quoted(pin)},\n" for pin in pins)
    return f"{before}{BEGIN}\nconstraint-dependencies = [\n{lines}]\n{END}{after}"


def differences() -> list[str]:
    """Return what is pinned in one place only."""
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))
    in_project = set(project["tool"]["uv"]["constraint-dependencies"])
    return sorted(in_project ^ set(_pins(CONSTRAINTS.read_text(encoding="utf-8"))))


def main() -> int:
    """Pin, or check the pins, as the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    parser.add_argument("--check", action="store_true", help="only compare the two places")
    chosen = parser.parse_args()
    if chosen.check:
        apart = differences()
        sys.stdout.writelines(f"pinned in one place only: {pin}\n" for pin in apart)
        return 1 if apart else 0
    text = PYPROJECT.read_text(encoding="utf-8")
    project = tomllib.loads(text)
    oldest = project["project"]["requires-python"].removeprefix(">=")
    keep = CONSTRAINTS.read_text(encoding="utf-8") if CONSTRAINTS.exists() and not chosen.upgrade else ""
    try:
        pins = resolve(requirements(project), oldest, keep)
    except FileNotFoundError:
        raise SystemExit("uv was not found. Install it with: pip install uv") from None
    except subprocess.CalledProcessError:
        raise SystemExit("Nothing was changed: uv could not resolve the requirements; see above.") from None
    CONSTRAINTS.write_text(HEADER + "".join(f"{pin}\n" for pin in pins), encoding="utf-8", newline="\n")
    PYPROJECT.write_text(written(text, pins), encoding="utf-8", newline="\n")
    sys.stdout.write(f"{len(pins)} packages pinned\n")
    return 0


def _pins(text: str) -> list[str]:
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith(("#", "-"))]


def _quoted(pin: str) -> str:
    # markers hold single quotes, so a TOML literal would end early
    return '"' + pin.replace("\\", "\\\\").replace('"', '\\"') + '"'


if __name__ == "__main__":
    raise SystemExit(main())
