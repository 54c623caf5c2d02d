"""The decisions of a journal as off-policy evaluation takes them, and the lessons between them.

A reader: it folds the journal as recovery does, and beside every decision it scores again, with the
learner that decided and with the target, each in the state that its lessons have brought it to.
Owns which decisions are fit for that, and what of their children's fate counts as known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from msgspec import structs

from router.analysis.offpolicy.behaviour import Behaviour
from router.analysis.offpolicy.logged import Logged, Taught
from router.analysis.offpolicy.propensity import Purpose, Sample, sample, stream
from router.analysis.replay import ForeignJournal, check
from router.core import fold
from router.core.chance import chance
from router.core.exploring import Room
from router.core.features import FEATURE_VERSION
from router.core.ledger import Ledger, key_of
from router.core.narrowing import Narrowed
from router.core.orders import Child, Parent
from router.core.placing import lots
from router.core.rewards import LAST_LOOK, OBSERVED, queue_lots, rests
from router.core.shelf import LearnerShelf, lesson_of, markout_of
from router.core.state import State
from router.core.views import parent_view
from router.messages import (
    CandidateRecord,
    Command,
    Decide,
    Learn,
    LearnMarkout,
    Restarted,
    SendChild,
    Step,
)
from router.model import NS, Tactic, TimeInForce
from router.ports import MAIN_HORIZON, Arrays, Learner, ScoreRequest, Scores

DAY_NS = 86_400 * NS

WITHOUT_URGENCY = "recorded without u(x)"
OTHER_FEATURES = "features of another version"
ALL_OR_NONE = "fill or kill: no learner had a say"
NO_CHOICE = "nothing could be placed"
NOT_THE_SAME = "scored again it is another decision: its seed or its code is not this one"

EXACT = 1e-9
"""Relative. Values that are scored again differ by less, on whatever machine."""


@dataclass(slots=True)
class DecisionLog:
    """What a journal holds for an evaluation."""

    decisions: list[Logged] = field(default_factory=list)
    lessons: list[Taught] = field(default_factory=list)
    learners: Counter[str] = field(default_factory=Counter)
    """Decisions by the key of the learner that made them."""
    left_out: Counter[str] = field(default_factory=Counter)
    """Decisions that are not fit, by the reason."""


@dataclass(frozen=True, slots=True)
class Target:
    """The learner that is asked about: it is taught every lesson of the log, in its order."""

    shelf: LearnerShelf
    key: str

    def learn(self, lesson: Learn) -> None:
        """Take a lesson, whoever the log's learner was."""
        self.shelf.learn(self.key, lesson)

    def mark(self, markout: LearnMarkout) -> None:
        """Take what the price did after a fill, whoever the log's learner was."""
        self.shelf.mark(self.key, markout)

    def get(self) -> tuple[Learner, Arrays]:
        """The learner and what it has learned so far."""
        return self.shelf.get(self.key)


def read_decisions(
    steps: Iterable[Step], state: State, target: Target, seed_of: Callable[[str], int]
) -> DecisionLog:
    """Fold a journal into an empty state, and collect its decisions.

    `seed_of` tells the seed of a configuration's digest, "" for the loaded one.

    Raises:
        ForeignJournal: if the journal names a venue or a learner that the state does not have.
    """
    reader = _Reader(state, target, seed_of)
    for step in steps:
        reader.take(step)
    return reader.log


