"""QuickFIX with its own data dictionary as the OMS of the real daemon, through every kind of loss.

At the end of each test three views must be one: what QuickFIX was told, what the router answers,
and what the router's journal folds to; and both ends of the session stand at the same numbers.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from decimal import Decimal

import pytest

pytest.importorskip("quickfix", reason="quickfix is not installed: make interop builds and runs it")

from router.fix.session import Session, SessionConfig
from router.model import PX_SCALE, avg_px
from tests.interop.conftest import Street
from tests.interop.oms import Order
from tests.interop.processes import WAIT_S
from tests.interop.told import agreed, folded

pytestmark = [pytest.mark.interop, pytest.mark.timeout(180)]

TWAP = ((847, "twap"), (848, "horizon_s=12;interval_s=2"))
"""An order that is at work for a while."""
BUY, SELL = "1", "2"
FAR = {BUY: "48.00", SELL: "52.00"}
"""Prices that the market does not reach in a minute."""


def agree(street: Street, sides: dict[str, str]) -> None:
    """QuickFIX's view, the router's answers and the journal are one; nobody rejected anything."""
    oms = street.oms
    for cl_ord_id, side in sides.items():
        oms.ask(cl_ord_id, side)
    for order in oms.orders.values():
        assert oms.status[order.order_id].stands == order.stands
        assert sum(order.fills.values(), Decimal(0)) == order.cum_qty
    assert agreed(street.house, "OMS", oms) > (len(sides), len(sides))
    oms.stop()
    street.house.stop()
    assert (oms.rejects, oms.unread) == ([], [])
    parents = folded(street.house).parents
    assert {order.order_id for order in oms.orders.values()} == set(parents)
    for parent_id, parent in parents.items():
        price = Decimal(avg_px(parent.notional, parent.cum_qty)) / PX_SCALE
        quantities = (Decimal(parent.cum_qty), Decimal(parent.leaves_qty))
        assert oms.orders[parent_id].stands == (parent.status.value, *quantities, price)


def traded(order: Callable[[], Order], qty: int = 1) -> Callable[[], bool]:
    """True once so much is filled."""
    return lambda: order().cum_qty >= qty


def work(street: Street, count: int = 4) -> dict[str, str]:
    """Orders that are at work for a while; their sides by ClOrdID."""
    return {
        street.oms.order(side, 1500 + 100 * number, "", *TWAP): side
        for number in range(count)
        for side in (BUY, SELL)[number % 2]
    }


def finish(street: Street, sides: dict[str, str]) -> None:
    """Wait until every order is closed."""
    oms = street.oms
    for cl_ord_id in sides:
        oms.until(lambda each=cl_ord_id: oms.closed(each), f"the end of {cl_ord_id}", 60)  # type: ignore[misc]


def test_orders_replaces_cancels_and_questions(street: Street) -> None:
    oms = street.oms
    street.house.start(simulate=True)
    oms.start()
    market = oms.order(BUY, 800)
    limit = oms.order(SELL, 700, "49.00", (59, "3"))
    resting = oms.order(BUY, 1000, FAR[BUY])
    sides = {market: BUY, limit: SELL, resting: BUY}
    oms.until(lambda: oms.closed(market) and oms.closed(limit), "the end of what can trade")
    oms.until(lambda: oms.of(resting).ord_status == "0", "the acknowledgement of what rests")
    assert oms.of(market).cum_qty == 800

    replaced = oms.replace(resting, BUY, 1200, "48.01")
    oms.until(lambda: oms.answered(replaced), "the replace")
    assert (oms.of(replaced).order_qty, oms.of(replaced).ord_status) == (Decimal(1200), "0")
    if oms.spoken.mass_status:
        (told,) = oms.ask_all()
        assert (told["37"], told["39"], told["151"]) == (oms.by_id[replaced], "0", "1200")

    canceled = oms.cancel(replaced, BUY)
    oms.until(lambda: oms.closed(replaced), "the cancel")
    assert oms.of(canceled).ord_status == "4"
    late = oms.cancel(market, BUY)
    strange = oms.cancel("NOBODY", BUY)
    oms.until(lambda: {late, strange} <= oms.refused.keys(), "the refusals")
    assert (oms.refused[late]["39"], oms.refused[late]["102"]) == ("2", "0")
    assert (oms.refused[strange]["37"], oms.refused[strange]["102"]) == ("NONE", "1")

    if oms.spoken.mass_status:
        (nothing,) = oms.ask_all()
        assert (nothing["39"], nothing["103"]) == ("8", "5")
    refused = oms.order(BUY, 100, "50.005")
    oms.until(lambda: oms.of(refused).ord_status == "8", "the refusal of a price off the tick")
    del oms.orders["NONE"]
    agree(street, sides)


def test_the_oms_is_killed_and_comes_back_with_its_numbers(street: Street) -> None:
    oms = street.oms
    street.house.open_venues()
    street.house.start()
    oms.start()
    sides = work(street)
    first = next(iter(sides))
    oms.until(traded(lambda: oms.of(first)), "a first fill")
    oms.kill()
    assert street.house.daemon is not None
    street.house.daemon.until_logged("parent_filled", 3)
    oms.start()
    finish(street, sides)
    assert oms.resends >= 1, "QuickFIX asked for what it had missed"
    assert oms.duplicates >= 1, "and got it with PossDupFlag(43)"
    agree(street, sides)


def test_the_line_is_cut_again_and_again(street: Street) -> None:
    oms = street.oms
    street.house.open_venues()
    street.house.start()
    oms.start()
    sides = work(street)
    for cut in range(1, 4):
        wanted = 300 * cut
        oms.until(lambda least=wanted: total(street) >= least, f"{wanted} shares", 60)  # type: ignore[misc]
        before = oms.logons
        street.line.cut()
        oms.until_logged_on(since=before)
    finish(street, sides)
    agree(street, sides)


def total(street: Street) -> Decimal:
    """Shares that QuickFIX was told of."""
    return sum((order.cum_qty for order in street.oms.orders.values()), Decimal(0))


def test_the_daemon_is_killed_and_comes_back_on_its_state_folder(street: Street) -> None:
    oms = street.oms
    street.house.open_venues()
    assert street.house.start() == 1
    oms.start()
    sides = work(street)
    rests = oms.order(BUY, 900, FAR[BUY])
    sides[rests] = BUY
    for life in range(2, 4):
        wanted = 300 * life
        oms.until(lambda least=wanted: total(street) >= least, f"{wanted} shares", 60)  # type: ignore[misc]
        before = oms.logons
        street.house.kill()
        assert street.house.start() == life, "another epoch of the same state"
        oms.until_logged_on(since=before)
    oms.until(lambda: oms.of(rests).ord_status == "0", "the acknowledgement of what rests")
    canceled = oms.cancel(rests, BUY)
    oms.until(lambda: oms.closed(canceled), "the cancel")
    finish(street, sides)
    agree(street, sides)


def test_what_is_sent_while_nobody_listens_arrives_once(street: Street) -> None:
    oms = street.oms
    street.house.open_venues()
    street.house.start()
    oms.start()
    rests = oms.order(BUY, 900, FAR[BUY])
    oms.until(lambda: oms.of(rests).ord_status == "0", "the acknowledgement")
    before = oms.logons
    street.house.kill()
    oms.until(lambda: not oms.logged_on, "the end of the line")
    market = oms.order(SELL, 400)
    replaced = oms.replace(rests, BUY, 1100, "48.02")
    street.house.start()
    oms.until_logged_on(since=before)
    oms.until(lambda: oms.closed(market), "the end of the market order")
    oms.until(lambda: oms.answered(replaced), "the replace")
    assert oms.of(replaced).order_qty == Decimal(1100)
    assert len(oms.orders) == 2
    canceled = oms.cancel(replaced, BUY)
    oms.until(lambda: oms.closed(canceled), "the cancel")
    agree(street, {market: SELL, rests: BUY})


@pytest.mark.parametrize("wrong", ["39=Z|", "39=0|9999=1|", "39=0|552=1|"])
def test_quickfix_would_have_rejected_a_message_that_is_wrong(street: Street, wrong: str) -> None:
    """The other tests show something only if its dictionary is in force."""
    version = street.oms.spoken.version
    with socket.create_server(("127.0.0.1", street.house.port)) as server:
        server.settimeout(WAIT_S)
        starting = threading.Thread(target=street.oms.start)
        starting.start()
        wire, _ = server.accept()
        with wire:
            session = Session(
                SessionConfig(
                    sender_comp_id="SLUICE",
                    target_comp_id="OMS",
                    role="acceptor",
                    begin_string=version.begin_string,
                    default_appl_ver_id=version.appl_ver_id if version.fixt else "",
                )
            )
            session.connect(time.time_ns())
            session.receive(wire.recv(65_536), time.time_ns())
            trans = "20=0|" if version.name == "FIX.4.2" else ""
            terms = "55=ACME|54=1|38=100|40=1|59=0|151=100|14=0|6=0|"
            report = f"37=P|11=X|17=R|{trans}150=0|{wrong}{terms}"
            session.send("8", report.replace("|", "\x01"), time.time_ns())
            wire.sendall(b"".join(frame.data for frame in session.take_frames()))
            street.oms.until(lambda: bool(street.oms.rejects), "a Reject(3)")
            starting.join(WAIT_S)
    assert "admin_out" in street.oms.rejects[0]
