"""Whom an offer keeps: the difference it makes for each customer, from an experiment (S22, Beyond)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cvmlab.core.annotations import AnyFrame
from cvmlab.core.checking import check_parameter
from cvmlab.core.guarding import public
from cvmlab.core.statistics import Z_95, wilson_interval
from cvmlab.core.words import CvmError
from cvmlab.data.tables import CUSTOMER_ID

from .features import columns_asked, customers_with, encode, yes_or_no
from .leakage import left_out_of
from .measuring import log_losses
from .models import FITS, FOLDS, Table, best_columns, bounded, few_threads, folds_of

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Places = NDArray[np.int64]

#: Ways to choose whom to offer, the simplest first.
POLICIES = ("nobody", "everybody", "by_risk", "by_uplift")
#: Customers with the offer, and without it, and leavers in each of these groups.
FEWEST, FEWEST_LEAVERS = 50, 10
_MODELS = ("rate_table", "logistic", "boosted")
_CLEARLY, _GROUPS, _POINTS = 2.0, 5, 20


@dataclass(frozen=True)
class Uplift:
    """How much less likely an offer makes each customer to leave; see `uplift`."""

    customers: pd.DataFrame
    differs: bool
    model: str
    average: pd.DataFrame
    groups: pd.DataFrame
    gain: pd.DataFrame
    balance: pd.DataFrame


@public
def uplift(
    customers: AnyFrame,
    *,
    offered: str = "offered",
    left: str = "left",
    features: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
    check_balance: bool = True,
    seed: int = 1,
) -> Uplift:
    """Return how much less likely an offer makes each customer to leave, from an experiment.

    Parameters
    ----------
    customers
        One row per customer, a frame of any engine: ``customer_id``, who got the offer, who left, and what was known of
        customers before.
    offered
        Column that is True for customers to whom chance gave the offer.
    left
        Column that is True for customers who left after it.
    features, exclude
        Columns to use (all others if left out), and not to use.
    check_balance
        Whether to refuse data in which the customers with the offer differ from the others by more than chance.
    seed
        Fixes who is in which fold.

    Returns
    -------
    Uplift
        ``customers``: ``customer_id``, ``reduction`` (chance of leaving without the offer less that with it, share of
        1; below 0 for customers whom the offer drives away), ``churn_probability`` (without the offer), ``offered``,
        ``left``; predictions are from models that have not seen the customer.
        ``differs``: whether the effect clearly differs between customers; if not, all have the average.
        ``model``: the model of the difference that predicts best (``rate_table``, ``logistic``, ``boosted``).
        ``average``: one row: ``offered``, ``others`` (customers), ``left_offered``, ``left_others`` (shares),
        ``reduction``, ``low``, ``high`` (95%, Newcombe).
        ``groups``: fifths of the customers by the reduction predicted by ``model``, the largest first: ``group``,
        ``customers``, ``predicted``, ``reduction``, ``low``, ``high``.
        ``gain``: ``order`` (``by_uplift``, ``by_risk``, ``random``), ``share`` of customers who get the offer,
        ``kept`` (customers it keeps, as a share of all), ``low``, ``high`` (95%, each point by itself).
        ``balance``: ``column``, ``difference`` (of the means, in standard deviations), ``z``, ``balanced``.

    Raises
    ------
    CvmError
        If a group is too small or nobody in it left, for customers who differ before the offer (``check_balance``),
        and as `score_churn`.

    Notes
    -----
    Two models of who leaves, one of customers with the offer, one of the others; the reduction is the difference of
    their predictions, drawn towards the average as far as this predicts better. The effect is said to differ if the
    squared error of Nie & Wager (2021) is clearly lower (two standard errors) than with the average for everybody.
    *Assumed*: chance decided on the offer, and one customer's offer does not act on another. With `check_balance` off,
    what the offer does cannot be told from what the customers were.
    Whom we fear to lose is not whom an offer keeps: Ascarza (2018). Difference of shares: Newcombe (1998); the gain
    curve: Radcliffe (2007).

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> draw = np.random.default_rng(2)
    >>> offered, price = draw.random(600) < 0.5, draw.random(600) < 0.5
    >>> customers = pd.DataFrame({"customer_id": [f"c{n}" for n in range(600)], "offered": offered, "price": price,
    ...                           "left": draw.random(600) < np.where(price & offered, 0.1, 0.6)})
    >>> found = uplift(customers)
    >>> found.differs, found.customers["reduction"].groupby(price).mean().round(1).abs().tolist()
    (True, [0.0, 0.5])
    """
    ordered, gone = customers_with(customers, left, [offered])
    given = yes_or_no(ordered, offered)
    if offered == left:
        raise CvmError("churn.not_a_feature", column=offered)
    _check_arms(given, gone, offered)
    names = columns_asked(ordered, features, exclude, (CUSTOMER_ID, left, offered))
    found = encode(ordered, names)
    out = left_out_of(found, ordered, gone, asked=features is not None)
    dropped = set(out.loc[out["done"] == "left_out", "column"])
    kept = [one for one in found if one.name not in dropped]
    if not kept:
        raise CvmError("churn.nothing_left", columns=", ".join(map(str, names[:5])))
    table = Table.of(kept)
    balance = _balance(table, given)
    if check_balance and not balance["balanced"].all():
        worst = balance.iloc[0]
        raise CvmError("churn.not_randomised", column=worst["column"], difference=abs(worst["difference"]))
    with few_threads(len(gone)):
        return _estimated(table, ordered, given, gone, balance, seed)


def _check_arms(given: Flags, gone: Flags, offered: str) -> None:
    for arm, rows in (("offered", given), ("others", ~given)):
        leavers, stayers = int(gone[rows].sum()), int((~gone[rows]).sum())
        if leavers + stayers < FEWEST:
            raise CvmError(f"churn.few_{arm}", column=offered, count=leavers + stayers, fewest=FEWEST)
        if min(leavers, stayers) < FEWEST_LEAVERS:
            raise CvmError("churn.too_few", left=leavers, stayed=stayers, fewest=FEWEST_LEAVERS)


def _balance(table: Table, given: Flags) -> pd.DataFrame:
    """Return by how much customers with the offer differ from the others in each column, the most first."""
    import pandas as pd
    from scipy.stats import norm

    share = given.mean()
    rows = []
    for place, feature in enumerate(table.features):
        # of a text the level, and of any column the empty cells, with the largest difference
        codes = table.codes[:, place]
        parts = [(codes == band).astype(np.float64) for band in np.unique(codes)] if feature.kind == "text" else []
        figures = table.figures[:, place]
        missing = np.isnan(figures)
        if not parts:
            parts = [np.where(missing, np.nanmean(figures), figures), missing.astype(np.float64)]
        for part in parts:
            spread = part.std()
            if spread > 0:
                difference = (part[given].mean() - part[~given].mean()) / spread
                rows.append((feature.name, difference, difference * np.sqrt(len(given) * share * (1 - share))))
    frame = pd.DataFrame(rows, columns=["column", "difference", "z"])
    # one false alarm among a thousand tables
    limit = norm.isf(0.0005 / max(len(frame), 1))
    frame = frame.iloc[(-frame["z"].abs()).argsort(kind="stable")].drop_duplicates("column")
    return frame.assign(balanced=frame["z"].abs() <= limit).reset_index(drop=True)


def _estimated(
    table: Table, ordered: pd.DataFrame, given: Flags, gone: Flags, balance: pd.DataFrame, seed: int
) -> Uplift:
    import pandas as pd

    fold = folds_of(2 * given.astype(np.int64) + gone, FOLDS, seed)
    predicted = _predicted(table, given, gone, fold, seed)
    risk = predicted[_best_risk(predicted, given, gone)][0]
    average = _average(given, gone)
    effect = float(average["reduction"].iloc[0])
    drawn = {
        name: _drawn_in(without - with_it, risk, given, gone, fold) for name, (without, with_it) in predicted.items()
    }
    errors = {name: _errors(reduction, risk, effect, given, gone) for name, reduction in drawn.items()}
    constant = _errors(np.full(len(gone), effect), risk, effect, given, gone)
    best = min(errors, key=lambda name: float(errors[name].mean()))
    saved = constant - errors[best]
    differs = bool(saved.mean() > _CLEARLY * saved.std(ddof=1) / np.sqrt(len(gone)))
    reduction = drawn[best] if differs else np.full(len(gone), effect)
    order = predicted[best][0] - predicted[best][1]
    ids = ordered[CUSTOMER_ID].astype("str").to_numpy()
    columns = {"reduction": reduction, "churn_probability": risk, "offered": given, "left": gone}
    return Uplift(
        customers=pd.DataFrame({CUSTOMER_ID: ids, **columns}, index=ordered.index).sort_index(),
        differs=differs,
        model=best,
        average=average,
        groups=_groups(order, drawn[best], given, gone),
        gain=_gain_curves(order, risk, given, gone, seed),
        balance=balance,
    )


def _predicted(table: Table, given: Flags, gone: Flags, fold: Places, seed: int) -> dict[str, tuple[Floats, Floats]]:
    """Return for each model the chance of leaving without and with the offer, of customers it has not seen."""
    found = {name: (np.empty(len(gone)), np.empty(len(gone))) for name in _MODELS}
    for number in range(FOLDS):
        others = np.flatnonzero(fold == number)
        for arm in (0, 1):
            rows = np.flatnonzero((fold != number) & (given == bool(arm)))
            columns = best_columns(table, np.flatnonzero(fold != number), gone)
            for name in _MODELS:
                model = FITS[name](table, rows, gone, columns, seed)
                found[name][arm][others] = bounded(model.of(table.figures[others]), len(rows))
    return found


def _best_risk(predicted: dict[str, tuple[Floats, Floats]], given: Flags, gone: Flags) -> str:
    """Return the model that says best who leaves without the offer."""
    return min(predicted, key=lambda name: float(log_losses(predicted[name][0][~given], gone[~given]).mean()))


def _parts(risk: Floats, effect: float, given: Flags, gone: Flags) -> tuple[Floats, Floats]:
    """Return what is left of the outcome, and of the offer, once what both are on average is taken away."""
    share = given.mean()
    return gone - (risk - share * effect), given - share


def _errors(reduction: Floats, risk: Floats, effect: float, given: Flags, gone: Flags) -> Floats:
    """Return the squared error of each customer's reduction (Nie & Wager 2021)."""
    outcome, offer = _parts(risk, effect, given, gone)
    errors: Floats = (outcome + offer * reduction) ** 2
    return errors


