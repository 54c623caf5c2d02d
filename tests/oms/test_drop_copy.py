"""Drop copies: what a second session tells of executions, and what a reader is told of reports."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from router.core import fold_copies
from router.fix.session import SessionConfig
from router.fix.versions import FIX42, FIX50SP2, Version
from router.messages import AssignRequested, DismissRequested, SessionCommanded
from tests.oms.copy_desk import CopyDesk, told
from tests.oms.peers import Peer, VenuePeer
from tests.oms.settling import held


@pytest.fixture(params=[False, True], ids=["suspected", "trusted"])
def desk(request: pytest.FixtureRequest) -> Iterator[CopyDesk]:
    made = CopyDesk(trusted=request.param)
    made.open()
    yield made
    made.close()


@pytest.fixture
def trusting() -> CopyDesk:
    made = CopyDesk(trusted=True)
    made.open()
    return made


@pytest.fixture
def doubting() -> CopyDesk:
    made = CopyDesk(trusted=False)
    made.open()
    return made


def waiting(desk: CopyDesk) -> list[str]:
    return list(desk.node.engine.state.copies)


# --- copies that we are given -------------------------------------------------------------------


def test_a_copy_of_what_was_told_changes_nothing(desk: CopyDesk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.fill(300, "10", "B")
    desk.oms.heard()
    desk.copy(child, 300, "10", "B")
    desk.wait(10)
    assert (desk.oms.heard(), held(desk), waiting(desk)) == ([], [], [])


def test_a_copy_that_is_first_waits_for_its_original(desk: CopyDesk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    desk.oms.heard()
    desk.copy(child, 300, "10", "B")
    assert desk.oms.heard() == []
    desk.wait(1)
    child.fill(300, "10", "B")
    assert desk.oms.heard() == ["8 X F/1 1000/300/700 +300@10 ~10"]
    desk.wait(10)
    assert (desk.oms.heard(), held(desk), waiting(desk)) == ([], [], [])


def test_a_trusted_copy_counts_when_its_original_does_not_come(trusting: CopyDesk) -> None:
    desk = trusting
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    desk.oms.heard()
    desk.copy(child, 300, "10", "B")
    desk.wait(4.9)
    assert desk.oms.heard() == []
    desk.wait(0.1)
    assert desk.oms.heard() == ["8 X F/1 1000/300/700 +300@10 ~10"]
    assert desk.oms.inbox[-1].get("17") == "LIT_A.20260105.B"
    child.fill(300, "10", "B")
    assert desk.oms.heard() == [], "the original is the same execution"
    child.fill(700, "10", "C")
    assert desk.oms.heard() == ["8 X F/2 1000/1000/0 +700@10 ~10"]


def test_a_copy_that_is_not_trusted_goes_into_suspense(doubting: CopyDesk) -> None:
    desk = doubting
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    desk.oms.heard()
    desk.copy(child, 300, "10", "B")
    desk.wait(5)
    assert held(desk) == [f"S1 copy_only LIT_A B {child.cl_ord_id} 1 ACME 300@10 -"]
    child.fill(300, "10", "B")
    assert desk.oms.heard() == ["8 X F/1 1000/300/700 +300@10 ~10"]
    assert held(desk) == [], "its original has come after all"


def test_a_person_may_book_a_copy_that_is_not_trusted(doubting: CopyDesk) -> None:
    desk = doubting
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    desk.copy(child, 300, "10", "B")
    desk.wait(5)
    desk.oms.heard()
    desk.control(AssignRequested("S1", child.cl_ord_id, "ada", "the venue confirms it"))
    assert desk.oms.heard() == ["8 X F/1 1000/300/700 +300@10 ~10"]
    child.fill(300, "10", "B")
    assert desk.oms.heard() == []


def test_a_trusted_copy_of_no_order_of_ours_goes_into_suspense(trusting: CopyDesk) -> None:
    trusting.copy("STRANGE", 300, "10", "B")
    trusting.wait(5)
    assert held(trusting) == ["S1 unknown_order LIT_A B STRANGE 1 ACME 300@10 -"]


@pytest.mark.parametrize("first", ["copy", "original"])
def test_a_copy_that_differs_is_an_alert_and_moves_nothing(desk: CopyDesk, first: str) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    desk.oms.heard()
    if first == "copy":
        desk.copy(child, 300, "10.5", "B")
    child.fill(300, "10", "B")
    if first == "original":
        desk.copy(child, 300, "10.5", "B")
    assert desk.oms.heard() == ["8 X F/1 1000/300/700 +300@10 ~10"], "the venue's word counts"
    (line,) = held(desk)
    assert line.split()[:2] == ["S1", "copy_differs"]
    assert desk.node.engine.state.suspense.values == {}, "it is booked, and counts once"
    desk.copy(child, 300, "10.5", "B")
    assert len(held(desk)) == 1
    desk.control(DismissRequested("S1", "ada", "their copy was wrong"))
    assert held(desk) == []


@pytest.mark.parametrize("first", ["copy", "original"])
def test_a_copy_that_names_another_day_is_of_the_same_execution(desk: CopyDesk, first: str) -> None:
    """Their copies say TradeDate(75), their orders' session does not, and it is past midnight."""
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    desk.oms.heard()
    if first == "copy":
        desk.copy(child, 300, "10", "B", day="20260106")
    child.fill(300, "10", "B")
    if first == "original":
        desk.copy(child, 300, "10", "B", day="20260106")
    assert desk.oms.heard() == ["8 X F/1 1000/300/700 +300@10 ~10"]
    desk.wait(10)
    assert (desk.oms.heard(), held(desk), waiting(desk)) == ([], [], [])
    desk.copy(child, 300, "10.5", "B", day="20260106")
    assert [line.split()[1] for line in held(desk)] == ["copy_differs"]


