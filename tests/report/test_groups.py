"""One report per group: every group in a folder of its own, and an overview that adds up to the whole."""

import json
import os
import re
from decimal import Decimal
from functools import partial
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pretending import RECORDED, InThisProcess

from cvmlab import CvmError, say
from cvmlab.report import groups, pages, run_by_group, running
from cvmlab.report.placing import report_folder

NAMES = [
    "A/B",
    "A:B",
    "North",
    "north",
    'Say "hi"',
    "",
    "Acme Ltd.",
    "Acme Ltd",
    ".",
    "..",
    "CON",
    "aux.txt",
    "nul .x",
    "index.html",
    "é" * 300,
]


@given(st.lists(st.text(min_size=1, max_size=8) | st.sampled_from(NAMES[:5] + NAMES[6:]), unique=True, min_size=1))
def test_no_two_groups_share_a_folder_on_any_disk(names):
    folders = groups.folder_names(names)
    assert list(folders) == names
    assert len({folder.casefold() for folder in folders.values()}) == len(names)
    for folder in folders.values():
        assert report_folder("reports", folder).name == folder
        assert folder.casefold() not in {"", ".", "..", "con", "index.html", "groups.json"}
        assert not set(folder) & set('<>:"/\\|?*\n')
        assert folder == folder.strip(" .")
        assert len(folder) <= 70


@pytest.fixture
def log(tmp_path):
    """Return a log of groups whose names are hard on folders; two rows cannot be used."""
    rows = ["order_id,customer_id,region,date,amount"]
    for number, name in enumerate(NAMES):
        quoted = '"' + name.replace('"', '""') + '"'
        for purchase in range(3):
            date = f"2021-0{purchase + 1}-05"
            rows.append(f"{number}-{purchase},K{number % 5},{quoted},{date},{number + purchase}.25")
    rows += ["x,K1,North,no date,7", "y,,North,2021-01-05,8"]
    path = tmp_path / "sales.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def made(monkeypatch):
    """Do all but the notebook and the pages of each group; return what each was made with."""
    asked = []

    def execute(template, result, given, kept, progress, steps, **_):
        asked.append(given)
        record = json.loads(RECORDED["case.json"]) | {
            "index": dict.fromkeys(("customers", "yearly", "at_stake", "calls"), 1)
        }
        record |= {"light": "good"}
        for name, text in {**RECORDED, "case.json": json.dumps(record), "report.ipynb": "{}"}.items():
            (Path(given["output"]) / name).write_text(text, encoding="utf-8")

    monkeypatch.setattr(running, "execute", execute)
    monkeypatch.setattr("cvmlab.report.workers.ProcessPoolExecutor", InThisProcess)
    monkeypatch.setattr(pages, "write_html", lambda notebook, page, **_: page.write_text("made", encoding="utf-8"))
    return asked


def test_every_group_has_its_own_report_under_its_own_name(log, made, tmp_path):
    index, results, failed = run_by_group(log, "region", folder=tmp_path / "out")
    assert not failed
    assert len({result.folder for result in results}) == len(NAMES)
    called = {given["reading"]["name"] for given in made}
    assert called == {name or say("report.no_group") for name in NAMES}
    links = re.findall(r'href="([^"]+)"', index.read_text(encoding="utf-8"))
    assert {(index.parent / unquote(link)).resolve() for link in links} == {made.html.resolve() for made in results}


def test_the_overview_adds_up_and_says_what_belongs_to_no_group(log, made, tmp_path):
    index, _, _ = run_by_group(log, "region", folder=tmp_path / "out")
    page = index.read_text(encoding="utf-8")
    rows = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tr[^>]*>(.*?)</tr>", page) if "<td" in row]
    *lines, total = rows
    assert sum(int(row[1]) for row in lines) == int(total[1]) == 3 * len(NAMES)
    expected = sum(
        Decimal(number + purchase) + Decimal("0.25") for number in range(len(NAMES)) for purchase in range(3)
    )
    assert sum(Decimal(row[2]) for row in lines) == Decimal(total[2].replace(",", "")) == expected
    assert total[3] == "5"
    assert say("report.index_in_several", counted=len(NAMES), once=5) in page
    assert say("report.index_left_out", rows=2) in page


def test_a_group_without_a_report_keeps_its_line(log, made, tmp_path, monkeypatch):
    fill = groups.fill

    def one_fails(folder, part, **options):
        (folder / "half.txt").write_text("half")
        if options["asked"]["reading"]["name"] == "North":
            raise CvmError("report.kernel_died")
        return fill(folder, part, **options)

    monkeypatch.setattr(groups, "fill", one_fails)
    index, results, failed = run_by_group(log, "region", folder=tmp_path / "out")
    assert list(failed) == ["North"]
    assert len(results) == len(NAMES) - 1
    assert not (index.parent / "North").exists()
    assert failed["North"] in index.read_text(encoding="utf-8")


