"""Each limit at its limit, one above and one below, with the codes that go on the wire."""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec import structs

from risk.adv_share import AdvShare
from risk.duplicate_order import DuplicateOrder
from risk.instrument import KnownInstrument
from risk.kill_switch import KillSwitch
from risk.message_rate import MessageRate
from risk.open_notional import OpenNotional
from risk.order_notional import OrderNotional
from risk.order_quantity import OrderQuantity
from risk.price_collar import PriceCollar
from risk.reference import px_text, worst_px
from risk.repeat_execution import RepeatExecution
from risk.stale_market import StaleMarket
from risk.suspense import Suspense
from risk.tick_and_lot import TickAndLot
from risk.venue_rate import VenueRate
from router.model import NS, PX_SCALE, OrdType, Side, Tactic
from router.ports import Kill, Limit, LimitedOrder, Refusal, SeenOrder
from tests.risk.limit_samples import ACME, MS, PX, Context, child, parent

CENT = PX_SCALE // 100
MARKET = {"ord_type": OrdType.MARKET, "price": None}


def passes(limit: Limit, order: LimitedOrder, context: Context | None = None) -> bool:
    return limit.check(order, context or Context()) is None


def refusal(limit: Limit, order: LimitedOrder, context: Context | None = None) -> Refusal:
    found = limit.check(order, context or Context())
    assert found is not None
    return found


def told(limit: Limit, order: LimitedOrder, context: Context | None = None) -> tuple[str, str, str]:
    found = refusal(limit, order, context)
    return found.text, found.ord_rej_reason, found.cxl_rej_reason


def test_money_is_told_exactly() -> None:
    assert [px_text(px) for px in (0, 1, PX, PX + CENT, -CENT, 10**20)] == [
        "0",
        "0.00000001",
        "50",
        "50.01",
        "-0.01",
        "1000000000000",
    ]


# --- size and value ------------------------------------------------------------------------------


def test_order_quantity() -> None:
    limit = OrderQuantity(parent_max=1_000, child_max=100)
    assert [passes(limit, parent(qty=qty)) for qty in (999, 1_000, 1_001)] == [True, True, False]
    assert [passes(limit, child(qty=qty)) for qty in (99, 100, 101)] == [True, True, False]
    assert told(limit, parent(qty=1_001)) == ("QTY_MAX_EXCEEDED: qty=1001, max=1000", "3", "2")
    bigger = parent(qty=2_000, added_qty=1, is_replace=True)
    assert not passes(limit, bigger)
    assert passes(limit, structs.replace(bigger, added_qty=0)), "a replace that adds nothing"


def test_order_notional_of_a_price() -> None:
    limit = OrderNotional(parent_max=50_000, child_max=5_000)
    assert passes(limit, parent(qty=1_000))  # 1,000 at 50.00 are 50,000
    assert not passes(limit, parent(qty=1_001))
    assert not passes(limit, parent(qty=1_000, price=PX + 1))
    assert passes(limit, child(qty=100))
    assert not passes(limit, child(qty=101))
    assert told(limit, parent(qty=1_001)) == (
        "VALUE_MAX_EXCEEDED: value=50050, max=50000",
        "3",
        "2",
    )
    dearer = parent(qty=1_000, price=PX + 1, added_qty=0, is_replace=True)
    assert not passes(limit, dearer), "a higher price adds value without adding shares"


def test_order_notional_of_a_market_order_is_at_the_edge_of_the_collar() -> None:
    limit = OrderNotional(parent_max=52_500, market_edge_bp=500)
    assert passes(limit, parent(qty=1_000, **MARKET))  # 1,000 at 52.50
    assert not passes(limit, parent(qty=1_001, **MARKET))
    assert not passes(limit, parent(qty=1_001, side=Side.SELL, **MARKET))
    # Rounded up: 0.00000001 more in the reference is at least 0.00000001 more in the value.
    assert not passes(limit, parent(qty=1_000, **MARKET), Context(reference=PX + 1))
    none = Context(reference=0)
    assert refusal(limit, parent(**MARKET), none).code == "PRICE_REF_MISSING"
    old = Context(reference_age=30_000 * MS + 1)
    assert refusal(limit, parent(**MARKET), old).code == "PRICE_REF_MISSING"
    assert passes(limit, parent(qty=1_000), none), "its own price is enough to value it"


def test_a_value_without_a_price_is_rounded_up() -> None:
    market = parent(**MARKET)
    # 50.00000001 and five percent of it are 52.5000000105.
    assert worst_px(market, Context(reference=PX + 1), 500) == 5_250_000_002
    assert worst_px(market, Context(), 500) == 5_250_000_000
    assert worst_px(parent(), Context(), 500) == PX


