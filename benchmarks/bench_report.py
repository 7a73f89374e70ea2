"""Time a whole report against the floor of any notebook report, in turn, each run a process of its own.

The floor is what nobody can do without: start a kernel, import pandas, DuckDB and matplotlib there, draw three
figures, export HTML. The report may take 1.2 times that, its own computations included. Those are printed too, by
step (reading and drawing are counted from the cells, the study from ``case.json``). On a busy machine compare
medians of at least five runs.

    python benchmarks/bench_report.py --runs 5
    python benchmarks/bench_report.py --csv-rows 3000000
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

TARGET = 1.2
# Python keeps what it compiled: machines that forbid it compile every library anew in each run
_AS_USERS = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
FLOOR_CELLS = (
    "import duckdb\nimport matplotlib.pyplot as plt\nimport pandas as pd\nframe = pd.DataFrame({'x': range(100)})",
    *["figure, axes = plt.subplots()\naxes.plot(frame['x'])\nplt.show()"] * 3,
)


def run_floor(folder: Path) -> None:
    import nbformat
    import papermill
    from nbconvert import HTMLExporter

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in FLOOR_CELLS])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, folder / "in.ipynb")
    done = papermill.execute_notebook(
        str(folder / "in.ipynb"), str(folder / "out.ipynb"), progress_bar=False,
        request_save_on_cell_execute=False, extra_arguments=["--log-level=ERROR"],
    )  # fmt: skip
    body, _ = HTMLExporter(exclude_input=True).from_notebook_node(done)
    (folder / "out.html").write_text(body, encoding="utf-8")


def seconds_of(command: list[str], folder: Path) -> float:
    begin = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, env=_AS_USERS)
    return time.perf_counter() - begin


def report_command(source: str) -> list[str]:
    return [sys.executable, "-m", "cvmlab", "report", source, "--language", "en"]


def cell_seconds(report: Path) -> dict[str, float]:
    """Return the seconds that the kernel spent in the cells of each step."""
    notebook = json.loads((report / "report.ipynb").read_text(encoding="utf-8"))
    spent: dict[str, float] = {}
    for cell in notebook["cells"]:
        step = cell["metadata"].get("cvmlab", {}).get("step")
        if step:
            spent[step] = spent.get(step, 0.0) + (cell["metadata"]["papermill"]["duration"] or 0.0)
    return spent


def compare(source: str, runs: int) -> bool:
    floors, reports, computed = [], [], []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for turn in range(runs + 1):
            floor = seconds_of([sys.executable, str(Path(__file__).absolute()), "--floor", str(folder)], folder)
            report = seconds_of(report_command(source), folder)
            made = next((folder / "reports").iterdir())
            record = json.loads((made / "case.json").read_text(encoding="utf-8"))
            print(f"  {'warm-up' if turn == 0 else turn}: floor {floor:6.2f} s  report {report:6.2f} s", flush=True)
            if turn:
                floors.append(floor)
                reports.append(report)
                steps = cell_seconds(made)
                computed.append(sum(record["seconds"].values()) + steps["read"])
    print("own computations by step:", ", ".join(f"{name} {spent:.2f} s" for name, spent in record["seconds"].items()))
    print("cells by step:", ", ".join(f"{name} {spent:.2f} s" for name, spent in steps.items()))
    floor, report, own = median(floors), median(reports), median(computed)
    print(f"medians: floor {floor:.2f} s, report {report:.2f} s, own computations {own:.2f} s")
    print(f"  report / floor = {report / floor:.2f} (target: at most {TARGET})")
    print(f"  (report - own computations) / floor = {(report - own) / floor:.2f}")
    return report <= TARGET * floor


def write_large_csv(path: Path, rows: int, seed: int = 1) -> None:
    """Write a log of ``rows`` lines, one customer for every hundred of them on average."""
    import duckdb
    import numpy as np
    import pandas as pd

    draw = np.random.default_rng(seed)
    weight = draw.gamma(0.5, 1, max(2, rows // 100))
    customer = draw.choice(len(weight), size=rows, p=weight / weight.sum())
    log = pd.DataFrame(
        {
            "customer_id": customer,
            "date": pd.Timestamp(2022, 1, 1) + pd.to_timedelta(draw.integers(0, 1095, rows), unit="D"),
            "order_id": np.arange(rows),
            "amount": np.round(draw.lognormal(3, 1, rows), 2),
        }
    )
    with duckdb.connect() as connection:
        connection.register("log", log)
        connection.execute(
            f"COPY (SELECT 'C' || customer_id AS customer_id, date::DATE AS date, order_id, amount FROM log) "
            f"TO '{path.as_posix()}' (HEADER)"
        )


def measure(command: list[str], folder: Path) -> tuple[float, float]:
    """Return seconds and peak memory in GB of the largest process that a command starts."""
    code = """if True:
        import json, resource, subprocess, sys, time
        begin = time.perf_counter()
        subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        print(time.perf_counter() - begin, peak * (1 if sys.platform == "darwin" else 1024) / 1e9)
    """
    answer = subprocess.run(
        [sys.executable, "-c", code, *command], cwd=folder, check=True, capture_output=True, text=True
    )
    seconds, peak = map(float, answer.stdout.split())
    return seconds, peak


def measure_large(rows: int) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        path = folder / "large.csv"
        write_large_csv(path, rows)
        print(f"{rows:,} rows, {path.stat().st_size / 1e6:.0f} MB of CSV")
        reading = "import sys; from cvmlab import reading; reading.read(sys.argv[1])"
        seconds, peak = measure([sys.executable, "-c", reading, str(path)], folder)
        print(f"  reading alone: {seconds:.1f} s, peak memory {peak:.2f} GB", flush=True)
        seconds, peak = measure(report_command(str(path)), folder)
        print(f"  whole report: {seconds:.1f} s, peak memory of its largest process {peak:.2f} GB")
        print("  cells:", ", ".join(f"{k} {v:.1f} s" for k, v in cell_seconds(folder / "reports" / "large").items()))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", default="grocery")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--csv-rows", type=int, help="measure one report over a CSV of so many rows instead")
    parser.add_argument("--floor", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.floor:
        run_floor(chosen.floor)
        return 0
    if chosen.csv_rows:
        measure_large(chosen.csv_rows)
        return 0
    return 0 if compare(chosen.source, chosen.runs) else 1


if __name__ == "__main__":
    raise SystemExit(main())
