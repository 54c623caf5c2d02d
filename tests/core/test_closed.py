"""What is kept of an order that is put away, and that nothing but memory depends on when it is."""

from __future__ import annotations

import pytest

from router.core import closed, fold_ends, windows
from router.core.orders import Child, Fill, Parent
from router.core.windows import Window
from router.messages import OrderTerms
from router.simulation.script import Script
from router.simulation.world import World

LET_GO = {
    "parent_id",  # it is the name under which the order is kept
    *("pending", "suspended", "frozen", "working", "next_at", "contexts"),  # it waits for nothing
    *("symbol", "side", "horizon", "learned", "fill_keys"),  # they follow from what is kept
    *(
        "decision",
        "price",
        "min_qty",
        "quote_id",
        "sent_at",
        "cancel_at",
        "ended_at",
    ),  # for its
    *("filled_at", "last_look", "marked_at", "markout_bp"),  # lessons, which are over
    *("order_id", "queries", "query_at", "unknown_answers", "listed_at", "cancel_reason"),
    *("cancel_sent_at", "cancel_refused_at", "cod", "claimed_qty"),  # there is nothing to be asked
    "unwanted",  # so is whatever has had its lesson
    *("mic", "cl_ord_id"),  # of a fill: its child's
}
SEEDS = (20, 30)


def test_every_field_of_an_order_is_kept_or_let_go_on_purpose() -> None:
    for kind, row in ((Parent, closed._Order), (Child, closed._Child), (Fill, closed._Fill)):
        assert set(kind.__struct_fields__) - set(row.__struct_fields__) <= LET_GO
    assert closed._Terms.__struct_fields__ == OrderTerms.__struct_fields__


def played(seed: int) -> World:
    world = World(seed)
    Script(world).run()
    return world


@pytest.mark.parametrize("seed", SEEDS)
def test_no_byte_depends_on_when_orders_are_put_away(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = played(seed)
    assert len(plain.sim.node.engine.state.closed) == 0
    monkeypatch.setattr(fold_ends, "rest_ns", lambda state: 0)
    quick = played(seed)
    away = quick.sim.node.engine.state.closed
    assert len(away) > 0
    assert quick.trace == plain.trace
    for parent_id, data in away.items():
        away.put(away.take(parent_id))
        assert dict(away.items())[parent_id] == data


def test_a_window_counts_what_came_later_and_forgets_the_oldest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(windows, "WINDOW_MAX", 4)
    window = Window()
    for now in (10, 20, 20, 30):
        window.add(now)
    assert [window.after(time) for time in (0, 10, 19, 20, 30)] == [4, 3, 3, 1, 0]
    for now in range(40, 200, 10):
        window.add(now)
        assert len(window) == 4
        assert window.after(0) == 4
        assert window.after(now - 10) == 1
    again = Window(window.kept())
    assert (len(window.kept()), again.kept()) == (4 * 8, window.kept())
