"""The fold of rules over a candidate: the tightest wins, and the notes say who it was."""

from __future__ import annotations

from policies.child_max import ChildMax
from policies.child_min import ChildMin
from policies.dealer import Dealer
from policies.min_qty import MinQty
from policies.tactics import Tactics
from router.core.narrowing import Narrowed, narrow
from router.messages import CapNote
from router.model import Tactic
from tests.policies.policy_samples import candidate, context


def test_without_rules_a_candidate_keeps_its_cap() -> None:
    assert narrow(candidate(cap=700), [], context()) == Narrowed(700, (), 0, 0)


def test_the_tightest_wins_and_everyone_who_lowers_is_named_loosest_first() -> None:
    rules = [
        ("d/small", ChildMax(shares=300)),
        ("d/large", ChildMax(shares=900)),
        ("d/idle", ChildMax(shares=5_000)),
        ("d/also-small", ChildMax(shares=300)),
    ]
    assert narrow(candidate(cap=1_000), rules, context()) == Narrowed(
        cap=300,
        caps=(CapNote("d/large", 900), CapNote("d/also-small", 300), CapNote("d/small", 300)),
        floor=0,
        min_qty=0,
    )


def test_a_closed_door_is_noted() -> None:
    rules = [("d/no-take", Tactics(deny=("lit_take",))), ("d/dealers", Dealer(opt_out=True))]
    found = narrow(candidate(Tactic.LIT_TAKE, cap=1_000), rules, context())
    assert found == Narrowed(0, (CapNote("d/no-take", 0),), 0, 0)


def test_a_cap_below_the_floor_becomes_nothing_and_the_largest_floor_counts() -> None:
    rules = [
        ("d/min", ChildMin(shares=500)),
        ("d/min-less", ChildMin(shares=100)),
        ("d/max", ChildMax(shares=499)),
    ]
    found = narrow(candidate(cap=1_000), rules, context())
    assert found.cap == 0
    assert found.floor == 500
    assert found.caps == (
        CapNote("d/max", 499),
        CapNote("d/min", 0, "499 is below the floor 500"),
    )
    at_the_floor = narrow(candidate(cap=500), rules[:2], context())
    assert (at_the_floor.cap, at_the_floor.caps) == (500, ())


def test_the_last_child_may_be_smaller_than_the_floor() -> None:
    rules = [("d/min", ChildMin(shares=500))]
    almost_done = context(order_qty=10_000, cum_qty=9_501)  # leaves 499
    assert narrow(candidate(cap=499), rules, almost_done) == Narrowed(499, (), 0, 0)
    just_enough = context(order_qty=10_000, cum_qty=9_500)  # leaves 500
    assert narrow(candidate(cap=499), rules, just_enough).cap == 0
    # What works elsewhere may come back: LeavesQty counts, not what is free.
    working = context(order_qty=10_000, cum_qty=9_000, working_qty=600)
    assert narrow(candidate(cap=400), rules, working).cap == 0


def test_a_floor_above_leaves_qty_does_not_lift_a_smaller_one() -> None:
    rules = [("d/huge", ChildMin(shares=50_000)), ("d/small", ChildMin(shares=200))]
    found = narrow(candidate(cap=150), rules, context(order_qty=10_000))
    assert (found.cap, found.floor) == (0, 200)


def test_min_qty_is_kept_even_by_the_last_child() -> None:
    rules = [("d/dark", MinQty(shares=300)), ("d/dark-less", MinQty(shares=200))]
    dark = candidate(Tactic.DARK_MID, cap=1_000, price=None, displayed=0)
    assert narrow(dark, rules, context()) == Narrowed(1_000, (), 0, 300)
    capped = [*rules, ("d/max", ChildMax(shares=299))]
    found = narrow(dark, capped, context(order_qty=250))
    assert found.cap == 0
    assert found.caps == (
        CapNote("d/max", 299),
        CapNote("d/dark", 0, "299 is below MinQty 300"),
    )


def test_a_cap_of_just_min_qty_or_just_the_floor_is_enough() -> None:
    dark = candidate(Tactic.DARK_MID, cap=300, price=None, displayed=0)
    rules = [("d/dark", MinQty(shares=300)), ("d/min", ChildMin(shares=300))]
    assert narrow(dark, rules, context()) == Narrowed(300, (), 300, 300)


def test_of_equal_minima_the_first_by_name_is_told() -> None:
    rules = [
        ("d/b", ChildMin(shares=500)),
        ("d/a", ChildMin(shares=500)),
        ("d/c", ChildMin(shares=500)),
    ]
    for order in (rules, rules[::-1], [rules[1], rules[0], rules[2]]):
        (note,) = narrow(candidate(cap=400), order, context()).caps
        assert note == CapNote("d/a", 0, "400 is below the floor 500")


def test_a_negative_answer_counts_as_nothing() -> None:
    class Odd(ChildMax):
        def narrow(self, candidate: object, context: object) -> int:
            return -5

    assert narrow(candidate(cap=10), [("d/odd", Odd())], context()).cap == 0
