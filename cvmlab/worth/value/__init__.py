"""What a customer is worth: current value, headroom and growth potential (S09, S10; CRM3 §3.2.2).

Three kinds of figures are kept apart by their names:

* *computed* from a model and its parameters: `margin_multiple`, `current_value`, `annuity`;
* *assumed*, from a stated margin or likelihood: `assume_profit`, ``assumed_likelihood``;
* *headroom*, visible in transaction data alone, and *growth potential*, which needs the customer's total
  business (the wallet): `headroom`, `growth_potential`.

Time runs along the first axis of arrays. A ``discount_rate`` is yearly, a ``retention_rate`` per period.
``first="now"`` counts the first profit at once, ``first="next"`` after one period.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
