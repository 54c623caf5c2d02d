"""Orders over FIX against a whole market: what the client is told is what the market did."""

from __future__ import annotations

from dataclasses import replace

import pytest

from router.fix.codec import px_text
from router.model import PX_SCALE, OrdType, Side, TimeInForce
from tests.venues.gateway_wire import MS, SPEC, START, Client, Wires
from venues.audit import AuditKind, fills
from venues.gateway_profile import GatewayProfile
from venues.market import Market
from venues.messages import Executed, VenueOrder
from venues.order_entry import OrderEntryProfile

TICK = PX_SCALE // 100
LIMIT = "40=2|54=1|38={}|44={}"


def touch(wires: Wires, mic: str = "LIT_A") -> tuple[int, int, int, int]:
    """Bid, its shares, offer, its shares."""
    book = wires.market.snapshot(mic, wires.now)
    return *book.bids[0], *book.offers[0]


@pytest.mark.parametrize("chunk", [0, 1, 7])
def test_taking_the_offer_fills_at_once(chunk: int) -> None:
    wires = Wires(chunk=chunk)
    client = wires.orders()
    _, _, offer, shown = touch(wires)
    wires.order(client, "X", LIMIT.format(shown, px_text(offer)) + "|59=3")
    qty, px = shown, px_text(offer)
    said = client.said()
    assert said[0] == f"8 X 0/0 {qty}/0/{qty}"
    assert sum(int(one.split("+")[1].split("@")[0]) for one in said[1:]) == shown
    assert all(one.endswith(f"@{px}") for one in said[1:])
    assert f" F/2 {qty}/{qty}/0 " in said[-1]


def test_an_immediate_order_takes_what_is_there_and_loses_the_rest() -> None:
    wires = Wires()
    client = wires.orders()
    _, _, offer, shown = touch(wires)
    wires.order(client, "X", LIMIT.format(shown + 100, px_text(offer)) + "|59=3")
    assert client.said()[-1] == f"8 X 4/4 {shown + 100}/{shown}/0"


def test_a_resting_order_is_replaced_and_cancelled() -> None:
    wires = Wires()
    client = wires.orders()
    bid = touch(wires)[0]
    far, farther = px_text(bid - 50 * TICK), px_text(bid - 51 * TICK)
    wires.order(client, "X", LIMIT.format(1000, far))
    wires.send(client, "H", "11=X|55=ACME|54=1")
    wires.send(client, "G", f"11=Y|41=X|55=ACME|60=20260105-14:30:00|{LIMIT.format(1200, farther)}")
    wires.send(client, "F", "11=Z|41=Y|55=ACME|54=1|60=20260105-14:30:00")
    wires.send(client, "F", "11=W|41=Y|55=ACME|54=1|60=20260105-14:30:00")
    assert client.said() == [
        "8 X 0/0 1000/0/1000",
        "8 X I/0 1000/0/1000",
        "8 Y(X) E/E 1000/0/1000",
        "8 Y(X) 5/0 1200/0/1200",
        "8 Z(Y) 6/6 1200/0/1200",
        "8 Z(Y) 4/4 1200/0/0",
        "9 W(Z) 39=4 102=0 434=1",
    ]
    assert wires.market.open_orders("LIT_A", "SLUICE") == []


def test_messages_in_one_read_are_answered_one_after_the_other() -> None:
    wires = Wires()
    client = wires.orders()
    far = px_text(touch(wires)[0] - 50 * TICK)
    body = f"55=ACME|60=20260105-14:30:00|{LIMIT.format(100, far)}"
    for msg_type, text in (
        ("D", f"11=X|{body}"),
        ("F", "11=Y|41=X|55=ACME|54=1|60=20260105-14:30:00"),
        ("D", f"11=Z|{body}"),
    ):
        client.session.send(msg_type, text.replace("|", "\x01") + "\x01", wires.now)
    wires.send(client, "H", "11=Z|55=ACME|54=1")
    assert client.said() == [
        "8 X 0/0 100/0/100",
        "8 Y(X) 6/6 100/0/100",
        "8 Y(X) 4/4 100/0/0",
        "8 Z 0/0 100/0/100",
        "8 Z I/0 100/0/100",
    ]


