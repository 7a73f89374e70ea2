"""Lesson 07: what its prose says is what its data say, and its likely mistakes are what somebody would compute."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from stated import ANSWERS, LIKELY

from cvmlab import datasets, factors, portfolio
from cvmlab.core.words import read_table, word
from cvmlab.whatif import price_or_relationship, whale_curve

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
ATTRIBUTES = ["price", "trust", "innovation"]
CUT_OFFS = portfolio.TierCutOffs(
    0, high_profit=4_000, top_profit=12_000, large_sales=20_000, large_room=20_000, fast_growth=0.1
)


def near(question: str, worth: float, mistake: str = "", rel: float = 0.001) -> None:
    stated = LIKELY[f"whales.{question}", mistake] if mistake else ANSWERS[f"whales.{question}"]
    assert stated == pytest.approx(worth, rel=rel, abs=0.6 if abs(worth) > 100 else 0.05)


@pytest.fixture(scope="module")
def ledger() -> pd.DataFrame:
    ledger = datasets.load("packaging_ledger")
    return ledger.assign(profit=ledger["revenue"] - ledger["cost_of_goods"] - ledger["cost_to_serve"])


@pytest.fixture(scope="module")
def years(ledger: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    def of(year: int) -> pd.DataFrame:
        return ledger[ledger["year"] == year].groupby("customer_id", as_index=False).sum(numeric_only=True)

    return of(2024), of(2025)


@pytest.fixture(scope="module")
def tiers(ledger: pd.DataFrame, years: tuple[pd.DataFrame, pd.DataFrame]) -> pd.DataFrame:
    before, now = years
    customers = portfolio.over_years(ledger, 2)
    customers["wallet"] = (before["wallet"] + now["wallet"]) / 2
    customers["own_growth"] = now["wallet"] / before["wallet"] - 1
    return portfolio.assign_tiers(customers, CUT_OFFS).set_index("customer_id")


@pytest.fixture(scope="module")
def choices() -> pd.DataFrame:
    choices = datasets.load("packaging_choices")
    counts = choices.groupby(["customer_id", "occasion"])["choice_id"].nunique()
    assert (counts == 4).all() and len(counts) * 4 == 4_320
    return choices.assign(spend=choices["spend"] / 4)


@pytest.mark.parametrize("folder", ["", "zh"])
def test_the_cut_offs_and_assumptions_here_are_those_of_the_notebook(folder: str) -> None:
    cells = nbformat.read(FOLDER / folder / "07_whales_tiers_factors.ipynb", as_version=4).cells
    code = "".join(cell.source for cell in cells if cell.cell_type == "code")
    for stated in ("high_profit=4_000, top_profit=12_000", "large_room=20_000, fast_growth=0.1", "persistence=0.34"):
        assert stated in code
    assert code.count('service="cost_to_serve"') == 2
    # what the hint has the student type
    hints = "".join(cell.source for cell in cells if cell.cell_type == "markdown")
    assert 'after_dissolving(now, fixed_cost_share=…, persistence=0.34, service="cost_to_serve")' in hints
    assert "fixed_cost_share=0.15" in code and '"cut": 0.05, "assumed_margin": 0.3' in code


def test_the_whale_curve_of_the_quotation(years: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    _, now = years
    curve = portfolio.whale_curve(now)
    rule = portfolio.rule_20_80_30(now, seed=1).set_index("claim")
    assert rule["estimate"].round(2).tolist() == [1.16, 0.79, 0.32]
    # "both 80% and a half lie inside"
    told = rule.loc[["best_of_potential", "worst_takes"]]
    assert (told["verdict"] == "cannot_be_said").all() and told["claimed"].tolist() == [0.8, 0.5]
    assert told[["low", "high"]].round(2).to_numpy().tolist() == [[0.69, 0.94], [0.14, 0.59]]
    # "nearly half of what we earn"
    worst = -now["profit"].nsmallest(72).sum()
    assert worst / now["profit"].sum() == pytest.approx(0.47, abs=0.005)
    assert (worst, worst + now["profit"].sum()) == (281_910, 885_030)
    found = portfolio.peak(curve)
    assert (round(found.customer_share, 2), round(found.cumulative_share, 2)) == (0.66, 1.47)
    one = now.set_index("customer_id").loc["P118"]
    assert one[["revenue", "cost_of_goods", "cost_to_serve", "profit"]].tolist() == [74_780, 56_970, 13_580, 4_230]


def test_two_problems_one_of_which_lasts(years: tuple[pd.DataFrame, pd.DataFrame], tiers: pd.DataFrame) -> None:
    before, now = (year.set_index("customer_id")["profit"] for year in years)
    assert [before["P118"], now["P118"], before["P171"], now["P171"]] == [-15_240, 4_230, -6_580, -7_600]
    assert tiers.loc[["P118", "P171"], "tier"].tolist() == ["problem"] * 2


def test_most_of_the_worst_do_better_in_the_next_year(years: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    before, now = years
    worst = before["profit"].nsmallest(72)
    assert worst.sum() == -185_720
    assert before.set_index("customer_id")["profit"].nsmallest(72)["P118"] == -15_240
    same = now.loc[worst.index]
    cost = (same["revenue"] - same["profit"]).sum()
    assert (same["profit"].sum(), cost) == (-99_090, 651_880)
    near("gain", -same["profit"].sum() - 0.15 * cost)
    near("gain", -same["profit"].sum(), "all")
    near("gain", -worst.sum(), "before")
    near("gain", 0.15 * cost, "fixed")
    near("gain", 0.85 * cost, "avoidable")
    near("gain", -0.85 * same["profit"].sum(), "of_loss")
    near("gain", -same["profit"].sum() - 0.15 * same["revenue"].sum(), "of_sales")
    revenue = before.loc[worst.index, "revenue"].sum(), same["revenue"].sum()
    assert revenue[1] == pytest.approx(revenue[0], rel=0.01)  # "their sales hardly changed"


def by_hand(years: tuple[pd.DataFrame, ...], worst: pd.Index) -> list[float]:
    """Return what serving these customers cost beyond the usual, by numpy's own fit with the weights of the library."""
    found = []
    for year in years:
        sold, cost = year["revenue"], year["cost_to_serve"]
        slope, base = np.polyfit(sold, cost, 1, w=1 / np.sqrt(sold + sold.mean()))
        found.append(float((cost - base - slope * sold)[worst].sum()))
    return found


