"""Time and memory of a customer summary from a Parquet log, against its peers in the same run.

    python benchmarks/bench_summary.py [--rows N] [--runs N] [--sample-rows N] [--pymc-python PATH]

Every competitor goes from the file to a pandas frame of one row a customer, in a process of its own, in
turn with the others; medians and the spread are printed, with the processor time of all threads, which a
busy machine disturbs less. Time starts after a run on a tiny log, so that imports do not count; peak memory
is of the whole process. The log is made from a seed. Competitors that need the log in pandas and copy much
are measured on a smaller log, beside cvmlab and DuckDB on that same log.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

COLUMNS = ["customer_id", "date", "amount"]

# What an expert writes first: days, then customers.
GROUPED_SQL = """
with days as (
    select customer_id, date, sum(amount) as net, count(case when amount > 0 then 1 end) as orders,
        sum(case when amount > 0 then amount end) as spend
    from read_parquet('{path}') group by customer_id, date
), customers as (
    select customer_id, coalesce(min(date) filter (orders > 0), min(date)) as first_date,
        coalesce(max(date) filter (orders > 0), max(date)) as last_date, sum(orders)::bigint as orders,
        sum(net) as revenue, count(spend) as days, sum(spend) as spend, arg_min(spend, date) as first_spend
    from days group by customer_id
)
select customer_id, first_date, last_date, orders, revenue, greatest(days - 1, 0) as frequency,
    last_date - first_date as recency,
    (select max(date) from read_parquet('{path}')) - first_date as age,
    case when days > 1 then (spend - first_spend) / (days - 1) else 0 end as monetary_value
from customers
"""

# What an expert writes after profiling: one sort by customer and day instead of ten million groups.
SORTED_SQL = """
with purchases as (
    select customer_id, date, amount, case when amount > 0 then date end as day from read_parquet('{path}')
), marked as (
    select *, lag(day) over each_customer as day_before, min(day) over each_customer as first_day
    from purchases window each_customer as (partition by customer_id order by day nulls first)
), customers as (
    select customer_id, coalesce(min(day), min(date)) as first_date,
        coalesce(max(day), max(date)) as last_date, count(day) as orders,
        sum(amount) as revenue, count(*) filter (day > day_before) as frequency,
        sum(amount) filter (day > first_day) as repeat_spend
    from marked group by customer_id
)
select customer_id, first_date, last_date, orders, revenue, frequency, last_date - first_date as recency,
    (select max(date) from read_parquet('{path}')) - first_date as age,
    case when frequency > 0 then repeat_spend / frequency else 0 end as monetary_value
