"""The market engine: customer-months a second, the wait of a student, and the ratio to Mesa and mesa-frames.

    python benchmarks/bench_market.py [--mesa-python PATH] [--mesa-frames-python PATH] [--repeats 5] [--small]

The peers run the same step in an environment of their own each (`pip install mesa networkx` and
`pip install mesa-frames`): three carriers, satisfaction against an expectation that learns, a switching cost
that grows with tenure, a tariff, and a bill every month. This script is called again with their
interpreter, and reports seconds as JSON.
Medians are quoted, and the best in brackets; the machine should be idle.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

PRICE = (1.0, 0.95, 0.9)
SENSITIVITY, WEIGHT, COST, TENURE_COST, HALF = 2.0, 1.2, 3.5, 1.2, 24.0
MEMORY, LEARNING, NOISE = 0.25, 0.1, 1.0


def timed(work: Callable[[], object], repeats: int) -> list[float]:
    """Seconds of each run, after one that is not counted."""
    work()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return seconds


def told(name: str, seconds: list[float], months: float | None = None) -> None:
    middle, best = statistics.median(seconds), min(seconds)
    rate = f"   {months / middle / 1e6:8.1f} M customer-months/s [{months / best / 1e6:.1f}]" if months else ""
    print(f"{name:58s} {middle * 1e3:10.1f} ms [{best * 1e3:.1f}]{rate}")


# --- ours ----------------------------------------------------------------------------------------


def ours(customers: int, periods: int, repeats: int) -> dict[str, float]:
    from cvmlab import market

    full = market.MarketScenario(launch_month=6)
    busy = {
        "Mobile": market.Decision(care=2.0, win_back_offer=50.0),
        "Unicom": market.Decision(handset_offered=True, handset_subsidy=500.0, contract_months=24),
    }
    causes = market.MarketScenario(outside=True, outside_utility=-4.0).with_forces(
        "satisfaction", "switching_costs", "tariff_offer", "life_events"
    )
    alike = market.MarketScenario().with_forces("satisfaction", "switching_costs", "tariff_offer")
    prices = {name: market.Decision(price=price) for name, price in zip(market.THREE_CARRIERS, PRICE, strict=True)}
    months = customers * periods

    def run(label: str, scenario: market.MarketScenario, carriers, decisions, panel: bool) -> None:
        drawn = market.make_customers(scenario, carriers, customers, 1)

        def work() -> object:
            return market.simulate(scenario, carriers, decisions, drawn, periods, 1, panel=panel, memory_limit=16)

        told(f"{label}, {'full panel' if panel else 'sums only'}", timed(work, repeats), months)

    one = {"A": market.Carrier(share=0.95)}
    print(f"{customers:,} customers x {periods} months")
    for panel in (True, False):
        run("one firm, churn by cause", causes, one, None, panel)
    for panel in (True, False):
        run("three carriers, all forces", full, market.THREE_CARRIERS, busy, panel)
    no_second = full.replace(dual_sim=False)
    run("three carriers, all but dual SIM", no_second, market.THREE_CARRIERS, busy, True)
    print("20,000 customers x 36 months, three carriers, all forces, full panel")
    drawn = market.make_customers(full, market.THREE_CARRIERS, 20_000, 1)
    for label, who in (("customers drawn anew", 20_000), ("customers given, as a slider does", drawn)):
        told(label, timed(lambda who=who: market.simulate(full, None, busy, who, 36, 1), 4 * repeats), 720_000)
    return {
        size: statistics.median(
            timed(lambda size=size: market.simulate(alike, None, prices, int(size), 12, 1), repeats)
        )
        / 12
        / int(size)
        for size in ("50000", "200000")
    }


def fresh(repeats: int) -> None:
    """Print the wait in a new process: import, and the first call with the compiled loop in the cache."""
    code = (
        "import time; a = time.perf_counter(); from cvmlab import market; b = time.perf_counter();"
        "market.simulate(customers=20_000, periods=36); c = time.perf_counter(); print(b - a, c - b)"
    )
    # A student's Python keeps the byte code of its libraries; a machine for tests may be told not to.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    pairs = []
    for number in range(repeats + 1):
        command = [sys.executable, "-c", code]
        out = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
        if number > 0:
            pairs.append([float(seconds) for seconds in out.split()])
    print("a fresh process")
    told("import of cvmlab.market", [pair[0] for pair in pairs])
    told("first call, 20,000 x 36, compiled loop cached", [pair[1] for pair in pairs])


# --- the peers, called with their own interpreter ------------------------------------------------


def mesa_step(customers: int, periods: int, repeats: int) -> list[float]:
    import math
    import random

    import mesa

    class Customer(mesa.Agent):
        def __init__(self, model: mesa.Model) -> None:
            super().__init__(model)
            self.carrier = random.randrange(3)
            self.tenure = random.randrange(120)
            self.taste = [random.gauss(0, 0.6) for _ in range(3)]
            self.sensitivity = SENSITIVITY * math.exp(random.gauss(0, 0.4))
            self.wallet = 80 * math.exp(random.gauss(0, 0.8))
            self.expected = self.felt = self.revenue = 0.0

        def step(self) -> None:
            best, chosen = -math.inf, 0
            for j in range(3):
                score = self.taste[j] - self.sensitivity * PRICE[j] - math.log(-math.log(random.random()))
                if j == self.carrier:
                    score += WEIGHT * self.felt + COST + TENURE_COST * self.tenure / (self.tenure + HALF)
                if score > best:
                    best, chosen = score, j
            if chosen == self.carrier:
                self.tenure += 1
            else:
                self.carrier, self.tenure, self.felt, self.expected = chosen, 0, 0.0, 0.0
            delivered = random.gauss(0, NOISE)
            self.felt += MEMORY * (delivered - self.expected - self.felt)
            self.expected += LEARNING * (delivered - self.expected)
            self.revenue = self.wallet * PRICE[chosen] * math.exp(random.gauss(-0.02, 0.2))

    class Market(mesa.Model):
        def __init__(self) -> None:
            super().__init__()
            Customer.create_agents(self, customers)

        def step(self) -> None:
            self.agents.do("step")

    market = Market()
    return timed(lambda: [market.step() for _ in range(periods)], repeats)


def mesa_frames_step(customers: int, periods: int, repeats: int) -> list[float]:
    import numpy as np
    import polars as pl
    from mesa_frames import AgentSetPolars, ModelDF

    random = np.random.default_rng(1)

    class Customers(AgentSetPolars):
        def __init__(self, model: ModelDF) -> None:
            super().__init__(model)
            n = customers
            self += pl.DataFrame(
                {
                    "unique_id": np.arange(n),
                    "carrier": random.integers(0, 3, n),
                    "tenure": random.integers(0, 120, n),
                    **{f"taste_{j}": random.normal(0, 0.6, n) for j in range(3)},
                    "sensitivity": SENSITIVITY * np.exp(random.normal(0, 0.4, n)),
                    "wallet": 80 * np.exp(random.normal(0, 0.8, n)),
                    "expected": np.zeros(n),
                    "felt": np.zeros(n),
                    "revenue": np.zeros(n),
                }
            )

        def step(self) -> None:
            col, n = pl.col, customers
            bond = WEIGHT * col("felt") + COST + TENURE_COST * col("tenure") / (col("tenure") + HALF)
            scores = [
                (
                    col(f"taste_{j}")
                    - col("sensitivity") * PRICE[j]
                    + pl.Series(random.gumbel(size=n))
                    + pl.when(col("carrier") == j).then(bond).otherwise(0.0)
                ).alias(f"score_{j}")
                for j in range(3)
            ]
            best = pl.max_horizontal("score_0", "score_1", "score_2")
            chosen = pl.when(col("score_0") == best).then(0).when(col("score_1") == best).then(1).otherwise(2)
            stays = col("chosen") == col("carrier")
            delivered = pl.Series("delivered", random.normal(0, NOISE, n))
            luck = pl.Series("luck", np.exp(random.normal(-0.02, 0.2, n)))
            moved = (
                self.agents.with_columns(scores)
                .with_columns(chosen.cast(pl.Int64).alias("chosen"))
                .with_columns(
                    tenure=pl.when(stays).then(col("tenure") + 1).otherwise(0),
                    felt=pl.when(stays).then(col("felt")).otherwise(0.0),
                    expected=pl.when(stays).then(col("expected")).otherwise(0.0),
                    carrier=col("chosen"),
                )
            )
            price = pl.when(col("carrier") == 0).then(PRICE[0]).when(col("carrier") == 1).then(PRICE[1])
            self.agents = moved.with_columns(
                felt=col("felt") + MEMORY * (delivered - col("expected") - col("felt")),
                expected=col("expected") + LEARNING * (delivered - col("expected")),
                revenue=col("wallet") * price.otherwise(PRICE[2]) * luck,
            ).drop("score_0", "score_1", "score_2", "chosen")

    class Market(ModelDF):
        def __init__(self) -> None:
            super().__init__(seed=1)
            self.agents += Customers(self)

        def step(self) -> None:
            self.agents.do("step")

    market = Market()
    return timed(lambda: [market.step() for _ in range(periods)], repeats)


PEERS = {"mesa": (mesa_step, 50_000), "mesa-frames": (mesa_frames_step, 200_000)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mesa-python", help="interpreter of an environment with mesa")
    parser.add_argument("--mesa-frames-python", help="interpreter of an environment with mesa-frames")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--small", action="store_true", help="100,000 customers x 24 months")
    parser.add_argument("--peer", choices=PEERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peer:
        step, size = PEERS[options.peer]
        print(json.dumps(step(size, 12, options.repeats)))
        return
    customers, periods = (100_000, 24) if options.small else (1_000_000, 60)
    fresh(min(options.repeats, 5))
    rates = ours(customers, periods, options.repeats)
    for name, interpreter in (("mesa", options.mesa_python), ("mesa-frames", options.mesa_frames_python)):
        if interpreter is None:
            print(f"{name}: not measured; give its interpreter with --{name}-python")
            continue
        _, size = PEERS[name]
        command = [interpreter, __file__, "--peer", name, "--repeats", str(options.repeats)]
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        theirs = statistics.median(json.loads(out.splitlines()[-1])) / 12 / size
        mine = rates[str(size)]
        print(
            f"like step, {size:,} customers x 12: {name} {theirs * 1e9:,.0f} ns a customer-month, "
            f"ours {mine * 1e9:,.0f} ns (panel kept, customers drawn anew): {theirs / mine:,.1f} x"
        )


if __name__ == "__main__":
    main()
