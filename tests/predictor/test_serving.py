"""What is served is what was trained on, cold it is silent, and its drift has a side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import tanh

import numpy as np
import pytest

from router.core import fold
from router.core.foresight import NOTHING, Foreseen, drifted, foresee
from router.core.observed import WARM_NS
from router.core.shelf import LearnerShelf
from router.core.state import State
from router.messages import (
    MarketDataEntry,
    MarketDataLost,
    MarketDataReceived,
    MarketEvent,
    Restarted,
)
from router.model import BP, NS, Instrument, Side
from router.ports import FloatArray
from router.predictor.samples import Tape, features_of
from tests.predictor.made import by_hand, chance, tape

MS = NS // 1_000
LATENCY = 3 * MS
CLOSE_S = 900

Events = list[tuple[int, MarketEvent]]


def long_tape(seed: int) -> Tape:
    """Four restless minutes, in which the two sides sometimes lock."""
    rng = chance(seed)
    steps, trades = 1_500, 400
    mid = 10_000 + np.cumsum(rng.integers(-1, 2, steps))
    quotes = zip(
        np.sort(rng.integers(0, 240_000, steps)) / 1_000,
        mid - rng.integers(0, 3, steps),
        rng.integers(1, 20, steps) * 100,
        mid + rng.integers(0, 3, steps),
        rng.integers(1, 20, steps) * 100,
        strict=True,
    )
    prints = zip(
        np.sort(rng.integers(0, 240_000, trades)) / 1_000,
        rng.integers(9_990, 10_010, trades),
        rng.integers(1, 500, trades),
        rng.choice([-1, 1], trades),
        strict=True,
    )
    at = np.sort(rng.integers(0, 240_000, 300)) / 1_000
    return tape(list(quotes), list(prints), at=at.tolist(), close=CLOSE_S)


def events_of(day: Tape, latency_ns: int) -> Events:
    """The tape as a venue's market data, as received: a print first, it met the quotes before."""
    found: list[tuple[int, int, MarketEvent]] = []
    for t, px, qty, sign in zip(day.trade_ns, day.px, day.qty, day.sign, strict=True):
        entry = MarketDataEntry("2", "0", int(px), int(qty), int(sign))
        found.append((int(t), 0, MarketDataReceived("LIT_A", "X", False, (entry,))))
    columns = (day.quote_ns, day.bid, day.bid_qty, day.offer, day.offer_qty)
    for t, bid, bid_qty, offer, offer_qty in zip(*columns, strict=True):
        entries = (
            MarketDataEntry("0", "0", int(bid), int(bid_qty)),
            MarketDataEntry("1", "0", int(offer), int(offer_qty)),
        )
        found.append((int(t), 1, MarketDataReceived("LIT_A", "X", True, entries)))
    ordered = sorted(found, key=lambda each: each[:2])
    return [(t + latency_ns, event) for t, _, event in ordered]


def state(day: Tape, *, tick: int = 1) -> State:
    instrument = Instrument("X", tick, day.lot, 1, "USD", close_ns=day.close_ns)
    shelf = LearnerShelf({}, dimensions=1)
    return State({}, shelf, pause_ns=1, markout_ns=1, watched={"X": instrument})


def served(day: Tape, events: Events) -> Iterator[FloatArray | None]:
    """The vectors that decisions at `day.at` are given."""
    core, left = state(day), iter([*events, (1 << 62, None)])
    now, event = next(left)
    for at in day.at.tolist():
        while now <= at:
            assert event is not None
            fold.apply(core, now, event)
            now, event = next(left)
        yield core.watch.vector("X", at)


def test_what_is_served_is_what_was_trained_on_bit_by_bit() -> None:
    day = long_tape(1)
    trained = features_of(day, latency_ns=LATENCY)
    told = list(served(day, events_of(day, LATENCY)))
    spoken = [k for k, each in enumerate(told) if each is not None]
    assert len(spoken) > 100
    assert len(spoken) < sum(day.at > day.quote_ns[0] + WARM_NS + LATENCY)  # some are locked
    for k in spoken:
        vector = told[k]
        assert vector is not None
        assert vector.tobytes() == trained[k].tobytes()


def test_what_was_served_does_not_change_when_the_future_does() -> None:
    day, cut = long_tape(2), 150 * NS
    events = events_of(day, LATENCY)
    other = [*(each for each in events if each[0] <= cut)]
    other += [each for k, each in enumerate(events) if each[0] > cut and k % 3]
    early = day.at <= cut
    both = [[_bytes(each) for each in served(day, told)] for told in (events, other)]
    assert np.array(both[0])[early].tolist() == np.array(both[1])[early].tolist()
    assert both[0] != both[1]


def _bytes(vector: FloatArray | None) -> str:
    return "" if vector is None else vector.tobytes().hex()


# --- cold and warm -------------------------------------------------------------------------------


def quoted(bid: int, offer: int, *, bid_qty: int = 300, offer_qty: int = 100) -> MarketDataReceived:
    entries = (
        MarketDataEntry("0", "0", bid, bid_qty),
        MarketDataEntry("1", "0", offer, offer_qty),
    )
    return MarketDataReceived("LIT_A", "X", True, entries)


def warm(day: Tape, *, tick: int = 1) -> tuple[State, int]:
    """A market that was first quoted at one second, and the time at which it is known."""
    core = state(day, tick=tick)
    fold.apply(core, NS, quoted(100 * tick, 102 * tick))
    return core, NS + WARM_NS


EMPTY = tape([], at=[1], close=CLOSE_S)


