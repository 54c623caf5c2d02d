"""An operator's hand on a session: logged out and on, numbers reset and set, over restarts too."""

from __future__ import annotations

import pytest

from router.journal.recovery import read_steps
from router.messages import SessionCommanded
from router.runtime import control, operating
from tests.oms.desk import Desk
from tests.oms.peers import Peer
from tests.runtime.asking import answered


def ask(desk: Desk, line: str) -> control.Answer:
    return answered(desk, line.encode())


def command(desk: Desk, session: str, action: str, **more: int) -> control.Answer:
    numbers = "".join(f', "{key}": {value}' for key, value in more.items())
    return ask(
        desk,
        f'{{"command": "fix_session", "session": "{session}", "action": "{action}", '
        f'"who": "ada", "reason": "drill"{numbers}}}',
    )


def numbers(desk: Desk, name: str) -> tuple[int, int]:
    session = desk.node.links[name].session
    return session.next_in, session.next_out


def restart(desk: Desk) -> None:
    desk.kill()
    desk.boot()


def logged_out(desk: Desk, peer: Peer) -> None:
    """Both sides have said Logout, and the connection is gone."""
    assert "error" not in command(desk, peer.name, "logout")
    desk.wait(5)
    assert not peer.up


def test_a_session_that_is_logged_out_is_told_why_and_stays_out(desk: Desk) -> None:
    logged_out(desk, desk.oms)
    assert desk.oms.closed_reason == "logged out by an operator"
    desk.oms.connect()
    assert not desk.oms.up
    assert not desk.node.links["OMS"].session.logged_on
    restart(desk)
    desk.oms.connect()
    assert not desk.oms.up
    assert "error" not in command(desk, "OMS", "logon")
    desk.oms.connect()
    assert desk.node.links["OMS"].session.logged_on


def test_a_venue_that_is_logged_out_is_not_called(desk: Desk) -> None:
    assert desk.node.may_dial("LIT_A", desk.now)
    logged_out(desk, desk.a)
    assert not desk.node.may_dial("LIT_A", desk.now)
    restart(desk)
    assert not desk.node.may_dial("LIT_A", desk.now)
    assert desk.node.may_dial("LIT_B", desk.now)
    command(desk, "LIT_A", "logon")
    restart(desk)
    assert desk.node.may_dial("LIT_A", desk.now)


def test_nothing_new_is_decided_for_who_is_being_logged_out(desk: Desk) -> None:
    """From our Logout on, not from its answer: an order would have a number and not leave."""
    state = desk.node.engine.state
    assert "LIT_A" in state.open_mics()
    desk.node.operate(SessionCommanded("LIT_A", "logout", "ada", "drill"), desk.now)
    assert desk.node.links["LIT_A"].conn is not None
    assert "LIT_A" not in state.open_mics()
    desk.node.logout("Sluice is stopping", desk.now)
    assert state.open_mics() == []


def test_a_call_that_was_under_way_is_hung_up(desk: Desk) -> None:
    logged_out(desk, desk.a)
    before = numbers(desk, "LIT_A")
    desk.node.connected("LIT_A", 99, desk.now)
    batch = desk.node.take()
    assert (batch.writes, batch.closes) == ([], [99])
    assert numbers(desk, "LIT_A") == before


def test_numbers_begin_again_while_the_session_is_logged_on(desk: Desk) -> None:
    desk.oms.order("X")
    assert numbers(desk, "OMS") == (3, 3)
    answer = command(desk, "OMS", "reset")
    assert (answer["session"], answer["action"]) == ("OMS", "reset")
    assert numbers(desk, "OMS") == (2, 3), "a Logon, and what was told in the last minute again"
    assert desk.node.links["OMS"].session.logged_on
    restart(desk)
    assert numbers(desk, "OMS") == (2, 3)


def test_numbers_begin_again_while_nobody_is_connected(desk: Desk) -> None:
    desk.oms.drop()
    command(desk, "OMS", "reset")
    assert numbers(desk, "OMS") == (1, 1)
    restart(desk)
    assert numbers(desk, "OMS") == (1, 1)


def test_numbers_are_set_and_hold_over_a_restart(desk: Desk) -> None:
    logged_out(desk, desk.oms)
    answer = command(desk, "OMS", "set_numbers", next_in=7, next_out=9)
    assert (answer["next_in"], answer["next_out"]) == (7, 9)
    restart(desk)
    assert numbers(desk, "OMS") == (7, 9)


def test_skipped_numbers_are_gap_filled_when_the_peer_asks(desk: Desk) -> None:
    logged_out(desk, desk.oms)
    expected, _ = numbers(desk, "OMS")
    command(desk, "OMS", "set_numbers", next_in=expected, next_out=50)
    restart(desk)
    command(desk, "OMS", "logon")
    desk.oms.connect()
    desk.wait(1)
    assert desk.node.links["OMS"].session.logged_on
    assert desk.oms.session.next_in == numbers(desk, "OMS")[1] == 51
    desk.oms.order("X")
    assert desk.oms.heard() == ["8 X 8/8 1000/0/0 103=0 PRICE_REF_MISSING"]


