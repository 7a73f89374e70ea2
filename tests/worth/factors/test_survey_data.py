"""The survey of Linhe's buyers: the same content from the same seed."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from cvmlab import datasets

FOLDER = Path(__file__).parents[3] / "datasets"


def test_the_generator_makes_exactly_what_is_shipped(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    script = importlib.import_module("make_packaging_factors")
    digest = importlib.import_module("parquet_files").digest
    for name in ("make_packaging_factors", "parquet_files"):
        monkeypatch.delitem(sys.modules, name)
    made = script.tables()
    assert set(made) == {"packaging_choices", "packaging_factors", "packaging_factors_truth", "packaging_orders"}
    for table, frame in made.items():
        assert digest(frame) == digest(datasets.load(table)), table
    assert sum(datasets.path(table).stat().st_size for table in made) < 100_000


def test_every_choice_has_three_offers_one_chosen_and_every_second_buyer_ranks():
    choices = datasets.load("packaging_choices")
    sets = choices.groupby(["customer_id", "choice_id"])
    assert (sets.size() == 3).all()
    assert (sets["chosen"].sum() == 1).all()
    assert set(sets["rank"].count().groupby("customer_id").first()) == {1, 3}
    assert choices[["trust", "innovation"]].to_numpy().min() >= 1
    assert choices[["trust", "innovation"]].to_numpy().max() <= 7
    said = datasets.load("packaging_factors")
    ranks = said[["rank_price", "rank_trust", "rank_innovation"]].to_numpy()
    assert (ranks.sum(axis=1) == 6).all()
    joined = choices.merge(said, on=["customer_id", "occasion"])
    assert (joined["spend_x"] == joined["spend_y"]).all()
    assert (joined["first_factor_x"] == joined["first_factor_y"]).all()