def test_it_says_nothing_for_the_first_minute() -> None:
    core, at = warm(EMPTY)
    assert core.watch.vector("X", at - 1) is None
    assert core.watch.vector("X", at) is not None
    assert core.watch.vector("Y", at) is None


@pytest.mark.parametrize("event", [Restarted(2), MarketDataLost("LIT_A")])
def test_after_a_restart_or_a_loss_of_data_it_is_cold(event: Restarted | MarketDataLost) -> None:
    core, at = warm(EMPTY)
    fold.apply(core, at, event)
    assert core.watch.vector("X", at + 1) is None
    fold.apply(core, at + NS, quoted(100, 102))
    assert core.watch.vector("X", at + WARM_NS) is None
    again = core.watch.vector("X", at + NS + WARM_NS)
    assert again is not None
    # As if there had been nothing before it.
    fresh = state(EMPTY)
    fold.apply(fresh, at + NS, quoted(100, 102))
    first = fresh.watch.vector("X", at + NS + WARM_NS)
    assert first is not None
    assert again.tobytes() == first.tobytes()


def test_a_loss_elsewhere_changes_nothing() -> None:
    core, at = warm(EMPTY)
    fold.apply(core, at, MarketDataLost("LIT_B"))
    assert core.watch.vector("X", at) is not None


@pytest.mark.parametrize(("bid", "offer"), [(0, 102), (100, 0), (102, 102), (103, 102)])
def test_of_a_market_that_has_no_two_sides_it_says_nothing(bid: int, offer: int) -> None:
    core, at = warm(EMPTY)
    fold.apply(core, at, quoted(bid, offer))
    assert core.watch.vector("X", at) is None


def test_who_watches_nothing_knows_nothing() -> None:
    core = State({}, LearnerShelf({}, dimensions=1), pause_ns=1, markout_ns=1)
    fold.apply(core, NS, quoted(100, 102))
    assert core.watch.vector("X", 2 * WARM_NS) is None


# --- the drift -----------------------------------------------------------------------------------

LEANING = by_hand(microprice=2.0, move_spreads=0.75).foresight(drift=True, feature=True)


def asked(core: State, side: Side, at: int) -> Foreseen:
    return foresee(LEANING, core.watch, "X", side, core.market.view("X", at, 0), at)


def test_the_drift_is_the_leaning_times_the_move() -> None:
    """300 bid and 100 offered: microprice (300 - 100) / (2 * 400) = 1/4, log-odds 1/2."""
    core, at = warm(EMPTY, tick=1_000_000)
    leaning = tanh(0.25)  # p - (1 - p) of the logistic function at 1/2
    spread_bp = BP * 2 / 101
    found = asked(core, Side.BUY, at)
    assert found.drift_bp == pytest.approx(leaning * 0.75 * spread_bp)
    assert found.signal is not None
    assert found.signal.value == pytest.approx(leaning)
    assert (found.signal.symbol, found.signal.t_received) == ("X", at)
    assert found.predictor == LEANING.sha256


def test_of_three_classes_flat_leans_nowhere() -> None:
    core, at = warm(EMPTY)
    three = by_hand("10s", microprice=2.0, move_spreads=0.75).foresight(drift=True, feature=False)
    found = foresee(three, core.watch, "X", Side.BUY, core.market.view("X", at, 0), at)
    up, down = np.exp(0.5), np.exp(-0.5)
    expected = (up - down) / (up + down + 1) * 0.75 * BP * 2 / 101
    assert found.drift_bp == pytest.approx(expected)
    assert found.signal is None


def test_what_runs_away_from_a_buyer_comes_to_a_seller() -> None:
    core, at = warm(EMPTY)
    buyer, seller = (asked(core, side, at) for side in (Side.BUY, Side.SELL))
    assert buyer.drift_bp == -seller.drift_bp > 0.0
    assert buyer.signal == seller.signal  # of the market: the column is adjusted where it is made


def test_a_seller_in_the_mirrored_market_is_told_what_a_buyer_is() -> None:
    core, at = warm(EMPTY)
    mirror = state(EMPTY)
    fold.apply(mirror, NS, quoted(100, 102, bid_qty=100, offer_qty=300))
    seller, buyer = asked(mirror, Side.SELL, at), asked(core, Side.BUY, at)
    assert seller.drift_bp == pytest.approx(buyer.drift_bp)


def test_cold_and_off_there_is_no_drift() -> None:
    core, at = warm(EMPTY)
    silent = asked(core, Side.BUY, at - 1)
    assert (silent.drift_bp, silent.signal, silent.predictor) == (0.0, None, LEANING.sha256)
    view = core.market.view("X", at, 0)
    assert foresee(None, core.watch, "X", Side.BUY, view, at) is NOTHING
    only = replace(LEANING, drift=False)
    assert foresee(only, core.watch, "X", Side.BUY, view, at).drift_bp == 0.0


@pytest.mark.parametrize(
    ("drift_bp", "urgency", "expected"),
    [
        (0.0, 0.5, 4.0),
        (1.5, 0.0, 5.5),  # it runs away: not filling costs so much more
        (1.5, 1.0, 5.5),
        (-1.5, 0.0, 2.5),  # it comes: so much less
        (-1.5, 0.5, 3.25),  # half of the time left: half of that
        (-1.5, 1.0, 4.0),  # no time left: nothing is waited for
        (-9.0, 0.0, 0.0),
    ],
)
def test_the_drift_in_what_it_costs_not_to_fill(
    drift_bp: float, urgency: float, expected: float
) -> None:
    assert drifted(4.0, drift_bp, urgency) == expected
