"""The report's sections on stages and patterns: where the data support them, and what is said where not."""

import dataclasses
import re
from functools import cache
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from cvmlab import patterns, reading, speaking, stages, term
from cvmlab.case import study
from cvmlab.data.panels import Panel
from cvmlab.relationship.simulated import Population, simulate_relationships
from cvmlab.report import relationship


@cache
def known():
    return simulate_relationships(Population(), customers=500, periods=37, seed=2)


@cache
def judged():
    panel = known().panel
    period, customer = np.nonzero(panel["revenue"] > 0)
    log = pd.DataFrame(
        {
            "customer_id": panel.customer_id[customer],
            "date": panel.period[period] + np.timedelta64(9, "D"),
            "amount": panel["revenue"][period, customer].round(2),
            "profit": panel["profit"][period, customer].round(2),
        }
    )
    case = study(reading.read(log, name="simulated"))
    return case, relationship.stage_evidence_of(case)


def case_of(panel):
    return SimpleNamespace(panel=panel, customers=panel.customer_id, assumptions=SimpleNamespace(seed=0))


def text_of(pieces):
    return " ".join(re.sub("<[^>]+>", " ", piece._repr_html_()) for piece in pieces if hasattr(piece, "_repr_html_"))


def test_a_log_that_can_carry_them_gets_every_customer_once():
    case, evidence = judged()
    assert evidence.missing == ()
    now = relationship.stages_now(evidence)
    assert now["customers"].sum() == len(evidence.panel.customer_id)
    assert evidence.of == len(case.customers)
    assert now["share"].sum() == pytest.approx(1)
    a_year = evidence.panel["revenue"][-12:].sum()
    assert now["revenue"].sum() == pytest.approx(a_year)
    text = text_of(relationship.stages_section(case, evidence))
    assert term("stability") in text
    assert term("stages.report_title") in text


def test_who_entered_decline_is_in_decline_and_mostly_truly_so():
    _, evidence = judged()
    lately = stages.entered_decline(evidence.panel, evidence.decoded)
    assert lately["revenue"].is_monotonic_decreasing
    place = {name: i for i, name in enumerate(evidence.panel.customer_id)}
    columns = [place[name] for name in lately["customer_id"]]
    assert (evidence.decoded.stage[-1, columns] == 4).all()
    since = pd.DatetimeIndex(lately["since"])
    assert (since > pd.Timestamp(evidence.panel.period[-1]) - pd.DateOffset(months=12)).all()
    true = dict(zip(known().panel.customer_id, known().stage[len(evidence.panel.period) - 1], strict=True))
    fallen = np.mean([true[name] >= 4 for name in lately["customer_id"]])
    assert fallen > 0.6


def test_patterns_count_everyone_and_leave_the_living_undecided():
    case, evidence = judged()
    text = text_of(relationship.patterns_section(case, evidence))
    for name in ("I", "II", "III", "IV", ""):
        assert term(f"patterns.pattern_{name}") in text
    assert f"Of {len(evidence.panel.customer_id):,} relationships" in text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_both_languages_leave_no_place_open(language):
    case, evidence = judged()
    with speaking(language):
        text = text_of(relationship.stages_section(case, evidence) + relationship.patterns_section(case, evidence))
    assert "{" not in text
    assert ("关系所处阶段" in text) == (language == "zh")


def cut(panel, rows, chosen=slice(None), first=None):
    values = {name: panel[name][rows][:, chosen] for name in ("revenue", "profit")}
    last = max(len(panel.period[rows]) - 1, 0)
    begins = np.clip(panel.first[chosen] - (rows.start or 0), 0, last) if first is None else first
    return Panel(panel.customer_id[chosen], panel.period[rows], panel.months, values, begins)


def refused(panel):
    evidence = relationship.stage_evidence_of(case_of(panel))
    assert evidence.decoded is None
    pieces = relationship.stages_section(case_of(panel), evidence)
    assert len(pieces) == 1
    assert pieces[0]._repr_html_().count("<p") == 1
    assert relationship.patterns_section(case_of(panel), evidence) == []
    return evidence.missing


