"""A simulated venue's session of drop copies."""

from __future__ import annotations

from router.fix.codec import px_text
from tests.venues.gateway_wire import Client, Wires
from tests.venues.test_gateway_orders import LIMIT, touch
from venues.gateway_profile import GatewayProfile

PROFILE = GatewayProfile(copy_client="SLUICE.DC")
SAME = ("11", "14", "17", "31", "32", "37", "39", "54", "55", "60", "150", "151")


def buy(wires: Wires, client: Client, cl_ord_id: str) -> None:
    _, _, offer, _ = touch(wires)
    wires.order(client, cl_ord_id, LIMIT.format(100, px_text(offer)) + "|59=3")


def executions(client: Client) -> list[dict[str, str]]:
    return [
        {tag: each.get(tag) for tag in SAME}
        for each in client.messages
        if each.msg_type == "8" and each.get("150") == "F"
    ]


def test_every_execution_is_told_once_more() -> None:
    wires = Wires(profile=PROFILE)
    client = wires.orders()
    copies = wires.connect(Client("LIT_A", "SLUICE.DC"))
    buy(wires, client, "X")
    assert executions(copies) == executions(client) != []
    assert {each.get("797") for each in copies.messages} == {"Y"}


def test_what_is_missed_comes_by_its_number() -> None:
    wires = Wires(profile=PROFILE)
    client = wires.orders()
    buy(wires, client, "X")
    copies = wires.connect(Client("LIT_A", "SLUICE.DC"))
    assert executions(copies) == executions(client) != []


def test_without_it_there_is_no_such_session() -> None:
    wires = Wires()
    wires.orders()
    copies = wires.connect(Client("LIT_A", "SLUICE.DC"))
    assert not copies.session.logged_on
