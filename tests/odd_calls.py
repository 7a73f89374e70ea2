"""One good call of every public function, from the examples in its documentation, and odd values for each argument."""

from __future__ import annotations

import copy
import dataclasses
import datetime as dt
import doctest
import importlib
import inspect
import json
import math
import pkgutil
import signal
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from front_door import subjects
from small_logs import small_log

import cvmlab
from cvmlab.core import guarding

SECONDS = 60


def public_functions() -> dict[str, Callable[..., Any]]:
    """Return address to function: the public functions, constructors and public methods of the house, each once."""
    found: dict[str, Callable[..., Any]] = {}
    seen: set[int] = set()
    for subject, module in sorted(subjects().items()):
        for name in module.__all__:
            thing = getattr(module, name)
            if id(thing) in seen or not str(getattr(thing, "__module__", "")).startswith("cvmlab"):
                continue
            seen.add(id(thing))
            if inspect.isclass(thing):
                found |= {f"{subject}.{name}.{method}": made for method, made in _methods(thing)}
            elif inspect.isfunction(thing):
                found[f"{subject}.{name}"] = thing
    return found


def _methods(kind: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    held = getattr(kind, "__dataclass_fields__", {})
    for name, member in vars(kind).items():
        if name in held:
            continue
        made = member.__func__ if isinstance(member, (classmethod, staticmethod)) else member
        if inspect.isfunction(made) and (not name.startswith("_") or (name == "__init__" and is_guarded(made))):
            yield name, made


def is_guarded(function: Callable[..., Any]) -> bool:
    return function.__code__.co_filename == guarding.__file__


# --- good calls ------------------------------------------------------------------------------------


class _NeverInside:
    """The state of a guard that looks at calls from inside public functions, too."""

    inside = property(lambda _: False, lambda _, value: None)


@contextmanager
def recording(calls: dict[Callable[..., Any], inspect.BoundArguments]) -> Iterator[None]:
    """Keep the first call of every public function."""
    checked = guarding._Guard.checked

    def kept(self: Any, args: tuple[Any, ...], options: dict[str, Any]) -> inspect.BoundArguments:
        try:
            given = checked(self, args, options)
        except cvmlab.CvmError:
            return self.signature.bind(*args, **options)
        calls.setdefault(self.function, given)
        return given

    with mock.patch.object(guarding._Guard, "checked", kept), mock.patch.object(guarding, "_state", _NeverInside()):
        yield


@contextmanager
def nothing_started() -> Iterator[None]:
    """Start no server and no kernel, and make no report: what is looked at is what is done with the arguments."""
    with (
        mock.patch("cvmlab.course.lab.subprocess"),
        mock.patch("cvmlab.report.running.fill", _filled),
        mock.patch("cvmlab.report.groups.fill", _filled),
        mock.patch("cvmlab.report.planning.fill", _filled),
        mock.patch("cvmlab.report.groups.several", ThreadPoolExecutor),
    ):
        yield


def _filled(work: Path, *_: Any, **__: Any) -> cvmlab.report.Result:
    record = {"index": {"yearly": 1, "at_stake": 1, "calls": 1}, "light": "good"}
    (work / "case.json").write_text(json.dumps(record), encoding="utf-8")
    return cvmlab.report.Result(work, None, (), {})


def good_calls(packages: tuple[str, ...]) -> dict[Callable[..., Any], inspect.BoundArguments]:
    """Return the first call of each public function: one of `further_calls`, or of the documentation's examples."""
    calls: dict[Callable[..., Any], inspect.BoundArguments] = {}
    runner = doctest.DocTestRunner(verbose=False)
    finder = doctest.DocTestFinder()
    with recording(calls), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        further_calls(packages)
        covered = {f"{known.__module__}.{known.__qualname__}" for known in calls}
        for module in modules(packages):
            for test in finder.find(module):
                if test.name not in covered:
                    runner.run(test, out=lambda _: None)
    return calls


def further_calls(packages: tuple[str, ...]) -> None:
    """Call what has no example of its own, and with little data what would take long."""
    cvm = cvmlab
    if "cvmlab.worth" in packages:
        # before the example of the whole family, which tries it on a log without a contract
        paid = np.arange(3, 23)
        payers = pd.DataFrame({"frequency": paid, "recency": (paid * 30.44).round(), "age": 980})
        cvm.buying.fit_payment_rule(payers)
        seen = payers.assign(first_date=pd.Timestamp(2020, 1, 1), last_date=pd.Timestamp(2021, 1, 1))
        cvm.buying.Season(np.arange(1.0, 13.0)).summary(seen)
        # a ledger with a fault, so that the frame of them has rows
        day = pd.Timestamp(2024, 1, 1)
        lines = {"customer_id": ["a", "b"], "date": day, "activity": "call", "value": 0.0, "cost": [1.0, -1.0]}
        cvm.ledger.read(pd.DataFrame(lines), bad_rows="leave_out")
    if "cvmlab.case" in packages or "cvmlab.data" in packages:
        # each row an order, so that there is somebody to call
        log = cvm.reading.read(small_log(7).drop(columns="order_id"), name="small")
        case = cvm.case.study(log)
        case.to_call()
        case.recommended("develop")
        case.budget_split()
        case.expected_total()
        log.mapping.statuses_named()
        log.mapping.named("customer_id")
        # of a log with a model of buying
        cvm.case.study(cvm.reading.read(small_log(16), name="more")).expected_purchases(3)
        cvm.tables.check_table(
            pd.DataFrame({"customer_id": ["a"], "date": [pd.Timestamp(2024, 1, 1)], "amount": [1.0]}),
            cvm.tables.TRANSACTIONS,
        )
        cvm.tables.Table("visits", (cvm.tables.Column("customer_id", "id", required=True),))
        cvm.tables.TRANSACTIONS.required()
        cvm.tables.TRANSACTIONS.column("amount")
        cvm.reading.read(small_log(7), name="small", keep=("customer_id",)).write_parts("customer_id", ".")
        # a table with a row that repeats another, so that the frame of those left out has rows
        cvm.subscribers.read(pd.DataFrame({"id": ["a", "a", "b"], "tenure": [1, 1, 2], "churn": ["yes", "yes", "no"]}))
        quality = log.quality
        cvm.reading.DataReport.from_dict(quality.to_dict())
        quality.amount("used"), quality.by_month(), quality.by_source(), quality.reconcile()
        mapping = cvm.reading.ColumnMapping.from_dict(log.mapping.to_dict())
        mapping.get("amount")
        note = cvm.reading.Note("no_rows", {"source": "x"})
        cvm.reading.Note.from_dict(note.to_dict())
    if "cvmlab.market" in packages:
        result = cvm.market.simulate(customers=60, periods=6)
        result.retention_rate(), result.to_frame(), result.truth(), result.spells()
        customers = cvm.market.make_customers(result.scenario, result.carriers, 60, seed=1)
        customers.replace(tenure=customers.tenure)
        cvm.market.equity_of(result, years=0.5)
    if "cvmlab.core" in packages:
        relationship = cvm.lifecycle.Relationship()
        relationship.replace(explored=0.2)
        relationship.form(), relationship.values()
        cvm.lifecycle.Relationship.from_texts({"explored": "0.2"})
        limits = cvm.scenario.Limits("case.margin", kind="choice", choices=("a",))
        limits.label(), limits.choice_label("a"), limits.unit_label()
        cvm.scenario.number(0.5, word="case.margin", minimum=0, maximum=1)
        cvm.scenario.choice("a", word="case.margin", choices=("a", "b"))
        cvm.scenario.switch(True, word="case.margin")
    if "cvmlab.course" in packages:
        cvm.course.CourseCopy(Path(), (), (), {}).lines()
        cvm.course.missing_language_pack("en")
        cvm.course.open_lab(".")
    if "cvmlab.whatif" in packages:
        asked = cvm.whatif.guess("case.margin", minimum=0, maximum=1)
        asked.when_committed(dict)
        asked.text(0.5), asked.commit(0.4), asked.reveal(0.5).refresh()
        cvm.whatif.forget_guesses()
        start = cvm.pipeline.PipelineRates()
        what_if = cvm.whatif.WhatIf(start, cvm.scenario.Scenario.values, lambda ax, rates: ax.plot([1, 2]))
        what_if.set(), what_if.reset(), what_if.pin()
        cvm.whatif.Unfold(12).of({})
        cvm.whatif.launch(customers=1_000), cvm.whatif.carrier_plan(customers=500)
        notebook = Path("small.ipynb")
        notebook.write_text('{"cells": [], "metadata": {"widgets": {}}}', encoding="utf-8")
        cvm.whatif.strip_file(notebook)
    if "cvmlab.report" in packages:
        source = Path("small.csv")
        small_log(7).to_csv(source, index=False)
        cvm.report.Result(Path(), None, (), {})
        cvm.report.run(source), cvm.report.run_by_group(source, "customer_id")
        cvm.report.plan("Group", {"speed": {"network_quality": 1.6}})
    if "cvmlab.relationship" in packages:
        codes = np.array([[1], [2], [2], [3]])
        cvm.stages.grade(codes, codes).f1("formation")
        cvm.stages.default_model(12).measure("revenue")
        day = pd.Timestamp(2024, 1, 1)
        cvm.pipeline.check_events(pd.DataFrame({"customer_id": ["007"], "date": [day], "state": ["target"]}))
        cvm.pipeline.simulate_pipeline(cvm.pipeline.PipelineRates(), customers=20, seed=1)


def modules(packages: tuple[str, ...]) -> Iterator[ModuleType]:
    for package in packages:
        found = importlib.import_module(package)
        yield found
        for inside in pkgutil.walk_packages(getattr(found, "__path__", []), f"{package}."):
            if not inside.name.endswith("__main__"):
                yield importlib.import_module(inside.name)


# --- odd values ------------------------------------------------------------------------------------

SCALARS: dict[str, Any] = {
    "None": None, "nan": math.nan, "inf": math.inf, "-inf": -math.inf, "-1": -1, "0": 0, "0.5": 0.5, "1.9": 1.9,
    "1e308": 1e308, "huge int": 10**400, "99999": 99_999, "True": True, "text": "a lot", "no text": "",
    "lone surrogate": "\ud800", "bytes": b"x", "list": [1, 2], "texts": ["a", "b"], "dict": {"a": 1}, "set": {1},
    "array": np.array([1.0, 2.0]), "date": dt.date(2024, 1, 1), "NaT": pd.NaT, "NA": pd.NA, "object": object(),
    "complex": 1j, "frame": pd.DataFrame({"x": [1.0]}), "function": len, "slice": slice(0, 1),
    "Decimal": Decimal("0.5"), "Fraction": Fraction(1, 2), "NUL": "a\0b", "long text": "a" * 5_000, "no list": [],
    "nested": [[1, 2], [3]], "mixed": [1, "1"], "None in list": [None], "Path": Path("a"), "series": pd.Series([1.0]),
    "moment": pd.Timestamp("2024-01-01", tz="America/New_York"), "timedelta": dt.timedelta(1),
    "numpy text": np.str_("a"), "numpy date": np.datetime64("2024-01-01"), "generator": iter(()),
    "masked": np.ma.masked_array([1.0, 2.0], [True, False]), "categories": pd.Categorical(["a"]),
}  # fmt: skip


def odd_values(good: Any) -> Iterator[tuple[str, Any]]:
    """Yield odd values in place of a good one."""
    yield from SCALARS.items()
    if isinstance(good, duckdb.DuckDBPyRelation):
        good = good.df()
    if isinstance(good, pd.DataFrame):
        yield from _odd_frames(good)
    if isinstance(good, np.ndarray):
        yield from _odd_arrays(good)
    if isinstance(good, Mapping) and good:
        key, value = next(iter(good.items()))
        for name in ("nan", "text", "None", "huge int", "list"):
            yield f"value {name}", {**good, key: SCALARS[name]}
        yield "other key", {"no such key": value}
        yield "no keys", {}


def _odd_frames(good: pd.DataFrame) -> Iterator[tuple[str, Any]]:
    yield "no rows", good.iloc[:0]
    yield "one row", good.iloc[:1]
    yield "no columns", good[[]]
    yield "rows twice", pd.concat([good, good], ignore_index=True)
    yield "index twice", pd.concat([good.iloc[:1], good]).set_axis([0] * (len(good) + 1))
    yield "backwards", good.iloc[::-1]
    yield "polars", _polars(good)
    yield "pyarrow", _arrow(good)
    yield "dicts", good.head(3).to_dict("records")
    yield "numbers as heads", good.set_axis(range(good.shape[1]), axis=1)
    yield "two heads", good.set_axis(pd.MultiIndex.from_product([["a"], good.columns]), axis=1)
    for column in good.columns:
        yield f"without {column}", good.drop(columns=column)
        yield f"{column} twice", pd.concat([good, good[[column]]], axis=1)
        yield f"{column} None", good.assign(**{str(column): None})
        first = good[column].iloc[0] if len(good) else None
        if isinstance(first, (int, float, np.number)) and not isinstance(first, (bool, np.bool_)):
            for name in (math.nan, math.inf, 1e308, -1.0):
                changed = good.assign(**{str(column): good[column].astype(float)})
                changed.loc[changed.index[0], column] = name
                yield f"{column} {name}", changed
            yield f"{column} as text", good.assign(**{str(column): good[column].astype(str)})
            gaps = good[column].astype("Float64").mask(np.arange(len(good)) == 0)
            yield f"{column} with NA", good.assign(**{str(column): gaps})
            exact = [None if pd.isna(value) else Decimal(repr(float(value))) for value in good[column]]
            yield f"{column} Decimal", good.assign(**{str(column): exact})
            yield f"{column} True", good.assign(**{str(column): True})
        elif isinstance(first, str):
            yield f"{column} as numbers", good.assign(**{str(column): np.arange(len(good))})
            changed = good.assign(**{str(column): good[column].astype(object)})
            changed.loc[changed.index[0], column] = "\ud800"
            yield f"{column} surrogate", changed
            yield f"{column} categories", good.assign(**{str(column): good[column].astype("category")})
            mixed = good.assign(**{str(column): good[column].astype(object)})
            mixed.loc[mixed.index[0], column] = 1
            yield f"{column} mixed", mixed
        elif isinstance(first, dt.date):
            dates = pd.to_datetime(good[column])
            yield f"{column} with a zone", good.assign(**{str(column): dates.dt.tz_localize("America/New_York")})
            yield f"{column} date objects", good.assign(**{str(column): dates.dt.date})
            yield f"{column} as text", good.assign(**{str(column): dates.astype(str)})
            yield f"{column} NaT", good.assign(**{str(column): dates.where(np.arange(len(good)) > 0)})


def _polars(good: pd.DataFrame) -> Any:
    try:
        return pl.from_pandas(good)
    except Exception:
        return pl.DataFrame({"x": [1]})


def _arrow(good: pd.DataFrame) -> Any:
    try:
        return pa.Table.from_pandas(good)
    except Exception:
        return pa.table({"x": [1]})


def _odd_arrays(good: np.ndarray) -> Iterator[tuple[str, Any]]:
    yield "as list", good.tolist()
    yield "as polars", pl.Series(good.ravel().tolist())
    yield "empty", good[:0]
    yield "shorter", good[:-1]
    yield "longer", np.concatenate([good, good[:1]]) if good.ndim else good
    yield "one more side", good[..., None]
    yield "as text", good.astype(str)
    yield "as objects", good.astype(object)
    locked = good.copy()
    locked.flags.writeable = False
    yield "read-only", locked
    if good.dtype.kind in "iuf":
        yield "negative", -good.astype(float)
        yield "with NaN", np.where(np.arange(good.size).reshape(good.shape) == 0, np.nan, good.astype(float))
        yield "with 1e308", np.where(np.arange(good.size).reshape(good.shape) == 0, 1e308, good.astype(float))
        yield "all 0", good * 0


# --- what comes of them ----------------------------------------------------------------------------


class Hang(BaseException):
    """A call that does not come back."""


@contextmanager
def at_most(seconds: int) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise Hang

    # of the processor, so that a busy computer is not taken for a call that hangs
    if not hasattr(signal, "SIGPROF"):
        yield
        return
    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def faults_of(package: str) -> Iterator[str]:
    """Yield what is wrong with the public functions of a package; files are written to the working directory."""
    with nothing_started():
        calls = good_calls((package,))
        for address, function in public_functions().items():
            plain = inspect.unwrap(function)
            if not is_guarded(function) or not plain.__module__.startswith(f"{package}."):
                continue
            if plain not in calls:
                yield f"{address}: a good call is missing, give the function an example"
                continue
            for name, odd, wrong in faults(function, calls[plain]):
                yield f"{address}({name}: {odd}): {wrong}"


def faults(function: Callable[..., Any], given: inspect.BoundArguments) -> Iterator[tuple[str, str, str]]:
    """Yield argument, odd value and what is wrong, of every call that is neither answered nor refused."""
    undefined = may_be_undefined(result_of(function, _call(given, {}))) or "NaN" in (function.__doc__ or "")
    for name in given.signature.parameters:
        if name in ("self", "cls"):
            continue
        for odd, value in odd_values(given.arguments.get(name)):
            wrong = fault(function, given, name, value, undefined)
            if wrong:
                yield name, odd, wrong


def result_of(function: Callable[..., Any], given: inspect.BoundArguments) -> Any:
    import matplotlib.pyplot as plt

    try:
        return function(*given.args, **given.kwargs)
    finally:
        plt.close("all")


def fault(function: Callable[..., Any], given: inspect.BoundArguments, name: str, value: Any, undefined: bool) -> str:
    kind = given.signature.parameters[name].kind
    if kind in (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL):
        return ""
    changed = _call(given, {name: value})
    before = _kept(value)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            with at_most(SECONDS):
                answer = result_of(function, changed)
        except cvmlab.CvmError as error:
            str(error)
            return f"net: {error}" if error.key == "guarding.failed" else ""
        except Hang:
            return "hangs"
        except Exception as error:
            return f"raw {type(error).__name__}: {str(error)[:150]}"
    if not _same(value, before):
        return "changed its argument"
    if any(issubclass(warning.category, RuntimeWarning) for warning in caught):
        return f"warns: {next(w.message for w in caught if issubclass(w.category, RuntimeWarning))}"
    return "NaN or infinity" if not undefined and may_be_undefined(answer) else ""


def _call(given: inspect.BoundArguments, changes: dict[str, Any]) -> inspect.BoundArguments:
    """Return a call with some arguments changed, of a method on an object of its own."""
    arguments = {**given.arguments, **changes}
    if "self" in arguments:
        arguments["self"] = _fresh(arguments["self"])
    changed = copy.copy(given)
    changed.arguments = {name: arguments[name] for name in given.signature.parameters if name in arguments}
    return changed


def _fresh(thing: Any) -> Any:
    """Return an object of the same state, so that what one call does to it is not met by the next."""
    made = copy.copy(thing)
    for name, held in getattr(made, "__dict__", {}).items():
        if isinstance(held, (list, dict, set)):
            # a frozen one takes no attribute
            vars(made)[name] = copy.copy(held)
    return made


def may_be_undefined(answer: Any, depth: int = 4) -> bool:
    """Return whether an answer holds NaN or infinity anywhere."""
    if isinstance(answer, (bool, str, int)) or answer is None or depth == 0:
        return False
    if isinstance(answer, (float, np.floating)):
        return not math.isfinite(answer)
    if isinstance(answer, np.ndarray):
        return answer.dtype.kind == "f" and not bool(np.isfinite(answer).all())
    if isinstance(answer, pd.DataFrame):
        # a column of nullable whole numbers says itself that one may be missing
        columns = [answer.iloc[:, place] for place, kind in enumerate(answer.dtypes) if str(kind) != "Int64"]
        return any(may_be_undefined(column.to_numpy()) for column in columns)
    if isinstance(answer, Mapping):
        return any(may_be_undefined(value, depth - 1) for value in answer.values())
    if isinstance(answer, (list, tuple)):
        return any(may_be_undefined(value, depth - 1) for value in answer)
    if dataclasses.is_dataclass(answer):
        return any(may_be_undefined(getattr(answer, f.name), depth - 1) for f in dataclasses.fields(answer))
    return False


def _kept(value: Any) -> Any:
    return value.copy() if isinstance(value, (pd.DataFrame, np.ndarray, list, dict, set)) else value


def _same(value: Any, before: Any) -> bool:
    if isinstance(value, pd.DataFrame):
        return value.equals(before) and value.columns.equals(before.columns)
    if isinstance(value, np.ndarray):
        return value.dtype == before.dtype and bool(np.array_equal(value, before, equal_nan=value.dtype.kind == "f"))
    return isinstance(value, (list, dict, set)) is False or value == before
