"""What an OMS may get wrong, and the exact words that it gets back (fix.md 2.1, 4.7)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.oms.desk import Desk

STAMP = "60=20260105-14:30:00"


@pytest.mark.parametrize(
    ("qty", "px", "answer"),
    [
        ("0", "12", "8 X 8/8 0/0/0 103=13 QTY_INVALID"),
        ("-5", "12", "8 X 8/8 0/0/0 103=13 QTY_INVALID"),
        ("100.5", "12", "8 X 8/8 0/0/0 103=13 QTY_INVALID"),
        ("1000", "12.005", "8 X 8/8 1000/0/0 103=99 TICK_INVALID"),
        ("1000", "0", "8 X 8/8 1000/0/0 103=99 PRICE_INVALID"),
        ("1000", "-12", "8 X 8/8 1000/0/0 103=99 PRICE_INVALID"),
        ("1000", "12.123456789", "8 X 8/8 1000/0/0 103=99 PRICE_INVALID"),
        ("1000", "19", "8 X 8/8 1000/0/0 103=0 PRICE_COLLAR_EXCEEDED"),
        ("1000", "190000000000", "8 X 8/8 1000/0/0 103=99 PRICE_INVALID"),
        ("20000000000000000000", "12", "8 X 8/8 0/0/0 103=13 QTY_INVALID"),
        ("10000000000", "12", "8 X 8/8 10000000000/0/0 103=13 QTY_INVALID"),
    ],
)
def test_a_quantity_or_price_that_cannot_be_traded(
    desk: Desk, qty: str, px: str, answer: str
) -> None:
    desk.oms.order("X", qty, px)
    assert desk.oms.heard() == [answer]
    desk.wait(10)
    assert (desk.a.heard(), desk.node.engine.state.parents) == ([], {})


@pytest.mark.parametrize(
    ("fields", "answer"),
    [
        ("55=NONE|54=1|38=100|40=2|44=12", "8 X 8/8 100/0/0 103=1 INSTRUMENT_UNKNOWN"),
        ("55=ACME|54=1|38=100|40=2", "j 372=D 380=5 379=X FIELD_MISSING"),
        ("55=ACME|54=1|40=2|44=12", "j 372=D 380=5 379=X FIELD_MISSING"),
        ("55=ACME|54=1|38=100|40=2|44=12|59=6", "j 372=D 380=5 379=X FIELD_MISSING"),
        ("55=ACME|54=1|38=100|40=P", "8 X 8/8 100/0/0 103=11 ORDER_TYPE_UNSUPPORTED"),
        ("55=ACME|54=1|38=100|40=3|99=12", "8 X 8/8 100/0/0 103=11 ORDER_TYPE_UNSUPPORTED"),
        ("55=ACME|54=3|38=100|40=1", "8 X 8/8 100/0/0 103=11 SIDE_UNSUPPORTED"),
        ("55=ACME|54=1|38=100|40=1|59=2", "8 X 8/8 100/0/0 103=11 TIF_UNSUPPORTED"),
        ("55=ACME|54=1|38=100|40=1|847=magic", "8 X 8/8 100/0/0 103=11 POLICY_INSTRUCTION_DENIED"),
        (
            "55=ACME|54=1|38=100|40=1|847=sweep|848=pause_s",
            "8 X 8/8 100/0/0 103=11 POLICY_INSTRUCTION_DENIED",
        ),
        (
            "55=ACME|54=1|38=100|40=1|847=sweep|848=pause_s=never",
            "8 X 8/8 100/0/0 103=11 POLICY_INSTRUCTION_DENIED",
        ),
        (
            "55=ACME|54=1|38=100|40=1|847=sweep|848=colour=red",
            "8 X 8/8 100/0/0 103=11 POLICY_INSTRUCTION_DENIED",
        ),
        (
            "55=ACME|54=1|38=100|40=1|59=6|126=20260105-14:29:59",
            "8 X 8/8 100/0/0 103=4 SESSION_EXPIRED",
        ),
        (
            "55=ACME|54=1|38=100|40=1|59=6|126=99991231-23:59:59",
            "8 X 8/8 100/0/0 103=99 DATA_INVALID",
        ),
        ("55=ACME|54=1|38=100|40=1|59=x", "3 372=D 371=59 373=5"),
        ("55=ACME|54=1|38=+100|40=1", "3 372=D 371=38 373=6"),
        ("55=ACME|54=1|38=100|40=1|6=1", "3 372=D 371=6 373=2"),
        ("55=ACME|38=100|40=1", "3 372=D 371=54 373=1"),
    ],
)
def test_an_order_that_is_not_taken(desk: Desk, fields: str, answer: str) -> None:
    desk.oms.say("D", f"11=X|{fields}|{STAMP}")
    assert desk.oms.heard() == [answer]
    desk.oms.sent.pop()  # a Reject(3) is no answer that names the order
    desk.wait(10)
    assert (desk.a.heard(), desk.node.engine.state.parents) == ([], {})


def test_the_text_of_a_refusal_names_what_is_allowed(desk: Desk) -> None:
    desk.oms.say("D", f"11=X|55=ACME|54=1|38=100|40=1|847=sweep|848=colour=red|{STAMP}")
    assert "pause_s" in desk.oms.inbox[-1].get("58")


def test_an_account_that_the_profile_requires(desk: Desk) -> None:
    desk.other.order("X")
    assert desk.other.heard() == ["j 372=D 380=5 379=X FIELD_MISSING"]
    desk.other.order("X", extra="1=DESK")
    assert desk.other.heard() == ["8 X 0/0 1000/0/1000"]


def test_what_a_sessions_dictionary_asks_for_and_what_it_does_not(tmp_path: Path) -> None:
    extension = tmp_path / "oms.yaml"
    extension.write_text(
        "fields: {'9730': {name: Desk, type: CHAR}}\n"
        "messages: {D: {require: [9730], optional: [114]}}\n"
    )
    desk = Desk(f"fix.acceptor.sessions.OMS.dictionary_extension={extension}")
    for peer in desk.peers:
        peer.connect()
    desk.data_a.book()
    order = f"11=X|55=ACME|54=5|38=1000|40=2|44=12|{STAMP}"
    for one in (desk.oms, desk.other):
        one.say("D", order)
        one.say("D", f"{order}|9730=A")
    assert desk.oms.heard() == ["3 372=D 371=9730 373=1", "8 X 0/0 1000/0/1000"]
    assert desk.other.heard() == [
        "j 372=D 380=5 379=X FIELD_MISSING",
        "3 372=D 371=9730 373=0",
    ]


def test_a_message_that_is_not_served(desk: Desk) -> None:
    desk.oms.say("R", "131=X|146=1|55=ACME")
    assert desk.oms.heard() == ["j 372=R 380=3 MESSAGE_UNSUPPORTED"]


def test_a_message_that_does_not_exist(desk: Desk) -> None:
    desk.oms.say("ZZ", "58=hello")
    assert desk.oms.heard() == ["3 372=ZZ 371=35 373=11"]


def test_an_order_without_a_market(desk: Desk) -> None:
    desk.data_a.book(size=0)
    desk.oms.order("X")
    assert desk.oms.heard() == ["8 X 8/8 1000/0/0 103=0 PRICE_REF_MISSING"]


# --- requests ------------------------------------------------------------------------------------


def test_a_replace_of_an_order_that_is_not_known(desk: Desk) -> None:
    desk.oms.replace("Y", "X")
    assert desk.oms.heard() == ["9 Y(X) 37=NONE 39=8 102=1 434=2 ORDER_UNKNOWN"]


@pytest.mark.parametrize(
    ("fields", "answer"),
    [
        ("55=ACME|54=1|38=0|40=2|44=12", "9 Y(X) 39=0 102=99 434=2 QTY_INVALID"),
        ("55=ACME|54=1|38=10000000000|40=2|44=12", "9 Y(X) 39=0 102=99 434=2 QTY_INVALID"),
        ("55=ACME|54=1|38=100|40=2|44=190000000000", "9 Y(X) 39=0 102=99 434=2 PRICE_INVALID"),
        ("55=ACME|54=1|38=100|40=2|44=12.005", "9 Y(X) 39=0 102=99 434=2 TICK_INVALID"),
        ("55=BRAVO|54=1|38=100|40=2|44=12", "9 Y(X) 39=0 102=99 434=2 ORDER_MISMATCH"),
        ("55=ACME|54=2|38=100|40=2|44=12", "9 Y(X) 39=0 102=99 434=2 ORDER_MISMATCH"),
        ("55=ACME|54=1|38=100|40=K", "9 Y(X) 39=0 102=99 434=2 ORDER_TYPE_UNSUPPORTED"),
        (
            "55=ACME|54=1|38=100|40=1|848=colour=red",
            "9 Y(X) 39=0 102=99 434=2 POLICY_INSTRUCTION_DENIED",
        ),
        ("55=ACME|54=1|38=100|40=2", "j 372=G 380=5 379=Y FIELD_MISSING"),
    ],
)
def test_a_replace_that_is_not_taken(desk: Desk, fields: str, answer: str) -> None:
    desk.oms.order("X")
    desk.a.child().ack()
    desk.oms.heard(), desk.a.heard()
    desk.oms.say("G", f"11=Y|41=X|{fields}|{STAMP}")
    assert desk.oms.heard() == [answer]
    assert desk.a.heard() == [], "the order goes on as it was"
    desk.oms.replace("Y", "X", 900)
    desk.a.child().cancel()
    assert desk.oms.heard() == ["8 Y(X) E/E 1000/0/1000", "8 Y(X) 5/0 900/0/900"], "Y was not used"
