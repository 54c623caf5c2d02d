"""Numbers are never half reset: a reset that was asked for, or is due, outlives lines and lives."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from router.core.image import image_of
from router.journal.recovery import read_steps
from router.messages import SessionCommanded, Step, encode_step
from router.model import NS
from router.runtime import last_words
from router.runtime.recovering import NodeImage, SessionImage
from tests.oms.desk import Desk
from tests.oms.peers import Peer
from tests.oms.snapshots import folded, snapshot

NAMES = ["LIT_A", "OMS"]


def peer(desk: Desk, name: str) -> Peer:
    (found,) = [each for each in desk.peers if each.name == name]
    return found


def asked(desk: Desk, name: str, *, heard: bool) -> None:
    """An operator resets a session that is logged on; its peer may have heard of it."""
    desk.node.operate(SessionCommanded(name, "reset", "ada", "drill"), desk.now)
    desk.leave(peer(desk, name) if heard else None)


def in_step(desk: Desk, name: str) -> bool:
    """Both ends are logged on, and of one mind."""
    ours, theirs = desk.node.links[name].session, peer(desk, name).session
    numbers = (ours.next_in, ours.next_out) == (theirs.next_out, theirs.next_in)
    return ours.logged_on and theirs.logged_on and numbers and not ours.begins_again


def busy(desk: Desk) -> None:
    """Numbers at both peers that are well above 1."""
    for number in range(8):
        desk.oms.order(f"X{number}", 100)
        desk.a.child().ack()
    desk.wait(31)


# --- an operator's -------------------------------------------------------------------------------


@pytest.mark.parametrize("heard", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_the_process_dies_before_the_answer(desk: Desk, name: str, heard: bool) -> None:
    busy(desk)
    asked(desk, name, heard=heard)
    desk.kill()
    desk.boot()
    peer(desk, name).connect()
    assert in_step(desk, name), (desk.node.links[name].session.closed_reason,)


@pytest.mark.parametrize("heard", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_the_process_dies_twice_before_the_answer(desk: Desk, name: str, heard: bool) -> None:
    busy(desk)
    asked(desk, name, heard=heard)
    desk.kill()
    desk.boot()
    desk.dial(peer(desk, name))
    desk.leave()
    desk.kill()
    desk.boot()
    peer(desk, name).connect()
    assert in_step(desk, name)


@pytest.mark.parametrize("name", NAMES)
def test_a_logout_of_ours_leaves_before_the_answer(desk: Desk, name: str) -> None:
    busy(desk)
    asked(desk, name, heard=False)
    for action in ("logout", "logon"):
        desk.node.operate(SessionCommanded(name, action, "ada", "drill"), desk.now)
    desk.leave()
    peer(desk, name).drop()
    assert desk.node.links[name].session.begins_again
    peer(desk, name).connect()
    assert in_step(desk, name)


def test_a_venue_breaks_off_before_its_answer_and_again(desk: Desk) -> None:
    busy(desk)
    asked(desk, "LIT_A", heard=False)
    desk.a.drop()
    for _ in range(2):
        desk.dial(desk.a)
        desk.leave()
        desk.a.drop()
    desk.a.connect()
    assert in_step(desk, "LIT_A")


def test_numbers_that_are_set_owe_nothing(desk: Desk) -> None:
    """Over a restart too, and though they are those that the journal has."""
    busy(desk)
    asked(desk, "OMS", heard=False)
    desk.oms.drop()
    ours = desk.node.links["OMS"].session
    assert (ours.next_in, ours.begins_again) == (1, True)
    event = SessionCommanded("OMS", "set_numbers", "ada", "drill", ours.next_in, ours.next_out)
    desk.node.operate(event, desk.now)
    desk.run()
    assert not desk.node.links["OMS"].session.begins_again
    desk.kill()
    desk.boot()
    assert not desk.node.links["OMS"].session.begins_again


def test_an_answer_is_journaled_though_it_moves_no_number(desk: Desk) -> None:
    """Else a later life would ask for a reset that nobody wants, and lose what is on its way."""
    link = desk.node.links["LIT_B"]
    assert (link.session.next_in, link.session.next_out) == (2, 2)
    steps = list[Step]()
    desk.on_step = steps.append
    asked(desk, "LIT_B", heard=True)
    desk.run()
    assert [list(each.begins_again or ()) for each in steps if each.numbers] == [["LIT_B"], []]
    assert (link.session.next_in, link.session.next_out) == (2, 2)
    desk.kill()
    desk.boot()
    assert not desk.node.links["LIT_B"].session.begins_again


def test_what_is_read_together_with_an_answer_does_not_tell_of_it(desk: Desk) -> None:
    """A write that is torn keeps the first of two records: then the reset is asked for again."""
    busy(desk)
    steps = list[Step]()
    desk.node.operate(SessionCommanded("OMS", "reset", "ada", "drill"), desk.now)
    desk.on_step = steps.append
    desk.oms.order("LATE", now=False)  # under its old number
    data = desk.oms.frames()
    desk.oms.session.reset(desk.now)
    desk.node.received(desk.oms.conn, data + desk.oms.frames(), desk.now)
    told = [(each.event is not None, each.begins_again or ()) for each in steps if each.numbers]
    assert told[0] == (True, ("OMS",))
    assert told[-1] == (False, ())
    desk.run()
    assert in_step(desk, "OMS")


def test_the_mark_of_a_failed_life_does_not_undo_it(desk: Desk) -> None:
    busy(desk)
    asked(desk, "LIT_A", heard=False)
    desk.kill()
    desk.boot()
    link = desk.node.links["LIT_A"]
    assert link.reserved > link.session.next_out
    assert not last_words.go_on_at_the_mark(link)
    assert link.session.begins_again


# --- a schedule's --------------------------------------------------------------------------------


@pytest.fixture
def made() -> Callable[[str], Desk]:
    """A desk one of whose sessions has a reset time, 0.1 s before that."""

    def make(name: str) -> Desk:
        at = {"OMS": "fix.acceptor.sessions.0", "LIT_A": "venues.LIT_A"}[name]
        desk = Desk(f"{at}.reset_seq_time=14:31", "fix.defaults.check_latency=false")
        desk.open()
        for number in range(8):
            desk.oms.order(f"X{number}", 100)
            desk.a.child().ack()
        desk.wait(59.9)
        return desk

    return make


def lacks_one(desk: Desk, name: str) -> None:
    """A message of the peer's is lost, and the next one shows it."""
    asks = peer(desk, name)
    news = "148=x\x0133=1\x0158=y\x01"
    asks.session.send("B", news, desk.now)
    asks.frames()
    asks.session.send("B", news, desk.now)
    desk.node.received(asks.conn, asks.frames(), desk.now)
    desk.leave()
    assert desk.node.links[name].session.inbox.gap is not None