def test_a_short_log_is_refused_in_one_paragraph():
    missing = refused(cut(known().panel, slice(0, 17)))
    assert len(missing) == 1
    assert "complete months (17;" in missing[0]
    empty = refused(cut(known().panel, slice(0, 0)))
    assert "complete months (0;" in empty[0]


def test_a_log_of_regulars_is_refused_as_nobody_begins():
    panel = known().panel
    regulars = np.flatnonzero(panel.first == 0)
    missing = refused(cut(panel, slice(0, None), regulars))
    assert any("appears within the first three months" in sentence for sentence in missing)


def test_a_log_of_single_purchases_is_refused():
    rng = np.random.default_rng(1)
    revenue = np.zeros((36, 400))
    first = rng.integers(0, 36, 400)
    revenue[first, np.arange(400)] = 5.0
    panel = cut(known().panel, slice(0, 36), slice(0, 400), first)
    missing = refused(Panel(panel.customer_id, panel.period, 1, {"revenue": revenue, "profit": revenue}, first))
    assert any("show no development" in sentence for sentence in missing)


def test_who_buys_rarely_is_looked_at_in_longer_periods():
    rare = simulate_relationships(Population(gaps=0.7), customers=500, periods=48, seed=3).panel
    evidence = relationship.stage_evidence_of(case_of(cut(rare, slice(0, None))))
    assert evidence.missing == ()
    assert evidence.panel.months == 3
    assert evidence.panel["revenue"].sum() == pytest.approx(rare["revenue"].sum())


def test_the_lead_counts_the_ended_and_those_who_last():
    case, evidence = judged()
    text = text_of(relationship.patterns_section(case, evidence))
    ended, lasting = re.search(r"relationships, (\d+) have ended .* Another (\d+) are active", text).groups()
    assert int(ended) > 50
    assert int(lasting) > 50


def test_without_any_pattern_the_section_says_so(monkeypatch):
    case, evidence = judged()
    said = patterns.classify(evidence.panel, evidence.decoded.model, draws=2)
    monkeypatch.setattr(patterns, "classify", lambda *_, **__: said.assign(pattern="", active=True))
    assert term("stages.report_nobody_ended") in text_of(relationship.patterns_section(case, evidence))


# --- logs that carry less -------------------------------------------------------------------------------


def log_of(revenue, first):
    customers = revenue.shape[1]
    ids = np.array([f"{i:04d}" for i in range(customers)], object)
    period = (np.datetime64("2020-01") + np.arange(len(revenue))).astype("datetime64[D]")
    bought = np.where(np.arange(len(revenue))[:, None] < first, 0, revenue)
    return Panel(ids, period, 1, {"revenue": bought}, first)


def bills(seed=1, periods=36, customers=600, *, yearly=0.0, noise=0.3):
    """Customers who begin at any time, pay about the same every month, and leave for good with 2% a month."""
    rng = np.random.default_rng(seed)
    first = np.maximum(rng.integers(-periods, periods - 1, customers), 0)
    month = np.arange(periods)[:, None]
    alive = month < first + rng.geometric(0.02, customers)
    logs = rng.normal(3, 1, customers) + rng.normal(0, noise, (periods, customers)) + yearly * month / 12
    return log_of(np.exp(logs) * alive, first), alive[-1]


def test_a_minority_that_grows_is_enough_for_stages():
    panel, _ = bills(customers=900)
    grows = np.random.default_rng(2).random(900) < 0.25
    risen = 1 + 9 / (1 + np.exp(-(np.arange(36)[:, None] - panel.first - 8) / 2.0))
    some = log_of(panel["revenue"] * np.where(grows, risen, 1), panel.first)
    evidence = relationship.stage_evidence_of(case_of(some))
    assert evidence.course.low < relationship.LEAST_RISE
    assert evidence.staged
    formed = np.isin(evidence.decoded.stage, [1, 2]).any(axis=0) & (evidence.panel.first > 3)
    assert formed[grows].mean() > 3 * formed[~grows].mean()


