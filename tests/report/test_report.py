"""Whole reports, run with their kernel: what lies in the folder, and what stays as it was when something fails.

A report costs seconds, so every variant is made once and looked at by many tests.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import zlib
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import messy_report
import nbformat
import pandas as pd
import pytest
from openpyxl import load_workbook

from cvmlab import case, reading, say, term
from cvmlab.core import paths
from cvmlab.core.words import CvmError, speaking
from cvmlab.report import pages, placing, run, run_by_group, running

pytestmark = pytest.mark.slow
HOUSEHOLDS = 120
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def customers_csv(folder):
    return pd.read_csv(folder / "customers.csv", dtype={"customer_id": "str", "phone": "str"}, encoding="utf-8-sig")


def workbook_rows(folder):
    """Return every sheet of the workbook as a list of rows, header first."""
    book = load_workbook(folder / "customers.xlsx")
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book}


def all_text(folder):
    """Return everything that can be read in a report, by file."""
    texts = {
        path.name: path.read_text(encoding="utf-8-sig")
        for path in folder.rglob("*")
        if path.suffix in {".html", ".ipynb", ".csv", ".json"}
    }
    texts["customers.xlsx"] = str(workbook_rows(folder))
    return texts


def table_row(page, label):
    """Return the cells of the first table row that begins with a label."""
    row = re.search(rf"<tr><td[^>]*>{re.escape(label)}</td>(.*?)</tr>", page, re.S)
    assert row, label
    return re.findall(r"<td[^>]*>(.*?)</td>", row[1])


def pdf_pages(pdf):
    raw = pdf.read_bytes()
    # the tree of pages may lie in a compressed stream
    for packed in re.findall(rb"stream\r?\n(.*?)endstream", raw, re.S):
        with suppress(zlib.error):
            raw += zlib.decompress(packed)
    return len(re.findall(rb"/Type\s*/Page(?!\w)", raw))


# ---- grocery, in English, with a PDF


@pytest.fixture(scope="module")
def households(tmp_path_factory):
    return messy_report.write_some_households(tmp_path_factory.mktemp("data") / "households.parquet", HOUSEHOLDS)


@pytest.fixture(scope="module")
def grocery(households, tmp_path_factory):
    steps = []
    folder = tmp_path_factory.mktemp("reports {1}")
    made = run(households, folder=folder, pdf=True, language="en", progress=lambda *step: steps.append(step))
    return made, steps


def test_a_report_is_complete(grocery):
    made, _ = grocery
    assert made.folder.name == "households"
    names = {path.name for path in made.folder.iterdir()}
    assert names == {
        "report.html", "report.ipynb", "report.pdf", "customers.csv", "customers.xlsx", "case.json", "figures",
        placing.MARKER,
    }  # fmt: skip
    figures = sorted(path.name for path in (made.folder / "figures").iterdir())
    assert figures[0] == "01-silence.png"
    assert len(figures) == 9
    assert all((made.folder / "figures" / name).read_bytes().startswith(b"\x89PNG") for name in figures)
    assert [path.name for path in made.folder.parent.iterdir()] == ["households"]
    assert made.notes == ()


def test_the_progress_goes_up_to_the_end(grocery):
    _, steps = grocery
    done = [step[0] for step in steps]
    assert done == sorted(done)
    assert done[0] == 0
    # the PDF is the last of all steps
    assert steps[-1] == (steps[0][1] - 1, steps[0][1], say("report.step_pdf"))
    assert {total for _, total, _ in steps} == {steps[0][1]}
    assert say("report.step_read") in [what for *_, what in steps]


def test_the_page_stands_alone(grocery):
    page = grocery[0].html.read_text(encoding="utf-8")
    assert '<html lang="en">' in page
    assert not re.search(r'(src|href)\s*=\s*["\']?(https?:|//)', page)
    assert "@import" not in page
    assert "<script" not in page
    pictures = re.findall(r"<img[^>]+>", page)
    assert len(pictures) == 9
    assert all('src="data:image/png;base64,' in picture and re.search('alt="[^"]+"', picture) for picture in pictures)


def test_page_one_answers_first(grocery):
    page = grocery[0].html.read_text(encoding="utf-8")
    assert page.count('<ol class="sentences">') == 1
    first = page[page.index('<ol class="sentences">') :]
    assert first[: first.index("</ol>")].count("<li>") == 5
    order = [
        page.index('class="light'), page.index('class="stakes"'), page.index('<ol class="sentences">'),
        page.index(term("report.calls_title")), page.index(term("report.base_title")),
        page.index(term("report.past_title")), page.index(term("report.assumptions_title")),
        page.index(term("report.quality_title")),
    ]  # fmt: skip
    assert order == sorted(order)


def test_the_code_is_hidden_but_kept(grocery):
    made, _ = grocery
    assert "cvm.case.study" not in made.html.read_text(encoding="utf-8")
    notebook = nbformat.read(made.folder / "report.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert any("cvm.case.study" in cell.source for cell in notebook.cells)
    # the work folder is gone by now
    assert ".part" not in json.dumps(notebook)
    errors = [output for cell in notebook.cells for output in cell.outputs if output.output_type == "error"]
    assert errors == []


def test_the_csv_adds_up_with_the_data_report_to_the_cent(grocery, households):
    made, _ = grocery
    table = customers_csv(made.folder)
    quality = reading.read(households).quality
    cents = sum(Decimal(f"{revenue:.2f}") for revenue in table["revenue"])
    assert cents == quality.amount("used", "refund")
    assert table["customer_id"].is_unique
    assert len(table) == quality.customers == HOUSEHOLDS
    page = made.html.read_text(encoding="utf-8")
    assert f"{quality.control_amount:,.2f}" in table_row(page, term("reading.line_control"))
    assert f"{quality.rows('used'):,}" in table_row(page, term("reading.line_used"))


def test_the_csv_holds_the_purchases_expected_of_each_month(grocery):
    table = customers_csv(grocery[0].folder)
    months = table.filter(regex=r"^expected_orders_\d{4}-\d{2}$")
    assert months.shape == (HOUSEHOLDS, 12)
    assert (months >= 0).all(axis=None)
    # of a first month that is nearly over the rest counts
    assert 0.9 * table["expected_orders"].sum() < months.sum().sum() < 1.01 * table["expected_orders"].sum()


def test_the_csv_is_safe_and_has_a_mark(grocery):
    raw = (grocery[0].folder / "customers.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    table = customers_csv(grocery[0].folder).select_dtypes(exclude="number")
    assert not any(table[name].astype("str").str.startswith(FORMULA_STARTS).any() for name in table)


def test_the_workbook_holds_every_customer_once(grocery):
    made, _ = grocery
    sheets = workbook_rows(made.folder)
    titles = {value_type: say("report.sheet_type", type=value_type) for value_type in ("IV", "III", "II", "I")}
    assert list(sheets) == [term("report.sheet_calls"), *titles.values(), term("report.sheet_key")]
    table = customers_csv(made.folder)
    rows = [row for title in titles.values() for row in sheets[title][1:]]
    assert sorted(row[0] for row in rows) == sorted(table["customer_id"])
    for value_type, title in titles.items():
        listed = {row[0] for row in sheets[title][1:]}
        assert listed == set(table.loc[table["value_type"] == value_type, "customer_id"])
    revenue = sheets[titles["IV"]][0].index(term("report.revenue"))
    amounts = [row[revenue] for row in rows]
    assert sum(amounts) == pytest.approx(table["revenue"].sum(), abs=0.01)


def test_every_sheet_has_a_filter_and_ids_as_text(grocery):
    book = load_workbook(grocery[0].folder / "customers.xlsx")
    for sheet in book.worksheets[:-1]:
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref.endswith(str(sheet.max_row))
        assert all(isinstance(row[0], str) for row in sheet.iter_rows(min_row=2, values_only=True))


def test_the_call_list_leaves_out_the_hold_out(grocery):
    made, _ = grocery
    table = customers_csv(made.folder)
    free = table.loc[(table["action"] == "win_back") & ~table["hold_out"], "customer_id"]
    calls = [row[0] for row in workbook_rows(made.folder)[term("report.sheet_calls")][1:]]
    assert len(calls) > 0
    assert sorted(calls) == sorted(free)
    page = made.html.read_text(encoding="utf-8")
    assert all(f'<td class="id">{customer}</td>' in page for customer in calls[: case.Assumptions().calls])


def test_the_record_tells_thresholds_assumptions_and_time(grocery):
    made, _ = grocery
    record = json.loads((made.folder / "case.json").read_text(encoding="utf-8"))
    assert set(record["thresholds"]) >= {"current_value", "growth_potential"}
    assert record["assumptions"] == case.Assumptions().values()
    assert record["index"]["customers"] == HOUSEHOLDS
    assert set(record["seconds"]) == {"summary", "value", "matrix", "backtest", "actions", "portfolio"}
    assert made.seconds == record["seconds"]


def test_weasyprint_prints_all_pages(grocery):
    assert grocery[0].pdf == grocery[0].folder / "report.pdf"
    assert pdf_pages(grocery[0].pdf) > 2


def test_an_installed_browser_prints_where_weasyprint_is_missing(grocery, chromium, tmp_path, monkeypatch):
    # None makes the import fail as if WeasyPrint were not there
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    pdf = tmp_path / "report.pdf"
    assert pages.write_pdf(grocery[0].html, pdf) == (True, "")
    assert pdf_pages(pdf) > 2


def test_without_a_printer_one_sentence_says_so(grocery, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    monkeypatch.setattr(pages.shutil, "which", lambda name: None)
    pdf = tmp_path / "report.pdf"
    assert pages.write_pdf(grocery[0].html, pdf) == (False, say("report.no_pdf_printer"))
    assert not pdf.exists()


# ---- a messy workbook, masked


@pytest.fixture(scope="module")
def masked(tmp_path_factory):
    data = tmp_path_factory.mktemp("messy") / "销售.xlsx"
    sheets = messy_report.write_messy_workbook(data)
    made = run(data, folder=tmp_path_factory.mktemp("masked"), mask=True, language="zh")
    return made, sheets


def test_every_defect_of_a_messy_workbook_is_counted(masked):
    made, sheets = masked
    page = made.html.read_text(encoding="utf-8")
    with speaking("zh"):
        for reason in ("no_id", "bad_date", "bad_amount", "duplicate_row", "total_row"):
            count = sum(sheet.counts[reason] for sheet in sheets)
            label = say(f"reading.line_{reason}")
            assert count > 0
            assert table_row(page, label)[0] == f"{count:,}", reason
        used = messy_report.total(sheets, "used")
        refund = messy_report.total(sheets, "refund")
        control = sum((sheet.control for sheet in sheets), Decimal(0))
        assert table_row(page, say("reading.line_used"))[1] == f"{used:,.2f}"
        assert table_row(page, say("reading.line_refund"))[1] == f"{refund:,.2f}"
        assert table_row(page, say("reading.line_control"))[1] == f"{control:,.2f}"
    revenue = customers_csv(made.folder)["revenue"]
    assert sum(Decimal(f"{amount:.2f}") for amount in revenue) == used + refund


def test_a_masked_report_tells_no_name_and_no_phone(masked):
    made, _ = masked
    table = customers_csv(made.folder)
    assert {"customer_name", "phone"} <= set(table.columns)
    for file, text in all_text(made.folder).items():
        for customer in range(12):
            assert messy_report.name_of(customer) not in text, file
            assert messy_report.phone_of(customer) not in text, file
    # the firm must find its customers again
    assert table["customer_id"].str.fullmatch(r"\d{5}").all()


def test_a_chinese_report_is_chinese(masked):
    made, _ = masked
    page = made.html.read_text(encoding="utf-8")
    assert '<html lang="zh-CN">' in page
    assert term("report.calls_title", language="zh") in page
    assert term("report.calls_title", language="en") not in page
    assert term("report.sheet_calls", language="zh") in workbook_rows(made.folder)


# ---- since the last report


def test_the_next_report_keeps_the_thresholds_and_tells_who_moved(grocery, households, tmp_path):
    folder = tmp_path / "reports"
    shutil.copytree(grocery[0].folder, folder / "households")
    earlier = folder / "households"
    path = earlier / "customers.csv"
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    # three customers were of another type then, one is new now
    column = lines[0].split(",").index("value_type")
    for row in (1, 2, 3):
        cells = lines[row].split(",")
        cells[column] = "I" if cells[column] != "I" else "IV"
        lines[row] = ",".join(cells)
    path.write_text("\n".join(lines[:-1]), encoding="utf-8-sig")
    record = json.loads((earlier / "case.json").read_text(encoding="utf-8"))
    record["thresholds"]["current_value"] *= 1.0000001
    record["index"]["customers"] -= 1
    (earlier / "case.json").write_text(json.dumps(record), encoding="utf-8")

    made = run(households, folder=folder, since_last=True)
    now = json.loads((made.folder / "case.json").read_text(encoding="utf-8"))
    assert now["thresholds"]["current_value"] == record["thresholds"]["current_value"]
    assert now["thresholds"]["growth_potential"] == record["thresholds"]["growth_potential"]
    assert now["thresholds"]["current_value_choice"] == "previous"
    told = say("report.since_lead", before=record["as_of"], moved="3", both=f"{HOUSEHOLDS - 1}", new="1")
    assert told in made.html.read_text(encoding="utf-8")
    assert not (made.folder / "since").exists()


def test_without_an_earlier_report_there_is_nothing_to_compare_with(households, tmp_path):
    with pytest.raises(CvmError) as caught:
        run(households, folder=tmp_path, since_last=True)
    assert caught.value.key == "report.no_last_report"
    assert list(tmp_path.iterdir()) == []


# ---- one report a group


@pytest.fixture(scope="module")
def by_owner(tmp_path_factory):
    log = messy_report.sales(customers=24)
    # one owner has a single customer: no report can be made of that
    log.loc[log["客户编号"] == "003", "业务员"] = "A/B <i>"
    path = tmp_path_factory.mktemp("owners") / "sales.csv"
    log.loc[log["业务员"] != "韩经理"].to_csv(path, index=False, encoding="utf-8")
    folder = tmp_path_factory.mktemp("by owner")
    return run_by_group(path, "业务员", jobs=2, folder=folder, language="zh")


def test_the_index_leads_to_the_groups_and_tells_who_has_none(by_owner):
    index, results, failed = by_owner
    assert index.parent.name == "sales-by-业务员"
    page = index.read_text(encoding="utf-8")
    assert [result.folder.name for result in results] == ["李经理"]
    links = re.findall(r'href="([^"]+)"', page)
    from urllib.parse import unquote

    assert [(index.parent / unquote(link)).resolve() for link in links] == [results[0].html.resolve()]
    assert results[0].html.is_file()
    assert list(failed) == ["A/B <i>"]
    with speaking("zh"):
        assert say("report.index_lead", column="业务员", count=1) in page
    assert "A/B &lt;i&gt;" in page
    assert "<i>" not in page
    # the reason, without the id of that one customer
    assert "只有一位客户" in page and "003" not in page


def test_a_group_holds_its_own_customers_only(by_owner):
    _, results, _ = by_owner
    assert customers_csv(results[0].folder)["owner"].unique().tolist() == ["李经理"]
    assert [path.name for path in results[0].folder.parent.glob(".*")] == [placing.MARKER]


def test_a_group_column_that_is_not_there_is_named(tmp_path):
    path = tmp_path / "sales.csv"
    messy_report.sales(customers=4).to_csv(path, index=False)
    with pytest.raises(CvmError, match="地区"):
        run_by_group(path, "地区", folder=tmp_path / "out")
    assert not (tmp_path / "out").exists()


# ---- the notebook by itself


def test_plain_papermill_runs_the_notebook(tmp_path):
    path = tmp_path / "sales.csv"
    messy_report.sales(customers=25).to_csv(path, index=False)
    template = paths.course_folder() / "notebooks" / "reports" / "case_report.ipynb"
    command = [sys.executable, "-m", "papermill", str(template), "out.ipynb", "--no-progress-bar",
               "-p", "source", str(path), "-p", "language", "zh"]  # fmt: skip
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", check=False)
    assert ran.returncode == 0, ran.stderr
    shown = json.dumps(nbformat.read(tmp_path / "out.ipynb", as_version=4), ensure_ascii=False)
    assert term("report.calls_title", language="zh") in shown
    assert sorted(child.name for child in tmp_path.iterdir()) == ["out.ipynb", "sales.csv"]


# ---- when something goes wrong


@pytest.fixture
def earlier(tmp_path):
    """Return a folder of reports with an earlier one in it."""
    return messy_report.make_earlier_report(tmp_path / "reports")


@pytest.fixture
def sales_csv(tmp_path):
    path = tmp_path / "sales.csv"
    messy_report.sales(customers=4).to_csv(path, index=False)
    return path


def template_with(monkeypatch, tmp_path, *cells):
    """Let reports run a notebook of these cells."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.cells[0].metadata["tags"] = ["parameters"]
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path = tmp_path / "course" / "notebooks" / "reports" / "case_report.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(notebook, path)
    monkeypatch.setattr(paths, "course_folder", lambda: tmp_path / "course")