def test_a_trusted_copy_of_another_day_that_differs_is_an_alert_and_freezes_nothing(
    trusting: CopyDesk,
) -> None:
    trusting.oms.order("X")
    child = trusting.a.child()
    child.ack()
    trusting.copy(child, 300, "10.5", "B", day="20260106")
    child.fill(300, "10", "B")
    trusting.wait(10)
    assert [line.split()[1] for line in held(trusting)] == ["copy_differs"]
    assert not trusting.node.engine.state.frozen_parents


def test_a_copy_of_another_day_leaves_suspense_when_its_original_comes(doubting: CopyDesk) -> None:
    doubting.oms.order("X")
    child = doubting.a.child()
    child.ack()
    doubting.copy(child, 300, "10", "B", day="20260106")
    doubting.wait(10)
    assert len(held(doubting)) == 1
    child.fill(300, "10", "B")
    assert held(doubting) == []
    assert doubting.node.engine.state.suspense.values == {}


def test_the_venues_own_word_takes_the_place_of_a_copy_of_no_order_of_ours() -> None:
    desk = CopyDesk("venues.LIT_A.dk=ok", trusted=False)
    desk.open()
    desk.copy("STRANGE", 300, "10", "B")
    desk.wait(10)
    assert [line.split()[1] for line in held(desk)] == ["copy_only"]
    desk.copy("STRANGE", 300, "10", "B", by=desk.a, mark=False)
    assert [line.split()[1] for line in held(desk)] == ["unknown_order"]
    desk.wait(300)
    assert "Q" in desk.a.heard(), "and is disputed in time"


