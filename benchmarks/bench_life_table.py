"""Time the life table of a million customers with cvmlab and with lifelines, and compare what comes out.

    python benchmarks/bench_life_table.py [--customers N] [--runs N] [--lifelines-python PATH]

cvmlab counts in a pandas frame, a polars frame and a DuckDB table; lifelines' KaplanMeierFitter takes the columns of a
pandas frame. Each run is a process of its own, all in turn; only the table is timed, not the start of Python, imports
or reading, and a small table beforehand keeps what is loaded on first use out of it. Once all customers are seen from
the start, once many come under observation late. Retention and its 95% interval have to be equal to nine digits in
every period, at risk and leavers exactly: if they are not, the script says where and exits with 1.

lifelines needs a pandas older than cvmlab's, so it lives in an environment of its own. Without ``--lifelines-python``
the script makes one in a temporary folder with uv, which needs a package index; where that is not possible, it exits
with 2. An environment made once can be used again:

    uv venv lifelines-env && uv pip install --python lifelines-env lifelines
    python benchmarks/bench_life_table.py --lifelines-python lifelines-env/bin/python
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

Columns = dict[str, np.ndarray]
Table = dict[str, list[float]]
GOAL = 8.0
WARM_UP = 2_000
PEER = "lifelines"


def ours(frame_of: Callable[[Columns], Any]) -> Callable[[Columns, bool], Callable[[], Table]]:
    def prepare(columns: Columns, late: bool) -> Callable[[], Table]:
        from cvmlab.keep.retention import life_table

        frame = frame_of(columns)
        entered = "since" if late else None

        def table() -> Table:
            found = life_table(frame, entered=entered)
            return {name: found[name].tolist() for name in found.columns}

        return table

    return prepare


def in_pandas(columns: Columns) -> Any:
    import pandas as pd

    return pd.DataFrame(columns)


def in_polars(columns: Columns) -> Any:
    import polars as pl

    return pl.DataFrame(columns)


def in_duckdb(columns: Columns) -> Any:
    import duckdb

    customers = in_pandas(columns)  # noqa: F841 (DuckDB finds it by name)
    connection = duckdb.connect()
    connection.execute("create table stays as select * from customers")
    return connection.table("stays")


def with_lifelines(columns: Columns, late: bool) -> Callable[[], Table]:
    import pandas as pd
    from lifelines import KaplanMeierFitter

    frame = pd.DataFrame(columns)
    options = {"entry": frame["since"]} if late else {}

    def table() -> Table:
        fitted = KaplanMeierFitter().fit(frame["tenure_months"], frame["left"], **options)
        interval, events = fitted.confidence_interval_, fitted.event_table
        periods = [period for period in events.index if period >= 1]
        entrance = events["entrance"].where(events.index > events.index[0], 0)
        return {
            "period": periods,
            "at_risk": (events["at_risk"] - entrance)[periods].tolist(),
            "left": events["observed"][periods].tolist(),
            "retention": fitted.survival_function_.iloc[:, 0][periods].tolist(),
            "retention_low": interval.iloc[:, 0][periods].tolist(),
            "retention_high": interval.iloc[:, 1][periods].tolist(),
        }

    return table


COMPETITORS = {
    "cvmlab on pandas": ours(in_pandas),
    "cvmlab on polars": ours(in_polars),
    "cvmlab on DuckDB": ours(in_duckdb),
    PEER: with_lifelines,
}


def make_customers(count: int, seed: int) -> Columns:
    """Draw customers of two kinds, most of them still there at the end, some first seen after a while."""
    draw = np.random.default_rng(seed)
    leaves = draw.geometric(np.where(draw.random(count) < 0.4, 0.08, 0.01))
    ends = draw.integers(1, 121, count)
    last = np.minimum(leaves, ends)
    # at most all periods but the last have passed unseen
    since = np.where(draw.random(count) < 0.5, (draw.random(count) * last).astype(np.int64), 0)
    return {"tenure_months": last, "left": leaves <= ends, "since": since}


def run_one(name: str, file: Path, late: bool) -> None:
    with np.load(file) as stored:
        columns = {key: stored[key] for key in stored.files}
    COMPETITORS[name]({key: column[:WARM_UP] for key, column in columns.items()}, late)()
    work = COMPETITORS[name](columns, late)
    begin, begin_processor = time.perf_counter(), time.process_time()
    table = work()
    seconds, processor = time.perf_counter() - begin, time.process_time() - begin_processor
    print(json.dumps({"seconds": seconds, "processor": processor, "table": table}))


def differences(table: Table, theirs: Table) -> list[str]:
    """Return where two tables differ, in words."""
    if [*table["period"]] != [*map(int, theirs["period"])]:
        return [f"periods: {len(table['period'])} and {len(theirs['period'])}"]
    found = []
    for name in ("at_risk", "left", "retention", "retention_low", "retention_high"):
        mine, other = np.array(table[name], dtype=float), np.array(theirs[name], dtype=float)
        # both ends, where Greenwood's variance gives no interval, are each package's own
        inside = (np.array(table["retention"]) > 0) & (np.array(table["retention"]) < 1)
        compared = inside if name.endswith(("low", "high")) else np.ones(len(mine), dtype=bool)
        off = compared & ~np.isclose(mine, other, rtol=0, atol=1e-9)
        if off.any():
            place = int(off.argmax())
            found.append(f"{name} in period {place + 1}: {mine[place]!r} and {other[place]!r}")
    return found


def compare(customers: int, runs: int, peer_python: str, late: bool, seed: int) -> bool:
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in COMPETITORS}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "customers.npz"
        np.savez(file, **make_customers(customers, seed))  # type: ignore[arg-type]
        for _ in range(runs):
            for name, measured in found.items():
                python = peer_python if name == PEER else sys.executable
                command = [python, __file__, "--one", name, "--file", str(file), *(["--late"] if late else [])]
                answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
                measured.append(json.loads(answer.splitlines()[-1]))
    theirs = found[PEER]
    medians = {
        name: {unit: median(run[unit] for run in measured) for unit in ("seconds", "processor")}
        for name, measured in found.items()
    }
    print(f"{customers:,} customers, {'many seen late' if late else 'all seen from the start'}, {runs} runs in turn")
    print(f"{'':18} {'median s':>9} {'(fastest–slowest)':>19} {'CPU s':>7} {'lifelines ÷ it':>15} {'in CPU s':>9}")
    equal = True
    for name, measured in found.items():
        seconds = sorted(run["seconds"] for run in measured)
        spread = f"({seconds[0]:.3f}–{seconds[-1]:.3f})"
        mine = medians[name]
        wall, processor = (medians[PEER][unit] / mine[unit] for unit in ("seconds", "processor"))
        ratios = "" if name == PEER else f"{wall:14.1f}× {processor:8.1f}×"
        print(f"{name:18} {mine['seconds']:9.3f} {spread:>19} {mine['processor']:7.3f} {ratios}")
        wrong = [] if name == PEER else differences(measured[0]["table"], theirs[0]["table"])
        for one in wrong:
            print(f"  DIFFERENT FROM {PEER}: {one}")
        equal &= not wrong
    return equal


def peer_environment(folder: str) -> str:
    """Make an environment with lifelines in a folder and return its Python, or exit with what to do."""
    uv = shutil.which("uv")
    if uv is not None:
        environment = Path(folder) / "lifelines-env"
        steps = ([uv, "venv", "-q", environment], [uv, "pip", "install", "-q", "--python", environment, PEER])
        if all(subprocess.run(step, check=False).returncode == 0 for step in steps):
            places = (environment / "bin" / "python", environment / "Scripts" / "python.exe")
            return str(next(place for place in places if place.exists()))
    print(
        "Nothing was measured: lifelines could not be installed (uv and a package index are needed). Make an"
        " environment that has lifelines, and name its Python with --lifelines-python.",
        file=sys.stderr,
    )
    raise SystemExit(2)


def check_peer(python: str) -> None:
    """Exit with what to do unless a Python has lifelines."""
    try:
        found = subprocess.run([python, "-c", f"import {PEER}"], capture_output=True, text=True, check=False)
        said = found.stderr.strip().splitlines()[-1:] if found.returncode else []
    except OSError as error:
        said = [str(error)]
    if said:
        print(f"Nothing was measured: {python} cannot import lifelines ({said[0]}).", file=sys.stderr)
        print(f"Install it there: uv pip install --python {python} lifelines", file=sys.stderr)
        raise SystemExit(2)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--customers", type=int, default=1_000_000)
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--lifelines-python", help="a Python that has lifelines")
    options.add_argument("--one", choices=COMPETITORS, help=argparse.SUPPRESS)
    options.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    options.add_argument("--late", action="store_true", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.one:
        run_one(chosen.one, chosen.file, chosen.late)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        python = chosen.lifelines_python or peer_environment(folder)
        check_peer(python)
        equal = [compare(chosen.customers, chosen.runs, python, late, chosen.seed) for late in (False, True)]
    print(f"goal: lifelines ÷ cvmlab at least {GOAL:g}")
    print("tables equal in every period" if all(equal) else "TABLES DIFFER")
    return 0 if all(equal) else 1


if __name__ == "__main__":
    raise SystemExit(main())
