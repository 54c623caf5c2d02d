"""Replay: fold a journal to see what it comes to, and decide it again to see that it is the same.

A reader: owns the comparison of what was decided with what the engine decides now. It is given the
engine and knows no configuration, no socket and no file.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import msgspec

from router.core import fold
from router.core.engine import Engine
from router.core.state import State
from router.messages import (
    MARKET_EVENTS,
    Command,
    Decide,
    Event,
    Learn,
    LearnMarkout,
    ModelLoaded,
    OpenParent,
    OrderReceived,
    Report,
    Restarted,
    Safety,
    SendChild,
    SessionOpened,
    Step,
)
from router.model import ExecType

FIELDS_MAX = 8
"""Differing fields of one command that are shown."""


class ForeignJournal(Exception):  # noqa: N818 - says what is
    """The journal speaks of something that the loaded configuration does not have."""


@dataclass(slots=True)
class Summary:
    """What a journal holds. Counts; `digest` is the state's after the fold."""

    steps: int = 0
    first_seq: int = 0
    last_seq: int = 0
    lives: int = 0
    """Starts of the daemon."""
    parents: int = 0
    decisions: int = 0
    children: int = 0
    fills: int = 0
    lessons: int = 0
    open_parents: int = 0
    digest: str = ""

    def count(self, step: Step) -> None:
        """Take one step in."""
        self.steps += 1
        self.first_seq = self.first_seq or step.seq
        self.last_seq = step.seq
        self.lives += isinstance(step.event, Restarted)
        for command in step.commands:
            self.parents += isinstance(command, OpenParent)
            self.decisions += isinstance(command, Decide)
            self.children += isinstance(command, SendChild)
            self.lessons += isinstance(command, Learn)
            self.fills += isinstance(command, Report) and command.exec_type is ExecType.TRADE


def fold_step(state: State, step: Step) -> None:
    """Fold one journal step, as recovery does.

    Raises:
        ForeignJournal: if it names a venue or a learner that the state was not made with.
    """
    check(state, step)
    if step.event is not None:
        fold.apply(state, step.now, step.event)
    for command in step.commands:
        fold.apply(state, step.now, command)


def check(state: State, step: Step) -> None:
    """Look for names that the fold would not know.

    Raises:
        ForeignJournal: as `fold_step` does.
    """
    mics = [c.mic for c in step.commands if isinstance(c, SendChild)]
    if isinstance(step.event, SessionOpened) and step.event.mic:
        mics.append(step.event.mic)
    for mic in mics:
        if mic not in state.venues:
            raise ForeignJournal(f"seq {step.seq} speaks of venue {mic}")
    for each in (step.event, *step.commands):
        for key in _taught(each):
            try:
                state.shelf.get(key)
            except (KeyError, ValueError):
                raise ForeignJournal(f"seq {step.seq} speaks of learner {key}") from None


def _taught(what: Event | Command | None) -> tuple[str, ...]:
    """Learners that are taught something, or that the lessons of a decision will be brought to."""
    match what:
        case Learn(learner=key) | LearnMarkout(learner=key) | ModelLoaded(learner=key):
            return (key,)
        case Decide(safety=Safety(champion=champion)) if champion:
            return (champion,)
        case _:
            return ()


def summarize(steps: Iterable[Step], state: State) -> Summary:
    """Fold a journal into an empty state.

    Raises:
        ForeignJournal: as `fold_step` does.
    """
    summary = Summary()
    for step in steps:
        summary.count(step)
        fold_step(state, step)
    summary.open_parents = len(state.open_parents)
    summary.digest = state.digest()
    return summary


# -- deciding again ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Difference:
    """The first command that is not what the journal has."""

    seq: int
    event: str
    index: int
    """Which command of the step, from 0."""
    recorded: Command | None
    decided: Command | None
    text: str = ""
    """What differs, if it is not a command."""


@dataclass(slots=True)
class Gap:
    """Steps that cannot be decided again, and why."""

    first_seq: int
    last_seq: int
    steps: int
    reason: str