def test_adv_share() -> None:
    limit = AdvShare(share_bp_max=2_500)  # a quarter of 2,000,000
    assert passes(limit, parent(qty=500_000))
    assert told(limit, parent(qty=500_001)) == (
        "ADV_SHARE_EXCEEDED: qty=500001, adv=2000000, max_bp=2500",
        "3",
        "2",
    )
    unknown = Context(instruments=(replace(ACME, adv=0),))
    assert not passes(limit, parent(qty=1), unknown)
    assert not passes(limit, parent(qty=1, symbol="NONE"))
    assert passes(limit, child(qty=500_001)), "its parent was checked"
    assert passes(limit, parent(qty=500_001, added_qty=0, is_replace=True))


def test_open_notional() -> None:
    limit = OpenNotional(account_max=100_000, market_edge_bp=0)
    used = Context(open_value=50_000 * PX_SCALE)
    assert passes(limit, parent(qty=1_000), used)
    assert told(limit, parent(qty=1_001), used) == (
        "OPEN_VALUE_EXCEEDED: used=50000, ask=50050, limit=100000",
        "3",
        "2",
    )
    over = Context(open_value=50_000 * PX_SCALE + 1)
    assert not passes(limit, parent(qty=1_000), over)
    assert passes(limit, child(qty=10_000), over), "the parent's quantity counted already"
    assert passes(limit, parent(qty=9_000, added_qty=1_000, is_replace=True), used)
    assert not passes(limit, parent(qty=9_000, added_qty=1_001, is_replace=True), used)
    assert passes(limit, parent(qty=9_000, added_qty=0, is_replace=True), over)
    assert passes(limit, parent(qty=1_000, **MARKET), used)
    assert not passes(limit, parent(qty=1_001, **MARKET), used)
    nothing = Context(reference=0)
    assert refusal(limit, parent(qty=1, **MARKET), nothing).code == "PRICE_REF_MISSING"


