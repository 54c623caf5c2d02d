"""Budget and gate hold in any sequence of decisions, by arithmetic that is done again here."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.core.exploring import Choice, Room, choose
from router.core.ledger import LEDGERS_MAX, Ledger, key_of
from router.core.narrowing import Narrowed
from router.core.scoring import HeldBack, Scored
from router.messages import Safety
from router.model import Exploration
from router.ports import FloatArray, ScoreRequest, Scores

LOT = 100
NOTHING = np.zeros(0)
REQUEST = ScoreRequest("ACME", (), np.zeros((0, 0)), NOTHING, NOTHING, 1, 1.0, 1.0)


def scored(
    scores: Scores,
    held_back: HeldBack = HeldBack.NOT_AT_ALL,
    champion: Scores | None = None,
) -> Scored:
    name = "static" if champion is not None else ""
    return Scored(REQUEST, scores, "hazard", "hazard", held_back, name, champion)


def room(caps: list[int], lots: int, notional: float = 1_000.0) -> Room:
    narrowed = [Narrowed(cap=LOT * cap, caps=(), floor=0, min_qty=0) for cap in caps]
    return Room(narrowed, LOT * lots, LOT, notional)


def flat(
    tails: list[float],
    values: list[float],
    mean_tails: list[float],
    mean_values: list[float],
    lots: int = 4,
) -> Scores:
    """Arms whose every lot is alike."""

    def rows(heights: list[float]) -> FloatArray:
        return np.repeat(np.array(heights)[:, np.newaxis], lots, axis=1)

    return Scores(rows(tails), rows(mean_tails), np.array(values), np.array(mean_values))


# --- by hand -------------------------------------------------------------------------------------

# At the mean the first arm is worth 0.5 * 10 = 5 a lot and the second 0.5 * 8 = 4; the draw turns
# them round. Four lots of four: the draw costs 4 * (5 - 4) / 4 = 1 bp.
TURNED = flat([0.5, 0.5], [7.0, 9.0], [0.5, 0.5], [10.0, 8.0])


def test_a_draw_costs_what_it_is_worth_less_at_the_mean() -> None:
    found = choose(scored(TURNED), room([4, 4], 4), Ledger(), Exploration(budget_bp=1.0))
    assert found.split.quantities == [0, 400]
    assert found.split.scores.values.tolist() == [7.0, 9.0]
    assert found.safety == Safety(
        explored=True, cost_bp=1.0, notional=1_000.0, budget_bp=1.0, budget_left_bp=0.0
    )


def test_what_costs_more_than_is_left_is_not_taken_and_the_mean_is() -> None:
    found = choose(scored(TURNED), room([4, 4], 4), Ledger(), Exploration(budget_bp=0.99))
    assert found.split.quantities == [400, 0]
    assert found.split.scores.values.tolist() == [10.0, 8.0]
    assert found.safety == Safety(
        explored=False,
        held_back="BUDGET_SPENT",
        cost_bp=1.0,
        notional=1_000.0,
        budget_bp=0.99,
        budget_left_bp=0.99,
    )


def test_what_was_decided_without_exploring_saves_for_later() -> None:
    # 1 bp of 1,000 is within 0.5 bp of 1,000 and of another 1,000 before it
    ledger = Ledger(notional=1_000.0)
    bounds = Exploration(budget_bp=0.5)
    assert choose(scored(TURNED), room([4, 4], 4), ledger, bounds).safety.explored
    ledger = Ledger(notional=999.0)
    assert not choose(scored(TURNED), room([4, 4], 4), ledger, bounds).safety.explored


@pytest.mark.parametrize("why", [HeldBack.OPTED_OUT, HeldBack.FROZEN])
def test_who_may_not_explore_goes_by_the_mean_whatever_the_budget(why: HeldBack) -> None:
    bounds = Exploration(allowed=why is not HeldBack.OPTED_OUT, budget_bp=100.0)
    found = choose(scored(TURNED, why), room([4, 4], 4), Ledger(), bounds)
    assert found.split.quantities == [400, 0]
    assert (found.safety.explored, found.safety.held_back) == (False, why.value)
    assert (found.safety.budget_bp is None) is (why is HeldBack.OPTED_OUT)


def test_scores_that_hold_no_draw_are_taken_as_they_are() -> None:
    rounded = Scores(TURNED.tails, TURNED.mean_tails, TURNED.values)
    found = choose(scored(rounded), room([4, 4], 4), Ledger(), Exploration(budget_bp=0.0))
    assert found.split.quantities == [0, 400]
    assert (found.safety.explored, found.safety.held_back, found.safety.cost_bp) == (False, "", 0.0)


def test_the_gate_counts_what_differs_from_the_champion_at_its_lower_bound() -> None:
    # The draw places 4 lots at the second arm, worth 4 each at the mean. Its value of 8 has the
    # lower bound 5, its tail of 0.5 the lower bound 0.2: hypot(0.5 * 3, 8 * 0.3) = 2.8302 less.
    low = Scores(
        TURNED.tails,
        TURNED.mean_tails,
        TURNED.values,
        TURNED.mean_values,
        np.full((2, 4), 0.2),
        np.array([5.0, 5.0]),
    )
    bound = 4.0 - math.hypot(1.5, 2.4)
    assert bound == pytest.approx(1.16981, abs=1e-5)
    bounds = Exploration(budget_bp=100.0, give_up=0.8)  # 1.1698 is at least 0.2 * 5
    found = choose(scored(low), room([4, 4], 4), Ledger(), bounds)
    assert found.safety.explored
    assert found.safety.credited_bp == pytest.approx(bound)
    assert found.safety.champion_bp == 5.0
    bounds = Exploration(budget_bp=100.0, give_up=0.7)  # it is not 0.3 * 5
    found = choose(scored(low), room([4, 4], 4), Ledger(), bounds)
    assert found.split.quantities == [400, 0]
    assert (found.safety.explored, found.safety.held_back) == (False, "GATE")
    assert found.safety.credited_bp == found.safety.champion_bp == 5.0


def test_lots_that_the_champion_would_place_too_are_not_at_risk() -> None:
    # caps of 3 and 4: the mean places 3 and 1, the draw 0 and 4; one lot is in both
    low = Scores(
        TURNED.tails,
        TURNED.mean_tails,
        TURNED.values,
        TURNED.mean_values,
        np.zeros((2, 4)),
        TURNED.mean_values,
    )
    bounds = Exploration(budget_bp=100.0, give_up=0.99)
    found = choose(scored(low), room([3, 4], 4), Ledger(), bounds)
    assert found.safety.champion_bp == pytest.approx((3 * 5 + 4) / 4)
    assert found.safety.credited_bp == pytest.approx(4 / 4)  # 3 lots at 4 - 8 * 0.5 = 0


def test_a_named_champion_is_played_where_the_gate_says_so_and_the_learner_is_named() -> None:
    champion = flat([1.0, 0.0], [1.0, 1.0], [1.0, 0.0], [1.0, 1.0])
    own = flat([0.5, 0.5], [7.0, 9.0], [0.5, 0.5], [10.0, 8.0])
    bounds = Exploration(budget_bp=100.0, give_up=0.1, champion="static")
    found = choose(scored(own, champion=champion), room([4, 4], 4), Ledger(), bounds)
    assert found.split.quantities == [400, 0]
    assert (found.learner, found.safety.champion, found.safety.proposer) == (
        "static", "static", "hazard",
    )  # fmt: skip
    assert found.safety.held_back == "GATE"
    assert found.split.scores.values.tolist() == [1.0, 1.0]
    # worth 4 against the champion's 5, a fifth less
    bounds = Exploration(budget_bp=100.0, give_up=0.2, champion="static")
    found = choose(scored(own, champion=champion), room([4, 4], 4), Ledger(), bounds)
    assert (found.learner, found.safety.proposer, found.safety.explored) == ("hazard", "", True)


def test_a_day_is_a_day_of_utc() -> None:
    midnight = 1_767_657_600_000_000_000  # 2026-01-06
    assert key_of("A", midnight - 1) == ("A", 20_458)
    assert key_of("A", midnight) == ("A", 20_459)
    assert LEDGERS_MAX > 1_000


# --- in any sequence -----------------------------------------------------------------------------


@dataclass
class Again:
    """The sums, done again lot by lot."""

    spent: float = 0.0
    notional: float = 0.0
    credited: float = 0.0
    champion: float = 0.0
    reasons: set[str] = field(default_factory=set)


def worth(scores: Scores, lots: list[int]) -> float:
    assert scores.mean_values is not None
    return sum(
        float(scores.mean_values[i] * scores.mean_tails[i, j])
        for i, count in enumerate(lots)
        for j in range(count)
    )


def low(scores: Scores, lots: list[int], beside: list[int]) -> float:
    assert scores.mean_values is not None
    assert scores.low_values is not None
    assert scores.low_tails is not None
    total = 0.0
    for i, count in enumerate(lots):
        value, tail = float(scores.mean_values[i]), scores.mean_tails[i]
        for j in range(count):
            total += value * tail[j]
            if j >= beside[i]:
                by_value = tail[j] * (value - scores.low_values[i])
                by_tail = value * (tail[j] - scores.low_tails[i, j])
                total -= math.hypot(by_value, by_tail)
    return total


def greedy(tails: FloatArray, values: FloatArray, caps: list[int], lots: int) -> list[int]:
    """Lot by lot to the best next one; the first of equals."""
    given = [0] * len(caps)
    for _ in range(lots):
        best, at = 0.0, -1
        for i, cap in enumerate(caps):
            if given[i] < min(cap, tails.shape[1]):
                marginal = float(values[i] * tails[i, given[i]])
                if marginal > best:
                    best, at = marginal, i
        if at < 0:
            break
        given[at] += 1
    return given


def random_scores(rng: np.random.Generator, count: int, lots: int) -> Scores:
    def curve() -> FloatArray:
        return np.asarray(-np.sort(-rng.random((count, lots)), axis=1))

    mean, values = curve(), rng.uniform(-3.0, 8.0, count)
    return Scores(
        tails=curve(),
        mean_tails=mean,
        values=rng.uniform(-3.0, 8.0, count),
        mean_values=values,
        low_tails=mean * rng.random((count, lots)),
        low_values=values - rng.uniform(0.0, 4.0, count),
    )


def check_one(
    again: Again, scores: Scores, champion: Scores | None, caps: list[int], lots: int, found: Choice
) -> None:
    safety = found.safety
    taken = [qty // LOT for qty in found.split.quantities]
    assert scores.mean_values is not None
    own = greedy(scores.mean_tails, scores.mean_values, caps, lots)
    rival = own
    if champion is not None:
        assert champion.mean_values is not None
        rival = greedy(champion.mean_tails, champion.mean_values, caps, lots)
    if safety.explored:
        assert taken == greedy(scores.tails, scores.values, caps, lots)
        cost = (worth(scores, own) - worth(scores, taken)) / lots
        assert safety.cost_bp == pytest.approx(cost, abs=1e-9)
        again.spent += max(0.0, cost) * safety.notional
    else:
        assert taken in (own, rival)
    again.notional += safety.notional
    if safety.give_up is not None:
        best = max(0.0, worth(scores, rival)) / lots
        credited = best if taken == rival else low(scores, taken, rival) / lots
        again.credited += credited * safety.notional
        again.champion += best * safety.notional
    again.reasons.add(safety.held_back)


@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 25),
    budget_bp=st.sampled_from([0.0, 0.05, 0.5, 5.0]),
    give_up=st.sampled_from([None, 0.0, 0.02, 0.5]),
    named=st.booleans(),
)
@settings(max_examples=80)
def test_what_is_spent_stays_within_the_budget_and_the_gate_holds_after_every_decision(
    seed: int, count: int, budget_bp: float, give_up: float | None, named: bool
) -> None:
    rng = np.random.Generator(np.random.Philox(key=seed))
    bounds = Exploration(budget_bp=budget_bp, give_up=give_up)
    ledger, again = Ledger(), Again()
    for _ in range(count):
        arms, lots = int(rng.integers(1, 5)), int(rng.integers(1, 9))
        caps = [int(each) for each in rng.integers(0, 7, arms)]
        scores = random_scores(rng, arms, lots)
        champion = random_scores(rng, arms, lots) if named and give_up is not None else None
        where = room(caps, lots, float(rng.uniform(1.0, 1e6)))
        found = choose(scored(scores, champion=champion), where, ledger, bounds)
        ledger.add(found.safety)
        check_one(again, scores, champion, caps, lots, found)
        slack = 1e-9 * again.notional
        assert again.spent <= budget_bp * again.notional + slack
        left = budget_bp - again.spent / again.notional
        assert found.safety.budget_left_bp == pytest.approx(left, abs=1e-9)
        if give_up is not None:
            assert again.credited >= (1.0 - give_up) * again.champion - slack
    assert ledger.decisions == count
    assert ledger.spent == pytest.approx(again.spent)
    assert again.reasons <= {"", "BUDGET_SPENT", "GATE"}


@pytest.mark.parametrize(
    ("bounds", "word"),
    [
        (Exploration(budget_bp=0.05), "BUDGET_SPENT"),
        (Exploration(budget_bp=100.0, give_up=0.1), "GATE"),
    ],
)
def test_the_property_is_about_something(bounds: Exploration, word: str) -> None:
    """In a sequence like those above, every outcome occurs."""
    rng = np.random.Generator(np.random.Philox(key=3))
    ledger = Ledger()
    for _ in range(100):
        ledger.add(
            choose(scored(random_scores(rng, 3, 6)), room([3, 3, 3], 6), ledger, bounds).safety
        )
    assert ledger.explored > 3
    assert ledger.held_back[word] > 10
    assert ledger.held_back.keys() == {word}