def past_the_reset_time(desk: Desk) -> None:
    desk.now += NS // 5
    desk.node.tick(desk.now)


@pytest.mark.parametrize("name", NAMES)
def test_a_reset_time_in_a_gap_that_ends_with_the_line(
    made: Callable[[str], Desk], name: str
) -> None:
    desk = made(name)
    lacks_one(desk, name)
    past_the_reset_time(desk)
    assert desk.node.links[name].session.next_in > 2, "first what is missing"
    peer(desk, name).drop()
    peer(desk, name).connect()
    assert in_step(desk, name)
    assert peer(desk, name).session.resets == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_reset_time_in_a_gap_that_ends_with_the_process(
    made: Callable[[str], Desk], name: str
) -> None:
    desk = made(name)
    lacks_one(desk, name)
    past_the_reset_time(desk)
    desk.leave()
    desk.kill()
    desk.boot()
    peer(desk, name).connect()
    assert in_step(desk, name)
    assert peer(desk, name).session.resets == 1


@pytest.mark.parametrize("answered", [True, False])
def test_a_reset_time_between_our_logon_and_its_answer(
    made: Callable[[str], Desk], answered: bool
) -> None:
    desk = made("LIT_A")
    desk.a.drop()
    desk.dial(desk.a)
    past_the_reset_time(desk)
    if answered:
        desk.run()
        assert desk.node.links["LIT_A"].session.next_out > 2, "the venue may lack something"
        desk.wait(31)
    else:
        desk.leave()
        desk.a.drop()
        desk.a.connect()
    assert in_step(desk, "LIT_A")
    assert desk.a.session.resets == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_day_has_one_reset(made: Callable[[str], Desk], name: str) -> None:
    desk = made(name)
    desk.wait(1)
    for _ in range(3):
        peer(desk, name).drop()
        desk.wait(1)
        peer(desk, name).connect()
        assert in_step(desk, name)
    assert peer(desk, name).session.resets == 1


# --- what is on disks already --------------------------------------------------------------------


def test_a_record_without_such_a_session_is_what_it_was(desk: Desk) -> None:
    busy(desk)
    for _, step in read_steps(desk.storage):
        names = msgspec.msgpack.decode(msgspec.msgpack.encode(step)).keys()
        assert "begins_again" not in names
    asked(desk, "OMS", heard=False)
    steps = [step for _, step in read_steps(desk.storage)]
    assert steps[-1].begins_again == ("OMS",)
    assert "begins_again" in msgspec.msgpack.decode(encode_step(steps[-1]))


def test_a_snapshot_keeps_it_and_an_older_one_is_read(desk: Desk) -> None:
    busy(desk)
    asked(desk, "OMS", heard=False)
    desk.kill()
    made = snapshot(desk.storage)
    assert made is not None
    begun = folded(desk.storage.copy())
    assert begun.snapshot_seq == made.seq
    owing = {each.name for each in begun.links if each.session.begins_again}
    assert owing == {"OMS"}
    image = msgspec.msgpack.decode(made.body, type=NodeImage)
    assert image.state == image_of(begun.engine.state)
    fields = len(SessionImage.__struct_fields__)
    older = [list(msgspec.structs.astuple(each))[: fields - 1] for each in image.sessions]
    was = msgspec.convert(older, list[SessionImage])
    assert [each.begins_again for each in was] == [False] * len(older)
    assert [each.numbers for each in was] == [each.numbers for each in image.sessions]
