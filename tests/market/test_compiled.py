"""Compiled functions are kept where a folder may be written, made anew when a source changes, and work without both."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import cvmlab
from cvmlab.core.random import elementary
from cvmlab.core.random.compiled import kept, stamp_of

# the subprocesses below import these two by name as well
TESTS = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "core")]
sys.path += TESTS
import test_draws  # isort: skip  # noqa: E402
import test_market_bytes  # isort: skip  # noqa: E402

PACKAGE = Path(cvmlab.__file__).parent


@pytest.fixture
def site(tmp_path):
    """A copy of the package beside which nothing can be kept."""
    package = tmp_path / "site" / "cvmlab"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__", "assets"))
    for folder in (package, package / "market"):
        # a file in its place keeps even an administrator from making the folder
        (folder / "__pycache__").write_text("")
    return package.parent


@pytest.fixture
def ask(site, tmp_path):
    """Ask a new process that finds no folder to keep anything in: all of them would lie in a file."""
    file = tmp_path / "file"
    file.write_text("")
    places = ("HOME", "USERPROFILE", "XDG_CACHE_HOME", "LOCALAPPDATA", "NUMBA_CACHE_DIR")
    environment = {**os.environ, **dict.fromkeys(places, str(file / "folder")), "PYTHONPATH": str(site)}

    def ask(question):
        code = f"import sys; sys.path += {TESTS!r}; {question}"
        command = [sys.executable, "-c", code]
        told = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path, check=False)
        assert (told.returncode, told.stderr) == (0, "")
        return told.stdout.splitlines()

    return ask


def test_without_a_folder_to_keep_it_in_the_market_is_there_and_not_compiled(ask, site):
    told = ask(
        "from cvmlab.core.random import draws; from cvmlab import market; "
        "print(market.__file__); print(market.is_compiled()); "
        "from cvmlab.market import engine; print(engine.run_strips.stats.cache_path); print(draws.uniform_of(0))"
    )
    assert told == [str(site / "cvmlab" / "market" / "__init__.py"), "False", "None", str(2.0**-33)]


@pytest.mark.slow
def test_without_a_folder_to_keep_them_in_draws_are_the_same_bytes(ask):
    assert ask("import test_draws; print(test_draws.golden())") == [test_draws.GOLDEN]


@pytest.mark.slow
def test_without_a_folder_to_keep_it_in_a_market_is_compiled_and_has_the_same_bytes(ask):
    told = ask(
        "import test_market_bytes; from cvmlab import market; "
        "print(test_market_bytes.golden()); print(market.is_compiled())"
    )
    assert told == [test_market_bytes.GOLDEN, "True"]


def test_what_is_compiled_is_kept_where_a_folder_may_be_written():
    elementary.exp(1.0)
    assert Path(elementary._exps.stats.cache_path).is_dir()
    assert test_market_bytes.engine.run_strips.stats.cache_path


CALLING = """
import called
from cvmlab.core.random import elementary
from cvmlab.core.random.compiled import kept

@kept(called.__file__)
def twice(x):
    return 2 * called.times(x)
"""
CALLED = """
from numba import njit

@njit
def times(x):
    return {factor} * x
"""


def test_a_function_is_compiled_anew_when_a_source_it_names_changes(tmp_path):
    environment = {**os.environ, "PYTHONPATH": f"{PACKAGE.parent}{os.pathsep}{tmp_path}"}
    environment.pop("NUMBA_CACHE_DIR", None)
    (tmp_path / "calling.py").write_text(CALLING)
    told = []
    for factor in (3, 5):
        (tmp_path / "called.py").write_text(CALLED.format(factor=factor))
        # -B: Python itself must not miss a change within the same second
        command = [sys.executable, "-B", "-c", "from calling import twice; print(twice(1))"]
        told.append(subprocess.run(command, capture_output=True, text=True, env=environment, check=True).stdout.strip())
    assert told == ["6", "10"]


def test_options_go_to_numba_and_errors_of_its_own_are_not_swallowed():
    divided = kept(error_model="numpy")(lambda a, b: a / b)
    assert divided(1.0, 0.0) == np.inf
    with pytest.raises(TypeError, match="already jitted"):
        kept()(divided)


def test_a_stamp_is_of_all_files(tmp_path):
    files = [tmp_path / name for name in "ab"]
    for file in files:
        file.write_text(file.name)
    both = stamp_of(tuple(map(str, files)))
    assert len(both) == 64
    assert both != stamp_of((str(files[0]),))
