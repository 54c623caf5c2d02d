"""What every limit keeps to, over the registry: a new file is tested the moment it exists."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from pydantic import ValidationError

from risk.card import Card
from risk.gate import LimitsError, cards, load, ordered
from router.core.gate import evaluate
from router.model import OrdType, Side, Tactic
from router.ports import WINDOW_MAX, Kill, LimitContext, LimitedOrder, Refusal
from tests.risk.limit_samples import ACME, CHILD, LIMITS, PARENT, PX, Context

NAMES = sorted(LIMITS)
CODE = re.compile(r"[A-Z]+(_[A-Z]+)+")
# OrdRejReason(103) and CxlRejReason(102) as FIX.4.4 has them.
ORD_REJ_REASONS = {*map(str, range(16)), "99"}
CXL_REJ_REASONS = {*map(str, range(7)), "99"}


@st.composite
def orders(draw: st.DrawFn) -> LimitedOrder:
    is_child = draw(st.booleans())
    qty = draw(st.integers(-5, 10**9))
    is_replace = draw(st.booleans())
    return structs.replace(
        CHILD if is_child else PARENT,
        symbol=draw(st.sampled_from(["ACME", "NONE"])),
        side=draw(st.sampled_from(Side)),
        qty=qty,
        added_qty=draw(st.integers(0, max(0, qty))) if is_replace else qty,
        ord_type=draw(st.sampled_from(OrdType)),
        price=draw(st.none() | st.integers(-5, 10**13)),
        tactic=draw(st.sampled_from(Tactic)) if is_child else None,
        is_replace=is_replace,
    )


CONTEXTS = st.builds(
    Context,
    reference=st.integers(0, 10**11),
    reference_age=st.integers(0, 1 << 62),
    book_age=st.integers(0, 1 << 62),
    open_value=st.integers(0, 10**18),
    messages=st.integers(0, 10_000),
    children=st.integers(0, 10_000),
    executions=st.integers(0, 100_000),
    suspense_value=st.integers(0, 10**18),
    suspended=st.integers(0, 2_000),
    engaged=st.lists(
        st.builds(
            Kill,
            kill_id=st.just("K1"),
            scope=st.sampled_from(["all", "account", "venue"]),
            value=st.sampled_from(["", "A", "LIT_A"]),
            who=st.just("someone"),
            reason=st.just("r"),
        ),
        max_size=2,
    ).map(tuple),
)


def test_the_registry_holds_the_limits_of_the_catalogue() -> None:
    assert {
        "order_quantity",
        "order_notional",
        "price_collar",
        "open_notional",
        "message_rate",
        "repeat_execution",
        "duplicate_order",
        "stale_market",
        "tick_and_lot",
        "instrument",
        "adv_share",
        "kill_switch",
        "venue_rate",
        "suspense",
    } <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_limit_is_complete_without_configuration_and_has_a_card(name: str) -> None:
    limit = LIMITS[name]()
    assert limit == LIMITS[name].from_document({})
    card = getattr(limit, "card", None)
    assert isinstance(card, Card)
    assert card.control
    assert card.article
    assert card.unit
    assert card.scope


@pytest.mark.parametrize("name", NAMES)
def test_a_limit_refuses_unknown_keys(name: str) -> None:
    for key in ("enabled", "max"):
        with pytest.raises(ValidationError) as caught:
            LIMITS[name].from_document({key: False})
        assert caught.value.errors()[0]["type"] == "extra_forbidden"


PARAMETERS = [
    (name, key)
    for name in NAMES
    for key, field in LIMITS[name].model_fields.items()
    if field.annotation is not bool
]


@pytest.mark.parametrize(("name", "key"), PARAMETERS)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), None, True, "1", "1e6", -1, 10**15])
def test_a_parameter_is_a_bounded_whole_number(name: str, key: str, value: object) -> None:
    with pytest.raises(ValidationError):
        LIMITS[name].from_document({key: value})


def test_there_are_parameters_to_test() -> None:
    assert ("order_quantity", "child_max") in PARAMETERS
    assert len(PARAMETERS) > 15


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=150)
@given(order=orders(), context=CONTEXTS)
def test_a_limit_answers_any_order_with_nothing_or_a_refusal_in_fix(
    name: str, order: LimitedOrder, context: Context
) -> None:
    limit = LIMITS[name]()
    asked: LimitContext = context
    before = repr((order, context))
    refusal = limit.check(order, asked)
    assert limit.check(order, asked) == refusal
    assert repr((order, context)) == before
    if refusal is not None:
        assert isinstance(refusal, Refusal)
        assert CODE.fullmatch(refusal.code)
        assert refusal.text == refusal.code or refusal.text.startswith(f"{refusal.code}: ")
        assert refusal.ord_rej_reason in ORD_REJ_REASONS
        assert refusal.cxl_rej_reason in CXL_REJ_REASONS
        assert "\x01" not in refusal.text


@pytest.mark.parametrize("name", NAMES)
def test_an_ordinary_order_in_an_ordinary_market_passes(name: str) -> None:
    limit = LIMITS[name]()
    for order in (PARENT, CHILD, structs.replace(PARENT, ord_type=OrdType.MARKET, price=None)):
        assert limit.check(order, Context()) is None


# Every number that a limit may be told, as one that compares with nothing.
NAN = float("nan")
BLIND = {
    "price_collar": {"reference": NAN},
    "order_notional": {"reference": NAN},
    "open_notional": {"open_value": NAN},
    "message_rate": {"messages": NAN},
    "venue_rate": {"children": NAN},
    "suspense": {"suspense_value": NAN},
    "repeat_execution": {"executions": NAN},
    "stale_market": {"book_age": NAN},
    "adv_share": {"instruments": (replace(ACME, adv=NAN),)},  # type: ignore[arg-type]
}


@pytest.mark.parametrize("name", sorted(BLIND))
def test_a_number_that_is_none_refuses(name: str) -> None:
    context = Context(**BLIND[name])  # type: ignore[arg-type]
    market = structs.replace(PARENT, ord_type=OrdType.MARKET, price=None)
    asked = [LIMITS[name]().check(each, context) for each in (PARENT, market, CHILD)]
    assert any(each is not None for each in asked)


def test_the_reference_age_must_be_a_number_too() -> None:
    context = Context(reference_age=NAN)  # type: ignore[arg-type]
    refusal = LIMITS["price_collar"]().check(PARENT, context)
    assert refusal is not None
    assert refusal.code == "PRICE_REF_MISSING"


# --- loading -------------------------------------------------------------------------------------


def test_every_limit_is_always_there_in_the_fixed_order() -> None:
    names = [limit.plugin_name() for limit in load({}, LIMITS)]
    assert names == [
        "kill_switch",
        "duplicate_order",
        "instrument",
        "price_collar",
        "tick_and_lot",
        "stale_market",
        "order_notional",
        "order_quantity",
        "adv_share",
        "message_rate",
        "venue_rate",
        "suspense",
        "repeat_execution",
        "open_notional",
    ]
    assert ordered(LIMITS) == names
    backwards = dict(reversed(LIMITS.items()))
    given = {"venue_rate": {"children_max": 7}}
    again = load(given, backwards)
    assert [limit.plugin_name() for limit in again] == names
    assert again[names.index("venue_rate")].model_dump() == {
        "children_max": 7,
        "window_ms": 1_000,
        "by_venue": {},
    }


def test_ranks_are_distinct() -> None:
    ranks = [row["rank"] for row in cards(load({}, LIMITS))]
    assert len(set(map(str, ranks))) == len(NAMES)


def test_wrong_configuration_is_told_whole() -> None:
    with pytest.raises(LimitsError) as caught:
        load(
            {"order_size": {}, "venue_rate": {"children": 1}, "adv_share": {"share_bp_max": 0}},
            LIMITS,
        )
    assert caught.value.unknown == ("order_size",)
    assert list(caught.value.errors) == ["adv_share", "venue_rate"]
    assert "unknown limit 'order_size'; allowed: adv_share, duplicate_order" in str(caught.value)


def test_a_name_that_is_no_limit_is_refused_alone() -> None:
    with pytest.raises(LimitsError, match="unknown limit 'killswitch'"):
        load({"killswitch": {}}, LIMITS)


def test_cards_show_what_holds_and_what_would_by_default() -> None:
    rows = {row["limit"]: row for row in cards(load({"order_quantity": {"child_max": 5}}, LIMITS))}
    assert rows["order_quantity"] == {
        "limit": "order_quantity",
        "control": "ORD-QTY",
        "article": "RTS 6 Art. 15(1)(c)",
        "scope": "parent and child; each order",
        "unit": "shares",
        "rank": 80,
        "values": {"parent_max": 5_000_000, "child_max": 5},
        "defaults": {"parent_max": 5_000_000, "child_max": 250_000},
    }


# --- the gate ------------------------------------------------------------------------------------


def test_the_gate_asks_every_limit_and_keeps_their_order() -> None:
    limits = load({}, LIMITS)
    assert evaluate(limits, PARENT, Context()) == ()
    wild = structs.replace(PARENT, qty=10**8, added_qty=10**8, price=2 * PX + 1)
    killed = Context(engaged=(Kill("K1", "all", "", "w", "r"),), messages=10_000)
    refusals = evaluate(limits, wild, killed)
    assert [(name, refusal.code) for name, refusal in refusals] == [
        ("kill_switch", "KILL_ENGAGED"),
        ("price_collar", "PRICE_COLLAR_EXCEEDED"),
        ("tick_and_lot", "TICK_INVALID"),
        ("order_notional", "VALUE_MAX_EXCEEDED"),
        ("order_quantity", "QTY_MAX_EXCEEDED"),
        ("adv_share", "ADV_SHARE_EXCEEDED"),
        ("message_rate", "RATE_MAX_EXCEEDED"),
        ("open_notional", "OPEN_VALUE_EXCEEDED"),
    ]


def test_without_any_market_nothing_passes() -> None:
    limits = load({}, LIMITS)
    nothing = Context(reference=0, reference_age=1 << 62, book_age=1 << 62)
    for order in (PARENT, CHILD, structs.replace(PARENT, price=None, ord_type=OrdType.MARKET)):
        codes = [refusal.code for _, refusal in evaluate(limits, order, nothing)]
        assert "PRICE_REF_MISSING" in codes


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("message_rate", "messages_max"),
        ("venue_rate", "children_max"),
        ("repeat_execution", "executions_max"),
        ("duplicate_order", "copies_max"),
    ],
)
def test_a_number_that_its_window_cannot_hold_would_never_be_reached(name: str, key: str) -> None:
    load({name: {key: WINDOW_MAX - 1}}, LIMITS)
    with pytest.raises(LimitsError) as caught:
        load({name: {key: WINDOW_MAX}}, LIMITS)
    assert list(caught.value.errors) == [name]
