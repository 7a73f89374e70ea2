"""Numbers, money and labels as text: one place for charts, reports, feedback and what-ifs."""

from __future__ import annotations

import math
from collections.abc import Sequence

from cvmlab.core.words import keys, language, say, term


def money(amount: float) -> str:
    """Return an amount in short: 950, 8.2k, 1.25M in English; 950, 8,200, 1.25万, 3.4亿 in Chinese.

    Examples
    --------
    >>> money(950), money(8_200), money(-1_250_000), money(999_950)
    ('950', '8.2k', '−1.25M', '1M')
    >>> from cvmlab import speaking
    >>> with speaking("zh"): print(money(8_200), money(12_500), money(340_000_000))
    8,200 1.25万 3.4亿
    """
    if not math.isfinite(amount):
        return "–"
    steps = (
        ((1e12, "scale_3"), (1e8, "scale_2"), (1e4, "scale_1"))
        if language() == "zh"
        else ((1e9, "scale_3"), (1e6, "scale_2"), (1e3, "scale_1"))
    )
    sign = "−" if amount < 0 else ""
    size = _three_digits(abs(amount))
    if size == 0:
        return "0"
    for step, word in steps:
        if size >= step:
            return f"{sign}{_plain(size / step)}{term(f'charts.{word}')}"
    return sign + _plain(size)


def _three_digits(size: float) -> float:
    return float(f"{size:.3g}")


def _plain(number: float) -> str:
    if number < 1:
        return f"{number:.3g}"
    # never 1e+03; no zeros behind the point
    return f"{number:,.2f}".rstrip("0").rstrip(".")


def whole_money(amount: float) -> str:
    """Return an amount rounded to whole units with thousands separators.

    Examples
    --------
    >>> whole_money(82_000.4), whole_money(-1_250)
    ('82,000', '−1,250')
    """
    return f"{amount:,.0f}".replace("-", "−")


def percent(share: float) -> str:
    """Return a share of 1 as percent, with a decimal only below 10%; neither almost all nor almost nothing is rounded.

    Examples
    --------
    >>> percent(0.53), percent(0.034), percent(1.34), percent(0.2), percent(0.997), percent(0.9999), percent(1e-9)
    ('53%', '3.4%', '134%', '20%', '99.7%', '>99.9%', '<0.1%')
    >>> percent(-1e-9)
    '0%'
    """
    if not math.isfinite(share):
        return "–"
    if 0.995 <= share < 1 - 1e-9:
        return f"{share:.1%}" if share < 0.9995 else ">99.9%"
    if 0 < share < 0.0005:
        return "<0.1%"
    text = f"{share:.0%}" if abs(share) >= 0.0995 or share == 0 else f"{share:.1%}".replace(".0%", "%")
    return "0%" if text == "-0%" else text.replace("-", "−")


def signed_percent(share: float) -> str:
    """Return a change as percent with its sign.

    Examples
    --------
    >>> signed_percent(0.53), signed_percent(-0.034), signed_percent(0)
    ('+53%', '−3.4%', '0%')
    """
    return f"+{percent(share)}" if share > 0 else percent(share)


def with_unit(label: str, unit: str) -> str:
    """Return an axis label with its unit: "days silent (days)"."""
    return say("charts.with_unit", label=label, unit=unit)


def in_money(label: str, currency: str) -> str:
    """Return an axis label with the currency, or with "currency units" where none is named."""
    return with_unit(label, currency or term("units.currency"))


def in_currency(amount: str, currency: str) -> str:
    """Return a written amount with the sign of its currency, its own sign before it.

    Examples
    --------
    >>> in_currency("−8.2k", "¥"), in_currency("+5", "EUR"), in_currency("5", "")
    ('−¥8.2k', '+EUR 5', '5')
    """
    own = amount[:1] if amount[:1] in ("−", "+") else ""
    return f"{own}{currency}{' ' if currency[-1:].isalpha() else ''}{amount.removeprefix(own)}"


def named(name: str, *prefixes: str) -> str:
    """Return the wording of ``prefix + name`` for the first prefix that has one, else the name itself.

    Examples
    --------
    >>> named("ideal", "charts.method_"), named("my own rule", "charts.method_")
    ('perfect foresight', 'my own rule')
    """
    known = keys()
    return next((term(prefix + name) for prefix in prefixes if prefix + name in known), name)


def count(number: float) -> str:
    """Return a number of things with thousands separators."""
    return f"{number:,.0f}"


def grouped(amount: float, decimals: int) -> str:
    """Return a number with thousands separators and a true minus sign; never a minus before zero."""
    text = f"{amount:,.{decimals}f}"
    return (text if text.strip("-0.,") else text.lstrip("-")).replace("-", "−")


def listed(parts: Sequence[str], *, apart: bool = False) -> str:
    """Return parts of a sentence in a row, as the language in force separates them.

    Examples
    --------
    >>> listed(["a", "b"]), listed(["a", "b"], apart=True)
    ('a, b', 'a; b')
    """
    if language() == "zh":
        return ("；" if apart else "，").join(parts)
    return ("; " if apart else ", ").join(parts)
