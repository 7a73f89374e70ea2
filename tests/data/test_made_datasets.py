"""The datasets that we make: same content from the same seed, figures like a carrier's, truths that can be found."""

import importlib
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cvmlab import aggregate, datasets, stages

FOLDER = Path(__file__).parents[2] / "datasets"
GENERATORS = (
    "make_appliances", "make_carrier", "make_carrier_interviews", "make_dealer_leads", "make_office_supplies",
    "make_packaging_contracts", "make_packaging_film", "make_packaging_ledger",
)  # fmt: skip
REASONS = {"given_up", "left_on_own", "poached", "attracted", "forced_to_leave", "other_reason"}


@pytest.fixture
def generator(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))

    def load(name):
        module = importlib.import_module(name)
        monkeypatch.delitem(sys.modules, name)
        return module

    return load


def mean_difference(frame, group, outcome):
    """Difference of means with its standard error."""
    parts = frame.groupby(group)[outcome].agg(["mean", "var", "size"])
    difference = parts.loc[True, "mean"] - parts.loc[False, "mean"]
    return difference, float(np.sqrt((parts["var"] / parts["size"]).sum()))


# --- the same content from the same seed ---------------------------------------------------------


@pytest.mark.parametrize("name", GENERATORS)
def test_the_generator_makes_exactly_what_is_shipped(generator, name):
    digest = generator("parquet_files").digest
    made = generator(name).tables()
    assert set(made) <= set(datasets.names())
    for table, frame in made.items():
        assert digest(frame) == digest(datasets.load(table)), table


