"""Recorded days as rows to learn from: features as received, and what the mid did next.

Owns targets and when each becomes known, which is what keeps the past from seeing the future. Knows
recorded days as arrays, whatever file they came from; must not know models.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from router.core.observed import Observed
from router.core.predictor import CLASSES
from router.model import NS, Instrument
from router.ports import FloatArray, IntArray

DAY_NS = 86_400 * NS

LATENCY_NS = NS // 1_000
"""How much later than it happened the router sees a change, unless told otherwise (choice)."""

FLAT = 0.25
"""A smaller move is flat, in spreads: half a tick of a spread of two ticks is a move (choice)."""

HORIZON_NS = {"1s": NS, "10s": 10 * NS}
"""The fixed horizons; the next move is known when it happens."""


@dataclass(frozen=True, slots=True)
class Tape:
    """One recorded day in exchange time, nanoseconds after midnight; prices in ticks, shares."""

    name: str
    at: IntArray
    """When to decide."""
    close_ns: int
    """The end of the session."""
    lot: int
    quote_ns: IntArray
    """(Q,): when the best quotes changed, never going back; what follows is theirs."""
    bid: IntArray
    bid_qty: IntArray
    offer: IntArray
    offer_qty: IntArray
    trade_ns: IntArray
    """(T,): when lit venues printed; what follows is theirs."""
    px: IntArray
    qty: IntArray
    sign: IntArray


@dataclass(frozen=True, slots=True)
class Samples:
    """Rows of one or more days, in the order of time."""

    horizon: str
    at: IntArray
    """(N,): time of the decision, nanoseconds since the first day's midnight."""
    known_at: IntArray
    """(N,): when the target was known, the same clock."""
    features: FloatArray
    """(N, D): raw, NaN where unknown."""
    target: IntArray
    """(N,): place in CLASSES[horizon]."""
    move: FloatArray
    """(N,): how far the mid went, spreads of the decision, + is up."""
    days: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.at)

    @property
    def move_spreads(self) -> float:
        """Mean size of the moves that are no `flat`; 0 if there is none."""
        moved = np.abs(self.target - (len(self.classes) - 1) / 2) > 0
        return float(np.abs(self.move[moved]).mean()) if moved.any() else 0.0

    @property
    def classes(self) -> tuple[str, ...]:
        """From down to up."""
        return CLASSES[self.horizon]


def samples_of(
    tapes: Sequence[Tape],
    horizon: str,
    *,
    latency_ns: int = LATENCY_NS,
    done: Callable[[str], None] = lambda name: None,
) -> Samples:
    """The rows of days that follow one another, the first the oldest.

    `done` hears the name of each day that was read. A decision in a market that is not two-sided,
    or whose target the day does not show, is no row.
    """
    parts = []
    for number, tape in enumerate(tapes):
        target, known_at, move = targets(tape, horizon)
        usable = target >= 0
        found = features_of(tape, latency_ns=latency_ns)
        since = number * DAY_NS
        parts.append(
            (
                tape.at[usable] + since,
                known_at[usable] + since,
                found[usable],
                target[usable],
                move[usable],
            )
        )
        done(tape.name)
    at, known_at, features, target, move = (
        np.concatenate(each) for each in zip(*parts, strict=True)
    )
    names = tuple(tape.name for tape in tapes)
    return Samples(horizon, at, known_at, features, target, move, names)


def features_of(tape: Tape, *, latency_ns: int) -> FloatArray:
    """(N, D): the raw features at each of `tape.at`, of what had been received by then.

    What happens at one instant is taken print first: it met the quotes of before.
    """
    observed = Observed(
        Instrument("", tick=1, lot=tape.lot, adv=0, currency="", close_ns=tape.close_ns)
    )
    quotes = _rows(tape.bid, tape.bid_qty, tape.offer, tape.offer_qty)
    trades = _rows(tape.px, tape.qty, tape.sign)
    times = np.concatenate([tape.trade_ns, tape.quote_ns]) + latency_ns
    order = np.argsort(times, kind="stable")
    received = _rows(times[order], order)
    ends = np.searchsorted(times[order], tape.at, side="right").tolist()
    rows = []
    begin = 0
    for at, end in zip(tape.at.tolist(), ends, strict=True):
        for now, place in received[begin:end]:
            if place < len(trades):
                px, qty, sign = trades[place]
                observed.trade(now, px=px, qty=qty, sign=sign)
            else:
                bid, bid_qty, offer, offer_qty = quotes[place - len(trades)]
                observed.quote(now, bid=bid, bid_qty=bid_qty, offer=offer, offer_qty=offer_qty)
        rows.append(observed.vector(at))
        begin = end
    return np.array(rows)


def _rows(*columns: IntArray) -> list[tuple[int, ...]]:
    """Plain integers: a loop over an array's own is three times as slow."""
    return list(zip(*(column.tolist() for column in columns), strict=True))


def targets(tape: Tape, horizon: str) -> tuple[IntArray, IntArray, FloatArray]:
    """(N,) thrice, at each of `tape.at`: the class, -1 where there is none, when it is known, and
    how far the mid goes, in spreads.
    """
    row = np.searchsorted(tape.quote_ns, tape.at, side="right") - 1
    two_sided = (row >= 0) & (tape.offer > tape.bid)[np.maximum(row, 0)]
    row = np.maximum(row, 0)
    if horizon == "next":
        target, known_at, seen, move2 = _next_move(tape, row)
    else:
        target, known_at, seen, move2 = _move_over(tape, row, HORIZON_NS[horizon])
    usable = two_sided & seen
    spread2 = np.where(usable, 2 * (tape.offer - tape.bid)[row], 1)
    return np.where(usable, target, -1), known_at, np.where(usable, move2 / spread2, 0.0)


_Moves = tuple[IntArray, IntArray, NDArray[np.bool_], IntArray]
"""Classes, when they are known, whether the day shows them, and twice the mid's moves."""


def _next_move(tape: Tape, row: IntArray) -> _Moves:
    """Whether the first change of the mid after each row of the quotes is up."""
    steps = np.diff(tape.bid + tape.offer)
    rows = len(steps)
    moving = np.where(steps != 0, np.arange(rows), rows)
    # For each row the first one from it on after which the mid moves; `rows` if there is none.
    following = np.append(np.minimum.accumulate(moving[::-1])[::-1], rows)[row]
    seen = following < rows
    last = np.minimum(following, max(rows - 1, 0))
    step = steps[last] if rows else np.zeros(len(row), np.int64)
    known_at = tape.quote_ns[np.minimum(last + 1, rows)]
    return (step > 0).astype(np.int64), known_at, seen, step


def _move_over(tape: Tape, row: IntArray, horizon_ns: int) -> _Moves:
    """Down, flat or up after a fixed time, in spreads of the decision."""
    known_at = tape.at + horizon_ns
    later = np.maximum(np.searchsorted(tape.quote_ns, known_at, side="right") - 1, 0)
    mid2 = tape.bid + tape.offer
    move2 = mid2[later] - mid2[row]
    least2 = 2 * FLAT * (tape.offer - tape.bid)[row]
    target = 1 + (move2 >= least2).astype(np.int64) - (move2 <= -least2)
    return target, known_at, known_at < tape.close_ns, move2
