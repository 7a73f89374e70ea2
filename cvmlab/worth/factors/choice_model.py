"""A fitted, or stated, conditional logit: the weights of attributes, and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from cvmlab.core.checking import check_parameter
from cvmlab.core.guarding import public
from cvmlab.core.words import CvmError, say

from .choice_sets import Array, read_attributes, read_sets


@public
@dataclass(frozen=True)
class ChoiceModel:
    """A conditional logit of what customers choose (McFadden 1974).

    The chance of an alternative is ``exp(v) / Σ exp(v)`` over the alternatives of the choice, with the utility
    ``v = Σ weight × attribute``. The ratio of two chances does not depend on a third alternative (IIA): too much to ask
    where two alternatives are near substitutes.

    Attributes
    ----------
    weight
        Attribute to its weight: utility per unit of the attribute. Only ratios of weights compare between groups of
        customers, because the scale of utility is the size of what the model does not know (Swait & Louviere 1993).
    covariance
        Of the weights, shape (attributes, attributes); NaN for a stated model.
    on_offer
        Mean difference between the highest and the lowest on offer in a choice, by attribute, shape (attributes,);
        NaN for a stated model.
    choices, customers
        How many it was fitted on; 0 for a stated model. Of rankings, each place of rank counts as a choice.
    log_likelihood, null_log_likelihood
        Of the choices, and of equal chances; NaN for a stated model.
    clustered
        Whether the errors allow for customers who answer several times by their own tastes (from 30 customers).

    Examples
    --------
    A stated model: 1 yuan dearer counts as much as 2 points of trust less.

    >>> model = ChoiceModel({"price": -0.4, "trust": 0.2})
    >>> offers = pd.DataFrame({
    ...     "customer_id": "007", "choice_id": "1", "alternative": ["a", "b"], "price": [10.0, 12.0], "trust": [2, 7],
    ... })
    >>> model.probabilities(offers).round(3)
    array([0.45, 0.55])
    >>> model.elasticities(offers, "price").round(2)
    array([-2.2 , -2.16])
    """

    weight: Mapping[str, float] = field(hash=False)
    covariance: Array = field(default_factory=lambda: np.empty((0, 0)), repr=False, compare=False, hash=False)
    on_offer: Array = field(default_factory=lambda: np.empty(0), repr=False, compare=False, hash=False)
    choices: int = 0
    customers: int = 0
    log_likelihood: float = float("nan")
    null_log_likelihood: float = float("nan")
    clustered: bool = False

    def __post_init__(self) -> None:
        plain: dict[str, float] = {}
        for name, figure in self.weight.items():
            if np.ndim(figure) > 0:
                raise CvmError("factors.several_weights", attribute=name)
            check_parameter("weight", figure)
            plain[str(name)] = float(figure)
        if not plain:
            raise CvmError("factors.no_attributes")
        object.__setattr__(self, "weight", plain)
        for name, shape in (("covariance", (len(plain), len(plain))), ("on_offer", (len(plain),))):
            if getattr(self, name).size == 0:
                object.__setattr__(self, name, np.full(shape, np.nan))
            elif getattr(self, name).shape != shape:
                raise CvmError("factors.other_shape", name=name, shape=shape)

    @property
    def attributes(self) -> tuple[str, ...]:
        """Names of the attributes."""
        return tuple(self.weight)

    @property
    def standard_errors(self) -> Array:
        """Standard error of each weight, NaN for a stated model, shape (attributes,)."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def pseudo_r_squared(self) -> float:
        """McFadden's measure, 1 − log-likelihood / that of equal chances; NaN for a stated model."""
        return 1 - self.log_likelihood / self.null_log_likelihood

    @property
    def warning(self) -> str:
        """What limits the use of the fit, a sentence in the language in force; empty if nothing does."""
        few = self.customers > 0 and not self.clustered
        return say("factors.few_customers", customers=self.customers) if few else ""

    def weights(self, confidence: float = 0.95) -> pd.DataFrame:
        """Return the weights with their intervals, and how much each attribute decides.

        Parameters
        ----------
        confidence
            Of the intervals, above 0 and below 1.

        Returns
        -------
        pandas.DataFrame
            A row per attribute: ``attribute``, ``weight``, ``standard_error``, ``low``, ``high`` (utility per unit);
            ``effect``, ``effect_low``, ``effect_high`` (utility between the highest and the lowest on offer, the
            mean over choices: comparable between attributes); ``importance`` (share of the sum of effects, signs
            dropped, ours: it rests on what was on offer) and ``place`` (1 decides most). NaN for a stated model,
            all but the weight.

        Examples
        --------
        >>> ChoiceModel({"price": -0.4}).weights()[["attribute", "weight"]].values.tolist()
        [['price', -0.4]]
        """
        z = normal_quantile(confidence)
        weight, error = np.array(list(self.weight.values())), self.standard_errors
        low, high = weight - z * error, weight + z * error
        size = np.abs(weight * self.on_offer)
        total = size.sum()
        return pd.DataFrame({
            "attribute": list(self.weight), "weight": weight, "standard_error": error, "low": low, "high": high,
            "effect": weight * self.on_offer, "effect_low": low * self.on_offer, "effect_high": high * self.on_offer,
            "importance": size / total if total else np.zeros(len(size)),
            # equally important attributes in the order they were named
            "place": np.argsort(np.argsort(-size, kind="stable"), kind="stable") + 1,
        })  # fmt: skip

    def probabilities(self, choices: pd.DataFrame) -> Array:
        """Return the chance of each alternative to be chosen, shape (rows,), in the order of the table.

        Parameters
        ----------
        choices
            ``customer_id``, ``choice_id``, ``alternative`` and the attributes.

        Examples
        --------
        >>> offers = pd.DataFrame({
        ...     "customer_id": "007", "choice_id": "1", "alternative": ["a", "b", "c"], "price": [5.0, 5.0, 5.0],
        ... })
        >>> ChoiceModel({"price": -1.0}).probabilities(offers).round(3)
        array([0.333, 0.333, 0.333])
        """
        sets = read_sets(choices)
        utility = read_attributes(choices, self.attributes) @ np.array(list(self.weight.values()))
        share = np.empty(len(choices))
        share[sets.order] = sets.shares(utility[sets.order])
        return share

    def elasticities(self, choices: pd.DataFrame, attribute: str = "price") -> Array:
        """Return by how many percent an alternative's chance changes for 1% more of its own attribute.

        Parameters
        ----------
        choices, attribute
            As in `probabilities`; one of the model's attributes.

        Returns
        -------
        numpy.ndarray
            Own elasticities, ``weight × attribute × (1 − P)``, shape (rows,), in the order of the table.

        Examples
        --------
        >>> offers = pd.DataFrame({
        ...     "customer_id": "007", "choice_id": "1", "alternative": ["a", "b"], "price": [8.0, 8.0],
        ... })
        >>> ChoiceModel({"price": -0.5}).elasticities(offers)
        array([-2., -2.])
        """
        check_attribute(self, attribute)
        share = self.probabilities(choices)
        return self.weight[attribute] * read_attributes(choices, [attribute])[:, 0] * (1 - share)


def normal_quantile(confidence: float) -> float:
    """Return how many standard errors an interval reaches to each side."""
    from scipy.special import ndtri

    check_parameter("confidence", confidence, 0, 1, open_minimum=True)
    # an interval of certainty has no end
    if confidence > 0.999999:
        raise CvmError("factors.certain", confidence=confidence)
    return float(ndtri((1 + confidence) / 2))


def check_attribute(model: ChoiceModel, attribute: str) -> None:
    """Raise `CvmError` unless a model has an attribute."""
    if attribute not in model.weight:
        raise CvmError("factors.no_such_attribute", attribute=attribute, known=", ".join(model.weight))