def test_a_copy_of_what_overtook_its_execution_is_no_difference(desk: CopyDesk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    child.report("G", "1", "19=B|32=200|31=10|", exec_id="C")
    desk.overfilled.add(child.cl_ord_id)
    child.report("F", "1", "32=300|31=10|", exec_id="B")
    desk.copy(child, 200, "10", "C", kind="G", ref="B")
    desk.wait(10)
    assert held(desk) == []


# --- two sources of copies ------------------------------------------------------------------------


class TwoSources(CopyDesk):
    """COPIES is not trusted, and COPIES2 is."""

    def __init__(self) -> None:
        config = SessionConfig(sender_comp_id="LIT_A2", target_comp_id="SLUICE.DC", role="acceptor")
        self.second = VenuePeer(self, "COPIES2", config)
        super().__init__(
            "drop_copies.received.1.name=COPIES2",
            "drop_copies.received.1.mics=[LIT_A]",
            "drop_copies.received.1.connect.port=4",
            "drop_copies.received.1.sender_comp_id=SLUICE.DC",
            "drop_copies.received.1.target_comp_id=LIT_A2",
            "drop_copies.received.1.trusted=true",
        )

    @property
    def peers(self) -> tuple[Peer, ...]:
        return (*super().peers, self.second)


@pytest.fixture
def two() -> TwoSources:
    made = TwoSources()
    made.open()
    made.oms.order("X")
    made.a.child().ack()
    made.overfilled.add(made.a.child().cl_ord_id)
    made.oms.heard()
    return made


@pytest.mark.parametrize("between_s", [0, 30], ids=["while it waits", "in suspense"])
def test_what_one_of_two_is_trusted_with_is_booked(two: TwoSources, between_s: int) -> None:
    two.copy(two.a.child(), 300, "10", "B")
    two.wait(between_s)
    two.copy(two.a.child(), 300, "10", "B", by=two.second)
    two.wait(30)
    assert two.oms.heard() == ["8 X F/1 1000/300/700 +300@10 ~10"]
    assert held(two) == []


def test_two_that_differ_are_an_alert(two: TwoSources) -> None:
    two.copy(two.a.child(), 300, "10", "B", by=two.second)
    two.copy(two.a.child(), 500, "10", "B")
    two.wait(30)
    assert two.oms.heard() == ["8 X F/1 1000/300/700 +300@10 ~10"]
    assert [line.split()[1] for line in held(two)] == ["copy_differs"]


# --- busts ----------------------------------------------------------------------------------------


def test_a_trusted_copy_of_a_bust_takes_back_what_was_told(trusting: CopyDesk) -> None:
    desk = trusting
    desk.oms.order("X")
    child = desk.a.child()
    child.fill(300, "10", "B")
    desk.oms.heard()
    desk.copy(child, 300, "0", "C", kind="H", ref="B")
    desk.wait(5)
    assert desk.oms.heard() == ["8 X H/0 1000/0/1000 19=B ~0"]
    child.bust("B", 300, "C")
    assert desk.oms.heard() == []


def test_what_was_executed_while_we_were_away_comes_by_either_way(trusting: CopyDesk) -> None:
    desk = trusting
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    desk.kill()
    desk.copies.session.lost(desk.now)
    desk.boot()
    desk.oms.connect()
    desk.copies.connect()
    desk.oms.heard()
    desk.copy(child, 300, "10", "B")
    desk.wait(5)
    assert desk.oms.heard() == ["8 X F/1 1000/300/700 +300@10 ~10"], "LIT_A is away still"
    desk.a.connect()
    child.fill(300, "10", "B")
    assert desk.oms.heard() == []


def test_a_copy_that_waits_outlives_a_restart(trusting: CopyDesk) -> None:
    desk = trusting
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    desk.copy(child, 300, "10", "B")
    desk.kill()
    desk.boot()
    assert waiting(desk) == ["LIT_A.20260105.B"]
    desk.oms.connect()
    desk.oms.heard()
    desk.wait(5)
    assert desk.oms.heard() == ["8 X F/1 1000/300/700 +300@10 ~10"]


def test_a_copy_on_the_session_for_orders_is_one_too(desk: CopyDesk) -> None:
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    desk.oms.heard()
    desk.copy(child, 300, "10", "B", by=desk.a)
    assert (desk.oms.heard(), waiting(desk)) == ([], ["LIT_A.20260105.B"])
    child.fill(300, "10", "B")
    assert desk.oms.heard() == ["8 X F/1 1000/300/700 +300@10 ~10"]


def test_with_too_many_that_wait_the_oldest_has_waited_long_enough(
    trusting: CopyDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fold_copies, "COPIES_MAX", 2)
    desk = trusting
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    desk.oms.heard()
    for name in ("B", "C", "D"):
        desk.copy(child, 100, "10", name)
    desk.wait(0)
    assert waiting(desk) == ["LIT_A.20260105.C", "LIT_A.20260105.D"]
    assert desk.oms.heard() == ["8 X F/1 1000/100/900 +100@10 ~10"]


# --- copies that we give ------------------------------------------------------------------------


def test_every_report_to_an_oms_is_copied(desk: CopyDesk) -> None:
    desk.oms.order("X")
    desk.a.child().fill(300, "10", "B")
    desk.oms.order("X", 500)
    copies, reports = desk.back.read(), [m for m in desk.oms.inbox if m.msg_type == "8"]
    assert len(copies) == len(reports) == 3
    for copy, report in zip(copies, reports, strict=True):
        assert told(copy, "797", "115") == {"797": "Y", "115": "OMS"}
        body = {tag: report.get(tag) for tag, _ in report.pairs if tag not in HEADER}
        assert {tag: copy.get(tag) for tag in body} == body
    assert [copy.get("34") for copy in copies] == ["2", "3", "4"], "numbers of its own"


HEADER = ("8", "9", "35", "34", "49", "56", "52", "10")


@pytest.mark.parametrize(("version", "mark"), [(FIX42, ""), (FIX50SP2, "Y")])
def test_a_copy_is_in_the_words_of_its_reader(version: Version, mark: str) -> None:
    desk = CopyDesk(version=version)
    desk.open()
    desk.oms.order("X")
    desk.a.child().fill(300, "10", "B")
    told_last = desk.back.read()[-1]
    assert told(told_last, "17", "797", "115") == {
        "17": "LIT_A.20260105.B",
        "797": mark,
        "115": "OMS",
    }
    assert ("20" in told_last.fields) == (version is FIX42)


def test_a_reader_that_was_away_asks_for_what_it_has_missed(desk: CopyDesk) -> None:
    desk.back.drop()
    desk.oms.order("X")
    child = desk.a.child()
    for number in range(10):
        child.fill(100, "10", f"B{number}")
        desk.wait(1)
    assert desk.oms.heard()[-1] == "8 X F/2 1000/1000/0 +100@10 ~10", "the OMS waits for nobody"
    link = desk.node.links["BACK"]
    assert not link.session.take_frames(), "what waits for it is in the journal alone"
    desk.kill()
    desk.boot()
    desk.back.connect()
    desk.wait(1)
    assert [m.get("17") for m in desk.back.read() if m.get("150") == "F"] == [
        f"LIT_A.20260105.B{number}" for number in range(10)
    ]
    assert all(m.get("43") == "Y" for m in desk.back.inbox)


def test_only_what_is_asked_for_is_copied() -> None:
    desk = CopyDesk("drop_copies.given.0.of=[OTHER]")
    desk.open()
    desk.oms.order("X")
    desk.other.order("Z", extra="1=A|")
    assert [each.get("11") for each in desk.back.read()] == ["Z"]


def test_a_reader_that_was_away_is_told_again_when_its_numbers_begin_again(desk: CopyDesk) -> None:
    desk.back.drop()
    desk.oms.order("X")
    desk.node.operate(SessionCommanded("BACK", "reset", who="ops", reason="a new day"), desk.now)
    desk.run()
    desk.back.session.reset(desk.now)
    desk.back.connect()
    (copied,) = desk.back.read()
    assert told(copied, "97", "797", "11", "150") == {"97": "Y", "797": "Y", "11": "X", "150": "0"}


def test_a_reader_may_not_send_orders(desk: CopyDesk) -> None:
    desk.back.say("D", "11=Q|55=ACME|54=1|38=100|40=2|44=10|59=0|60=20260105-14:30:00.000|")
    (answer,) = desk.back.read()
    assert told(answer, "35", "372", "380") == {"35": "j", "372": "D", "380": "3"}
    assert desk.a.heard() == []
