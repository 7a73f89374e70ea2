"""The modules that a user reaches from ``import cvmlab as cvm``."""

from __future__ import annotations

from types import ModuleType

import cvmlab


def subjects() -> dict[str, ModuleType]:
    """Return every module that can be reached by names on the front door."""
    found: dict[str, ModuleType] = {}
    waiting: list[tuple[str, ModuleType]] = [("cvm", cvmlab)]
    while waiting:
        address, module = waiting.pop()
        found[address] = module
        inside = [(f"{address}.{name}", getattr(module, name)) for name in module.__all__]
        waiting += [(name, value) for name, value in inside if isinstance(value, ModuleType)]
    return found