from customers
"""


def with_cvmlab(path: str) -> Callable[[], Any]:
    from cvmlab import aggregate

    return lambda: aggregate.summarise_customers(path).df()


def with_sql(template: str) -> Callable[[str], Callable[[], Any]]:
    def prepare(path: str) -> Callable[[], Any]:
        import duckdb

        return lambda: duckdb.sql(template.format(path=path)).df()

    return prepare


def with_cvmlab_on_pandas(path: str) -> Callable[[], Any]:
    import pandas as pd

    from cvmlab import aggregate

    def summarise() -> Any:
        log = pd.read_parquet(path, columns=COLUMNS)  # gives Python dates
        return aggregate.summarise_customers(log.assign(date=log["date"].astype("datetime64[s]")))

    return summarise


def with_polars_lazy(path: str) -> Callable[[], Any]:
    import polars as pl

    from cvmlab import aggregate

    return lambda: aggregate.summarise_customers(pl.scan_parquet(path)).collect().to_pandas()


def with_pandas(path: str) -> Callable[[], Any]:
    import pandas as pd

    def summarise() -> Any:
        log = pd.read_parquet(path, columns=COLUMNS)
        log["spend"] = log["amount"].where(log["amount"] > 0)
        days = (
            log.groupby(["customer_id", "date"], sort=False)
            .agg(net=("amount", "sum"), spend=("spend", "sum"), orders=("spend", "count"))
            .reset_index()
        )
        days["date"] = pd.to_datetime(days["date"])
        days["day"] = days["date"].where(days["orders"] > 0)
        customers = days.groupby("customer_id").agg(
            first_row=("date", "min"),
            last_row=("date", "max"),
            first_date=("day", "min"),
            last_date=("day", "max"),
            orders=("orders", "sum"),
            revenue=("net", "sum"),
            days=("day", "count"),
            spend=("spend", "sum"),
        )
        first = days.loc[days.dropna(subset="day").groupby("customer_id")["day"].idxmin()]
        repeat_spend = customers["spend"] - first.set_index("customer_id")["spend"]
        customers["first_date"] = customers["first_date"].fillna(customers["first_row"])
        customers["last_date"] = customers["last_date"].fillna(customers["last_row"])
        customers["frequency"] = (customers["days"] - 1).clip(lower=0)
        customers["recency"] = (customers["last_date"] - customers["first_date"]).dt.days
        customers["age"] = (days["date"].max() - customers["first_date"]).dt.days
        customers["monetary_value"] = (repeat_spend / customers["frequency"]).where(customers["frequency"] > 0, 0)
        return customers.reset_index()

    return summarise


def with_lifetimes(path: str) -> Callable[[], Any]:
    import pandas as pd
    from lifetimes.utils import summary_data_from_transaction_data

    return lambda: summary_data_from_transaction_data(pd.read_parquet(path, columns=COLUMNS), *COLUMNS)


def with_pymc_marketing(path: str) -> Callable[[], Any]:
    import pandas as pd
    from pymc_marketing.clv.utils import rfm_summary

    return lambda: rfm_summary(pd.read_parquet(path, columns=COLUMNS), *COLUMNS)


OURS = "cvmlab from the path"
GROUPED, SORTED = "raw DuckDB, days first", "raw DuckDB, one sort"
PYMC = "pymc-marketing rfm_summary"
COMPETITORS: dict[str, Callable[[str], Callable[[], Any]]] = {
    OURS: with_cvmlab,
    GROUPED: with_sql(GROUPED_SQL),
    SORTED: with_sql(SORTED_SQL),
    "pandas, two groupbys": with_pandas,
    "cvmlab on pandas": with_cvmlab_on_pandas,
    "cvmlab on polars, lazy": with_polars_lazy,
    "lifetimes summary_data": with_lifetimes,
    PYMC: with_pymc_marketing,
}
ON_THE_LARGE_LOG = [OURS, GROUPED, SORTED]


def make_log(path: Path, rows: int, customers: int, seed: int) -> None:
    """Write a log: every customer buys, a few buy often, one row in fifty is a refund, rows in no order."""
    import duckdb
    import numpy as np
    import pandas as pd

    generator = np.random.default_rng(seed)
    often = (customers * generator.random(rows - customers) ** 2).astype(np.int64)
    amount = generator.lognormal(4, 1, rows).round(2)
    amount[generator.random(rows) < 0.02] *= -1
    numbers = pd.DataFrame(  # noqa: F841 (DuckDB finds it by name)
        {
            "customer": generator.permutation(np.concatenate([np.arange(customers), often])),
            "day": generator.integers(0, 1461, rows),
            "amount": amount,
        }
    )
    duckdb.sql(
        "select 'C' || lpad(customer::varchar, 7, '0') as customer_id, date '2020-01-01' + day::int as date,"
        " amount from numbers"
    ).write_parquet(str(path))


def make_log_apart(*arguments: object) -> None:
    """Make a log in a process of its own: a child's peak memory begins with its parent's."""
    subprocess.run([sys.executable, __file__, "--make", *map(str, arguments)], check=True)


def measure(name: str, path: str, tiny: str) -> dict[str, float]:
    """Run one competitor in this process: seconds after a warm-up, peak memory of the process in MB."""
    COMPETITORS[name](tiny)()
    summarise = COMPETITORS[name](path)
    start, start_processor = time.perf_counter(), time.process_time()
    summarise()
    return {
        "seconds": time.perf_counter() - start,
        "processor": time.process_time() - start_processor,
        "megabytes": peak_megabytes(),
    }


def peak_megabytes() -> float:
    try:
        import resource
    except ImportError:  # Windows
        return float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def compare(names: list[str], path: Path, runs: int, pymc_python: str | None) -> dict[str, dict[str, float]]:
    """Measure competitors in turn, each in a process of its own; print and return their medians."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(runs):
        for name in names:
            python = pymc_python if name == PYMC and pymc_python else sys.executable
            command = [python, __file__, "--measure", name, str(path), str(path.with_name("tiny.parquet"))]
            answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            found[name].append(json.loads(answer.splitlines()[-1]))
    medians = {
        name: {unit: statistics.median(run[unit] for run in measured) for unit in measured[0]}
        for name, measured in found.items()
    }
    print(f"{'':28} {'median s':>8} {'(fastest–slowest)':>18} {'CPU s':>7} {'peak MB':>8} {'÷ cvmlab':>9}")
    for name, median in medians.items():
        seconds = sorted(run["seconds"] for run in found[name])
        spread = f"({seconds[0]:.2f}–{seconds[-1]:.2f})"
        ratio = median["seconds"] / medians[OURS]["seconds"]
        print(
            f"{name:28} {median['seconds']:8.2f} {spread:>18} {median['processor']:7.2f}"
            f" {median['megabytes']:8.0f} {ratio:8.2f}×"
        )
    return medians


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", type=int, default=10_000_000)
    options.add_argument("--customers", type=int, default=1_000_000)
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--sample-rows", type=int, default=1_000_000, help="rows for the slow peers")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--pymc-python", help="a Python that has pymc-marketing and pyarrow")
    options.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    options.add_argument("--make", nargs=4, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.measure:
        print(json.dumps(measure(*chosen.measure)))
        return
    if chosen.make:
        path, *numbers = chosen.make
        make_log(Path(path), *map(int, numbers))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.parquet"
        make_log_apart(path.with_name("tiny.parquet"), 1_000, 100, chosen.seed)
        make_log_apart(path, chosen.rows, chosen.customers, chosen.seed)
        print(f"{chosen.rows:,} rows, {chosen.customers:,} customers, {chosen.runs} runs in turn")
        large = compare(ON_THE_LARGE_LOG, path, chosen.runs, None)
        for expert in (GROUPED, SORTED):
            time_ratio, processor_ratio, memory_ratio = (
                large[OURS][unit] / large[expert][unit] for unit in ("seconds", "processor", "megabytes")
            )
            print(
                f"cvmlab ÷ {expert}: time {time_ratio:.2f} (goal ≤ 1.10), processor time"
                f" {processor_ratio:.2f}, peak memory {memory_ratio:.2f} (goal ≤ 1)"
            )
        print()
        sample = max(1, round(chosen.customers * chosen.sample_rows / chosen.rows))
        make_log_apart(path, chosen.sample_rows, sample, chosen.seed)
        print(f"{chosen.sample_rows:,} rows, {sample:,} customers, 3 runs in turn")
        names = [name for name in COMPETITORS if name != PYMC or chosen.pymc_python]
        compare(names, path, 3, chosen.pymc_python)
        if not chosen.pymc_python:
            print(f"{PYMC:28} not measured: pass --pymc-python")


if __name__ == "__main__":
    main()
