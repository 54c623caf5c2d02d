"""Numbers that no record can hold, in every field of every message that is read (fix.md 4.7).

A record has 64 bits for a number. Whatever a peer writes, the node goes on, and its journal folds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from router.core import suspense
from router.core.image import image_of
from router.fix.specification import specification
from router.fix.specification.model import Member
from router.fix.versions import FIX44
from router.model import PX_SCALE, QTY_MAX, VALUE_MAX
from router.runtime import amounts, control
from tests.oms import audit
from tests.oms.copy_desk import CopyDesk
from tests.oms.desk import CONFIG, Desk
from tests.oms.peers import Peer, wire

STAMP = "60=20260105-14:30:00"
ORDER = f"11=X|55=ACME|54=1|38=100|40=2|44=12|59=0|{STAMP}"
REPORT = f"37=V|17=E|39=1|55=ACME|54=1|38=100|32=1|31=10|14=1|151=99|6=0|{STAMP}"

NUMBERS = (
    *("9" * 18, "9" * 24, "190000000000", str(2**63)),
    *("-" + "9" * 24, "-" + "9" * 18, "9" * 16 + ".99999999"),
)
TIMES = ("99991231-23:59:59", "22620412-00:00:00", "00010101-00:00:00", "16770101-00:00:00")
WHOLE = frozenset({"INT", "LENGTH", "NUMINGROUP", "SEQNUM"})
DECIMAL = frozenset({"AMT", "FLOAT", "PERCENTAGE", "PRICE", "PRICEOFFSET", "QTY"})
READ: tuple[str, ...] = ("110", "126", "168", "432", "5101", "75", "911")
"""What is read of a message if it is there, and has no place in those below."""
LATE: dict[str, tuple[str, ...]] = {
    "UTCTIMESTAMP": TIMES,
    "LOCALMKTDATE": ("99991231",),
    "UTCDATEONLY": ("99991231",),
}


def members(found: tuple[Member, ...]) -> Iterator[str]:
    """Tags of a message, those in its groups too."""
    for each in found:
        yield each.tag
        yield from members(each.members)


def huge(msg_type: str, text: str) -> Iterator[tuple[str, str]]:
    """Every number and time that a message may have, with values beyond what can be kept.

    Of fields that it needs not have one will do: hardly any of them is read.
    """
    spec = specification(FIX44)
    for tag in dict.fromkeys((*members(spec.messages[msg_type].members), "5101", "432")):
        kind = spec.fields[tag].type if tag in spec.fields else "INT"
        values = LATE.get(kind, ())
        if kind in WHOLE | DECIMAL:
            values = tuple(each for each in NUMBERS if kind in DECIMAL or "." not in each)
        some = values if f"|{tag}=" in f"|{text}" or tag in READ else values[:1]
        yield from ((tag, each) for each in some)


def put(text: str, tag: str, value: str) -> str:
    """The message with another value of a field, or with that field at its end."""
    pairs = [each.partition("=")[::2] for each in text.split("|")]
    if tag not in dict(pairs):
        return f"{text}|{tag}={value}"
    return "|".join(f"{each}={value if each == tag else was}" for each, was in pairs)


def sweep(desk: Desk, peer: Peer, msg_type: str, text: str) -> None:
    """Say it with each value in each field: nothing ends, and what is kept can be written."""
    for number, (tag, value) in enumerate(huge(msg_type, text)):
        peer.say(msg_type, put(text.replace("NUMBER", str(number)), tag, value))
        assert peer.session.logged_on, (tag, value)
    image_of(desk.node.engine.state)


def open_desk() -> CopyDesk:
    """An order X is at work; the journal is folded again at the end, not after every exchange."""
    desk = CopyDesk(trusted=True, refold=False)
    desk.open()
    desk.oms.order("X")
    desk.a.child().ack()
    desk.overfilled.add(desk.a.child().cl_ord_id)  # the venue says of it what the test wants
    return desk


def folds(desk: Desk) -> None:
    """The journal comes to what is in memory, which a snapshot can hold."""
    audit.check_journal(desk)
    image_of(desk.node.engine.state)


@pytest.mark.parametrize(
    ("msg_type", "text"),
    [
        ("D", ORDER.replace("11=X", "11=NNUMBER")),
        ("D", ORDER.replace("11=X", "11=NNUMBER").replace("40=2|44=12", "40=1")),
        ("G", ORDER.replace("11=X", "11=NNUMBER|41=X")),
        ("F", f"11=NNUMBER|41=X|55=ACME|54=1|{STAMP}"),
        ("H", "11=X|55=ACME|54=1|790=NNUMBER"),
        ("AF", "584=NNUMBER|585=7"),
        ("q", f"11=NNUMBER|530=1|55=BRAVO|{STAMP}"),
    ],
)
def test_an_oms_may_write_any_number(msg_type: str, text: str) -> None:
    desk = open_desk()
    sweep(desk, desk.oms, msg_type, text)
    desk.wait(10)
    folds(desk)


@pytest.mark.parametrize("exec_type", ["0", "4", "F", "G", "H", "I"])
@pytest.mark.parametrize("whose", ["ours", "strange", "copied"])
def test_a_venue_may_write_any_number_in_a_report(exec_type: str, whose: str) -> None:
    desk = open_desk()
    name = "NONE" if whose == "strange" else desk.a.child().cl_ord_id
    peer = desk.copies if whose == "copied" else desk.a
    text = f"11={name}|{REPORT.replace('17=E', '17=ENUMBER')}|150={exec_type}|19=E0"
    sweep(desk, peer, "8", text)
    desk.wait(10)
    folds(desk)


@pytest.mark.parametrize(
    ("data", "msg_type", "text"),
    [
        (False, "9", "37=V|11=C|41=CHILD|39=0|434=1|102=0"),
        (False, "j", "45=1|372=D|380=0|379=CHILD"),
        (False, "S", "117=Q|131=R|55=ACME|132=9|134=100|133=11|135=100|62=20260105-14:31:00"),
        (False, "Z", "117=Q|298=4|55=ACME"),
        (False, "AI", "117=Q|297=5|55=ACME"),
        (False, "f", "55=ACME|326=2"),
        (True, "W", "55=ACME|268=1|269=0|270=9|271=100"),
        (True, "X", "268=1|279=0|269=2|55=ACME|270=10|271=100"),
    ],
)
def test_a_venue_may_write_any_number_elsewhere(data: bool, msg_type: str, text: str) -> None:
    desk = open_desk()
    peer = desk.data_a if data else desk.a
    sweep(desk, peer, msg_type, text.replace("CHILD", desk.a.child().cl_ord_id))
    desk.wait(10)
    folds(desk)


# --- sums: each execution can be kept, and all of them together could not ------------------------


def execution(desk: Desk, exec_id: str, name: str, qty: int = QTY_MAX, px: str = "4") -> None:
    """LIT_A tells of a trade, by its largest quantity worth 40 billions."""
    text = f"37=V|11={name}|17={exec_id}|150=F|39=1|55=ACME|54=1|38=100|32={qty}|31={px}|14=1|"
    desk.a.say("8", f"{text}151=99|6=0|{STAMP}")


def again(desk: Desk, exec_id: str, name: str, kind: str, ref: str, px: str = "4") -> None:
    """LIT_A tells of a correction, or of a trade once more, with the largest quantity in it."""
    text = f"37=V|11={name}|17={exec_id}|150={kind}|39=1|55=ACME|54=1|38=100|32={QTY_MAX}|31={px}|"
    desk.a.say("8", f"{text}14=0|151=100|6=0|{STAMP}" + (f"|19={ref}" if ref else ""))


def ask(desk: Desk, **request: object) -> dict[str, object]:
    """What an operator's command is answered."""
    asked = control.parse(json.dumps({"who": "ada", "reason": "their desk", **request}).encode())
    assert callable(asked)
    answer: dict[str, object] = asked(desk.node, desk.now)
    desk.run()
    return answer


