"""Misbehaviour of venues with their reports, as it arrives over FIX.

The market is calm: 49.99 bid, 50.01 offered, and nothing moves but what the test sends. A buyer at
50.01 takes, one at 49.90 rests.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.venues.gateway_wire import SECOND, Client, Wires
from tests.venues.simulated import CALM, spec_of
from venues.audit import AuditKind
from venues.latency import Latency
from venues.market_file import MarketSpec
from venues.misbehaviour import kinds

TAKE = "54=1|38=100|40=2|44=50.01"
REST = "54=1|38=100|40=2|44=49.90"


class Venue:
    """LIT_A of a calm market, and a client for orders."""

    def __init__(self, spec: MarketSpec) -> None:
        self.wires = Wires(spec=spec)
        self.client: Client = self.wires.orders()

    def misbehaves(self, kind: str, seconds: float = 60, **detail: object) -> None:
        """From now on."""
        what = kinds()[kind].from_document(detail)
        now = self.wires.now
        self.wires.market.misbehaviours.start(what, "LIT_A", now, now + round(seconds * SECOND))

    def order(self, cl_ord_id: str, text: str = TAKE) -> None:
        self.wires.order(self.client, cl_ord_id, text)

    def cancel(self, cl_ord_id: str, orig: str) -> None:
        text = f"11={cl_ord_id}|41={orig}|55=ACME|54=1|60=20260105-14:30:00"
        self.wires.send(self.client, "F", text)

    def replace(self, cl_ord_id: str, orig: str, text: str) -> None:
        text = f"11={cl_ord_id}|41={orig}|55=ACME|60=20260105-14:30:00|{text}"
        self.wires.send(self.client, "G", text)

    def status(self, cl_ord_id: str) -> None:
        self.wires.send(self.client, "H", f"11={cl_ord_id}|55=ACME|54=1")

    def said(self) -> list[str]:
        return self.client.said()

    def fields(self, tag: str) -> list[str]:
        """Of the reports that arrived and were not read yet."""
        return [each.fields.get(tag, "") for each in self.client.messages]


@pytest.fixture
def venue(tmp_path: Path) -> Venue:
    return Venue(spec_of(tmp_path, CALM))


ACK = "8 X 0/0 100/0/100"
FILL = "8 X F/2 100/100/0 +100@50.01"


# --- reject_all ----------------------------------------------------------------------------------


def test_every_new_order_is_rejected_and_old_ones_go_on(venue: Venue) -> None:
    venue.order("O", REST)
    venue.misbehaves("reject_all", 10, reason="system down", ord_rej_code=99)
    venue.order("X")
    assert venue.fields("58")[-1] == "system down"
    venue.cancel("P", "O")
    assert venue.said() == [
        "8 O 0/0 100/0/100",
        "8 X 8/8 100/0/0 103=99",
        "8 P(O) 6/6 100/0/100",
        "8 P(O) 4/4 100/0/0",
    ]
    venue.wires.run(10)
    venue.order("Y")
    assert venue.said() == ["8 Y 0/0 100/0/100", "8 Y F/2 100/100/0 +100@50.01"]


# --- no_ack --------------------------------------------------------------------------------------


def test_an_order_is_taken_in_silence_and_its_fill_is_told_when_the_time_is_over(
    venue: Venue,
) -> None:
    venue.misbehaves("no_ack", 30)
    venue.order("X")
    venue.wires.run(29)
    assert venue.said() == []
    venue.status("X")
    assert venue.said() == ["8 X I/0 100/0/100"]
    venue.wires.run(2)
    assert venue.said() == [FILL]


def test_fills_that_are_not_late_come_without_an_acknowledgement(venue: Venue) -> None:
    venue.misbehaves("no_ack", 30, fills_reported_late=False)
    venue.order("X")
    assert venue.said() == [FILL]


def test_a_cancel_of_an_order_that_was_taken_in_silence_is_answered_in_the_end(
    venue: Venue,
) -> None:
    venue.order("O", REST)
    venue.misbehaves("no_ack", 30, fills_reported_late=False)
    venue.order("X", REST)
    venue.cancel("Y", "X")
    venue.cancel("P", "O")
    assert venue.said() == [
        "8 O 0/0 100/0/100",
        "8 Y(X) 6/6 100/0/100",
        "8 P(O) 6/6 100/0/100",
        "8 P(O) 4/4 100/0/0",
    ], "an order that was there before is treated as ever"
    venue.wires.run(31)
    assert venue.said() == ["8 Y(X) 4/4 100/0/0"]


def test_after_a_replace_that_is_not_told_the_fills_wait_for_it(venue: Venue) -> None:
    venue.misbehaves("no_ack", 30, fills_reported_late=False)
    venue.order("X", REST)
    venue.replace("Y", "X", TAKE.replace("38=100", "38=150"))
    assert venue.said() == ["8 Y(X) E/E 100/0/100"]
    venue.wires.run(31)
    assert venue.said() == ["8 Y(X) 5/0 150/0/150", "8 Y F/2 150/150/0 +150@50.01"]


def test_a_swallowed_order_is_not_known_when_it_is_asked_for(venue: Venue) -> None:
    venue.misbehaves("no_ack", 30, orders_still_live=False)
    venue.order("X", REST)
    venue.cancel("Y", "X")
    venue.status("X")
    venue.wires.run(31)
    assert venue.said() == ["9 Y(X) 39=8 102=1 434=1", "8 X I/8 -/0/0 103=5"]
    assert venue.wires.market.open_orders("LIT_A", "SLUICE") == []


# --- late_execution ------------------------------------------------------------------------------


def test_a_fill_is_told_after_the_cancel_of_its_order(venue: Venue) -> None:
    venue.misbehaves("late_execution", 60)
    offered = venue.wires.market.snapshot("LIT_A", venue.wires.now).offers[0][1]
    venue.order("X", f"54=1|38={offered + 100}|40=2|44=50.01")
    qty = offered + 100
    assert venue.said() == [f"8 X 0/0 {qty}/0/{qty}"]
    venue.cancel("Y", "X")
    said = venue.said()
    assert said[:2] == [f"8 Y(X) 6/6 {qty}/0/{qty}", f"8 Y(X) 4/4 {qty}/0/0"]
    assert said[-1].startswith(f"8 Y F/4 {qty}/{offered}/0 +")
    assert len(said) >= 3


def test_a_fill_of_a_whole_order_is_told_after_the_cancel_that_came_too_late(venue: Venue) -> None:
    venue.misbehaves("late_execution", 60)
    venue.order("X")
    venue.cancel("Y", "X")
    assert venue.said() == [
        ACK,
        "8 Y(X) 6/6 100/0/100",
        "9 Y(X) 39=0 102=0 434=1",
        FILL,
    ]


def test_a_late_fill_does_not_wait_longer_than_the_time(venue: Venue) -> None:
    venue.misbehaves("late_execution", 60)
    venue.order("X")
    venue.wires.run(59)
    assert venue.said() == [ACK]
    venue.wires.run(2)
    assert venue.said() == [FILL]


def test_a_fill_is_told_a_stated_time_later_with_the_time_at_which_it_happened(
    venue: Venue,
) -> None:
    venue.misbehaves("late_execution", 60, delay_ms=5_000)
    venue.order("X")
    venue.wires.run(4.9)
    assert venue.said() == [ACK]
    venue.wires.run(0.2)
    assert venue.fields("60") == ["20260105-14:30:00.000"]
    assert venue.said() == [FILL]


def test_a_bust_waits_for_its_execution_after_the_time_of_late_ones(venue: Venue) -> None:
    venue.misbehaves("bust", 60, delay_ms=3_000)
    venue.misbehaves("late_execution", 1, delay_ms=5_000)
    venue.order("X")
    venue.wires.run(4.9)
    assert venue.said()[0] == ACK
    venue.wires.run(0.2)
    fill, bust = venue.said()[:2]
    assert fill == "8 X F/4 100/100/0 +100@50.01", "the bust has ended its order meanwhile"
    assert bust.startswith("8 X H/4")
    venue.order("Y")
    assert venue.said()[1].startswith("8 Y F/2"), "what trades later is told at once"


def test_what_is_told_late_then_still_travels(tmp_path: Path) -> None:
    far = Latency(md_p50=100.0, md_p99=100.0, order_p50=100.0, order_p99=100.0)
    spec = spec_of(tmp_path, CALM)
    venues = tuple(each.model_copy(update={"latency": far}) for each in spec.venues)
    venue = Venue(replace(spec, venues=venues))
    venue.misbehaves("late_execution", 60, delay_ms=5_000)
    venue.order("X")
    venue.wires.run(5.15)
    assert venue.said() == [ACK], "100 ms to the venue, 5 s there"
    venue.wires.run(0.1)
    assert venue.said() == [FILL], "100 ms back"


def test_no_replace_is_told_before_the_fill_that_it_counts(venue: Venue) -> None:
    venue.misbehaves("late_execution", 60)
    offered = venue.wires.market.snapshot("LIT_A", venue.wires.now).offers[0][1]
    venue.order("X", f"54=1|38={offered + 100}|40=2|44=50.01")
    venue.replace("Y", "X", f"54=1|38={offered + 50}|40=2|44=50.01")
    said = venue.said()
    assert said[-1] == f"8 Y(X) 5/1 {offered + 50}/{offered}/50"
    assert said[-2].startswith("8 X F/E ")


# --- duplicate_execution -------------------------------------------------------------------------


def test_a_fill_is_told_twice_in_the_same_words_under_two_numbers(venue: Venue) -> None:
    venue.misbehaves("duplicate_execution", 60, delay_ms=1_000)
    venue.order("X")
    venue.wires.run(1.1)
    first, second = venue.client.messages[-2:]
    header = {"34", "52", "10", "9"}
    assert {k: v for k, v in first.fields.items() if k not in header} == {
        k: v for k, v in second.fields.items() if k not in header
    }
    assert int(second.fields["34"]) > int(first.fields["34"])
    assert venue.said() == [ACK, FILL, FILL]
    noted = [record.kind for record in venue.wires.audit.records if record.exec_type == "F"]
    assert noted == [AuditKind.EXECUTION, AuditKind.REPEATED], "the shares are counted once"


def test_a_second_report_says_how_the_order_stood_at_the_first(venue: Venue) -> None:
    venue.misbehaves("duplicate_execution", 60, delay_ms=1_000)
    offered = venue.wires.market.snapshot("LIT_A", venue.wires.now).offers[0][1]
    qty = offered + 100
    venue.order("X", f"54=1|38={qty}|40=2|44=50.01")
    fills = venue.said()[1:]
    venue.cancel("Y", "X")
    venue.said()
    venue.wires.run(1.1)
    assert venue.said() == fills
    assert " F/1 " in fills[-1]


def test_a_fill_is_told_again_though_its_order_has_another_name_by_then(venue: Venue) -> None:
    venue.misbehaves("duplicate_execution", 60, delay_ms=1_000)
    offered = venue.wires.market.snapshot("LIT_A", venue.wires.now).offers[0][1]
    venue.order("X", f"54=1|38={offered + 100}|40=2|44=50.01")
    fills = venue.said()[1:]
    venue.replace("Y", "X", f"54=1|38={offered + 50}|40=2|44=50.01")
    venue.said()
    venue.wires.run(1.1)
    assert venue.said() == fills


# --- bust and correct ----------------------------------------------------------------------------


def test_a_bust_of_a_filled_order_takes_all_back_and_the_order_ends(venue: Venue) -> None:
    venue.misbehaves("bust", 60, delay_ms=2_000)
    venue.order("X")
    venue.wires.run(2.1)
    refs, ids = venue.fields("19"), venue.fields("17")
    assert venue.said() == [
        ACK,
        FILL,
        "8 X H/0 100/0/100",
        "8 X 4/4 100/0/0",
    ]
    assert refs[2] == ids[1]
    assert len(set(ids)) == 4
    state = venue.wires.market.order_state("LIT_A", "LIT_A-1-1")
    assert state is not None
    assert (state.cum_qty, state.notional, state.is_open) == (0, 0, False)


def test_a_bust_of_an_open_order_takes_its_rest_out_of_the_book(venue: Venue) -> None:
    venue.misbehaves("bust", 60, delay_ms=2_000)
    offered = venue.wires.market.snapshot("LIT_A", venue.wires.now).offers[0][1]
    qty = offered + 100
    venue.order("X", f"54=1|38={qty}|40=2|44=50.01")
    venue.said()
    venue.wires.run(2.1)
    said = venue.said()
    assert said[0].startswith("8 X H/")
    assert said[1].startswith(f"8 X 4/4 {qty}/"), "of several fills the first bust ends it"
    assert venue.wires.market.open_orders("LIT_A", "SLUICE") == []
    venue.wires.send(venue.client, "AF", "584=M1|585=7")
    assert venue.said() == ["8 - I/8 -/0/0 103=5"]


def test_a_bust_of_a_cancelled_order_leaves_it_cancelled(venue: Venue) -> None:
    venue.misbehaves("bust", 60, delay_ms=2_000)
    offered = venue.wires.market.snapshot("LIT_A", venue.wires.now).offers[0][1]
    qty = offered + 100
    venue.order("X", f"54=1|38={qty}|40=2|44=50.01")
    venue.cancel("Y", "X")
    venue.said()
    venue.wires.run(2.1)
    assert venue.said()[-1] == f"8 Y H/4 {qty}/0/0"


def test_a_correction_moves_price_and_quantity_and_the_average_with_them(venue: Venue) -> None:
    venue.misbehaves("correct", 60, ticks=3, shares_off=40)
    venue.order("X")
    venue.wires.run(1.1)
    averages, refs, ids = venue.fields("6"), venue.fields("19"), venue.fields("17")
    assert venue.said() == [
        ACK,
        FILL,
        "8 X G/1 100/60/40 +60@50.04",
        "8 X 4/4 100/60/0",
    ]
    assert averages == ["0", "50.01", "50.04", "50.04"]
    assert refs[2] == ids[1]


def test_a_correction_of_the_price_alone_ends_nothing(venue: Venue) -> None:
    venue.misbehaves("correct", 60, ticks=-1)
    venue.order("X")
    venue.wires.run(1.1)
    assert venue.said() == [ACK, FILL, "8 X G/2 100/100/0 +100@50"]


@pytest.mark.parametrize(("more", "added"), [(60, 60), (900, 100)])
def test_a_correction_that_adds_shares_ends_the_order_and_adds_what_was_left_at_most(
    venue: Venue, more: int, added: int
) -> None:
    venue.misbehaves("correct", 60, shares_more=more)
    offered = venue.wires.market.snapshot("LIT_A", venue.wires.now).offers[0][1]
    qty = offered + 100
    venue.order("X", f"54=1|38={qty}|40=2|44=50.01")
    venue.said()
    venue.wires.run(1.1)
    first, second = venue.said()[:2]
    assert first == f"8 X 4/4 {qty}/{offered}/0"
    assert second.startswith(f"8 X G/4 {qty}/{offered + added}/0 +")


@pytest.mark.parametrize(
    ("bust_ms", "correct_ms", "told"),
    [(500, 1_000, ["0/0", "F/2", "H/0", "4/4"]), (1_000, 500, ["0/0", "F/2", "G/2"])],
)
def test_an_execution_is_busted_or_corrected_but_not_both(
    venue: Venue, bust_ms: int, correct_ms: int, told: list[str]
) -> None:
    venue.misbehaves("correct", 60, ticks=1, delay_ms=correct_ms)
    venue.misbehaves("bust", 60, delay_ms=bust_ms)
    venue.order("X")
    venue.wires.run(3)
    assert [each.split()[2] for each in venue.said()] == told


# --- over_fill -----------------------------------------------------------------------------------


def test_a_filled_order_executes_beyond_its_quantity(venue: Venue) -> None:
    venue.misbehaves("over_fill", 60, qty=50)
    venue.order("X")
    assert venue.said() == [ACK, FILL, "8 X F/2 100/150/0 +50@50.01"]


def test_an_order_that_is_still_full_after_a_correction_does_not_end_by_it(venue: Venue) -> None:
    venue.misbehaves("over_fill", 60, qty=50)
    venue.misbehaves("correct", 60, shares_off=30)
    venue.order("X")
    venue.wires.run(2)
    assert venue.said() == [
        ACK,
        FILL,
        "8 X F/2 100/150/0 +50@50.01",
        "8 X G/2 100/120/0 +70@50.01",
        "8 X G/1 100/90/10 +20@50.01",
        "8 X 4/4 100/90/0",
    ]


# --- ack_after_fill ------------------------------------------------------------------------------


def test_the_acknowledgement_comes_after_the_fill_and_says_what_held_before(venue: Venue) -> None:
    venue.misbehaves("ack_after_fill", 60)
    venue.order("X")
    assert venue.said() == [FILL, ACK]


def test_an_order_that_does_not_trade_is_acknowledged_a_while_later(venue: Venue) -> None:
    venue.misbehaves("ack_after_fill", 60, delay_ms=3_000)
    venue.order("X", REST)
    venue.wires.run(2.9)
    assert venue.said() == []
    venue.wires.run(0.2)
    assert venue.said() == [ACK]


def test_no_cancel_is_told_before_the_acknowledgement(venue: Venue) -> None:
    venue.misbehaves("ack_after_fill", 60)
    venue.order("X", REST)
    venue.cancel("Y", "X")
    assert venue.said() == [
        "8 Y(X) 6/6 100/0/100",
        "8 X 0/6 100/0/100",
        "8 Y(X) 4/4 100/0/0",
    ]


# --- late_cancel_reject --------------------------------------------------------------------------


def test_a_cancel_of_a_filled_order_is_refused_long_afterwards(venue: Venue) -> None:
    venue.misbehaves("late_cancel_reject", 60, delay_ms=20_000)
    venue.misbehaves("late_execution", 60, delay_ms=1_000)
    venue.order("X")
    venue.cancel("Y", "X")
    venue.wires.run(19)
    assert venue.said() == [
        ACK,
        "8 Y(X) 6/6 100/0/100",
        "8 X F/6 100/100/0 +100@50.01",
    ]
    venue.wires.run(2)
    assert venue.said() == ["9 Y(X) 39=2 102=0 434=1"]


# --- slow ----------------------------------------------------------------------------------------


def test_everything_takes_longer_both_ways_and_nothing_overtakes(venue: Venue) -> None:
    venue.misbehaves("slow", 10, delay_ms=1_000)
    venue.wires.run(9.5)
    venue.order("X", REST)
    venue.wires.run(0.9)
    venue.cancel("Y", "X")
    venue.order("Z")
    assert venue.said() == ["8 Y(X) 6/6 100/0/100"], "the gateway, and it alone, is at once"
    venue.wires.run(0.09)
    assert venue.said() == []
    venue.wires.run(0.1)
    assert venue.said() == [
        "8 X 0/6 100/0/100",
        "8 Y(X) 4/4 100/0/0",
        "8 Z 0/0 100/0/100",
        "8 Z F/2 100/100/0 +100@50.01",
    ], "the order came at 10.5 s, after the end, and the cancel waited for it"


# --- chance --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["bust", "no_ack", "duplicate_execution", "over_fill"])
def test_what_may_happen_happens_as_often_as_it_is_said(kind: str, tmp_path: Path) -> None:
    venue = Venue(spec_of(tmp_path, CALM))
    venue.misbehaves(kind, 3_600, prob=0.3)
    for number in range(200):
        side = 1 if number % 2 else 2
        venue.order(f"X{number}", f"54={side}|38=1|40=2|44={50.01 if side == 1 else 49.99}")
        venue.wires.run(0.1)
    venue.wires.run(2)
    said = venue.said()
    plain = 400  # an acknowledgement and a fill for each order
    happened = {"bust": (len(said) - plain) / 2, "no_ack": (plain - len(said)) / 2}
    share = happened.get(kind, len(said) - plain) / 200
    # Four standard errors of a share of 0.3 in 200.
    assert abs(share - 0.3) < 4 * (0.3 * 0.7 / 200) ** 0.5, (kind, share)