def test_the_rows_of_the_groups_lie_where_the_next_run_clears_them_away(log, made, tmp_path, monkeypatch):
    seen = []

    def looking(folder, part, **options):
        seen.append((part.parent.parent, part.parent.suffix, part.parent.stat().st_mode & 0o777))
        return fill(folder, part, **options)

    fill = groups.fill
    monkeypatch.setattr(groups, "fill", looking)
    index, _, _ = run_by_group(log, "region", folder=tmp_path / "out")
    private = 0o777 if os.name == "nt" else 0o700
    assert set(seen) == {(tmp_path / "out", ".part", private)}
    assert list((tmp_path / "out").iterdir()) == [index.parent]


def test_each_group_finds_its_own_last_report(log, made, tmp_path):
    first, _, _ = run_by_group(log, "region", folder=tmp_path / "out")
    folders = json.loads((first.parent / "groups.json").read_text(encoding="utf-8"))
    made.clear()
    with log.open("a", encoding="utf-8") as lines:
        lines.write("z,K1,AAA first,2021-01-05,9\nz2,K2,AAA first,2021-02-05,9\n")
    run_by_group(log, "region", folder=tmp_path / "out", since_last=True)
    seen = {given["reading"]["name"]: given["since"] for given in made}
    assert seen.pop("AAA first") is None
    assert {name: Path(folder).name for name, folder in seen.items()} == {
        name: folder for folder, name in folders.items()
    }


def test_since_last_without_a_last_report_is_one_sentence(log, made, tmp_path):
    with pytest.raises(CvmError) as caught:
        run_by_group(log, "region", folder=tmp_path / "out", since_last=True)
    assert caught.value.key == "report.no_last_report"


def test_a_column_with_a_value_per_row_is_refused(tmp_path, made):
    path = tmp_path / "sales.csv"
    rows = [f"K{n % 9},2021-01-{1 + n % 28:02},{n}.5,T{n}" for n in range(groups.MOST_GROUPS + 1)]
    path.write_text("\n".join(["customer_id,date,amount,till", *rows]), encoding="utf-8")
    with pytest.raises(CvmError) as caught:
        run_by_group(path, "till", folder=tmp_path / "out")
    assert caught.value.key == "report.too_many_groups"
    assert not made


def test_a_report_for_each_currency(tmp_path, made):
    path = tmp_path / "sales.csv"
    rows = [f"K{n % 5},2021-0{1 + n % 6}-03,{n}.5,{('EUR', 'USD')[n % 2]}" for n in range(24)]
    path.write_text("\n".join(["customer_id,date,amount,currency", *rows]), encoding="utf-8")
    _, results, failed = run_by_group(path, "currency", folder=tmp_path / "out")
    assert [result.folder.name for result in results] == ["EUR", "USD"]
    assert not failed


def test_a_column_whose_name_has_a_quote(tmp_path, made):
    path = tmp_path / "sales.csv"
    rows = [f"K{n % 5},2021-0{1 + n % 6}-03,{n}.5,{'NS'[n % 2]}" for n in range(24)]
    path.write_text("\n".join(['customer_id,date,amount,"re""gion"', *rows]), encoding="utf-8")
    _, results, _ = run_by_group(path, 're"gion', folder=tmp_path / "out")
    assert [result.folder.name for result in results] == ["N", "S"]


@pytest.mark.parametrize("option", ["a", "keep", "columns"])
def test_an_unknown_option_of_reading_is_refused_before_anything_is_written(tmp_path, option):
    for make in (running.run, partial(run_by_group, by="region")):
        with pytest.raises(CvmError, match=f"'{option}' is not an option of reading"):
            make("nowhere.csv", folder=tmp_path, reading={option: 1})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("by", ["amount", "date"])
def test_a_column_of_dates_or_amounts_makes_no_groups(log, made, tmp_path, by):
    with pytest.raises(CvmError, match="region or a sales channel"):
        run_by_group(log, by, folder=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_groups_by_a_column_that_reading_trims(tmp_path, made):
    path = tmp_path / "sales.csv"
    rows = [f"K{n % 4},2021-0{1 + n % 5}-05,{n + 1}.25,{' salt' if n % 2 else 'salt'}" for n in range(12)]
    path.write_text("customer_id,date,amount,product\n" + "\n".join(rows) + "\n", encoding="utf-8")
    _, results, failed = run_by_group(path, "product", folder=tmp_path / "out")
    assert results and not failed