# --- price ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_the_collar_holds_on_both_sides(side: Side) -> None:
    limit = PriceCollar(parent_bp=1_000, child_bp=100, ticks=0)  # 5.00 and 0.50 at 50.00
    for distance, sent in ((5 * PX_SCALE, True), (5 * PX_SCALE + 1, False)):
        for px in (PX - distance, PX + distance):
            assert passes(limit, parent(side=side, price=px)) is sent
    for distance, sent in ((PX_SCALE // 2, True), (PX_SCALE // 2 + 1, False)):
        for px in (PX - distance, PX + distance):
            assert passes(limit, child(side=side, price=px)) is sent


def test_the_collar_tells_price_reference_and_band() -> None:
    limit = PriceCollar(parent_bp=1_000, ticks=0)
    assert told(limit, parent(price=PX + 6 * PX_SCALE), Context(reference_age=7 * MS)) == (
        "PRICE_COLLAR_EXCEEDED: px=56, ref=50, ref_age_ms=7, band_bp=1000",
        "0",
        "2",
    )


def test_the_collar_is_never_narrower_than_its_ticks() -> None:
    limit = PriceCollar(child_bp=1, ticks=3)  # 1 bp of 50.00 is half a tick
    assert passes(limit, child(price=PX + 3 * CENT))
    assert not passes(limit, child(price=PX + 3 * CENT + 1))


def test_a_midpoint_childs_limit_has_its_parents_band() -> None:
    limit = PriceCollar(parent_bp=1_000, child_bp=100, ticks=0)
    dark = child(tactic=Tactic.DARK_MID, price=PX + 5 * PX_SCALE)
    assert passes(limit, dark)
    assert not passes(limit, structs.replace(dark, price=PX + 5 * PX_SCALE + 1))
    assert passes(limit, child(tactic=Tactic.DARK_MID, ord_type=OrdType.PEGGED, price=None))


@pytest.mark.parametrize(
    "order", [parent(), parent(**MARKET), child(), child(tactic=Tactic.DARK_MID, price=None)]
)
def test_without_a_young_reference_nothing_passes_the_collar(order: LimitedOrder) -> None:
    limit = PriceCollar(reference_ms_max=1_000)
    assert passes(limit, order, Context(reference_age=1_000 * MS))
    old = Context(reference_age=1_000 * MS + 1)
    assert not passes(limit, order, old)
    assert told(limit, order, Context(reference=0, reference_age=5_000 * MS)) == (
        "PRICE_REF_MISSING: symbol=ACME, ref=0, ref_age_ms=5000, max_ms=1000",
        "0",
        "2",
    )


def test_tick() -> None:
    limit = TickAndLot()
    assert passes(limit, parent(price=PX + CENT))
    assert told(limit, parent(price=PX + 1)) == (
        "TICK_INVALID: px=50.00000001, tick=0.01",
        "99",
        "99",
    )
    assert not passes(limit, parent(price=0))
    assert not passes(limit, parent(price=-CENT))
    assert told(limit, parent(price=None))[0] == "TICK_INVALID: px=none, tick=0.01"
    assert passes(limit, parent(**MARKET))
    assert not passes(limit, child(price=PX + CENT // 2))
    assert passes(limit, child(price=PX + CENT // 2, tactic=Tactic.DARK_MID))
    assert not passes(limit, child(price=PX + CENT // 4, tactic=Tactic.DARK_MID))
    assert not passes(limit, child(price=0, tactic=Tactic.DARK_MID))
    assert told(limit, parent(symbol="NONE")) == ("INSTRUMENT_UNKNOWN: symbol=NONE", "1", "2")


def test_lot() -> None:
    assert passes(TickAndLot(), parent(qty=1))
    assert told(TickAndLot(), parent(qty=0)) == ("LOT_INVALID: qty=0, lot=100", "13", "99")
    assert not passes(TickAndLot(), parent(qty=-100))
    whole = TickAndLot(odd_lots=False)
    assert [passes(whole, child(qty=qty)) for qty in (99, 100, 101, 200)] == [
        False,
        True,
        False,
        True,
    ]


def test_instrument() -> None:
    assert passes(KnownInstrument(), parent())
    assert told(KnownInstrument(), parent(symbol="NONE")) == (
        "INSTRUMENT_UNKNOWN: symbol=NONE",
        "1",
        "2",
    )
    for broken in (replace(ACME, tick=0), replace(ACME, lot=0)):
        assert not passes(KnownInstrument(), child(), Context(instruments=(broken,)))


@pytest.mark.parametrize(
    ("tactic", "book_age", "reference_age", "sent"),
    [
        (Tactic.LIT_TAKE, 100 * MS, 1 << 62, True),
        (Tactic.LIT_TAKE, 100 * MS + 1, 0, False),
        (Tactic.DEALER_QUOTE, 50 * MS, 1 << 62, True),
        (Tactic.DEALER_QUOTE, 50 * MS + 1, 0, False),
        (Tactic.DEALER_RFQ, 50 * MS, 1 << 62, True),
        (Tactic.DEALER_RFQ, 50 * MS + 1, 0, False),
        (Tactic.DARK_MID, 1 << 62, 70 * MS, True),
        (Tactic.DARK_MID, 0, 70 * MS + 1, False),
        (Tactic.LIT_MAKE, 1 << 62, 1 << 62, True),
        (None, 100 * MS, 0, True),
        (None, 100 * MS + 1, 0, False),
        (Tactic.LIT_TAKE, -1, 0, False),
    ],
)
def test_what_takes_or_pegs_needs_young_data(
    tactic: Tactic | None, book_age: int, reference_age: int, sent: bool
) -> None:
    limit = StaleMarket(book_ms_max=100, quote_ms_max=50, reference_ms_max=70)
    context = Context(book_age=book_age, reference_age=reference_age)
    assert passes(limit, child(tactic=tactic), context) is sent
    assert passes(limit, parent(), context)


def test_stale_market_tells_which_data_is_how_old() -> None:
    limit = StaleMarket(quote_ms_max=50)
    assert told(limit, child(tactic=Tactic.DEALER_QUOTE, mic="SDP_1"), Context(book_age=NS)) == (
        "MARKET_DATA_STALE: mic=SDP_1, age_ms=1000, max_ms=50",
        "0",
        "2",
    )


# --- rates and repetition ------------------------------------------------------------------------


def test_message_rate_counts_this_message_too() -> None:
    limit = MessageRate(messages_max=3, window_ms=500)
    sent = [passes(limit, parent(), Context(messages=before)) for before in (1, 2, 3)]
    assert sent == [True, True, False]
    assert not passes(limit, parent(is_replace=True, added_qty=0), Context(messages=3))
    assert passes(limit, child(), Context(messages=3))
    assert told(limit, parent(), Context(messages=3)) == (
        "RATE_MAX_EXCEEDED: session=OMS, messages=4, max=3, window_ms=500",
        "0",
        "2",
    )


def test_venue_rate_counts_this_child_too() -> None:
    limit = VenueRate(children_max=3)
    sent = [passes(limit, child(), Context(children=before)) for before in (1, 2, 3)]
    assert sent == [True, True, False]
    assert passes(limit, parent(), Context(children=3))
    assert told(limit, child(), Context(children=3)) == (
        "RATE_MAX_EXCEEDED: mic=LIT_A, children=4, max=3, window_ms=1000",
        "0",
        "2",
    )


def test_a_venue_may_have_a_rate_of_its_own() -> None:
    limit = VenueRate(children_max=3, by_venue={"LIT_A": 2, "LIT_B": 9})
    sent = [passes(limit, child(), Context(children=before)) for before in (1, 2)]
    assert sent == [True, False]
    assert told(limit, child(), Context(children=2)) == (
        "RATE_MAX_EXCEEDED: mic=LIT_A, children=3, max=2, window_ms=1000",
        "0",
        "2",
    )


def test_suspense_stops_children_of_its_venue_and_no_parent() -> None:
    limit = Suspense(venue_max=50, entries_max=2)
    counts = [passes(limit, child(), Context(suspended=count)) for count in (2, 3)]
    assert counts == [True, False]
    values = (50 * PX_SCALE, 50 * PX_SCALE + 1)
    assert [passes(limit, child(), Context(suspense_value=each)) for each in values] == [
        True,
        False,
    ]
    assert passes(limit, parent(), Context(suspense_value=51 * PX_SCALE))
    assert told(limit, child(), Context(suspended=3, suspense_value=PX_SCALE)) == (
        "SUSPENSE_MAX_EXCEEDED: mic=LIT_A, value=1, max=50, entries=3, entries_max=2",
        "0",
        "2",
    )


def test_repeat_execution_stops_when_the_count_is_reached() -> None:
    limit = RepeatExecution(executions_max=5)
    sent = [passes(limit, child(), Context(executions=count)) for count in (4, 5, 6)]
    assert sent == [True, False, False]
    assert not passes(limit, parent(algo="sweep"), Context(executions=5))
    assert passes(limit, parent(is_replace=True, added_qty=0), Context(executions=5))
    assert told(limit, child(), Context(executions=5)) == (
        "REPEAT_COUNT_REACHED: algo=sweep, executions=5, max=5, window_ms=10000",
        "0",
        "2",
    )


def seen(order_id: str, *, at: int = 0, **changes: object) -> SeenOrder:
    known = SeenOrder(at, order_id, "A", "ACME", Side.BUY, 1_000, PX)
    return structs.replace(known, **changes)


def test_the_same_order_may_come_so_often_within_the_window() -> None:
    limit = DuplicateOrder(copies_max=1, window_ms=1_000)
    one, two = seen("C7"), seen("C8")
    assert passes(limit, parent(), Context(recent=(one,)))
    assert told(limit, parent(), Context(recent=(one, two))) == (
        "ORDER_DUPLICATE_CONTENT: copies=2, max=1, window_ms=1000",
        "6",
        "2",
    )
    later = Context(now=1_000 * MS, recent=(one, two))
    assert passes(limit, parent(), later), "the window is over"
    assert passes(limit, child(), Context(recent=(one, two)))
    assert passes(limit, parent(is_replace=True), Context(recent=(one, two)))


@pytest.mark.parametrize(
    "other",
    [
        seen("C1"),  # itself
        seen("C8", account="B"),
        seen("C8", symbol="BOLT"),
        seen("C8", side=Side.SELL),
        seen("C8", qty=999),
        seen("C8", price=PX + CENT),
        seen("C8", price=None),
    ],
)
def test_another_order_is_no_copy(other: SeenOrder) -> None:
    limit = DuplicateOrder(copies_max=0)
    assert passes(limit, parent(), Context(recent=(other,)))
    assert not passes(limit, parent(), Context(recent=(other, seen("C8"))))


# --- the kill switch -----------------------------------------------------------------------------


def kill(scope: str, value: str = "") -> Context:
    return Context(engaged=(Kill("K9", scope, value, "someone", "a reason"),))


@pytest.mark.parametrize(
    ("context", "parent_passes", "child_passes"),
    [
        (kill("all"), False, False),
        (kill("account", "A"), False, False),
        (kill("account", "B"), True, True),
        (kill("venue", "LIT_A"), True, False),
        (kill("venue", "LIT_B"), True, True),
        (kill("desk", "D"), False, False),  # a scope that is not known means everything
        (Context(), True, True),
    ],
)
def test_a_kill_holds_for_its_scope(
    context: Context, parent_passes: bool, child_passes: bool
) -> None:
    assert passes(KillSwitch(), parent(), context) is parent_passes
    assert passes(KillSwitch(), child(), context) is child_passes


def test_a_kill_names_itself_and_lets_reductions_pass() -> None:
    assert told(KillSwitch(), parent(), kill("account", "A")) == (
        "KILL_ENGAGED: id=K9, scope=account=A",
        "0",
        "2",
    )
    assert told(KillSwitch(), child(), kill("all"))[0] == "KILL_ENGAGED: id=K9, scope=all"
    smaller = parent(qty=500, added_qty=0, is_replace=True)
    assert passes(KillSwitch(), smaller, kill("all"))
    assert not passes(KillSwitch(), structs.replace(smaller, added_qty=1), kill("all"))