def test_numbers_set_back_are_used_again(desk: Desk) -> None:
    for name in ("X", "Y", "Z"):
        desk.oms.order(name, px="10")
    logged_out(desk, desk.oms)
    theirs = desk.oms.session.next_out
    command(desk, "OMS", "set_numbers", next_in=theirs, next_out=2)
    desk.oms.session.inbox.jump(2)
    command(desk, "OMS", "logon")
    desk.oms.connect()
    assert numbers(desk, "OMS")[1] == 3
    restart(desk)
    assert numbers(desk, "OMS")[1] == 3


@pytest.mark.parametrize(
    ("session", "action", "more", "why"),
    [
        ("OSM", "logout", {}, "no session 'OSM'; there are: OMS, OTHER, "),
        ("OMS", "resync", {}, "unknown action 'resync'; allowed: logon, logout, reset, "),
        (
            "OMS",
            "set_numbers",
            {"next_in": 1, "next_out": 1},
            "OMS is connected; log it out first: sluice fix logout OMS",
        ),
        ("LIT_A.MD", "reset", {}, "LIT_A.MD is market data: both sides begin at 1"),
    ],
)
def test_what_cannot_be_done_is_refused_and_changes_nothing(
    desk: Desk, session: str, action: str, more: dict[str, int], why: str
) -> None:
    before = desk.node.seq
    assert command(desk, session, action, **more)["error"].startswith(why)
    assert desk.node.seq == before


@pytest.mark.parametrize(
    ("next_in", "next_out"), [(0, 1), (1, 0), (-1, 5), (1, 2_000_000), (10**18, 1)]
)
def test_numbers_have_bounds(desk: Desk, next_in: int, next_out: int) -> None:
    desk.oms.drop()
    answer = command(desk, "OMS", "set_numbers", next_in=next_in, next_out=next_out)
    assert answer["error"] == (
        f"numbers {next_in} in, {next_out} out: allowed: in from 1 to 999999999999999999, "
        f"out from 1 to {desk.node.links['OMS'].last_stored + 1 + operating.SKIP_MAX}"
    )


def test_nobody_does_it_without_a_name_and_a_reason(desk: Desk) -> None:
    line = '{"command": "fix_session", "session": "OMS", "action": "reset", "who": "ada"}'
    assert ask(desk, line) == {"error": "reset of OMS needs a who and a reason"}


def test_who_and_why_are_in_the_journal_with_what_left(desk: Desk) -> None:
    seen: list[SessionCommanded] = []
    logged_out(desk, desk.oms)
    for _, step in read_steps(desk.storage):
        if isinstance(step.event, SessionCommanded):
            seen.append(step.event)
            assert [b"\x0135=5\x01" in each.frame for each in step.sent] == [True]
    assert seen == [SessionCommanded("OMS", "logout", "ada", "drill")]


# -- where sessions stand ------------------------------------------------------------------------


def test_a_session_says_where_it_stands(desk: Desk) -> None:
    desk.oms.order("X")
    desk.oms.say("D", "11=Y|55=ACME|54=?|60=20260105-14:30:00|38=100|40=1")
    desk.wait(2)
    answer = ask(desk, '{"command": "fix_sessions"}')
    assert list(answer["sessions"]) == ["OMS", "OTHER", "LIT_A", "LIT_A.MD", "LIT_B", "LIT_B.MD"]
    found = answer["sessions"]["OMS"]
    times = [found.pop(key) for key in ("last_sent", "last_heard")]
    assert answer["now"] == desk.now
    assert all(desk.now - each == 2_000_000_000 for each in times)
    reject = found.pop("reject_sent")
    assert reject == {
        "at": times[0],
        "msg_type": "3",
        "ref_seq_num": "3",
        "ref_msg_type": "D",
        "ref_tag": "54",
        "reason": "5",
        "text": "Value is incorrect (out of range) for this tag",
    }
    assert found == {
        "kind": "oms",
        "role": "acceptor",
        "version": "FIX.4.4",
        "sender_comp_id": "SLUICE",
        "target_comp_id": "OMS",
        "state": "active",
        "logged_on": True,
        "closed_reason": "",
        "barred": False,
        "next_in": 4,
        "next_out": 4,
        "gap": None,
        "held": 0,
        "waiting": 0,
        "resending": False,
        "slow": False,
        "round_trip_ns": None,
        "heart_bt_int": 30,
        "garbled": 0,
        "reject_received": None,
        "open": True,
        "next_change": None,
    }


def test_a_gap_shows_with_what_waits_for_it(desk: Desk) -> None:
    desk.oms.session.outbox.next_out += 3
    desk.oms.session.send("H", "11=X\x0155=ACME\x0154=1\x01", desk.now)
    data = desk.oms.frames()
    desk.node.received(desk.oms.conn, data, desk.now)
    found = ask(desk, '{"command": "fix_sessions"}')["sessions"]["OMS"]
    assert (found["gap"], found["held"]) == ([2, 4], 1)
