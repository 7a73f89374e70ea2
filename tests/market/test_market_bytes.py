"""The market engine: the same bytes on every machine, compiled or loaded."""

import dataclasses
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from small_markets import BUSY, THREE, digest

from cvmlab import market
from cvmlab.core.random.compiled import stamp_of
from cvmlab.market import Decision, MarketScenario, compiling, engine, extend, simulate
from cvmlab.market.layout import Panel


@pytest.mark.parametrize("mixing", [0.0, 0.5])
def test_one_thread_or_two_or_five_give_the_same_bytes(mixing):
    scenario = MarketScenario(mixing=mixing)
    first, *others = (digest(simulate(scenario, THREE, BUSY, 30_007, 10, 5, threads=n)) for n in (1, 2, 5))
    assert set(others) == {first}
    assert digest(simulate(scenario, THREE, BUSY, 30_007, 10, 6, threads=2)) != first


GOLDEN = "3c6525f6d84fbdc091fedc10a4eac37feeba46c98f587ca138abcfeb04203be3"


def golden():
    return digest(simulate(MarketScenario(launch_month=3, outside=True), THREE, BUSY, 3000, 12, seed=2010))


def test_the_bytes_are_the_same_on_every_machine():
    assert golden() == GOLDEN


@pytest.mark.slow
def test_a_plain_processor_gives_the_same_bytes(tmp_path):
    # Without the vector instructions and fused multiply-adds of this machine, compiled afresh.
    plain = {**os.environ, "NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "", "NUMBA_CACHE_DIR": str(tmp_path)}
    code = "import sys; sys.path.insert(0, sys.argv[1]); import test_market_bytes; print(test_market_bytes.golden())"
    here = str(Path(__file__).parent)
    told = subprocess.run([sys.executable, "-c", code, here], capture_output=True, text=True, env=plain, check=True)
    assert told.stdout.strip() == GOLDEN


def test_a_decision_in_period_ten_changes_nothing_before_it():
    before = simulate(None, THREE, BUSY, 5000, 16, 3)
    changed = {**BUSY, "C": {10: Decision(price=0.5)}}
    after = simulate(None, THREE, changed, 5000, 16, 3)
    for name in Panel._fields:
        assert (getattr(before.panel, name)[:10] == getattr(after.panel, name)[:10]).all(), name
    assert (before.sums[:10] == after.sums[:10]).all()
    assert (before.panel.carrier[10:] != after.panel.carrier[10:]).any()


@pytest.mark.parametrize("mixing", [0.0, 0.5])
def test_going_on_is_the_same_as_going_through(mixing):
    scenario = MarketScenario(mixing=mixing)
    through = simulate(scenario, THREE, BUSY, 3000, 14, 3)
    early = {"A": {0: BUSY["A"][0]}, "B": BUSY["B"]}
    begun = simulate(scenario, THREE, early, 3000, 6, 3)
    untouched = digest(begun)
    gone_on = extend(begun, 8, {"A": {8: BUSY["A"][8]}})
    assert digest(gone_on) == digest(through)
    assert digest(begun) == untouched


def test_the_first_customers_are_the_same_for_any_number_of_them():
    few, many = (market.make_customers(MarketScenario(), THREE, n, 4) for n in (100, 5000))
    for field in dataclasses.fields(few):
        assert (getattr(few, field.name)[..., :100] == getattr(many, field.name)[..., :100]).all()


def test_a_block_is_all_that_a_customer_sees():
    # The same customers alone or with others behind them: a whole number of blocks.
    scenario = MarketScenario(circle_size=64)
    few = simulate(scenario, THREE, BUSY, 512, 9, 1)
    many = simulate(scenario, THREE, BUSY, 5120, 9, 1)
    assert (few.panel.revenue == many.panel.revenue[:, :512]).all()


def test_the_compiled_loop_is_made_anew_when_a_force_changes():
    stamp = engine.run_strips._cache._cache_file._source_stamp
    assert stamp == stamp_of((engine.__file__, *engine.SOURCES))
    assert len(stamp) == 64


@pytest.fixture
def read_only(tmp_path):
    """A copy of the package that nothing can be kept in, and a way to ask a new process about it."""
    package = tmp_path / "site" / "cvmlab"
    shutil.copytree(market.__path__[0] + "/..", package, ignore=shutil.ignore_patterns("__pycache__", "assets"))
    for folder in (package, package / "market"):
        # a file in its place keeps even an administrator from making the folder
        (folder / "__pycache__").write_text("")
    home = {name: str(tmp_path / "home") for name in ("HOME", "XDG_CACHE_HOME", "USERPROFILE", "LOCALAPPDATA")}
    environment = {**os.environ, **home, "PYTHONPATH": str(package.parent)}
    environment.pop("NUMBA_CACHE_DIR", None)

    def ask(question):
        code = f"from cvmlab import market; from cvmlab.market import engine; print({question})"
        command = [sys.executable, "-c", code]
        told = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path, check=True)
        return told.stdout.strip()

    return package, ask


CACHE = "engine.run_strips.stats.cache_path"


def test_without_a_cache_the_engine_says_that_it_is_not_compiled(read_only, tmp_path):
    package, ask = read_only
    assert ask("market.__file__") == str(package / "market" / "__init__.py")
    assert ask("market.is_compiled()") == "False"
    assert Path(ask(CACHE)).is_relative_to(tmp_path / "home")


@pytest.mark.slow
def test_a_package_that_may_not_be_written_is_compiled_once_and_anew_when_a_force_changes(read_only):
    package, ask = read_only
    assert ask("(market.compile_engine(), market.is_compiled())") == "(None, True)"
    assert ask("market.is_compiled()") == "True"
    with (package / "market" / "forces.py").open("a", encoding="utf-8") as forces:
        forces.write("# another force\n")
    assert ask("market.is_compiled()") == "False"


def test_a_damaged_cache_is_no_cache(monkeypatch):
    class Broken:
        signatures = ()

    monkeypatch.setattr(compiling, "run_strips", Broken())
    assert not market.is_compiled()
    monkeypatch.setattr(compiling, "run_strips", print)
    assert market.is_compiled()


def test_customers_of_ones_own_are_not_changed():
    start = market.make_customers(MarketScenario(), THREE, 300, 4)
    copies = {field.name: getattr(start, field.name).copy() for field in dataclasses.fields(start)}
    simulate(None, THREE, BUSY, start, 9)
    for name, copy in copies.items():
        assert (getattr(start, name) == copy).all()
