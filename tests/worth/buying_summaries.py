"""Summaries of purchases, published or made."""

from __future__ import annotations

import pandas as pd

from cvmlab.worth.buying import BgNbd, GammaGamma

# The estimates of Fader, Hardie & Lee (2005), weeks, and of Fader & Hardie (2013), dollars.
PUBLISHED = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426)


PUBLISHED_SPEND = GammaGamma(p=6.25, q=3.74, gamma=15.44)


def summary(frequency: object, recency: object, age: object) -> pd.DataFrame:
    return pd.DataFrame({"frequency": frequency, "recency": recency, "age": age})
