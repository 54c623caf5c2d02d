"""The bands that real days give, and the verdict on days that may be simulated ones.

Owns the rule that makes a band, the bands of the reference stock, and the rule of acceptance. The
real days themselves are `real.json`, which `venues.facts.real` makes.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec

from venues.facts.series import Facts

REAL = Path(__file__).with_name("real.json")

SEEDS_MIN = 5
"""Recordings that a verdict needs: three real days of one regime miss a sixth of the bands of one
another."""

ACCEPTED_SHARE = 0.85
"""Of the facts that are available, how many must be in band."""

TARGET_SHARE = 0.25
"""How far from a market file's own target a fact may be, as a share of it."""

STARRED = (
    "spread_bp_tw_mean",
    "touch_depth_over_mean_mo",
    "intertrade_cv",
    "sign_acf_1",
    "sign_acf_10",
    "imb_logit_slope",
    "imb_halflife_s",
    "impact_10s_over_spread",
    "realised_spread10s_over_quoted",
    "touch_fill_prob_10s",
)
"""Facts that no market may miss: they decide what an order costs and what a router can learn."""

PROMISED = (
    "spread_ticks_tw_mean",
    "spread_bp_tw_mean",
    "touch_depth_over_mean_mo",
    "market_orders_per_s",
    "book_updates_per_mo",
)
"""Facts of scale: a market file chooses them, and what it says takes the place of the band."""


class Band(msgspec.Struct, frozen=True):
    """What a fact may be."""

    mean: float
    """Of the real days, or a target."""
    low: float
    high: float
    days: int = 0
    """Real days behind it; 0 for a target."""

    def holds(self, value: float) -> bool:
        """Whether a value lies in it, its ends included."""
        return self.low <= value <= self.high


class RealCurve(msgspec.Struct, frozen=True):
    """A curve of the real days: their mean, and a band at each point."""

    x: tuple[float, ...]
    mean: tuple[float | None, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]


class Regime(msgspec.Struct, frozen=True):
    """The real days of one kind of stock."""

    stock: str
    """What they are days of, in words."""
    days: int
    bands: dict[str, Band]
    curves: dict[str, RealCurve]


class RealDays(msgspec.Struct, frozen=True):
    """The file of bands."""

    source: str
    regimes: dict[str, Regime]


REFERENCE_OF = "medium_tick"
REFERENCE = {
    "spread_bp_tw_mean": Band(4.0, 3.0, 5.0),
    "touch_depth_over_mean_mo": Band(2.5, 1.9, 3.2),
    "intertrade_cv": Band(2.5, 1.9, 3.3),
    "sign_acf_1": Band(0.40, 0.29, 0.50),
    "sign_acf_10": Band(0.037, 0.017, 0.057),
    "imb_logit_slope": Band(0.85, 0.64, 1.26),
    "imb_halflife_s": Band(4.0, 1.5, 5.0),
    "impact_10s_over_spread": Band(0.425, 0.32, 0.53),
    "realised_spread10s_over_quoted": Band(-0.014, -0.06, 0.094),
    "touch_fill_prob_10s": Band(0.40, 0.26, 0.54),
}
"""Starred bands of a stock with a spread of two ticks, between the medium tick and the micro tick
of the real days: medium-tick bands widened to hold 25 % around the reference market's own
targets, and these alone for spread and depth."""

SMALL_TICK = "small_tick"


def band_of(values: Sequence[float], *, is_share: bool) -> Band:
    """The band around some days: twice their standard deviation, at least 25 % and 0.02, never
    less than they spanned. Where all are above zero it ends above zero, and a share in [0, 1].
    """
    centre = statistics.fmean(values)
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    pad = max(2.0 * deviation, 0.25 * abs(centre), 0.02)
    low, high = min(*values, centre - pad), max(*values, centre + pad)
    if min(values) > 0.0:
        low = max(low, 0.5 * min(values))
    if is_share:
        low, high = max(low, 0.0), min(high, 1.0)
    return Band(centre, low, high, len(values))


def is_share(fact: str) -> bool:
    """Whether a fact is a share or a probability, told by its name."""
    return any(part in fact for part in ("_frac", "_share", "_prob_", "_auc"))


@cache
def real_days() -> RealDays:
    """The real days that come with the project."""
    return msgspec.json.decode(REAL.read_bytes(), type=RealDays)


