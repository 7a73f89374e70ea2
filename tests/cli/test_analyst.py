"""A report as a Chinese analyst makes it on the command line."""

import json
import subprocess
import sys
from pathlib import Path

import messy_report
import pandas as pd
import pytest
from terminals import POSIX_ONLY, environment, in_terminal

from cvmlab import reading, say, term
from cvmlab.core.words import speaking


@pytest.fixture(scope="module")
def chinese(home):
    """Make a Chinese report in a GBK console that shows the progress bar."""
    messy_report.write_gb18030(home / "销售 数据.csv", customers=60)
    command = [
        sys.executable, "-m", "cvmlab", "report", "销售 数据.csv", "--language", "zh", "--margin", "0.3",
        "--cost-per-order", "2", "--set", "hold_out_share=0.5", "--set", "calls=3",
    ]  # fmt: skip
    code, shown = in_terminal(command, cwd=home, env=environment(home, PYTHONIOENCODING="gbk"))
    return code, shown.decode("gbk"), home / "reports" / "销售 数据"


@POSIX_ONLY
@pytest.mark.slow
def test_a_gbk_console_shows_the_bar_and_the_way_to_the_report(chinese):
    code, shown, folder = chinese
    assert code == 0, shown
    with speaking("zh"):
        assert say("report.step_read") in shown
        assert say("report.step_export") in shown
        assert say("cli.report_ready", path=Path("reports") / folder.name / "report.html") in shown.replace("\r\n", "")
    assert "[##" in shown
    assert "Traceback" not in shown
    assert "WARNING" not in shown


@POSIX_ONLY
@pytest.mark.slow
def test_a_gb18030_export_keeps_ids_names_owners_and_phones(chinese):
    _, _, folder = chinese
    table = pd.read_csv(folder / "customers.csv", dtype="str", encoding="utf-8-sig").set_index("customer_id")
    assert len(table) == 60
    assert table.loc["007", "customer_name"] == messy_report.name_of(7)
    assert table.loc["007", "phone"] == messy_report.phone_of(7)
    assert table.loc["007", "owner"] == "韩经理"
    log = reading.read(folder.parents[1] / "销售 数据.csv")
    assert log.mapping["amount"] == "价税合计"
    assert table["revenue"].astype(float).sum() == pytest.approx(float(log.quality.amount("used", "refund")), abs=0.005)


@POSIX_ONLY
@pytest.mark.slow
def test_an_assumed_profit_is_called_assumed(chinese):
    _, _, folder = chinese
    record = json.loads((folder / "case.json").read_text(encoding="utf-8"))
    assert record["basis"] == "assumed_profit"
    stated = record["assumptions"]
    assert (stated["margin"], stated["cost_per_order"], stated["hold_out_share"], stated["calls"]) == (0.3, 2, 0.5, 3)
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert term("report.basis_assumed_profit", language="zh") in page
    assert f'<span class="tag assumed">{term("report.assumed", language="zh")}</span>' in page
    table = pd.read_csv(folder / "customers.csv", encoding="utf-8-sig")
    assert table["contribution"].sum() == pytest.approx(
        0.3 * table["revenue"].sum() - 2 * table["orders"].sum(), rel=1e-6
    )
    owners = pd.read_excel(folder / "customers.xlsx", sheet_name=None, engine="openpyxl")
    with speaking("zh"):
        key = owners.pop(term("report.sheet_key"))
        assert all(term("report.owner") in sheet.columns for sheet in owners.values())
        assert term("report.owner") in set(key[term("report.key_word")])


def test_no_character_breaks_a_narrow_console(home):
    path = home / "ids.csv"
    path.write_text("客户编号,单据日期,金额\n𠮷é✓,2021-01-02,5\n", encoding="utf-8")
    for encoding in ("gbk", "ascii", "cp1252"):
        ran = subprocess.run(
            [sys.executable, "-m", "cvmlab", "data", str(path), "--no-save", "--language", "zh"],
            cwd=home, env=environment(home, PYTHONIOENCODING=encoding), capture_output=True, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        assert "2021-01-02" in ran.stdout.decode(encoding)