def test_the_market_s_own_refusals_reach_the_client() -> None:
    wires = Wires()
    client = wires.orders()
    wires.order(client, "OFF_TICK", LIMIT.format(100, "49.005"))
    wires.order(client, "ZERO", LIMIT.format(0, "49"))
    wires.order(client, "MIN_QTY", LIMIT.format(100, "49") + "|110=50")
    wires.send(client, "D", f"11=SYM|55=OTHER|60=20260105-14:30:00|{LIMIT.format(100, '49')}")
    assert client.said() == [
        "8 OFF_TICK 8/8 100/0/0 103=99",
        "8 ZERO 8/8 0/0/0 103=13",
        "8 MIN_QTY 8/8 100/0/0 103=11",
        "8 SYM 8/8 100/0/0 103=1",
    ]


def test_nothing_trades_after_the_close() -> None:
    last_minute = SPEC.session.model_copy(update={"from_": "15:59:00"})
    wires = Wires(spec=replace(SPEC, session=last_minute))
    client = wires.orders()
    far = px_text(touch(wires)[0] - 500 * TICK)
    wires.order(client, "X", LIMIT.format(100, far))
    wires.cut(client)
    wires.now = wires.market.closes_at
    wires.gateways.tick(wires.now)
    wires.connect(client)
    wires.order(client, "Y", LIMIT.format(100, far))
    assert client.said() == [
        "8 X 0/0 100/0/100",
        "!8 X 3/3 100/0/0",
        "8 Y 8/8 100/0/0 103=2",
    ]


def test_two_venues_know_nothing_of_one_another() -> None:
    wires = Wires()
    one, two = wires.orders("LIT_A"), wires.orders("LIT_B")
    far = px_text(touch(wires)[0] - 50 * TICK)
    wires.order(one, "X", LIMIT.format(100, far))
    wires.order(two, "X", LIMIT.format(200, far))
    wires.send(one, "F", "11=Y|41=X|55=ACME|54=1|60=20260105-14:30:00")
    wires.send(two, "AF", "584=M|585=7")
    assert one.said() == ["8 X 0/0 100/0/100", "8 Y(X) 6/6 100/0/100", "8 Y(X) 4/4 100/0/0"]
    assert two.said() == ["8 X 0/0 200/0/200", "8 X I/0 200/0/200"]


def test_a_resting_order_is_filled_while_the_client_is_away() -> None:
    wires = Wires(seed=5)
    client = wires.orders()
    bid, _, offer, _ = touch(wires)
    assert offer - bid > TICK, "this seed opens with room inside the spread"
    wires.order(client, "X", LIMIT.format(100, px_text(bid + TICK)))
    assert client.said() == ["8 X 0/0 100/0/100"]
    wires.cut(client)
    wires.run(120)
    (fill,) = fills(wires.audit.records)
    assert (fill.cl_ord_id, fill.qty, fill.px, fill.leaves_qty) == ("X", 100, bid + TICK, 0)
    assert fill.time > START + 50 * MS
    wires.connect(client)
    assert client.said() == [f"!8 X F/2 100/100/0 +100@{px_text(bid + TICK)}"]
    wires.cut(client)
    wires.connect(client)
    assert client.said() == [], "what was received once is not sent again"


def test_orders_of_a_lost_client_are_cancelled_where_the_venue_does_so() -> None:
    profile = GatewayProfile(order_entry=OrderEntryProfile(cod="all"))
    wires = Wires(profile=profile)
    client = wires.orders()
    wires.order(client, "X", LIMIT.format(100, px_text(touch(wires)[0] - 50 * TICK)))
    wires.cut(client)
    assert wires.market.open_orders("LIT_A", "SLUICE") == []
    wires.connect(client)
    assert client.said() == ["8 X 0/0 100/0/100", "!8 X 4/4 100/0/0"]


def test_the_account_agrees_with_what_the_client_was_told() -> None:
    wires = Wires(seed=2)
    client = wires.orders()
    for number in range(30):
        bid, _, offer, _ = touch(wires)
        side, px = ("1", offer) if number % 2 else ("2", bid)
        wires.order(client, f"C{number}", f"40=2|54={side}|38=300|44={px_text(px)}|59=3")
        wires.order(client, f"R{number}", f"40=2|54={side}|38=100|44={px_text(px)}")
        wires.run(2)
    reports = [one for one in client.messages if one.msg_type == "8"]
    told = [
        (one.get("17"), one.get("11"), one.get("150"), int(one.get("14")), one.get("32", "0"))
        for one in reports
    ]
    noted = [
        (one.exec_id, one.cl_ord_id, one.exec_type, one.cum_qty, str(one.qty))
        for one in wires.audit.records
        if one.kind is AuditKind.EXECUTION
    ]
    assert told == noted
    assert len(fills(wires.audit.records)) > 30
    ids = [one.get("17") for one in reports]
    assert len(set(ids)) == len(ids)


