"""What decides the purchase: value, price or relationship (S14).

* What is chosen, or ranked, among alternatives tells the weights of their attributes: `fit_choices` (conditional logit,
  McFadden 1974), `fit_rankings` (exploded logit, Beggs, Cardell & Hausman 1981), `weights_by` segment or occasion.
* `compare_rules` asks how well the weights, a simple rule and what buyers say predict choices that nobody has seen.
* `spend_by_first_factor` weights by spend, not by heads.
* `willingness_to_pay` and `price_cut` say what a weight is worth, and where a price cut is wasted.
* `repeats_against_taste` keeps habit and taste apart (Keane 1997): repeat purchases alone are no loyalty.

A table of choices has a row per alternative: ``customer_id``, ``choice_id`` (which choice of this customer),
``alternative``, ``chosen`` (1 or True in one row of each choice) or ``rank`` (1 is the best), and the attributes.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
