"""The customer value matrix: four types, their strategies, and how firm the border lines are (S11).

Two axes, current value and growth potential (or headroom, where only a log is known), each low or high:
I low/low, II low/high, III high/low, IV high/high. A customer is high where the figure is *above* the
threshold. Where to draw the line is a choice: `choose_thresholds` makes it explicit, `sensitivity` shows how
much it matters. `migration` and `why_moved` show how customers move between the types, `value_alerts` which fall by
more than chance. `compare_budgets` sets Table 3-2 beside the split that pays most, `steps_before_dissolving` says
whom of type I to give up.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
