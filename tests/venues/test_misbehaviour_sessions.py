"""Misbehaviour of venues with sessions and market data, as it arrives over FIX."""

from __future__ import annotations

from pathlib import Path

import pytest

import config
from tests.venues.gateway_wire import SECOND, SPEC, SUBSCRIBE, Client, Wires
from tests.venues.market_data_reader import Levels
from tests.venues.simulated import CALM, spec_of
from venues.gateway_profile import GatewayProfile
from venues.market_file import MarketSpec, read_market
from venues.misbehaviour import kinds
from venues.order_entry import OrderEntryProfile

TAKE = "54=1|38=100|40=2|44=50.01"
REST = "54=1|38=100|40=2|44=49.90"


def misbehave(
    wires: Wires, kind: str, seconds: float, mic: str = "LIT_A", /, **detail: object
) -> int:
    """From now on; returns when it ends."""
    until = wires.now + round(seconds * SECOND)
    what = kinds()[kind].from_document(detail)
    wires.market.misbehaviours.start(what, mic, wires.now, until)
    return until


@pytest.fixture
def calm(tmp_path: Path) -> MarketSpec:
    return spec_of(tmp_path, CALM)


# --- md_stale ------------------------------------------------------------------------------------


def levels(client: Client) -> tuple[Levels, Levels]:
    """The book as a client of market data knows it."""
    return client.book.levels


def truth(wires: Wires, mic: str = "LIT_A") -> tuple[Levels, Levels]:
    book = wires.market.venue(mic).snapshot(wires.now)
    return book.bids, book.offers


def test_frozen_data_stands_still_and_is_brought_up_to_date() -> None:
    wires = Wires(spec=SPEC)
    client = wires.data()
    other = wires.data("LIT_B")
    wires.run(5)
    before, client.messages, other.messages = levels(client), [], []
    misbehave(wires, "md_stale", 120)
    wires.run(119.9)
    assert client.messages == []
    assert client.session.logged_on, "heartbeats go on: else this end had hung up after 72 s"
    assert "X" in {each.msg_type for each in other.messages}, "another venue's data go on"
    assert levels(client) == before != truth(wires)
    wires.run(0.2)
    assert levels(client) == truth(wires)


def test_what_traded_while_data_were_frozen_is_told_in_the_end(calm: MarketSpec) -> None:
    wires = Wires(spec=calm)
    client, orders = wires.data(), wires.orders()
    misbehave(wires, "md_stale", 60)
    for name in ("X", "Y"):
        wires.order(orders, name, TAKE)
    client.messages.clear()
    wires.run(61)
    trades = [each.fields for each in client.messages if each.fields.get("269") == "2"]
    assert [(each["270"], each["271"], each["5101"]) for each in trades] == [("50.01", "200", "1")]


def test_data_that_are_frozen_again_meanwhile_are_brought_up_to_date_in_between() -> None:
    wires = Wires(spec=SPEC)
    client = wires.data()
    misbehave(wires, "md_stale", 60)
    wires.run(20)
    misbehave(wires, "md_stale", 60, mode="repeat")
    wires.run(0.05)
    between = levels(client)
    wires.run(50)
    assert levels(client) == between, "the end of the first is not the end of the second"
    wires.run(10.1)
    assert levels(client) == truth(wires) != between


def test_a_halt_that_stale_data_do_not_tell_is_told_in_the_end(calm: MarketSpec) -> None:
    wires = Wires(spec=calm)
    client = wires.data()
    misbehave(wires, "md_stale", 20)
    wires.run(1)
    wires.market.halt(wires.now, until=wires.now + 60 * SECOND, auction=False, text="news")
    client.messages.clear()
    wires.run(18)
    assert client.messages == []
    wires.run(2)
    assert [each.fields["326"] for each in client.messages if each.msg_type == "f"] == ["2"]


def test_who_subscribes_to_frozen_data_gets_the_old_book(calm: MarketSpec) -> None:
    wires = Wires(spec=calm)
    before = truth(wires)
    misbehave(wires, "md_stale", 60)
    orders = wires.orders()
    wires.order(orders, "X", REST.replace("49.90", "50.00"))
    client = wires.data()
    assert levels(client) == before != truth(wires)
    wires.run(61)
    assert levels(client) == truth(wires)


def test_repeated_data_look_alive_and_say_nothing_new(calm: MarketSpec) -> None:
    wires = Wires(spec=calm)
    client, orders = wires.data(), wires.orders()
    before = levels(client)
    misbehave(wires, "md_stale", 60, mode="repeat")
    client.messages.clear()
    for number in range(5):
        wires.order(orders, f"X{number}", REST.replace("49.90", f"49.9{5 + number}"))
    assert [each.msg_type for each in client.messages] == ["X"] * 5
    assert levels(client) == before != truth(wires)
    wires.run(61)
    assert levels(client) == truth(wires)


