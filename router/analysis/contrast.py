"""What would have had to differ for another candidate to be given shares, from a decision's record.

Owns that arithmetic: the smallest change of a value or a cap, as an interval where the record does
not have the whole fill curve. Knows nothing of journals and nothing of how it is shown.

The allocator gives lots to the largest value times P(fill of at least j lots), in lots, less the
footprint of the lots before it (core.allocator). The record has that probability at j = 1, 2, 4,
8 ... and, through the marginal, at the lot after the last that was given. It never rises with j, so
between two such places it is bounded by them: whence the intervals. An interval of one point is
exact, and all are if the whole curves are given, which whoever decides again has.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from router.messages import CandidateRecord, Decide
from router.ports import FloatArray

PROBES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
"""The lots at which `CandidateRecord.tail` stands; as many as the tail has entries."""

TOLERANCE = 1e-9
"""bp. Two marginals closer than this are the same."""


@dataclass(frozen=True, slots=True)
class Interval:
    """All that a number may be, both ends included."""

    low: float
    high: float

    @property
    def exact(self) -> bool:
        """True if only one number is left."""
        return self.high - self.low <= TOLERANCE


@dataclass(frozen=True, slots=True)
class Row:
    """A candidate in lots, with what is known of its fill curve."""

    record: CandidateRecord
    lots: int
    """Given."""
    cap: int
    floor: int
    knots: tuple[tuple[int, float], ...]
    """(j, P(fill of at least j lots)), j rising from 1, as far as the record has it."""
    width: int
    footprint_bp: float = 0.0
    """By how much each lot is worth less than the lot before it."""
    curve: tuple[float, ...] = ()
    """P(fill of at least j lots), j = 1..width; empty if only the knots are known."""

    def tail(self, j: int) -> Interval:
        """P(fill of at least j lots): exact, or between its neighbours."""
        if j > self.width:
            return Interval(0.0, 0.0)
        if self.curve:
            return Interval(self.curve[j - 1], self.curve[j - 1])
        high, low = 1.0, 0.0
        for at, value in self.knots:
            if at <= j:
                high = min(high, value)
            if at >= j:
                low = max(low, value)
        return Interval(min(low, high), high)

    def marginal(self, j: int) -> Interval:
        """Value times tail of the j-th lot less its footprint, bp."""
        tail, value = self.tail(j), self.record.value_bp
        low, high = sorted((value * tail.low, value * tail.high))
        return Interval(low - self.footprint(j), high - self.footprint(j))

    def footprint(self, j: int) -> float:
        """What the j-th lot costs the rest of the parent, bp."""
        return self.footprint_bp * (j - 1)


def rows(decide: Decide, curves: FloatArray | None = None) -> list[Row]:
    """The candidates of a decision in lots; `curves` (K, L) are what it had drawn, if known."""
    lots = _lots(decide.due_qty, decide.lot)
    found = [_row(each, decide, lots) for each in decide.candidates]
    if curves is None:
        return found
    assert curves.shape == (len(found), lots)
    # As the allocator takes them: rounding must not make a curve that rises.
    falling = np.minimum.accumulate(np.clip(curves, 0.0, 1.0), axis=1).tolist()
    return [replace(row, curve=tuple(each)) for row, each in zip(found, falling, strict=True)]


def _row(record: CandidateRecord, decide: Decide, lots: int) -> Row:
    lot = decide.lot
    given = _lots(record.qty, lot)
    knots = dict(zip(PROBES, record.tail, strict=False))
    if record.value_bp > 0 and given < lots and record.marginal_bp != 0:
        # Rounding must not make a curve that rises.
        below = min((value for j, value in knots.items() if j <= given + 1), default=1.0)
        worth = record.marginal_bp + decide.footprint_bp * given
        knots.setdefault(given + 1, max(0.0, min(below, worth / record.value_bp)))
    return Row(
        record=record,
        lots=given,
        cap=min(_lots(record.cap, lot), lots),
        floor=_lots(max(record.floor, record.min_qty), lot),
        knots=tuple(sorted(knots.items())),
        width=lots,
        footprint_bp=decide.footprint_bp,
    )


def _lots(shares: int, lot: int) -> int:
    return -(-shares // lot)


@dataclass(frozen=True, slots=True)
class Cut:
    """Where the allocation ended."""

    spare: int
    """Lots that nobody was given."""
    worth: Interval | None
    """Of the worst lot that was given, bp; None if none was."""
    holders: tuple[str, ...]
    """Whose lot that is, or may be."""


def cut(found: list[Row], decide: Decide) -> Cut:
    """The worst lot that was given."""
    last = [(row, row.marginal(row.lots)) for row in found if row.lots]
    spare = _lots(decide.due_qty, decide.lot) - sum(row.lots for row in found)
    if not last:
        return Cut(spare, None, ())
    low = min(each.low for _, each in last)
    high = min(each.high for _, each in last)
    holders = tuple(row.record.arm for row, each in last if each.low <= high + TOLERANCE)
    return Cut(spare, Interval(low, high), holders)


class Obstacle(StrEnum):
    """What keeps a candidate from its next shares."""

    VALUE = "value"
    CAP = "cap"
    BOTH = "value and cap"
    SIZE = "size"
    """Its minimum child is larger than what is due."""
    CURVE = "curve"
    """It is not expected to fill at all there: no value would help."""
    UNCLEAR = "unclear"
    """The record leaves open which; or minimum sizes made a split that this does not follow."""


@dataclass(frozen=True, slots=True)
class Need:
    """What one candidate would have needed for its next `shares`."""

    arm: str
    shares: int
    obstacle: Obstacle
    value: Interval | None = None
    """The least value, bp, that would have done; for VALUE and BOTH."""
    cap: int = 0
    """The least cap, shares, that would have done; for CAP and BOTH."""


def needs(decide: Decide, curves: FloatArray | None = None) -> list[Need]:
    """For every candidate, what it would have needed for its next shares, all else being equal."""
    found = rows(decide, curves)
    return [_need(row, found, decide) for row in found]


def _need(row: Row, found: list[Row], decide: Decide) -> Need:
    block = max(1, row.floor - row.lots) if row.lots == 0 else 1
    lots = _lots(decide.due_qty, decide.lot)
    shares, arm = block * decide.lot, row.record.arm
    if row.lots + block > lots:
        return Need(arm, shares, Obstacle.SIZE)
    wanted = range(row.lots + 1, row.lots + block + 1)
    curve = _sum(row.tail(j) for j in wanted)
    if curve.high <= 0:
        return Need(arm, shares, Obstacle.CURVE)
    taken, footprint = _displaced(row, found, decide, block), sum(map(row.footprint, wanted))
    low, high = taken.low + footprint, taken.high + footprint
    value = Interval(low / curve.high, high / curve.low if curve.low > 0 else float("inf"))
    has_room = row.lots + block <= row.cap
    cap = (row.lots + block) * decide.lot
    if row.record.value_bp > value.high or (row.record.value_bp > 0 and value.high <= 0):
        # It was worth it: so the cap stood in the way, or minimum sizes did.
        return Need(arm, shares, Obstacle.UNCLEAR if has_room else Obstacle.CAP, value, cap)
    if row.record.value_bp <= value.low + TOLERANCE:
        return Need(arm, shares, Obstacle.VALUE if has_room else Obstacle.BOTH, value, cap)
    # Between: if there was room it was not worth it, for it was not given.
    more = Interval(max(value.low, row.record.value_bp), value.high)
    return Need(arm, shares, Obstacle.VALUE if has_room else Obstacle.UNCLEAR, more, cap)


def _displaced(row: Row, found: list[Row], decide: Decide, block: int) -> Interval:
    """What the lots are worth that would have made room: the worst of the others'."""
    spare = _lots(decide.due_qty, decide.lot) - sum(each.lots for each in found)
    wanted = max(0, block - spare)
    others = [
        each.marginal(j) for each in found if each is not row for j in range(1, each.lots + 1)
    ]
    low = sorted(each.low for each in others)[:wanted]
    high = sorted(each.high for each in others)[:wanted]
    return Interval(sum(low), sum(high))


def _sum(intervals: Iterator[Interval]) -> Interval:
    found = list(intervals)
    return Interval(sum(each.low for each in found), sum(each.high for each in found))


def nearest(
    decide: Decide, arm: str, curves: FloatArray | None = None
) -> tuple[Need | None, Need | None]:
    """Of the candidates at other venues: the smallest rise of a value, the smallest of a cap."""
    mic = arm.partition("/")[0]
    records = {each.arm: each for each in decide.candidates}
    others = [each for each in needs(decide, curves) if each.arm.partition("/")[0] != mic]
    by_value = [
        each for each in others if each.obstacle is Obstacle.VALUE and each.value is not None
    ]
    by_cap = [each for each in others if each.obstacle is Obstacle.CAP]
    return (
        min(by_value, key=lambda n: _rise(n, records[n.arm]), default=None),
        min(by_cap, key=lambda n: n.cap - records[n.arm].cap, default=None),
    )


def _rise(need: Need, record: CandidateRecord) -> tuple[float, float]:
    assert need.value is not None
    return need.value.high - record.value_bp, need.value.low