def test_the_same_table_is_written_as_the_same_bytes(generator, tmp_path):
    write = generator("parquet_files").write
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
        write(generator("make_dealer_leads").tables(), tmp_path / folder)
    for name in ("dealer_leads.parquet", "dealer_leads_truth.parquet"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()


@pytest.mark.parametrize("name", GENERATORS)
def test_a_script_that_is_asked_for_help_writes_nothing(generator, name, monkeypatch, capsys):
    made = generator(name)
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    with pytest.raises(SystemExit):
        generator("parquet_files").run(made.__doc__, lambda: pytest.fail("the tables were made"))
    assert "--output" in capsys.readouterr().out
    assert made.run.__module__ == "parquet_files"


def test_a_digest_sees_a_changed_cent_a_changed_id_and_a_changed_name(generator):
    digest = generator("parquet_files").digest
    frame = pd.DataFrame({"customer_id": ["007", "8"], "amount": [1.0, 2.0]})
    changed = (
        frame.assign(amount=[1.0, 2.01]),
        frame.assign(customer_id=["7", "8"]),
        frame.rename(columns={"amount": "profit"}),
    )
    assert len({digest(table) for table in (frame, *changed)}) == 4
    assert digest(frame) == digest(frame.astype({"customer_id": "category"}))


def test_what_we_made_takes_less_than_eight_megabytes(generator):
    ours = [name for name in datasets.names() if name.startswith(("appliances", "carrier", "dealer", "office"))]
    assert len(ours) == 18
    assert sum(datasets.path(name).stat().st_size for name in ours) < 8_000_000


# --- the carrier ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def carrier():
    return datasets.load("carrier")


@pytest.fixture(scope="module")
def subscribers():
    return datasets.load("carrier_subscribers")


def test_customers_and_months_are_as_many_as_said(carrier):
    assert 20_000 <= carrier["customer_id"].nunique() <= 25_000
    assert carrier["date"].dt.to_period("M").nunique() == 36
    assert carrier["date"].dt.is_month_end.all()
    assert not carrier.duplicated(["customer_id", "date"]).any()
    assert (carrier["amount"] > 0).all()


def test_yearly_churn_is_that_of_a_carrier_and_rises(subscribers):
    rates = []
    for year in (2009, 2010, 2011):
        begin, end = pd.Timestamp(year, 1, 1), pd.Timestamp(year, 12, 31)
        there = subscribers[(subscribers["joined_date"] < begin) & ~(subscribers["left_date"] < begin)]
        rates.append((there["left_date"] <= end).mean())
    assert all(0.10 <= rate <= 0.30 for rate in rates)
    assert rates == sorted(rates)


def test_the_launch_is_visible_but_not_absurd(subscribers):
    left = subscribers["left_date"].dt.to_period("M").value_counts().sort_index()
    before, after = left["2010-03":"2010-08"].mean(), left["2010-11":"2011-04"].mean()
    assert 1.2 < after / before < 2.5


def test_revenue_has_a_heavy_tail_and_the_whale_curve_rises_above_one(carrier):
    totals = carrier.groupby("customer_id")[["amount", "profit"]].sum()
    fifth = len(totals) // 5
    revenue = totals["amount"].sort_values(ascending=False)
    curve = totals["profit"].sort_values(ascending=False).cumsum() / totals["profit"].sum()
    assert 0.45 < revenue.iloc[:fifth].sum() / revenue.sum() < 0.70
    assert revenue.max() > 20 * revenue.median()
    assert 1.10 < curve.max() < 1.50
    assert 0.70 < curve.iloc[fifth] < 0.90  # CVM-CRM §1: the best 20% bring 80%
    assert 0.15 < (totals["profit"] < 0).mean() < 0.35


def test_revenue_a_customer_and_month_is_near_what_the_card_aims_at(carrier):
    months = len(datasets.load("carrier_truth_stages"))
    assert 70 < carrier["amount"].sum() / months < 80


def test_the_tables_tell_one_story(carrier, subscribers):
    truth = datasets.load("carrier_truth")
    assert truth["customer_id"].is_unique
    assert set(carrier["customer_id"]) <= set(truth["customer_id"]) == set(subscribers["customer_id"])
    last = subscribers.groupby("customer_id").tail(1).set_index("customer_id")
    here = truth.set_index("customer_id")["carrier"] == "Mobile"
    assert (last["left_date"].isna() == here.loc[last.index]).all()
    assert (subscribers["left_date"] > subscribers["joined_date"])[subscribers["left_date"].notna()].all()
    final = carrier.groupby("customer_id")["date"].max()
    gone = last["left_date"].dropna()
    # the last bill is that of the month before leaving
    assert (final.loc[gone.index.intersection(final.index)] < gone.loc[gone.index.intersection(final.index)]).all()
    for name in ("carrier_surveys", "carrier_complaints", "carrier_offer"):
        assert set(datasets.load(name)["customer_id"]) <= set(truth["customer_id"])


def test_the_log_holds_the_money_of_the_market_but_for_open_small_bills(generator, carrier):
    maker = generator("make_carrier")
    result, _ = maker.market()
    revenue, _, present = maker.our_month(result)
    totals = carrier.groupby("customer_id")["amount"].sum()
    expected = pd.Series(revenue.sum(axis=0) / 100, index=result.customer_id())
    gaps = expected - totals.reindex(expected.index, fill_value=0)
    # less than 25 yuan is open at either end
    assert gaps.between(-25, 25, inclusive="neither").all()
    assert (gaps[~present[0]] > -0.005).all()
    assert abs(gaps.sum()) < 0.002 * expected.sum()


def test_who_pays_every_other_month_does_not_pay_in_the_same_one(carrier):
    paying = carrier.groupby(carrier["date"].dt.to_period("M")).size()
    assert (paying / paying.shift()).iloc[1:].between(0.96, 1.04).all()


def test_all_six_reasons_and_all_four_patterns_occur(subscribers):
    truth = datasets.load("carrier_truth")
    assert set(truth["reason"]) == REASONS | {""}
    assert set(truth["pattern"]) == {"I", "II", "III", "IV", ""}
    assert ((truth["reason"] == "") == (truth["pattern"] == "")).all()
    asked = subscribers[subscribers["stated_reason"] != ""]
    assert asked["left_date"].notna().all()
    assert 0.35 < len(asked) / subscribers["left_date"].notna().sum() < 0.45


def test_the_dissatisfied_leave_more_but_satisfaction_alone_says_little(subscribers):
    answers = datasets.load("carrier_surveys").merge(subscribers, on="customer_id")
    answers = answers[~(answers["left_date"] < answers["date"]) & (answers["joined_date"] <= answers["date"])]
    soon = answers["left_date"] < answers["date"] + pd.DateOffset(months=6)
    difference, error = mean_difference(answers.assign(soon=soon), "soon", "satisfaction")
    assert difference < -2 * error
    assert abs(answers["satisfaction"].corr(soon.astype(float))) < 0.2


def test_those_who_complained_leave_more_counted_from_one_day_on(subscribers):
    complaints, day = datasets.load("carrier_complaints"), pd.Timestamp("2010-07-01")
    recent = complaints[complaints["date"].between(day - pd.DateOffset(months=6), day, inclusive="left")]
    there = subscribers[(subscribers["joined_date"] < day) & ~(subscribers["left_date"] < day)]
    leaves = there["left_date"] < day + pd.DateOffset(months=12)
    rate = leaves.groupby(there["customer_id"].isin(set(recent["customer_id"]))).mean()
    assert rate[True] > 1.2 * rate[False]
    # counted over a lifetime it looks the other way round: who stays longer has more time to complain
    ever = subscribers["customer_id"].isin(set(complaints["customer_id"]))
    gone = subscribers["left_date"].notna().groupby(ever).mean()
    assert gone[True] < gone[False]


def test_the_randomised_offer_finds_the_known_effect_and_the_truth_is_what_was_seen():
    trial = datasets.load("carrier_offer").merge(datasets.load("carrier_truth"), on="customer_id")
    effect, error = mean_difference(trial, "offered", "left_within_6_months")
    shares = trial["offer_response"].value_counts(normalize=True)
    known = shares.get("driven_away", 0) - shares["persuaded"]
    assert abs(effect - known) < 3 * error
    assert known < 0
    seen = trial["offered"].map({True: {"leaves_anyway", "driven_away"}, False: {"leaves_anyway", "persuaded"}})
    leaves = [response in left for response, left in zip(trial["offer_response"], seen, strict=True)]
    assert (trial["left_within_6_months"] == leaves).all()
    # an offer to everybody loses money although it keeps customers
    assert mean_difference(trial, "offered", "profit")[0] < 0


# --- interviews and reasons ----------------------------------------------------------------------


def test_the_four_of_the_case_are_told_as_the_textbook_has_them():
    # CRM3, chapter 3: Y 26 Beijing, S 28 Jinan, L 30 Shenzhen keeps both, H 50 Guangzhou; Unicom but S to Telecom
    four = datasets.load("carrier_interviews").set_index("customer_id")
    assert four["age"].to_dict() == {"Y": 26, "S": 28, "L": 30, "H": 50}
    assert four["city"].to_dict() == {"Y": "Beijing", "S": "Jinan", "L": "Shenzhen", "H": "Guangzhou"}
    assert four["joined"].to_dict() == {"Y": "Unicom", "S": "Telecom", "L": "Unicom", "H": "Unicom"}
    assert four.index[four["kept_old_number"]].tolist() == ["L"]
    for column in ("story_en", "story_zh"):
        assert four[column].str.contains("iPhone").to_dict() == {"Y": True, "S": False, "L": True, "H": True}


def test_reasons_are_varied_complete_and_alike_in_both_languages(generator):
    sentences = generator("make_carrier_interviews").read_sentences()
    assert len({row["en"] for row in sentences}) == len({row["zh"] for row in sentences}) == len(sentences) >= 60
    assert {row["reason"] for row in sentences} == REASONS
    texts = datasets.load("carrier_reasons")
    codes = datasets.load("carrier_reasons_truth")
    assert texts["customer_id"].tolist() == codes["customer_id"].tolist()
    assert texts["text_en"].is_unique
    assert texts["text_zh"].is_unique
    assert set(codes["reason"]) == REASONS
    assert codes["reason"].value_counts().min() >= 20
    assert set(codes["second_reason"]) <= REASONS | {""}
    assert not (codes["reason"] == codes["second_reason"]).any()
    assert not texts["text_en"].str.contains(r"[{}]|[一-鿿]").any()
    numbers = [texts[column].str.findall(r"\d+").map(sorted) for column in ("text_en", "text_zh")]
    # a Chinese 3G is the English third generation
    assert (numbers[0] == numbers[1].map(lambda found: [number for number in found if number != "3"])).mean() > 0.95


def test_a_text_has_the_code_of_the_sentence_it_was_made_from(generator):
    sentences = generator("make_carrier_interviews").read_sentences()
    patterns = [re.sub(r"\\{[a-z]+\\}", ".+", re.escape(row["en"])) for row in sentences]
    merged = datasets.load("carrier_reasons").merge(datasets.load("carrier_reasons_truth"), on="customer_id")
    for row in merged.itertuples():
        found = [
            sentence
            for sentence, pattern in zip(sentences, patterns, strict=True)
            if re.search(f"(^|[.?] ){pattern}$", row.text_en)
        ]
        assert [(made["reason"], made["second_reason"]) for made in found] == [(row.reason, row.second_reason)]


# --- dealer leads --------------------------------------------------------------------------------


def within_dealer(leads):
    """Effect of an answer in time within dealers (fixed effects), with its robust standard error."""
    by_dealer = leads.groupby("dealer_id")
    fast = leads["fast"] - by_dealer["fast"].transform("mean")
    sold = leads["bought"] - by_dealer["bought"].transform("mean")
    effect = (fast * sold).sum() / (fast**2).sum()
    return effect, float(np.sqrt((fast**2 * (sold - effect * fast) ** 2).sum()) / (fast**2).sum())


def permitted(leads, truth):
    merged = leads.merge(truth, on="customer_id")
    merged = merged[merged["permission"]]
    return merged.assign(fast=merged["days_to_feedback"] <= 7)


def test_the_plain_difference_is_biased_and_the_dealer_accounts_for_it():
    leads = permitted(datasets.load("dealer_leads"), datasets.load("dealer_leads_truth"))
    known = leads["buys_if_in_time"].mean() - leads["buys_if_late"].mean()
    naive, naive_error = mean_difference(leads, "fast", "bought")
    adjusted, error = within_dealer(leads)
    assert naive - known > 0.035  # the card says 10 points for 5
    assert naive - known > 4 * naive_error
    assert abs(adjusted - known) < 1.96 * error
    assert adjusted > 3 * error


def test_adjustment_for_the_dealer_is_right_on_average_over_other_seeds(generator, monkeypatch):
    maker, off = generator("make_dealer_leads"), []
    for seed in range(1, 7):
        monkeypatch.setattr(maker, "SEED", seed)
        made = maker.tables()
        leads = permitted(made["dealer_leads"], made["dealer_leads_truth"])
        known = leads["buys_if_in_time"].mean() - leads["buys_if_late"].mean()
        adjusted, error = within_dealer(leads)
        off.append((adjusted - known) / error)
    assert abs(np.mean(off)) < 3 / np.sqrt(len(off))


def test_what_was_seen_of_a_lead_is_one_of_its_two_truths():
    leads = permitted(datasets.load("dealer_leads"), datasets.load("dealer_leads_truth"))
    seen = np.where(leads["fast"], leads["buys_if_in_time"], leads["buys_if_late"])
    assert (leads["bought"] == seen).all()
    assert (leads["buys_if_in_time"] | ~leads["buys_if_late"]).all()


def test_leads_follow_the_rules_of_the_case():
    leads = datasets.load("dealer_leads")
    assert leads["days_to_feedback"].isna()[~leads["permission"]].all()
    assert leads["visited"][leads["bought"]].all()
    assert (leads["sale_date"].notna() == leads["bought"]).all()
    assert (leads["sale_date"] > leads["date"])[leads["bought"]].all()
    assert ((leads["price"] > 0) == leads["bought"]).all()
    assert (leads["club_points"][~leads["bought"]] == 0).all()
    # the loop is closed: who recommends owns a car by then, and is served by the same dealer
    new = leads[leads["channel"] == "recommendation"]
    owners = leads.set_index("customer_id").loc[new["recommended_by"]]
    assert len(new) > 300
    assert (owners["sale_date"].to_numpy() < new["date"].to_numpy()).all()
    assert (owners["dealer_id"].to_numpy() == new["dealer_id"].to_numpy()).all()
    assert (leads["recommended_by"][leads["channel"] != "recommendation"] == "").all()


# --- appliances ----------------------------------------------------------------------------------


def test_the_coin_finds_what_a_visit_adds_and_the_choice_of_the_staff_does_not():
    visits = datasets.load("appliances_visits")
    known = datasets.load("appliances_visits_truth")["visit_adds_margin"].mean()
    coin, error = mean_difference(visits[visits["by_coin"]], "visited", "margin_12_months")
    staff, staff_error = mean_difference(visits[~visits["by_coin"]], "visited", "margin_12_months")
    assert abs(coin - known) < 1.96 * error
    assert staff - known > 4 * staff_error


def test_a_visit_pays_on_average_but_not_for_one_appliance():
    visits = datasets.load("appliances_visits")
    truth = datasets.load("appliances_visits_truth")
    assert (visits["customer_id"] == truth["customer_id"]).all()
    cost = visits.loc[visits["visited"], "visit_cost"].mean()
    single = visits["appliances"] == 1
    assert truth["visit_adds_margin"].mean() > cost > truth["visit_adds_margin"][single].mean()


def test_third_birthdays_and_the_year_after_follow_from_the_log():
    log, visits = datasets.load("appliances"), datasets.load("appliances_visits")
    assert (visits["third_birthday"] == visits["bought_on"] + pd.DateOffset(years=3)).all()
    bought = set(zip(log["customer_id"], log["date"], log["product"], strict=True))
    assert set(zip(visits["customer_id"], visits["bought_on"], visits["product"], strict=True)) <= bought
    sample = visits.sample(200, random_state=1).reset_index(drop=True)
    pairs = sample.reset_index().merge(log[["customer_id", "date", "amount"]], on="customer_id")
    months = (pairs["date"].dt.year - pairs["third_birthday"].dt.year) * 12
    months += pairs["date"].dt.month - pairs["third_birthday"].dt.month
    spent = pairs[months.between(1, 12)].groupby("index")["amount"].sum().reindex(sample.index, fill_value=0.0)
    assert np.allclose(spent, sample["revenue_12_months"])


# --- office supplies -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def office():
    return datasets.load("office_supplies")


def test_a_customers_month_has_the_money_and_the_breadth_of_its_relationship(generator, office):
    maker = generator("make_office_supplies")
    made = maker.truth()
    revenue, profit = maker.month_money(made)
    month = (office["date"].dt.year - 2015) * 12 + office["date"].dt.month - 1
    customer = office["customer_id"].str[1:].astype(int) - 1
    for name, known in (("amount", revenue), ("profit", np.where(revenue > 0, profit, 0))):
        summed = np.zeros(known.shape, np.int64)
        np.add.at(summed, (month, customer), (office[name] * 100).round().astype(np.int64))
        assert (summed == known).all()
    bought = office[office["amount"] > 0]
    breadth = bought["product"].groupby([month[bought.index], customer[bought.index]]).nunique()
    known = made.panel["breadth"][tuple(breadth.index.to_frame().to_numpy().T)]
    assert (breadth.to_numpy() == np.minimum(known, 12)).all()


def test_orders_have_one_customer_and_one_working_day_and_returns_follow_them(office):
    assert (office["date"].dt.day_of_week < 5).all()
    sold, back = office[office["amount"] > 0], office[office["amount"] < 0]
    assert len(sold) + len(back) == len(office)
    assert 0 < len(back) < 0.01 * len(office)
    orders = sold[["order_id", "customer_id", "date"]].drop_duplicates()
    assert orders["order_id"].is_unique
    pairs = back.merge(sold, on=["order_id", "customer_id", "product"], suffixes=("", "_sold"))
    assert len(pairs) == len(back)
    assert (pairs["date"] > pairs["date_sold"]).all()
    assert (-pairs["amount"] < pairs["amount_sold"]).all()


def test_newcomers_come_to_buy_more_and_the_truth_tells_one_story(office):
    panel = aggregate.panel(aggregate.history(office), as_of="2019-12-31")
    assert stages.course(panel).low > 2
    truth, months = datasets.load("office_supplies_truth"), datasets.load("office_supplies_truth_stages")
    assert set(truth["customer_id"]) == set(office["customer_id"]) == set(months["customer_id"])
    assert set(truth["pattern"][truth["ended"].isna()]) == {"", "IV"}
    assert (truth["pattern"] != "")[truth["ended"].notna()].all()
    assert (truth["ended"].isna() == (truth["stage_left"] == "")).all()
    last = months.groupby("customer_id")["period"].max()
    went = truth.set_index("customer_id")["ended"].dropna()
    assert (last[went.index] + pd.DateOffset(months=1) == went).all()
    assert (last.drop(went.index) == pd.Timestamp("2019-12-01")).all()
