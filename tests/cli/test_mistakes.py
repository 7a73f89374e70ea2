"""Mistakes on the command line: one line, a code, nothing touched."""

import subprocess
import sys

import messy_report
import pytest
from terminals import told

from cvmlab import say


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


BAD_FILES = {
    "empty file": ("", "reading.empty_file"),
    "header only": ("customer_id,date,amount\n", "reading.no_rows"),
    "no id column": ("when,amount\n2021-01-02,5\n", None),
    "all rows bad": ("customer_id,date,amount\na,soon,5\nb,later,6\n", None),
    "one customer": ("customer_id,date,amount\na,2021-01-02,5\na,2021-03-02,6\n", None),
    "all zero": ("customer_id,date,amount\na,2021-01-02,0\nb,2021-03-02,0\n", None),
    "only the future": ("customer_id,date,amount\na,2921-01-02,4\nb,2921-03-02,5\n", None),
    "negative total": ("customer_id,date,amount\na,2021-01-02,-9\nb,2021-03-02,5\n", None),
    "two amounts": ("客户编号,单据日期,价税合计,无税金额\na,2021-01-02,9,8\nb,2021-03-02,5,4\n", None),
}


SENTENCES = {
    "empty file": ("sales.csv",),
    "header only": ("sales.csv",),
    "no id column": ("when", "amount", "--customer-id"),
    "all rows bad": ("soon", "2"),
    "one customer": ("only one customer",),
    "all zero": (),
    "only the future": ("2921-01-02",),
    "negative total": ("-4.00",),
    "two amounts": ("价税合计", "无税金额", "--amount"),
}


def check_one_line(result, *parts):
    lines = result.stderr.strip().splitlines()
    assert result.exit_code not in (0, None)
    assert len(lines) == 1, result.stderr
    assert "Traceback" not in result.output
    assert all(part in lines[0] for part in parts), lines[0]
    assert lines[0].startswith(say("cli.error", sentence="").strip())


@pytest.mark.parametrize("mistake", BAD_FILES)
def test_a_bad_file_is_one_line_and_touches_nothing(mistake, tmp_path, earlier):
    path = write(tmp_path / "sales.csv", BAD_FILES[mistake][0])
    before = messy_report.snapshot(earlier)
    result = told("report", path, "--out", earlier)
    check_one_line(result, *SENTENCES[mistake])
    assert messy_report.snapshot(earlier) == before


def test_a_missing_file_an_empty_folder_and_another_folder(tmp_path, earlier):
    before = messy_report.snapshot(earlier)
    (tmp_path / "empty").mkdir()
    check_one_line(told("report", tmp_path / "no.xlsx", "--out", earlier), "no.xlsx")
    check_one_line(told("report", tmp_path / "empty", "--out", earlier), "empty")
    assert messy_report.snapshot(earlier) == before


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (["--set", "margin=2"], ["margin", "1"]),
        (["--set", "margin=0.2", "--margin", "0.3"], ["margin", "two different values"]),
        (["--set", "colour=1"], ["colour"]),
        (["--set", "margin"], ["--set", "margin"]),
        (["--margin", "-1"], ["margin"]),
        (["--since", "last", "--name", "none"], ["none"]),
        (["--by", "shop"], ["shop", "customer_id"]),
        (["--customer-id", "shop"], ["shop", "customer_id"]),
        (["--sheet", "May"], ["May"]),
        (["--timezone", "Mars"], ["Mars"]),
    ],
)
def test_a_wrong_option_is_one_line(tmp_path, options, parts):
    path = write(tmp_path / "sales.csv", "customer_id,date,amount\na,2021-01-02,5\nb,2021-03-02,6\n")
    check_one_line(told("report", path, "--out", tmp_path / "reports", *options), *parts)
    assert not (tmp_path / "reports").exists() or list((tmp_path / "reports").iterdir()) == []


def test_debug_shows_where_an_error_came_from(tmp_path):
    ran = subprocess.run(
        [sys.executable, "-m", "cvmlab", "report", "no.csv", "--debug"],
        cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert ran.returncode != 0
    assert "Traceback" in ran.stderr
    assert "CvmError" in ran.stderr


def test_mistakes_are_told_in_chinese(tmp_path):
    result = told("report", tmp_path / "no.csv", "--language", "zh")
    assert result.stderr.startswith("错误：")


def test_the_unexpected_is_one_line_too(tmp_path, monkeypatch):
    def break_down(*_, **__):
        raise RuntimeError("bolt")

    monkeypatch.setattr("cvmlab.report.run", break_down)
    check_one_line(told("report", tmp_path), "RuntimeError: bolt", "--debug")


@pytest.mark.parametrize("command", ["data", "report"])
@pytest.mark.parametrize("path", ["a\0b.csv", "x" * 5000])
def test_a_path_that_no_file_can_have_is_told_without_names_of_functions(command, path):
    result = told(command, path)
    check_one_line(result, "No file can have the path")
    assert "source=" not in result.stderr
