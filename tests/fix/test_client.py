"""The OMS in a box: what it sends is sound FIX.4.4, what it knows is what it was told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from router.fix import client as client_module
from router.fix.client import Fill, OmsClient
from router.fix.codec import decode
from router.fix.dictionary import FIX44
from router.fix.framing import Framer
from router.fix.session import Received
from router.fix.versions import FIX42, FIX50SP2, VERSIONS, Version
from router.fix.versions import FIX44 as FIX44_VERSION
from router.model import Side, TimeInForce
from tests.fix.wire import OMS, SLUICE, T0, OneSide, S, ours, pipes, said

REPORT = "37=P1|17={}|150={}|39={}|55=BAC|54=1|38={}|14={}|151={}|6={}|"


class Desk:
    """A client and the acceptor it talks to; the test plays the router behind it."""

    def __init__(self, version: Version = FIX44_VERSION) -> None:
        spoken = {
            "begin_string": version.begin_string,
            "default_appl_ver_id": version.appl_ver_id if version.fixt else "",
        }
        self.client = OmsClient(replace(OMS, **spoken), prefix="C")  # type: ignore[arg-type]
        validate = FIX44 if version is FIX44_VERSION else None
        self.sluice = OneSide(replace(SLUICE, validate=validate, **spoken))  # type: ignore[arg-type]
        self.connect()

    def connect(self) -> None:
        self.sluice.connect()
        self.client.opened(T0)
        self.carry()

    def carry(self) -> None:
        while (data := self.client.writes()) or self.sluice.written:
            self.sluice.hears(data)
            written, self.sluice.written = self.sluice.written, []
            self.client.received(b"".join(written), T0)

    def asked(self) -> list[str]:
        """The bodies of what reached the router since the last call."""
        self.carry()
        return [
            pipes(event.frame)[0].split("|56=SLUICE|")[1].split("|10=")[0]
            for event in self.sluice.reports()
            if isinstance(event, Received)
        ]

    def report(self, cl_ord_id: str, *values: object, more: str = "") -> None:
        self.tell("8", f"11={cl_ord_id}|{REPORT.format(*values)}{more}")

    def tell(self, msg_type: str, body: str) -> None:
        self.sluice.send(msg_type, body)
        self.carry()


def test_orders_are_sound_messages() -> None:
    desk = Desk()
    client = desk.client
    assert client.logged_on
    first = client.new_order("BAC", Side.BUY, 5000, now=T0, price=1_390_500_000)
    second = client.new_order(
        "BAC",
        Side.SELL_SHORT,
        100,
        now=T0,
        tif=TimeInForce.GTD,
        algo="pov",
        params={"rate": "0.1", "style": "a=b"},
        account="ACC",
        min_qty=50,
        effective_time=T0,
        expire_time=T0 + 60 * S,
        cl_ord_id="mine",
    )
    assert (first, second) == ("C-1", "mine")
    assert desk.asked() == [
        "11=C-1|55=BAC|54=1|38=5000|40=2|44=13.905|59=0|60=20260105-14:30:00.000",
        "11=mine|1=ACC|110=50|55=BAC|54=5|38=100|40=1|59=6|168=20260105-14:30:00.000|"
        "126=20260105-14:31:00.000|114=N|847=pov|848=rate=0.1;style=a=b|60=20260105-14:30:00.000",
    ]
    assert client.rejects == []


def test_an_order_is_what_its_reports_say() -> None:
    desk = Desk()
    client = desk.client
    client.new_order("BAC", Side.BUY, 1000, now=T0, price=1_390_000_000)
    view = client.orders["C-1"]
    assert (view.ord_status, view.cum_qty, view.done) == ("", 0, False)
    desk.carry()
    desk.report("C-1", "E1", "0", "0", 1000, 0, 1000, 0)
    assert (view.ord_status, view.leaves_qty, view.order_id) == ("0", 1000, "P1")
    desk.report("C-1", "E2", "F", "1", 1000, 300, 700, "13.905", more="32=300|31=13.905|30=XNYS|")
    assert (view.cum_qty, view.leaves_qty, view.avg_px) == (300, 700, 1_390_500_000)
    assert view.fills == [Fill("E2", 300, 1_390_500_000, "XNYS")]
    assert not view.done
    desk.report("C-1", "E3", "F", "2", 1000, 1000, 0, "13.9", more="32=700|31=13.9|30=BATS|58=ok|")
    assert view.done
    assert view.text == "ok"
    assert [report.get("17") for report in view.reports] == ["E1", "E2", "E3"]
    desk.report("C-1", "E4", "H", "1", 1000, 700, 300, "13.9", more="19=E2|")
    desk.report("C-1", "E5", "G", "1", 1000, 600, 400, "13.8", more="19=E3|32=600|31=13.8|30=BATS|")
    assert view.fills == [Fill("E5", 600, 1_380_000_000, "BATS")]
    assert not view.done


def test_an_execution_told_twice_counts_once() -> None:
    desk = Desk()
    client = desk.client
    client.new_order("BAC", Side.BUY, 1000, now=T0)
    for _ in range(2):
        desk.report("C-1", "E2", "F", "1", 1000, 300, 700, "13.9", more="32=300|31=13.9|30=XNYS|")
    view = client.orders["C-1"]
    assert len(view.fills) == 1
    assert len(view.reports) == 1
    for _ in range(2):
        desk.report("C-1", "0", "I", "1", 1000, 300, 700, "13.9")
    assert len(view.reports) == 3


def test_requests_name_the_last_accepted_id_and_restate_the_terms() -> None:
    desk = Desk()
    client = desk.client
    client.new_order("BAC", Side.BUY, 1000, now=T0, price=1_390_000_000, algo="twap")
    desk.asked()
    desk.report("C-1", "E1", "0", "0", 1000, 0, 1000, 0)
    assert client.replace("C-1", now=T0, qty=800) == "C-2"
    desk.tell("8", "11=C-2|41=C-1|" + REPORT.format("E2", "E", "E", 1000, 0, 1000, 0))
    assert client.cancel("C-2", T0) == "C-3"
    desk.tell("8", "11=C-2|41=C-1|" + REPORT.format("E3", "5", "0", 800, 0, 800, 0))
    assert client.replace("C-3", now=T0, price=1_380_000_000, params={"n": "2"}) == "C-4"
    client.status("C-1", T0)
    assert client.mass_status(T0) == "C-5"
    time = "60=20260105-14:30:00.000"
    assert desk.asked() == [
        f"11=C-2|41=C-1|55=BAC|54=1|38=800|40=2|44=13.9|59=0|847=twap|{time}",
        f"11=C-3|41=C-1|55=BAC|54=1|38=1000|{time}",
        f"11=C-4|41=C-2|55=BAC|54=1|38=800|40=2|44=13.8|59=0|847=twap|848=n=2|{time}",
        "11=C-2|55=BAC|54=1",
        "584=C-5|585=7",
    ]
    view = client.orders["C-1"]
    assert view.chain == ["C-1", "C-2", "C-3", "C-4"]
    assert view.cl_ord_id == "C-2"
    assert client.order("C-4") is view
    assert list(client.orders) == ["C-1"]


def test_refusals_are_kept_where_they_belong() -> None:
    desk = Desk()
    client = desk.client
    client.new_order("BAC", Side.BUY, 1000, now=T0)
    desk.report("C-1", "E1", "6", "6", 1000, 0, 1000, 0)
    client.cancel("C-1", T0)
    desk.tell("9", "37=P1|11=C-2|41=C-1|39=0|434=1|102=3|58=PENDING: wait|")
    view = client.orders["C-1"]
    assert (view.ord_status, view.text) == ("0", "PENDING: wait")
    desk.tell("j", "45=3|372=F|379=C-2|380=3|58=no|")
    desk.sluice.session.refuse(2, "D", 5, 59, "bad", T0)
    desk.sluice.settle()
    desk.carry()
    assert [reject.msg_type for reject in client.rejects] == ["j", "3"]
    desk.report("stranger", "E9", "0", "0", 1, 0, 1, 0)
    assert [message.get("11") for message in client.unknown] == ["stranger"]


def test_orders_given_while_disconnected_arrive_after_the_logon_once() -> None:
    desk = Desk()
    client = desk.client
    client.closed(T0)
    desk.sluice.lose()
    client.new_order("BAC", Side.BUY, 100, now=T0)
    client.new_order("BAC", Side.SELL, 200, now=T0)
    assert client.writes() == b""
    desk.connect()
    again = "122=20260105-14:30:00.000|"
    time = "60=20260105-14:30:00.000"
    assert desk.asked() == [
        f"{again}11=C-1|55=BAC|54=1|38=100|40=1|59=0|{time}",
        f"{again}11=C-2|55=BAC|54=2|38=200|40=1|59=0|{time}",
    ]
    assert client.closed_reason == ""


def test_reports_missed_while_disconnected_are_asked_for() -> None:
    desk = Desk()
    client = desk.client
    client.new_order("BAC", Side.BUY, 1000, now=T0)
    desk.carry()
    client.closed(T0)
    desk.sluice.lose()
    assert client.closed_reason == "connection lost"
    report = "11=C-1|" + REPORT.format("E2", "F", "2", 1000, 1000, 0, "13.9")
    desk.sluice.send("8", report + "32=1000|31=13.9|30=XNYS|")
    desk.connect()
    assert client.orders["C-1"].done
    assert client.orders["C-1"].reports[0].get("43") == "Y"


def test_the_session_keeps_itself_alive_and_ends() -> None:
    client = OmsClient(OMS)
    client.opened(T0)
    assert pipes(client.writes()) == ours("35=A|34=1|98=0|108=30|", config=OMS)
    client.received(said("35=A|34=1|98=0|108=30|", "SLUICE", "OMS"), T0)
    due = client.deadline()
    assert due == T0 + 30 * S
    client.tick(due)
    [beat] = Framer().feed(client.writes())
    assert decode(beat).msg_type == "0"
    client.logout(due, "done")
    [bye] = Framer().feed(client.writes())
    assert decode(bye).get("58") == "done"
    client.received(said("35=5|34=2|", "SLUICE", "OMS", "20260105-14:30:30.000"), due)
    assert client.wants_close
    client.closed(due)
    assert client.closed_reason == "Logout"
    assert not client.logged_on


def test_frames_that_are_no_longer_kept_are_gap_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "SENT_FRAMES_MAX", 2)
    desk = Desk()
    for _ in range(4):
        desk.client.new_order("BAC", Side.BUY, 100, now=T0)
    desk.carry()
    desk.client.received(said("35=2|34=2|7=2|16=0|", "SLUICE", "OMS"), T0)
    fill, first, second = pipes(desk.client.writes())
    assert "|35=4|34=2|43=Y|" in fill
    assert "|36=4|123=Y|" in fill
    assert "|11=C-3|" in first
    assert "|11=C-4|" in second


def test_an_id_used_again_is_sent_again_and_shown_once() -> None:
    desk = Desk()
    client = desk.client
    client.new_order("BAC", Side.BUY, 100, now=T0, cl_ord_id="X")
    view = client.orders["X"]
    client.new_order("BAC", Side.BUY, 900, now=T0, cl_ord_id="X")
    assert client.orders == {"X": view}
    assert client.orders["X"] is view
    client.replace("X", now=T0, price=100_000_000)
    assert [body.split("|38=")[1].split("|")[0] for body in desk.asked()] == ["100", "900", "100"]


def test_a_reset_begins_the_frames_again() -> None:
    client = OmsClient(replace(OMS, reset_on_logon=True))
    for _ in range(2):
        client.opened(T0)
        client.received(said("35=A|34=1|98=0|108=30|141=Y|", "SLUICE", "OMS"), T0)
        name = client.new_order("BAC", Side.BUY, 100, now=T0)
        client.writes()
        client.received(said("35=2|34=2|7=1|16=0|", "SLUICE", "OMS"), T0)
        fill, order = pipes(client.writes())
        assert "|35=4|34=1|43=Y|" in fill
        assert "|35=D|34=2|43=Y|" in order
        report = f"35=8|34=3|11={name}|{REPORT.format('1', '0', '0', 100, 0, 100, 0)}"
        client.received(said(report, "SLUICE", "OMS"), T0)
        client.closed(T0)
    assert "|11=OMS-2|" in order


def test_what_has_no_answer_is_sent_again_after_a_reset() -> None:
    client = OmsClient(replace(OMS, reset_on_logon=True))
    client.opened(T0)
    client.received(said("35=A|34=1|98=0|108=30|141=Y|", "SLUICE", "OMS"), T0)
    first, second = (client.new_order("BAC", Side.BUY, 100, now=T0) for _ in range(2))
    client.status(first, T0)
    report = f"35=8|34=2|11={first}|{REPORT.format('1', '0', '0', 100, 0, 100, 0)}"
    client.received(said(report, "SLUICE", "OMS"), T0)
    client.cancel(first, T0)
    client.closed(T0)
    client.opened(T0)
    client.received(said("35=A|34=1|98=0|108=30|141=Y|", "SLUICE", "OMS"), T0)
    client.received(said("35=2|34=2|7=1|16=0|", "SLUICE", "OMS"), T0)
    _, *again = pipes(client.writes())[-3:]
    assert [
        f"|97=Y|11={name}|" in each for name, each in zip((second, "OMS-3"), again, strict=True)
    ]
    assert "|35=D|34=2|" in again[0]
    assert "|35=F|34=3|" in again[1]


# --- The other versions --------------------------------------------------------------------------


def test_an_order_in_the_words_of_each_version() -> None:
    bodies = []
    for version in VERSIONS:
        desk = Desk(version)
        desk.client.new_order(
            "BAC", Side.BUY, 100, now=T0, algo="pov", params={"rate": "0.1", "n": "2"}
        )
        desk.client.replace("C-1", now=T0, qty=200)
        bodies.append(desk.asked())
    time, terms = "60=20260105-14:30:00.000", "55=BAC|54=1|38={}|40=1|59=0|847=pov"
    flat, group = "848=rate=0.1;n=2", "957=2|958=rate|959=14|960=0.1|958=n|959=14|960=2"
    assert bodies == [
        [
            f"21=1|11=C-1|{terms.format(100)}|{flat}|{time}",
            f"21=1|11=C-2|41=C-1|{terms.format(200)}|{flat}|{time}",
        ],
        [
            f"11=C-1|{terms.format(100)}|{flat}|{time}",
            f"11=C-2|41=C-1|{terms.format(200)}|{flat}|{time}",
        ],
        [
            f"11=C-1|{terms.format(100)}|{group}|{time}",
            f"11=C-2|41=C-1|{terms.format(200)}|{group}|{time}",
        ],
    ]


def test_the_reports_of_4_2_are_understood() -> None:
    desk = Desk(FIX42)
    client = desk.client
    client.new_order("BAC", Side.BUY, 1000, now=T0, price=1_390_000_000)
    view = client.orders["C-1"]
    desk.report("C-1", "E1", "0", "0", 1000, 0, 1000, 0, more="20=0|")
    client.replace("C-1", now=T0, qty=1200)
    desk.report("C-2", "E2", "5", "5", 1200, 0, 1200, 0, more="20=0|41=C-1|")
    assert (view.cl_ord_id, view.ord_status, view.leaves_qty) == ("C-2", "0", 1200)
    desk.report("C-2", "E3", "1", "1", 1200, 300, 900, "13.9", more="20=0|32=300|31=13.9|30=XNYS|")
    desk.report("C-2", "0", "1", "1", 1200, 300, 900, "13.9", more="20=3|")
    desk.report("C-2", "E4", "2", "2", 1200, 1200, 0, "13.9", more="20=0|32=900|31=13.9|30=BATS|")
    assert [fill.exec_id for fill in view.fills] == ["E3", "E4"]
    desk.report("C-2", "E5", "1", "1", 1200, 900, 300, "13.9", more="20=1|19=E3|")
    desk.report(
        "C-2", "E6", "1", "1", 1200, 800, 400, "13", more="20=2|19=E4|32=800|31=13|30=BATS|"
    )
    assert view.fills == [Fill("E6", 800, 1_300_000_000, "BATS")]
    assert (view.ord_status, len(view.reports)) == ("1", 7)


def test_a_mass_cancel_and_its_report() -> None:
    for version in (FIX44_VERSION, FIX50SP2):
        desk = Desk(version)
        assert (desk.client.mass_cancel(T0), desk.client.mass_cancel(T0, "BAC")) == ("C-1", "C-2")
        time = "60=20260105-14:30:00.000"
        assert desk.asked() == [f"11=C-1|530=7|{time}", f"11=C-2|530=1|55=BAC|{time}"]
        desk.tell("r", "37=R1|11=C-1|530=7|531=7|533=0|")
        assert [report.get("531") for report in desk.client.mass_cancels] == ["7"]


def test_what_4_2_lacks_cannot_be_asked() -> None:
    client = Desk(FIX42).client
    with pytest.raises(ValueError, match=r"FIX\.4\.2 has no message q"):
        client.mass_cancel(T0)
    with pytest.raises(ValueError, match=r"FIX\.4\.2 has no message AF"):
        client.mass_status(T0)