def _drawn_in(reduction: Floats, risk: Floats, given: Flags, gone: Flags, fold: Places) -> Floats:
    """Return predicted reductions, drawn towards their average as far as it predicts better in the other folds."""
    found = np.empty(len(reduction))
    for number in range(FOLDS):
        mine, others = fold == number, fold != number
        effect = gone[others & ~given].mean() - gone[others & given].mean()
        outcome, offer = _parts(risk, effect, given, gone)
        apart = reduction - reduction[others].mean()
        rest = -(outcome + offer * effect)[others] * offer[others]
        size = float(((offer * apart)[others] ** 2).sum())
        slope = float((rest * apart[others]).sum()) / size if size > 0 else 0.0
        found[mine] = effect + np.clip(slope, 0, 1.5) * apart[mine]
    return np.clip(found, -1, 1)


def difference(given: Flags, gone: Flags) -> tuple[float, float, float]:
    """Return the share that left without the offer less that with it, with 95% bounds (Newcombe 1998)."""
    counts = np.array([(~given).sum(), given.sum()])
    if not counts.all():
        return float("nan"), float("nan"), float("nan")
    shares = np.array([gone[~given].mean(), gone[given].mean()])
    low, high = wilson_interval(shares, counts)
    apart = shares[0] - shares[1]
    below = np.hypot(shares[0] - low[0], high[1] - shares[1])
    above = np.hypot(high[0] - shares[0], shares[1] - low[1])
    return float(apart), float(apart - below), float(apart + above)


