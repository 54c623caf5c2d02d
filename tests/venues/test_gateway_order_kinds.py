"""Orders that are not plain, limits of the venue and halts, over FIX, in each version."""

from __future__ import annotations

from dataclasses import replace

import pytest

from router.fix.codec import px_text
from router.fix.versions import FIX42, FIX44, FIX50SP2, VERSIONS, Version
from tests.venues.gateway_house import House
from tests.venues.gateway_wire import SPEC, START, Client, Wires
from venues.controls import Band, LitControls
from venues.dark import DarkSpec
from venues.gateway_profile import GatewayProfile
from venues.lit import LitSpec
from venues.market_file import MarketSpec
from venues.pool import ConditionalTerms, SizeLaw
from venues.venue import VenueSpec

TICK = 1_000_000
each_version = pytest.mark.parametrize("version", VERSIONS, ids=lambda each: each.name)
DISPLAY = {FIX42: "111", FIX44: "111", FIX50SP2: "1138"}
PEG = {FIX42: "18=M", FIX44: "18=M", FIX50SP2: "1094=2"}


def room(house: House) -> tuple[int, int]:
    """Best bid and offer of the market, which have room between them."""
    bid, offer = house.wires.market.nbbo
    assert offer - bid > TICK
    return bid, offer


def fills(house: House) -> list[tuple[str, str, str]]:
    told = house.told(house.orders)
    return [(m.get("11"), m.get("32"), m.get("31")) for m in told if m.get("32")]


@each_version
def test_a_reserve_shows_one_slice_and_its_report_says_so(version: Version) -> None:
    house = House(version, "LIT_A")
    bid, _ = room(house)
    px = px_text(bid + TICK)
    house.subscribe()
    house.order("X", f"54=1|38=500|40=2|44={px}|{DISPLAY[version]}=200")
    (new,) = house.told(house.orders)
    assert (new.get("39"), new.get("151"), new.get(DISPLAY[version])) == ("0", "500", "200")
    assert house.data.book.levels[0][:1] == ((bid + TICK, 200),)
    house.order("Y", f"54=2|38=300|40=2|44={px}|59=3")
    assert [fill for fill in fills(house) if fill[0] == "X"] == [("X", "200", px), ("X", "100", px)]
    assert house.data.book.levels[0][:1] == ((bid + TICK, 100),)


@each_version
def test_a_hidden_order_is_not_shown_and_its_trade_is_printed(version: Version) -> None:
    house = House(version, "LIT_A")
    bid, _ = room(house)
    house.subscribe()
    shown = house.data.book.levels
    house.order("X", f"54=1|38=100|40=2|44={px_text(bid + TICK)}|{DISPLAY[version]}=0")
    assert house.data.book.levels == shown
    house.order("Y", "54=2|38=100|40=1|59=3")
    assert house.data.book.trades == [(bid + TICK, 100, -1)]
    assert house.data.book.levels == shown


