"""What a masked report may not tell: names, phones, e-mail addresses, ids that are such, and where it was made."""

import base64
import json
import re
import subprocess
import zipfile

import nbformat
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmlab import CvmError, case, reading
from cvmlab.report import privacy, run, run_by_group

KEY, OTHER_KEY = "ab" * 32, "cd" * 32
PERSONAL = [
    "bob@example.com", "138-0013-8037", "13800138037", "+8613800138037", "+49 30 1234567", "(030) 123-45-67",
    "110101199003074578", "11010119900307457X", "张三丰", "John Smith", "O'Brien", "陶喆",
    "Zebulon Smith 016", "张三2", "tel:13800138000", "wx13800138000", "212-555-1234 ext 5", "110101-19900307-123X",
    "2125551234", "Bo", "Ян",
]  # fmt: skip
PLAIN = ["007", "C001", "K-17", "A", "b2", "10000012", "1023", "户001", "X99Y", "DE-0042"]


@pytest.mark.parametrize("customer_id", PERSONAL)
def test_an_id_that_tells_a_person_is_known_by_its_value(customer_id):
    assert privacy.is_personal(customer_id)


@pytest.mark.parametrize("customer_id", PLAIN)
def test_a_number_of_the_firm_is_not_taken_for_a_person(customer_id):
    assert not privacy.is_personal(customer_id)


def log_of(ids, **attributes):
    dates = pd.date_range("2021-01-01", periods=len(ids) * 4, freq="9D")
    frame = pd.DataFrame({"customer_id": ids * 4, "date": dates, "amount": 5.0})
    return reading.read(frame.assign(**{name: values * 4 for name, values in attributes.items()}))


def ids_of(log):
    return [row[0] for row in log.transactions.select("customer_id").distinct().order("1").fetchall()]


def test_ids_that_tell_nothing_stay_so_that_the_firm_finds_its_customers():
    hidden = privacy.masked(
        log_of(["007", "008"], customer_name=["张三丰", "John Smith"], phone=["13812345678", ""]), KEY
    )
    assert ids_of(hidden) == ["007", "008"]
    customers = case.study(hidden).customers
    assert sorted(customers["customer_name"]) == ["J*** S***", "张**"]
    assert customers["phone"].dropna().tolist() == ["138******78"]


def test_one_address_among_many_numbers_is_hidden_alone():
    hidden = ids_of(privacy.masked(log_of([*(f"C{n:03}" for n in range(30)), "bob@example.com"]), KEY))
    assert "C007" in hidden
    assert not any("@" in customer for customer in hidden)


def test_the_words_of_a_code_are_no_names():
    assert "CUST0007" in ids_of(privacy.masked(log_of([f"CUST{n:04}" for n in range(40)]), KEY))


def test_names_with_numbers_behind_them_are_names():
    names = ["Zebulon Smith", "Ada Lovelace", "Bo Didley", "Quincy Adams", "Rosa Parks"]
    log = log_of([f"{names[n % 5]} {n:03}" for n in range(40)])
    assert all(customer.startswith("#") for customer in ids_of(privacy.masked(log, KEY)))


def test_a_column_of_phones_is_hidden_whole():
    log = log_of(["13800138037", "4155550123"])
    assert not {"13800138037", "4155550123"} & set(ids_of(privacy.masked(log, KEY)))


def test_the_log_itself_stays_as_it_was():
    log = log_of(["张三丰", "李四海"])
    privacy.masked(log, KEY)
    assert ids_of(log) == ["张三丰", "李四海"]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from([*PERSONAL, *PLAIN]), min_size=1, unique=True))
def test_the_same_customer_has_the_same_label_whoever_else_is_there(ids):
    alone = {customer: privacy.labels([customer], KEY)[customer] for customer in ids}
    assert privacy.labels(ids, KEY) == alone
    assert len(set(alone.values())) == len(ids)
    assert not set(alone.values()) & set(privacy.labels(ids, OTHER_KEY).values())


def test_labels_that_begin_alike_are_told_apart(monkeypatch):
    monkeypatch.setattr(privacy, "_LABEL_DIGITS", 1)
    ids = [f"{n}@example.com" for n in range(200)]
    assert len(set(privacy.labels(ids, KEY).values())) == 200


