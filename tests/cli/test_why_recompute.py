"""One decision again: the same bit for bit, or which field is not, or why it cannot be told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest

from config.settings import DEFAULT_CONFIG, load_settings
from policies.book import PolicyBook
from router import build
from router.analysis.explain import Decision, parent_story
from router.analysis.naming import find
from router.analysis.recompute import History, Outcome, Recomputation, Unlike, recompute
from router.analysis.replay import Rules
from router.core.environment import Environment
from router.journal.market import MarketRecord, read_market
from router.journal.records import Position
from router.journal.recovery import read_steps
from router.journal.storage import FileStorage
from router.messages import Decide, Restarted, Step
from tests.cli.market_day import OVERRIDES, Recorded

Change = Callable[[Step], Step]


class Past:
    """The recorded day in memory, where a test may change it."""

    def __init__(self, recorded: Recorded) -> None:
        storage = FileStorage(recorded.folder, read_only=True)
        self.steps: list[tuple[Position, Step]] = list(read_steps(storage))
        self.market: list[MarketRecord] = list(read_market(storage))
        self.by_order = {
            name: parent_story(storage, find(storage, name)[0].parent_id).decisions
            for name in (recorded.swept, recorded.scheduled, recorded.after_restart)
        }
        self.family = build.families()
        self.env = build.environment(load_settings(DEFAULT_CONFIG, OVERRIDES), self.family)

    def decisions(self) -> Iterator[Decision]:
        for found in self.by_order.values():
            yield from found

    def rules(self, env: Environment | None = None) -> Callable[[str], Rules]:
        made = env or self.env
        assert isinstance(made.policies, PolicyBook)
        rules = Rules(lambda: build.engine(made, self.family), made.policies.hash)
        return lambda digest: rules

    def again(self, decision: Decision, **more: Any) -> Recomputation:
        """Recompute, with the day as it is or as a test has it."""
        steps = more.get("steps", self.steps)
        market = more.get("market", self.market)
        history = History(lambda: steps, lambda: market)
        return recompute(history, more.get("rules", self.rules()), decision)

    def changed(self, seq: int, change: Change) -> list[tuple[Position, Step]]:
        return [(at, change(step) if step.seq == seq else step) for at, step in self.steps]


@pytest.fixture(scope="module")
def past(recorded: Recorded) -> Past:
    return Past(recorded)


def with_decide(step: Step, decide: Decide) -> Step:
    commands = tuple(decide if isinstance(each, Decide) else each for each in step.commands)
    return msgspec.structs.replace(step, commands=commands)


def nudged(decide: Decide, index: int) -> Decide:
    """One value is the next double."""
    found = list(decide.candidates)
    value = float(np.nextafter(found[index].value_bp, np.inf))
    found[index] = msgspec.structs.replace(found[index], value_bp=value)
    return msgspec.structs.replace(decide, candidates=tuple(found))


def count_of_json(values: Any) -> int:
    """How many values a JSON text holds."""
    if isinstance(values, dict):
        return sum(count_of_json(each) for each in values.values())
    if isinstance(values, list):
        return sum(count_of_json(each) for each in values)
    return 1


def test_every_decision_of_the_day_comes_out_the_same(past: Past) -> None:
    found = [(decision, past.again(decision)) for decision in past.decisions()]
    assert len(found) > 10
    for decision, again in found:
        assert (again.outcome, again.unlike, again.strayed) == (Outcome.SAME, (), 0)
        of_record = [decision.decide, *decision.sent, *decision.asked, *decision.breaches]
        assert again.commands == len(of_record)
        # each command's JSON has its tag beside its fields
        told = [count_of_json(json.loads(msgspec.json.encode(each))) - 1 for each in of_record]
        assert again.fields == sum(told) > 50


def test_what_the_learner_was_asked_is_what_the_record_has(past: Past) -> None:
    for decision in past.decisions():
        question = past.again(decision).question
        assert question is not None
        assert question.key == decision.decide.learner
        found = decision.decide.candidates
        assert question.request.arms == tuple(each.arm for each in found)
        tails, values = question.scores.tails, question.scores.values
        assert decision.decide.safety is not None
        if not decision.decide.safety.explored:
            assert question.scores.mean_values is not None
            tails, values = question.scores.mean_tails, question.scores.mean_values
        assert tails[:, 0].tolist() == [each.tail[0] for each in found]
        assert values.tolist() == [each.value_bp for each in found]
        # what no rule has narrowed offers all that was free
        caps = [each.cap for each in found if each.arm.endswith("/lit_take") and not each.caps]
        assert caps == [question.free_qty] * len(caps) != []


def test_a_value_that_is_one_bit_off_is_found_and_named(past: Past) -> None:
    decision = past.by_order[_scheduled(past)][1]
    was = decision.decide
    tampered = nudged(was, 1)
    again = past.again(
        replace(decision, decide=tampered),
        steps=past.changed(decision.seq, lambda step: with_decide(step, tampered)),
    )
    assert again.outcome is Outcome.DIFFERENT
    assert again.unlike == (
        Unlike(
            "Decide.candidates[1].value_bp",
            tampered.candidates[1].value_bp,
            was.candidates[1].value_bp,
        ),
    )
    assert again.unlike[0].recorded != again.unlike[0].decided


def _scheduled(past: Past) -> str:
    """The order with the most decisions."""
    return max(past.by_order, key=lambda name: len(past.by_order[name]))


def test_a_childs_size_that_was_written_over_is_found(past: Past) -> None:
    decision = next(each for each in past.decisions() if len(each.sent) > 1)
    child = decision.sent[1]

    def larger(step: Step) -> Step:
        wrong = msgspec.structs.replace(child, qty=child.qty + 100)
        commands = tuple(wrong if each == child else each for each in step.commands)
        return msgspec.structs.replace(step, commands=commands)

    again = past.again(decision, steps=past.changed(decision.seq, larger))
    path = f"SendChild {child.cl_ord_id}.qty"
    assert again.unlike == (Unlike(path, child.qty + 100, child.qty),)


def test_a_command_that_was_taken_out_of_the_record_is_missed(past: Past) -> None:
    decision = next(each for each in past.decisions() if each.sent and each.asked)
    sent, asked = decision.sent[0].cl_ord_id, decision.asked[0].quote_req_id

    def without(name: str) -> Change:
        def change(step: Step) -> Step:
            kept = tuple(c for c in step.commands if name not in (_id(c), _quote_id(c)))
            return msgspec.structs.replace(step, commands=kept)

        return change

    for name in (sent, asked):
        again = past.again(decision, steps=past.changed(decision.seq, without(name)))
        assert again.outcome is Outcome.DIFFERENT
        last = again.unlike[-1]
        assert (last.field, last.recorded) == (f"command {again.commands + 1}", "nothing")
        assert any(name in str(each.decided).split() for each in again.unlike)


def _id(command: object) -> str:
    return getattr(command, "cl_ord_id", "")


def _quote_id(command: object) -> str:
    return getattr(command, "quote_req_id", "")


def test_a_journal_of_another_seed_differs_in_what_was_drawn_and_in_nothing_before(
    past: Past,
) -> None:
    other = past.rules(replace(past.env, seed=past.env.seed + 1))
    first, later = past.by_order[_scheduled(past)][:2]
    safeties = [(each.seq, each.decide.safety) for each in past.decisions()]
    earliest = min(seq for seq, safety in safeties if safety is not None and safety.explored)
    for decision in (first, later):
        again = past.again(decision, rules=other)
        assert again.outcome is Outcome.DIFFERENT
        # the history strays with the first decision that took a draw, or takes one now, at the
        # latest, and is folded from there on
        assert again.strayed <= earliest
        assert again.strayed or decision.seq <= earliest
        places = {each.field.partition("].")[2].partition("[")[0] for each in again.unlike}
        assert {"tail", "value_bp"} <= places
        assert not places & {"tail_mean", "features", "cost_bp", "price", "caps", "displayed"}


def test_what_was_changed_before_a_decision_does_not_hide_that_it_is_right(past: Past) -> None:
    earlier, *rest = past.by_order[_scheduled(past)]
    wrong = msgspec.structs.replace(earlier.decide, reason="written over")
    steps = past.changed(earlier.seq, lambda step: with_decide(step, wrong))
    assert len(rest) > 3
    for decision in rest:
        again = past.again(decision, steps=steps)
        assert (again.outcome, again.strayed) == (Outcome.SAME, earlier.seq)


def test_without_a_record_of_the_market_it_cannot_be_told_until_the_next_start(past: Past) -> None:
    [first, *_] = past.by_order[_scheduled(past)]
    lost = [each for each in past.market if each.seq < first.seq][-1].seq
    market = [each for each in past.market if each.seq != lost]
    again = past.again(first, market=market)
    reason = f"market records are missing: seq {lost}"
    assert (again.outcome, again.reason) == (Outcome.UNDECIDED, reason)
    after = past.by_order[list(past.by_order)[-1]][0]
    assert past.again(after, market=market).outcome is Outcome.SAME


def test_another_policy_than_the_one_that_ran_decides_nothing(past: Past) -> None:
    decision = next(past.decisions())
    rules = replace(past.rules()(""), policy_hash="0" * 64)
    ran = decision.decide.policy_hash[:12]

    def unsaid(step: Step) -> Step:
        assert isinstance(step.event, Restarted)
        return msgspec.structs.replace(
            step, event=msgspec.structs.replace(step.event, policies=None)
        )

    start = past.steps[0][1].seq
    again = past.again(decision, rules=lambda _: rules, steps=past.changed(start, unsaid))
    assert again.reason == f"policy {ran} ran, policy 000000000000 is loaded"
    assert past.again(decision, rules=lambda _: rules).outcome is Outcome.SAME, "the journal has it"


def test_a_decision_whose_event_is_lost_cannot_be_told(past: Past) -> None:
    decision = next(past.decisions())

    def without(step: Step) -> Step:
        return msgspec.structs.replace(step, event=None)

    again = past.again(decision, steps=past.changed(decision.seq, without))
    assert again.reason == "the record of the event that it was decided on is missing"