class _Reader:
    def __init__(self, state: State, target: Target, seed_of: Callable[[str], int]) -> None:
        self.log = DecisionLog()
        self._state = state
        self._target = target
        self._seed_of = seed_of
        self._seed = seed_of("")
        self._here: dict[str, tuple[Logged, int]] = {}
        """By parent its decision of this step, and the lot."""
        self._children: dict[str, tuple[Logged, int, int]] = {}
        """By ClOrdID the decision, the arm's place in it and the lot."""

    def take(self, step: Step) -> None:
        """One step, each command looked at in the state that it was made in."""
        check(self._state, step)
        if isinstance(step.event, Restarted):
            self._seed = self._seed_of(step.event.config_hash)
        if step.event is not None:
            fold.apply(self._state, step.now, step.event)
        self._here.clear()
        for index, command in enumerate(step.commands):
            self._look(step, index, command)
            fold.apply(self._state, step.now, command)

    def _look(self, step: Step, index: int, command: Command) -> None:
        match command:
            case Decide():
                self._decided(step, index, command)
            case SendChild():
                self._sent(command)
            case Learn():
                self._learned(command)
            case LearnMarkout():
                self._marked(command)
            case _:
                pass

    # -- a decision ------------------------------------------------------------------------------

    def _decided(self, step: Step, index: int, decide: Decide) -> None:
        parent = self._state.parents[decide.parent_id]
        again = _Again(decide, request_of(decide, parent), self._seed, step.seq, index)
        own = self._learner(step, decide.learner)
        why_not = _unfit(decide, parent) or ("" if again.is_the_same(*own) else NOT_THE_SAME)
        if why_not:
            self.log.left_out[why_not] += 1
            return
        behaviour = again.behaviour(self._ledger(step, parent), self._champion(step, again))
        proposer = self._learner(step, _proposer(decide))
        draws = again.sample(*proposer, behaviour, Purpose.LOGGED)
        target = again.sample(*self._target.get(), again.free(), Purpose.TARGET)
        decision = _logged(step, again, draws, target)
        self.log.learners[decide.learner] += 1
        self.log.decisions.append(decision)
        self._here[decide.parent_id] = decision, decide.lot

    def _learner(self, step: Step, key: str) -> tuple[Learner, Arrays]:
        """A learner that had a say, as it was then."""
        try:
            return self._state.shelf.get(key)
        except (KeyError, ValueError):
            raise ForeignJournal(f"seq {step.seq} speaks of learner {key}") from None

    def _champion(self, step: Step, again: _Again) -> Scores | None:
        """What the champion said, if the decision was held against a named one."""
        safety = again.decide.safety
        if safety is None or not safety.champion:
            return None
        return again.score(*self._learner(step, safety.champion))

    def _ledger(self, step: Step, parent: Parent) -> Ledger:
        return self._state.ledgers.get(key_of(parent.terms.account, step.now)) or Ledger()

    # -- what came of it -------------------------------------------------------------------------

    def _sent(self, sent: SendChild) -> None:
        found = self._here.get(sent.parent_id)
        if found is not None:
            decision, lot = found
            arm = decision.request.arms.index(f"{sent.mic}/{sent.tactic.value}")
            self._children[sent.cl_ord_id] = decision, arm, lot

    def _learned(self, command: Learn) -> None:
        self._target.learn(command)
        child = self._state.children.get(command.cl_ord_id)
        parent_id = child.parent_id if child is not None else ""
        self.log.lessons.append(Taught(parent_id, lesson_of(command)))
        of = self._children.get(command.cl_ord_id)
        if of is not None and child is not None:
            decision, arm, lot = of
            decision.known[arm], decision.filled[arm] = fate(child, command, lot)

    def _marked(self, command: LearnMarkout) -> None:
        self._target.mark(command)
        child = self._state.children.get(command.cl_ord_id)
        parent_id = child.parent_id if child is not None else ""
        self.log.lessons.append(Taught(parent_id, markout_of(command)))
        of = self._children.get(command.cl_ord_id)
        if of is not None and command.horizon == MAIN_HORIZON and command.markout_bp is not None:
            decision, arm, _ = of
            decision.markout_bp[arm] = command.markout_bp