def test_equal_bills_get_no_stages_but_who_has_ended():
    panel, alive = bills()
    case = case_of(panel)
    evidence = relationship.stage_evidence_of(case)
    assert evidence.missing == ()
    assert not evidence.staged
    now = relationship.stages_now(evidence)
    assert now["customers"].sum() == len(panel.customer_id)
    assert len(now) == 2
    # where many bought once, nine tenths were stated for ends that were right in eight tenths of the cases
    assert now["confidence"].isna().all()
    ended = evidence.decoded.stage[-1] == 5
    assert (~alive)[ended].mean() > 0.95
    assert ended[~alive].mean() > 0.8
    text = text_of(relationship.stages_section(case, evidence))
    assert "Stages and patterns are not shown" in text
    assert term("stages.report_confidence") not in text
    assert term("formation") not in text.replace("exploration, formation and stability look alike", "")
    assert "of them bought again" in text
    assert relationship.patterns_section(case, evidence) == []


@pytest.mark.parametrize(("yearly", "said"), [(0.4, "more each year"), (-0.4, "less each year")])
def test_what_moves_everybody_is_said(yearly, said):
    panel, _ = bills(yearly=yearly, periods=48, customers=900)
    evidence = relationship.stage_evidence_of(case_of(panel))
    assert not evidence.staged
    text = text_of(relationship.stages_section(case_of(panel), evidence))
    assert said in text
    assert evidence.course.trend == pytest.approx(np.expm1(yearly), abs=0.08)


def test_a_log_in_which_silence_is_no_end_is_refused():
    rng = np.random.default_rng(5)
    own = np.clip(0.12 * rng.lognormal(0, 0.9, 900), 0, 1)
    bought = rng.random((36, 900)) < own
    bought = bought[:, bought.sum(axis=0) > 2]
    panel = log_of(bought * rng.lognormal(3, 0.3, bought.shape), bought.argmax(axis=0))
    missing = refused(panel)
    assert any("silence does not mean a customer has left" in sentence for sentence in missing)


def test_few_customers_are_one_sentence():
    panel, _ = bills(customers=12)
    missing = refused(panel)
    assert len(missing) == 1
    assert "complete (12;" in missing[0]


def test_a_refuted_list_is_not_shown():
    case, evidence = judged()
    seen = stages.Hindsight(12, 100, 0.02, 60, 0.25, 300, 0.24)
    text = text_of(relationship.stages_section(case, dataclasses.replace(evidence, hindsight=seen)))
    assert "No list is shown" in text
    assert term("stages.report_since") not in text
    held = dataclasses.replace(seen, declining_fell=0.7)
    text = text_of(relationship.stages_section(case, dataclasses.replace(evidence, hindsight=held)))
    assert "the same rule would have named 60" in text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_rests_on_a_few_names_is_no_record(language):
    case, evidence = judged()
    few = stages.Hindsight(12, 4, 0.25, 2, 1.0, 300, 0.24)
    with speaking(language):
        text = text_of(relationship.stages_section(case, dataclasses.replace(evidence, hindsight=few)))
        late = term("stages.report_declining_late")
    assert late in text
    if language == "en":
        assert "cannot be checked against the past" in text
        assert "bought again" not in text
        assert "24%" not in text
    else:
        assert "人数太少" in text


def test_an_end_has_no_confidence_that_its_record_refutes():
    _, evidence = judged()
    back = dataclasses.replace(evidence.hindsight, ended=100, came_back=0.2)
    confidence = relationship.stages_now(dataclasses.replace(evidence, hindsight=back))["confidence"]
    assert np.isnan(confidence.iloc[-1])
    assert confidence.iloc[:-1].notna().all()
    gone = dataclasses.replace(back, came_back=0.0)
    assert relationship.stages_now(dataclasses.replace(evidence, hindsight=gone))["confidence"].notna().all()


def test_patterns_state_no_confidence():
    case, evidence = judged()
    text = text_of(relationship.patterns_section(case, evidence))
    assert "mean confidence" not in text
    assert "No confidence is stated" in text


def test_only_a_part_of_the_customers_is_called_so():
    case, evidence = judged()
    whole = len(evidence.panel.customer_id)
    text = text_of(relationship.stages_section(case, dataclasses.replace(evidence, of=whole)))
    assert f"All {whole} customers in the data" in text
    text = text_of(relationship.stages_section(case, dataclasses.replace(evidence, of=whole + 5)))
    assert "began in a complete month" in text