def test_the_key_is_drawn_once_and_for_the_owner_alone(tmp_path):
    key = privacy.mask_key(tmp_path / "reports")
    assert privacy.mask_key(tmp_path / "reports") == key
    assert privacy.mask_key(tmp_path / "others") != key
    if hasattr((tmp_path / "reports"), "owner"):
        assert (tmp_path / "reports" / privacy.KEY_FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"", b"short", b"\xff\xfe", b"zz" * 32])
def test_a_damaged_key_is_named(tmp_path, content):
    (tmp_path / privacy.KEY_FILE).write_bytes(content)
    with pytest.raises(CvmError, match=re.escape(privacy.KEY_FILE)):
        privacy.mask_key(tmp_path)


# ---- whole reports, searched for canaries

CANARIES = ("Qanary", "金丝雀", "1380013", "Ownarov", "canary-folder", "canary@example")


@pytest.fixture(scope="module")
def sensitive(tmp_path_factory):
    """Return a log in which everything that tells of a person carries a canary, some of it in bad rows."""
    folder = tmp_path_factory.mktemp("canary-folder")
    rows = ["customer name,phone,e-mail,region,owner,date,amount"]
    for number in range(60):
        who = ("Qanary", "金丝雀")[number % 2] + f" {chr(97 + number % 26)}{'xyz'[number // 26]}"
        for month in range(1, 13):
            if (number * 7 + month * 5) % 4:
                day = 1 + (number + month) % 28
                date = f"2023-{month:02}-{day:02}" if number != 3 or month != 5 else "no date of Qanary"
                mail = f"canary@example{number}.com"
                rows.append(
                    f"{who},1380013{number:04},{mail},{'NS'[number % 2]},Ownarov,{date},{10 + number + month}.5"
                )
    rows.append("walk-in Qanary,13800139999,x,N,Ownarov,2023-06-01,Qanary")
    path = folder / "sales.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def texts_of(folder):
    """Return all that the files below a folder hold, unpacked and decoded."""
    for path in folder.rglob("*"):
        yield path.name, path.name
        if path.is_dir() or path.name == privacy.KEY_FILE:
            continue
        yield path.name, path.read_bytes().decode("utf-8", "replace")
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as book:
                yield path.name, "".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())
        if path.suffix == ".pdf":
            yield path.name, subprocess.run(["pdftotext", str(path), "-"], capture_output=True, text=True).stdout
        if path.suffix == ".ipynb":
            for found in re.findall(r'"image/png": "([^"]+)"', path.read_text(encoding="utf-8")):
                yield path.name, base64.b64decode(found).decode("latin-1")


def check_silent(folder):
    for name, text in texts_of(folder):
        for canary in CANARIES:
            assert canary not in text, f"{canary} in {name}"


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "zh"])
def test_nothing_in_a_masked_report_tells_a_person_or_a_place(sensitive, tmp_path, language):
    made = run(sensitive, folder=tmp_path, mask=True, language=language, pdf=True)
    check_silent(tmp_path)
    again = run(sensitive, folder=tmp_path, mask=True, language=language, since_last=True)
    check_silent(tmp_path)
    notebook = nbformat.read(again.folder / "report.ipynb", as_version=4)
    (told,) = [cell.source for cell in notebook.cells if "injected-parameters" in cell.metadata.get("tags", [])]
    assert "source = 'sales.csv'" in told
    assert "mask = True" in told
    assert made.folder == again.folder


@pytest.mark.slow
def test_groups_under_a_mask_hide_even_their_names(sensitive, tmp_path):
    run_by_group(sensitive, "owner", folder=tmp_path, mask=True, jobs=1)
    check_silent(tmp_path)
    names = json.loads((tmp_path / "sales-by-owner" / "groups.json").read_text(encoding="utf-8"))
    assert len(names) == 1
    assert all(name.startswith("#") for name in names.values())


def test_words_of_a_column_that_nobody_reads_are_hidden_and_its_name_is_not():
    rows = [(f"C{n:03}", f"2024-01-{n + 1:02}", 20 + n, "" if n else "Mary Miller") for n in range(20)]
    log = reading.read(pd.DataFrame(rows, columns=["customer", "date", "amount", "contact note"]), today="2024-03-01")
    assert any("Mary Miller" in str(note) for note in log.quality.notes)
    remarks = " ".join(map(str, privacy.masked(log, True).quality.notes))
    assert "'contact note'" in remarks
    assert "Mary" not in remarks
