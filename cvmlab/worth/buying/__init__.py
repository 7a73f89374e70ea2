"""Relationships without a contract: who is still a customer, how often they will buy, how much they spend.

Without a contract nobody gives notice; only silence is observed, and a slow buyer is not a lost one
(Fader & Hardie 2009). One model does not fit all logs, so that there is a family behind one interface,
`PurchaseModel`, made from `cvmlab.aggregate.summarise_customers`:

* `BgNbd`, the beta-geometric/NBD model (Fader, Hardie & Lee 2005, Marketing Science 24(2), 275-284):
  while alive, a customer buys as a Poisson process with an own rate, gamma distributed over customers
  (``r``, ``alpha``); after each repeat purchase the customer drops out with an own probability, beta
  distributed (``a``, ``b``). Rate and dropout are independent.
* `MbgNbd`: the same, but customers may leave after the first purchase already; `ZeroInflatedBgNbd`: a share of
  them does so, whatever the others do.
* `ParetoNbd`: customers leave at any moment, not at a purchase.
* `PaymentRule`, for contracts: an overdue payment is an end, and who has paid often is likelier to stay.
* `GapRule`, the rule of thumb: gone who is silent for three usual gaps.

`fit_family` fits all that a log can carry. A `Season` counts silence in purchases missed rather than in days.

* `GammaGamma` (Fader, Hardie & Lee 2005, Journal of Marketing Research 42(4), 415-430): the spend of a
  purchase is gamma distributed around the customer's own mean, which differs over customers, and does
  not depend on how often the customer buys: look at `frequency_spend_correlation` first.

All *estimate* what follows if past behaviour goes on as it was; they include no strategy.

A "purchase" here is a day with a purchase: ``frequency`` counts repeat purchase *days* (purchase days
minus one), ``recency`` is days from first to last purchase day, ``age`` days from first purchase to as-of.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