def _average(given: Flags, gone: Flags) -> pd.DataFrame:
    import pandas as pd

    reduction, low, high = difference(given, gone)
    row = {"offered": int(given.sum()), "others": int((~given).sum())}
    rates = {"left_offered": float(gone[given].mean()), "left_others": float(gone[~given].mean())}
    return pd.DataFrame([{**row, **rates, "reduction": reduction, "low": low, "high": high}])


def _groups(order: Floats, predicted: Floats, given: Flags, gone: Flags) -> pd.DataFrame:
    """Return the reduction that was seen in each fifth of the customers by the one predicted."""
    import pandas as pd

    place = np.empty(len(order), dtype=np.int64)
    place[np.argsort(-order, kind="stable")] = np.arange(len(order)) * _GROUPS // len(order)
    rows = []
    for group in range(_GROUPS):
        mine = place == group
        reduction, low, high = difference(given[mine], gone[mine])
        said = {"group": group + 1, "customers": int(mine.sum()), "predicted": float(predicted[mine].mean())}
        rows.append({**said, "reduction": reduction, "low": low, "high": high})
    return pd.DataFrame(rows)


def _gain_curves(order: Floats, risk: Floats, given: Flags, gone: Flags, seed: int) -> pd.DataFrame:
    """Return how many the offer keeps if it goes to the first so many of three orders, as a share of all."""
    import pandas as pd

    size = len(order)
    chance = np.random.default_rng(seed).permutation(size)
    orders = {"by_uplift": np.lexsort((chance, -order)), "by_risk": np.lexsort((chance, -risk))}
    everybody = difference(given, gone)
    parts = []
    for name in ("by_uplift", "by_risk", "random"):
        for step in range(_POINTS + 1):
            count = round(size * step / _POINTS)
            share = count / size
            rows = orders[name][:count] if name in orders else np.arange(size)
            kept, low, high = (0.0, 0.0, 0.0) if not count else difference(given[rows], gone[rows])
            if name == "random":
                kept, low, high = everybody
            parts.append((name, share, share * kept, share * low, share * high))
    return pd.DataFrame(parts, columns=["order", "share", "kept", "low", "high"])