def test_a_kernel_that_dies_leaves_the_earlier_report(earlier, sales_csv, monkeypatch, tmp_path):
    template_with(monkeypatch, tmp_path, "output = None", "import os; open(output + '/half', 'w').close(); os._exit(9)")
    before = messy_report.snapshot(earlier)
    with pytest.raises(CvmError) as caught:
        run(sales_csv, folder=earlier)
    assert caught.value.key == "report.kernel_died"
    assert messy_report.snapshot(earlier) == before


def test_a_cell_that_fails_is_one_sentence(earlier, sales_csv, monkeypatch, tmp_path):
    template_with(monkeypatch, tmp_path, "output = None", "1 / 0")
    before = messy_report.snapshot(earlier)
    with pytest.raises(CvmError, match="ZeroDivisionError") as caught:
        run(sales_csv, folder=earlier)
    assert "\n" not in str(caught.value)
    assert messy_report.snapshot(earlier) == before


def test_a_disk_that_fills_up_in_the_kernel_says_so(earlier, sales_csv, monkeypatch, tmp_path):
    template_with(
        monkeypatch, tmp_path, "output = None", "raise OSError(28, 'No space left on device', 'customers.csv')"
    )
    before = messy_report.snapshot(earlier)
    with pytest.raises(CvmError) as caught:
        run(sales_csv, folder=earlier)
    assert caught.value.key == "report.cannot_write"
    assert messy_report.snapshot(earlier) == before