@dataclass(slots=True)
class Verdict:
    """What deciding again came to."""

    compared: int = 0
    """Steps whose commands were decided again and are the same, byte for byte."""
    commands: int = 0
    gaps: list[Gap] = field(default_factory=list)
    difference: Difference | None = None
    config_hashes: list[str] = field(default_factory=list)
    """Of each life, as its Restarted has it."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a life of the daemon decided with."""

    make_engine: Callable[[], Engine]
    policy_hash: str
    predictor: str = ""
    """sha256 of the predictor's file; empty where none is asked."""

    def other(self, command: OpenParent | Decide, engine: Engine) -> str:
        """Why these would not have decided that: what ran, and what is loaded; empty if nothing.

        `engine` has come so far in the journal: it has the policies that stand there.
        """
        if reason := self.foreign(command.policy_hash, engine):
            return reason
        if isinstance(command, Decide) and command.predictor != self.predictor:
            ran, loaded = (each[:12] or "none" for each in (command.predictor, self.predictor))
            return f"predictor {ran} ran, predictor {loaded} is loaded"
        return ""

    def foreign(self, policy_hash: str, engine: Engine) -> str:
        """Why nothing can be decided under a policy; empty if it can."""
        if policy_hash == self.policy_hash:
            return ""
        if policy_hash in engine.state.policies:
            if engine.library.under(engine.state, policy_hash) is not None:
                return ""
            why = engine.library.why_not(policy_hash)
            return f"policy {policy_hash[:12]} ran, and cannot be read here: {why}"
        return f"policy {policy_hash[:12]} ran, policy {self.policy_hash[:12] or 'none'} is loaded"


class Judge:
    """Decides a history again, step by step, one engine for each life of the daemon.

    A life starts as the daemon did: with the fold of all journal records before it, and with no
    market. Where records of the market are missing, what was decided afterwards cannot be decided
    again until the next start.
    """

    def __init__(
        self, rules_of: Callable[[str], Rules], journal: Callable[[], Iterable[Step]]
    ) -> None:
        """`rules_of` makes what a configuration's digest means; "" is the loaded one.

        `journal` reads all of the journal's own steps, each time anew.
        """
        self.verdict = Verdict()
        self._rules_of = rules_of
        self._journal = journal
        self._rules = rules_of("")
        self._facts = self._rules.make_engine().state
        self._engine: Engine | None = None
        self._gap: Gap | None = None
        self._last_seq = 0

    def run(self, merged: Iterable[Step]) -> Verdict:
        """Go through journal and market records merged by seq, up to the first difference.

        Raises:
            ForeignJournal: as `fold_step` does.
        """
        for step in merged:
            if isinstance(step.event, Restarted):
                self._end_life()
            self._look_for_gap(step)
            if self.verdict.difference is not None or not self._step(step):
                break
        else:
            self._end_life()
            again = self._fold(self._last_seq).digest()
            if self.verdict.difference is None and again != self._facts.digest():
                text = "two folds of the same journal differ"
                self.verdict.difference = Difference(self._last_seq, "", 0, None, None, text)
        return self.verdict

    def _fold(self, last_seq: int) -> State:
        """The fold of the journal, as a daemon with the rules of now would recover it."""
        state = self._rules.make_engine().state
        for step in self._journal():
            if step.seq > last_seq:
                break
            fold_step(state, step)
        return state

    def _end_life(self) -> None:
        """The state of who decided must be the fold of what was recorded."""
        if self._engine is None or self._gap is not None:
            return
        if self._engine.state.digest() != self._facts.digest():
            text = "after it the state of the engine is not the fold of the journal"
            self.verdict.difference = Difference(self._last_seq, "", 0, None, None, text)

    def _step(self, step: Step) -> bool:
        """Take one step; False if it is the first that differs."""
        if isinstance(step.event, Restarted):
            self.verdict.config_hashes.append(step.event.config_hash)
            self._begin_life(step.seq, step.event.config_hash)
        elif self._engine is None:  # a history that does not begin with a start
            self._begin_life(step.seq, "")
        self._look_for_others(step)
        of_market = from_market(step)
        same = True
        if self._gap is not None:
            self._skip(step, of_market=of_market)
        elif step.event is not None:
            same = self._compare(step, count=not of_market)
        if not of_market:
            fold_step(self._facts, step)
        return same

    def _begin_life(self, seq: int, config_hash: str) -> None:
        self._gap = None
        rules, self._rules = self._rules, self._rules_of(config_hash)
        if self._rules is not rules:  # timers and times depend on the configuration
            self._facts = self._fold(seq - 1)
        self._engine = self._rules.make_engine()
        self._engine.state = copy.deepcopy(self._facts)

    def _look_for_gap(self, step: Step) -> None:
        expected, self._last_seq = self._last_seq + 1, step.seq
        if step.seq > expected and self._gap is None and not isinstance(step.event, Restarted):
            missing = f"{expected}" if step.seq == expected + 1 else f"{expected} to {step.seq - 1}"
            self._gap = Gap(step.seq, step.seq, 0, f"market records are missing: seq {missing}")

    def _look_for_others(self, step: Step) -> None:
        if self._gap is not None or self._engine is None:
            return
        reason = self._foreign(step, self._engine)
        if reason:
            self._gap = Gap(step.seq, step.seq, 0, reason)

    def _foreign(self, step: Step, engine: Engine) -> str:
        """Why a step cannot be decided by what is loaded; empty if it can."""
        in_force, reason = engine.state.policy_hash, ""
        if isinstance(step.event, OrderReceived) and in_force:
            reason = self._rules.foreign(in_force, engine)
        for command in step.commands:
            if not reason and isinstance(command, OpenParent | Decide):
                reason = self._rules.other(command, engine)
        return reason

    def _skip(self, step: Step, *, of_market: bool) -> None:
        gap = self._gap
        assert gap is not None
        if of_market or step.event is None:
            return
        if gap.steps == 0:
            gap.first_seq = step.seq
            self.verdict.gaps.append(gap)
        gap.steps += 1
        gap.last_seq = step.seq

    def _compare(self, step: Step, *, count: bool) -> bool:
        assert step.event is not None
        assert self._engine is not None
        event = type(step.event).__name__
        try:
            decided = self._engine.handle(step.seq, step.now, step.event)
        except AssertionError as error:
            text = f"the engine stopped: {error}"
            self.verdict.difference = Difference(step.seq, event, 0, None, None, text)
            return False
        different = first_difference(step.commands, decided)
        if different is not None:
            index, recorded, own = different
            self.verdict.difference = Difference(step.seq, event, index, recorded, own)
            return False
        self.verdict.compared += count
        self.verdict.commands += len(decided)
        return True


