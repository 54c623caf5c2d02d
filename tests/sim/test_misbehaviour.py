"""What the router does when venues misbehave: one kind at a time, the whole node, virtual time."""

from __future__ import annotations

from router.core.orders import ChildStatus
from router.model import NS, TimeInForce
from tests.sim.staging import EVERYWHERE, LIT, Stage
from venues.audit import AuditKind

DAY = TimeInForce.DAY
DEPTH = 15_000
"""More than the books hold: what a venue cannot fill of it, it cancels."""


def kinds_told(stage: Stage) -> list[str]:
    """150/39 of every report to the OMS."""
    return [each.split()[0] for each in stage.told()]


def at_work_again(stage: Stage, qty: int) -> None:
    """Some is traded, and nothing is forgotten: the rest is at a venue."""
    assert 0 < stage.parent.cum_qty == stage.traded
    assert stage.parent.cum_qty + stage.parent.working_qty == qty
    stage.done()


# --- silence -------------------------------------------------------------------------------------


def test_orders_without_acknowledgement_are_asked_about_and_not_routed_again() -> None:
    stage = Stage()
    stage.misbehave("no_ack", EVERYWHERE, 20)
    stage.order(300)
    stage.run(1.9)
    assert {child.status for child in stage.children} == {ChildStatus.NEW_PENDING}
    children = len(stage.children)
    stage.run(17)
    assert len(stage.sent("H")) == children
    assert {child.status for child in stage.children} == {ChildStatus.LIVE}, "the venues have them"
    assert stage.routed <= 300
    assert kinds_told(stage) == ["0/0"]
    stage.run(10)
    assert stage.parent.cum_qty == stage.traded > 0, "the fills of the outage count"
    stage.done()


def test_fills_come_before_the_acknowledgement_that_never_comes() -> None:
    stage = Stage()
    stage.misbehave("no_ack", EVERYWHERE, 20, fills_reported_late=False)
    stage.order(100)
    stage.run(1)
    assert stage.parent.cum_qty == 100
    assert stage.sent("H") == []
    assert stage.sim.node.engine.state.illegal_transitions == 0
    stage.done()


def test_swallowed_orders_are_given_up_after_two_answers_and_routed_elsewhere() -> None:
    stage = Stage()
    stage.misbehave("no_ack", LIT, 5, orders_still_live=False)
    stage.order(300, DAY, price=50.05)
    stage.run(2.5)
    first = min(child.sent_at for child in stage.children)
    lost = [child for child in stage.children if child.mic in LIT and child.sent_at == first]
    assert lost
    assert {child.status for child in lost} == {ChildStatus.CANCELED}
    assert all(child.unresolved and not child.cum_qty for child in lost)
    for child in lost:
        asked = [frame.get("11") for frame in stage.sent("H")]
        assert asked.count(child.cl_ord_id) == 2
    stage.run(30)
    at_work_again(stage, 300)


def test_an_order_that_was_pending_and_then_lost_is_found_out() -> None:
    stage = Stage(pending_new=True)
    stage.misbehave("no_ack", EVERYWHERE, 20, orders_still_live=False)
    stage.order(300)
    stage.run(1)
    assert {child.order_id != "" for child in stage.children} == {True}, "150=A was told"
    stage.run(25)
    assert {child.unresolved for child in stage.children} == {True}
    assert stage.parent.terminal
    stage.done()


def test_slow_venues_are_unknown_and_then_believed() -> None:
    stage = Stage()
    stage.misbehave("slow", EVERYWHERE, 20, delay_ms=2_600)
    stage.order(300)
    stage.run(2.5)
    assert {child.status for child in stage.children} == {ChildStatus.UNKNOWN}
    assert stage.routed <= 300
    stage.run(30)
    assert stage.parent.terminal
    assert stage.parent.cum_qty == stage.traded > 0
    stage.done()


# --- refusal -------------------------------------------------------------------------------------


def test_what_a_venue_rejects_is_routed_to_another_and_the_oms_hears_nothing_of_it() -> None:
    stage = Stage()
    stage.misbehave("reject_all", LIT, 10, ord_rej_code=99, reason="system down")
    stage.order(300, DAY, price=50.05)
    stage.run(9)
    lit = [child for child in stage.children if child.mic in LIT]
    assert lit
    assert {child.status for child in lit} == {ChildStatus.REJECTED}
    stage.run(40)
    assert kinds_told(stage)[0] == "0/0"
    assert {each[0] for each in kinds_told(stage)} == {"0", "F"}
    at_work_again(stage, 300)


# --- sessions ------------------------------------------------------------------------------------