def test_executions_that_no_sum_could_hold_are_a_fault_and_move_nothing() -> None:
    desk = open_desk()
    name = desk.a.child().cl_ord_id
    execution(desk, "E1", name)
    parent = desk.node.engine.state.parents["PA1-0"]
    assert parent.notional == QTY_MAX * 4 * PX_SCALE
    desk.oms.heard()
    for number in range(5):
        execution(desk, f"E2{number}", name)
    assert parent.cum_qty == QTY_MAX
    assert desk.oms.heard() == []
    assert "executions of PA1-0 would come to 80000000000, beyond" in desk.node.faults[-1]
    execution(desk, "E3", name, 100, "10")
    assert parent.cum_qty == QTY_MAX + 100, "what can be kept is booked"
    folds(desk)


def test_nor_are_more_kept_in_suspense_than_a_sum_can_hold() -> None:
    desk = open_desk()
    for number in range(5):
        execution(desk, f"E{number}", "STRANGE")
    assert len(desk.node.engine.state.suspense.entries) == 1
    assert "executions in suspense at LIT_A would come to" in desk.node.faults[-1]
    folds(desk)


def test_sums_that_make_up_for_each_other_are_held_each_for_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = open_desk()
    first = desk.a.child()
    first.cancel()
    desk.wait(6)
    second = desk.a.child()
    desk.overfilled.add(second.cl_ord_id)
    assert second is not first
    execution(desk, "E1", first.cl_ord_id)
    execution(desk, "E2", second.cl_ord_id, px="-2")
    execution(desk, "E3", first.cl_ord_id)
    state, one = desk.node.engine.state, QTY_MAX * PX_SCALE
    assert state.parents["PA1-0"].notional == 2 * one
    monkeypatch.setattr(suspense, "SUSPENSE_MAX", 1)
    for number, px in enumerate(("4", "-2", "-2", "-2", "-2")):
        execution(desk, f"S{number}", "STRANGE", px=px)
    assert [each.value for each in state.suspense.entries.values()] == [4 * one, -6 * one]
    folds(desk)


