"""Sliders, boxes and menus made from the fields of a scenario: nothing about a field is written twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cvmlab.core.formats import in_money, with_unit
from cvmlab.core.scenario import Limits, Scenario
from cvmlab.core.words import CvmError, say, term

#: Controls on first sight; the others are folded.
FIRST = 5

Range = tuple[float, float] | tuple[float, float, float]
"""Lowest and highest value of a slider, and its step."""


@dataclass(frozen=True)
class Control:
    """One widget for one field: a slider, menu, tick box, or a text box for a number without bounds."""

    name: str
    limits: Limits
    widget: Any

    @property
    def is_slider(self) -> bool:
        """Whether the widget is a slider."""
        return hasattr(self.widget, "readout_format")

    def read(self) -> object:
        """Return the widget's value as the field's value."""
        shown = self.widget.value
        if self.is_slider and self.limits.unit == "share":
            return round(shown / 100, 10)
        return round(shown, 10) if isinstance(shown, float) else shown

    def write(self, value: Any) -> None:
        """Show a value of the field."""
        if self.is_slider:
            shown = 100 * value if self.limits.unit == "share" else value
            bounds = _on_grid(shown, self.widget.min, self.widget.max, self.widget.step)
            with self.widget.hold_sync():
                if not self.limits.whole:
                    self.widget.readout_format = _readout(self.widget.step, bounds["value"])
                # first wider, so that no bound is refused for the sake of the old value
                self.widget.max, self.widget.min = max(self.widget.max, shown), min(self.widget.min, shown)
                self.widget.value = bounds["value"]
                self.widget.max, self.widget.min = bounds["max"], bounds["min"]
        elif self.limits.kind == "number":
            self.widget.value = "" if value is None else f"{value:.10g}"
        else:
            self.widget.value = value


def make_controls(
    scenario: Scenario,
    *,
    only: Sequence[str] | None = None,
    ranges: Mapping[str, Range] | None = None,
    currency: str = "",
) -> dict[str, Control]:
    """Return a control for each field of a scenario, or for some only, with ranges of their own where given."""
    known = scenario.limits()
    for name in (*(only or ()), *(ranges or ())):
        if name not in known:
            raise CvmError("scenario.unknown_field", name=name, names=", ".join(known))
    wanted = known if only is None else {name: known[name] for name in only}
    made = {}
    for name, limits in wanted.items():
        spanned = limits.within(*(ranges or {})[name]) if name in (ranges or {}) else limits
        value = getattr(scenario, name)
        made[name] = Control(name, spanned, _widget(value, spanned, currency))
    return made


def shown_first(
    scenario: Scenario, only: Sequence[str] | None, more: Sequence[str] | None
) -> tuple[list[str], list[str]]:
    """Return the fields on first sight, at most `FIRST`, and those folded away."""
    folded = list(more or ())
    shown = list(scenario.limits() if only is None else only)
    shown = [name for name in dict.fromkeys(shown) if name not in folded]
    return shown[:FIRST], list(dict.fromkeys([*shown[FIRST:], *folded]))


def _widget(value: Any, limits: Limits, currency: str) -> Any:
    import ipywidgets as widgets

    shared = {"description": _description(limits, currency), "tooltip": _tooltip(limits)}
    if limits.kind == "switch":
        return widgets.Checkbox(value=value, indent=False, **shared)
    if limits.kind == "choice":
        options = [(limits.choice_label(chosen), chosen) for chosen in limits.choices]
        if limits.optional:
            options.insert(0, ("–", None))  # type: ignore[arg-type]
        return widgets.Dropdown(options=options, value=value, **shared)
    if limits.minimum is None or limits.maximum is None or limits.optional:
        text = "" if value is None else f"{value:.10g}"
        return widgets.Text(value=text, continuous_update=False, **shared)
    return _slider(value, limits, shared)


def _slider(value: float, limits: Limits, shared: dict[str, str]) -> Any:
    from .sliders import SteadyFloatSlider, SteadyIntSlider

    factor = 100 if limits.unit == "share" else 1
    low, high = limits.minimum or 0.0, limits.maximum or 0.0
    step = round(factor * (limits.step or (high - low) / 100 or 1.0), 10)
    bounds = _on_grid(factor * value, factor * low, factor * high, step)
    if limits.whole:
        whole = {name: round(bound) for name, bound in bounds.items()}
        return SteadyIntSlider(step=max(round(step), 1), readout_format="d", **whole, **shared)
    return SteadyFloatSlider(step=step, readout_format=_readout(step, bounds["value"]), **bounds, **shared)


def _on_grid(value: float, low: float, high: float, step: float) -> dict[str, float]:
    """Return value, min and max of a slider whose steps meet the value: 303 of 0 to 1000 by 10 gives 3 to 993.

    Otherwise the page would move the value to the nearest step and report that as a change. A value from code
    may lie outside a slider that spans only part of the bounds.
    """
    below = int((value - low) / step + 1e-9) if value > low else 0
    above = int((high - value) / step + 1e-9) if value < high else 0
    bounds = {"value": value, "min": value - below * step, "max": value + above * step}
    return {name: round(bound, 10) for name, bound in bounds.items()}


def _readout(*numbers: float) -> str:
    """Return the format with as many decimals as the numbers have: a value is shown as it was set."""
    decimals = max(next((n for n in range(5) if abs(x * 10**n - round(x * 10**n)) < 1e-6), 5) for x in numbers)
    # no separators: the slider would read "1,234" back as 1
    return f".{decimals}f"


def _description(limits: Limits, currency: str) -> str:
    label = limits.label()
    if limits.kind != "number" or not limits.unit:
        return label
    if limits.unit == "money":
        return in_money(label, currency)
    unit = "%" if limits.unit == "share" else term(f"units.{limits.unit}")
    # "months of decline", "退化期月数" need not say so twice
    return label if unit.removeprefix("个") in label else with_unit(label, unit)


def _tooltip(limits: Limits) -> str:
    if limits.kind != "number" or limits.minimum is None or limits.maximum is None:
        return limits.label()
    low, high = limits.text(limits.minimum), limits.text(limits.maximum)
    return say("whatif.bounds", label=limits.label(), minimum=low, maximum=high)
