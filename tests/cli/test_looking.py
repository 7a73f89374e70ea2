"""``cvmlab data``: what was found and understood is shown, and what is saved beside the file."""

import json
import os
import stat
from types import SimpleNamespace

import messy_report
import pytest
from click.testing import CliRunner

from cvmlab import cli, reading, say, term

LOG = "customer_id,date,amount\nA,2024-01-01,10\nA,2024-01-01,10\nB,2024-02-01,-5.25\n,2024-02-03,7\nC,2024-13-45,8\n"


def told(*words):
    return CliRunner().invoke(cli.main, [str(word) for word in words])


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_text(LOG, encoding="utf-8")
    return path


def test_data_shows_the_mapping_and_keeps_it(tmp_path):
    path = messy_report.write_gb18030(tmp_path / "sales.csv", customers=5)
    result = told("data", path, "--rows", 2)
    assert result.exit_code == 0, result.output
    for column in messy_report.CHINESE:
        assert column in result.stdout
    assert term("report.role_amount") in result.stdout
    assert len(list(tmp_path.iterdir())) == 2
    assert reading.preview(path).mapping["owner"] == "业务员"


def test_rows_customers_dates_and_money_are_shown_before_any_report(log):
    shown = told("data", log).stdout
    assert "3 rows used, 2 customers, from 2024-01-01 to 2024-02-01" in shown
    assert "total 14.75 = sales 20.00 and refunds -5.25" in shown
    assert "median amount 10.00, largest 10.00" in shown


@pytest.mark.parametrize(
    ("head", "said"), [("order id", "cli.orders"), ("remark", "cli.no_orders")]
)  # fmt: skip
def test_the_number_of_orders_is_shown(tmp_path, head, said):
    path = tmp_path / "orders.csv"
    rows = [f"A,2024-01-0{day},10,{order}" for day, order in ((1, "o1"), (1, "o1"), (2, "o2"))]
    path.write_text("\n".join([f"customer_id,date,amount,{head}", *rows[:1], rows[1].replace("10", "5"), rows[2]]))
    assert say(said, orders="2") in told("data", path).stdout


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_would_be_left_out_is_shown_by_reason_with_rows_and_money(log, language):
    lines = told("data", log, "--language", language).stdout.splitlines()
    for reason, money in (("no_id", "7.00"), ("bad_date", "8.00")):
        label = term(f"reading.line_{reason}", language)
        (line,) = [line for line in lines if line.strip().startswith(label)]
        assert line.split()[-2:] == ["1", money]


def test_a_log_without_left_out_rows_says_nothing_of_them(tmp_path):
    path = tmp_path / "clean.csv"
    path.write_text("customer_id,date,amount\nA,2024-01-01,10\nB,2024-01-31,5\n", encoding="utf-8")
    assert say("cli.left_out") not in told("data", path).stdout


def test_cells_cannot_steer_the_terminal(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_text("customer_id,date,amount\n\x1b[31mA\x07,2024-01-01,10\nB,2024-01-31,5\n", encoding="utf-8")
    result = CliRunner().invoke(cli.main, ["data", str(path)], color=True)
    assert result.exit_code == 0, result.output
    assert "\x1b" not in result.stdout
    assert "\x07" not in result.stdout


# ---- what is saved


def test_data_can_leave_the_folder_as_it_is(log):
    assert told("data", log, "--no-save").exit_code == 0
    assert list(log.parent.iterdir()) == [log]


@pytest.mark.parametrize("spelling", ["sales.csv", "./sales.csv", "../{folder}/sales.csv"])
def test_the_mapping_is_saved_however_the_file_is_named(log, spelling, monkeypatch):
    monkeypatch.chdir(log.parent)
    assert told("data", spelling.format(folder=log.parent.name)).exit_code == 0
    assert (log.parent / "sales.csv.mapping.json").exists()


@pytest.mark.parametrize("spelling", ["exports", "exports/", "./exports/"])
def test_the_mapping_of_a_folder_lies_beside_it(log, spelling, monkeypatch):
    (log.parent / "exports").mkdir()
    log.rename(log.parent / "exports" / "sales.csv")
    monkeypatch.chdir(log.parent)
    assert told("data", spelling).exit_code == 0
    assert (log.parent / "exports.mapping.json").exists()


def test_a_trial_that_fails_saves_nothing(log):
    assert told("data", log, "--amount", "date").exit_code == 1
    assert list(log.parent.iterdir()) == [log]


def test_a_saved_choice_stays_until_another_is_made(log):
    saved = log.parent / "sales.csv.mapping.json"
    mine = json.dumps({"columns": {"customer_id": "customer_id"}})
    saved.write_text(mine, encoding="utf-8")
    assert told("data", log).exit_code == 0
    assert saved.read_text(encoding="utf-8") == mine
    assert told("data", log, "--day-first", "no").exit_code == 0
    assert json.loads(saved.read_text(encoding="utf-8"))["day_first"] is False


def test_a_second_look_keeps_the_options_and_the_answers_of_the_first(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_text(
        "customer,date,amount,currency,status\na,2024-01-01,10,EUR,done\nb,2024-01-02,20,EUR,cancelled\n"
        "B,2024-01-03,40,USD,done\n", encoding="utf-8",
    )  # fmt: skip
    assert told("data", path, "--currency", "EUR", "--merge-ids").exit_code == 0
    assert told("data", path, "--status", "").exit_code == 0
    saved = json.loads((tmp_path / "sales.csv.mapping.json").read_text(encoding="utf-8"))
    assert (saved["currency"], saved["merge_ids"], saved["columns"]["status"]) == ("EUR", True, "")
    assert sum(row[2] for row in reading.read(path).transactions.fetchall()) == 30
    assert told("data", path, "--status", "status").exit_code == 0
    assert sum(row[2] for row in reading.read(path).transactions.fetchall()) == 10


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_folder_that_cannot_be_written_to_costs_the_mapping_only(log):
    log.parent.chmod(stat.S_IRUSR | stat.S_IXUSR)
    result = told("data", log)
    log.parent.chmod(stat.S_IRWXU)
    assert result.exit_code == 0
    assert "14.75" in result.stdout


def test_a_mapping_that_cannot_be_saved_is_a_remark_and_no_failure(log, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("cvmlab.data.reading.mappings.write_whole", full)
    result = told("data", log)
    assert result.exit_code == 0
    assert "14.75" in result.stdout
    assert "No space left on device" in result.stderr


def test_the_mapping_is_saved_though_nobody_reads_on(tmp_path, monkeypatch):
    path = messy_report.write_gb18030(tmp_path / "sales.csv", customers=5)

    def closed(*_, **__):
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr(cli.terminal.click, "echo", closed)
    monkeypatch.setattr(cli.terminal.os, "dup2", lambda *_: None)
    monkeypatch.setattr("sys.stdout", SimpleNamespace(encoding="utf-8", fileno=lambda: 1))
    cli.main(["data", str(path)], standalone_mode=False)
    assert len(list(tmp_path.iterdir())) == 2
