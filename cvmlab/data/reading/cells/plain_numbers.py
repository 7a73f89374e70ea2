"""A number in a cell, read simply: as evidence, not as money."""

from __future__ import annotations

from .values import EXACT


def plain_number(cell: str) -> str:
    """Return the expression of the number in a cell: a comma before one or two last digits is a decimal sign."""
    digits = f"regexp_replace({cell}, '[^0-9.,-]', '', 'g')"
    return rf"""TRY_CAST(CASE WHEN regexp_matches({digits}, ',\d{{1,2}}$')
        THEN replace(replace({digits}, '.', ''), ',', '.') ELSE replace({digits}, ',', '') END AS {EXACT})"""