def test_the_share_of_unusual_cost_that_lasts(years: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    found = portfolio.lasting_cost(*years, seed=1, service="cost_to_serve")
    assert by_hand(years, years[0]["profit"].nsmallest(72).index) == pytest.approx(list(found[:2]))
    assert [round(each, 2) for each in found[2:]] == [0.34, 0.05, 0.66]
    # "about their whole loss", and a loss at usual cost in 2025
    assert found.unusual_before == pytest.approx(185_720, rel=0.001)
    assert 99_090 - found.unusual_after == pytest.approx(36_054, abs=1)


def test_parting_with_the_worst_is_foreseen_better_than_by_drawing_sales(
    years: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    before, _ = years
    steps = portfolio.after_dissolving(before, fixed_cost_share=0.15, persistence=0.34, service="cost_to_serve")
    foreseen = steps["change"].iloc[-1]
    worst = before.loc[before["profit"].nsmallest(72).index]
    unusual, _ = by_hand(years, worst.index)
    cost = (worst["revenue"] - worst["profit"]).sum() - 0.66 * unusual
    assert foreseen == pytest.approx(0.85 * cost - worst["revenue"].sum())
    # profit drawn to the mean of all, as it was done before
    share = 0.72
    drawn = {name: before[name].mean() + share * (worst[name] - before[name].mean()) for name in ("revenue", "profit")}
    drawn_change = (0.85 * (drawn["revenue"] - drawn["profit"]) - drawn["revenue"]).sum()
    seen = ANSWERS["whales.gain"]
    assert abs(foreseen - seen) < 0.6 * abs(drawn_change - seen)


# first the assumption is set, then the buttons are pressed
@pytest.mark.parametrize(
    ("fixed", "persistence", "expected"),
    [
        (0.15, 0.34, [31_800, 45_000, 47_000]),
        (0.15, 0.05, [-27_600, 33_200, 30_300]),
        (0.15, 0.65, [95_400, 57_700, 64_800]),
        (0.3, 0.34, [-59_100, 26_900, 30_200]),
    ],
)
def test_what_is_found_with_the_buttons(
    years: tuple[pd.DataFrame, pd.DataFrame], fixed: float, persistence: float, expected: list[float]
) -> None:
    start = portfolio.WorstCustomers(share=0.3, fixed_cost_share=0.15, persistence=0.34)
    what_if = whale_curve(years[1], start, service="cost_to_serve", currency="¥")
    for name, share in {"fixed_cost_share": fixed, "persistence": persistence}.items():
        slider = what_if.controls[name].widget
        assert (100 * share - slider.min) / slider.step % 1 == pytest.approx(0)
        slider.value = 100 * share
    found, said = [], []
    for preset in what_if._presets:
        preset.click()
        found.append(round(what_if.result["chance_evens_out"] - what_if.result["as_is"], -2))
        said.append(what_if.sentence.partition("expect ")[2])
    assert found == expected
    # the sentence of the widget says the same
    assert [said_one.split()[0] for said_one in said] == [f"¥{abs(gain) / 1000:g}k" for gain in expected]
    assert ["less" in said_one for said_one in said] == [gain < 0 for gain in expected]


def test_what_the_cheaper_service_may_cost(years: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    start = portfolio.WorstCustomers(share=0.3, fixed_cost_share=0.15, persistence=0.34, stay_share=0.9, saving=0.2)
    what_if = whale_curve(years[1], start, service="cost_to_serve")
    what_if.set(cost_each=650)
    assert abs(what_if.result["chance_evens_out"] - what_if.result["as_is"]) < 200


def test_parting_when_more_of_the_cost_is_fixed(years: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    def change(fixed: float, persistence: float, service: str | None = "cost_to_serve") -> pd.Series:
        options = {"fixed_cost_share": fixed, "persistence": persistence, "service": service}
        return portfolio.after_dissolving(years[1], **options).set_index("step")["change"]

    assert round(change(0.15, 0.34)["hoped"], -3) == 282_000
    near("fixed", change(0.25, 0.34)["chance_evens_out"])
    near("fixed", change(0.25, 0.34)["fixed_cost_stays"], "only_fixed")
    near("fixed", change(0.25, 0.34)["hoped"], "hoped")
    near("fixed", change(0.15, 0.34)["chance_evens_out"], "fifteen")
    near("fixed", change(0.3, 0.34)["chance_evens_out"], "thirty")
    near("fixed", change(0.25, 0.6)["chance_evens_out"], "usual")
    near("fixed", change(0.25, 0.34, None)["chance_evens_out"], "no_service")
    near("fixed", years[1]["profit"].sum() + change(0.25, 0.34)["chance_evens_out"], "profit")


def test_six_customers_and_their_tiers(tiers: pd.DataFrame) -> None:
    numbers = {tier: number for number, tier in enumerate(portfolio.TIERS, 1)}
    stated = {row["part"]: int(row["answer"]) for row in read_table("answers/several") if "whales" in row["question"]}
    assert {customer: numbers[tiers.loc[customer, "tier"]] for customer in stated} == stated
    rank = tiers["revenue"].rank(ascending=False)
    assert rank[["P118", "P156", "P033", "P025"]].tolist() == [10, 15, 17, 46]
    assert tiers.loc["P033", "opportunity"] and tiers.loc["P033", "profit"] == 3_300
    # "potential only because its own business grows"
    still = tiers.loc[["P156"]].assign(own_growth=0.0).reset_index()
    assert portfolio.assign_tiers(still, CUT_OFFS)["tier"].tolist() == ["general"]


def first_line_that_fits(customers: pd.DataFrame) -> list[str]:
    """Return the tier of each customer by the table of section 3, read from top to bottom."""
    profit, sales = customers["profit"], customers["revenue"]
    elsewhere, grows = customers["wallet"] - sales > 20_000, customers["own_growth"] > 0.1
    lines = {
        "problem": profit < 0,
        "diamond": (profit > 12_000) & (sales > 20_000),
        "strategic": (profit > 4_000) & (profit <= 12_000) & (elsewhere | grows),
        "gold": profit > 4_000,
        "potential": elsewhere & grows,
    }
    return np.select(list(lines.values()), list(lines), default="general").tolist()


def test_the_table_of_cut_offs_gives_every_customer_its_tier(tiers: pd.DataFrame) -> None:
    assert first_line_that_fits(tiers) == tiers["tier"].tolist()


def test_the_table_of_cut_offs_gives_any_other_customer_its_tier() -> None:
    profits, sales, rooms = (-1, 0, 4_000, 4_001, 12_000, 12_001), (20_000, 20_001), (20_000, 20_001)
    rows = list(product(profits, sales, rooms, (0.1, 0.11)))
    customers = pd.DataFrame(rows, columns=["profit", "revenue", "room", "own_growth"]).astype(float)
    customers["customer_id"] = [str(row) for row in range(len(rows))]
    customers["wallet"] = customers["revenue"] + customers["room"]
    placed = portfolio.assign_tiers(customers, CUT_OFFS)["tier"]
    assert first_line_that_fits(customers) == placed.tolist() and set(placed) == set(portfolio.TIERS)


@pytest.mark.parametrize("folder", ["", "zh"])
def test_the_lines_of_the_table_stand_in_the_order_of_the_code(folder: str) -> None:
    cells = nbformat.read(FOLDER / folder / "07_whales_tiers_factors.ipynb", as_version=4).cells
    prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    assert re.findall(r"^\| \*\*(\d)\*\* ", prose, re.M) == list("613245")


def test_hidden_losses(ledger: pd.DataFrame, tiers: pd.DataFrame) -> None:
    growth = portfolio.share_and_growth(ledger, ledger).set_index(["customer_id", "product"])
    film = growth.loc[("P236", "film")]
    assert film[["revenue_before", "revenue_after", "wallet_before", "wallet_after"]].tolist() == [
        376_030, 463_080, 449_810, 581_990,
    ]  # fmt: skip
    assert round(film["our_growth"], 2) == 0.23 and round(film["share_before"], 3) == 0.836
    assert -film["share_part"] == pytest.approx(23_450, abs=5)
    assert film["share_before"] * 581_990 == pytest.approx(486_530, abs=5)
    # competitors together sell the rest
    assert film["wallet_before"] - film["revenue_before"] == 73_780
    assert film["wallet_after"] - film["revenue_after"] == 118_910
    assert round(film["competitor_growth"], 2) == 0.61
    film = growth.loc[("P164", "film")]
    near("hidden", -film["share_part"])
    near("hidden", film["change"], "rise")
    near("hidden", film["own_growth_part"], "own")
    near("hidden", film["wallet_after"] - film["wallet_before"], "wallet")
    near("hidden", film["share_before"] * film["wallet_after"], "expected")
    near("hidden", -growth.loc[("P236", "film"), "share_part"], "other")
    near("hidden", film["wallet_after"] - film["wallet_before"] - film["change"], "rivals")
    assert film["finding"] == "hidden_loss"


def test_price_goes_first_in_most_answers_but_not_for_most_of_the_spend() -> None:
    first = factors.spend_by_first_factor(datasets.load("packaging_factors")).set_index("first_factor")
    shares = first.loc["price", ["share_of_answers", "share_of_spend"]]
    assert shares.astype(float).round(2).tolist() == [0.49, 0.41]
    assert round(first.loc["trust", "share_of_spend"], 2) == 0.46  # "with 46%, as with IBM"
    assert first["share_of_answers"].idxmax() == "price" and first["share_of_spend"].idxmax() == "trust"
    occasions = factors.spend_by_first_factor(datasets.load("packaging_factors"), by="occasion")
    most = occasions.loc[occasions.groupby("occasion")["share_of_spend"].idxmax()].set_index("occasion")
    assert most.loc[["rush", "new_product"], "first_factor"].tolist() == ["trust", "innovation"]
    assert most.loc[["rush", "new_product"], "share_of_spend"].astype(float).round(2).tolist() == [0.79, 0.49]


def test_where_the_cut_is_wasted(choices: pd.DataFrame) -> None:
    near("needed", 100 * 0.05 / 0.25)
    near("needed", 5, "same")
    near("needed", 100 * (1 / 0.95 - 1), "revenue")
    near("needed", 100 * 0.05 / 0.3, "old")
    asked = {"alternative": "linhe", "spend": "spend"}
    segment = factors.price_cut(choices, ATTRIBUTES, by="segment", **asked).set_index("segment")
    volume = segment["won_revenue"] / 0.95
    near("rush", 100 * segment.loc["bakery", "profit_change"], "bakery")
    assert {name for name, more in volume.items() if more > 0.2} == {"canteen"}
    occasion = factors.price_cut(choices, ATTRIBUTES, by="occasion", **asked).set_index("occasion")
    near("rush", 100 * occasion.loc["rush", "profit_change"])
    near("rush", -100 * occasion.loc["rush", "profit_change"], "sign")
    near("rush", 100 * occasion.loc["rush", "revenue_change_share"], "revenue")
    near("rush", 100 * occasion.loc["new_product", "profit_change"], "new", rel=0.03)
    near("rush", 100 * occasion.loc["rush", "won_revenue"] / 0.95, "volume")
    # "(2.85)", "more than half of the 5%"
    assert round(-100 * occasion.loc["rush", "profit_change"], 2) == 2.85
    # what buyers say and what they choose differ: new products go first by innovation in the survey
    assert occasion.loc["new_product", "first_factor"] == "price"


def test_what_is_found_with_price_or_relationship(choices: pd.DataFrame) -> None:
    what_if = price_or_relationship(choices)

    def found(name: str, **change: float) -> float:
        what_if.reset()
        what_if.set(**change)
        return float(round(what_if.result[name], -2))

    assert [found(name) for name in ("won", "given_away", "cut_profit")] == [176_700, 144_700, -98_200]
    assert found("cut_profit", margin=0.6) < 0 and found("trust_profit") == 58_600
    # what a buyer may cost, by segment: bakery, bakery chain, canteen, food shop
    what_if.set(cost_each=0)
    buyers = choices.groupby("segment")["customer_id"].nunique()
    worth = what_if.result["by_trust"] / buyers.to_numpy()
    assert worth.round(-1).tolist() == [540, 1_870, 170, 170] == what_if.result["worth_each"].round(-1).tolist()
    what_if.reset()
    canteen = {}
    for matched in (0.0, 0.3, 0.4):
        what_if.set(follow=matched)
        canteen[matched] = what_if.result["by_cut"][2]
    assert round(canteen[0.0], -2) == 10_100 and canteen[0.3] > 0 > canteen[0.4]


def test_all_repeats_of_canteens_are_taste() -> None:
    orders = datasets.load("packaging_orders")
    canteen, bakery = (
        factors.repeats_against_taste(orders[orders["segment"] == name]) for name in ("canteen", "bakery")
    )
    assert canteen.observed == pytest.approx(canteen.own_taste, abs=0.01)
    assert bakery.observed > bakery.high


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_letter_has_the_figures_of_the_lesson(language: str) -> None:
    letter = getattr(word("exam.07_letter_model"), language)
    assert set(re.findall(r"\d+,\d{3}", letter)) == {"1,300", "176,700", "98,200", "58,600"}
    assert round(ANSWERS["whales.gain"], -2) == 1_300
    # the other figure that the marker accepts is that of the what-if
    point = getattr(word("exam.07_letter_2"), language)
    assert set(re.findall(r"\d+,\d{3}", point)) == {"1,300", f"{round(LIKELY['whales.fixed', 'fifteen'], -2):,.0f}"}
