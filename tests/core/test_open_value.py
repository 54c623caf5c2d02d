"""The running sums of what is open are what adding up every parent gives, whatever happened."""

from __future__ import annotations

import pytest

from router import build
from router.core import fold
from router.core.views import LimitView
from router.journal.recovery import steps
from router.journal.segments import Journal
from router.messages import Step
from tests.oms.desk import Desk

PX = 100_000_000


@pytest.fixture
def desk() -> Desk:
    made = Desk()
    for peer in made.peers:
        peer.connect()
    made.data_a.book()
    return made


def value(desk: Desk, account: str = "") -> int:
    engine = desk.node.engine
    return LimitView(engine.env, engine.state, desk.now).open_notional(account)


def added_up(desk: Desk, account: str = "") -> int:
    """By the definition: unexecuted quantity of the account at limit or reference price."""
    state = desk.node.engine.state
    return sum(
        parent.leaves_qty
        * (parent.terms.price or state.market.reference(parent.terms.symbol, desk.now)[0])
        for parent in state.parents.values()
        if parent.terms.account == account
    )


def test_a_limit_order_counts_at_its_price_and_a_market_order_at_the_midpoint(desk: Desk) -> None:
    assert value(desk) == 0
    desk.oms.order("o1", 1000, "12")
    assert value(desk) == 12_000 * PX
    desk.oms.order("o2", 100, "")
    assert value(desk) == (12_000 + 100 * 10) * PX  # between 9 and 11
    desk.data_a.book("10", "12")
    assert value(desk) == (12_000 + 100 * 11) * PX


def test_accounts_are_apart(desk: Desk) -> None:
    desk.oms.order("o1", 1000, "12", extra="1=ONE|")
    desk.oms.order("o2", 100, "12", extra="1=TWO|")
    assert (value(desk, "ONE"), value(desk, "TWO"), value(desk)) == (12_000 * PX, 1_200 * PX, 0)


def test_what_is_executed_is_open_no_more_until_it_is_busted(desk: Desk) -> None:
    desk.oms.order("o1", 1000, "12")
    child = desk.a.child()
    child.ack()
    child.fill(400, "11", "x1")
    assert value(desk) == 600 * 12 * PX
    child.bust("x1", 400, "x2")
    assert value(desk) == 1000 * 12 * PX


def test_an_order_that_is_over_adds_nothing_and_a_bust_opens_it_again(desk: Desk) -> None:
    desk.oms.order("o1", 1000, "12")
    child = desk.a.child()
    child.fill(1000, "11", "x1")
    assert value(desk) == 0
    child.bust("x1", 1000, "x2")
    assert value(desk) == 1000 * 12 * PX == added_up(desk)


def test_a_replace_counts_the_new_terms_and_a_cancel_nothing(desk: Desk) -> None:
    desk.oms.order("o1", 1000, "12")
    desk.oms.replace("o2", "o1", 1500, "12.5")
    desk.a.child().cancel()
    assert value(desk) == 1500 * 1250 * PX // 100
    desk.wait(1)
    desk.oms.cancel("o3", "o2")
    desk.a.child().cancel()
    assert value(desk) == 0 == added_up(desk)


def test_the_sums_hold_after_every_event_and_every_command_of_a_history(desk: Desk) -> None:
    desk.oms.order("o1", 1000, "12")
    desk.a.child().fill(400, "11", "x1")
    desk.oms.replace("o2", "o1", 1500, "12.5")
    desk.a.child().fill(600, "11", "x2")
    engine = desk.node.engine
    state = build.engine(engine.env, build.families()).state
    compared = 0
    for step in history(desk):
        for each in (step.event, *step.commands):
            if each is not None:
                fold.apply(state, step.now, each)
                view = LimitView(engine.env, state, step.now)
                priced = [(p.leaves_qty, p.terms.price or 0) for p in state.parents.values()]
                assert view.open_notional("") == sum(qty * px for qty, px in priced), each
                compared += bool(sum(qty for qty, _ in priced))
    assert compared > 10


def history(desk: Desk) -> list[Step]:
    journal = Journal(desk.storage.copy(), headroom_bytes=0)
    return [step for _, step in steps(journal.open())]


def test_a_restart_folds_the_same_sums(desk: Desk) -> None:
    desk.oms.order("o1", 1000, "12")
    desk.a.child().fill(300, "11", "x1")
    before = value(desk)
    desk.kill()
    desk.boot()
    assert value(desk) == before == 700 * 12 * PX


def test_a_market_order_counts_at_its_arrival_while_nobody_knows_a_price(desk: Desk) -> None:
    desk.oms.order("o1", 300, "")
    desk.data_a.book("11", "13")
    assert value(desk) == 300 * 12 * PX
    desk.kill()
    desk.boot()
    assert value(desk) == 300 * 10 * PX, "between 9 and 11, as it was when it came"
    for peer in desk.peers:
        peer.connect()
    desk.data_a.book("11", "13")
    assert value(desk) == 300 * 12 * PX
