"""Whatever an OMS and honest venues say in whatever order: the books agree and nobody is forgotten.

The desk checks after every exchange that no parent can be overfilled, that the reports add up and
follow the table of order states, and that the journal folds to the same state.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.fix.codec import Message
from router.fix.versions import FIX42, FIX50SP2
from router.messages import ArmRequested, KillRequested
from tests.oms import audit, whole
from tests.oms.desk import Desk, House
from tests.oms.peers import Child, VenuePeer

STEPS_MAX = 40
MOVES = 30


class Chaos:
    """A desk, and moves that are always allowed. `pick` and `size` choose what each is about."""

    def __init__(self, house: House) -> None:
        self.desk = Desk(house=house)
        self.orders = 0
        self.execs = 0
        self.asked: dict[str, int] = {"LIT_A": 0, "LIT_B": 0}
        for peer in self.desk.peers:
            peer.connect()
        self.books()
        self.moves: tuple[Callable[[int, int], None], ...] = (
            self.order, self.order, self.immediate, self.cancel, self.replace, self.status,
            self.acknowledge, self.fill, self.fill, self.fill_all, self.give_back, self.reject,
            self.answer, self.answer, self.answer, self.refuse, self.repeat, self.bust,
            self.correct, self.late_fill, self.drop, self.connect, self.crash, self.books_move,
            self.wait, self.wait, self.kill, self.arm, self.oms_line, self.mass_cancel,
        )  # fmt: skip

    # -- the OMS ---------------------------------------------------------------------------------

    def order(self, pick: int, size: int) -> None:
        self.orders += 1
        px = ("12", "11", "10", "")[pick % 4]
        self.desk.oms.order(f"X{self.orders}", 100 * size, px)

    def immediate(self, pick: int, size: int) -> None:
        self.orders += 1
        self.desk.oms.order(f"X{self.orders}", 100 * size, tif=("3", "4")[pick % 2])

    def cancel(self, pick: int, size: int) -> None:
        if self.orders:
            self.desk.oms.cancel(self._request(), f"X{1 + pick % self.orders}")

    def replace(self, pick: int, size: int) -> None:
        if self.orders:
            orig = f"X{1 + pick % self.orders}"
            self.desk.oms.replace(self._request(), orig, 150 * size)

    def mass_cancel(self, pick: int, size: int) -> None:
        kind = ("530=7", "530=1|55=ACME")[pick % 2]
        if self.desk.oms.version is FIX42:
            return  # it has no such request
        self.desk.oms.say("q", f"11=M{len(self.desk.oms.sent)}|{kind}|60=20260105-14:30:00")

    def status(self, pick: int, size: int) -> None:
        if pick % 2 or self.desk.oms.version is FIX42:
            self.desk.oms.status(f"X{1 + pick % max(1, self.orders)}")
        else:
            self.desk.oms.say("AF", "584=M|585=7")

    def oms_line(self, pick: int, size: int) -> None:
        if self.desk.oms.up:
            self.desk.oms.drop()
        else:
            self.desk.oms.connect()

    def _request(self) -> str:
        return f"R{len(self.desk.oms.sent)}"

    # -- the venues ------------------------------------------------------------------------------

    def _child(self, pick: int, *, open_ones: bool = True) -> Child | None:
        found = [
            child
            for child in (*self.desk.a.children, *self.desk.b.children)
            if child.open is open_ones
        ]
        return found[pick % len(found)] if found else None

    def acknowledge(self, pick: int, size: int) -> None:
        if child := self._child(pick):
            child.ack()

    def fill(self, pick: int, size: int) -> None:
        if child := self._child(pick):
            self._trade(child, min(child.leaves_qty, 10 * size))

    def fill_all(self, pick: int, size: int) -> None:
        if child := self._child(pick):
            self._trade(child, child.leaves_qty)

    def _trade(self, child: Child, qty: int) -> None:
        self.execs += 1
        child.executions[f"E{self.execs}"] = qty
        child.fill(qty, "11", f"E{self.execs}")

    def give_back(self, pick: int, size: int) -> None:
        if child := self._child(pick):
            child.expire() if size % 2 else child.cancel()

    def reject(self, pick: int, size: int) -> None:
        child = self._child(pick)
        if child and not child.cum_qty and not child.executions:
            child.reject()

    def late_fill(self, pick: int, size: int) -> None:
        child = self._child(pick, open_ones=False)
        if child and child.cum_qty < child.qty:
            self.desk.overfilled.add(child.cl_ord_id)
            self._trade(child, min(child.qty - child.cum_qty, 10 * size))

    def repeat(self, pick: int, size: int) -> None:
        for open_ones in (True, False):
            child = self._child(pick, open_ones=open_ones)
            if child and child.executions:
                exec_id, qty = next(iter(child.executions.items()))
                child.report("F", "1", f"32={max(1, qty)}|31=11|", exec_id=exec_id)

    def bust(self, pick: int, size: int) -> None:
        self._undo(pick, size, corrected=False)

    def correct(self, pick: int, size: int) -> None:
        self._undo(pick, size, corrected=True)

    def _undo(self, pick: int, size: int, *, corrected: bool) -> None:
        """Of a closed order: what an open one gets back could be traded again.

        One that was filled is opened again by some venues.
        """
        child = self._child(pick, open_ones=False)
        if child is None or not child.executions:
            return
        ref, was = list(child.executions.items())[size % len(child.executions)]
        self.execs += 1
        if was == 0:
            child.report("H", "4", f"19={ref}|32=1|31=11|", exec_id=f"E{self.execs}")
            return
        child.executions[ref] = 0
        never_ended = child.cum_qty == child.qty and child.cl_ord_id not in self.desk.overfilled
        child.open = bool(pick % 2) and never_ended
        if corrected:
            qty = max(1, was - size)
            child.executions[f"E{self.execs}"] = qty
            child.correct(ref, was, qty, "12", f"E{self.execs}")
        else:
            child.bust(ref, was, f"E{self.execs}")

    def answer(self, pick: int, size: int) -> None:
        """A venue deals with the oldest request that it has not answered."""
        venue = (self.desk.a, self.desk.b)[pick % 2]
        request = self._next_request(venue)
        if request is not None:
            answer(venue, request, gives_back=True)

    def refuse(self, pick: int, size: int) -> None:
        venue = (self.desk.a, self.desk.b)[pick % 2]
        request = self._next_request(venue)
        if request is not None:
            answer(venue, request, gives_back=False)

    def _next_request(self, venue: VenuePeer) -> Message | None:
        while self.asked[venue.name] < len(venue.inbox):
            message = venue.inbox[self.asked[venue.name]]
            self.asked[venue.name] += 1
            if message.msg_type in ("F", "H", "AF"):
                return message
        return None

    # -- the lines, the clock, the operator ------------------------------------------------------

    def drop(self, pick: int, size: int) -> None:
        venue = (self.desk.a, self.desk.b)[pick % 2]
        if venue.up:
            venue.drop()

    def connect(self, pick: int, size: int) -> None:
        venue = (self.desk.a, self.desk.b)[pick % 2]
        if not venue.up:
            venue.connect()

    def crash(self, pick: int, size: int) -> None:
        self.desk.kill()
        self.desk.boot()
        for peer in self.desk.peers:
            peer.connect()
        self.books()

    def books(self) -> None:
        self.desk.data_a.book()
        self.desk.data_b.book(offer="11.5")

    def books_move(self, pick: int, size: int) -> None:
        data = (self.desk.data_a, self.desk.data_b)[pick % 2]
        data.book(offer=("10", "11", "12")[size % 3], size=100 * (size - 1))

    def wait(self, pick: int, size: int) -> None:
        self.desk.wait((0.03, 0.3, 2.5)[size % 3])

    def kill(self, pick: int, size: int) -> None:
        scope, value = (("all", ""), ("venue", "LIT_A"), ("account", "RED"))[size % 3]
        self.desk.control(KillRequested(scope, value, "ann", "test"))

    def arm(self, pick: int, size: int) -> None:
        for kill_id in list(self.desk.node.engine.state.kills)[:1]:
            self.desk.control(ArmRequested(kill_id, "bob", "done"))

    # -- the end ---------------------------------------------------------------------------------

    def close(self) -> None:
        """Everybody comes back and does what is asked: nothing may stay open."""
        desk = self.desk
        for peer in desk.peers:
            if not peer.up:
                peer.connect()
        for last in ("L", "M"):
            for order in range(1, self.orders + 1):
                desk.oms.cancel(f"{last}{order}", f"X{order}")
            for _ in range(30):
                for venue in (desk.a, desk.b):
                    while (request := self._next_request(venue)) is not None:
                        answer(venue, request, gives_back=True)
                desk.wait(1)
        audit.check_answers(desk.oms)
        state = desk.node.engine.state
        assert not state.live_children()
        assert not state.open_parents, "every order is closed"
        told = {each.get("37"): each for each in desk.oms.inbox if each.get("150") not in ("", "8")}
        for parent_id, parent in whole.parents(state).items():
            assert int(told[parent_id].get("14")) == parent.cum_qty


def answer(venue: VenuePeer, request: Message, *, gives_back: bool) -> None:
    """The truth, as far as the venue knows it."""
    if request.msg_type == "AF":
        alive = [child for child in venue.children if child.open]
        for each in alive:
            each.tell_status(extra=f"584={request.get('584')}|911={len(alive)}|")
        venue.say(
            "8",
            f"37=NONE|11=NONE|17=0|150=I|39=8|55=ACME|54=1|151=0|14=0|6=0"
            f"|584={request.get('584')}|912=Y",
        )
        return
    child_id = request.get("41") if request.msg_type == "F" else request.get("11")
    child = next((each for each in venue.children if each.cl_ord_id == child_id), None)
    if child is None:
        ids = f"11={request.get('11')}|41={child_id}"
        if request.msg_type == "F":
            venue.say("9", f"37=NONE|{ids}|39=8|434=1|102=1")
        else:
            venue.say("8", f"37=NONE|11={child_id}|17=0|150=I|39=8|55=ACME|54=1|151=0|14=0|6=0")
    elif request.msg_type == "H":
        child.tell_status()
    elif child.open and gives_back:
        child.cancel()
    elif child.open:
        child.refuse_cancel("2", "1" if child.cum_qty else "0")
    else:
        child.refuse_cancel("0", "2" if child.cum_qty >= child.qty else "4")


STEPS = st.lists(
    st.tuples(st.integers(0, MOVES - 1), st.integers(0, 7), st.integers(1, 9)),
    min_size=5,
    max_size=STEPS_MAX,
)


HOUSES = st.sampled_from(
    (
        House(),
        House(oms=FIX42, other=FIX50SP2, a=FIX50SP2, b=FIX42),
        House(oms=FIX50SP2, other=FIX42, a=FIX42, b=FIX50SP2),
    )
)
"""Who speaks which FIX version."""


def play(steps: list[tuple[int, int, int]], house: House) -> None:
    chaos = Chaos(house)
    assert len(chaos.moves) == MOVES
    for move, pick, size in steps:
        chaos.moves[move](pick, size)
    chaos.close()


@settings(max_examples=60, derandomize=True)
@given(STEPS, HOUSES)
def test_any_interleaving(steps: list[tuple[int, int, int]], house: House) -> None:
    play(steps, house)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@settings(max_examples=3_000)
@given(STEPS, HOUSES)
def test_any_interleaving_for_long(steps: list[tuple[int, int, int]], house: House) -> None:
    play(steps, house)
