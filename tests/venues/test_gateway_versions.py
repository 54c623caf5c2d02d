"""A venue in each FIX version: what it is asked is sound there, and so is all that it says."""

from __future__ import annotations

import pytest

from router.fix.versions import FIX42, FIX44, FIX50SP2, VERSIONS, Version
from router.messages import CancelChild, QueryChild, QueryVenue, RequestQuote, SendChild
from router.model import OrdType, Side, Tactic, TimeInForce
from tests.venues.gateway_house import House, kinds
from tests.venues.gateway_wire import START, Client, Wires
from venues.gateway_profile import GatewayProfile

CENT = 1_000_000
CHILD = SendChild(
    "C1", "P1", 1, "LIT_A", Tactic.LIT_TAKE, "ACME", Side.BUY, 300, OrdType.LIMIT,
    TimeInForce.IOC, 50_10 * CENT,
)  # fmt: skip


@pytest.mark.parametrize("version", VERSIONS, ids=lambda each: each.name)
def test_orders_in_each_version(version: Version) -> None:
    house = House(version, "LIT_A")
    house.ask(CHILD)
    new, *fills = house.told(house.orders)
    assert kinds([new, *fills]) == ["8"] * (1 + len(fills))
    assert fills
    assert sum(int(each.get("32")) for each in fills) == 300
    if version is FIX42:
        assert (new.get("20"), new.get("150"), new.get("39")) == ("0", "0", "0")
        assert {(each.get("20"), each.get("9730")) for each in fills} == {("0", "R")}
        assert fills[-1].get("150") == "2"
    else:
        assert (new.get("20"), new.get("150"), new.get("39")) == ("", "0", "0")
        assert {(each.get("150"), each.get("851")) for each in fills} == {("F", "2")}
    resting = SendChild(
        "C2", "P1", 1, "LIT_A", Tactic.LIT_MAKE, "ACME", Side.SELL_SHORT, 300, OrdType.LIMIT,
        TimeInForce.DAY, 60 * 100 * CENT,
    )  # fmt: skip
    house.ask(resting)
    house.ask(QueryChild("LIT_A", "C2", "", "ACME", Side.SELL_SHORT))
    if version is not FIX42:
        house.ask(QueryVenue("LIT_A", "M1"))
    house.ask(CancelChild("C3", "C2", "LIT_A", "", "ACME", Side.SELL_SHORT, 300, "why"))
    told = [(each.get("20"), each.get("150")) for each in house.told(house.orders)]
    if version is FIX42:
        assert told == [("0", "0"), ("3", "0"), ("0", "6"), ("0", "4")]
    else:
        assert told == [("", "0"), ("", "I"), ("", "I"), ("", "6"), ("", "4")]


@pytest.mark.parametrize("version", VERSIONS, ids=lambda each: each.name)
def test_market_data_in_each_version(version: Version) -> None:
    house = House(version, "LIT_A")
    house.subscribe()
    house.wires.run(5)
    told = house.told(house.data)
    assert kinds(told[:1]) == ["W"]
    assert "X" in kinds(told)
    snapshot = house.wires.market.snapshot("LIT_A", house.wires.now)
    assert house.data.book.levels == (snapshot.bids, snapshot.offers)


@pytest.mark.parametrize("version", VERSIONS, ids=lambda each: each.name)
def test_a_dealer_in_each_version(version: Version) -> None:
    house = House(version, "SDP_1")
    house.subscribe()
    house.wires.run(2)
    streamed = house.told(house.data)
    assert "S" in kinds(streamed)
    house.ask(RequestQuote("SDP_1", "Q1", "P1", "ACME", Side.BUY, 400, START))
    house.ask(RequestQuote("SDP_1", "Q2", "P1", "OTHER", Side.BUY, 400, START))
    house.wires.run(2)
    told = house.told(house.orders)
    assert (
        {"b" if version is FIX42 else "AG", "S"}
        >= set(kinds(told))
        >= {"b" if version is FIX42 else "AG"}
    )


@pytest.mark.parametrize(
    ("spoken", "served"), [(FIX44, FIX42), (FIX42, FIX50SP2), (FIX50SP2, FIX44)], ids=str
)
def test_a_client_of_another_version_is_dropped(spoken: Version, served: Version) -> None:
    wires = Wires(profile=GatewayProfile(version=served))
    client = wires.connect(Client("LIT_A", version=spoken))
    assert client.conn is None
    assert not client.session.logged_on
