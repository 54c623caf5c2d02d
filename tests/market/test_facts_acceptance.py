"""Recorded days of the shipped markets are held to real ones, by the rule of acceptance."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

import pytest

from tests.market.pool import of_seeds, seeds
from tests.venues.simulated import MARKETS
from venues.facts.bands import SEEDS_MIN, Verdict, regime, verdict
from venues.facts.measure import measure
from venues.facts.series import Facts
from venues.facts.targets import regime_of, scope_of, targets_of
from venues.market_file import read_market
from venues.recorder import record

DAYS = 20
"""The median of five days, which the rule asks for at least, puts facts that lie near a bound now
on one side of it and now on the other."""

JUDGED = ("baseline", "large_tick", "small_tick")
"""Of each kind of stock one; those that ship."""


def facts_of_a_day(market: str, seed: int) -> Facts:
    """A day of a market, recorded and measured."""
    spec = read_market(MARKETS / f"{market}.yaml")
    with tempfile.TemporaryDirectory() as folder:
        return measure(record(spec, seed, Path(folder)), scope_of(spec)).facts


def told(market: str, judged: Verdict) -> str:
    """The table of the facts, starred ones first, and how it ends."""
    rows = sorted(judged.rows, key=lambda row: (not row.starred, row.inside is not False))
    lines = [f"\n{market}: {judged.inside} of {judged.available} facts in band"]
    for row in rows:
        mark = {True: "in", False: "OUT", None: "-"}[row.inside]
        value = "-" if row.value is None else f"{row.value:.4g}"
        star = "*" if row.starred else " "
        band = f"[{row.band.low:.4g}, {row.band.high:.4g}]"
        lines.append(f"  {star} {row.fact:42} {value:>9}  {band:24} {mark}")
    return "\n".join(lines)


@pytest.mark.market
@pytest.mark.timeout(0)
@pytest.mark.parametrize("market", [name for name in JUDGED if (MARKETS / f"{name}.yaml").exists()])
def test_days_of_the_market_are_as_real_ones_are(market: str) -> None:
    """At least 85 % of the available facts in band, and no starred one out."""
    assert DAYS >= SEEDS_MIN
    spec = read_market(MARKETS / f"{market}.yaml")
    found = of_seeds(partial(facts_of_a_day, market), seeds(DAYS), f"days of {market}")
    judged = verdict(found, regime(regime_of(spec)).bands, targets_of(spec))
    print(told(market, judged))
    assert [row.fact for row in judged.starred_missed] == []
    assert judged.accepted, [row.fact for row in judged.outside]
