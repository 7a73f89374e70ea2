"""Page one on logs that mislead: a season, contracts, losses, customers long gone, two weeks only."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re

import numpy as np
import pandas as pd
import pytest

from cvmlab import case
from cvmlab.case import cautions
from cvmlab.core.words import speaking
from cvmlab.data.reading import read
from cvmlab.report import data_quality, ending, first_page, judging, privacy, running, sections, wording
from cvmlab.report.html import cell


def study(
    rows: list[tuple[object, ...]], columns: str = "customer,date,amount", margin: float | None = None
) -> case.Case:
    frame = pd.DataFrame([[str(value) for value in row] for row in rows], columns=columns.split(","))
    return case.study(read(frame, include_suspicious=True), case.Assumptions(margin=margin))


def gifts() -> case.Case:
    """Everybody buys in December only; the log ends in September."""
    random = np.random.default_rng(1)
    rows: list[tuple[object, ...]] = [
        (f"g{number}", f"{year}-12-{random.integers(1, 25):02d}", 40 + number)
        for number in range(60)
        for year in range(2015 + number % 4, 2022)
    ]
    rows += [
        (f"t{number}", f"{year}-{month:02d}-30", 5)
        for number in range(3)
        for year in range(2015, 2023)
        for month in (3, 6, 9)
    ]
    return study([row for row in rows if str(row[1]) <= "2022-09-30"])


def subscriptions() -> case.Case:
    """Everybody pays once a month; ten stopped in October, the log ends in December."""
    rows = [
        (f"s{number:02d}", dt.date(2021 + month // 12, month % 12 + 1, number % 28 + 1), 29)
        for number in range(60)
        for month in range(number % 12, 21 if number < 10 else 24)
    ]
    return study([*rows, ("s59", "2022-12-31", 0)])


def old_shop() -> case.Case:
    """Forty customers bought once nine years ago, ten buy every month."""
    rows: list[tuple[object, ...]] = [(f"old{number}", f"2014-01-{number % 28 + 1:02d}", 1000) for number in range(40)]
    rows += [(f"new{number}", f"2023-{month:02d}-28", 10) for number in range(10) for month in range(1, 13)]
    return study(rows)


def test_a_season_is_named_and_not_taken_for_a_trend() -> None:
    made = gifts()
    season = cautions.high_season(made)
    assert season is not None and season[0] == 12 and season[1] > 0.9
    assert any("December" in caution for caution in first_page.cautions(made))
    trend = first_page.five_sentences(made)[1]
    assert "12 months before" in trend and "down" not in trend
    with speaking("zh"):
        assert any("12 月" in caution for caution in first_page.cautions(made))


def test_payments_once_a_month_look_like_a_contract_and_the_stopped_are_counted() -> None:
    made = subscriptions()
    assert cautions.contract_months(made) == 1
    stopped = set(cautions.overdue(made, 1)["customer_id"])
    on_the_list = set(made.calls["customer_id"])
    assert stopped | on_the_list == {f"s{number:02d}" for number in range(10)}
    assert not stopped & on_the_list
    assert any("contract" in caution for caution in first_page.cautions(made))


def test_customers_long_gone_do_not_make_the_year_look_concentrated() -> None:
    made = old_shop()
    assert len(cautions.value_curve(made)) == 10
    who = first_page.five_sentences(made)[0]
    assert "(10 in all)" in who and "20% of the year's revenue" in who
    assert cautions.contract_months(made) is None
    assert not any("contract" in caution.split(".")[0] for caution in first_page.cautions(made))


def test_losses_are_told_instead_of_shares_above_the_whole() -> None:
    days = [f"{year}-{month:02d}-28" for year in (2022, 2023) for month in range(1, 13)]
    rows = [(f"c{n}", day, 100, 60 if n < 10 else -25) for n in range(30) for day in days]
    made = study(rows, "customer,date,amount,profit")
    sentences = first_page.five_sentences(made)
    assert "others lose 6,000" in sentences[0]
    assert "All customers together" in sentences[2]
    assert not any(f"{share}%" in sentences[2] for share in range(101, 2000))
    none = study([(*row[:3], -1) for row in rows], "customer,date,amount,profit")
    assert "bring no profit (−360)" in first_page.five_sentences(none)[0]


def test_a_stated_margin_says_that_the_recorded_profit_is_not_used() -> None:
    rows = [(f"c{n}", f"2024-{month:02d}-28", 100, 60) for n in range(30) for month in range(1, 13)]
    for columns, margin, said in (
        ("customer,date,amount,profit", 0.3, True), ("customer,date,amount,cost", 0.3, True),
        ("customer,date,amount,cost", None, False), ("customer,date,amount,product", 0.3, False),
    ):  # fmt: skip
        page = sections.who_brings(study(rows, columns, margin))[0]
        assert ("because a margin was stated" in page._repr_html_()) == said


def test_two_weeks_are_told_to_be_two_weeks() -> None:
    made = study([(f"c{n % 30}", f"2024-03-{4 + (5 * n) % 14:02d}", 10 + n % 7) for n in range(90)])
    assert any("only 14 days" in caution for caution in first_page.cautions(made))


def test_a_contact_that_costs_more_than_it_brings_is_said_not_to_pay() -> None:
    made = old_shop()
    costly = made.recommendations.assign(break_even_rate=3.09)
    changed = dataclasses.replace(made, recommendations=costly)
    text = " ".join(str(piece) for piece in map(vars, sections.recommendations(changed)))
    assert "309%: does not pay" in text
    assert "less than contacting them costs" in first_page._stakes(changed)[3][1]


@pytest.mark.parametrize(
    ("frequency", "said"),
    [
        (1, "bought on 2 days,"),
        (2, "bought on 3 days,"),
        (3, "usual 2-day gap,"),
    ],
)
def test_two_or_three_purchases_are_no_habit(frequency: int, said: str) -> None:
    customer = {"frequency": frequency, "usual_gap_days": 2.0, "silent_days": 148.0, "last_active_year": 174.0}
    assert wording.reason(customer, seasonal=False).startswith(said)


def test_a_season_counts_purchases_missed() -> None:
    customer = {
        "frequency": 9, "usual_gap_days": 2.0, "silent_days": 148.0, "silent_gaps": 4.3, "last_active_year": 174.0,
    }  # fmt: skip
    assert wording.reason(customer, seasonal=True).startswith("about 4 purchases missed, the season counted;")


def test_a_tiny_amount_is_no_power_of_ten() -> None:
    assert cell(8.3e-06, "money") == "0"


def trending(growth: float) -> case.Case:
    """Eighty customers buy every month, and every order is larger or smaller than the last."""
    random = np.random.default_rng(3)
    rows: list[tuple[object, ...]] = [
        (f"t{number:02d}", dt.date(2020 + month // 12, month % 12 + 1, int(day)), round(1000 * growth**month, 2))
        for number in range(80)
        for month in range(36)
        for day in random.integers(1, 29, random.integers(0, 4))
    ]
    return study([*rows, ("t00", "2022-12-31", 1)])


def test_a_firm_that_dies_is_not_told_that_customers_come_as_ever() -> None:
    made = trending(0.96)
    trend = first_page.five_sentences(made)[1]
    share = 1 - 0.96**12
    assert re.search(r"Revenue: down (\d+)%", trend)
    assert float(re.findall(r"Revenue: down (\d+)%", trend)[0]) / 100 == pytest.approx(share, abs=0.1)
    (said,) = [text for text in judging.judged_by(made) if "multiplied" in text]
    assert float(re.findall(r"multiplied by (\d+\.\d+)", said)[0]) == pytest.approx(made.models.level, abs=0.005)
    # a year ago the same amounts would have been expected to go on
    assert made.models.level == pytest.approx(0.5, abs=0.1)
    with speaking("zh"):
        assert "均乘以" in "".join(judging.judged_by(made))
        assert "交易额下降" in first_page.five_sentences(made)[1]


def test_growing_amounts_are_expected_to_go_on_and_level_ones_are_left() -> None:
    assert trending(1.04).models.level > 1.5
    assert trending(1.0).models.level == 1
    assert not any("multiplied" in text for text in judging.judged_by(trending(1.0)))


def premiums(every: int) -> case.Case:
    """Ninety customers pay a premium at fixed intervals; a third of them missed the last one."""
    rows: list[tuple[object, ...]] = [
        (f"p{number:02d}", dt.date(2012 + month // 12, month % 12 + 1, number % 28 + 1), 300 + number)
        for number in range(90)
        for month in range(number % every, 120 - (every if number % 3 == 0 else 0), every)
    ]
    return study([*rows, ("p01", "2021-12-31", 0)])


@pytest.mark.parametrize("every", [3, 12])
def test_a_premium_every_year_or_quarter_is_a_contract_and_who_missed_one_is_told(every: int) -> None:
    made = premiums(every)
    assert cautions.contract_months(made) == every
    late = cautions.overdue(made, every)
    missed = {f"p{number:02d}" for number in range(0, 90, 3)}
    # who was due within the last month is not late yet
    assert set(late["customer_id"]) | set(made.calls["customer_id"]) >= {
        name for name in missed if int(name[1:]) % every != every - 1
    }
    assert set(late["customer_id"]) <= missed
    assert late["last_active_year"].between(300 * 12 / every, 400 * 12 / every).all()
    (caution,) = [text for text in first_page.cautions(made) if "as under a contract" in text]
    assert f"every {every} months" in caution
    with speaking("zh"):
        assert f"每 {every} 个月恰好购买一次" in "".join(first_page.cautions(made))


def test_why_there_is_no_model_is_told_in_words() -> None:
    made = study([(f"c{number}", f"2022-{month:02d}-28", 5) for number in range(4) for month in range(1, 13)])
    pieces = [*sections.value_matrix(made), *ending.assumptions(made)]
    page = "".join(piece.text for piece in pieces if hasattr(piece, "text"))
    assert "few_customers" not in page
    assert page.count("fewer than 20 customers") == 2


def test_silence_by_rule_of_thumb_claims_no_model_and_no_interval() -> None:
    rows = [(f"c{number}", f"2022-{month:02d}-28", 50) for number in range(12) for month in range(1, 13)]
    made = study([row for row in rows if row[0] not in ("c0", "c1") or str(row[1]) < "2022-07-01"])
    assert made.models.buying is None and len(made.calls) == 2
    page = "".join(piece.text for piece in first_page.page_one(made, "x")[:2] if hasattr(piece, "text"))
    assert "for more than three times their own usual gap" in page
    assert "chances in five" not in page and "chance of coming back" not in page
    # last year's money carried on is no forecast
    assert page.count("class='stake'") == 3 and "expected of today" not in page
    (table,) = [piece.text for piece in sections.recommendations(made)]
    assert "600–600" not in table


@pytest.mark.parametrize(("years", "caption"), [(2, "By month<"), (3, "By month, the last 24 of 36<")])
def test_a_list_of_months_that_is_cut_says_so(years: int, caption: str) -> None:
    rows = [("a", f"{2019 + month // 12}-{month % 12 + 1:02d}-28", 5) for month in range(12 * years)]
    made = read(pd.DataFrame([(*map(str, row),) for row in rows], columns=["customer", "date", "amount"]))
    (page,) = data_quality.quality(made.quality, made.mapping)
    assert caption in page.text


def test_masks_keep_a_first_letter_and_the_ends_of_a_long_number():
    assert [privacy.mask_name(name) for name in ("John Smith", "张小明")] == ["J*** S***", "张**"]
    assert [privacy.mask_phone(phone) for phone in ("13812345678", "010-1234")] == ["138******78", "*******"]


def test_a_report_is_named_after_its_source():
    assert running.source_name("data/sales 2017.xlsx") == "sales 2017"


def test_a_giant_is_named_and_no_part_of_a_customer() -> None:
    rows = [(f"firm {n}", f"2024-{month:02d}-10", 9000 if n == 7 else 20) for n in range(40) for month in range(1, 13)]
    who = first_page.five_sentences(study(rows))[0]
    assert "one of them, firm 7, brings half of it or more" in who
