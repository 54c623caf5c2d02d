"""A venue that skips numbers may have skipped executions: it is asked (reliability.md F-21)."""

from __future__ import annotations

from tests.oms.desk import Desk


def test_after_a_reset_that_skips_numbers_the_venue_is_asked_before_new_risk(desk: Desk) -> None:
    desk.oms.order("X", 300)
    child = desk.a.child()
    child.ack()
    desk.oms.heard()
    desk.a.session.skip_to(desk.a.session.next_out + 5, desk.now)
    desk.run()
    state = desk.node.engine.state
    assert not state.venue["LIT_A"].reconciled
    assert [each.msg_type for each in desk.a.inbox][-1] == "AF"
    assert any("SEQUENCE_RESET" in fault for fault in desk.node.faults)
    desk.oms.order("Y", 300)
    assert [each.mic for each in state.live_children()].count("LIT_A") == 1, "no new risk there"


def test_an_oms_that_skips_numbers_is_followed_and_nothing_is_asked(desk: Desk) -> None:
    desk.oms.order("X", 300)
    before = len(desk.a.inbox)
    desk.oms.session.skip_to(desk.oms.session.next_out + 5, desk.now)
    desk.run()
    assert len(desk.a.inbox) == before
    assert any("SEQUENCE_RESET" in fault for fault in desk.node.faults)
