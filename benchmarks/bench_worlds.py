"""Hold the report's judgement against worlds whose truth is known, and against two rules that need no model.

Targets, in the mean of each world: revenue expected over actual between .85 and 1.15; sum of absolute errors at most
1.05 times that of the better of "last year's revenue" and "last year's revenue if silent for at most three gaps"; Brier
score of P(alive) at most 1.05 times that of three gaps; the 80% intervals of the money at stake, and of all revenue
expected, hold it in 70 to 90%.

    python benchmarks/bench_worlds.py --seeds 20
    python benchmarks/bench_worlds.py --seeds 5 free steady
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

if __name__ == "__main__":
    from worlds import WORLDS
    from worlds_judged import table

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("worlds", nargs="*", help=", ".join(WORLDS))
    parser.add_argument("--seeds", type=int, default=20)
    given = parser.parse_args()
    made = table(range(1, given.seeds + 1), given.worlds or list(WORLDS))
    sys.stdout.write(made.drop(columns="seed", errors="ignore").round(3).T.to_string() + "\n")
