"""What a customer is worth, and what is delivered to a customer (S07–S10; CRM3 §3.2.2, CVM-CRM §1).

Three kinds of figures are kept apart by their names:

* *computed* from a model and its parameters: `margin_multiple`, `current_value`, `annuity`; `compare_present_values`
  puts the textbook's rule beside what is right, `lifetime_of_curve` and its like say how long a customer stays;
* *assumed*, from a stated margin, tail or likelihood: `assume_profit`, ``assumed_likelihood``;
* *headroom*, visible in transaction data alone, and *growth potential*, which needs the customer's total
  business (the wallet): `headroom`; `growth_potential` from `up_buying`, `cross_buying` and `referral_value`.

The other side, what the customer gets from us and from a rival, is a matter of a survey: `delivered_value`.

Time runs along the first axis of arrays. A ``discount_rate`` is yearly, a ``retention_rate`` per period.
``first="now"`` counts the first profit at once, ``first="next"`` after one period.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