def from_market(step: Step) -> bool:
    """True if the step's event stands in the market file and not in the journal."""
    return isinstance(step.event, MARKET_EVENTS) and not step.session


def first_difference(
    recorded: tuple[Command, ...], decided: tuple[Command, ...]
) -> tuple[int, Command | None, Command | None] | None:
    """The first command whose bytes differ: its index and both sides, None where one is missing."""
    for index in range(max(len(recorded), len(decided))):
        ours = decided[index] if index < len(decided) else None
        theirs = recorded[index] if index < len(recorded) else None
        if ours is None or theirs is None or _encoded(ours) != _encoded(theirs):
            return index, theirs, ours
    return None


def differing_fields(
    recorded: Command, decided: Command, most: int | None = FIELDS_MAX
) -> list[tuple[str, object, object]]:
    """Where two commands differ, at most so many places: path, recorded, decided."""
    found = _leaves("", msgspec.to_builtins(recorded), msgspec.to_builtins(decided))
    return list(itertools.islice(found, most))


def _leaves(path: str, recorded: object, decided: object) -> Iterator[tuple[str, object, object]]:
    if isinstance(recorded, dict) and isinstance(decided, dict):
        for key in {**recorded, **decided}:
            below = f"{path}.{key}" if path else str(key)
            yield from _leaves(below, recorded.get(key), decided.get(key))
    elif isinstance(recorded, list | tuple) and isinstance(decided, list | tuple):
        if len(recorded) != len(decided):
            yield f"len({path})", len(recorded), len(decided)
        for index, (theirs, ours) in enumerate(zip(recorded, decided, strict=False)):
            yield from _leaves(f"{path}[{index}]", theirs, ours)
    elif _encoded(recorded) != _encoded(decided):
        yield path, recorded, decided


def _encoded(value: object) -> bytes:
    return msgspec.msgpack.encode(value)
