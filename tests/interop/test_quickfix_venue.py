"""QuickFIX with its own data dictionary as a venue of the real daemon, through every kind of loss.

Orders come from a QuickFIX OMS of the same version. At the end every share that the venue executed
is in the router's state, once; nobody rejected anything; both sessions' numbers are equal.
"""

from __future__ import annotations

import pytest

pytest.importorskip("quickfix", reason="quickfix is not installed: make interop builds and runs it")

from tests.interop.conftest import FarStreet
from tests.interop.told import agreed, folded
from tests.oms import whole

pytestmark = [pytest.mark.interop, pytest.mark.timeout(180)]

BUY, SELL = "1", "2"


def begin(street: FarStreet) -> None:
    """Everything is up."""
    street.venue.start()
    street.house.open_venues()
    street.house.start()
    street.venue.until(lambda: street.venue.logged_on, "the router's Logon at the venue")
    street.oms.start()


def work(street: FarStreet, count: int) -> dict[str, str]:
    """Orders that take many children each; their sides by ClOrdID."""
    return {
        street.oms.order(side, 1200 + 100 * number, price): side
        for number in range(count)
        for side, price in (((BUY, "52.00"), (SELL, "48.00"))[number % 2],)
    }


def executed(street: FarStreet, shares: int) -> None:
    """Wait until the venue has executed so many shares."""
    venue = street.venue
    venue.until(lambda: sum(venue.orders.values()) >= shares, f"{shares} shares", 20)


def finish(street: FarStreet, sides: dict[str, str]) -> None:
    """Wait for the end of every order, end everything, and compare."""
    oms, venue = street.oms, street.venue
    for cl_ord_id in sides:
        oms.until(lambda each=cl_ord_id: oms.closed(each), f"the end of {cl_ord_id}", 60)  # type: ignore[misc]
    assert agreed(street.house, "OMS", oms) > (len(sides), len(sides))
    assert agreed(street.house, "LIT_A", venue) > (len(venue.orders), len(venue.orders))
    oms.stop()
    street.house.stop()
    venue.stop()
    assert (oms.rejects, oms.unread) == ([], [])
    assert (venue.rejects, venue.unread) == ([], [])
    assert all(oms.of(cl_ord_id).ord_status == "2" for cl_ord_id in sides)
    state = folded(street.house)
    shares = {name: child.cum_qty for name, child in whole.children(state).items() if child.cum_qty}
    assert shares == venue.orders
    assert sum(parent.cum_qty for parent in whole.parents(state).values()) == sum(shares.values())
    assert sum(int(order.cum_qty) for order in oms.orders.values()) == sum(shares.values())


def test_orders_are_filled(far_street: FarStreet) -> None:
    begin(far_street)
    finish(far_street, work(far_street, 2))


def test_the_line_to_the_venue_is_cut_again_and_again(far_street: FarStreet) -> None:
    begin(far_street)
    sides = work(far_street, 6)
    for cut in range(1, 4):
        executed(far_street, 1000 * cut)
        before = far_street.venue.logons
        far_street.far_line.cut()
        far_street.venue.until(lambda least=before: far_street.venue.logons > least, "a Logon")  # type: ignore[misc]
    finish(far_street, sides)


def test_venue_and_daemon_are_killed_and_come_back(far_street: FarStreet) -> None:
    begin(far_street)
    venue, house = far_street.venue, far_street.house
    sides = work(far_street, 6)
    executed(far_street, 900)
    before = venue.logons
    venue.kill()
    venue.start()
    venue.until(lambda: venue.logons > before, "a Logon after the venue's death")
    executed(far_street, 2500)
    before = venue.logons
    house.kill()
    house.start()
    venue.until(lambda: venue.logons > before, "a Logon after the daemon's death")
    finish(far_street, sides)