def resting() -> Stage:
    """1000 shares far below the market, at work."""
    stage = Stage()
    stage.order(1_000, DAY, price=49.80)
    stage.run(2)
    assert {child.status for child in stage.children} == {ChildStatus.LIVE}
    assert stage.parent.working_qty == 1_000
    return stage


def test_orders_that_live_on_through_an_outage_are_unknown_and_then_reconciled() -> None:
    stage = resting()
    stage.misbehave("session_drop", EVERYWHERE, 10)
    stage.run(5)
    assert {child.status for child in stage.children} == {ChildStatus.UNKNOWN}
    assert stage.routed == 1_000, "their quantity is not routed again"
    stage.run(10)
    assert {child.status for child in stage.children} == {ChildStatus.LIVE}
    mics = {child.mic for child in stage.children}
    assert {frame.target for frame in stage.sent("AF")} >= mics, "by mass status"
    stage.cancel()
    stage.run(2)
    assert stage.told()[-1] == "4/4 1000/0/0"
    stage.done()


def test_orders_that_an_outage_cancels_are_placed_anew() -> None:
    stage = resting()
    stage.misbehave("session_drop", EVERYWHERE, 5, cancel_on_disconnect=True)
    stage.run(4)
    assert stage.routed == 1_000, "nothing is known yet"
    stage.run(8)
    assert stage.routed == 2_000
    assert stage.parent.working_qty == 1_000
    stage.cancel()
    stage.run(2)
    stage.done()


def fills_in_an_outage(**detail: object) -> Stage:
    """An order whose fills happen while the sessions are down."""
    stage = Stage()
    stage.misbehave("slow", EVERYWHERE, 3, delay_ms=1_000)
    stage.order(300)
    stage.run(0.5)
    stage.misbehave("session_drop", EVERYWHERE, 8, **detail)
    stage.run(6)
    assert stage.traded > 0
    assert stage.parent.cum_qty == 0
    assert stage.routed <= 300
    return stage


def test_fills_of_an_outage_are_resent_and_count() -> None:
    stage = fills_in_an_outage()
    stage.run(20)
    assert stage.parent.cum_qty == stage.traded
    assert stage.parent.terminal
    stage.done()


def test_when_nothing_is_resent_the_router_asks_and_waits_for_the_fills() -> None:
    stage = fills_in_an_outage(resend_on_logon=False, late_ms=6_000)
    stage.run(5)
    open_orders = [child for child in stage.children if not child.terminal]
    assert open_orders, "a status that tells of fills which were not told ends nothing"
    ended = sum(child.qty for child in stage.children if child.terminal)
    assert stage.routed - ended <= 300, "and what has traded is not sent again"
    assert {frame.get("11") for frame in stage.sent("H")} >= {
        child.cl_ord_id for child in open_orders
    }
    stage.run(20)
    assert stage.parent.cum_qty == stage.traded
    assert stage.parent.terminal
    stage.done()


def test_with_some_numbers_gap_filled_nothing_is_lost_or_counted_twice() -> None:
    stage = fills_in_an_outage(gap_fills=True, gap_prob=0.6)
    stage.run(25)
    assert stage.parent.cum_qty == stage.traded
    assert stage.parent.terminal
    stage.done()


# --- executions ----------------------------------------------------------------------------------


def test_fills_that_come_after_the_cancel_count() -> None:
    stage = Stage()
    stage.misbehave("late_execution", LIT, 30, delay_ms=4_000)
    stage.order(DEPTH)
    stage.run(3)
    ended = [child for child in stage.children if child.status is ChildStatus.CANCELED]
    assert any(child.mic in LIT for child in ended)
    before = stage.parent.cum_qty
    stage.run(20)
    assert stage.parent.cum_qty == stage.traded > before
    assert kinds_told(stage)[-1] == "F/4", "a closed order tells of it too"
    stage.done()


def test_late_fills_of_shares_that_were_placed_again_are_an_over_fill() -> None:
    stage = Stage()
    stage.misbehave("late_execution", LIT, 2, delay_ms=3_000)
    stage.order(3_000, DAY, price=50.10, algo="sweep", params={"pause_s": "1", "urgency": "1.0"})
    stage.run(30)
    assert stage.parent.cum_qty == stage.traded > 3_000
    nothing_after_too_much(stage, 3_000)


def test_an_execution_that_is_told_twice_counts_once() -> None:
    stage = Stage()
    stage.misbehave("duplicate_execution", EVERYWHERE, 20, delay_ms=300)
    stage.order(300)
    stage.run(10)
    again = [each for each in stage.audit.records if each.kind is AuditKind.REPEATED]
    assert len(again) == len(stage.oracle.executions) > 0
    assert kinds_told(stage).count("F/1") + kinds_told(stage).count("F/2") == len(again)
    assert stage.parent.cum_qty == stage.traded
    stage.done()


