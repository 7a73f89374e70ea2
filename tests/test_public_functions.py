"""Every public function with every odd argument: an answer or one sentence, never anything raw."""

from __future__ import annotations

import inspect
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from odd_calls import faults, good_calls, is_guarded, public_functions

# The whole enumeration takes minutes; so many odd values of each argument, always the same ones, take seconds.
PACKAGES = {
    "cvmlab.case": None, "cvmlab.keep": None, "cvmlab.worth": None, "cvmlab.market": None,
    "cvmlab.relationship": 8, "cvmlab.data": 8,
    "cvmlab.charts": 8, "cvmlab.course": 8,
    "cvmlab.core": None,
}  # fmt: skip
# `words` lies below the guard, which speaks by it, and looks at its keys itself.
BELOW_THE_GUARD = {"cvm.say", "cvm.speaking", "cvm.term", "cvm.use"}
# Calls that a library's error ends, as a sentence that names function and arguments: the fewer the better.
MOST_CAUGHT = 20
NONE_CAUGHT = {"cvmlab.charts", "cvmlab.course"}


def test_every_public_function_checks_its_arguments() -> None:
    unguarded = {address for address, function in public_functions().items() if not is_guarded(function)}
    assert unguarded == BELOW_THE_GUARD


@pytest.mark.slow
@pytest.mark.parametrize("package", PACKAGES)
def test_odd_arguments_are_answered_or_refused(package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # where files are written with odd names
    monkeypatch.chdir(tmp_path)
    # no server is started
    monkeypatch.setattr("cvmlab.course.lab.subprocess", MagicMock())
    calls = good_calls((package,))
    wrong, caught, without = [], 0, []
    for address, function in public_functions().items():
        plain = inspect.unwrap(function)
        if not is_guarded(function) or not plain.__module__.startswith(package):
            continue
        if plain not in calls:
            without.append(address)
            continue
        for name, odd, fault in faults(function, calls[plain], PACKAGES[package]):
            if fault.startswith("net: "):
                caught += 1
            else:
                wrong.append(f"{address}({name}: {odd}): {fault}")
    assert not without, "a good call is missing: give the function an example"
    assert not wrong, "\n".join(wrong)
    assert caught <= (0 if package in NONE_CAUGHT else MOST_CAUGHT)
