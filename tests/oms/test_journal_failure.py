"""The disk fails while orders rest: cancels leave, and the next life's numbers fit (I6, I8).

The venue is a session of its own: what it is asked, what it asks again and what it answers is wire
text. Expected numbers are counted by hand from what it was sent.
"""

from __future__ import annotations

import errno

import pytest

from router.core.fold_executions import NAMES_MAX
from router.journal.memory import MemoryStorage
from router.journal.segments import JournalPoisoned
from router.journal.word import FAILURE_NAME
from router.messages import decode_step
from router.runtime.links import RESERVED_MAX
from router.runtime.node import Batch
from tests.oms.desk import Desk


class SickStorage(MemoryStorage):
    """Refuses calls of one name on the journal, once told so; perhaps of all files."""

    sick = ""
    all_files = False

    def write(self, name: str, offset: int, data: bytes) -> None:
        self._judge("write", name)
        super().write(name, offset, data)

    def sync(self, name: str) -> None:
        self._judge("sync", name)
        super().sync(name)

    def _judge(self, call: str, name: str) -> None:
        of_the_journal = call == self.sick and name != FAILURE_NAME
        if self.sick and (of_the_journal or self.all_files):
            raise OSError(errno.EIO, "input/output error", name)


class FailingDesk(Desk):
    """A desk whose disk fails. What waits for it never leaves; then the process ends."""

    disk = SickStorage
    storage: SickStorage

    def fail(self, call: str, *, all_files: bool = False) -> None:
        """The next batch meets the failure, as in the pump; what leaves then reaches the venues."""
        self.storage.sick, self.storage.all_files = call, all_files
        lost = self.node.take()
        with pytest.raises(JournalPoisoned):
            self._written()
        self.deliver(self.node.last_cancels(lost, self.now))

    def _written(self) -> None:
        self._built.journal.write()
        self._built.journal.sync()

    def deliver(self, batch: Batch) -> None:
        for conn, data in batch.writes:
            self._by_conn[conn].session.receive(data, self.now)
        for peer in self.peers:
            peer.settle()

    def next_life(self) -> None:
        """The process is gone; the disk is well again."""
        self.kill()
        self.storage.sick = ""
        self.boot()

    def told_numbers(self) -> tuple[int, int]:
        """LIT_A's: the node's next number out, and what the venue expects next."""
        return self.node.links["LIT_A"].session.next_out, self.a.session.next_in


@pytest.fixture
def desk() -> FailingDesk:
    made = FailingDesk(refold=False)
    made.open()
    made.oms.order("X")
    made.a.child().ack()
    made.a.heard(), made.oms.heard()
    return made


def an_order_waits_for_the_disk(desk: FailingDesk) -> None:
    """It is decided, its child has a number, and no record of it is safe."""
    desk.data_b.book()
    desk.oms.order("Y", now=False)
    desk.node.received(desk.oms.conn, desk.oms.frames(), desk.now)


@pytest.mark.parametrize("call", ["write", "sync"])
def test_cancels_leave_at_once_though_a_batch_before_them_never_does(
    desk: FailingDesk, call: str
) -> None:
    an_order_waits_for_the_disk(desk)
    desk.fail(call)
    assert desk.a.heard() == ["F c1"], "the order that was not recorded has not left"
    assert not desk.a.session.inbox.gap_open, "the cancel stands behind no gap"
    assert desk.oms.heard() == []


@pytest.mark.parametrize("call", ["write", "sync"])
def test_the_next_life_goes_on_above_the_numbers_that_no_record_holds(
    desk: FailingDesk, call: str
) -> None:
    an_order_waits_for_the_disk(desk)
    desk.fail(call)
    spent = desk.a.session.next_in
    desk.next_life()
    mark = desk.node.links["LIT_A"].session.next_out
    assert spent <= mark <= spent + RESERVED_MAX
    desk.a.connect()
    ours, theirs = desk.told_numbers()
    assert ours == theirs > mark, "the venue has asked for what lay between, and has it all"
    assert desk.node.links["LIT_A"].session.logged_on
    desk.a.child().cancel()
    assert desk.a.child().cancel_ids, "the cancel that no record holds had arrived"
    assert [child.cl_ord_id for child in desk.node.engine.state.live_children("LIT_A")] != [
        desk.a.child().cl_ord_id
    ]


def test_a_late_fill_under_the_name_of_a_cancel_that_no_record_holds_is_the_child_s(
    desk: FailingDesk,
) -> None:
    """Its answer names both; what comes later names the cancel alone (simulation, seed 40484)."""
    desk.fail("sync")
    child = desk.a.child()
    desk.next_life()
    desk.a.connect()
    desk.oms.connect()
    child.cancel()
    desk.oms.heard()
    child.cum_qty += 100
    child.report("F", "4", "32=100|31=11|851=2|", cl_ord_id=child.cancel_ids[-1])
    assert desk.oms.heard() == ["8 X F/1 1000/100/900 +100@11 ~11"]
    assert not desk.node.engine.state.suspense.entries


