"""Markouts, outcome words and lots."""

from __future__ import annotations

import pytest

from router.core.rewards import intervals, lesson, markout_bp, outcome, queue_lots
from router.model import NS, Side


@pytest.mark.parametrize(
    ("side", "later", "bp"),
    [(Side.BUY, 20_020, -10.0), (Side.BUY, 19_980, 10.0), (Side.SELL, 20_020, 10.0)],
)
def test_a_move_against_the_fill_is_a_positive_markout(side: Side, later: int, bp: float) -> None:
    assert markout_bp(side, 20_000, later) == pytest.approx(bp)


@pytest.mark.parametrize(("at", "later"), [(0, 5), (5, 0)])
def test_a_markout_is_never_imputed(at: int, later: int) -> None:
    with pytest.raises(ValueError, match="midpoints"):
        markout_bp(Side.BUY, at, later)


@pytest.mark.parametrize(
    ("cum_qty", "flags", "word"),
    [
        (0, "", "observed"),
        (100, "", "observed"),
        (0, "rejected", "rejected"),
        (0, "rejected last_look", "last_look"),
        (0, "canceled_early", "canceled_early"),
        (100, "canceled_early", "observed"),
        (100, "unresolved", "unknown"),
    ],
)
def test_only_what_was_seen_is_observed(cum_qty: int, flags: str, word: str) -> None:
    names = ("rejected", "last_look", "unresolved", "canceled_early")
    told = {name: name in flags.split() for name in names}
    assert (
        outcome(
            cum_qty=cum_qty,
            rejected=told["rejected"],
            last_look=told["last_look"],
            unresolved=told["unresolved"],
            canceled_early=told["canceled_early"],
        )
        == word
    )


@pytest.mark.parametrize(
    ("qty", "cum_qty", "min_qty", "cut_short", "lots"),
    [
        (800, 0, 0, False, (8, 0, 0)),
        (800, 300, 0, False, (8, 3, 0)),
        (800, 350, 0, False, (8, 3, 0)),  # V = 3.5 lots: three whole ones
        (800, 800, 0, False, (8, 8, 0)),
        (850, 850, 0, False, (8, 8, 0)),
        (850, 800, 0, False, (8, 8, 0)),  # at least eight whole lots were there
        (50, 50, 0, False, (1, 1, 0)),
        (50, 20, 0, False, (1, 0, 0)),
        (800, 300, 0, True, (3, 3, 0)),  # taken back: at least three were there
        (800, 0, 0, True, (8, 0, 0)),
        (800, 0, 250, False, (8, 0, 3)),
    ],
)
def test_a_child_in_lots(
    qty: int, cum_qty: int, min_qty: int, cut_short: bool, lots: tuple[int, int, int]
) -> None:
    found = lesson(
        qty=qty, cum_qty=cum_qty, min_qty=min_qty, lot=100, outcome="observed", cut_short=cut_short
    )
    assert (found.sent_lots, found.filled_lots, found.min_lots) == lots
    assert found.outcome == "observed"


@pytest.mark.parametrize(
    ("filled_s", "ended_s", "count"),
    [
        (0.0, 30.0, 30),
        (0.0, 29.9, 29),  # the last was not seen to its end
        (0.0, 0.9, 0),
        (0.4, 30.0, 1),
        (4.0, 30.0, 5),  # four empty ones, and that of the fill
        (4.9, 5.0, 5),
    ],
)
def test_a_rest_is_counted_in_seconds_until_the_first_fill_or_the_end(
    filled_s: float, ended_s: float, count: int
) -> None:
    sent = 1_767_623_400 * NS
    filled_at = sent + round(filled_s * NS) if filled_s else 0
    found = intervals(sent_at=sent, filled_at=filled_at, ended_at=sent + round(ended_s * NS))
    assert found == count


def test_lots_rest_in_a_queue_where_rules_let_them() -> None:
    arms = ["A/lit_make", "B/lit_make", "A/lit_take", "P/dark_mid"]
    assert list(queue_lots(arms, [250, 0, 900, 900], 100)) == [3.0, 0.0, 0.0, 0.0]
