"""Matches: what holds, what is more specific, what can meet in one order."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from policies.match import KEY_ORDER, Match, values_of
from router.model import NS, PX_SCALE, OrdType, Side
from tests.policies.policy_samples import facts


def match(**keys: object) -> Match:
    return Match.model_validate(keys)


def holds(wanted: Match, **changes: object) -> bool:
    return not wanted.misses(values_of(facts(**changes), "sweep"), unknown_holds=False)


@pytest.mark.parametrize(
    ("wanted", "yes", "no"),
    [
        ({"account": "A"}, {"account": "A"}, {"account": "B"}),
        ({"account": ["A", "B"]}, {"account": "B"}, {"account": "C"}),
        ({"session": "OMS"}, {"session": "OMS"}, {"session": "OMS2"}),
        ({"symbol": "ACME"}, {"symbol": "ACME"}, {"symbol": "acme"}),
        ({"side": "buy"}, {"side": Side.BUY}, {"side": Side.SELL}),
        ({"side": ["sell_short"]}, {"side": Side.SELL_SHORT}, {"side": Side.SELL}),
        ({"ord_type": "market"}, {"ord_type": OrdType.MARKET}, {"ord_type": OrdType.LIMIT}),
        ({"adv": {"below": 200}}, {"adv": 199}, {"adv": 200}),
        ({"adv": {"from": 200}}, {"adv": 200}, {"adv": 199}),
        ({"qty": {"from": 10, "below": 20}}, {"qty": 10}, {"qty": 20}),
        ({"qty_adv": {"from": 0.05}}, {"qty": 50, "adv": 1_000}, {"qty": 49, "adv": 1_000}),
        ({"notional": {"below": 100}}, {"notional": 100 * PX_SCALE - 1}, {"notional": 10**10}),
        (
            {"time": {"from": "09:30", "below": "16:00"}},
            {"now": (9 * 60 + 30) * 60 * NS},
            {"now": 16 * 3600 * NS},
        ),
        ({"time": {"below": "09:30"}}, {"now": 86_400 * NS * 20_000}, {"now": 10 * 3600 * NS}),
    ],
)
def test_a_key_holds_for_what_it_names(
    wanted: dict[str, object], yes: dict[str, object], no: dict[str, object]
) -> None:
    assert holds(match(**wanted), **yes)
    assert not holds(match(**wanted), **no)


def test_all_keys_must_hold_and_none_holds_for_any_order() -> None:
    both = match(account="A", side="buy")
    assert holds(both)
    assert both.misses(values_of(facts(side=Side.SELL)), unknown_holds=True) == "side"
    assert both.misses(values_of(facts(account="B")), unknown_holds=True) == "account"
    assert holds(match())


def test_the_algo_is_the_one_that_was_settled_on() -> None:
    wanted = match(algo="twap")
    assert not wanted.misses(values_of(facts(), "twap"), unknown_holds=False)
    assert wanted.misses(values_of(facts(algo="twap"), "sweep"), unknown_holds=False) == "algo"


@pytest.mark.parametrize(
    ("wanted", "unknown"),
    [
        ({"adv": {"below": 5}}, {"adv": 0}),
        ({"qty_adv": {"from": 9}}, {"adv": 0}),
        ({"notional": {"from": 10**11}}, {"notional": None}),
    ],
)
def test_what_is_not_known_narrows_but_sets_nothing(
    wanted: dict[str, object], unknown: dict[str, object]
) -> None:
    values = values_of(facts(**unknown))
    assert match(**wanted).misses(values, unknown_holds=True) == ""
    assert match(**wanted).misses(values, unknown_holds=False) == next(iter(wanted))


def test_specificity_goes_by_the_order_of_keys_not_by_their_number() -> None:
    ladder = [
        match(),
        match(time={"from": "09:00"}),
        match(adv={"from": 1}),
        match(adv={"from": 1}, time={"from": "09:00"}),
        match(symbol="ACME"),
        match(symbol="ACME", side="buy", ord_type="limit", qty={"from": 1}),
        match(session="OMS"),
        match(account="A"),
        match(account="A", symbol="ACME"),
    ]
    for less, more in pairwise(ladder):
        assert less.specificity() < more.specificity()
    assert KEY_ORDER[:4] == ("account", "session", "symbol", "algo")
    assert match(account="A").specificity() == match(account=["B", "C"]).specificity()


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        ({}, {"account": "A"}, True),
        ({"account": ["A", "B"]}, {"account": ["B", "C"]}, True),
        ({"account": "A"}, {"account": "B"}, False),
        ({"account": "A"}, {"symbol": "ACME"}, True),
        ({"account": "A", "side": "buy"}, {"account": "A", "side": "sell"}, False),
        ({"qty": {"below": 100}}, {"qty": {"from": 100}}, False),
        ({"qty": {"below": 101}}, {"qty": {"from": 100}}, True),
        ({"time": {"below": "09:30"}}, {"time": {"from": "09:30"}}, False),
        ({"time": {"below": "09:31"}}, {"time": {"from": "09:30"}}, True),
    ],
)
def test_overlap_is_decided_exactly(
    one: dict[str, object], other: dict[str, object], meet: bool
) -> None:
    assert match(**one).overlaps(match(**other)) is meet
    assert match(**other).overlaps(match(**one)) is meet


RANGES = st.tuples(st.integers(0, 20), st.integers(1, 20)).map(
    lambda pair: {"from": pair[0], "below": pair[0] + pair[1]}
)
MATCHES = st.fixed_dictionaries(
    {},
    optional={
        "account": st.lists(st.sampled_from("ABC"), min_size=1, unique=True),
        "side": st.sampled_from(["buy", "sell"]),
        "qty": RANGES,
    },
)


@settings(max_examples=300)
@given(one=MATCHES, other=MATCHES)
def test_two_matches_overlap_if_and_only_if_some_order_satisfies_both(
    one: dict[str, object], other: dict[str, object]
) -> None:
    some = any(
        holds(match(**one), account=account, side=side, qty=qty)
        and holds(match(**other), account=account, side=side, qty=qty)
        for account in "ABCD"
        for side in (Side.BUY, Side.SELL)
        for qty in range(45)
    )
    assert match(**one).overlaps(match(**other)) is some


@pytest.mark.parametrize(
    "keys",
    [
        {"account": []},
        {"account": 7},
        {"side": "hold"},
        {"ord_type": "D"},
        {"qty": {}},
        {"qty": {"from": 5, "below": 5}},
        {"qty": {"from": -1}},
        {"qty": {"from": float("nan")}},
        {"qty": {"from": 1, "to": 2}},
        {"qty": 5},
        {"time": {"from": "16:00", "below": "09:30"}},
        {"time": {"from": "24:00"}},
        {"time": {"from": 930}},
        {"colour": "red"},
    ],
)
def test_what_cannot_be_meant_is_refused(keys: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        match(**keys)


def test_a_match_can_be_read() -> None:
    wanted = match(account=["A", "B"], qty={"from": 10}, time={"below": "16:00"})
    assert wanted.text() == "account=A|B qty=10.. time=..16:00"
    assert match().text() == "any order"
