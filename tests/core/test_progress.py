"""Bars: where somebody watches, after two seconds, and never in what is saved."""

import os
import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient

from cvmlab.core.progress import bar, quiet, steps


def test_steps_are_the_work_itself_with_or_without_a_bar(monkeypatch):
    assert list(steps(range(5), 5, "stages.decoding")) == list(range(5))
    monkeypatch.delenv("CVMLAB_PROGRESS", raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert list(steps(range(5), 5, "stages.decoding")) == list(range(5))
    # the work may end before its last step
    assert [number for number, _ in zip(steps(range(5), 5, "stages.fitting"), "ab", strict=False)] == [0, 1]


def test_quiet_comes_and_goes(monkeypatch):
    monkeypatch.delenv("CVMLAB_PROGRESS", raising=False)
    with quiet():
        assert os.environ["CVMLAB_PROGRESS"] == "off"
    assert "CVMLAB_PROGRESS" not in os.environ
    monkeypatch.setenv("CVMLAB_PROGRESS", "on")
    with quiet():
        assert os.environ["CVMLAB_PROGRESS"] == "off"
    assert os.environ["CVMLAB_PROGRESS"] == "on"


SLOW = """
import sys, time
from cvmlab.core.progress import steps
sys.stderr.isatty = lambda: True
for _ in steps(range(int(sys.argv[1])), int(sys.argv[1]), "stages.decoding"):
    time.sleep(0.45)
"""


def drawn(count, **environment):
    run = subprocess.run(
        [sys.executable, "-c", SLOW, str(count)], capture_output=True, text=True, check=True,
        env={**{name: value for name, value in os.environ.items() if name != "CVMLAB_PROGRESS"}, **environment},
    )  # fmt: skip
    return run.stderr


def test_a_bar_is_drawn_after_two_seconds_only():
    assert "estimating stages" in drawn(8)
    assert drawn(2) == ""
    assert drawn(8, CVMLAB_PROGRESS="off") == ""


CELL = """
import time
from cvmlab.core.progress import steps
for step in steps(range(20), 20, "stages.fitting"):
    time.sleep({seconds})
    if step == {last}:
        break
"""


@pytest.mark.parametrize(("seconds", "last", "shown"), [(0.01, 5, False), (0.01, 19, False), (0.5, 5, True)])
def test_in_a_notebook_a_bar_goes_away_even_if_the_work_ends_early(seconds, last, shown):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL.format(seconds=seconds, last=last))])
    client = NotebookClient(notebook, timeout=60, kernel_name="python3")
    client.execute(env={name: value for name, value in os.environ.items() if name != "CVMLAB_PROGRESS"})
    assert bool(notebook.cells[0].outputs) == shown
    models = client.widget_state
    assert not any(model.get("bar_style") == "danger" for model in models.values())
    boxes = [model for model in models.values() if model["_model_name"] == "HBoxModel"]
    hidden = [models[box["layout"].removeprefix("IPY_MODEL_")].get("visibility") == "hidden" for box in boxes]
    assert hidden == [True]


TOLD = """
from cvmlab.core.progress import bar
with bar() as tell:
    for done in range({last}):
        tell(done, 4, f"step {{done}}")
"""


@pytest.mark.parametrize("last", [4, 2])
def test_work_that_tells_its_steps_gets_a_bar_that_goes_away(last):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(TOLD.format(last=last))])
    client = NotebookClient(notebook, timeout=60, kernel_name="python3")
    client.execute(env={name: value for name, value in os.environ.items() if name != "CVMLAB_PROGRESS"})
    models = client.widget_state.values()
    assert any(f"step\u2007{last - 1}" in str(model.get("value", "")) for model in models)
    assert any(model.get("max") == 4 for model in models if "Progress" in model["_model_name"])
    assert not any(model.get("bar_style") == "danger" for model in models)


def test_nobody_is_told_where_nobody_watches():
    with quiet(), bar() as tell:
        assert tell is None