def test_what_is_in_suspense_keeps_no_execution_of_a_known_order_out() -> None:
    desk = open_desk()
    name = desk.a.child().cl_ord_id
    execution(desk, "E0", "STRANGE", px="6")
    execution(desk, "E1", name)
    parent = desk.node.engine.state.parents["PA1-0"]
    assert parent.notional == QTY_MAX * 4 * PX_SCALE
    execution(desk, "E2", name, 100, "1")
    again(desk, "G2", name, "G", "E2", px="2")
    assert parent.notional == QTY_MAX * 6 * PX_SCALE, "nor a correction of one"
    assert desk.node.faults == []
    folds(desk)


@pytest.mark.parametrize(
    ("exec_id", "kind", "ref"), [("E1", "F", ""), ("G1", "G", "NONE"), ("E1", "G", "E1")]
)
def test_what_is_told_of_a_known_order_may_belong_into_suspense_all_the_same(
    exec_id: str, kind: str, ref: str
) -> None:
    desk = open_desk()
    name = desk.a.child().cl_ord_id
    execution(desk, "E0", "STRANGE", px="6")
    execution(desk, "E1", name, 1)
    again(desk, exec_id, name, kind, ref)
    assert "executions in suspense at LIT_A would come to" in desk.node.faults[-1]
    folds(desk)


def test_copies_that_wait_have_a_bound_of_their_own() -> None:
    desk = open_desk()
    for number in range(5):
        desk.copy(desk.a.child(), QTY_MAX, "2", f"E{number}")
    copies = desk.node.engine.state.copies
    assert (len(copies), copies.value) == (1, QTY_MAX * 2 * PX_SCALE)
    assert "executions of which copies wait would come to 40000000000" in desk.node.faults[-1]
    desk.wait(30)
    assert (len(copies), copies.value) == (0, 0)
    assert desk.node.engine.state.parents["PA1-0"].cum_qty == QTY_MAX
    desk.copy(desk.a.child(), QTY_MAX, "2", "E9")
    assert len(copies) == 1, "there is room again"
    folds(desk)


