"""Every public function with every odd argument: an answer or one sentence, never anything raw."""

from __future__ import annotations

from pathlib import Path

import pytest
from odd_calls import faults_of, is_guarded, public_functions

PACKAGES = sorted({".".join(function.__module__.split(".")[:2]) for function in public_functions().values()})
# `words` lies below the guard, which speaks by it, and looks at its keys itself.
BELOW_THE_GUARD = {"cvm.say", "cvm.speaking", "cvm.term", "cvm.use"}


def test_every_public_function_checks_its_arguments() -> None:
    unguarded = {address for address, function in public_functions().items() if not is_guarded(function)}
    assert unguarded == BELOW_THE_GUARD


@pytest.mark.slow
@pytest.mark.parametrize("package", PACKAGES)
def test_odd_arguments_are_answered_or_refused(package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # where files are written with odd names
    monkeypatch.chdir(tmp_path)
    found = list(faults_of(package))
    assert not found, "\n".join(found)
