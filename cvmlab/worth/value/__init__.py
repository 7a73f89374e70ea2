"""What a customer is worth: current value, headroom and growth potential (S09, S10; CRM3 §3.2.2).

Three kinds of figures are kept apart by their names:

* *computed* from a model and its parameters: `margin_multiple`, `current_value`, `annuity`;
* *assumed* by whoever states a margin or a likelihood: `assume_profit`, ``assumed_likelihood``;
* *headroom*, which a log alone can show, and *growth potential*, which needs the customer's total
  business (the wallet): `headroom`, `growth_potential`.

Time runs along the first axis of arrays, as in `cvmlab.aggregate.Panel`. A ``discount_rate`` is always a
year's, a ``retention_rate`` always a period's. ``first="now"`` counts the first profit at once,
``first="next"`` after one period.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
