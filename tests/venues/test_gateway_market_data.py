"""Market data and quotes over FIX sessions against a whole market."""

from __future__ import annotations

from decimal import Decimal

import pytest

from router.fix.codec import px_text
from router.model import PX_SCALE
from tests.venues.gateway_wire import MS, START, Wires
from venues.audit import fills
from venues.market_data import BACKLOG_SOFT

LIT = ("LIT_A", "LIT_B", "LIT_C")


@pytest.mark.parametrize(("seed", "chunk"), [(1, 0), (2, 5), (3, 0)])
def test_books_rebuilt_over_fix_are_the_market_s_own(seed: int, chunk: int) -> None:
    wires = Wires(seed=seed, chunk=chunk)
    readers = {mic: wires.data(mic) for mic in LIT}
    client = wires.orders("LIT_B")
    for number in range(40):
        wires.run(0.5, step=25 * MS)
        side = "12"[number % 2]
        wires.order(client, f"C{number}", f"40=1|54={side}|38=500|59=3")
        for mic, reader in readers.items():
            shown = wires.market.snapshot(mic, wires.now)
            assert reader.book.levels == (shown.bids, shown.offers), (seed, number, mic)
    assert [reader.book.snapshots for reader in readers.values()] == [1, 1, 1]


def test_our_own_trade_is_printed_with_its_aggressor() -> None:
    wires = Wires()
    reader, client = wires.data(), wires.orders()
    wires.order(client, "X", "40=1|54=2|38=100|59=3")
    (fill,) = fills(wires.audit.records)
    assert reader.book.trades == [(fill.px, 100, -1)]


def test_a_reader_that_falls_behind_ends_up_with_the_right_book() -> None:
    wires = Wires(seed=6)
    reader = wires.data()
    assert reader.conn is not None
    wires.gateways.backlog(reader.conn, BACKLOG_SOFT + 1, wires.now)
    before = len(reader.messages)
    wires.run(60)
    assert not [one for one in reader.messages[before:] if one.msg_type in "WX"]
    wires.gateways.backlog(reader.conn, 0, wires.now)
    wires.run(5)
    shown = wires.market.snapshot("LIT_A", wires.now)
    assert reader.book.levels == (shown.bids, shown.offers)
    assert reader.book.snapshots == 2


def test_order_messages_are_never_conflated() -> None:
    wires = Wires()
    client = wires.orders()
    assert client.conn is not None
    wires.gateways.backlog(client.conn, BACKLOG_SOFT + 1, wires.now)
    wires.order(client, "X", "40=2|54=1|38=100|44=40")
    assert client.said() == ["8 X 0/0 100/0/100"]


def test_a_reader_that_comes_back_counts_from_one_and_subscribes_again() -> None:
    wires = Wires(seed=6)
    reader = wires.data()
    wires.run(20)
    wires.cut(reader)
    wires.run(20)
    wires.connect(reader)
    assert reader.session.next_in == 2
    wires.send(reader, "V", "262=R1|263=1|264=0|265=1|267=3|269=0|269=1|269=2|146=1|55=ACME")
    wires.run(20)
    shown = wires.market.snapshot("LIT_A", wires.now)
    assert reader.book.levels == (shown.bids, shown.offers)
    assert not [one for one in reader.messages if one.get("43") == "Y"]


def test_a_reader_that_lost_a_message_gets_a_fresh_book() -> None:
    wires = Wires(seed=6)
    reader = wires.data()
    wires.run(10)
    assert reader.book.snapshots == 1
    # A ResendRequest(2) for all that was sent: nothing of it is kept, a snapshot takes its place.
    assert reader.conn is not None
    wires.gateways.received(
        reader.conn, _frame(f"35=2|34={reader.session.next_out}|7=1|16=0", wires.now), wires.now
    )
    wires.run(5)
    shown = wires.market.snapshot("LIT_A", wires.now)
    assert reader.book.levels == (shown.bids, shown.offers)
    assert reader.book.snapshots == 2


def _frame(text: str, now: int) -> bytes:
    assert now % 1_000_000 == 0
    stamp = f"52=20260105-14:30:{(now - START) // 1_000_000_000:02d}.000"
    body = f"{text}|49=SLUICE.MD|{stamp}|56=LIT_A|".replace("|", "\x01").encode()
    frame = b"8=FIX.4.4\x019=%d\x01" % len(body) + body
    return frame + b"10=%03d\x01" % (sum(frame) % 256)


