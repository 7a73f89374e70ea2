"""Scenarios: the assumptions behind a figure, as frozen dataclasses whose fields know their limits.

A field says its unit, bounds, step and the key of its wording. Sliders, report parameters, command-line
options, forms and range errors are all made from these, so nothing about a parameter is written twice.

Examples
--------
>>> @dataclass(frozen=True)
... class Offer(Scenario):
...     retention_rate: float = number(0.8, minimum=0, maximum=1, step=0.05, word="retention_rate")
>>> Offer().replace(retention_rate=0.9)
Offer(retention_rate=0.9)
>>> Offer().replace(retention_rate=1.2)
Traceback (most recent call last):
...
cvmlab.CvmError: retention rate (retention_rate) is 1.2; it must be at most 1.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from .guarding import public
from .words import CvmError, Wording, keys, term, wording

__all__ = ["Limits", "Scenario", "checked", "choice", "dataclass", "number", "switch"]


def __dir__() -> list[str]:
    return __all__


@public
@dataclass(frozen=True)
class Limits:
    """What a field may hold, and how it is called and shown."""

    word: str
    kind: str = "number"
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    unit: str = ""
    choices: tuple[str, ...] = ()
    whole: bool = False
    optional: bool = False

    def label(self) -> str:
        """Return the field's wording in the language in force; a word that is no key stands for itself."""
        return wording(self.word)

    def unit_label(self) -> str:
        """Return the unit's wording, a space before it where it needs one; empty if the field has no unit."""
        if not self.unit:
            return ""
        wording = term(f"units.{self.unit}")
        return wording if wording[0] in "%‰（" else f" {wording}"

    def text(self, value: float | str | bool | None) -> str:
        """Return a value of the field as people read it: a share in percent, a choice in its wording.

        Examples
        --------
        >>> Limits("retention_rate", unit="share").text(0.85), Limits("revenue", unit="money").text(12000)
        ('85%', '12,000')
        """
        if value is None:
            return "–"
        if self.kind == "switch":
            return term("scenario.on" if value else "scenario.off")
        if self.kind == "choice" or isinstance(value, str):
            return self.choice_label(str(value))
        amount = float(value)
        if self.unit == "share":
            return f"{round(100 * amount, 4):,.10g}%".replace("-", "−")
        return f"{round(amount, 6):,.10g}".replace("-", "−")

    def choice_label(self, chosen: str) -> str:
        """Return the wording of a choice, ``<word>_<choice>`` in the vocabulary, or else the choice itself."""
        name = f"{self.word}_{chosen}"
        return term(name) if name in keys() else chosen

    def within(self, minimum: float, maximum: float, step: float | None = None) -> Limits:
        """Return these limits for a slider over a narrower range, for example that of the data.

        The range never leaves the bounds of the field.

        Examples
        --------
        >>> Limits("revenue", minimum=0).within(-5, 200, step=1).minimum
        0
        """
        low = minimum if self.minimum is None else max(minimum, self.minimum)
        high = maximum if self.maximum is None else min(maximum, self.maximum)
        return dataclasses.replace(self, minimum=low, maximum=high, step=step or self.step)


@public
def number(
    default: float | None,
    *,
    word: str,
    minimum: float | None = None,
    maximum: float | None = None,
    step: float | None = None,
    unit: str = "",
    whole: bool = False,
    optional: bool = False,
) -> Any:
    """Declare a number field.

    Parameters
    ----------
    default
        The value of the baseline; None only where ``optional``.
    word
        Vocabulary key of the label, or the label itself.
    minimum, maximum
        Bounds, both included; None for none. NaN and infinities are always refused.
    step
        Step of a slider.
    unit
        Key of a unit in ``units.csv``; empty for a pure number.
    whole
        Whether only whole numbers are meant.
    optional
        Whether None ("not given") is a value.
    """
    limits = Limits(word=word, minimum=minimum, maximum=maximum, step=step, unit=unit, whole=whole, optional=optional)
    return dataclasses.field(default=default, metadata={"limits": limits})


@public
def choice(default: str | None, *, word: str, choices: tuple[str, ...], optional: bool = False) -> Any:
    """Declare a field that holds one of a few texts."""
    limits = Limits(word=word, kind="choice", choices=choices, optional=optional)
    return dataclasses.field(default=default, metadata={"limits": limits})


@public
def switch(default: bool, *, word: str) -> Any:
    """Declare a field that is on or off."""
    return dataclasses.field(default=default, metadata={"limits": Limits(word=word, kind="switch")})


