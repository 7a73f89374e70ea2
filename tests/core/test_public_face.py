"""What Tab shows on the front door: public names only."""

from __future__ import annotations

import collections.abc
import importlib
import pkgutil
import typing
from types import ModuleType

import pytest
from front_door import subjects

import cvmlab

BORROWED = {"annotations", "dataclasses", "dt", "math", "np", "nw", "pd", "re"} | set(typing.__all__)
BORROWED |= set(collections.abc.__all__)


@pytest.mark.parametrize("address", sorted(subjects()))
def test_dir_shows_what_is_listed_and_nothing_else(address: str) -> None:
    module = subjects()[address]
    shown = {name for name in dir(module) if not name.startswith("__")}
    assert shown == {name for name in module.__all__ if not name.startswith("__")}
    assert all(hasattr(module, name) for name in shown)
    assert not shown & BORROWED
    assert not [name for name in shown if name.startswith("_")]


def test_modules_come_from_this_package_only() -> None:
    assert all(module.__name__.startswith("cvmlab") for module in subjects().values())


def test_a_module_and_a_function_never_share_a_name() -> None:
    for found in pkgutil.walk_packages(cvmlab.__path__, "cvmlab."):
        module, name = importlib.import_module(found.name), found.name.rpartition(".")[2]
        assert not callable(getattr(module, name, None)), found.name
        listed = set(getattr(module, "__all__", ())) if found.ispkg else set()
        for part in listed & {part.name for part in pkgutil.iter_modules(getattr(module, "__path__", []))}:
            assert isinstance(getattr(module, part), ModuleType), f"{found.name}.{part}"
