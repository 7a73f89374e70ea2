"""Stages recovered from histories, for many customers at once (S01; Netzer, Lattin & Srinivasan 2008 for the idea).

A hidden Markov model: the stage of a relationship is not seen, what it does to revenue, margin, breadth and referrals
is. `fit` learns the model from histories without knowing any stage, `decode` estimates the stage of every customer
and period with its confidence, `sample` draws whole paths, `rule_of_thumb` is what a manager would do without
a model, and `grade` compares either with a known truth.

What separates the stages
    Level alone does not, as nobody knows beforehand how large a customer will be: each customer's own height is
    estimated with the stages. Growth separates exploration and formation from stability: it is judged for each customer
    against no growth at all, and who shows none is in stability from the start. Late formation sells as much as
    stability, only margin and breadth still climb. Customers who buy rarely are judged by their own rhythm: silence
    ends a relationship when it is long for *this* customer. Where most customers buy in fewer than half of the periods,
    longer ones say more (`advised_months`, `coarser`).

What does not
    Equal bills have no stages, whatever model is used: `course` says whether newcomers come to buy more at all.
    Seasons and a trend common to all, prices for one, are taken out first. And `hindsight` compares stages estimated a
    year ago with what came after.

Every function that takes a panel raises `CvmError` where it has no ``revenue`` or a figure is not finite; all but
`enough_to_fit`, `advised_months` and `coarser` also where it has no period or no customer.

>>> from cvmlab.relationship.stages import decode, grade, rule_of_thumb
>>> from cvmlab.relationship.simulated import Population, simulate_relationships
>>> known = simulate_relationships(Population(), customers=300, periods=48, seed=1)
>>> decoded = decode(known.panel)
>>> grade(decoded, known.stage).macro_f1 > grade(rule_of_thumb(known.panel), known).macro_f1
True
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