def test_a_session_that_hangs_is_given_up_by_its_client_and_lets_nobody_in(
    calm: MarketSpec,
) -> None:
    wires = Wires(spec=calm)
    client = wires.data()
    misbehave(wires, "md_stale", 120, heartbeats=False)
    wires.run(71)
    assert not client.session.wants_close
    wires.run(2)
    assert client.session.wants_close, "after 2.4 times 30 s without a word"
    wires.cut(client)
    retry(wires, client)
    assert client.conn is None
    wires.run(50)
    retry(wires, client)
    assert client.session.logged_on


def test_a_session_that_hangs_for_a_while_then_answers_what_it_was_asked(
    calm: MarketSpec,
) -> None:
    wires = Wires(spec=calm)
    client, orders = wires.data(), wires.orders()
    misbehave(wires, "md_stale", 50, heartbeats=False)
    wires.run(1)
    wires.order(orders, "X", TAKE)
    wires.send(client, "V", SUBSCRIBE.replace("262=R1", "262=R2"))
    client.messages.clear()
    wires.run(48)
    assert client.messages == []
    assert levels(client) != truth(wires)
    wires.run(2)
    assert {each.msg_type for each in client.messages} == {"W", "X"}
    assert levels(client) == truth(wires)
    wires.run(60)
    assert client.session.logged_on


def test_a_session_hangs_no_longer_when_something_else_takes_its_place(calm: MarketSpec) -> None:
    wires = Wires(spec=calm)
    client, orders = wires.data(), wires.orders()
    misbehave(wires, "md_stale", 50, heartbeats=False)
    wires.run(1)
    wires.order(orders, "X", TAKE)
    misbehave(wires, "md_stale", 50, mode="repeat")
    wires.run(1)
    assert client.book.trades == [(5_001_000_000, 100, 1)]
    wires.send(client, "V", SUBSCRIBE.replace("262=R1", "262=R2"))
    assert [each.msg_type for each in client.messages][-1] == "W"


def test_a_dealer_s_stale_quote_stream_ends_with_its_newest_quote() -> None:
    wires = Wires(spec=SPEC)
    client = wires.data("SDP_1")
    misbehave(wires, "md_stale", 30, "SDP_1")
    client.messages.clear()
    wires.run(29.9)
    assert "S" not in {each.msg_type for each in client.messages}
    wires.run(0.1)
    (first, *_) = [each for each in client.messages if each.msg_type == "S"]
    bid, offer = wires.market.nbbo
    assert first.fields["132"] != first.fields["133"]
    assert abs(float(first.fields["132"]) * 1e8 - bid) < 5e6, "of now, not of 30 s ago"
    assert abs(float(first.fields["133"]) * 1e8 - offer) < 5e6


def test_that_quotes_were_withdrawn_meanwhile_is_told_in_the_end(calm: MarketSpec) -> None:
    wires = Wires(spec=calm)
    client = wires.data("SDP_1")
    misbehave(wires, "md_stale", 20, "SDP_1")
    for mic in ("LIT_A", "LIT_B", "LIT_C"):
        wires.order(wires.orders(mic), "X", "54=2|38=1000000|40=1|59=3")
    client.messages.clear()
    wires.run(19)
    assert client.messages == []
    assert wires.market.nbbo[0] == 0, "without a bid a dealer does not quote"
    wires.run(1)
    assert [each.msg_type for each in client.messages] == ["Z"]


def test_a_dealer_s_repeated_quote_is_always_the_same() -> None:
    wires = Wires(spec=SPEC)
    client = wires.data("SDP_1")
    misbehave(wires, "md_stale", 30, "SDP_1", mode="repeat")
    client.messages.clear()
    wires.run(29)
    told = [each.fields["117"] for each in client.messages if each.msg_type == "S"]
    assert len(told) > 10
    assert len(set(told)) == 1


# --- session_drop --------------------------------------------------------------------------------


def retry(wires: Wires, client: Client) -> None:
    """Call and log on again; at the end of an outage it works."""
    wires.connect(client)


def test_the_connection_is_gone_and_nobody_is_let_in_before_the_end(calm: MarketSpec) -> None:
    wires = Wires(spec=calm)
    client = wires.orders()
    data = wires.data()
    misbehave(wires, "session_drop", 30)
    wires.run(0.05)
    assert client.conn is None
    assert data.conn is not None, "market data go on"
    assert [each.msg_type for each in client.messages] == [], "without a Logout"
    wires.run(29)
    retry(wires, client)
    assert client.conn is None
    assert not client.session.logged_on
    wires.run(2)
    retry(wires, client)
    assert client.session.logged_on


def test_orders_live_on_and_what_happened_to_them_is_resent(calm: MarketSpec) -> None:
    wires = Wires(spec=calm)
    client = wires.orders()
    wires.order(client, "X", REST)
    wires.order(client, "Z", REST)
    client.said()
    misbehave(wires, "session_drop", 10)
    wires.run(0.05)
    (first, _) = wires.market.open_orders("LIT_A", "SLUICE")
    wires.market.cancel("LIT_A", first.order.order_ref, wires.now)
    wires.run(11)
    retry(wires, client)
    assert client.said() == ["!8 X 4/4 100/0/0"]
    assert len(wires.market.open_orders("LIT_A", "SLUICE")) == 1


