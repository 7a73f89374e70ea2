"""Who was there on 1 January, who left, who came back."""

from __future__ import annotations

import pandas as pd
import pytest

from cvmlab import CvmError, datasets, retention

SPELLS = [
    ("a", "2018-05-01", None),
    ("b", "2018-05-01", "2020-02-01"),  # leaves and is back in the same year
    ("b", "2020-06-01", None),
    ("c", "2019-12-31", "2020-12-31"),
    ("d", "2020-01-01", "2020-03-01"),  # comes and goes within the year
    ("e", "2017-01-01", "2019-12-31"),  # gone before
    ("f", "2019-01-01", "2021-01-01"),  # leaves in the next year
]


def spells() -> pd.DataFrame:
    frame = pd.DataFrame(SPELLS, columns=["customer_id", "joined_date", "left_date"])
    return frame.assign(joined_date=pd.to_datetime(frame["joined_date"]), left_date=pd.to_datetime(frame["left_date"]))


def test_a_year_is_counted_by_hand() -> None:
    year = retention.yearly_base(spells(), [2020]).iloc[0]
    assert year[["at_start", "left", "back", "joined", "at_end"]].tolist() == [4, 2, 1, 2, 3]
    assert year[["retention_rate", "churn_rate", "retention_of_people"]].tolist() == [0.5, 0.5, 0.75]


def test_nobody_at_the_start_has_no_rate() -> None:
    year = retention.yearly_base(spells(), [2000]).iloc[0]
    assert year["at_start"] == 0 and year[["retention_rate", "retention_of_people"]].isna().all()
    assert retention.yearly_base(spells(), []).empty


def test_the_end_of_a_year_is_the_start_of_the_next() -> None:
    base = retention.yearly_base(datasets.load("carrier_subscribers"), [2009, 2010, 2011])
    assert base["at_end"].tolist()[:2] == base["at_start"].tolist()[1:]
    assert base["churn_rate"].round(2).tolist() == [0.12, 0.15, 0.22]  # the card of carrier
    # who joins and leaves within a year is neither at its start nor at its end
    within = base["at_start"] - base["left"] + base["joined"] - base["at_end"]
    assert (within >= 0).all()


def test_texts_for_dates_and_odd_years_are_refused() -> None:
    with pytest.raises(CvmError, match="'left_date' holds"):
        retention.yearly_base(spells().assign(left_date="2020-01-01"), [2020])
    zoned = spells().assign(joined_date=lambda frame: frame["joined_date"].dt.tz_localize("Asia/Shanghai"))
    with pytest.raises(CvmError, match="time zone"):
        retention.yearly_base(zoned, [2020])
    with pytest.raises(CvmError, match="year"):
        retention.yearly_base(spells(), [20])
    with pytest.raises(CvmError, match="customer_id"):
        retention.yearly_base(spells().drop(columns="customer_id"), [2020])