def fate(child: Child, lesson: Learn, lot: int) -> tuple[int, int]:
    """How many of a child's lots have a known outcome, and how many of these were filled.

    All or none: a child that was cut short by us or the venue has filled what it has filled, and to
    know only that would be to know the good part of it (the trap of `offpolicy.prefix`, mirrored).
    A dealer's last look on the whole child says that the quantity was not there.
    """
    cut_short = lesson.sent_lots < max(1, child.qty // lot)
    if cut_short or lesson.outcome not in (OBSERVED, LAST_LOOK):
        return 0, 0
    sent = lots(child.qty, lot)
    return sent, sent if child.cum_qty >= child.qty else child.cum_qty // lot


# -- scoring again -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Again:
    """A decision's record, ready to be scored again."""

    decide: Decide
    request: ScoreRequest
    seed: int
    seq: int
    index: int
    """Which command of its step."""

    def room(self) -> Room:
        """What there was to share."""
        narrowed = [
            Narrowed(each.cap, each.caps, each.floor, each.min_qty)
            for each in self.decide.candidates
        ]
        safety = self.decide.safety
        notional = safety.notional if safety is not None else 0.0
        return Room(narrowed, self.decide.due_qty, self.decide.lot, notional)

    def behaviour(self, ledger: Ledger, champion: Scores | None) -> Behaviour:
        """How the decision's own draws became a split."""
        return Behaviour(self.request, self.room(), self.decide.safety, ledger, champion)

    def free(self) -> Behaviour:
        """Every draw is taken: a target is judged as if nothing held it back."""
        return Behaviour(structs.replace(self.request, bounds=False), self.room(), None, Ledger())

    def score(self, learner: Learner, arrays: Arrays) -> Scores:
        """What a learner says with the decision's own chance."""
        rng = chance(self.seed, self.seq, self.decide.parent_id)
        return learner.score(arrays, self.request, rng)

    def sample(
        self, learner: Learner, arrays: Arrays, behaviour: Behaviour, purpose: Purpose
    ) -> Sample:
        """What a learner would place, M times."""
        rng = stream(self.seed, purpose, seq=self.seq, index=self.index)
        return sample(learner, arrays, behaviour, rng=rng)

    def is_the_same(self, learner: Learner, arrays: Arrays) -> bool:
        """True if seed, state and code make of the request what the journal has.

        If they do not, the draws are not those that the decision was one of.
        """
        found = self.behaviour(Ledger(), None).again(self.score(learner, arrays))
        recorded = self.decide.candidates
        values = [each.value_bp for each in recorded]
        same_values = np.allclose(found.scores.values, values, rtol=EXACT, atol=EXACT)
        return same_values and found.quantities == [each.qty for each in recorded]


def _proposer(decide: Decide) -> str:
    """The key of the learner whose draws had a say: not the champion that was played instead."""
    safety = decide.safety
    if safety is None or not safety.champion:
        return decide.learner
    return safety.proposer or decide.learner


def request_of(decide: Decide, parent: Parent) -> ScoreRequest:
    """What the learner was asked. `parent` is as it was at the decision."""
    found = decide.candidates
    return ScoreRequest(
        symbol=parent.terms.symbol,
        arms=tuple(each.arm for each in found),
        features=np.array([each.features for each in found], dtype=np.float64),
        cost_bp=np.array([each.cost_bp for each in found], dtype=np.float64),
        displayed_lots=np.array([each.displayed / decide.lot for each in found], dtype=np.float64),
        lots=lots(decide.due_qty, decide.lot),
        urgency_bp=decide.urgency_bp or 0.0,
        participation=parent_view(parent).leaves_qty / max(1, decide.due_qty),
        child_lots=decide.child_lots,
        intervals=rests([each.arm for each in found], decide.intervals),
        bounds=decide.safety is not None and decide.safety.give_up is not None,
        impact_bp=decide.impact_bp,
        patience=1.0 - decide.urgency,
        queue_lots=queue_lots(
            [each.arm for each in found], [each.cap for each in found], decide.lot
        ),
        rounds=decide.rounds,
    )


def _unfit(decide: Decide, parent: Parent) -> str:
    """Why a decision is left out, from its record alone."""
    if decide.urgency_bp is None:
        return WITHOUT_URGENCY
    if decide.feature_version != FEATURE_VERSION:
        return OTHER_FEATURES
    if parent.terms.time_in_force is TimeInForce.FOK:
        return ALL_OR_NONE
    if not any(each.cap for each in decide.candidates):
        return NO_CHOICE
    return ""


def _logged(step: Step, again: _Again, draws: Sample, target: Sample) -> Logged:
    found, lot = again.decide.candidates, again.decide.lot
    nothing = np.zeros(len(found), dtype=np.int64)
    return Logged(
        seq=step.seq,
        parent_id=again.decide.parent_id,
        day=step.now // DAY_NS,
        request=again.request,
        min_lots=np.array([lots(each.min_qty, lot) for each in found], dtype=np.int64),
        placed=np.array([lots(each.qty, lot) for each in found], dtype=np.int64),
        observable=np.array([not _asks(each) for each in found]),
        draws=draws.lots,
        target_draws=target.lots,
        is_drawn=draws.varies,
        known=nothing.copy(),
        filled=nothing.copy(),
        markout_bp=np.full(len(found), np.nan),
    )


def _asks(candidate: CandidateRecord) -> bool:
    """True for a dealer that is to be asked first: its price is known only afterwards."""
    return candidate.displayed == 0 and candidate.arm.endswith(f"/{Tactic.DEALER_RFQ.value}")
