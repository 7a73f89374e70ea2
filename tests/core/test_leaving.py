"""DuckDB tells of nothing at the end of Python."""

import os
import subprocess
import sys

import pytest
from jupyter_client.manager import start_new_kernel

READ = """
import cvmlab as cvm
log = cvm.reading.read(cvm.datasets.find("grocery"))
cvm.aggregate.summarise_customers(log.transactions)
"""


@pytest.mark.parametrize("end", ["", "raise SystemExit(3)", "raise ValueError", "raise KeyboardInterrupt"])
def test_a_script_ends_in_silence(end):
    ran = subprocess.run([sys.executable, "-c", READ + end], capture_output=True, text=True, check=False)
    assert "nanobind" not in ran.stderr


def test_a_kernel_ends_in_silence_after_an_error(tmp_path, monkeypatch):
    # by this ipykernel leaves the error stream where it is
    monkeypatch.setenv("PYTEST_CURRENT_TEST", os.environ.get("PYTEST_CURRENT_TEST", "here"))
    with (tmp_path / "errors").open("w+") as errors:
        manager, client = start_new_kernel(stdout=errors, stderr=errors)
        answer = client.execute_interactive(READ + "log.transactions.select('nonsense')", output_hook=lambda _: None)
        assert answer["content"]["status"] == "error"
        client.shutdown()
        assert manager.provisioner.process.wait(60) == 0
        client.stop_channels()
        manager.cleanup_resources()
        errors.seek(0)
        assert "nanobind" not in errors.read()
