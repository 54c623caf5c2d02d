"""What an order may ask for beyond its terms: what is not done is refused, and nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from router.fix.versions import FIX50SP2, VERSIONS, Version
from tests.oms.desk import Desk, House

STAMP = "60=20260105-14:30:00"
NOT_DONE = {
    "15=EUR": "CHARACTERISTIC_UNSUPPORTED: tag=15, value=EUR, allowed=USD",
    "15=usd": "CHARACTERISTIC_UNSUPPORTED: tag=15, value=usd, allowed=USD",
    "18=G": "CHARACTERISTIC_UNSUPPORTED: tag=18, value=G, allowed=1 B e g",
    "18=1 6": "CHARACTERISTIC_UNSUPPORTED: tag=18, value=6, allowed=1 B e g",
    "18=M": "CHARACTERISTIC_UNSUPPORTED: tag=18, value=M, allowed=1 B e g",
    "18=5": "CHARACTERISTIC_UNSUPPORTED: tag=18, value=5, allowed=1 B e g",
    "21=3": "CHARACTERISTIC_UNSUPPORTED: tag=21, value=3, allowed=1 2",
    "63=1": "CHARACTERISTIC_UNSUPPORTED: tag=63, value=1, allowed=0",
    "65=WI": "INSTRUMENT_UNKNOWN: tag=65, value=WI, allowed=none",
    "99=15": "CHARACTERISTIC_UNSUPPORTED: tag=99, value=15, allowed=none",
    "167=OPT|200=202603|201=1|202=12": "INSTRUMENT_UNKNOWN: tag=167, value=OPT, allowed=CS PS",
    "167=FUT|200=202603": "INSTRUMENT_UNKNOWN: tag=167, value=FUT, allowed=CS PS",
}
DONE = (
    "15=USD", "18=1", "18=B 1", "21=1", "21=2", "63=0", "167=CS", "167=PS", "114=Y", "114=N",
    "22=8|48=ACME", "15=USD|18=1|21=1|63=0|167=CS",
)  # fmt: skip
"""Nothing has to be located for a buy."""


@pytest.fixture(params=VERSIONS, ids=lambda each: each.name)
def spoken(request: pytest.FixtureRequest) -> Iterator[Desk]:
    """A desk whose OMS speaks each version."""
    version = request.param
    assert isinstance(version, Version)
    made = Desk(house=House(oms=version))
    made.open()
    yield made
    made.close()


def refused(desk: Desk, text: str, *, request: str = "") -> None:
    """The last that the OMS heard is the refusal of an order, or of a request, with this text."""
    told = desk.oms.inbox[-1]
    code = text.partition(":")[0]
    reason, cxl_reason = ("1", "2") if code == "INSTRUMENT_UNKNOWN" else ("11", "99")
    line = f"8 X 8/8 {told.get('38')}/0/0 103={reason} {code}"
    if request:
        line = f"9 {request}(X) 39=0 102={cxl_reason} 434=2 {code}"
    assert desk.oms.heard() == [line]
    assert told.get("58") == text


@pytest.mark.parametrize(("fields", "text"), NOT_DONE.items(), ids=NOT_DONE)
def test_an_order_that_asks_for_what_is_not_done(spoken: Desk, fields: str, text: str) -> None:
    spoken.oms.order("X", extra=fields)
    refused(spoken, text)
    spoken.wait(10)
    assert (spoken.a.heard(), spoken.node.engine.state.parents) == ([], {})


@pytest.mark.parametrize(("fields", "text"), NOT_DONE.items(), ids=NOT_DONE)
def test_a_replace_that_asks_for_what_is_not_done(spoken: Desk, fields: str, text: str) -> None:
    spoken.oms.order("X")
    spoken.a.child().ack()
    spoken.oms.heard(), spoken.a.heard()
    spoken.oms.replace("Y", "X", 500, extra=fields)
    refused(spoken, text, request="Y")
    assert spoken.a.heard() == [], "the order goes on as it was"


@pytest.mark.parametrize("fields", DONE)
def test_an_order_that_asks_for_what_is_done(spoken: Desk, fields: str) -> None:
    spoken.oms.order("X", extra=fields)
    assert spoken.oms.heard() == ["8 X 0/0 1000/0/1000"]
    assert spoken.a.heard() == ["D 1000@11 59=3"]


def test_an_instruction_that_later_versions_have() -> None:
    desk = Desk(house=House(oms=FIX50SP2))
    desk.open()
    desk.oms.order("X", extra="18=e g|847=sweep")
    assert desk.oms.heard() == ["8 X 0/0 1000/0/1000"]


@pytest.mark.parametrize("side", ["5", "6"])
def test_a_short_sale_whose_stock_is_still_to_be_located(spoken: Desk, side: str) -> None:
    """A venue would be told that it has been."""
    order = f"55=ACME|54={side}|38=1000|40=2|44=8|{STAMP}"
    text = "CHARACTERISTIC_UNSUPPORTED: tag=114, value=Y, allowed=N"
    spoken.oms.say("D", f"11=X|{order}|114=Y")
    refused(spoken, text)
    assert spoken.a.heard() == []
    spoken.oms.say("D", f"11=Z|{order}|114=N")
    assert spoken.oms.heard() == ["8 Z 0/0 1000/0/1000"]
    child = spoken.a.child()
    assert child.order.get("114") == ("N" if side == "5" else "")
    child.ack()
    spoken.oms.say("G", f"11=Y|41=Z|{order}|114=Y")
    assert spoken.oms.inbox[-1].get("58") == text
    spoken.oms.heard()
    child.fill(1000, "9", "E1")
    assert spoken.oms.heard() == ["8 Z F/2 1000/1000/0 +1000@9 ~9"]


def test_an_instrument_that_is_not_there_has_no_currency(desk: Desk) -> None:
    desk.oms.say("D", f"11=X|55=NONE|54=1|38=100|40=2|44=12|15=EUR|{STAMP}")
    assert desk.oms.heard() == ["8 X 8/8 100/0/0 103=1 INSTRUMENT_UNKNOWN"]
    assert desk.oms.inbox[-1].get("58").startswith("INSTRUMENT_UNKNOWN: symbol=NONE")


def test_the_first_fault_is_the_one_that_is_told(desk: Desk) -> None:
    desk.oms.say("D", f"11=X|55=ACME|54=1|38=100|40=3|99=12|21=3|{STAMP}")
    assert desk.oms.heard() == ["8 X 8/8 100/0/0 103=11 ORDER_TYPE_UNSUPPORTED"]