@public
def whom_to_offer(
    found: Uplift, *, profit_if_kept: float, contact_cost: float = 0.0, offer_cost: float = 0.0
) -> pd.DataFrame:
    """Return what four ways to choose whom to offer would have earned in the experiment, the simplest good one marked.

    Parameters
    ----------
    found
        What `uplift` returned.
    profit_if_kept
        Profit from a customer who stays (currency units).
    contact_cost, offer_cost
        Cost of making one offer, and of an offer to a customer who then stays (currency units).

    Returns
    -------
    pandas.DataFrame
        ``policy``: ``nobody``, ``everybody``, ``by_risk`` (the offer lowers everybody's chance of leaving in the same
        proportion) and ``by_uplift`` (by each customer's own reduction); both offer where this is expected to pay.
        ``offered`` (customers), ``profit`` more than with no offers (currency units per customer, of all customers),
        ``low``, ``high`` (95%), ``chosen``: the simplest not clearly worse than the best.

    Raises
    ------
    CvmError
        For costs below 0 and figures that are not finite.

    Notes
    -----
    Profit is what those who got the offer by chance brought, less what the others brought, among the customers the
    policy would choose: no model is asked. A policy is clearly worse than another if the interval of their difference
    (95%, normal) lies on one side of 0.
    *Assumed*: one profit for all who stay; those who stay take the offer.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> draw = np.random.default_rng(2)
    >>> offered, price = draw.random(600) < 0.5, draw.random(600) < 0.5
    >>> customers = pd.DataFrame({"customer_id": [f"c{n}" for n in range(600)], "offered": offered, "price": price,
    ...                           "left": draw.random(600) < np.where(price & offered, 0.1, 0.6)})
    >>> policies = whom_to_offer(uplift(customers), profit_if_kept=100, offer_cost=20)
    >>> policies.loc[policies["chosen"], "policy"].tolist()
    ['by_uplift']
    """
    import pandas as pd

    check_parameter("profit_if_kept", profit_if_kept)
    check_parameter("contact_cost", contact_cost, 0)
    check_parameter("offer_cost", offer_cost, 0)
    frame = found.customers
    given, gone = frame["offered"].to_numpy(dtype=bool), frame["left"].to_numpy(dtype=bool)
    risk, reduction = frame["churn_probability"].to_numpy(), frame["reduction"].to_numpy()
    effect = float(found.average["reduction"].iloc[0])
    ratio = effect / float(found.average["left_others"].iloc[0])

    def pays(lowered: Floats) -> Flags:
        stays = 1 - np.clip(risk - lowered, 0, 1)
        worth: Flags = lowered * profit_if_kept - stays * offer_cost - contact_cost > 0
        return worth

    size = len(gone)
    chosen = {
        "nobody": np.zeros(size, dtype=bool),
        "everybody": np.ones(size, dtype=bool),
        "by_risk": pays(risk * ratio),
        "by_uplift": pays(reduction),
    }
    brought = np.where(gone, 0.0, profit_if_kept - offer_cost * given) - contact_cost * given
    share = given.mean()
    # centred first, so that only what the offer changes is left to vary
    centred = brought - np.where(given, brought[given].mean(), brought[~given].mean())
    average = brought[given].mean() - brought[~given].mean()
    worth = average + np.where(given, centred / share, -centred / (1 - share))
    earned = {policy: np.where(rows, worth, 0.0) for policy, rows in chosen.items()}
    means = {policy: float(figures.mean()) for policy, figures in earned.items()}
    best = max(POLICIES, key=lambda policy: means[policy])
    taken = next(policy for policy in POLICIES if not _clearly_less(earned[policy], earned[best]))
    errors = np.array([Z_95 * earned[policy].std() / np.sqrt(size) for policy in POLICIES])
    profit = np.array([means[policy] for policy in POLICIES])
    return pd.DataFrame(
        {
            "policy": POLICIES,
            "offered": [int(chosen[policy].sum()) for policy in POLICIES],
            "profit": profit,
            "low": profit - errors,
            "high": profit + errors,
            "chosen": [policy == taken for policy in POLICIES],
        }
    )


def _clearly_less(one: Floats, other: Floats) -> bool:
    apart = other - one
    return bool(apart.mean() > Z_95 * apart.std() / np.sqrt(len(apart)))