@each_version
def test_a_midpoint_peg_is_asked_for_as_the_version_does(version: Version) -> None:
    house = House(version, "LIT_A")
    bid, offer = room(house)
    house.order("X", f"54=1|38=300|40=P|{PEG[version]}|110=200")
    house.order("Y", f"54=2|38=200|40=2|44={px_text(bid)}|59=3")
    mid = px_text((bid + offer) // 2)
    assert fills(house) == [("X", "200", mid), ("Y", "200", mid)]


@each_version
def test_another_peg_than_the_midpoint_is_rejected(version: Version) -> None:
    house = House(version, "LIT_A")
    primary = "1094=5" if version is FIX50SP2 else "18=R"
    house.order("X", f"54=1|38=300|40=P|{primary}")
    (rejected,) = house.told(house.orders)
    assert (rejected.get("39"), rejected.get("58")) == ("8", "ExecInst R is not taken here")


@each_version
def test_a_post_only_order_that_would_take_is_rejected(version: Version) -> None:
    house = House(version, "LIT_A")
    bid, offer = room(house)
    house.order("X", f"54=1|38=100|40=2|44={px_text(offer)}|18=6")
    house.order("Y", f"54=1|38=100|40=2|44={px_text(bid)}|18=6")
    rejected, new = house.told(house.orders)
    assert (rejected.get("39"), rejected.get("58")) == ("8", "a post-only order would take")
    assert rejected.get("103") == ("0" if version is FIX42 else "99")
    assert new.get("39") == "0"


@pytest.mark.parametrize(
    ("version", "reasons"),
    # Price band 16, size 3, value 27 of FIX Latest; 0 is broker option, 3 exceeds a limit.
    [(FIX42, ["0", "3", "3"]), (FIX44, ["0", "3", "3"]), (FIX50SP2, ["16", "3", "3"])],
    ids=lambda each: each.name if isinstance(each, Version) else "",
)
def test_limits_are_refused_with_the_nearest_reason_of_the_version(
    version: Version, reasons: list[str]
) -> None:
    controls = LitControls(
        static_collar=Band(bp=500.0), max_order_qty=10_000, max_order_value=100_000.0
    )
    limited = tuple(
        each.model_copy(update={"controls": controls}) if isinstance(each, LitSpec) else each
        for each in SPEC.venues
    )
    house = House(version, "LIT_A", replace(SPEC, venues=limited))
    house.order("A", "54=1|38=100|40=2|44=40")
    house.order("B", "54=1|38=20000|40=2|44=50")
    house.order("C", "54=1|38=5000|40=2|44=50")
    told = house.told(house.orders)
    assert [m.get("103") for m in told] == reasons
    assert [m.get("58").partition(" ")[0] for m in told] == ["Price", "OrderQty", "order"]


@each_version
def test_a_halt_its_auction_and_its_end_are_told(version: Version) -> None:
    house = House(version, "LIT_A")
    bid, _ = room(house)
    house.subscribe()
    house.wires.market.halt(START, until=START + 5 * 10**9, auction=True, text="news")
    house.wires.run(0.1)
    assert [(m.get("326"), m.get("324")) for m in house.told(house.data) if m.msg_type == "f"] == [
        ("2", "R1")
    ]
    assert not any(house.data.book.levels)
    px = px_text(bid + TICK)
    house.order("X", f"54=1|38=200|40=2|44={px}")
    house.order("Y", f"54=2|38=200|40=2|44={px}")
    house.order("Z", f"54=2|38=200|40=2|44={px}|59=3")
    house.wires.run(5)
    told = house.told(house.orders)
    assert [(m.get("11"), m.get("39")) for m in told] == [
        ("X", "0"),
        ("Y", "0"),
        ("Z", "8"),
        ("X", "2"),
        ("Y", "2"),
    ]
    assert [m.get("851") for m in told[3:]] == ["4" if version is FIX50SP2 else ""] * 2
    data = house.told(house.data)
    assert [m.get("326") for m in data if m.msg_type == "f"] == ["3"]
    (print_,) = [m for m in data if m.get("277")]
    assert (print_.get("277"), print_.get("270"), print_.get("271")) == ("E", px, "200")
    bids, _ = house.data.book.levels
    assert bids[0][0] == bid


@each_version
def test_who_subscribes_during_a_halt_is_told_of_it(version: Version) -> None:
    house = House(version, "LIT_A")
    house.wires.market.halt(START, until=START + 5 * 10**9, auction=True, text="news")
    house.wires.run(0.1)
    house.subscribe()
    assert [m.msg_type for m in house.told(house.data)] == ["W", "f"]


def pool_with_conditionals() -> MarketSpec:
    """Pools that always have 500 shares on each side, and invite for 200 ms."""
    venues: list[VenueSpec] = []
    for each in SPEC.venues:
        if isinstance(each, DarkSpec):
            changes = {
                "p_zero": 1e-6,
                "persistence_s": 1e6,
                "size": SizeLaw(beta=1.0, min=500, max=500),
                "stale_ref_prob": 0.0,
                "conditional": ConditionalTerms(firm_up_ms=200.0),
            }
            pool = each.dark.model_copy(update=changes)
            venues.append(each.model_copy(update={"dark": pool}))
        else:
            venues.append(each)
    return replace(SPEC, venues=tuple(venues))


@each_version
def test_a_conditional_order_is_invited_and_firmed_up_or_declined(version: Version) -> None:
    # 1031 and 1080 are in no dictionary before FIX.5.0SP2: a venue's profile, not judged there.
    wires = Wires(profile=GatewayProfile(version=version), spec=pool_with_conditionals())
    client = wires.connect(Client("DARK_A", version=version))
    handl = "21=1|" if version is FIX42 else ""
    wires.order(client, "C", f"{handl}54=1|38=2000|40=1|1031=CND|59=0")
    new, invited = client.messages
    assert (new.get("39"), new.get("151")) == ("0", "2000")
    assert [invited.get(tag) for tag in ("11", "150", "39", "14", "378", "5103", "126")] == [
        "C", "D", "0", "0", "4", "500", "20260105-14:30:00.200",
    ]  # fmt: skip
    client.messages.clear()
    name = invited.get("5102")
    wires.order(client, "F", f"{handl}54=1|38=300|40=1|1080={name}|1081=1|59=3")
    assert [(m.get("11"), m.get("39"), m.get("32")) for m in client.messages] == [
        ("F", "0", ""),
        ("C", "4", ""),
        ("F", "2", "300"),
    ]
    client.messages.clear()
    wires.order(client, "D", f"{handl}54=2|38=2000|40=1|1031=CND|59=0")
    assert client.messages[-1].get("5103") == "500"
    wires.send(client, "F", "11=X|41=D|55=ACME|54=2|60=20260105-14:30:00")
    assert (client.messages[-1].get("39"), client.messages[-1].get("58")) == ("4", "")
    client.messages.clear()
    wires.order(client, "E", f"{handl}54=2|38=2000|40=1|1031=CND|59=0")
    wires.run(0.2)
    assert client.messages[-1].get("58").startswith("INVITATION_EXPIRED")
    wires.send(client, "H", "11=E|55=ACME|54=2")
    assert client.messages[-1].get("39") == "4"
