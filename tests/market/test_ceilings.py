"""Nobody gets more at the midpoint than the market can give, however he tries."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from router.model import NS
from tests.market.cost import market_file, opened
from tests.market.estimates import estimate
from tests.market.pool import SEEDS, of_seeds, seeds
from tests.market.trader import Trader
from venues.dark import DarkSpec

pytestmark = [pytest.mark.market, pytest.mark.timeout(0)]

DAYS = min(24, SEEDS)
WANTED = 10**7
"""Shares: more than there are."""

CEILING = 0.10
"""Of ADV a day, one side."""


@dataclass(frozen=True, slots=True)
class Captured:
    """Shares of one side in a day."""

    resting: dict[str, int]
    """By pool, of whoever rests all day in each."""
    pinging: int
    """Of whoever looks into every pool once a second."""


def capture(seed: int) -> Captured:
    """A day of each."""
    spec = market_file("baseline")
    sign = 1 if seed % 2 == 0 else -1
    rests = Trader(opened(spec, seed))
    for mic in rests.dark:
        rests.rest_in_the_dark(mic, sign, WANTED)
    pings = Trader(opened(spec, seed))
    for at in range(spec.session.from_ns + NS, spec.session.end_ns, NS):
        pings.wait(at)
        for mic in pings.dark:
            pings.ping(mic, sign, WANTED)
        if at % (60 * NS) == 0:
            rests.wait(at)
    resting = dict.fromkeys(rests.dark, 0)
    for fill in rests.fills:
        resting[fill.mic] += fill.qty
    return Captured(resting, abs(pings.held))


@pytest.fixture(scope="module")
def captured() -> list[Captured]:
    return of_seeds(capture, seeds(DAYS), "days in the dark")


def test_who_rests_all_day_gets_what_comes_and_not_a_tenth_of_adv(
    captured: list[Captured],
) -> None:
    """4.7 and 3.9 % of ADV a day and side, by the file's own numbers."""
    spec = market_file("baseline")
    adv = spec.stock.adv
    for pool in (each for each in spec.venues if isinstance(each, DarkSpec)):
        found = estimate([day.resting[pool.id] / adv for day in captured])
        stated = pool.dark.contra_shares(23_400) / adv
        print(f"{pool.id}: {found} of ADV to whoever rests all day, stated {stated:.4f}")
        assert abs(found.mean - stated) < 3.0 * found.error
    together = estimate([sum(day.resting.values()) / adv for day in captured])
    print(f"together {together}")
    assert together.mean < CEILING


def test_who_looks_once_a_second_gets_no_more_than_who_rests(captured: list[Captured]) -> None:
    adv = market_file("baseline").stock.adv
    more = estimate([(day.pinging - sum(day.resting.values())) / adv for day in captured])
    print(f"pinging less resting: {more} of ADV")
    assert more.mean < 2.0 * more.error
    assert estimate([day.pinging / adv for day in captured]).mean < CEILING