@pytest.mark.parametrize("step", ["html", "move"])
def test_a_full_disk_leaves_the_earlier_report(earlier, sales_csv, monkeypatch, tmp_path, step):
    def full(*_, **__):
        raise OSError(28, os.strerror(28))

    def executed(template, result, parameters, kept, progress, steps, **_):
        folder = Path(parameters["output"])
        (folder / "case.json").write_text("{}", encoding="utf-8")

    monkeypatch.setattr(running, "execute", executed)
    monkeypatch.setattr(pages, "write_html", full if step == "html" else lambda *_, **__: None)
    if step == "move":
        monkeypatch.setattr(placing, "_replace", full)
    before = messy_report.snapshot(earlier)
    with pytest.raises(CvmError) as caught:
        run(sales_csv, folder=earlier)
    assert caught.value.key == "report.cannot_write_over"
    assert os.strerror(28) in str(caught.value)
    assert messy_report.snapshot(earlier) == before


def test_a_move_that_fails_brings_the_earlier_report_back(earlier, tmp_path, monkeypatch):
    before = {name: content for name, (content, _) in messy_report.snapshot(earlier).items()}
    rename = Path.rename

    def refuse(self, target):
        if self.suffix == ".part":
            raise PermissionError(13, os.strerror(13))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(CvmError), placing.put_in_place(earlier / "sales"):
        pass
    assert {name: content for name, (content, _) in messy_report.snapshot(earlier).items()} == before


def test_a_folder_that_cannot_be_made_is_named(sales_csv, tmp_path):
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    with pytest.raises(CvmError, match="taken"):
        run(sales_csv, folder=tmp_path / "taken" / "reports")
