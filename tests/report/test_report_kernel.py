"""The kernel of a report: this very Python, whatever the user has installed, configured or lying about."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cvmlab.core.words import CvmError
from cvmlab.data import reading
from cvmlab.report import kernel, run
from cvmlab.report.starting import kernel_in

DEADLY = "import os\nos._exit(3)\n"
SETTINGS = 'c = get_config()\nc.InteractiveShellApp.exec_lines = ["import os; os._exit(4)"]\n'
LOG = "customer_id,date,amount\n" + "".join(
    f"c{number % 40},2023-{number % 12 + 1:02}-{number % 28 + 1:02},{10 + number % 7}\n" for number in range(400)
)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def outputs(report):
    """Return what the cells of a report put out, without the line that tells the time it took."""
    cells = json.loads((report / "report.ipynb").read_text(encoding="utf-8"))["cells"]
    return [
        output
        for cell in cells
        for output in cell.get("outputs", [])
        if "computing time" not in json.dumps(output, ensure_ascii=False)
    ]


def report_of(source, **more):
    command = [sys.executable, "-m", "cvmlab", "report", source.name, "--language", "en"]
    done = subprocess.run(
        command, cwd=source.parent, env={**os.environ, **more}, capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return source.parent / "reports" / source.stem


@pytest.mark.slow
def test_nothing_of_the_user_changes_a_report_or_stops_it(tmp_path):
    plain = report_of(write(tmp_path / "plain" / "sales.csv", LOG))
    source = write(tmp_path / "hostile" / "sales.csv", LOG)
    for module in ("random", "pandas", "json", "numpy", "ipykernel"):
        write(source.with_name(f"{module}.py"), DEADLY)
    write(source.with_name("ipython_kernel_config.py"), SETTINGS)
    write(source.with_name("matplotlibrc"), "font.size: 40\n")
    home = tmp_path / "home"
    write(home / ".ipython" / "profile_default" / "startup" / "00.py", DEADLY)
    write(home / ".ipython" / "profile_default" / "ipython_kernel_config.py", SETTINGS)
    spec = {"argv": [sys.executable, "-c", "raise SystemExit(5)", "{connection_file}"], "display_name": "other"}
    write(tmp_path / "jupyter" / "kernels" / "python3" / "kernel.json", json.dumps({**spec, "language": "python"}))
    write(home / ".local" / "share" / "jupyter" / "kernels" / "python3" / "kernel.json", "no JSON at all {")
    no_folder = write(tmp_path / "taken", "")  # even root cannot write into it
    hostile = report_of(
        source, HOME=str(home), USERPROFILE=str(home), IPYTHONDIR=str(home / ".ipython"), MPLBACKEND="TkAgg",
        JUPYTER_PATH=str(tmp_path / "jupyter"), JUPYTER_RUNTIME_DIR=str(no_folder / "x"),
        MPLCONFIGDIR=str(no_folder / "x"),
        PYTHONSTARTUP=str(write(tmp_path / "startup.py", DEADLY)),
    )  # fmt: skip
    assert outputs(hostile) == outputs(plain)
    assert len(outputs(plain)) > 10


def test_a_kernel_is_this_python_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "nowhere"))
    with kernel_in(tmp_path / "kernel") as kernel:
        process = kernel.provisioner.process
        assert kernel.kernel_spec.argv[0] == sys.executable
        assert process.poll() is None
    assert process.poll() is not None
    assert list(Path(tmp_path).iterdir()) == []


def test_what_a_kernel_sets_aside_goes_with_it_however_it_ends(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with kernel_in(tmp_path / "kernel") as kernel:
        client = kernel.blocking_client()
        client.start_channels()
        client.wait_for_ready(timeout=60)
        code = "import tempfile; open(tempfile.mkstemp()[1], 'w').write('rows'); print(tempfile.gettempdir(), end='')"
        said = []
        client.execute_interactive(code, timeout=60, output_hook=lambda message: said.append(message["content"]))
        client.stop_channels()
        (told,) = [content["text"] for content in said if "text" in content]
        assert Path(told).parent == tmp_path
        assert len(list(Path(told).iterdir())) == 1
    assert list(tmp_path.iterdir()) == []


KILLED_WHILE_IT_READS = """
import os, sys
from cvmlab.data.reading import log
log.judge = lambda *_: os._exit(9)
log.read(sys.argv[1])
"""


def test_the_next_reading_clears_away_what_a_killed_one_set_aside(tmp_path, monkeypatch):
    source = write(tmp_path / "sales.csv", LOG)
    aside = tmp_path / "temporary"
    aside.mkdir()
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_WHILE_IT_READS, str(source)],
        env={**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(aside))},
    )
    assert killed.returncode == 9
    assert list(aside.iterdir())
    monkeypatch.setattr("tempfile.tempdir", str(aside))
    reading.read(source)
    assert list(aside.iterdir()) == []


def test_a_kernel_that_is_kept_waiting_is_not_told_to_lack_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(kernel, "_KERNEL_START_SECONDS", 0)
    with pytest.raises(CvmError) as caught:
        run(write(tmp_path / "sales.csv", LOG), folder=tmp_path / "reports")
    assert caught.value.key == "report.kernel_slow"
