"""The documentation: every public name is in the reference, and the code of its pages runs."""

import ast
import doctest
import importlib.util
import re
import sys
import textwrap
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

import cvmlab

DOCS = Path(__file__).resolve().parent.parent / "docs"
PACKAGE = Path(cvmlab.__file__).parent
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


@pytest.fixture(scope="module")
def reference() -> dict[str, str]:
    """Return the pages of the reference as the build writes them."""
    spec = importlib.util.spec_from_file_location("listing", DOCS / "listing.py")
    listing = importlib.util.module_from_spec(spec)
    sys.modules["listing"] = listing
    spec.loader.exec_module(listing)
    return listing.pages()


def _stub(path: Path) -> list[str]:
    """Return the names that a stub lists."""
    statements = ast.parse(path.read_text(encoding="utf-8")).body
    return [alias.asname for each in statements if isinstance(each, ast.ImportFrom) for alias in each.names]


def _subjects_with_stubs() -> list[str]:
    modules = {name: getattr(cvmlab, name) for name in _stub(PACKAGE / "__init__.pyi")}
    return [name for name, value in modules.items() if getattr(value, "__file__", "").endswith("__init__.py")]


def test_the_reference_has_a_page_for_every_name_of_the_front_door(reference):
    for name in _stub(PACKAGE / "__init__.pyi"):
        on_front_page = f":: cvmlab.{name}\n" in reference["cvmlab.rst"]
        assert on_front_page or f"cvmlab.{name}.rst" in reference, name


@pytest.mark.parametrize("subject", _subjects_with_stubs())
def test_the_page_of_a_subject_has_every_name_that_its_stub_lists(reference, subject):
    stub = Path(getattr(cvmlab, subject).__file__).with_suffix(".pyi")
    page = reference[f"cvmlab.{subject}.rst"]
    for name in _stub(stub):
        has_entry = re.search(rf"^\.\. \S+:: (cvmlab\.{subject}\.)?{name}$", page, re.M)
        assert has_entry or {f"cvmlab.{subject}.{name}.rst", f"cvmlab.{name}.rst"} & set(reference), name


def test_a_module_without_a_stub_shows_what_it_defines_and_not_what_it_imports(reference):
    page = reference["cvmlab.datasets.rst"]
    assert ":: cvmlab.datasets.load\n" in page
    assert "get_close_matches" not in page
    assert "course_folder" not in page


def test_the_index_leads_to_every_page(reference):
    for page in set(reference) - {"index.rst"}:
        assert f"   {page.removesuffix('.rst')}\n" in reference["index.rst"]


def _blocks(page: str) -> list[str]:
    """Return the code of a page's ``plot`` directives, in order."""
    found = re.findall(r"^\.\. plot::\n((?:   .*\n|\n)+)", page, re.M)
    return [re.sub(r"^(?::.*\n)+", "", textwrap.dedent(block)).strip() for block in found]


@pytest.mark.parametrize("name", ["own_data", "what_if"])
def test_the_code_of_a_page_runs_and_prints_what_the_page_says(name):
    page = (DOCS / f"{name}.rst").read_text(encoding="utf-8")
    blocks = _blocks(page)
    assert len(blocks) == 2
    known = {"__name__": "__main__"}
    for block in blocks:
        exec(compile(block, f"{name}.rst", "exec"), known)
    assert plt.get_fignums()
    examples = doctest.DocTestParser().get_doctest(page, known, name, f"{name}.rst", 0)
    assert examples.examples
    said = []
    assert doctest.DocTestRunner(optionflags=FLAGS).run(examples, out=said.append).failed == 0, "".join(said)


def test_five_lines_are_five():
    page = (DOCS / "own_data.rst").read_text(encoding="utf-8")
    assert len(_blocks(page)[1].splitlines()) == 5


def test_a_what_if_takes_about_twenty_lines():
    page = (DOCS / "what_if.rst").read_text(encoding="utf-8")
    assert len([line for line in _blocks(page)[0].splitlines() if line]) <= 20