def test_fix_and_the_market_s_own_door_give_the_same_fills() -> None:
    wires, seed = Wires(seed=9), 9
    client = wires.orders()
    direct = Market(SPEC, seed=seed, start=START)
    theirs = []
    for number in range(20):
        wires.order(client, f"C{number}", "40=1|54=1|38=200|59=3")
        order = VenueOrder(
            f"C{number}", "ACME", Side.BUY, 200, OrdType.MARKET, TimeInForce.IOC, None, owner="S"
        )
        direct.submit("LIT_A", order, wires.now)
        wires.run(1)
        theirs += [one for one in direct.take() if isinstance(one, Executed)]
    ours = [(one.time, one.qty, one.px) for one in fills(wires.audit.records)]
    assert ours == [(one.at, one.qty, one.px) for one in theirs]
    assert len(ours) >= 20


def test_one_seed_makes_one_history_byte_for_byte() -> None:
    histories = []
    for _ in range(2):
        wires = Wires(seed=4)
        client, data = wires.orders(), wires.data()
        for number in range(5):
            wires.order(client, f"C{number}", "40=1|54=1|38=300|59=3")
            wires.run(3)
        histories.append([repr(one) for one in client.messages + data.messages])
    assert histories[0] == histories[1]
    assert len(histories[0]) > 20


def test_a_restarted_venue_goes_on_counting_and_knows_no_order() -> None:
    wires = Wires()
    client = wires.orders()
    far = px_text(touch(wires)[0] - 50 * TICK)
    wires.order(client, "X", LIMIT.format(100, far))
    before = client.messages[-1].get("17")
    wires.cut(client)
    client.said()
    again = Wires(numbers=wires.gateways.numbers, start=wires.now)
    again.connect(client)
    again.send(client, "AF", "584=M|585=7")
    again.order(client, "Y", LIMIT.format(100, far))
    after = client.messages[-1].get("17")
    assert client.said() == ["8 - I/8 -/0/0 103=5", "8 Y 0/0 100/0/100"]
    assert client.session.logged_on
    assert after != before


def test_frames_that_a_restart_has_lost_are_gap_filled() -> None:
    wires = Wires(seed=5)
    client = wires.orders()
    bid = touch(wires)[0]
    wires.order(client, "X", LIMIT.format(100, px_text(bid + TICK)))
    wires.cut(client)
    client.said()
    wires.run(120)
    assert len(fills(wires.audit.records)) == 1
    expected = client.session.next_in
    again = Wires(numbers=wires.gateways.numbers, start=wires.now)
    again.connect(client)
    assert client.said() == []
    assert client.session.next_in > expected + 1, "the lost report's number was filled over"
    again.send(client, "H", "11=X|55=ACME|54=1")
    assert client.said() == ["8 X I/8 -/0/0 103=5"]


def test_a_bare_client_reads_the_bytes_of_the_wire() -> None:
    """A Logon and its answer, built by hand: BodyLength and CheckSum by arithmetic."""
    wires = Wires()
    conn = wires.open("LIT_A")
    body = b"35=A|34=1|49=SLUICE|52=20260105-14:30:00.000|56=LIT_A|98=0|108=30|"
    frame = b"8=FIX.4.4|9=%d|" % len(body) + body
    frame = frame.replace(b"|", b"\x01")
    frame += b"10=%03d\x01" % (sum(frame) % 256)
    wires.write(conn, frame)
    answer = b"35=A|34=1|49=LIT_A|52=20260105-14:30:00.000|56=SLUICE|98=0|108=30|"
    expected = (b"8=FIX.4.4|9=%d|" % len(answer) + answer).replace(b"|", b"\x01")
    assert wires.raw[conn] == expected + b"10=%03d\x01" % (sum(expected) % 256)


def test_a_client_of_another_name_has_its_own_profile() -> None:
    wires = Wires(profile=GatewayProfile(client="ROUTER_B", data_client="ROUTER_B.MD"))
    client = wires.connect(Client("LIT_A", "ROUTER_B"))
    wires.order(client, "X", LIMIT.format(100, "40"))
    assert client.said() == ["8 X 0/0 100/0/100"]
