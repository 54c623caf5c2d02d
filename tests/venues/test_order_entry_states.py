"""Order states as a venue's client sees them: the scenarios of the FIX order state change matrices.

Every expected line is the matrix's own (FIX.4.4, order state changes), with quantities by hand.
"""

from __future__ import annotations

import pytest

from router.fix.versions import FIX42, FIX44, FIX50SP2, VERSIONS
from tests.venues import order_entry_desk
from tests.venues.order_entry_desk import NEW, Desk, nearest
from venues.order_entry import Cod, OrderEntryProfile


@pytest.fixture(name="spoken", params=VERSIONS, ids=lambda each: each.name, autouse=True)
def _spoken(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every scenario in every version."""
    monkeypatch.setattr(order_entry_desk, "SPOKEN", request.param)


has_request_ids = pytest.mark.parametrize("spoken", [FIX44, FIX50SP2], indirect=True)
"""FIX.4.2 has no OrderStatusReqID(790) and no OrderMassStatusRequest(AF)."""


PARTLY = "54=1|55=SYN|38={}|40=2|44=10|60=20260105-14:30:00.000"


def resting(cum_qty: int = 0, profile: OrderEntryProfile | None = None) -> Desk:
    """Order X for 1000 at 10, accepted and filled so far; what was said of it is forgotten."""
    desk = Desk(profile)
    desk.new("X")
    desk.accepted()
    if cum_qty:
        desk.filled(cum_qty, 10)
    desk.said()
    return desk


def test_a1a_an_order_is_filled_in_parts() -> None:
    desk = Desk()
    desk.new("X")
    desk.accepted()
    desk.filled(200, 10)
    desk.filled(800, 11)
    assert desk.said() == [
        "8 X 0/0 1000/0/1000",
        "8 X F/1 1000/200/800 +200@10 ~10",
        "8 X F/2 1000/1000/0 +800@11 ~10.8",
    ]
    assert desk.market.asked == ["submit 1000"]


def test_a1a_a_venue_may_say_pending_new_first() -> None:
    desk = Desk(OrderEntryProfile(pending_new=True))
    desk.new("X")
    desk.accepted()
    assert desk.said() == ["8 X A/A 1000/0/1000", "8 X 0/0 1000/0/1000"]


def test_a1a_an_order_is_refused_by_the_market() -> None:
    desk = Desk()
    desk.new("X")
    desk.rejected("2", "the session is not open")
    assert desk.said() == ["8 X 8/8 1000/0/0 103=2"]


def test_a1b_a_day_order_is_done_at_the_close() -> None:
    desk = resting(200)
    desk.expired()
    assert desk.said() == ["8 X 3/3 1000/200/0 ~10"]


def test_a_good_till_date_order_expires() -> None:
    desk = Desk()
    desk.new("X", NEW + "|59=6|126=20260105-15:00:00")
    desk.accepted()
    desk.expired()
    assert desk.said() == ["8 X 0/0 1000/0/1000", "8 X C/C 1000/0/0"]


def test_b1a_a_cancel_of_an_unfilled_order() -> None:
    desk = resting()
    desk.cancel("Y", "X")
    desk.canceled()
    assert desk.said() == ["8 Y(X) 6/6 1000/0/1000", "8 Y(X) 4/4 1000/0/0"]


def test_b1a_a_cancel_that_the_market_refuses() -> None:
    desk = resting()
    desk.cancel("Y", "X")
    desk.refused("99")
    assert desk.said() == nearest("8 Y(X) 6/6 1000/0/1000", "9 Y(X) 39=0 102=99 434=1")
    desk.cancel("Z", "X")
    desk.canceled()
    assert desk.said() == ["8 Z(X) 6/6 1000/0/1000", "8 Z(X) 4/4 1000/0/0"]


def test_b1b_a_fill_before_and_one_during_a_cancel() -> None:
    desk = resting(200)
    desk.filled(300, 10)
    desk.cancel("Y", "X")
    desk.filled(100, 10)
    desk.canceled()
    assert desk.said() == [
        "8 X F/1 1000/500/500 +300@10 ~10",
        "8 Y(X) 6/6 1000/500/500 ~10",
        "8 X F/6 1000/600/400 +100@10 ~10",
        "8 Y(X) 4/4 1000/600/0 ~10",
    ]


def test_b1c_a_cancel_comes_too_late() -> None:
    desk = resting(500)
    desk.cancel("Y", "X")
    desk.filled(500, 10)
    desk.refused("0")
    assert desk.said() == [
        "8 Y(X) 6/6 1000/500/500 ~10",
        "8 X F/6 1000/1000/0 +500@10 ~10",
        "9 Y(X) 39=2 102=0 434=1",
    ]


def test_b1c_a_cancel_of_a_filled_order_is_refused_without_asking_the_market() -> None:
    desk = resting(1000)
    desk.cancel("Y", "X")
    assert desk.said() == ["9 Y(X) 39=2 102=0 434=1"]
    assert desk.market.asked == ["submit 1000"]


def test_b1d_a_cancel_before_the_acknowledgement() -> None:
    desk = Desk()
    desk.new("X")
    desk.cancel("Y", "X")
    desk.accepted()
    desk.canceled()
    assert desk.said() == [
        "8 Y(X) 6/6 1000/0/1000",
        "8 X 0/6 1000/0/1000",
        "8 Y(X) 4/4 1000/0/0",
    ]


def test_b1d_a_cancel_of_an_order_that_the_market_then_refuses() -> None:
    desk = Desk()
    desk.new("X")
    desk.cancel("Y", "X")
    desk.rejected("99", "LAST_LOOK price moved")
    desk.refused("1")
    assert desk.said() == nearest(
        "8 Y(X) 6/6 1000/0/1000",
        "8 X 8/8 1000/0/0 103=99",
        "9 Y(X) 39=8 102=0 434=1",
    )


def test_b1f_a_cancel_of_an_unknown_order_uses_up_no_id() -> None:
    desk = Desk()
    desk.cancel("Y", "X")
    assert desk.said() == ["9 Y(X) 39=8 102=1 434=1"]
    desk.new("Y")
    desk.accepted()
    assert desk.said() == ["8 Y 0/0 1000/0/1000"]


def test_c1a_a_larger_quantity() -> None:
    desk = resting()
    desk.change("Y", "X", PARTLY.format(1200))
    desk.replaced(qty=1200, leaves=1200)
    assert desk.said() == ["8 Y(X) E/E 1000/0/1000", "8 Y(X) 5/0 1200/0/1200"]
    assert desk.market.asked == ["submit 1000", "replace #0 1200"]


def test_c1b_a_fill_during_a_replace_carries_the_old_id() -> None:
    desk = resting(100)
    desk.change("Y", "X", PARTLY.format(1200))
    desk.filled(10, 10, ref=0)
    desk.replaced(qty=1200, leaves=1090)
    desk.filled(1090, 10)
    assert desk.said() == [
        "8 Y(X) E/E 1000/100/900 ~10",
        "8 X F/E 1000/110/890 +10@10 ~10",
        "8 Y(X) 5/1 1200/110/1090 ~10",
        "8 Y F/2 1200/1200/0 +1090@10 ~10",
    ]


def test_c1c_a_replace_of_a_filled_order_is_too_late() -> None:
    desk = resting(1000)
    desk.change("Y", "X", PARTLY.format(1200))
    assert desk.said() == ["9 Y(X) 39=2 102=0 434=2"]


def test_c2a_the_order_fills_while_a_replace_is_on_its_way() -> None:
    desk = resting(100)
    desk.change("Y", "X", PARTLY.format(1000).replace("44=10", "44=9"))
    desk.filled(900, 10, ref=0)
    desk.refused("0", ref=0)
    assert desk.said() == [
        "8 Y(X) E/E 1000/100/900 ~10",
        "8 X F/E 1000/1000/0 +900@10 ~10",
        "9 Y(X) 39=2 102=0 434=2",
    ]


def test_c3a_a_smaller_quantity_with_fills_on_the_way() -> None:
    desk = resting(150)
    desk.change("Y", "X", PARTLY.format(800))
    desk.filled(10, 10, ref=0)
    desk.replaced(qty=800, leaves=640)
    desk.filled(640, 10)
    assert desk.said() == [
        "8 Y(X) E/E 1000/150/850 ~10",
        "8 X F/E 1000/160/840 +10@10 ~10",
        "8 Y(X) 5/1 800/160/640 ~10",
        "8 Y F/2 800/800/0 +640@10 ~10",
    ]


@pytest.mark.parametrize(("traded", "qty"), [(700, 700), (800, 800)])
def test_c3bc_a_quantity_at_or_below_what_has_traded_ends_the_order(traded: int, qty: int) -> None:
    desk = resting(traded)
    desk.change("Y", "X", PARTLY.format(700))
    desk.replaced(qty=qty, leaves=0)
    assert desk.said() == [
        f"8 Y(X) E/E 1000/{traded}/{1000 - traded} ~10",
        f"8 Y(X) 5/2 {qty}/{qty}/0 ~10",
    ]
    desk.cancel("Z", "Y")
    assert desk.said() == ["9 Z(Y) 39=2 102=0 434=1"]


def test_d1a_each_replace_names_the_last_accepted_id() -> None:
    desk = resting()
    desk.change("Y", "X", PARTLY.format(800))
    desk.replaced(qty=800, leaves=800)
    desk.change("Z", "Y", PARTLY.format(700))
    desk.replaced(qty=700, leaves=700)
    assert desk.said() == [
        "8 Y(X) E/E 1000/0/1000",
        "8 Y(X) 5/0 800/0/800",
        "8 Z(Y) E/E 800/0/800",
        "8 Z(Y) 5/0 700/0/700",
    ]


def test_d1c_after_a_refused_replace_the_next_names_the_order_s_own_id() -> None:
    desk = resting(100)
    desk.change("Y", "X", PARTLY.format(800))
    desk.refused("99", ref=0)
    desk.change("Z", "X", PARTLY.format(700))
    desk.replaced(qty=700, leaves=600, orig=0)
    assert desk.said() == nearest(
        "8 Y(X) E/E 1000/100/900 ~10",
        "9 Y(X) 39=1 102=99 434=2",
        "8 Z(X) E/E 1000/100/900 ~10",
        "8 Z(X) 5/1 700/100/600 ~10",
    )


def test_the_name_of_a_refused_replace_means_no_order() -> None:
    desk = resting()
    desk.change("Y", "X", PARTLY.format(800))
    desk.refused("99", ref=0)
    with pytest.raises(KeyError):
        desk.filled(100, 10, ref=1)


def test_d2d_a_second_replace_while_one_is_pending_is_refused() -> None:
    desk = resting()
    desk.change("Y", "X", PARTLY.format(800))
    desk.change("Z", "Y", PARTLY.format(700))
    desk.replaced(qty=800, leaves=800)
    assert desk.said() == [
        "8 Y(X) E/E 1000/0/1000",
        "9 Z(X) 39=E 102=3 434=2",
        "8 Y(X) 5/0 800/0/800",
    ]


def test_e1a_an_unsolicited_cancel_carries_no_orig_id() -> None:
    desk = resting(100)
    desk.canceled(unsolicited=True)
    assert desk.said() == ["8 X 4/4 1000/100/0 ~10"]


def test_an_unsolicited_cancel_overtakes_a_cancel_request() -> None:
    desk = resting(100)
    desk.cancel("Y", "X")
    desk.canceled(unsolicited=True)
    desk.refused("0")
    assert desk.said() == [
        "8 Y(X) 6/6 1000/100/900 ~10",
        "8 X 4/4 1000/100/0 ~10",
        "9 Y(X) 39=4 102=0 434=1",
    ]


def test_f1a_the_same_id_for_another_order_is_refused_with_the_first_one_s_status() -> None:
    desk = resting(200)
    desk.new("X", PARTLY.format(500))
    assert desk.said() == ["8 X 8/1 1000/200/800 ~10 103=6"]
    assert desk.market.asked == ["submit 1000"]


def test_f1b_the_same_order_again_gets_its_status_and_no_second_order() -> None:
    desk = resting(200)
    desk.new("X")
    desk.new("X", NEW + "|97=Y")
    assert desk.said() == ["8 X I/1 1000/200/800 ~10"] * 2
    assert desk.market.asked == ["submit 1000"]


def test_f1b_an_order_marked_as_possibly_resent_that_is_unknown_is_new() -> None:
    desk = Desk()
    desk.new("Y", NEW + "|97=Y")
    desk.accepted()
    assert desk.said() == ["8 Y 0/0 1000/0/1000"]


def test_f1_an_id_that_a_request_used_is_used_up() -> None:
    desk = resting()
    desk.change("Y", "X", PARTLY.format(800))
    desk.replaced(qty=800, leaves=800)
    desk.said()
    desk.new("Y", PARTLY.format(800))
    desk.cancel("X", "Y")
    assert desk.said() == nearest("8 Y 8/0 800/0/800 103=6", "9 X(Y) 39=0 102=6 434=1")


def test_a_request_that_names_a_replaced_id_is_refused() -> None:
    desk = resting()
    desk.change("Y", "X", PARTLY.format(800))
    desk.replaced(qty=800, leaves=800)
    desk.said()
    desk.cancel("Z", "X")
    assert desk.said() == nearest("9 Z(Y) 39=0 102=99 434=1")


def test_g1a_the_status_of_a_known_order() -> None:
    desk = resting(200)
    desk.client("H", "11=X|55=SYN|54=1|790=Q7")
    (answer,) = desk.answers()
    assert ("\x01790=Q7\x01" in answer.body) == (desk.version is not FIX42)
    assert "\x0117=0\x01" in answer.body
    desk.client("H", "37=LIT_A-1-1|55=SYN|54=1")
    assert desk.said() == ["8 X I/1 1000/200/800 ~10"]


def test_g1a_the_status_of_an_unknown_order() -> None:
    desk = Desk()
    desk.client("H", "11=X|55=SYN|54=1")
    (answer,) = desk.answers()
    kind = "20=3|150=8|39=8" if desk.version is FIX42 else "150=I|39=8"
    assert answer.body == (
        f"37=NONE|11=X|17=0|{kind}|103=5|55=SYN|54=1|151=0|14=0|6=0|75=20260105|"
        "60=20260105-14:30:00.000|58=unknown order|"
    ).replace("|", "\x01")


@has_request_ids
def test_g1a_mass_status_tells_every_open_order_and_marks_the_last() -> None:
    desk = Desk()
    for name in ("A", "B", "C"):
        desk.new(name)
        desk.accepted()
    desk.filled(1000, 10, ref=1)
    desk.answers()
    desk.client("AF", "584=M1|585=7")
    answers = desk.answers()
    ends = [answer.body[-len("584=M1|911=2|912=Y|") :] for answer in answers]
    assert ends == ["584=M1\x01911=2\x01912=N\x01", "584=M1\x01911=2\x01912=Y\x01"]
    assert ["\x0111=A\x01" in answers[0].body, "\x0111=C\x01" in answers[1].body] == [True, True]


@has_request_ids
def test_g1a_mass_status_of_nothing_is_one_report() -> None:
    desk = Desk()
    desk.client("AF", "584=M1|585=7")
    (answer,) = desk.answers()
    body = answer.body.replace("\x01", "|")
    assert "37=NONE|17=0|150=I|39=8|103=5|" in body
    assert body.endswith("584=M1|911=1|912=Y|")


@has_request_ids
def test_g1a_mass_status_of_another_symbol_finds_nothing() -> None:
    desk = resting()
    desk.client("AF", "584=M1|585=1|55=OTHER")
    assert desk.said() == ["8 - I/8 -/0/0 103=5"]
    desk.client("AF", "584=M1|585=1|55=SYN")
    assert desk.said() == ["8 X I/0 1000/0/1000"]


def test_i1_a_fill_or_kill_order_that_cannot_be_filled() -> None:
    desk = Desk()
    desk.new("X", NEW + "|59=4")
    desk.accepted()
    desk.canceled(unsolicited=True)
    assert desk.said() == ["8 X 0/0 1000/0/1000", "8 X 4/4 1000/0/0"]


def test_i1_an_immediate_order_that_is_filled_in_part() -> None:
    desk = Desk()
    desk.new("X", NEW + "|59=3")
    desk.accepted()
    desk.filled(300, 10)
    desk.canceled(unsolicited=True)
    assert desk.said() == [
        "8 X 0/0 1000/0/1000",
        "8 X F/1 1000/300/700 +300@10 ~10",
        "8 X 4/4 1000/300/0 ~10",
    ]


def test_a_silent_venue_answers_requests_once() -> None:
    desk = resting(profile=OrderEntryProfile(pending_reports=False))
    desk.change("Y", "X", PARTLY.format(800))
    desk.replaced(qty=800, leaves=800)
    desk.cancel("Z", "Y")
    desk.canceled()
    assert desk.said() == ["8 Y(X) 5/0 800/0/800", "8 Z(Y) 4/4 800/0/0"]


def test_orders_stay_alive_when_the_client_is_lost() -> None:
    desk = resting()
    desk.entry.lost(0)
    assert desk.market.asked == ["submit 1000"]


def test_cancel_on_disconnect_cancels_what_is_open() -> None:
    desk = resting(profile=OrderEntryProfile(cod="all"))
    desk.new("W")
    desk.accepted()
    desk.change("Y", "W", PARTLY.format(800))
    desk.said()
    desk.entry.lost(0)
    assert desk.market.asked[-1] == "cancel #0"
    desk.canceled(ref=0)
    desk.replaced(qty=800, leaves=800)
    assert desk.market.asked[-1] == "cancel #2", "the pending replace was answered, now it goes"
    desk.canceled()
    assert desk.said() == ["8 X 4/4 1000/0/0", "8 Y(W) 5/0 800/0/800", "8 Y 4/4 800/0/0"]


@pytest.mark.parametrize(
    ("cod", "asked"),
    [("none", []), ("day", ["cancel #0"]), ("all", ["cancel #0", "cancel #1", "cancel #2"])],
)
def test_good_till_orders_outlast_a_session_unless_all_are_canceled(
    cod: Cod, asked: list[str]
) -> None:
    desk = Desk(OrderEntryProfile(cod=cod))
    for name, more in (("X", ""), ("Y", "|59=1"), ("Z", "|59=6|126=20260106-14:30:00")):
        desk.new(name, NEW + more)
        desk.accepted(ref=desk.market.refs.index(desk.market.orders[-1].order_ref))
    before = len(desk.market.asked)
    desk.entry.lost(0)
    assert desk.market.asked[before:] == asked


@pytest.mark.parametrize(("cod", "cancel"), [("none", True), ("day", False), ("all", False)])
def test_once_it_may_be_otherwise(cod: Cod, cancel: bool) -> None:
    desk = resting(profile=OrderEntryProfile(cod=cod))
    desk.entry.at_next_loss(cancel=cancel)
    before = len(desk.market.asked)
    desk.entry.lost(0)
    assert len(desk.market.asked) - before == cancel
    desk.entry.lost(0)
    assert len(desk.market.asked) - before == 1, "then the profile holds again"
