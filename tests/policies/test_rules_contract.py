"""What every rule keeps to, over the registry: a new file is tested the moment it exists."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from policies.document import CLAUSE_KEYS
from router.core.narrowing import Narrowed, narrow
from router.model import Side, Tactic
from router.ports import Candidate, Rule, RuleContext
from tests.policies.policy_samples import BID, OFFER, RULE_TYPES, TICK, candidate, context

NAMES = sorted(RULE_TYPES)

# One way, at least, to set each rule so that it narrows something.
SETTINGS: dict[str, list[dict[str, object]]] = {
    "child_max": [
        {"shares": 300},
        {"parent_share": 0.1},
        {"displayed_share": 0.25},
        {"notional": 20_000},
    ],
    "child_min": [{"shares": 200}, {"parent_share": 0.05}],
    "dark": [{"only": True}, {"share_max": 0.4}],
    "dealer": [{"opt_out": True}, {"share_max": 0.2}, {"size_max": 500}],
    "lit": [{"post_only": True}, {"take_fraction_max": 0.5}],
    "min_qty": [{"shares": 400}],
    "participation": [{"share_max": 0.1}, {"share_max": 0.2, "start_qty": 100}],
    "price_limit": [{"arrival_bp": 1.5}, {"mid_bp": -0.5}],
    "spread": [{"take_ticks_max": 2}],
    "tactics": [{"deny": "lit_take"}, {"allow": ["dark_mid", "lit_make"]}],
    "venues": [{"deny": {"type": "dealer"}}, {"allow": {"mic": ["LIT_A"], "type": "dark"}}],
    "window": [{"start": "09:30", "end": "16:00"}, {"end": "12:00", "tactics": "lit_take"}],
}

RULES = [
    RULE_TYPES[name].from_document(values)
    for name, choices in SETTINGS.items()
    for values in choices
]

CANDIDATES = st.builds(
    candidate,
    st.sampled_from(Tactic),
    cap=st.integers(0, 20_000),
    mic=st.sampled_from(["LIT_A", "LIT_B", "DARK_A", "SDP_1"]),
    price=st.none() | st.integers(BID - 5 * TICK, OFFER + 5 * TICK),
    displayed=st.integers(0, 5_000),
)


@st.composite
def contexts(draw: st.DrawFn) -> RuleContext:
    order_qty = draw(st.integers(1, 20_000))
    cum_qty = draw(st.integers(0, order_qty))
    return context(
        side=draw(st.sampled_from(Side)),
        order_qty=order_qty,
        cum_qty=cum_qty,
        working_qty=draw(st.integers(0, order_qty - cum_qty)),
        bid=draw(st.sampled_from([0, BID])),
        offer=draw(st.sampled_from([0, OFFER, OFFER + 20 * TICK])),
        volume=draw(st.integers(0, 200_000)),
        arrival_mid=draw(st.sampled_from([0, BID + OFFER, 2 * BID - 40 * TICK])),
        filled_by_type=draw(st.fixed_dictionaries({"D": st.integers(0, cum_qty)})),
        now=draw(st.integers(0, 86_400 * 10**9)),
    )


def test_the_registry_holds_the_rules_of_the_design() -> None:
    assert {"venues", "tactics", "participation", "child_max", "child_min", "min_qty"} <= set(NAMES)
    assert {"price_limit", "dark", "dealer", "lit", "spread", "window"} <= set(NAMES)
    assert set(SETTINGS) == set(NAMES), "every rule is tried here in at least one setting"
    assert not set(NAMES) & set(CLAUSE_KEYS), "a rule may not be named like a clause's own key"


@pytest.mark.parametrize("name", NAMES)
def test_a_rule_refuses_unknown_keys_and_says_what_it_takes(name: str) -> None:
    with pytest.raises(ValidationError) as caught:
        RULE_TYPES[name].from_document({"no_such_key": 1})
    assert caught.value.errors()[0]["type"] == "extra_forbidden"


def numbers(kind: type[Rule]) -> list[str]:
    return [
        name
        for name, field in kind.model_fields.items()
        if {int, float} & {field.annotation, *get_args(field.annotation)}
        or "Annotated[float" in str(field.annotation)
        or "Annotated[int" in str(field.annotation)
    ]


@pytest.mark.parametrize(
    ("name", "key"), [(name, key) for name in NAMES for key in numbers(RULE_TYPES[name])]
)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), True, "1", (1,), 1e15, -1e15])
def test_a_rules_numbers_are_finite_bounded_and_not_coerced(
    name: str, key: str, value: object
) -> None:
    with pytest.raises(ValidationError):
        RULE_TYPES[name].model_validate({key: value})


def test_the_numeric_keys_are_found() -> None:
    assert numbers(RULE_TYPES["child_max"]) == [
        "shares",
        "parent_share",
        "displayed_share",
        "notional",
    ]
    assert numbers(RULE_TYPES["participation"]) == ["share_max", "start_qty"]


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60)
@given(where=CANDIDATES, when=contexts())
def test_a_rule_that_says_nothing_narrows_nothing(
    name: str, where: Candidate, when: RuleContext
) -> None:
    rule = RULE_TYPES[name]()
    assert rule.narrow(where, when) >= where.cap
    assert rule.floor(where, when) == 0
    assert rule.min_qty(where, when) == 0


@pytest.mark.parametrize("rule", RULES, ids=repr)
@settings(max_examples=60)
@given(where=CANDIDATES, when=contexts())
def test_a_rule_lowers_repeats_itself_and_touches_nothing(
    rule: Rule, where: Candidate, when: RuleContext
) -> None:
    before = (repr(where), repr(when))
    allowed = rule.narrow(where, when)
    assert isinstance(allowed, int)
    assert allowed >= 0
    assert narrow(where, [("r", rule)], when).cap <= where.cap
    assert rule.narrow(where, when) == allowed
    assert rule.floor(where, when) >= 0
    assert rule.min_qty(where, when) >= 0
    assert (repr(where), repr(when)) == before


@settings(max_examples=400)
@given(
    where=CANDIDATES,
    when=contexts(),
    chosen=st.lists(st.sampled_from(range(len(RULES))), max_size=8, unique=True),
    order=st.randoms(use_true_random=False),
)
def test_rules_commute(
    where: Candidate, when: RuleContext, chosen: list[int], order: object
) -> None:
    named = [(f"doc/{i:02}", RULES[i]) for i in chosen]
    shuffled = list(named)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    once: Narrowed = narrow(where, named, when)
    assert narrow(where, shuffled, when) == once
    assert once.cap <= where.cap
    assert narrow(where, [*named, *named], when).cap == once.cap


@settings(max_examples=200)
@given(where=CANDIDATES, when=contexts(), extra=st.sampled_from(range(len(RULES))))
def test_another_rule_never_leaves_more(where: Candidate, when: RuleContext, extra: int) -> None:
    few = [(f"doc/{i}", RULES[i]) for i in range(0, len(RULES), 4)]
    fewer = narrow(where, few, when)
    more = narrow(where, [*few, ("doc/extra", RULES[extra])], when)
    assert more.cap <= fewer.cap
    assert more.min_qty >= fewer.min_qty


def test_documents_give_lists_and_single_names_alike() -> None:
    one = RULE_TYPES["tactics"].from_document({"deny": "lit_take"})
    many = RULE_TYPES["tactics"].from_document({"deny": ["lit_take"]})
    assert one == many
    assert msgspec.json.decode(one.model_dump_json()) == {"allow": None, "deny": ["lit_take"]}
