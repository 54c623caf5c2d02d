"""Connections: who may log on, who is dropped, and what hostile or broken bytes cost."""

from __future__ import annotations

from router.fix.codec import encode, time_text
from router.fix.lobby import STRANGERS_MAX
from router.fix.reception import BEFORE_LOGON_MAX
from tests.venues.gateway_wire import MS, SECOND, Client, Wires
from venues.gateway import BACKLOG_HARD

NAMED = (("X", 100), ("Y", 200), ("Z", 300))


def logon(wires: Wires, *, sender: str = "SLUICE", target: str = "LIT_A", seq: int = 1) -> bytes:
    header = f"34={seq}\x0149={sender}\x0152={time_text(wires.now)}\x0156={target}\x01"
    return encode("FIX.4.4", "A", header, "98=0\x01108=30\x01")


def dropped_silently(wires: Wires, data: bytes) -> bool:
    conn = wires.open("LIT_A")
    wires.write(conn, data)
    return wires.closed[-1:] == [conn] and conn not in wires.raw


def test_who_is_not_known_is_dropped_without_a_word() -> None:
    wires = Wires()
    assert dropped_silently(wires, logon(wires, sender="NOBODY"))
    assert dropped_silently(wires, logon(wires, target="LIT_B"))
    assert dropped_silently(wires, logon(wires).replace(b"8=FIX.4.4", b"8=FIX.4.2"))
    assert dropped_silently(wires, encode("FIX.4.4", "0", "34=1\x0149=SLUICE\x0156=LIT_A\x01", ""))
    assert dropped_silently(wires, b"GET / HTTP/1.1\r\n\r\n" * 2)
    assert dropped_silently(wires, b"8=FIX.4.4\x019=%d\x01" % BEFORE_LOGON_MAX + b"x" * 10)
    wires.orders()  # and none of them has spent a number of the session's
    assert wires.gateways.numbers.numbers("LIT_A", "SLUICE") == (2, 2)


def test_a_second_connection_of_a_live_session_is_dropped_without_a_word() -> None:
    wires = Wires()
    client = wires.orders()
    assert dropped_silently(wires, logon(wires, seq=2))
    wires.order(client, "X", "40=2|54=1|38=100|44=40")
    assert client.said() == ["8 X 0/0 100/0/100"]


def test_orders_and_data_are_two_sessions_of_one_venue() -> None:
    wires = Wires()
    orders, data = wires.orders(), wires.data()
    wires.order(data, "X", "40=2|54=1|38=100|44=40")
    wires.send(orders, "V", "262=R1|263=1|264=0|265=1|267=1|269=0|146=1|55=ACME")
    assert data.said() == ["j"]
    assert orders.said() == ["j"]


def test_who_says_nothing_is_dropped_after_ten_seconds() -> None:
    wires = Wires()
    conn = wires.open("LIT_A")
    slow = wires.open("LIT_A")
    wires.write(slow, logon(wires)[:20])
    wires.run(9.9, step=100 * MS)
    assert wires.closed == []
    wires.run(0.2, step=100 * MS)
    assert wires.closed == [conn, slow]


def test_strangers_are_bounded() -> None:
    wires = Wires()
    conns = [wires.open("LIT_A") for _ in range(STRANGERS_MAX + 2)]
    assert wires.closed == conns[STRANGERS_MAX:]
    other = wires.open("LIT_B")
    assert other not in wires.closed


def test_garbled_bytes_cost_nothing_but_themselves() -> None:
    wires = Wires()
    client = wires.orders()
    assert client.conn is not None
    good = encode("FIX.4.4", "0", "34=2\x0149=SLUICE\x0156=LIT_A\x01", "")
    wires.gateways.received(client.conn, good[:-4] + b"999\x01", wires.now)
    wires.gateways.received(client.conn, b"\x00\xff garbage \x01\x01", wires.now)
    wires.order(client, "X", "40=2|54=1|38=100|44=40")
    assert client.said() == ["8 X 0/0 100/0/100"]


def test_an_order_that_garbled_bytes_have_swallowed_comes_again_by_resend() -> None:
    wires = Wires()
    client = wires.orders()
    assert client.conn is not None
    wires.gateways.received(client.conn, b"8=FIX.4.4\x019=150\x0135=D\x01", wires.now)
    wires.order(client, "X", "40=2|54=1|38=100|44=40")
    assert client.said() == []
    wires.order(client, "Y", "40=2|54=1|38=200|44=40")
    wires.order(client, "Z", "40=2|54=1|38=300|44=40")
    assert client.said() == [f"8 {name} 0/0 {qty}/0/{qty}" for name, qty in NAMED]


