"""The pages of the reference, in reStructuredText: one per subject of the front door, with all its listed names."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from sphinx.pycode import ModuleAnalyzer

import cvmlab
from cvmlab.core.scenario import Limits, Scenario

FIRST_HEADING = "Language, words and errors"
HEADINGS = {
    "data": "Data",
    "relationship": "The relationship over time (part A)",
    "worth": "What a customer is worth (part B)",
    "keep": "Knowing, serving and keeping customers (part C)",
    "strategy": "Knowing, serving and keeping customers (part C)",
    "market": "Markets",
    "case": "Cases and reports",
    "report": "Cases and reports",
    "charts": "Charts and what-ifs",
    "whatif": "Charts and what-ifs",
    "core": "Charts and what-ifs",
    "course": "The course",
}
LONGEST_VALUE = 100


@dataclass(frozen=True)
class Subject:
    """A module that the front door leads to: its public address, and its public names with the module of each."""

    address: str
    module: ModuleType
    homes: dict[str, str]

    @property
    def heading(self) -> str:
        """The heading under which the subject stands in the reference."""
        return HEADINGS.get(self.module.__name__.split(".")[1], "More")

    @property
    def members(self) -> dict[str, Any]:
        """The names that are not subjects of their own, with their values."""
        found = {name: getattr(self.module, name) for name in self.homes}
        return {name: value for name, value in found.items() if not inspect.ismodule(value)}


def subjects() -> list[Subject]:
    """Return the front door itself, then its subjects in the order of its list, each followed by those inside it."""
    front = Subject("cvmlab", cvmlab, listed(cvmlab))
    found = {front.module: front}
    inside = list(_subjects_of(front))
    while inside:
        subject = inside.pop(0)
        if subject.module not in found:
            found[subject.module] = subject
            # what the front door lists comes before what only a subject lists: one public address per name
            inside += _subjects_of(subject)
    return list(found.values())


def _subjects_of(subject: Subject) -> Iterator[Subject]:
    for name in subject.homes:
        value = getattr(subject.module, name)
        if inspect.ismodule(value):
            yield Subject(f"{subject.address}.{name}", value, listed(value))


def listed(module: ModuleType) -> dict[str, str]:
    """Return the public names of a module with the module that defines each, by its stub or, without one, by itself."""
    file = Path(str(module.__file__))
    stub = file.with_suffix(".pyi")
    if stub.exists():
        return {
            alias.asname or alias.name: ".".join(filter(None, [module.__name__, statement.module]))
            for statement in ast.parse(stub.read_text(encoding="utf-8")).body
            if isinstance(statement, ast.ImportFrom)
            for alias in statement.names
        }
    names = getattr(module, "__all__", None) or [
        name for name in _defined(ast.parse(file.read_text(encoding="utf-8"))) if not name.startswith("_")
    ]
    return dict.fromkeys(names, module.__name__)


def _defined(tree: ast.Module) -> Iterator[str]:
    for statement in tree.body:
        match statement:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Assign(targets=targets):
                yield from (each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name


def pages() -> dict[str, str]:
    """Return the pages of the reference: file name to text, the index among them."""
    found = subjects()
    return {"index.rst": index(found)} | {f"{subject.address}.rst": page(subject) for subject in found}


def index(found: list[Subject]) -> str:
    """Return the page that leads to all subjects, under the headings of the course."""
    groups: dict[str, list[Subject]] = {heading: [] for heading in [FIRST_HEADING, *HEADINGS.values()]}
    for subject in found:
        groups.setdefault(FIRST_HEADING if subject.module is cvmlab else subject.heading, []).append(subject)
    parts = [_title("Reference"), "``import cvmlab as cvm``, then type the names as they stand here.\n"]
    for heading, group in groups.items():
        if group:
            entries = "".join(f"   {subject.address}\n" for subject in group)
            lines = "".join(f"* :doc:`{subject.address}`: {summary(subject.module)}\n" for subject in group)
            parts += [_title(heading, "-"), f".. toctree::\n   :hidden:\n\n{entries}", lines]
    return "\n".join(parts)


def summary(module: ModuleType) -> str:
    """Return the first line of a module's docstring."""
    if module is cvmlab:
        return "What all subjects share: the language, the vocabulary, the error."
    return (inspect.getdoc(module) or "").partition("\n")[0]


def page(subject: Subject) -> str:
    """Return the page of one subject: what it is about, a table of its functions and classes, then each in full."""
    members = subject.members
    functions = [name for name, value in members.items() if _kind(value) == "function"]
    classes = [name for name, value in members.items() if _kind(value) == "class"]
    constants = [name for name, value in members.items() if _kind(value) == "constant"]
    short = subject.address.replace("cvmlab", "cvm", 1)
    parts = [_title(short), f".. automodule:: {subject.address}\n"]
    for heading, directive, names in [("Functions", "autofunction", functions), ("Classes", "autoclass", classes)]:
        if names:
            rows = "".join(f"   {name}\n" for name in names)
            parts += [_title(heading, "-"), f".. autosummary::\n   :nosignatures:\n\n{rows}"]
            parts += [_entry(directive, f"{subject.address}.{name}", members[name]) for name in names]
    if constants:
        parts.append(_title("Constants", "-"))
        parts += [_constant(name, members[name], subject.homes[name]) for name in constants]
    return "\n".join(parts)


def _kind(value: object) -> str:
    if inspect.isclass(value):
        return "class"
    return "function" if inspect.isroutine(value) else "constant"


def _entry(directive: str, address: str, value: Any) -> str:
    if directive == "autofunction":
        return f".. {directive}:: {address}\n"
    fields = f"\n{_fields(value)}" if issubclass(value, Scenario) and value is not Scenario else ""
    return f".. {directive}:: {address}\n   :members:\n{fields}"


def _fields(scenario: type[Scenario]) -> str:
    """Return the table of a scenario's fields: meaning, unit, range."""
    rows = [
        [f"``{name}``", limits.label(), _range(limits), limits.unit_label().strip()]
        for name, limits in scenario.limits().items()
    ]
    lines = ["   .. list-table::", "      :header-rows: 1", ""]
    for row in [["field", "meaning", "range", "unit"], *rows]:
        lines += [f"      {'*' if not number else ' '} - {cell}" for number, cell in enumerate(row)]
    return "\n".join(lines) + "\n"


def _range(limits: Limits) -> str:
    if limits.choices:
        return ", ".join(limits.choices)
    if limits.kind == "switch":
        return "True or False"
    bounds = (f"{bound:g}" if bound is not None else "" for bound in (limits.minimum, limits.maximum))
    match tuple(bounds):
        case ("", ""):
            return "any number"
        case (low, ""):
            return f"from {low}"
        case ("", high):
            return f"up to {high}"
        case (low, high):
            return f"{low} to {high}"


def _constant(name: str, value: object, home: str) -> str:
    shown = repr(value)
    option = f"   :value: {shown}" if len(shown) <= LONGEST_VALUE else f"   :type: {type(value).__name__}"
    comment = ModuleAnalyzer.for_module(home).find_attr_docs().get(("", name), [])
    return "\n".join([f".. py:data:: {name}", option, "", *(f"   {line}" for line in comment), ""])


def _title(text: str, line: str = "=") -> str:
    return f"{text}\n{line * len(text)}\n"
