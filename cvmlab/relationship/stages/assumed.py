"""Every number of the stage model that was set by hand, and its meaning: assumed, not estimated.

They were chosen on relationships simulated by both generators of `cvmlab.simulated`, the border of exploration and the
usual share of customers who never grow also on logistic climbs (`benchmarks/bench_stages.py`). The heights of the steps
and the usual chances of moving between them stand beside the steps (`states`); sizes of chunks and numbers of threads,
which change no result, stand where they are used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cvmlab.data.tables import BREADTH, REVENUE

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Columns of evidence beside revenue and breadth.
MARGIN, REFERRALS = "margin", "indirect_benefit"

# --- enough data -----------------------------------------------------------------------------------

#: A fit needs this many customers with this many periods of their own.
FIT_CUSTOMERS, FIT_PERIODS = 50, 6
#: The first look at the range of revenue needs this many newcomers with this many periods after the first.
RANGE_CUSTOMERS, RANGE_PERIODS = 20, 12
#: The first look at the noise of revenue needs this many changes from one period to the next.
NOISE_CHANGES = 50
#: A season needs this many years, and this many customers who bought in two periods running, by period of the year.
SEASON_YEARS, SEASON_PAIRS = 2, 100
#: A common trend, and a usual slope over customers, need this many customers.
TREND_CUSTOMERS, SLOPE_CUSTOMERS = 50, 20

# --- season, trend and rhythm ------------------------------------------------------------------------

#: Changes from one period to the next are cut off here: of log revenue for the season, of the margin for its slope.
LARGEST_SEASONAL_CHANGE, LARGEST_MARGIN_CHANGE = 1.5, 0.5
#: A larger change of log revenue says nothing about how the margin moves with it.
LARGEST_REVENUE_CHANGE = 1.0
#: Errors from zero that both estimates of a trend must be, and the least change of log revenue per year that counts.
TREND_ERRORS, LEAST_TREND = 3.0, 0.03
#: A customer who begins more than this many months after the first of the data is new.
NEW_AFTER_MONTHS = 3
#: Months after the first period that count as a newcomer's first; months of age that count as later.
FIRST_MONTHS, LATER_MONTHS = 3, (9, 24)
#: Shares of periods with a purchase that the classes of rhythm stand for.
RHYTHMS: NDArray[np.float64] = np.array([0.03, 0.08, 0.16, 0.28, 0.42, 0.58, 0.72, 0.84, 0.92, 0.97])
#: Periods that the usual rhythm, and changes that the usual noise of the margin weighs beside a customer's own.
RHYTHM_WEIGHT, MARGIN_NOISE_WEIGHT = 4.0, 6
#: A silence longer than all but this share of such customers would ever show is not part of the rhythm.
ODD_SILENCE = 0.01
#: Margins are cut off here.
LOWEST_MARGIN, HIGHEST_MARGIN = -3.0, 1.5
#: Unit of the cleaned margin: the usual change from one period to the next.
MARGIN_UNIT = 0.02

# --- length of a period ------------------------------------------------------------------------------

#: Purchases of a regular customer; the share of periods with one that is enough, irregular below, regular from.
REGULAR_PURCHASES, OFTEN_ENOUGH, IRREGULAR, REGULAR = 3, 0.5, 0.75, 0.9
#: Periods that a longer one must leave, if it is taken for its regular rhythm alone.
PERIODS_LEFT = 6

# --- the model before any data -----------------------------------------------------------------------

#: Classes of each column: lowest value, width, number (log revenue, cleaned margin, log breadth).
CLASSES = {REVENUE: (-6.0, 0.05, 180), MARGIN: (-1.0, 0.01, 200), BREADTH: (-3.0, 0.1, 60)}
#: Degrees of freedom of the Student t around a step's mean: one odd month must not decide.
FREEDOM = 5.0
#: Density that every observation has in every step; probability of a stage that is known to be another.
LEAST_DENSITY, LEAST_KNOWN = 1e-5, 1e-6
#: Power to which each column's density is taken. Months in a row resemble each other, and columns repeat each other.
#: At 1, confidence would claim far more than is right; lower still, one decline in three that is found would be missed.
TRUST = {REVENUE: 0.7, MARGIN: 0.4, BREADTH: 0.4, REFERRALS: 0.4}
#: Range of log revenue from trial to stability: of the model without a fit, and where a fit cannot see it.
RANGE, RANGE_UNSEEN = 1.8, 1.2
#: Noise of log revenue.
REVENUE_NOISE = 0.35
#: Rise from trial to stability, noise, and spread between customers.
RISES = {MARGIN: (0.15, 0.06, 0.1), BREADTH: (0.9, 0.4, 0.3)}
#: Chance of a purchase by stage code, as a share of the customer's rhythm; its bounds.
BUYING, LEAST_CHANCE, MOST_CHANCE = np.array([1.0, 0.9, 1.0, 1.0, 0.75, 1.0]), 0.005, 0.985
#: Chance of referrals on trial, its rise to stability, and the chance of either kind elsewhere; of harm in decline.
REFERRING, REFERRING_RISE, REFERRING_ELSEWHERE, HARM = 0.02, 0.3, 0.005, 0.02
#: Share of customers who begin within the data.
NEW_SHARE = 0.5

# --- fitting -----------------------------------------------------------------------------------------

#: First iterations, in which revenue alone counts.
REVENUE_ITERATIONS = 6
#: A newcomer's early periods, and the quantile of a customer's revenue and of customers that stand for the range.
EARLY_PERIODS, TOP_QUANTILE, RANGE_QUANTILE = 3, 0.85, 0.75
#: Usual moves weigh as this share of the periods seen, at least as this many.
MOVES_SHARE, LEAST_MOVES = 0.01, 20.0
#: And as this share of the step's own periods; of decline, which must stay a passage.
OWN_SHARE, OWN_SHARE_DECLINE = 0.1, 1.0
#: The usual place of customers from before the data weighs as this share of those counted.
FOUND_SHARE = 1.0
#: A step of the climb is left at most this many times as slowly as usual: staying for years is not climbing.
SLOWEST = 4.0
#: Weights of the usual chance of a purchase (periods), of other usual figures (observations), of the range (1 is all).
BUYING_WEIGHT, SEEN_WEIGHT, RANGE_WEIGHT = 200.0, 5.0, 0.01
#: Least chance of a purchase as a share of the rhythm; in decline. Silence must not pass for decline for ever.
LEAST_BUYING, LEAST_BUYING_DECLINE = 0.7, 0.5
#: Customers differ in how far a column rises: noise grows by these shares of the distance and of the whole rise.
UNLIKE, UNLIKE_ALL = 0.2, 0.1
#: How far means lean on a parabola over the usual heights.
LEAN = 0.5
#: Least noise of each column; bounds of a step's noise as shares of the typical; least range of log revenue.
LEAST_NOISE, NOISE_BOUNDS, LEAST_RANGE = {REVENUE: 0.05, MARGIN: 0.01, BREADTH: 0.1}, (0.6, 1.8), 0.3

# --- a customer's own height -------------------------------------------------------------------------

#: Share of months that are the best ones, and what they exceed a steady customer's mean by, in units of noise.
BEST_SHARE, BEST_EXCESS = 1 / 3, 1.1
#: Months count to an offset within this many errors.
OFFSET_ERRORS = 3.0
#: A supposition this much less likely (log) is dropped; two whose heights differ by less are one.
DROPPED, SAME = 8.0, 0.1

# --- decoding, and what is made of it ----------------------------------------------------------------

#: A relationship is called ended above this probability.
ENDED_ABOVE = 0.5
#: Share of the step between formation and stability that counts to formation: a matter of definition.
STILL_FORMATION = 0.6
#: Share of a customer's own level in stability below which a climb still counts to exploration.
EXPLORES_BELOW = 0.15
#: Confidence, months since the beginning, and fall of revenue of a decline that is listed.
SURE, LATELY_MONTHS, LEAST_FALL = 0.7, 12, 0.1
#: Hindsight: customers looked at, and the share of the year before that is clearly less.
HINDSIGHT_CUSTOMERS, CLEARLY_LESS = 5_000, 0.8
#: Errors from zero that a share of growing customers must be.
GROWING_ERRORS = 3.0
#: A list is refuted within this many standard errors, if it names at least this many.
REFUTED_WITHIN, LEAST_LISTED = 2.0, 20
#: Rule of thumb: shares of the peak for exploration, formation and decline; periods averaged; gaps until the end.
RULE_SMALL, RULE_HIGH, RULE_FALLEN, RULE_PERIODS, RULE_GAPS = 0.25, 0.8, 0.7, 3, 3
