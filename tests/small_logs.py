"""Small ordinary logs of many kinds, and every section of the report made from them, as the template does."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from cvmlab import speaking
from cvmlab.case import Assumptions, Case, study
from cvmlab.core.words import CvmError
from cvmlab.data import reading
from cvmlab.report import data_quality, ending, figures, first_page, lists, portfolio, relationship, sections

# What no reader may meet: a figure that is none, in a table or a sentence.
NO_FIGURE = re.compile(r"\b([Nn]a[Nn]|[Ii]nf|NaT|None|null)\b")
# What `study` documents that it refuses.
REFUSED = {"case.one_customer", "case.all_zero", "case.negative_total", "case.too_large", "reading.all_rows_bad"}


def small_log(seed: int, kind: str = "") -> pd.DataFrame:
    """Return a log of 1 to 80 customers: from one day to three years, with or without refunds, zeros and profits."""
    # one customer is refused whatever is done to the log: the ordinary logs show it often enough
    return KINDS[kind](_ordinary(seed, fewest=2 if kind else 1), np.random.default_rng([seed, 1]))


def _ordinary(seed: int, fewest: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    customers = max(fewest, int(random.choice([1, 2, 3, random.integers(4, 20), random.integers(20, 81)])))
    days = int(random.choice([1, 2, 31, 61, 200, 366, 730, 1100]))
    most = int(random.choice([1, 1, 2, 5, 30]))
    count = random.integers(1, most + 1, customers)
    customer = np.repeat(np.arange(customers), count)
    day = random.integers(0, days, len(customer))
    amount = _amounts(random, len(customer))
    frame = pd.DataFrame(
        {
            "customer_id": [f"P{i:02}" for i in customer],
            "date": (pd.Timestamp(2021, 1, 4) + pd.to_timedelta(day, unit="D")).strftime("%Y-%m-%d"),
            "amount": amount,
        }
    )
    if random.uniform() < 0.5:
        frame["order_id"] = [f"R{i // random.integers(1, 3)}" for i in range(len(frame))]
    if random.uniform() < 0.3:
        frame["profit"] = np.round(amount * random.uniform(-0.2, 0.5, len(frame)), 2)
    if random.uniform() < 0.3:
        frame["product"] = [f"product {i}" for i in random.integers(0, 5, len(frame))]
    if random.uniform() < 0.3:
        frame["owner"] = [("Li", "Han", "")[i] for i in customer % 3]
    return frame


def _numbered(frame: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    return frame.assign(customer_id=frame["customer_id"].str[1:].astype(int) + 9_990)


def _timed(frame: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    seconds = pd.to_timedelta(random.integers(0, 86_400, len(frame)), unit="s")
    return frame.assign(date=(pd.to_datetime(frame["date"]) + seconds).dt.strftime("%Y-%m-%d %H:%M:%S"))


def _several_lines(frame: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    lines = frame.assign(order_id=[f"R{i}" for i in range(len(frame))])
    lines = lines.loc[np.repeat(frame.index, random.integers(1, 5, len(frame)))].reset_index(drop=True)
    lines["amount"] = (lines["amount"] * random.uniform(0.2, 1.5, len(lines))).round(2)
    return lines.assign(product=[f"product {i}" for i in random.integers(0, 12, len(lines))])


def _with_currency(frame: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    return frame.assign(currency=random.choice(["CNY", "EUR", "USD"]))


def _one_buys_often(frame: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    more = frame.sample(500, replace=True, random_state=random).assign(customer_id="P00")
    days = pd.to_timedelta(random.integers(0, 900, len(more)), unit="D")
    more["date"] = (pd.Timestamp(2021, 1, 4) + days).strftime("%Y-%m-%d")
    return pd.concat([frame, more], ignore_index=True)


def _pay(frame: pd.DataFrame, random: np.random.Generator, step: pd.DateOffset, most: int) -> pd.DataFrame:
    """Let each customer pay the amount of their first row from step to step, until some time."""
    firsts = frame.drop_duplicates("customer_id")
    rows = firsts.loc[np.repeat(firsts.index, random.integers(1, most + 1, len(firsts)))]
    number = rows.groupby("customer_id").cumcount()
    dates = [pd.Timestamp(day) + int(i) * step for day, i in zip(rows["date"], number, strict=True)]
    return rows.assign(date=[f"{day:%Y-%m-%d}" for day in dates]).reset_index(drop=True)


def _monthly(frame: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    return _pay(frame, random, pd.DateOffset(months=1), 36)


def _yearly(frame: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    return _pay(frame.assign(date="2015-06-18"), random, pd.DateOffset(years=1), 8)


def _returned(frame: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    back = frame[random.uniform(size=len(frame)) < random.choice([0.2, 0.5, 0.8])]
    later = pd.to_datetime(back["date"]) + pd.to_timedelta(random.integers(0, 40, len(back)), unit="D")
    back = back.assign(amount=-back["amount"], date=later.dt.strftime("%Y-%m-%d"))
    return pd.concat([frame, back], ignore_index=True)


def _giant(frame: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    is_giant = frame["customer_id"] == frame["customer_id"].iloc[0]
    return frame.assign(amount=(frame["amount"] * np.where(is_giant, 1e6, 1.0)).round(2))


def _profit_alone(frame: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    profit = np.round(random.uniform(-20, 90, len(frame)), 2)
    return frame.assign(profit=profit, amount=np.where(random.uniform(size=len(frame)) < 0.5, 0.0, frame["amount"]))


def _ahead(frame: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    years = int(random.choice([20, 60]))
    moved = (pd.to_datetime(frame["date"]) + pd.DateOffset(years=years)).dt.strftime("%Y-%m-%d")
    return frame.assign(
        date=moved.where(random.uniform(size=len(frame)) < random.choice([0.1, 0.5, 1.0]), frame["date"])
    )


# What is done to an ordinary log to make one of a further kind.
KINDS = {
    "": lambda frame, random: frame,
    "ids are numbers": _numbered,
    "times of day": _timed,
    "several lines per order": _several_lines,
    "currency": _with_currency,
    "one customer buys often": _one_buys_often,
    "monthly payers": _monthly,
    "one day a year": _yearly,
    "returned": _returned,
    "one giant": _giant,
    "profit without amount": _profit_alone,
    "dates ahead": _ahead,
}


def _amounts(random: np.random.Generator, size: int) -> np.ndarray[Any, Any]:
    kind = random.choice(["ordinary", "equal", "tiny", "huge", "mixed", "whole"])
    amount = {
        "ordinary": random.lognormal(4, 1, size),
        "equal": np.full(size, 25.0),
        "tiny": random.integers(1, 9, size) / 100,
        "huge": random.lognormal(20, 1, size),
        "mixed": random.lognormal(3, 4, size),
        "whole": random.integers(1, 300, size).astype(float),
    }[kind]
    if random.uniform() < 0.3:
        amount = np.where(random.uniform(size=size) < 0.2, -amount * random.choice([1.0, 0.5]), amount)
    if random.uniform() < 0.3:
        amount = np.where(random.uniform(size=size) < 0.3, 0.0, amount)
    return np.asarray(np.round(amount, 2))


def stated(seed: int) -> Assumptions:
    """Return the assumptions for a log: none for most, a margin with costs for some."""
    if seed % 4:
        return Assumptions()
    return Assumptions(margin=0.3, cost_per_order=2.0, budget=1000.0, horizon_months=(12, 1, 36)[seed % 3])


def every_section(case: Case, log: reading.Log, folder: Path) -> Iterator[Any]:
    """Yield the pieces of every section of a report, in the order of the template."""
    yield from first_page.page_one(case, log.name)
    for section in (sections.base, sections.who_brings, portfolio.tiers):
        yield from section(case)
    for section in (sections.value_matrix, sections.thresholds, sections.moved, portfolio.falls, portfolio.products):
        yield from section(case)
    evidence = relationship.stage_evidence_of(case)
    yield from relationship.stages_section(case, evidence)
    yield from relationship.patterns_section(case, evidence)
    for section in (sections.backtested, sections.rfm_bridge, sections.recommendations, portfolio.budget):
        yield from section(case)
    yield from ending.assumptions(case)
    yield from data_quality.quality(log.quality, log.mapping)
    yield from ending.closing(case, lists.write_lists(case, folder))


def read_aloud(case: Case, log: reading.Log, folder: Path) -> list[str]:
    """Return what the report of a case says, in words and as the texts of its pictures."""
    pieces = every_section(case, log, folder)
    said = [re.sub(r"<style.*?</style>|<[^>]*>", " ", getattr(piece, "alt", None) or piece.text) for piece in pieces]
    plt.close("all")
    return said


def faults(seed: int, folder: Path, kind: str = "") -> list[str]:
    """Return what is wrong with the reports, in both languages, of one small log; nothing if all is well."""
    found: list[str] = []
    # nobody looks at the pictures: at a quarter of the resolution a log takes half the time
    coarse = patch.object(figures, "_DOTS_PER_INCH", 48)
    with warnings.catch_warnings(record=True) as caught, coarse:
        warnings.simplefilter("always")
        try:
            log = reading.read(small_log(seed, kind), name="small")
            case = study(log, stated(seed))
        except CvmError as error:
            return [] if error.key in REFUSED else [f"{seed}: refused: {error}"]
        for language in ("en", "zh"):
            with speaking(language):
                said = read_aloud(case, log, folder / f"{seed}-{language}")
            found += [
                f"{seed} {language}: {hit[0]!r} in {text[:300]!r}"
                for text in said
                for hit in [NO_FIGURE.search(text)]
                if hit
            ]
    ignored = ("Glyph",)
    found += [
        f"{seed}: {w.category.__name__}: {w.message} ({w.filename}:{w.lineno})"
        for w in caught
        # what another test left open may be collected while this one runs
        if not str(w.message).startswith(ignored) and w.category is not ResourceWarning
    ]
    return found
