"""A venue that skips numbers may have skipped executions: it is asked (reliability.md F-21)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from router.core.orders import ChildStatus
from router.fix.session import Session
from router.journal.memory import MemoryStorage
from router.messages import SessionCommanded, SessionOpened, Step
from tests.oms.desk import Desk, open_node
from tests.oms.peers import Peer

NEWS = "148=x|33=1|58=y"


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


# --- ResetSeqNumFlag(141) while something is missing ---------------------------------------------


def in_a_gap(desk: Desk, peer: Peer, *, lost: Callable[[], None], held: Callable[[], None]) -> None:
    """What a peer says is lost on the wire; what it says next arrives, and waits for it."""
    lost()
    peer.frames()
    held()
    desk.node.received(peer.conn, peer.frames(), desk.now)
    desk.node.take()  # our ResendRequest is lost, too
    assert desk.node.links[peer.name].session.inbox.gap is not None


def test_a_venue_that_begins_again_in_a_gap_is_asked_for_what_was_lost(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    desk.oms.heard(), desk.a.heard()
    in_a_gap(
        desk,
        desk.a,
        lost=lambda: child.fill(400, "11", "A1", now=False),
        held=lambda: child.fill(100, "11", "A2", now=False),
    )
    desk.a.session.reset(desk.now)
    desk.a.session.inbox.forget()
    desk.run()
    state = desk.node.engine.state
    assert desk.a.heard() == ["AF"]
    assert not state.venue["LIT_A"].reconciled
    assert state.live_children()[0].status is ChildStatus.UNKNOWN
    assert any("SEQUENCE_RESET: a reset by the peer: " in each for each in desk.node.faults)
    for number, qty in ((1, 400), (2, 100)):
        child.report("F", "1", f"32={qty}|31=11|", exec_id=f"A{number}")
    child.tell_status(extra="584=Q|912=Y|")
    assert sum(parent.cum_qty for parent in state.parents.values()) == 500


def test_an_answer_to_our_reset_of_a_venue_that_lacks_something_asks_it(desk: Desk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    desk.a.heard()
    desk.node.operate(SessionCommanded("LIT_A", "reset", "ada", "drill"), desk.now)
    child.fill(400, "11", "A1", now=False)
    desk.a.frames()
    child.fill(100, "11", "A2", now=False)
    desk.run()
    assert desk.node.links["LIT_A"].session.logged_on
    assert desk.a.heard() == ["AF"]
    assert any("SEQUENCE_RESET: a reset of ours: " in each for each in desk.node.faults)


def test_a_venue_whose_numbers_begin_again_at_its_logon_is_asked_as_at_every_logon(
    desk: Desk,
) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    in_a_gap(
        desk,
        desk.a,
        lost=lambda: child.fill(400, "11", "A1", now=False),
        held=lambda: child.fill(100, "11", "A2", now=False),
    )
    desk.node.operate(SessionCommanded("LIT_A", "reset", "ada", "drill"), desk.now)
    desk.a.drop()
    desk.a.heard()
    desk.a.connect()
    assert desk.a.session.resets == 1
    assert desk.a.heard() == ["AF"], "once"
    assert not any("SEQUENCE_RESET" in each for each in desk.node.faults)


def test_an_oms_that_begins_again_in_a_gap_is_told_of(desk: Desk) -> None:
    in_a_gap(
        desk,
        desk.oms,
        lost=lambda: desk.oms.say("B", NEWS, now=False),
        held=lambda: desk.oms.say("B", NEWS, now=False),
    )
    desk.oms.session.reset(desk.now)
    desk.run()
    assert desk.oms.heard() == []
    assert desk.a.heard() == []
    (fault,) = [each for each in desk.node.faults if "SEQUENCE_RESET" in each]
    assert fault.endswith("messages of the peer may be lost, from MsgSeqNum(34) 2 on")


def test_an_oms_that_begins_again_at_its_next_logon_is_told_of(desk: Desk) -> None:
    in_a_gap(
        desk,
        desk.oms,
        lost=lambda: desk.oms.say("B", NEWS, now=False),
        held=lambda: desk.oms.say("B", NEWS, now=False),
    )
    desk.oms.drop()
    desk.oms.session = Session(replace(desk.oms.session.config, reset_on_logon=True))
    desk.oms.connect()
    assert desk.node.links["OMS"].session.logged_on
    (fault,) = [each for each in desk.node.faults if "SEQUENCE_RESET" in each]
    assert fault.endswith("messages of the peer may be lost, from MsgSeqNum(34) 2 on")


def test_numbers_that_are_skipped_behind_our_logout_open_no_venue(desk: Desk) -> None:
    """It is asked at its next Logon: an order now would have a number and not leave."""
    desk.oms.order("X", 300)
    desk.a.child().ack()
    desk.node.operate(SessionCommanded("LIT_A", "logout", "ada", "drill"), desk.now)
    desk.a.session.skip_to(desk.a.session.next_out + 5, desk.now)
    desk.node.received(desk.a.conn, desk.a.frames(), desk.now)
    assert any("SEQUENCE_RESET" in each for each in desk.node.faults)
    assert "LIT_A" not in desk.node.engine.state.open_mics()
    desk.run()
    desk.node.operate(SessionCommanded("LIT_A", "logon", "ada", "drill"), desk.now)
    desk.a.heard()
    desk.a.connect()
    assert desk.a.heard() == ["AF"]


# --- What was read behind it is not counted before it has a record --------------------------------


def test_a_torn_write_between_an_alert_and_the_execution_behind_it_loses_nothing(
    desk: Desk,
) -> None:
    """One read has both; of what was written only the record of the first has got to the disk."""
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    desk.a.heard()
    disks: list[MemoryStorage] = []

    def when_reconciled(step: Step) -> None:
        if type(step.event) is SessionOpened and not disks:
            desk._built.journal.write()
            disks.append(desk.storage.copy())

    desk.on_step = when_reconciled
    desk.a.session.skip_to(desk.a.session.next_out + 5, desk.now)
    child.fill(400, "11", "B")
    expected = desk.a.session.next_out - 1
    (disk,) = disks
    again = open_node(disk, *desk.overrides).node
    assert again.links["LIT_A"].session.next_in == expected, "the execution is still to come"
    desk.on_step = None