@pytest.mark.parametrize("trusted", [False, True])
def test_copies_that_wait_keep_no_execution_out_and_there_is_room_for_both(trusted: bool) -> None:
    desk = CopyDesk(trusted=trusted, refold=False)
    desk.open()
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    desk.overfilled.add(child.cl_ord_id)
    desk.copy(child, QTY_MAX, "2.3", "C")
    execution(desk, "E1", child.cl_ord_id, px="6.9")
    execution(desk, "E2", "STRANGE", px="6.9")
    assert desk.node.faults == []
    desk.wait(30)
    state = desk.node.engine.state
    parent = state.parents["PA1-0"]
    held = parent.notional if trusted else state.suspense.values["LIT_A"]
    assert held == QTY_MAX * 92 * PX_SCALE // 10
    desk.copy(child, 100, "10", "D")
    assert len(state.copies) == 0, "where one would come to be, there is no room left"
    child.bust("E1", QTY_MAX, "B1")
    assert parent.notional == (QTY_MAX * 23 * PX_SCALE // 10 if trusted else 0), "a bust makes some"
    folds(desk)


def test_there_is_room_for_all_copies_above_every_other_sum() -> None:
    assert amounts.SUM_MAX + amounts.COPIES_VALUE_MAX < 2**63


def test_an_operator_cannot_assign_more_than_a_sum_can_hold() -> None:
    desk = open_desk()
    name = desk.a.child().cl_ord_id
    execution(desk, "E1", name)
    execution(desk, "E2", "STRANGE")
    assert desk.node.engine.state.parents["PA1-0"].cum_qty == QTY_MAX
    answer = ask(desk, command="assign", suspense_id="S1", cl_ord_id=name)
    assert "executions of PA1-0 would come to" in str(answer["error"])
    assert len(desk.node.engine.state.suspense.entries) == 1
    folds(desk)


@pytest.mark.parametrize(
    ("qty", "px"), [("9" * 20, "10"), ("300", "9" * 20), ("300", "1000000001")]
)
def test_an_operator_cannot_enter_what_no_record_can_hold(qty: str, px: str) -> None:
    desk = open_desk()
    desk.a.drop()
    told = [{"exec_id": "E7", "qty": qty, "px": px}]
    name = desk.a.child().cl_ord_id
    answer = ask(desk, command="settle", cl_ord_id=name, cum_qty=qty, executions=told, over=True)
    assert "beyond" in str(answer["error"])
    folds(desk)


def test_an_order_that_is_worth_more_than_a_sum_can_hold_is_not_taken(tmp_path: Path) -> None:
    table = CONFIG.with_name("instruments.yaml").read_text()
    (tmp_path / "instruments.yaml").write_text(table.replace("2000000", "1000000000000"))
    desk = Desk(
        "limits.order_quantity.parent_max=10000000000",
        "limits.order_notional.parent_max=1000000000000",
        "limits.open_notional.account_max=1000000000000",
        f"instruments={tmp_path / 'instruments.yaml'}",
    )
    desk.open()
    desk.oms.order("X", QTY_MAX, "12")
    desk.oms.order("Y", QTY_MAX, "")
    assert desk.oms.heard() == [
        f"8 X 8/8 {QTY_MAX}/0/0 103=13 QTY_INVALID",
        f"8 Y 8/8 {QTY_MAX}/0/0 103=13 QTY_INVALID",
    ]
    assert f"allowed={VALUE_MAX // (12 * PX_SCALE)} or less" in desk.oms.inbox[-2].get("58")


# --- the session layer ---------------------------------------------------------------------------


@pytest.mark.parametrize("digits", [18, 19, 24, 5_000])
@pytest.mark.parametrize(
    "text",
    [
        "35=A|34=1|98=0|108=NUMBER|",
        "35=A|34=1|98=0|108=30|789=NUMBER|",
        "35=A|34=1|98=0|108=30|383=NUMBER|",
        "35=A|34=NUMBER|98=0|108=30|",
        "35=0|34=NUMBER|",
        "35=0|34=3|369=NUMBER|",
        "35=2|34=3|7=1|16=NUMBER|",
        "35=2|34=3|7=NUMBER|16=0|",
        "35=4|34=3|36=NUMBER|",
        "35=4|34=3|123=Y|36=NUMBER|",
        "35=3|34=3|45=NUMBER|",
        "35=j|34=3|45=NUMBER|372=D|380=0|",
    ],
)
@pytest.mark.parametrize("caller", ["OMS", "LIT_A"])
def test_a_session_may_be_told_any_number(text: str, digits: int, caller: str) -> None:
    desk = Desk(refold=False)
    peer: Peer = desk.oms if caller == "OMS" else desk.a
    if text.startswith("35=A"):
        desk.node.accepted("OMS", 99, b"", desk.now) if caller == "OMS" else (
            desk.node.connected("LIT_A", 99, desk.now)
        )
        conn = 99
    else:
        desk.open()
        desk.oms.order("X")
        conn = peer.conn
    head = f"49={caller}|56=SLUICE|52=20260105-14:30:00|"
    body = text.replace("|34", f"|{head}34", 1).replace("NUMBER", "9" * digits)
    desk.node.received(conn, frame_of(body), desk.now)
    desk.run()
    desk.wait(10)
    folds(desk)


def frame_of(body: str) -> bytes:
    data = wire(body).encode()
    data = b"8=FIX.4.4\x019=%d\x01%s" % (len(data), data)
    return data + b"10=%03d\x01" % (sum(data) % 256)
