"""A table of subscribers becomes a churn report: what its pages say, what lies in the folder, what is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from openpyxl import load_workbook

from cvmlab import CvmError, case, subscribers
from cvmlab.cli import main
from cvmlab.core.words import keys, speaking
from cvmlab.report import run, run_by_group
from cvmlab.report.churn import behind, first_page

pytestmark = pytest.mark.slow


def table(rows: int = 1_200) -> pd.DataFrame:
    draw = np.random.default_rng(3)
    plan = draw.choice(["month", "year"], rows, p=[0.6, 0.4])
    months = draw.integers(1, 60, rows)
    chance = np.where((plan == "month") & (months < 20), 0.75, 0.05)
    return pd.DataFrame(
        {
            "客户编号": [f"1380000{number:04}" for number in range(rows)],
            "入网月数": months, "月租": draw.uniform(30, 120, rows).round(2), "合约类型": plan,
            "性别": draw.choice(["男", "女"], rows), "是否流失": np.where(draw.random(rows) < chance, "是", "否"),
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("subscribers") / "用户表.csv"
    table().to_csv(path, index=False, encoding="gbk")
    return path


@pytest.fixture(scope="module")
def chinese(source: Path) -> Path:
    return run(source, folder=source.parent / "reports", language="zh", assumptions={"window_months": 12}).folder


def test_the_folder_holds_what_a_report_holds(chinese: Path) -> None:
    names = {path.name for path in chinese.iterdir()}
    assert {"report.html", "report.ipynb", "customers.csv", "customers.xlsx", "case.json", "figures"} <= names
    record = json.loads((chinese / "case.json").read_text(encoding="utf-8"))
    assert (record["kind"], record["customers"], record["window_months"]) == ("churn", 1_200, 12)


def test_page_one_says_the_rate_with_its_window_and_whom_to_call(chinese: Path) -> None:
    page = re.sub(r"base64,[^\"']+", "", (chinese / "report.html").read_text(encoding="utf-8"))
    left = int((table()["是否流失"] == "是").sum())
    assert f"1,200 位客户中有 {left} 位标记为流失" in page
    assert "12 个月内流失" in page
    record = json.loads((chinese / "case.json").read_text(encoding="utf-8"))
    assert record["calls"], "with so clear a group somebody is worth a call"
    assert record["calls"][0] in page
    assert not re.search(r"\{[a-z_]+\}|churning\.|nan|Traceback", page)


def test_the_workbook_lists_everybody_to_call_and_nobody_held_out(chinese: Path) -> None:
    record = json.loads((chinese / "case.json").read_text(encoding="utf-8"))
    book = load_workbook(chinese / "customers.xlsx")
    # too few for a comparison: no empty sheet of those held out
    calls, key = (list(sheet.iter_rows(values_only=True)) for sheet in book)
    assert [row[0] for row in calls[1:]] == record["calls"] and not record["hold_out"]
    assert not set(record["calls"]) & set(record["hold_out"])
    explained = {row[0] for row in key}
    assert set(calls[0]) <= explained
    rows = pd.read_csv(chinese / "customers.csv", dtype={"customer_id": "str"}, encoding="utf-8-sig")
    assert len(rows) == 1_200
    assert rows.loc[rows["call"], "customer_id"].tolist() and not rows.loc[rows["left"], "call"].any()


def test_a_mask_hides_numbers_of_telephones(source: Path, tmp_path: Path) -> None:
    folder = run(source, folder=tmp_path, language="en", mask=True).folder
    texts = [
        path.read_text(encoding="utf-8-sig")
        for path in folder.rglob("*")
        if path.suffix in {".html", ".csv", ".json", ".ipynb"}
    ]
    assert not any("1380000" in text for text in texts)
    assert str(source.parent) not in "".join(texts)


def test_the_command_line_finds_the_columns_or_takes_their_names(tmp_path: Path) -> None:
    frame = table(400).set_axis(["k", "m", "p", "plan", "s", "gone"], axis=1)
    frame["gone"] = frame["gone"].map({"是": "weg", "否": "da"})
    path = tmp_path / "k.csv"
    frame.to_csv(path, index=False)
    named = ["--customer-id", "k", "--tenure", "m", "--charge", "p", "--churned", "gone", "--left-words", "weg"]
    shown = CliRunner().invoke(main, ["data", str(path), *named, "--language", "en"])
    assert shown.exit_code == 0, shown.output
    gone = int((frame["gone"] == "weg").sum())
    assert f"400 rows, 400 customers, {gone} of them marked as gone" in shown.output
    made = CliRunner().invoke(
        main, ["report", str(path), *named, "--out", str(tmp_path / "out"), "--language", "en", "--set", "margin=0.3"]
    )
    assert made.exit_code == 0, made.output
    assert "at an assumed margin of 30%" in (tmp_path / "out" / "k" / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("asked", "option"), [({"since_last": True}, "--since"), ({"reading": {"timezone": "UTC"}}, "--timezone")]
)
def test_what_is_for_logs_only_is_refused_by_name(
    source: Path, tmp_path: Path, asked: dict[str, object], option: str
) -> None:
    with pytest.raises(CvmError, match=option):
        run(source, folder=tmp_path, **asked)  # type: ignore[arg-type]
    assert not any(tmp_path.iterdir())


def test_groups_of_a_table_of_subscribers_are_refused(source: Path, tmp_path: Path) -> None:
    with pytest.raises(CvmError, match="--by"):
        run_by_group(source, "性别", folder=tmp_path)


SHAPES = {
    "no_charge": lambda frame: frame.drop(columns="月租"),
    "no_tenure": lambda frame: frame.drop(columns="入网月数"),
    "no_contract": lambda frame: frame.drop(columns="合约类型"),
    "only_the_answer": lambda frame: frame[["客户编号", "是否流失"]],
    "all_left": lambda frame: frame.assign(是否流失="是"),
    "nobody_left": lambda frame: frame.assign(是否流失="否"),
    "five_rows": lambda frame: frame.head(5),
    "nothing_tells": lambda frame: frame.assign(是否流失=["是", "否"] * (len(frame) // 2)),
    "half_drawn": lambda frame: frame.assign(是否流失=["是", "否", "否", "是"] * (len(frame) // 4)),
    "few_left": lambda frame: frame.assign(是否流失=["是"] * 4 + ["否"] * (len(frame) - 4)),
    "nine_contracts": lambda frame: frame.assign(合约类型=[f"{n % 9}G" for n in range(len(frame))]),
    "others_by_name": lambda frame: frame.assign(
        合约类型=[["其他", "others", "a", "b"][n % 4] if n > 6 else f"rare {n}" for n in range(len(frame))]
    ),
    "free": lambda frame: frame.assign(月租=0.0),
}


@pytest.mark.parametrize(
    "settings", [{}, {"window_months": 1}, {"true_rate": 0.02, "window_months": 1, "offer_cost": 1}]
)
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("shape", SHAPES)
def test_every_section_is_shown_or_says_why_not(shape: str, language: str, settings: dict[str, float]) -> None:
    with speaking(language):
        read = subscribers.read(SHAPES[shape](table(400)))
        found = case.study_churn(read, case.ChurnAssumptions().replace(**settings))
        pieces = first_page.page_one(found, "x")
        for section in (behind.retention, behind.drivers, behind.how_good, behind.campaign, behind.fairness):
            pieces += section(found)
        pieces += behind.cannot_say(found) + behind.data_report(found) + behind.ending(found)
        text = "".join(piece.text for piece in pieces if hasattr(piece, "text"))
    assert not re.search(r"\{[a-z_]+\}|churning\.|>nan|inf%|Traceback", text)


def test_a_table_without_a_charge_still_makes_a_report(tmp_path: Path) -> None:
    path = tmp_path / "k.csv"
    table(600).drop(columns="月租").to_csv(path, index=False)
    folder = run(path, folder=tmp_path / "out", language="en").folder
    key = {row[0] for row in list(load_workbook(folder / "customers.xlsx"))[-1].iter_rows(values_only=True)}
    assert "chance of leaving" in key and "monthly charge" not in key


def test_half_of_a_table_raises_the_question_whether_it_was_drawn() -> None:
    with speaking("en"):
        found = case.study_churn(subscribers.read(SHAPES["half_drawn"](table(400))))
        assert found.may_be_drawn
        assert "drawn with more leavers" in first_page.page_one(found, "x")[0].text
        told = case.study_churn(found.subscribers, case.ChurnAssumptions(true_rate=0.02))
        assert not told.may_be_drawn
        assert "drawn with more leavers" not in first_page.page_one(told, "x")[0].text


@pytest.mark.parametrize(("shape", "said"), [("all_left", "All 400 customers"), ("nobody_left", "None of the 400")])
@pytest.mark.parametrize("settings", [{}, {"window_months": 1}])
def test_page_one_of_a_table_with_one_answer_says_no_rate(shape: str, said: str, settings: dict[str, float]) -> None:
    with speaking("en"):
        found = case.study_churn(
            subscribers.read(SHAPES[shape](table(400))), case.ChurnAssumptions().replace(**settings)
        )
        pieces = first_page.page_one(found, "x")
        text = "".join(piece.text for piece in pieces if hasattr(piece, "text"))
    assert said in text and "no rate of leaving" in text and not any(hasattr(piece, "png") for piece in pieces)
    for other in (
        "95%",
        "by no more than chance",
        "drawn with more leavers",
        "table is too small",
        "a year's profit of 0",
    ):
        assert other not in text
    assert ("Nobody in this table left" in text) == (shape == "nobody_left")
    assert ("Who pays most" in text) == (shape == "nobody_left")


def test_what_nearly_all_to_be_called_share_is_asked_about() -> None:
    draw = np.random.default_rng(8)
    frame = table(1_200)
    gone = frame["是否流失"].to_numpy() == "是"
    frame["设备已退"] = np.where(np.where(gone, draw.random(1_200) < 0.9, draw.random(1_200) < 0.02), "有", "无")
    with speaking("en"):
        found = case.study_churn(subscribers.read(frame), case.ChurnAssumptions(window_months=1))
        assert len(found.calls)
        assert "设备已退 = yes" in first_page.page_one(found, "x")[0].text


def test_names_for_a_score_that_may_be_written_later_are_left_out() -> None:
    frame = table(600).assign(**{"Churn Score": np.random.default_rng(1).integers(1, 99, 600)})
    found = case.study_churn(subscribers.read(frame))
    assert "Churn Score" in found.knowing
    assert found.score is not None and "Churn Score" not in found.score.features


def test_every_finding_and_model_has_words() -> None:
    known = keys()
    for name in ("base_rate", "rate_table", "logistic", "boosted"):
        assert f"churning.model_{name}" in known
