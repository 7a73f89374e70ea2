"""Fit BG/NBD on one summary with cvmlab and with lifetimes' BetaGeoFitter, in turn, each run its own process.

Prints every run, the medians, their ratio and both sets of estimates; exits with 1 if the estimates differ
in their first three digits. Only the fit is timed, not the start of Python, imports or reading; a small fit
beforehand keeps what is loaded on first use out of it.

    python benchmarks/bench_bg_nbd.py --customers 1000000 --runs 3
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

NAMES = ("r", "alpha", "a", "b")


def fit_cvmlab(columns: dict[str, np.ndarray]) -> dict[str, float]:
    import pandas as pd

    from cvmlab.worth.buying import fit_bg_nbd

    fitted = fit_bg_nbd(pd.DataFrame(columns), days_per_unit=7)
    return {name: getattr(fitted, name) for name in NAMES}


def fit_lifetimes(columns: dict[str, np.ndarray]) -> dict[str, float]:
    import warnings

    warnings.simplefilter("ignore")
    from lifetimes import BetaGeoFitter  # type: ignore[import-untyped]

    fitted = BetaGeoFitter().fit(columns["frequency"], columns["recency"] / 7, columns["age"] / 7)
    return {name: float(fitted.params_[name]) for name in NAMES}


FITTERS = {"cvmlab": fit_cvmlab, "lifetimes": fit_lifetimes}


def run_one(fitter: str, file: Path) -> None:
    with np.load(file) as stored:
        columns = {name: stored[name] for name in ("frequency", "recency", "age")}
    FITTERS[fitter]({name: column[:2000] for name, column in columns.items()})
    begin = time.perf_counter()
    estimates = FITTERS[fitter](columns)
    print(json.dumps({"seconds": time.perf_counter() - begin, **estimates}))


def compare(customers: int, runs: int, peer_runs: int) -> bool:
    from cvmlab.worth.buying import BgNbd

    truth = BgNbd(r=0.5, alpha=6, a=0.8, b=2.5)
    drawn = truth.simulate(customers=customers, days=730, entry_days=365, seed=1)
    results: dict[str, list[dict[str, float]]] = {fitter: [] for fitter in FITTERS}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "summary.npz"
        np.savez(
            file,
            frequency=drawn["frequency"].to_numpy(),
            recency=drawn["recency"].to_numpy(),
            age=drawn["age"].to_numpy(),
        )
        for turn in range(max(runs, peer_runs)):
            for fitter, planned in (("cvmlab", runs), ("lifetimes", peer_runs)):
                if turn < planned:
                    command = [sys.executable, __file__, "--one", fitter, "--file", str(file)]
                    answer = subprocess.run(command, capture_output=True, text=True, check=True)
                    results[fitter].append(json.loads(answer.stdout.splitlines()[-1]))
                    print(f"  {fitter:9} {results[fitter][-1]['seconds']:8.3f} s", flush=True)
    medians = {fitter: median(run["seconds"] for run in found) for fitter, found in results.items()}
    print(f"{customers:,} customers: medians " + ", ".join(f"{k} {v:.3f} s" for k, v in medians.items()))
    print(f"  ratio lifetimes / cvmlab: {medians['lifetimes'] / medians['cvmlab']:.1f}")
    ours, peer = results["cvmlab"][0], results["lifetimes"][0]
    for name in NAMES:
        print(f"  {name:5} true {getattr(truth, name):.4g}  cvmlab {ours[name]:.6g}  lifetimes {peer[name]:.6g}")
    return all(abs(ours[name] / peer[name] - 1) < 5e-4 for name in NAMES)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peer-runs", type=int, default=3, help="fewer runs of the slow peer")
    parser.add_argument("--one", choices=FITTERS, help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        run_one(chosen.one, chosen.file)
        return 0
    equal = [compare(customers, chosen.runs, chosen.peer_runs) for customers in chosen.customers]
    print("estimates equal to 3 digits" if all(equal) else "ESTIMATES DIFFER")
    return 0 if all(equal) else 1


if __name__ == "__main__":
    raise SystemExit(main())
