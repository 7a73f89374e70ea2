"""The kernel of a report: this very Python, whatever kernels and settings are installed, while it is needed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cvmlab.core.progress import quiet
from cvmlab.core.work import temporary_folder

_APP = Path(__file__).with_name("kernel_app.py")
# what Python asks for the folder of temporary files
_FOR_TEMPORARY = ("TMPDIR", "TEMP", "TMP")


@contextmanager
def kernel_in(folder: Path) -> Iterator[Any]:
    """Start a kernel that keeps its files in a new folder, and end it with the block."""
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from jupyter_core.utils import run_sync

    class ThisPython(KernelSpecManager):  # type: ignore[misc]
        def get_kernel_spec(self, kernel_name: str) -> Any:
            return KernelSpec(
                # -P: a file of the user called random.py must not be taken for Python's own
                argv=[sys.executable, "-P", str(_APP), "-f", "{connection_file}"],
                display_name=kernel_name,
                language="python",
                metadata={"kernel_provisioner": {"provisioner_name": "local-provisioner"}},
            )

    folder.mkdir()
    manager = AsyncKernelManager(kernel_spec_manager=ThisPython(), connection_file=str(folder / "connection.json"))
    # a kernel that is ended in the middle of its work leaves there the rows that it, DuckDB or openpyxl has set aside
    with temporary_folder() as aside:
        try:
            with quiet():
                run_sync(manager.start_kernel)(
                    extra_arguments=["--log-level=CRITICAL", "--HistoryManager.enabled=False"],
                    cwd=str(Path.cwd()),
                    env={**os.environ, "IPYTHONDIR": str(folder), **dict.fromkeys(_FOR_TEMPORARY, str(aside))},
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            yield manager
        finally:
            if manager.has_kernel:
                run_sync(manager.shutdown_kernel)(now=True)
            shutil.rmtree(folder, ignore_errors=True)
