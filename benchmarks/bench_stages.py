"""Decoding of stages: seconds, customer-months a second, and the ratio to hmmlearn on a sample; or grades.

    python benchmarks/bench_stages.py [--hmmlearn-python PATH] [--repeats 3] [--small]
    python benchmarks/bench_stages.py --seeds 6

With --seeds it prints no seconds, but how well stages and patterns are found in worlds made without cvmlab's
simulators, each the mean of that many seeds. Targets: macro-F1 above the plain rule's; of the months of stable
customers who never grew at most 12% misnamed, half empty months apart; above .9 stated, at least .85 right.

The peer runs in an environment of its own (`pip install hmmlearn`). It decodes one column of the same histories, the
logarithm of revenue against the customer's best, with five Gaussian states: a plain hidden Markov
model, without customers' own heights, without months that lack a purchase, without other columns. So that the
comparison is one of like with like, our passes alone run on the same five states as well. This script is
called again with the peer's interpreter, and reports seconds as JSON. Medians are quoted, and the best in
brackets; the machine should be idle.
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

import numpy as np

STATES = 5
MEANS = np.array([-2.8, -1.2, -0.2, -0.8, -4.5])
NOISE = 0.4
STAY = 0.93


def timed(work: Callable[[], object], repeats: int) -> list[float]:
    """Seconds of each run, after one that is not counted."""
    work()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return seconds


def told(name: str, seconds: list[float], months: int) -> float:
    middle, best = statistics.median(seconds), min(seconds)
    rate = f"{months / middle / 1e6:8.2f} M customer-months/s"
    print(f"{name:64s} {middle:8.2f} s [{best:.2f}] {rate}")
    return middle / months


def plain_moves() -> np.ndarray:
    moves = np.full((STATES, STATES), (1 - STAY) / (STATES - 1))
    np.fill_diagonal(moves, STAY)
    return moves


# --- the peer, called with its own interpreter --------------------------------------------------------


def peer(path: str, repeats: int) -> None:
    from hmmlearn.hmm import GaussianHMM

    levels = np.load(path)
    periods, customers = levels.shape
    model = GaussianHMM(n_components=STATES, covariance_type="spherical", implementation="scaling")
    model.startprob_ = np.full(STATES, 1 / STATES)
    model.transmat_ = plain_moves()
    model.means_ = MEANS[:, None]
    model.covars_ = np.full(STATES, NOISE**2)
    flat = levels.T.reshape(-1, 1).astype(np.float64)
    lengths = [periods] * customers
    seconds = timed(lambda: model.predict_proba(flat, lengths), repeats)
    posterior = model.predict_proba(flat, lengths).reshape(customers, periods, STATES)
    model.n_iter, model.init_params = 1, ""
    fitting = timed(lambda: model.fit(flat, lengths), 1)
    json.dump({"seconds": seconds, "fit": fitting, "mean": posterior.mean(axis=(0, 1)).tolist()}, sys.stdout)


# --- ours --------------------------------------------------------------------------------------------


def bare(levels: np.ndarray) -> np.ndarray:
    """Our passes on the peer's five states; returns the mean posterior."""
    from cvmlab.relationship.stages import inference

    edges = np.arange(-6, 1, 0.05)
    centres = edges + 0.025
    table = np.exp(-0.5 * ((centres[:, None] - MEANS) / NOISE) ** 2).astype(np.float32) + np.float32(1e-12)
    start = np.full(STATES, 1 / STATES, np.float32)
    moves = plain_moves().astype(np.float32)
    total = np.zeros(STATES)
    size = max(1, 120_000 // len(levels))
    for begin in range(0, levels.shape[1], size):
        part = levels[:, begin : begin + size]
        classes = np.clip((part + 6) * 20, 0, len(edges) - 1).astype(np.int16)
        density = inference.densities([table], [classes])
        filtered, _ = inference.forward(density, start, moves)
        inference.backward(filtered, density, moves)
        total += filtered.sum(axis=(0, 1), dtype=np.float64)
    return total / levels.size


def levels_of(panel) -> np.ndarray:
    revenue = panel["revenue"]
    peak = np.maximum(revenue.max(axis=0), 1e-9)
    return np.log(np.maximum(revenue / peak, np.exp(-5))).astype(np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hmmlearn-python", help="interpreter of an environment with hmmlearn")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--small", action="store_true", help="a tenth of the customers")
    parser.add_argument("--seeds", type=int, help="print grades of this many seeds, no seconds")
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peer:
        peer(options.peer, options.repeats)
        return

    if options.seeds:
        sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "relationship" / "stages"))
        from stage_grades import table

        print(table(range(1, options.seeds + 1)).round(2).to_string())
        return

    from cvmlab import stages
    from cvmlab.relationship.simulated import Population, simulate_relationships

    customers, periods, sample = (10_000 if options.small else 100_000), 60, 2_000
    begin = time.perf_counter()
    known = simulate_relationships(Population(), customers, periods, seed=1)
    print(f"{customers:,} customers x {periods} months, simulated in {time.perf_counter() - begin:.1f} s")
    panel, months = known.panel, customers * periods
    levels = levels_of(panel)

    every, alone = stages.fit(panel), stages.fit(panel, ())
    fitted = min(sample, customers) * periods * every.iterations
    told(
        f"fit on 2,000 customers, all columns, {every.iterations} iterations",
        timed(lambda: stages.fit(panel), 1),
        fitted,
    )
    told("one forward and backward pass, 5 states", timed(lambda: bare(levels), options.repeats), months)
    told("decode, revenue alone", timed(lambda: stages.decode(panel, alone), options.repeats), months)
    ours = told("decode, all columns", timed(lambda: stages.decode(panel, every), options.repeats), months)

    # short histories: many customers in a chunk, where the linear algebra library would start threads of its own
    short = simulate_relationships(Population(), customers, 12, seed=2).panel
    of_year = stages.fit(short)
    told(
        "decode, all columns, 12 months", timed(lambda: stages.decode(short, of_year), options.repeats), customers * 12
    )

    if options.hmmlearn_python:
        some = levels[:, :sample]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "levels.npy"
            np.save(path, some)
            command = [options.hmmlearn_python, __file__, "--peer", str(path), "--repeats", str(options.repeats)]
            run = subprocess.run(command, capture_output=True, text=True, check=True)
        answer = json.loads(run.stdout)
        print(f"the same {sample:,} customers x {periods} months")
        theirs = told("hmmlearn, 5 Gaussian states, posterior", answer["seconds"], sample * periods)
        like = told("our pass, the same 5 states", timed(lambda: bare(some), options.repeats), sample * periods)
        apart = np.abs(bare(some) - answer["mean"]).max()
        print(f"hmmlearn a customer-month: {theirs / like:.1f} x our pass, {theirs / ours:.1f} x our whole decoding")
        print(f"mean posteriors differ by at most {apart:.4f} (ours sorts values into classes of 0.05)")


if __name__ == "__main__":
    main()
