"""A report takes the place of an earlier one and of nothing else: whatever lay there before is there afterwards."""

import errno
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import messy_report
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cvmlab.core.words import LANGUAGES, CvmError, speaking
from cvmlab.report import pages, placing, run, running
from cvmlab.report.placing import MARKER, put_in_place, report_folder

LOG = "customer_id,date,amount\na,2021-01-02,5\nb,2021-03-02,6\n"
PARTS = ("report.html", "customers.csv", "case.json", "figures/01-matrix.png")


def make_report(target, parts=PARTS, source=None):
    """Put a report in place as a run does, in a moment."""
    with put_in_place(target, source) as work:
        for part in parts:
            (work / part).parent.mkdir(exist_ok=True)
            (work / part).write_text(f"made: {part}", encoding="utf-8")


def contents(folder):
    """Return every file below a folder with its bytes, and every empty folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else b""
        for path in folder.rglob("*")
        if path.is_file() or path.is_symlink() or not any(path.iterdir())
    }


def refused(key, target, source=None):
    before = contents(target.parent)
    with pytest.raises(CvmError) as caught:
        make_report(target, source=source)
    assert caught.value.key == f"report.{key}"
    for language in LANGUAGES:
        with speaking(language):
            assert target.name in str(caught.value)
    assert contents(target.parent) == before


def test_a_report_replaces_an_earlier_one_with_fewer_or_more_files(tmp_path):
    target = tmp_path / "sales"
    make_report(target)
    make_report(target, ["report.html", "report.pdf"])
    assert {path.name for path in target.iterdir()} == {"report.html", "report.pdf", MARKER}
    make_report(target)
    assert [path.name for path in tmp_path.iterdir()] == ["sales"]


def test_what_a_person_changed_in_a_report_is_kept_through_any_number_of_reports(tmp_path):
    target = tmp_path / "sales"
    parts = ("report.html", "customers.xlsx", "North/customers.xlsx", "North/report.html")
    make_report(target, parts)
    for name, notes in (("customers.xlsx", "called: yes"), ("North/customers.xlsx", "called: no")):
        (target / name).write_text(notes, encoding="utf-8")
        os.utime(target / name, (1735646400, 1735646400))
    assert {path.relative_to(target).as_posix() for path in placing.edited(target)} == {parts[1], parts[2]}
    for again in (parts, parts, ("report.html", "customers.xlsx")):
        make_report(target, again)
        assert (target / "customers.xlsx").read_text(encoding="utf-8") == "made: customers.xlsx"
        kept = [path.read_text(encoding="utf-8") for path in target.rglob("*customers (2024-12-31).xlsx")]
        assert sorted(kept) == ["called: no", "called: yes"]
    assert not placing.edited(target)


@pytest.mark.parametrize(
    "name", ["../../secret.txt", "figures/../../../secret.txt", "/etc/hostname", "C:secret", "a\0b"]
)
@pytest.mark.parametrize("listed", ["files", "digests"])
def test_a_marker_of_somebody_else_leads_nowhere(tmp_path, name, listed):
    (tmp_path / "secret.txt").write_text("mine", encoding="utf-8")
    target = tmp_path / "out" / "sales"
    make_report(target, ["case.json"])
    said = json.loads((target / MARKER).read_text(encoding="utf-8"))
    said["digests"][name] = "0"
    said["files"] += [name] if listed == "files" else []
    (target / MARKER).write_text(json.dumps(said), encoding="utf-8")
    (target / "case.json").write_text("changed", encoding="utf-8")
    make_report(target)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["sales"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "secret.txt"]
    assert not list(target.glob("*secret*")) and len(list(target.glob("case (*).json"))) == 1


def test_a_link_in_the_place_of_a_file_of_the_report_is_not_followed(tmp_path):
    (tmp_path / "secret.txt").write_text("mine", encoding="utf-8")
    make_report(tmp_path / "sales")
    (tmp_path / "sales" / "customers.csv").unlink()
    (tmp_path / "sales" / "customers.csv").symlink_to(tmp_path / "secret.txt")
    refused("target_holds_more", tmp_path / "sales")


def test_a_file_that_a_marker_cannot_prove_unchanged_is_kept(tmp_path):
    target = tmp_path / "sales"
    make_report(target, ["case.json", "customers.xlsx"])
    (target / MARKER).write_text(json.dumps({"files": ["case.json", "customers.xlsx"], "digests": {}}))
    (target / "customers.xlsx").write_text("called: yes", encoding="utf-8")
    make_report(target)
    (kept,) = target.glob("customers (*).xlsx")
    assert kept.read_text(encoding="utf-8") == "called: yes"


def test_nothing_is_kept_of_a_report_that_nobody_changed(tmp_path):
    make_report(tmp_path / "sales")
    make_report(tmp_path / "sales")
    assert {path.name for path in (tmp_path / "sales").rglob("*.*")} >= {"report.html"}
    assert not list((tmp_path / "sales").rglob("* (20*"))


def test_a_report_that_lies_in_another_is_not_taken_for_a_part_of_it(tmp_path):
    make_report(tmp_path / "sales")
    make_report(tmp_path / "sales" / "march")
    refused("target_holds_more", tmp_path / "sales")


def test_a_folder_that_is_no_report_is_refused(tmp_path):
    (tmp_path / "thesis").mkdir()
    refused("target_is_no_report", tmp_path / "thesis")
    (tmp_path / "thesis" / "report.html").write_text("my own")
    refused("target_is_no_report", tmp_path / "thesis")
    (tmp_path / "notes").write_text("a file")
    refused("target_is_no_report", tmp_path / "notes")
    (tmp_path / "thesis" / MARKER).write_text("{")
    refused("target_is_no_report", tmp_path / "thesis")


def test_a_link_is_refused_even_if_it_leads_to_a_report(tmp_path):
    make_report(tmp_path / "sales")
    for name, leads_to in (("link", "sales"), ("dangling", "nowhere")):
        try:
            (tmp_path / name).symlink_to(tmp_path / leads_to, target_is_directory=True)
        except OSError:
            pytest.skip("this account may not make links")
        refused("target_is_no_report", tmp_path / name)


@pytest.mark.parametrize("added", ["notes.txt", "figures/mine.png", "data/jan.csv", "empty"])
def test_a_report_that_holds_more_is_refused_and_says_what(tmp_path, added):
    target = tmp_path / "sales"
    make_report(target)
    path = target / added
    path.parent.mkdir(exist_ok=True)
    if path.suffix:
        path.write_text("mine")
    else:
        path.mkdir()
    refused("target_holds_more", target)


def test_what_a_desktop_keeps_of_its_view_is_carried_over(tmp_path):
    target = tmp_path / "sales"
    make_report(target)
    (target / ".DS_Store").write_text("icons")
    (target / "figures" / "Thumbs.db").write_text("small")
    make_report(target)
    assert (target / ".DS_Store").read_text() == "icons"
    assert (target / "figures" / "Thumbs.db").read_text() == "small"


def test_one_group_may_be_made_again_and_all_of_them_after_it(tmp_path):
    target = tmp_path / "by-region"

    def make_groups():
        with put_in_place(target) as work:
            make_report(work / "north")
            make_report(work / "south")
            (work / "index.html").write_text("index")

    make_groups()
    make_report(target / "north", [*PARTS, "report.pdf"])
    make_groups()
    assert not (target / "north" / "report.pdf").exists()
    (target / "south" / "mine.txt").write_text("mine")
    refused("target_holds_more", target)


def test_the_source_is_never_replaced_nor_written_into(tmp_path):
    sales = tmp_path / "sales"
    sales.mkdir()
    (sales / "jan.csv").write_text(LOG)
    refused("target_in_source", sales, sales)
    refused("target_in_source", sales / "reports" / "x", sales)
    refused("target_in_source", sales / "reports" / "x", sales / "..")
    make_report(tmp_path / "report")
    refused("target_holds_source", tmp_path / "report", tmp_path / "report" / "customers.csv")
    plain = tmp_path / "plain"
    plain.write_text(LOG)
    refused("target_in_source", plain, plain)
    link = tmp_path / "link"
    try:
        link.symlink_to(sales, target_is_directory=True)
    except OSError:
        return
    refused("target_in_source", sales / "x", link)
    refused("target_in_source", link / "x", sales)


@pytest.mark.parametrize("name", ["", " ", ".", "..", "../x", "a/b", "a\\b", "/tmp/x", "C:x", "a\0b", "a\nb", None, 3])
def test_a_name_is_one_folder(name):
    with pytest.raises(CvmError) as caught:
        report_folder("reports", name)
    assert caught.value.key == "report.name_is_no_folder"


@pytest.mark.parametrize(
    "name", ["CON", "nul", "aux.txt", "COM1", "lpt¹", "con .x", "CONIN$", "sales.", "sales ", "ab:c", "what?", 'a"b']
)
def test_a_name_that_windows_cannot_hold_is_refused_everywhere(name):
    with pytest.raises(CvmError) as caught:
        report_folder("reports", name)
    assert caught.value.key == "report.name_not_on_windows"


@pytest.mark.parametrize("name", ["console", "aux1", ".hidden", "2024.05", "com10", "销售"])
def test_other_names_are_taken_as_they_are(name):
    assert report_folder("reports", name) == Path("reports", name)


@pytest.mark.parametrize("source", ["nul.csv", "con.2024.csv", "a?.csv"])
def test_a_source_that_windows_could_not_hold_has_a_report_with_another_name(source):
    name = running.source_name(source)
    assert report_folder("reports", name).name == name


@pytest.mark.parametrize("below", ["", "new/newer"])
def test_a_file_or_a_dead_link_is_no_folder_for_reports(tmp_path, below):
    (tmp_path / "file").write_text("mine")
    places = [tmp_path / "file"]
    with suppress(OSError):
        (tmp_path / "link").symlink_to(tmp_path / "nowhere", target_is_directory=True)
        places.append(tmp_path / "link")
    for place in places:
        with pytest.raises(CvmError) as caught:
            report_folder(place / below, "x")
        assert (caught.value.key, caught.value.values["folder"]) == ("report.out_is_no_folder", place)


def test_a_kill_between_the_two_renames_leaves_a_report_that_the_next_run_finds(tmp_path, monkeypatch):
    target = tmp_path / "sales"
    make_report(target, ["report.html", "first.txt"])
    rename = Path.rename

    def die(self, goal):
        if self.suffix == ".part":
            raise KeyboardInterrupt  # nothing after this line runs, as after a kill
        return rename(self, goal)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", die)
        with pytest.raises(KeyboardInterrupt):
            make_report(target)
    assert not target.exists()
    with pytest.raises(ZeroDivisionError), put_in_place(target):
        # an earlier report is there for --since last, and stays if this run fails too
        assert (target / "first.txt").exists()
        _ = 1 / 0
    assert (target / "first.txt").exists()
    make_report(target)
    assert [path.name for path in tmp_path.iterdir()] == ["sales"]
    assert not (target / "first.txt").exists()


def test_what_a_kill_left_of_another_report_is_not_touched(tmp_path):
    aside = tmp_path / f".sales-1-{'a' * 32}.earlier"
    make_report(tmp_path / "other")
    (tmp_path / "other").rename(aside)
    mine = tmp_path / f".sales-{'b' * 32}.earlier"
    mine.mkdir()
    (mine / "mine.txt").write_text("mine")
    make_report(tmp_path / "sales")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([aside.name, mine.name, "sales"])


def test_two_runs_at_the_same_moment_leave_one_whole_report(tmp_path, monkeypatch):
    target = tmp_path / "sales"
    make_report(target)
    rename = Path.rename
    steps = iter([1])

    def rename_late(self, goal):
        done = rename(self, goal)
        if self == target and next(steps, None):
            make_report(target, ["report.html", "rival.txt"])  # the other run takes the place now
        return done

    monkeypatch.setattr(Path, "rename", rename_late)
    make_report(target)
    assert [path.name for path in tmp_path.iterdir()] == ["sales"]
    assert not (target / "rival.txt").exists()
    assert set(json.loads((target / MARKER).read_text())["files"]) == set(PARTS)


def test_the_place_is_looked_at_again_before_it_is_taken(tmp_path):
    target = tmp_path / "sales"
    with pytest.raises(CvmError), put_in_place(target) as work:
        (work / "report.html").write_text("new")
        target.mkdir()
        (target / "mine.txt").write_text("saved meanwhile")
    assert contents(tmp_path) == {"sales/mine.txt": b"saved meanwhile"}


def test_the_next_run_removes_what_a_killed_one_left_and_nothing_else(tmp_path):
    target = tmp_path / "sales"
    make_report(target)
    code = (
        "import os, pathlib, sys\nfrom cvmlab.report import placing\n"
        "with placing.put_in_place(pathlib.Path(sys.argv[1])) as work:\n"
        "    (work / 'half.txt').write_text('made')\n    os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(target)]).returncode == 9
    killed = {path.name for path in tmp_path.iterdir()} - {"sales"}
    assert {Path(name).suffix for name in killed} == {".part", ".lock"}
    (tmp_path / ".sales-12345678.part" / "figures").mkdir(parents=True)  # made again after the lock was gone
    other = tmp_path / ".sales-mine.part"
    other.mkdir()
    with placing.put_in_place(target) as living:
        make_report(target)
        assert living.is_dir()
        assert {path.name for path in tmp_path.iterdir() if path.suffix == ".part"} == {living.name, other.name}
        (living / "report.html").write_text("made")
    assert {path.name for path in tmp_path.iterdir()} == {"sales", other.name}


# ---- over random trees, names and options


def _pretend(monkeypatch):
    """Let `run` do all but the notebook and the pages, which take seconds."""

    def execute(template, result, parameters, kept, progress, steps, **_):
        folder = Path(parameters["output"])
        for name in ("report.ipynb", "customers.csv", "customers.xlsx"):
            (folder / name).write_text("made")
        (folder / "case.json").write_text("{}")

    def write_html(notebook, page, figures, title):
        page.write_text("made")
        figures.mkdir()
        (figures / "01-matrix.png").write_text("made")

    monkeypatch.setattr(running, "execute", execute)
    monkeypatch.setattr(pages, "write_html", write_html)


names = st.sampled_from(["sales", "reports", "thesis", "jan.csv", "a", ".", "..", "../sales", "figures", "report.html"])
trees = st.lists(
    st.tuples(st.lists(st.sampled_from(["sales", "reports", "thesis", "a", "figures"]), max_size=3), names), max_size=8
)


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    tree=trees,
    earlier=st.lists(st.tuples(names, names), max_size=2),
    source=st.sampled_from(["sales", "sales/jan.csv", "jan", "reports/sales/customers.csv", ".", "thesis"]),
    out=names,
    name=st.none() | names,
    since=st.booleans(),
)
def test_no_file_of_somebody_else_is_changed_moved_or_removed(
    monkeypatch, tmp_path_factory, tree, earlier, source, out, name, since
):
    _pretend(monkeypatch)
    root = tmp_path_factory.mktemp("tree") / "home"
    root.mkdir()
    monkeypatch.chdir(root)
    made = set()
    for folder, called in earlier:
        try:
            report = run("grocery", folder=folder, name=called).folder
        except CvmError:
            continue
        made |= {path.resolve() for path in report.rglob("*")}
    for folders, file in tree:
        path = Path(*folders) / file
        if path.resolve() in made:
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(LOG)
        except OSError:
            continue
    before = {path: path.read_bytes() for path in root.parent.rglob("*") if path.is_file() and path not in made}
    try:
        run(source, folder=out, name=name, since_last=since)
    except CvmError as error:
        assert error.key.startswith("report.")
    after = {path: path.read_bytes() for path in root.parent.rglob("*") if path.is_file()}
    assert {path: after.get(path) for path in before} == before
    assert not [path for path in root.parent.rglob("*") if path.suffix in {".part", ".lock", ".earlier"}]


# ---- as it is used


def test_the_command_that_deleted_a_source_is_refused(tmp_path):
    from click.testing import CliRunner

    from cvmlab.cli import main

    messy_report.write_gb18030(tmp_path / "jan.csv", customers=5)
    (tmp_path / "sales").mkdir()
    os.rename(tmp_path / "jan.csv", tmp_path / "sales" / "jan.csv")  # noqa: PTH104
    (tmp_path / "out" / "thesis").mkdir(parents=True)
    (tmp_path / "out" / "thesis" / "chapter.txt").write_text("years of work")
    before = contents(tmp_path)
    source, out = str(tmp_path / "sales"), str(tmp_path / "out")
    for options in (["--out", str(tmp_path)], ["--out", out, "--name", "thesis"], ["--out", out, "--name", "."],
                    ["--out", out, "--name", ".."], ["--out", out, "--name", "../sales"],
                    ["--out", source], ["--out", out, "--name", "thesis", "--by", "业务员"]):  # fmt: skip
        told = CliRunner().invoke(main, ["report", source, *options])
        assert told.exit_code == 1
        assert len(told.stderr.splitlines()) == 1, told.stderr
        assert contents(tmp_path) == before


def test_lists_are_not_written_over_a_file_of_the_user(tmp_path):
    (tmp_path / "customers.csv").write_text("my own")
    with pytest.raises(CvmError) as caught:
        placing.check_free(tmp_path, ["customers.csv"])
    assert "customers.csv" in str(caught.value)
    placing.mark(tmp_path, ["customers.csv"])
    placing.check_free(tmp_path, ["customers.csv"])


def test_a_stop_between_the_two_renames_gives_the_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "sales"
    for text in ("earlier", "later"):
        with put_in_place(target) as work:
            (work / "report.html").write_text(text)
            rename = Path.rename

            def stopped_after(path: Path, other: Path, rename=rename) -> Path:
                moved = rename(path, other)
                signal.raise_signal(signal.SIGINT)
                return moved

            monkeypatch.setattr(Path, "rename", stopped_after)
        monkeypatch.undo()
    assert (target / "report.html").read_text() == "later"
    assert [entry.name for entry in tmp_path.iterdir()] == ["sales"]


@pytest.mark.parametrize("is_there", [False, True])
@pytest.mark.parametrize(("reason", "advice"), [(errno.ENOSPC, "Free some space"), (errno.EROFS, "Choose another")])
def test_a_disk_that_cannot_be_written_is_told_with_what_helps(tmp_path, reason, advice, is_there):
    if is_there:
        (tmp_path / "sales").mkdir()
    sentence = str(placing.cannot_write(tmp_path / "sales", OSError(reason, os.strerror(reason))))
    assert ("An earlier report there is untouched" in sentence) == is_there
    assert f"({os.strerror(reason)}). " in sentence
    assert advice in sentence
    assert ("space or" in sentence) == (reason == errno.ENOSPC)


def test_a_report_that_is_refused_leaves_no_folder_that_was_made_for_it(tmp_path):
    for target in (tmp_path / "new" / "deep" / "report", tmp_path / "old" / "report"):
        (tmp_path / "old").mkdir(exist_ok=True)
        with suppress(RuntimeError), put_in_place(target):
            raise RuntimeError
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