def test_a_streamed_quote_is_hit_by_the_order_session() -> None:
    wires = Wires(seed=1)
    quotes, client = wires.data("SDP_1"), wires.orders("SDP_1")
    (first,) = [one for one in quotes.messages if one.msg_type == "S"]
    assert first.get("131") == ""
    assert Decimal(first.get("132")) < Decimal(first.get("133"))
    hit = f"40=D|54=1|38=100|44={first.get('133')}|117={first.get('117')}|59=4"
    wires.order(client, "X", hit)
    (fill,) = fills(wires.audit.records)
    assert fill.px is not None
    assert px_text(fill.px) == first.get("133")
    assert client.said() == [
        "8 X 0/0 100/0/100",
        f"8 X F/2 100/100/0 +100@{first.get('133')}",
    ]


def test_streamed_quotes_follow_the_market_and_stop_with_the_subscription() -> None:
    wires = Wires(seed=1)
    quotes = wires.data("SDP_1")
    wires.run(30)
    stream = [one.get("117") for one in quotes.messages if one.msg_type == "S"]
    assert len(stream) == len(set(stream))
    assert len(stream) > 3
    wires.send(quotes, "V", "262=R1|263=2|264=0|267=1|269=0|146=1|55=ACME")
    quotes.messages.clear()
    wires.run(30)
    assert [one for one in quotes.messages if one.msg_type == "S"] == []


def test_a_quote_on_request_echoes_the_request_and_is_dealt_on() -> None:
    wires = Wires(seed=1)
    client = wires.orders("SDP_1")
    wires.send(client, "R", "131=R7|146=1|55=ACME|54=2|38=200")
    (quote,) = client.messages
    assert (quote.msg_type, quote.get("131"), quote.get("134")) == ("S", "R7", "200")
    client.said()
    bid = quote.get("132")
    wires.order(client, "X", f"40=D|54=2|38=200|44={bid}|117={quote.get('117')}|59=4")
    assert client.said()[-1] == f"8 X F/2 200/200/0 +200@{bid}"


def test_a_dealer_that_looks_last_answers_after_its_hold() -> None:
    wires = Wires(seed=1)
    client = wires.orders("SDP_2")
    wires.send(client, "R", "131=R7|146=1|55=ACME|54=1|38=100")
    (quote,) = client.messages
    client.said()
    px, name = quote.get("133"), quote.get("117")
    wires.order(client, "X", f"40=D|54=1|38=100|44={px}|117={name}|59=4")
    wires.send(client, "F", "11=Y|41=X|55=ACME|54=1|60=20260105-14:30:00")
    assert client.said() == ["8 Y(X) 6/6 100/0/100", "9 Y(X) 39=A 102=0 434=1"]
    wires.run(0.1, step=10 * MS)
    answer = client.said()
    assert answer in (
        ["8 X 0/0 100/0/100", f"8 X F/2 100/100/0 +100@{px}"],
        ["8 X 8/8 100/0/0 103=99"],
    )


def test_a_venue_without_quotes_refuses_the_request() -> None:
    wires = Wires()
    client = wires.orders("LIT_A")
    wires.send(client, "R", "131=R7|146=1|55=ACME|54=2|38=200")
    (refusal,) = client.messages
    assert (refusal.msg_type, refusal.get("131"), refusal.get("658")) == ("AG", "R7", "99")


def test_an_order_on_a_quote_that_does_not_stand_is_refused() -> None:
    wires = Wires()
    client = wires.orders("SDP_1")
    wires.order(client, "X", "40=D|54=1|38=100|44=50|117=NO_SUCH|59=4")
    assert client.said() == ["8 X 8/8 100/0/0 103=99"]


def test_a_dark_pool_shows_nothing_and_fills_at_the_middle() -> None:
    wires = Wires(seed=3)
    reader, client = wires.data("DARK_A"), wires.orders("DARK_A")
    wires.order(client, "X", "40=P|54=1|38=5000")
    wires.run(600, step=250 * MS)
    assert reader.book.levels == ((), ())
    found = fills(wires.audit.records)
    assert found, "ten minutes at the middle meet somebody"
    assert all((one.px or 1) % (PX_SCALE // 200) == 0 for one in found), "half ticks at finest"
    assert client.said()[-1].startswith("8 X F/")