def regime(name: str) -> Regime:
    """The bands and curves of a regime: one of the real days, `all`, or `small_tick`, the reference
    stock, which has the medium-tick days and its own starred bands.

    Raises:
        KeyError: no regime has this name.
    """
    if name != SMALL_TICK:
        return real_days().regimes[name]
    found = real_days().regimes[REFERENCE_OF]
    stock = f"the reference stock with a spread of two ticks, beside {found.stock}"
    return Regime(stock, found.days, {**found.bands, **REFERENCE}, found.curves)


def regime_names() -> tuple[str, ...]:
    """All regimes."""
    return (*real_days().regimes, SMALL_TICK)


def classify(*, spread_ticks: float, one_tick_frac: float, depth: float) -> str:
    """The regime of a stock: mean spread in ticks, share of time at one tick, depth over mean
    order."""
    if spread_ticks > 15.0:
        return "micro_tick"
    if one_tick_frac > 0.85 and depth > 15.0:
        return "large_tick"
    return "medium_tick" if one_tick_frac > 0.4 else SMALL_TICK


def regime_of_days(recordings: Sequence[Facts]) -> str:
    """The regime that recorded days are nearest to, told by their facts."""
    spread, frac, depth = (
        _median(recordings, fact) or 0.0
        for fact in (
            "spread_ticks_tw_mean",
            "spread_one_tick_time_frac",
            "touch_depth_over_mean_mo",
        )
    )
    return classify(spread_ticks=spread, one_tick_frac=frac, depth=depth)


def aimed(bands: Mapping[str, Band], targets: Mapping[str, float]) -> dict[str, Band]:
    """The bands of a market that has targets of its own.

    A target of scale (`PROMISED`) takes the band's place, 25 % around it; any other widens the band
    to hold these 25 %. A band that already stands for the target stays as it is.
    """
    found = dict(bands)
    for fact, target in targets.items():
        band = bands.get(fact)
        if band is not None and not band.days and band.mean == target:
            continue
        low, high = sorted((target * (1.0 - TARGET_SHARE), target * (1.0 + TARGET_SHARE)))
        if band is not None and fact not in PROMISED:
            low, high = min(low, band.low), max(high, band.high)
        found[fact] = Band(target, low, high)
    return found


@dataclass(frozen=True, slots=True)
class Row:
    """A fact against its band."""

    fact: str
    value: float | None
    """Median over the recordings; None if fewer than half of them have it."""
    band: Band
    starred: bool
    targeted: bool
    """Whether a target of the market file shaped the band."""

    @property
    def inside(self) -> bool | None:
        """Whether it is in band; None if it is not available."""
        return None if self.value is None else self.band.holds(self.value)


@dataclass(frozen=True, slots=True)
class Verdict:
    """All facts against their bands."""

    rows: tuple[Row, ...]
    recordings: int

    @property
    def available(self) -> int:
        """Facts that have a value."""
        return sum(row.inside is not None for row in self.rows)

    @property
    def inside(self) -> int:
        """Facts in band."""
        return sum(row.inside is True for row in self.rows)

    @property
    def outside(self) -> tuple[Row, ...]:
        """Facts out of band."""
        return tuple(row for row in self.rows if row.inside is False)

    @property
    def starred_missed(self) -> tuple[Row, ...]:
        """Starred facts that are out of band or not available: what is not seen is not passed."""
        return tuple(row for row in self.rows if row.starred and row.inside is not True)

    @property
    def enough(self) -> bool:
        """Whether there are recordings enough to judge."""
        return self.recordings >= SEEDS_MIN

    @property
    def holds(self) -> bool:
        """Whether enough facts are in band and no starred one is missed."""
        return self.inside >= ACCEPTED_SHARE * self.available and not self.starred_missed

    @property
    def accepted(self) -> bool:
        """Whether these are days of a market as real ones are."""
        return self.enough and self.holds


def verdict(
    recordings: Sequence[Facts],
    bands: Mapping[str, Band],
    targets: Mapping[str, float] | None = None,
) -> Verdict:
    """The median of each fact over recordings (one a seed) against its band."""
    goals = targets or {}
    rows = [
        Row(fact, _median(recordings, fact), band, fact in STARRED, fact in goals)
        for fact, band in aimed(bands, goals).items()
    ]
    return Verdict(tuple(rows), len(recordings))


def _median(recordings: Sequence[Facts], fact: str) -> float | None:
    values = [value for each in recordings if (value := each.get(fact)) is not None]
    return statistics.median(values) if 2 * len(values) > len(recordings) else None