@dataclass(frozen=True)
class _Unit:
    """The unit of a field, put into language when its sentence is read."""

    limits: Limits

    def __str__(self) -> str:
        return self.limits.unit_label()


@public
@dataclass(frozen=True)
class Scenario:
    """Base of all scenarios: checked when made, never changed, replaced instead."""

    def __post_init__(self) -> None:
        for name, limits in self.limits().items():
            object.__setattr__(self, name, checked(name, getattr(self, name), limits))

    @classmethod
    def limits(cls) -> Mapping[str, Limits]:
        """Return every field's limits, in the order of the fields."""
        return {field.name: field.metadata["limits"] for field in dataclasses.fields(cls)}

    @classmethod
    def from_texts(cls, texts: Mapping[str, str]) -> Self:
        """Make a scenario from texts as a command line or a form gives them.

        Raises
        ------
        CvmError
            For an unknown name, a text that is no number, or a value out of bounds.
        """
        return cls().replace(**texts)

    def replace(self, **changes: object) -> Self:
        """Return a new scenario with some fields changed.

        Raises
        ------
        CvmError
            For an unknown name or a value out of bounds; the sentence names the bound.
        """
        names = self.limits()
        for name in changes:
            if name not in names:
                raise CvmError("scenario.unknown_field", name=name, names=", ".join(names))
        return dataclasses.replace(self, **changes)

    def form(self) -> list[dict[str, Any]]:
        """Return what a form, a help text or a table of assumptions says of every field.

        Returns
        -------
        list of dict
            One dict a field: ``name``, ``label``, ``kind`` (``number``, ``choice``, ``switch``), ``value``,
            ``minimum``, ``maximum``, ``step``, ``unit`` (wording), ``choices`` (value to wording), ``whole``,
            ``optional``. A form sends texts back, which `from_texts` takes.
        """
        return [
            {
                "name": name,
                "label": limits.label(),
                "kind": limits.kind,
                "value": getattr(self, name),
                "minimum": limits.minimum,
                "maximum": limits.maximum,
                "step": limits.step,
                "unit": limits.unit_label().strip(),
                "choices": {chosen: limits.choice_label(chosen) for chosen in limits.choices},
                "whole": limits.whole,
                "optional": limits.optional,
            }
            for name, limits in self.limits().items()
        ]

    def values(self) -> dict[str, Any]:
        """Return the fields as a dict, as papermill parameters want them."""
        return dataclasses.asdict(self)


@public
def checked(name: str, value: object, limits: Limits) -> object:
    """Return a value as a field with these limits holds it, or raise `CvmError`.

    Examples
    --------
    >>> checked("retention_rate", "0.8", Limits("retention_rate", minimum=0, maximum=1))
    0.8
    """
    if limits.optional and (value is None or (isinstance(value, str) and not value)):
        return None
    if limits.kind == "choice":
        return _checked_choice(name, value, limits)
    if limits.kind == "switch":
        return _checked_switch(name, value, limits)
    return _checked_number(name, value, limits)


def _checked_number(name: str, value: object, limits: Limits) -> float | int:
    said = {"label": Wording(limits.word), "name": name, "value": value, "unit": _Unit(limits)}
    try:
        amount = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise CvmError("scenario.not_a_number", **said) from None
    if not math.isfinite(amount) or isinstance(value, bool) or (limits.whole and amount != round(amount)):
        raise CvmError("scenario.not_a_number", **said)
    if limits.minimum is not None and amount < limits.minimum:
        raise CvmError("scenario.below_minimum", minimum=f"{limits.minimum:g}", **said)
    if limits.maximum is not None and amount > limits.maximum:
        raise CvmError("scenario.above_maximum", maximum=f"{limits.maximum:g}", **said)
    return int(amount) if limits.whole else amount


def _checked_choice(name: str, value: object, limits: Limits) -> str:
    if isinstance(value, str) and value in limits.choices:
        return value
    raise CvmError(
        "scenario.not_a_choice",
        label=Wording(limits.word),
        name=name,
        value=value,
        choices=", ".join(limits.choices),
    )


def _checked_switch(name: str, value: object, limits: Limits) -> bool:
    if isinstance(value, bool):
        return value
    answers = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    known = answers.get(str(value).strip().lower())
    if known is None:
        raise CvmError("scenario.not_a_switch", label=Wording(limits.word), name=name, value=value)
    return known