def test_cancel_on_disconnect_cancels_what_is_open(calm: MarketSpec) -> None:
    wires = Wires(spec=calm)
    client = wires.orders()
    wires.order(client, "X", REST)
    client.said()
    misbehave(wires, "session_drop", 10, cancel_on_disconnect=True)
    wires.run(0.05)
    assert wires.market.open_orders("LIT_A", "SLUICE") == []
    wires.run(11)
    retry(wires, client)
    assert client.said() == ["!8 X 4/4 100/0/0"]


def outage(wires: Wires, orders: int, **detail: object) -> Client:
    """Fills and cancels of an outage of which numbers are gap-filled, to a client that is back."""
    client = wires.orders()
    for number in range(orders):
        wires.order(client, f"X{number}", REST)
        wires.order(client, f"T{number}", TAKE.replace("38=100", "38=1"))
    client.said()
    misbehave(wires, "bust", 3_600, delay_ms=500)
    for number in range(orders):
        wires.order(client, f"B{number}", TAKE.replace("38=100", "38=1"))
    client.said()
    misbehave(wires, "session_drop", 10, **detail)
    wires.run(0.05)
    for state in wires.market.open_orders("LIT_A", "SLUICE"):
        wires.market.cancel("LIT_A", state.order.order_ref, wires.now)
    wires.run(11)
    retry(wires, client)
    return client


def told_again(said: list[str], kind: str) -> int:
    return sum(each.startswith("!") and f" {kind}/" in each for each in said)


def test_some_numbers_of_an_outage_are_filled_and_executions_follow_late(calm: MarketSpec) -> None:
    wires = Wires(spec=calm)
    client = outage(wires, 100, gap_fills=True, gap_prob=0.4, late_ms=3_000)
    said = client.said()
    # Of each order: a cancel, or a bust and a cancel. Four standard errors of 0.4 in 100 and 200.
    assert abs(told_again(said, "H") - 60) < 20
    assert abs(told_again(said, "4") - 120) < 28
    wires.run(2.9)
    assert client.said() == []
    wires.run(0.2)
    late = client.said()
    assert all(" H/0 1/0/1" in each and not each.startswith("!") for each in late)
    assert len(late) + told_again(said, "H") == 100, "no execution is lost"


def test_without_a_resend_every_number_is_filled_and_a_status_tells_the_rest(
    calm: MarketSpec,
) -> None:
    wires = Wires(spec=calm)
    client = outage(wires, 3, resend_on_logon=False, late_ms=0)
    wires.run(0.1)
    assert [each.split()[2] for each in client.said()] == ["H/0"] * 3
    wires.send(client, "H", "11=X0|55=ACME|54=1")
    assert client.said() == ["8 X0 I/4 100/0/0"]


def test_no_bust_is_told_before_the_fill_that_an_outage_has_lost(calm: MarketSpec) -> None:
    wires = Wires(spec=calm)
    client = wires.orders()
    misbehave(wires, "late_execution", 60, delay_ms=1_000)
    misbehave(wires, "bust", 60, delay_ms=3_000)
    wires.order(client, "X", TAKE)
    client.said()
    misbehave(wires, "session_drop", 2, resend_on_logon=False, late_ms=5_000)
    wires.run(2.1)
    retry(wires, client)
    wires.run(4.9)
    assert client.said() == ["8 X 4/4 100/0/0"], "the bust, and the end, were at 4 s"
    wires.run(0.2)
    assert client.said() == ["8 X F/2 100/100/0 +100@50.01", "8 X H/0 100/0/100"]


def test_the_numbers_of_both_sides_agree_after_an_outage_with_gaps(calm: MarketSpec) -> None:
    wires = Wires(spec=calm)
    client = outage(wires, 10, gap_fills=True)
    wires.run(5)
    theirs = wires.gateways.numbers.numbers("LIT_A", "SLUICE")
    assert (client.session.next_out, client.session.next_in) == theirs
    wires.cut(client)
    client.said()
    retry(wires, client)
    assert client.said() == [], "nothing is told a third time"


def test_an_order_with_a_replace_under_way_when_the_client_goes_is_cancelled_then() -> None:
    spec = read_market(Path(config.__file__).parent / "markets" / "baseline.yaml")
    profile = GatewayProfile(order_entry=OrderEntryProfile(cod="all"))
    wires = Wires(spec=spec, profile=profile)
    client = wires.orders()
    wires.order(client, "X", REST)
    wires.run(0.2)
    wires.send(client, "G", f"11=Y|41=X|55=ACME|60=20260105-14:30:00|{REST.replace('100', '200')}")
    wires.cut(client)
    assert len(wires.market.open_orders("LIT_A", "SLUICE")) == 1, "messages take their time"
    wires.run(0.2)
    assert wires.market.open_orders("LIT_A", "SLUICE") == []
