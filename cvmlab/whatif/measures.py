"""The figures beside a what-if: before, after, difference, as a table and in words."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cvmlab.core.formats import grouped, in_currency, in_money, listed, with_unit
from cvmlab.core.guarding import public
from cvmlab.core.refusing import brief
from cvmlab.core.scenario import Limits, Scenario
from cvmlab.core.words import CvmError, say, term, wording

from . import page

#: Units whose figures are counted, so that they have no decimals.
COUNTED = frozenset({"customers", "orders", "households", "times"})
#: Units of figures that are counted or measured; only the measured ones have decimals.
WHOLE_MOSTLY = frozenset({"months", "days", "years"})

Sentence = Callable[[Any, Any], str]
"""From the results before and after to what changed, in the language in force."""


@public
@dataclass(frozen=True)
class Measure:
    """One figure of a result: where it is found, its name, the unit it is shown in.

    Attributes
    ----------
    name
        Key or attribute of the result that holds the number.
    word
        Vocabulary key of the label, or the label itself; the name if empty.
    unit
        Key of a unit in ``units.csv``. ``"share"`` is shown in percent and its difference in percentage
        points, ``"money"`` in the currency of the what-if; empty for a pure number.

    Examples
    --------
    >>> worth = Measure("value", "current_value", unit="money")
    >>> worth.value({"value": 1234.5}), worth.text(1234.5), worth.difference(1000.0, 1234.5)
    (1234.5, '1,234', '+234')
    >>> Measure("share", unit="share").difference(0.2, 0.253)
    '+5.3'
    """

    name: str
    word: str = ""
    unit: str = ""

    def value(self, result: Any) -> float:
        """Return the number in a result, NaN if it is None; a result without it is refused."""
        try:
            found = result[self.name] if isinstance(result, Mapping) else getattr(result, self.name)
            return math.nan if found is None else float(found)
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
            raise CvmError("whatif.no_figure", name=self.name, result=brief(result)) from error

    def label(self) -> str:
        """Return the label in the language in force."""
        return wording(self.word or self.name)

    def heading(self, currency: str = "") -> str:
        """Return the label with its unit."""
        if self.unit == "money":
            return in_money(self.label(), currency)
        if self.unit == "share":
            return with_unit(self.label(), "%")
        # a number of customers need not say so twice
        if not self.unit or self.unit in COUNTED:
            return self.label()
        unit = term(f"units.{self.unit}")
        # "months in decline", "退化期月数" need not say so twice
        return self.label() if unit.removeprefix("个") in self.label() else with_unit(self.label(), unit)

    def text(self, amount: float, beside: float = 0.0) -> str:
        """Return a number as the table shows it, with the decimals that ``beside`` and it ask for."""
        if not math.isfinite(amount):
            return "–"
        return self._grouped(amount, amount, beside)

    def phrase(self, amount: float, currency: str = "") -> str:
        """Return a number as a sentence says it: "85%", "¥1,234"."""
        if self.unit == "share":
            return f"{self.text(amount)}%"
        return in_currency(self.text(amount), currency) if self.unit == "money" else self.text(amount)

    def difference(self, before: float, after: float) -> str:
        """Return after − before as they are shown, with its sign; "=" where that is the same."""
        if not math.isfinite(after - before):
            return "–"
        scale, decimals = (100, 1) if self.unit == "share" else (1, self._decimals(before, after))
        # so that the table adds up: 18.9 to 13.7 is −5.2, whatever stands behind the decimals
        change = round(scale * after, decimals) - round(scale * before, decimals)
        text = grouped(change, decimals)
        if not text.strip("0.,"):
            return "="
        return f"+{text}" if change > 0 else text

    def _grouped(self, amount: float, *beside: float) -> str:
        return grouped(100 * amount, 1) if self.unit == "share" else grouped(amount, self._decimals(*beside))

    def _decimals(self, *amounts: float) -> int:
        size = max((abs(amount) for amount in amounts if math.isfinite(amount)), default=0.0)
        if self.unit in COUNTED or size >= 1000 or not size:
            return 0
        if self.unit in WHOLE_MOSTLY and all(float(amount).is_integer() for amount in amounts):
            return 0
        return 1 if size >= 100 else 2


def measures_of(result: Any) -> tuple[Measure, ...]:
    """Return a measure for every plain number of a dict or dataclass, in its order."""
    if isinstance(result, Mapping):
        figures: Iterable[tuple[str, Any]] = result.items()
    elif dataclasses.is_dataclass(result) and not isinstance(result, type):
        figures = [(field.name, getattr(result, field.name)) for field in dataclasses.fields(result)]
    else:
        return ()
    return tuple(Measure(str(name)) for name, figure in figures if _is_number(figure))


def _is_number(figure: Any) -> bool:
    if isinstance(figure, bool | str | bytes) or not hasattr(figure, "__float__"):
        return False
    return getattr(figure, "ndim", 0) == 0


def without_number(measures: Sequence[Measure], result: Any) -> list[str]:
    """Return the labels of the figures that are NaN or infinite."""
    return [measure.label() for measure in measures if not math.isfinite(measure.value(result))]


def table(measures: Sequence[Measure], before: Any, after: Any, currency: str = "") -> str:
    """Return the figures as an HTML table, one row per measure: before, after and difference."""
    if not measures:
        return ""
    heads = (term(f"whatif.{name}") for name in ("figure", "before", "after", "difference"))
    return page.figures(heads, [_row(measure, before, after, currency) for measure in measures])


def _row(measure: Measure, before: Any, after: Any, currency: str) -> list[str]:
    was, now = measure.value(before), measure.value(after)
    if not (math.isfinite(was) and math.isfinite(now)):
        known = [measure.text(amount) if math.isfinite(amount) else "–" for amount in (was, now)]
        return [measure.heading(currency), *known, "–"]
    return [measure.heading(currency), measure.text(was, now), measure.text(now, was), measure.difference(was, now)]


def settings(before: Scenario, after: Scenario, currency: str = "") -> list[str]:
    """Return what was set differently, one phrase per field: "retention rate 85% instead of 80%"."""
    was, now = before.values(), after.values()

    def text(limits: Limits, value: Any) -> str:
        shown = limits.text(value)
        return in_currency(shown, currency) if limits.unit == "money" and value is not None else shown

    return [
        say("whatif.moved", label=limits.label(), before=text(limits, was[name]), after=text(limits, now[name]))
        for name, limits in before.limits().items()
        if was[name] != now[name]
    ]


def change(measure: Measure, before: Any, after: Any, currency: str = "") -> str:
    """Return how one figure changed, in words: "current value rises by ¥50.0 (25%) to ¥250.0"."""
    was, now = measure.value(before), measure.value(after)
    if not (math.isfinite(was) and math.isfinite(now)):
        return say("whatif.unknown", measure=measure.label())
    shown = measure.difference(was, now)
    if shown == "=":
        return say("whatif.stays", measure=measure.label(), after=measure.phrase(now, currency))
    size = shown.lstrip("+−")
    if measure.unit == "share":
        difference = say("whatif.points", points=size)
    else:
        difference = _with_relative(in_currency(size, currency) if measure.unit == "money" else size, was, now)
    return say(
        "whatif.rises" if now > was else "whatif.falls",
        measure=measure.label(),
        difference=difference,
        after=measure.phrase(now, currency),
    )


def _with_relative(difference: str, was: float, now: float) -> str:
    # a percentage of nothing, or across zero, says nothing
    if was * now <= 0 or (share := abs(now / was - 1)) < 0.0005:
        return difference
    text = f"{share:.0%}" if share >= 0.0995 else f"{share:.1%}"
    return say("whatif.relative", difference=difference, share=text)


def sentence(moves: Sequence[str], changes: Sequence[str]) -> str:
    """Return moves and changes as one sentence; without moves, that nothing has been moved yet."""
    if not moves:
        return term("whatif.unmoved")
    return say("whatif.sentence", moves=listed(moves), changes=listed(changes, apart=True))
