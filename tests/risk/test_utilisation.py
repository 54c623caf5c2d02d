"""How much of each limit is used: by hand, and of a node that has taken an order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pytest

from risk.message_rate import MessageRate
from risk.open_notional import OpenNotional
from risk.order_quantity import OrderQuantity
from risk.repeat_execution import RepeatExecution
from risk.suspense import Suspense
from risk.venue_rate import VenueRate
from router.core.views import UsersView
from router.model import PX_SCALE, Side, TimeInForce
from router.ports import Limit
from tests.cli.market_day import Day
from tests.risk.limit_samples import Context

OPEN = {"BLUE": 30, "RED": 80}
SENT = {"OMS": 4, "OMS2": 9}
CHILDREN = {"LIT_A": 7, "LIT_B": 1}
EXECUTED = {("twap", "BRK/B", Side.BUY): 2, ("twap", "BRK/B", Side.SELL): 5}
SUSPENSE = {"LIT_A": (60, 1), "LIT_B": (10, 4)}


@dataclass(frozen=True)
class Users(Context):
    """Several of each, who use different amounts."""

    def accounts(self) -> Iterable[str]:
        return OPEN

    def sessions(self) -> Iterable[str]:
        return SENT

    def mics(self) -> Iterable[str]:
        return CHILDREN

    def traders(self) -> Iterable[tuple[str, str, Side]]:
        return EXECUTED

    def open_notional(self, account: str) -> int:
        return OPEN[account] * PX_SCALE

    def message_count(self, session: str, window_ns: int) -> int:
        assert window_ns == 2_000_000_000
        return SENT[session]

    def child_count(self, mic: str, window_ns: int) -> int:
        return CHILDREN[mic]

    def execution_count(self, algo: str, symbol: str, side: Side, window_ns: int) -> int:
        return EXECUTED[algo, symbol, side]

    def suspense_notional(self, mic: str) -> int:
        return SUSPENSE[mic][0] * PX_SCALE

    def suspense_count(self, mic: str) -> int:
        return SUSPENSE[mic][1]


@pytest.mark.parametrize(
    ("limit", "used"),
    [
        (OpenNotional(account_max=100), 0.8),
        (MessageRate(messages_max=10, window_ms=2_000), 0.9),
        (VenueRate(children_max=10), 0.7),
        (VenueRate(children_max=10, by_venue={"LIT_B": 1}), 1.0),
        (RepeatExecution(executions_max=4), 1.25),
        (Suspense(venue_max=100, entries_max=5), 0.8),
        (Suspense(venue_max=100, entries_max=10), 0.6),
        (Suspense(venue_max=0, entries_max=10), 1.0),
        (OrderQuantity(), None),
    ],
)
def test_who_uses_most_counts(limit: Limit, used: float | None) -> None:
    assert limit.utilisation(Users()) == used


def test_of_nobody_nothing_is_used() -> None:
    users = type(
        "Nobody", (Users,), dict.fromkeys(("accounts", "sessions", "mics", "traders"), lambda _: ())
    )
    for limit in (OpenNotional(), MessageRate(), VenueRate(), RepeatExecution(), Suspense()):
        assert limit.utilisation(users()) == 0.0


def test_a_node_tells_what_an_order_uses() -> None:
    day = Day()
    day.order(Side.BUY, 2_000, algo="twap", tif=TimeInForce.GTD, seconds=60)
    node = day.sim.node
    while not node.engine.state.execution_times:
        day.run(0.05)
    users = UsersView(node.engine.env, node.engine.state, day.sim.now)
    parent = next(iter(node.engine.state.parents.values()))
    left = parent.leaves_qty * users.reference_px("ACME") / PX_SCALE
    assert OpenNotional(account_max=1_000_000).utilisation(users) == left / 1_000_000
    assert list(users.traders()) == [("twap", "ACME", Side.BUY)]
    assert (
        RepeatExecution(executions_max=10).utilisation(users) == len(node.engine.state.fills) / 10
    )
    assert 0 < VenueRate(children_max=100).utilisation(users) <= 0.08
    assert "OMS" in users.sessions()