def test_busted_fills_are_taken_back_from_the_parent_and_an_ioc_ends_without_them() -> None:
    stage = Stage()
    stage.misbehave("bust", EVERYWHERE, 20, delay_ms=500)
    stage.order(300)
    stage.run(10)
    filled, busted = (
        [each for each in kinds_told(stage) if each.startswith(kind)] for kind in "FH"
    )
    assert len(filled) == len(busted) > 0
    assert stage.parent.cum_qty == stage.traded == 0
    assert kinds_told(stage).count("4/4") == 1
    stage.done()


def test_what_a_bust_takes_back_is_due_again() -> None:
    stage = Stage()
    stage.misbehave("bust", EVERYWHERE, 2, delay_ms=500)
    stage.order(300, DAY, price=50.10)
    stage.run(40)
    assert any(each.startswith("H/") for each in kinds_told(stage))
    assert stage.routed > 300
    at_work_again(stage, 300)


def test_a_corrected_price_is_the_parent_s_too() -> None:
    stage = Stage()
    stage.misbehave("correct", EVERYWHERE, 20, ticks=2)
    stage.order(300)
    stage.run(0.9)
    paid, cum = stage.parent.notional, stage.parent.cum_qty
    stage.run(10)
    assert stage.parent.cum_qty == cum > 0
    assert stage.parent.notional == paid + cum * 2 * 1_000_000
    stage.done()


def test_shares_that_a_correction_takes_off_are_due_again() -> None:
    stage = Stage()
    stage.misbehave("correct", EVERYWHERE, 2, shares_off=30)
    stage.order(300, DAY, price=50.10)
    stage.run(40)
    assert any(each.startswith("G/") for each in kinds_told(stage))
    at_work_again(stage, 300)


def nothing_after_too_much(stage: Stage, asked: int) -> None:
    """The parent is frozen: no child leaves after the OMS was told of more than it asked for."""
    assert stage.parent.frozen.startswith("OVERFILL by ")
    done = [at for at, name, frame in stage.frames if name == "OMS" and frame.qty("14") > asked]
    sent = [at for at, name, frame in stage.frames if name != "OMS" and frame.msg_type == "D"]
    assert max(sent) <= done[0]
    assert kinds_told(stage)[-1] == "F/2"
    stage.done()


def test_an_over_fill_is_booked_and_told_and_freezes_the_parent() -> None:
    stage = Stage()
    stage.misbehave("over_fill", EVERYWHERE, 20, qty=5_000)
    stage.order(1_000, DAY, price=50.10)
    stage.run(30)
    assert stage.parent.cum_qty == stage.traded > 1_000
    nothing_after_too_much(stage, 1_000)


def test_an_acknowledgement_after_the_fill_changes_nothing() -> None:
    stage = Stage()
    stage.misbehave("ack_after_fill", EVERYWHERE, 20)
    stage.order(300)
    stage.run(10)
    assert stage.parent.cum_qty == stage.traded > 0
    assert stage.sim.node.engine.state.illegal_transitions == 0
    stage.done()


def test_a_client_s_cancel_does_not_wait_for_a_refusal_that_the_fill_has_made_clear() -> None:
    stage = Stage()
    stage.misbehave("late_execution", EVERYWHERE, 20, delay_ms=1_500)
    stage.misbehave("late_cancel_reject", EVERYWHERE, 20, delay_ms=10_000)
    stage.order(100)
    stage.run(0.5)
    stage.cancel()
    stage.run(2)
    assert stage.parent.cum_qty == 100
    assert stage.told()[-1] == "9 39=2 102=0"
    told = stage.told()
    stage.run(20)
    assert stage.told() == told, "the venue's late refusal is news to nobody"
    stage.done()


# --- market data ---------------------------------------------------------------------------------


def takes(stage: Stage, seconds: float) -> list[float]:
    """When children that take leave for lit venues, seconds after their order."""
    start = stage.sim.now
    stage.order(DEPTH, DAY, algo="sweep", params={"pause_s": "4", "urgency": "1.0"})
    stage.run(seconds)
    return [
        (at - start) / NS
        for at, name, frame in stage.frames
        if name in LIT and frame.msg_type == "D" and frame.get("59") == "3"
    ]


def test_nothing_is_taken_on_frozen_books_and_the_order_goes_on_when_they_move_again() -> None:
    stage = Stage()
    stage.misbehave("md_stale", LIT, 20)
    found = takes(stage, 30)
    assert [at for at in found if at < 10], "the first ten seconds the books are young enough"
    assert [at for at in found if 10.1 < at < 20] == []
    assert [at for at in found if at > 20]
    assert [at for at in takes(Stage(), 15) if at > 10.1], "else it would be"
