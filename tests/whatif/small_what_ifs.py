"""A small what-if and how it is moved."""

import io

import numpy as np
from hypothesis import settings
from PIL import Image

from cvmlab.core.scenario import Scenario, choice, dataclass, number, switch

modest = settings(max_examples=40, deadline=None)


@dataclass(frozen=True)
class Offer(Scenario):
    retention_rate: float = number(0.8, minimum=0, maximum=1, step=0.05, word="retention_rate", unit="share")
    months: int = number(12, minimum=1, maximum=36, step=1, word="revenue", unit="months", whole=True)
    margin: float = number(5.0, word="profit", unit="money")
    wanted: float | None = number(None, minimum=0, word="revenue", optional=True)
    rule: str = choice("stated", word="matrix.choice", choices=("stated", "median"))
    certain: bool = switch(False, word="revenue")


def curve(offer):
    kept = offer.margin * offer.retention_rate ** np.arange(12)
    return {"kept": kept, "total": float(kept.sum())}


def draw(ax, result):
    ax.plot(np.arange(len(result["kept"])), result["kept"])


def slider(what_if, name):
    return what_if.controls[name].widget


def pixels(content):
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