def test_a_venue_that_makes_up_ever_new_names_is_not_followed(desk: FailingDesk) -> None:
    child = desk.a.child()
    for number in range(2 * NAMES_MAX):
        child.report("6", "6", f"41={child.cl_ord_id}|", cl_ord_id=f"M{number}")
    (known,) = desk.node.engine.state.live_children()
    assert len(known.cancel_ids) == NAMES_MAX


def test_what_lies_between_is_one_gap_fill(desk: FailingDesk) -> None:
    desk.fail("sync")
    spent = desk.a.session.next_in
    desk.next_life()
    mark = desk.node.links["LIT_A"].session.next_out
    desk.a.connect()
    kinds = [message.msg_type for message in desk.a.inbox]
    assert kinds.count("F") == 1, "the cancel is not sent a second time"
    assert desk.node.links["LIT_A"].position(spent) is None
    assert desk.node.links["LIT_A"].position(mark) is not None, "the Logon has its record"


def test_after_an_ordinary_end_numbers_go_on_where_they_were(desk: FailingDesk) -> None:
    before = desk.node.links["LIT_A"].session.next_out
    desk.next_life()
    assert desk.node.links["LIT_A"].session.next_out == before
    desk.a.connect()
    ours, theirs = desk.told_numbers()
    assert ours == theirs


def test_a_second_end_finds_the_word_of_the_first_forgotten(desk: FailingDesk) -> None:
    desk.fail("sync")
    desk.next_life()
    mark = desk.node.links["LIT_A"].session.next_out
    desk.next_life()
    assert desk.node.links["LIT_A"].session.next_out == mark, "it has gone on once, not twice"


def test_a_death_before_the_jump_is_safe_does_not_lose_it(desk: FailingDesk) -> None:
    desk.fail("sync")
    word = desk.storage.read(FAILURE_NAME, 0, 512)
    assert word.startswith(b"sync failed: EIO")
    desk.next_life()
    assert not any(desk.storage.read(FAILURE_NAME, 0, 512))
    told = [
        each
        for record in desk._built.journal.scan()
        for each in decode_step(record.payload).numbers
        if each.session == "LIT_A"
    ]
    assert told[-1].next_out == desk.node.links["LIT_A"].session.next_out
    assert told[-1].reserved == told[-1].next_out + RESERVED_MAX


def test_where_no_word_could_be_left_the_venue_says_that_our_number_is_too_low(
    desk: FailingDesk,
) -> None:
    desk.fail("sync", all_files=True)
    assert desk.a.heard() == ["F c1"]
    spent = desk.a.session.next_in
    desk.next_life()
    assert desk.node.links["LIT_A"].session.next_out < spent, "nothing was known of it"
    desk.a.connect()
    assert not desk.node.links["LIT_A"].session.logged_on, "the venue turns us away"
    assert desk.node.links["LIT_A"].session.next_out > spent
    desk.a.connect()
    assert desk.node.links["LIT_A"].session.logged_on
    ours, theirs = desk.told_numbers()
    assert ours == theirs


def test_the_mark_is_renewed_before_it_is_reached_and_begins_anew_with_the_numbers(
    desk: FailingDesk,
) -> None:
    link = desk.node.links["LIT_A"]
    first = link.reserved
    assert first == RESERVED_MAX + 2, "told with the Logon, which is number 1"
    assert link.reserve(first - RESERVED_MAX // 2) == 0, "half of them are left"
    moved = link.reserve(first - RESERVED_MAX // 2 + 1)
    assert moved == first - RESERVED_MAX // 2 + 1 + RESERVED_MAX
    assert link.reserve(2) == 2 + RESERVED_MAX, "the numbers were reset"
    assert desk.node.links["OMS"].reserved == 0, "an OMS is sent nothing without a record"


def test_a_venue_is_believed_once_in_a_life(desk: FailingDesk) -> None:
    desk.fail("sync", all_files=True)
    desk.next_life()
    desk.a.session.inbox.jump(desk.a.session.next_in + 3 * RESERVED_MAX)  # it lies
    desk.a.connect()
    after = desk.node.links["LIT_A"].session.next_out
    desk.a.connect()
    assert not desk.node.links["LIT_A"].session.logged_on
    spent = desk.node.links["LIT_A"].session.next_out - after
    assert spent == 1, "the second Logon alone: no other jump"