def test_a_field_that_is_no_value_is_rejected_and_the_session_goes_on() -> None:
    wires = Wires()
    client = wires.orders()
    wires.order(client, "X", "40=2|54=9|38=100|44=40")
    (reject,) = client.messages
    told = {tag: reject.get(tag) for tag in ("35", "45", "371", "372", "373")}
    assert told == {"35": "3", "45": "2", "371": "54", "372": "D", "373": "5"}
    client.said()
    wires.order(client, "X", "40=2|54=1|38=100|44=40")
    assert client.said() == ["8 X 0/0 100/0/100"]


def test_a_client_s_reject_is_not_answered() -> None:
    wires = Wires()
    client, data = wires.orders(), wires.data()
    for one in (client, data):
        wires.send(one, "j", "45=1|372=8|380=0|58=no")
        wires.send(one, "3", "45=1|372=8|373=5|58=no")
        assert one.said() == []


def test_heartbeats_keep_a_quiet_session_alive_and_silence_ends_it() -> None:
    wires = Wires()
    client = wires.orders()
    wires.run(100, step=SECOND)
    assert client.session.logged_on
    assert wires.closed == []
    conn = client.conn
    del wires.clients[conn or 0]
    wires.run(80, step=SECOND)
    assert wires.closed == [conn], "2.4 heartbeats without a sound"


def test_logout_is_answered_and_the_session_logs_on_again() -> None:
    wires = Wires()
    client = wires.orders()
    client.session.logout("end of day", wires.now)
    wires.run(3, step=SECOND)
    assert not client.session.logged_on
    wires.cut(client) if client.conn is not None else None
    wires.connect(client)
    wires.order(client, "X", "40=2|54=1|38=100|44=40")
    assert client.said() == ["8 X 0/0 100/0/100"]


def test_a_reset_session_does_not_resend_frames_of_the_old_numbering() -> None:
    wires = Wires()
    client = wires.orders()
    for number in range(3):
        wires.order(client, f"C{number}", "40=2|54=1|38=100|44=40")
    wires.cut(client)
    header = f"49=SLUICE\x0152={time_text(wires.now)}\x0156=LIT_A\x01"
    conn = wires.open("LIT_A")
    wires.write(conn, encode("FIX.4.4", "A", "34=1\x01" + header, "98=0\x01108=30\x01141=Y\x01"))
    assert b"\x01141=Y\x01" in wires.raw[conn]
    wires.raw[conn] = b""
    wires.write(conn, encode("FIX.4.4", "2", "34=2\x01" + header, "7=1\x0116=0\x01"))
    assert wires.raw[conn].count(b"8=FIX") == 1
    assert b"\x0135=4\x01" in wires.raw[conn]
    assert b"\x0136=2\x01123=Y\x01" in wires.raw[conn]


def test_a_connection_that_does_not_read_is_closed_and_its_reports_come_later() -> None:
    wires = Wires()
    client = wires.orders()
    assert client.conn is not None
    conn = client.conn
    wires.gateways.backlog(conn, BACKLOG_HARD, wires.now)
    wires.run(0.1)
    assert wires.closed == []
    wires.gateways.backlog(conn, BACKLOG_HARD + 1, wires.now)
    wires.run(0.1)
    assert wires.closed == [conn]
    wires.connect(client)
    wires.order(client, "X", "40=2|54=1|38=100|44=40")
    assert client.said() == ["8 X 0/0 100/0/100"]


def test_bytes_of_a_connection_that_was_closed_are_ignored() -> None:
    wires = Wires()
    conn = wires.open("LIT_A")
    wires.write(conn, b"nonsense that is no Logon at all")
    wires.write(conn, logon(wires))
    wires.gateways.closed(conn, wires.now)
    assert wires.closed == [conn]
    assert isinstance(wires.orders(), Client)


def test_the_deadline_is_never_behind_what_was_done() -> None:
    wires = Wires()
    wires.orders()
    wires.open("LIT_B")
    for _ in range(2_000):
        deadline = wires.gateways.deadline()
        assert deadline is not None
        assert deadline > wires.now or deadline == wires.now
        wires.now = max(wires.now, deadline)
        wires.gateways.tick(wires.now)
        after = wires.gateways.deadline()
        assert after is not None
        assert after > wires.now, "a tick at the deadline must do what was due"
        wires.gateways.take_writes()
