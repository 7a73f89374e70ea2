"""The command line as a user meets it: a Chinese home, a GBK console, every mistake one clear line."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace
from urllib.request import Request, urlopen

import messy_report
import pandas as pd
import psutil
import pytest
from click.testing import CliRunner
from pretending import RECORDED, InThisProcess

from cvmlab import cli, reading, say, term
from cvmlab.core.words import speaking
from cvmlab.report import kernel, pages, running

POSIX_ONLY = pytest.mark.skipif(os.name == "nt", reason="process groups and pseudo-terminals are POSIX")


def told(*words):
    """Run a command in this process."""
    return CliRunner().invoke(cli.main, [str(word) for word in words])


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Return a home folder as a Chinese user may have it."""
    folder = tmp_path_factory.mktemp("home") / "张 三"
    folder.mkdir()
    return folder


def environment(home, **more):
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "XDG", "LC_", "LANG"))}
    return {**keep, "HOME": str(home), "USERPROFILE": str(home), **more}


def in_terminal(command, **options):
    """Run a command on a pseudo-terminal of its own and return its code and what it showed there."""
    import pty
    import termios

    main, side = pty.openpty()
    termios.tcsetwinsize(side, (24, 80))
    process = subprocess.Popen(command, stdin=side, stdout=side, stderr=side, **options)
    os.close(side)
    shown = b""
    while True:
        try:
            piece = os.read(main, 65536)
        except OSError:  # how Linux reports the end of a pseudo-terminal
            break
        if not piece:
            break
        shown += piece
    os.close(main)
    return process.wait(), shown


# ---- a report as a Chinese analyst makes it


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


# ---- mistakes: one line, a code, nothing touched


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
    "one customer": ("'a'",),
    "all zero": (),
    "only the future": ("2921-01-02",),
    "negative total": ("-4.00",),
    "two amounts": ("价税合计", "无税金额", "--amount"),
}


@pytest.fixture
def earlier(tmp_path):
    """Return the folder of an earlier report."""
    return messy_report.make_earlier_report(tmp_path / "reports")


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


# ---- Ctrl-C


@pytest.mark.parametrize(
    ("name", "text"),
    [("KeyboardInterrupt", ""), ("RuntimeError", "Query interrupted"), ("InterruptException", "INTERRUPT Error")],
)
def test_a_query_interrupted_in_the_kernel_is_an_interruption(name, text, tmp_path):
    failed = SimpleNamespace(ename=name, evalue=text)
    with pytest.raises(KeyboardInterrupt):
        kernel._from_kernel(failed, tmp_path)


# ---- pipes


@POSIX_ONLY
@pytest.mark.parametrize("command", ["data grocery", "report --assumptions", "report --help"])
def test_a_reader_that_has_seen_enough_is_no_error(command, tmp_path):
    reading_end, writing_end = os.pipe()
    os.close(reading_end)
    try:
        ran = subprocess.run(
            [sys.executable, "-m", "cvmlab", *command.split()],
            cwd=tmp_path, stdout=writing_end, stderr=subprocess.PIPE, check=False,
        )  # fmt: skip
    finally:
        os.close(writing_end)
    assert ran.stderr == b""
    assert ran.returncode in (0, 1) if command.endswith("--help") else ran.returncode == 0


# ---- the lab


@POSIX_ONLY
@pytest.mark.slow
def test_the_lab_finds_the_command_in_its_terminal_and_ends_on_term(home, tmp_path):
    import pty
    import termios

    import websocket

    path = os.pathsep.join(part for part in os.environ["PATH"].split(os.pathsep) if not Path(part, "cvmlab").exists())
    main, side = pty.openpty()
    termios.tcsetwinsize(side, (24, 200))
    lab = subprocess.Popen(
        [sys.executable, "-m", "cvmlab", "lab", str(tmp_path / "course"), "--no-browser"],
        env=environment(home, PATH=path, SHELL="/bin/sh", PYTHONUNBUFFERED="1"),
        stdin=side, stdout=side, stderr=side, start_new_session=True,
    )  # fmt: skip
    os.close(side)
    shown = bytearray()
    reader = threading.Thread(target=_gather, args=(main, shown), daemon=True)
    reader.start()
    try:
        address, token = _wait_for_address(lab, shown)
        name = _posted(address, token, "api/terminals")["name"]
        kernel = _posted(address, token, "api/kernels")
        assert kernel["name"].startswith("python3")
        terminal = websocket.create_connection(
            f"{address.replace('http', 'ws')}terminals/websocket/{name}?token={token}", timeout=30
        )
        terminal.send(json.dumps(["stdin", "cvmlab --version; echo rc-$?\r"]))
        answered = ""
        while not re.search(r"rc-\d", answered):
            kind, *text = json.loads(terminal.recv())
            answered += "".join(text) if kind == "stdout" else ""
        terminal.close()
        # the compiler beside it may have ended already
        children = psutil.Process(lab.pid).children(recursive=True)
        started = [process for process in children if process.status() != psutil.STATUS_ZOMBIE]
        assert any("ipykernel" in str(process.cmdline()) for process in started)
        lab.terminate()
        assert lab.wait(60) == 0
        assert psutil.wait_procs(started, timeout=15)[1] == []
    finally:
        if lab.poll() is None:
            os.killpg(lab.pid, signal.SIGKILL)
            lab.wait()
    reader.join(10)
    os.close(main)
    assert "cvmlab, version" in answered
    assert "rc-0" in answered
    assert b"language server" not in shown


def _gather(terminal, shown):
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            return
        if not piece:
            return
        shown += piece


def _wait_for_address(lab, shown):
    end = time.monotonic() + 90
    while time.monotonic() < end and lab.poll() is None:
        found = re.search(rb"(http://127\.0\.0\.1:\d+/)\S*token=(\w+)", bytes(shown))
        if found:
            return found[1].decode(), found[2].decode()
        time.sleep(0.1)
    raise AssertionError("JupyterLab gave no address:\n" + shown.decode(errors="replace"))


def _posted(address, token, path):
    request = Request(address + path, data=b"{}", headers={"Authorization": f"token {token}"}, method="POST")
    for _ in range(100):
        try:
            with urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except OSError:  # the address is shown a moment before the server listens
            time.sleep(0.1)
    raise AssertionError(f"{address} does not answer")


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
}
READING = {"sheet": ("sheet", "May"), "timezone": ("timezone", "Asia/Shanghai"), "day_first": ("day_first", True),
           "year_first": ("year_first", False), "decimal": ("decimal", "point"), "currency": ("currency", "CNY"),
           "merge_ids": ("merge_ids", True), "amount_per": ("amount_per", "line"), "as_of": ("as_of", "2021-12-31"),
           "future": ("include_future", True), "suspicious": ("include_suspicious", True),
           "duplicates": ("drop_duplicates", False), "drop": ("drop_duplicates", True)}  # fmt: skip
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
    from cvmlab.case import Assumptions

    lines = told("report", "x", "--assumptions").stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(Assumptions().values())


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
