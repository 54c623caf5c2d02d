"""What only shows on the wire: what a version cannot ask, and what it is told instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from router.fix.versions import FIX42, FIX50SP2
from tests.oms.desk import Desk, House

Make = Callable[[House], Desk]


@pytest.fixture
def make() -> Iterator[Make]:
    """Makes a desk of a house, open; at the end every request must be answered."""
    made: list[Desk] = []

    def open_desk(house: House) -> Desk:
        made.append(Desk(house=house))
        made[-1].open()
        return made[-1]

    yield open_desk
    for each in made:
        each.close()


@pytest.mark.parametrize(("msg_type", "body"), [("AF", "584=M|585=7"), ("q", "11=M|530=7")])
def test_in_4_2_an_oms_cannot_ask_for_all_its_orders(make: Make, msg_type: str, body: str) -> None:
    desk = make(House(oms=FIX42))
    desk.oms.order("X")
    desk.oms.heard()
    desk.oms.say(msg_type, f"{body}|60=20260105-14:30:00")
    assert desk.oms.heard() == [f"3 372={msg_type} 371=35 373=11"]
    desk.oms.status("X")
    assert desk.oms.heard() == ["8 X I/0 1000/0/1000"]


def test_a_venue_of_4_2_is_asked_order_by_order_when_it_is_back(make: Make) -> None:
    desk = make(House(a=FIX42))
    desk.oms.order("X")
    desk.a.child().ack()
    desk.a.heard()
    desk.a.drop()
    desk.a.connect()
    assert desk.a.heard() == ["H c1"]
    desk.a.child().tell_status()
    desk.a.child().fill(1000, "11", "B")
    assert desk.oms.heard()[-1] == "8 X F/2 1000/1000/0 +1000@11 ~11"


def test_a_liquidity_flag_goes_from_one_version_to_another(make: Make) -> None:
    desk = make(House(other=FIX42, a=FIX42, b=FIX50SP2))
    desk.oms.order("X")
    desk.a.child().fill(1000, "11", "B")
    assert desk.oms.inbox[-1].get("851") == "2", "9730=R at the venue"
    desk.data_b.book()
    desk.data_a.book(size=0)
    desk.other.order("Y", extra="1=DESK")
    desk.b.child().fill(1000, "11", "B")
    told = desk.other.inbox[-1]
    assert (told.get("20"), told.get("150"), told.get("851")) == ("0", "2", "")


def test_in_5_0_a_symbol_is_required_in_its_case(make: Make) -> None:
    desk = make(House(oms=FIX50SP2))
    desk.oms.say("D", "11=X|54=1|38=100|40=1|59=0|60=20260105-14:30:00")
    assert desk.oms.heard() == ["j 372=D 380=5 379=X FIELD_MISSING"]
    assert "Symbol(55)" in desk.oms.inbox[-1].get("58")
    assert desk.oms.inbox[-1].get("1130") == "9"


def test_in_4_2_a_status_and_a_replaced_order_as_they_stand_on_the_wire(make: Make) -> None:
    desk = make(House(oms=FIX42))
    desk.oms.order("X")
    child = desk.a.child()
    child.ack()
    desk.oms.replace("Y", "X", 1200)
    child.cancel()
    desk.oms.status("Y")
    kinds = [[each.get(tag) for tag in ("20", "150", "39")] for each in desk.oms.inbox]
    assert kinds == [["0", "0", "0"], ["0", "E", "E"], ["0", "5", "5"], ["3", "0", "0"]]


def test_parameters_of_an_algo_in_a_group(make: Make) -> None:
    desk = make(House(oms=FIX50SP2))
    desk.oms.order("X", px="10", extra="847=twap|848=horizon_s=60;interval_s=5|")
    assert desk.oms.heard() == ["8 X 0/0 1000/0/1000"]
    [parent] = desk.node.engine.state.parents.values()
    assert parent.terms.params == {"horizon_s": "60", "interval_s": "5"}
