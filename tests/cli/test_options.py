"""Options of the command line: two at a time, and listed."""

import subprocess
import sys
from itertools import combinations
from pathlib import Path

import pandas as pd
import pytest
from pretending import RECORDED, InThisProcess
from terminals import told

from cvmlab import cli, term
from cvmlab.report import pages, running

# ---- options of `report`, two at a time

OPTIONS = {
    "by": ["--by", "region"],
    "mask": ["--mask"],
    "since": ["--since", "last"],
    "pdf": ["--pdf"],
    "chinese": ["--language", "zh"],
    "sheet": ["--sheet", "May"],
    "future": ["--include-future"],
    "suspicious": ["--include-suspicious"],
    "duplicates": ["--keep-duplicates"],
    "amount_per": ["--amount-per", "line"],
    "drop": ["--drop-duplicates"],
    "margin": ["--margin", "0.3"],
    "set": ["--set", "calls=3"],
    "columns": ["--amount", "paid"],
    "timezone": ["--timezone", "Asia/Shanghai"],
    "day_first": ["--day-first", "yes"],
    "year_first": ["--year-first", "no"],
    "decimal": ["--decimal", "point"],
    "currency": ["--currency", "CNY"],
    "merge_ids": ["--merge-ids"],
    "as_of": ["--as-of", "2021-12-31"],
    "name": ["--name", "mine"],
    "jobs": ["--jobs", "1"],
    "cost_per_order": ["--cost-per-order", "2", "--margin", "0.3"],
    "fill_down": ["--fill-down"],
    "encoding": ["--encoding", "utf-8"],
    "debug": ["--debug"],
}


READING = {"sheet": ("sheet", "May"), "timezone": ("timezone", "Asia/Shanghai"), "day_first": ("day_first", True),
           "year_first": ("year_first", False), "decimal": ("decimal", "point"), "currency": ("currency", "CNY"),
           "merge_ids": ("merge_ids", True), "amount_per": ("amount_per", "line"), "as_of": ("as_of", "2021-12-31"),
           "future": ("include_future", True), "suspicious": ("include_suspicious", True),
           "duplicates": ("drop_duplicates", False), "drop": ("drop_duplicates", True),
           "fill_down": ("fill_down", True), "encoding": ("encoding", "utf-8")}  # fmt: skip


# with --by, the first reading has dealt with these
READ_ONCE = {*READING, "columns"}


@pytest.fixture(scope="module")
def workbook(tmp_path_factory):
    path = tmp_path_factory.mktemp("sales") / "sales.xlsx"
    table = pd.DataFrame({"customer_id": list("abcdabcd"), "region": list("NNSSNNSS"), "amount": range(1, 9)})
    table["date"] = [f"2021-0{month}-03" for month in range(1, 9)]
    with pd.ExcelWriter(path) as sheets:
        # sheets with equal rows would be asked about
        for name, more in (("April", 0), ("May", 10)):
            sheet = table.assign(amount=table["amount"] + more, paid=(table["amount"] + more) / 2)
            sheet.to_excel(sheets, sheet_name=name, index=False)
    return path


@pytest.fixture
def made(monkeypatch):
    """Let `report` do all but the notebook and the pages; return what each report was made with."""
    parameters = []

    def execute(template, result, given, kept, progress, steps, **_):
        parameters.append(given)
        for name in ("report.ipynb", "customers.csv", "case.json"):
            (Path(given["output"]) / name).write_text(RECORDED.get(name, "{}"), encoding="utf-8")

    def write_page(page, *_, **__):
        page.write_text("made", encoding="utf-8")

    def write_pdf(page, pdf):
        pdf.write_text("made", encoding="utf-8")
        return True, ""

    monkeypatch.setattr(running, "execute", execute)
    monkeypatch.setattr("cvmlab.report.workers.ProcessPoolExecutor", InThisProcess)
    monkeypatch.setattr(pages, "write_html", write_page)
    monkeypatch.setattr(pages, "write_index", write_page)
    monkeypatch.setattr(pages, "write_pdf", write_pdf)
    return parameters


# to keep repeats and to drop them contradict each other
PAIRS = [pair for pair in combinations(OPTIONS, 2) if pair != ("duplicates", "drop")]


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_two_options_together_both_reach_the_report(first, second, workbook, made, tmp_path):
    chosen = {first, second}
    words = [word for option in (first, second) for word in OPTIONS[option]]
    if "since" in chosen:
        earlier = [word for option in (first, second) if option != "since" for word in OPTIONS[option]]
        assert told("report", workbook, "--out", tmp_path, *earlier).exit_code == 0
        made.clear()
    result = told("report", workbook, "--out", tmp_path, *words)
    assert result.exit_code == 0, result.output
    assert len(made) == (2 if "by" in chosen else 1)
    for given in made:
        for option in chosen - (READ_ONCE if "by" in chosen else set()):
            assert _reached(option, given, tmp_path), option


def _reached(option, given, out):
    if option in READING:
        name, value = READING[option]
        return given["reading"].get(name) == value
    return {
        "mask": given["mask"],
        "since": given["since"] is not None,
        "pdf": any(out.rglob("report.pdf")),
        "chinese": given["language"] == "zh",
        "margin": given["assumptions"].get("margin") == "0.3",
        "cost_per_order": given["assumptions"].get("cost_per_order") == "2.0",
        "set": given["assumptions"].get("calls") == "3",
        "columns": given["columns"] == {"amount": "paid"},
        "name": (out / "mine").is_dir(),
    }.get(option, True)


# ---- lists of options


def test_every_role_has_a_label_and_an_option():
    from cvmlab.data.tables import TRANSACTIONS

    assert set(cli.options.ROLES) == {column.name for column in TRANSACTIONS.columns} | {
        "quantity",
        "unit_price",
        "status",
        "currency_code",
        "refund_amount",
        "return_flag",
        "row_type",
        "gift_flag",
        "cancel_flag",
        "ledger_line",
        "discount",
        "discount_rate",
        "order_refund",
        "order_discount",
    }
    for role in cli.options.ROLES:
        assert term(f"report.role_{role}", language="zh") != term(f"report.role_{role}", language="en")
    options = told("report", "--help").stdout
    assert all(f"--{role.replace('_', '-')}" in options for role in cli.options.ROLES)


def test_assumptions_are_listed_with_bounds():
    from cvmlab.case import Assumptions, ChurnAssumptions

    lines = told("report", "x", "--assumptions").stdout.splitlines()
    of_logs, of_subscribers = list(Assumptions().values()), list(ChurnAssumptions().values())
    assert [line.split()[0] for line in lines] == [*of_logs, "For", *of_subscribers]


def test_the_language_follows_the_machine(monkeypatch):
    monkeypatch.delenv("CVMLAB_LANGUAGE", raising=False)
    for spoken, expected in (("zh_CN", "zh"), ("Chinese (Simplified)_China", "zh"), ("de_DE", "en"), (None, "en")):
        monkeypatch.setattr(cli.spoken.locale, "getlocale", lambda spoken=spoken: (spoken, None))
        assert cli.spoken.default_language() == expected
    monkeypatch.setenv("CVMLAB_LANGUAGE", "zh")
    assert cli.spoken.default_language() == "zh"


def test_module_and_command_are_the_same():
    ran = subprocess.run([sys.executable, "-m", "cvmlab", "--help"], capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("Usage: cvmlab ")
    assert all(f"\n  {command}" in ran.stdout for command in cli.main.commands)


def test_no_bar_is_drawn_into_a_file(capfd):
    with cli.terminal.progress_bar() as told_step:
        told_step(1, 2, "x")
    assert capfd.readouterr() == ("", "")
