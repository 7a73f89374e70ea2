"""A small what-if, and customers."""

import numpy as np
import pandas as pd
import pytest
from small_what_ifs import Offer, curve, draw

from cvmlab.whatif import WhatIf


@pytest.fixture
def what_if():
    return WhatIf(Offer(), curve, draw)


@pytest.fixture
def customers():
    generator = np.random.default_rng(7)
    revenue = generator.lognormal(5, 1, 400)
    return pd.DataFrame({
        "customer_id": [f"{i:03d}" for i in range(400)],
        "revenue": revenue,
        "profit": revenue * generator.normal(0.15, 0.3, 400),
        "current_value": revenue * 0.2,
        "headroom": generator.lognormal(4, 1, 400),
    })  # fmt: skip
