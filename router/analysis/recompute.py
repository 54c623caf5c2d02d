"""One decision again: the history up to it, the engine, and every field held against the record.

A reader: owns the way to a single decision and what differs there. It is given the engine and
knows no configuration, no socket and no file. Deciding a whole history again is `replay`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import msgspec

from router.analysis.explain import Decision
from router.analysis.overheard import Listener, Question, questions
from router.analysis.replay import (
    ForeignJournal,
    Rules,
    differing_fields,
    first_difference,
    fold_step,
)
from router.core.engine import Engine
from router.core.environment import Policies
from router.core.state import State
from router.core.views import parent_view
from router.journal.market import MarketRecord
from router.journal.records import Position
from router.journal.recovery import merge_market
from router.messages import (
    Command,
    Decide,
    NoteBreach,
    RequestQuote,
    Restarted,
    SendChild,
    Step,
    Wait,
)


@dataclass(frozen=True, slots=True)
class History:
    """The two logs of a state folder, each read anew whenever it is asked for."""

    journal: Callable[[], Iterable[tuple[Position, Step]]]
    market: Callable[[], Iterable[MarketRecord]]

    def life(self, seq: int) -> tuple[int, str]:
        """Of the daemon's life that a seq belongs to: its first seq, and its configuration.

        The configuration is the digest that the start has recorded, "" without a start.
        """
        start, digest = 0, ""
        for _, step in self.journal():
            if step.seq > seq:
                break
            if isinstance(step.event, Restarted):
                start, digest = step.seq, step.event.config_hash
            start = start or step.seq
        return start, digest

    def before(self, seq: int) -> Iterator[Step]:
        """What a daemon that starts at `seq` recovers from."""
        for _, step in self.journal():
            if step.seq >= seq:
                return
            yield step

    def between(self, first: int, last: int) -> Iterator[Step]:
        """Journal and market merged, both ends included."""
        journal = (each for each in self.journal() if first <= each[1].seq <= last)
        market = (each for each in self.market() if first <= each.seq <= last)
        return merge_market(journal, market)


class Outcome(StrEnum):
    """What deciding once more came to."""

    SAME = "same"
    DIFFERENT = "different"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Unlike:
    """One field that is not what the record has."""

    field: str
    """Command and path, as in `Decide.candidates[2].value_bp`."""
    recorded: object
    decided: object


@dataclass(frozen=True, slots=True)
class Recomputation:
    """What came of deciding once more."""

    reason: str = ""
    """Why it could not be decided again; empty if it was."""
    commands: int = 0
    """The decision and what it sent, asked for or had refused: so many were compared."""
    fields: int = 0
    """So many fields those have."""
    unlike: tuple[Unlike, ...] = ()
    strayed: int = 0
    """seq of the first step before it, in the same life, that is decided otherwise; 0 if none."""
    question: Question | None = None
    """What the learner was asked; None if it was not."""
    seed: int = 0
    config_hash: str = ""
    """Of the life that it belongs to, as its start has recorded it."""
    policies: Policies | None = None
    """The documents that it was decided under."""
    applied: Policies | None = None
    """Those that were applied to its order since, if any were; and their hash."""
    applied_hash: str = ""

    @property
    def outcome(self) -> Outcome:
        """In a word, about this decision alone."""
        if self.reason:
            return Outcome.UNDECIDED
        return Outcome.DIFFERENT if self.unlike else Outcome.SAME


class _Undecidable(Exception):  # noqa: N818 - says what is
    """The decision cannot be made again."""


class _Strayed(Exception):  # noqa: N818 - says what is
    """The engine has decided something else than was recorded."""

    def __init__(self, seq: int) -> None:
        self.seq = seq


def recompute(
    history: History, rules_of: Callable[[str], Rules], decision: Decision
) -> Recomputation:
    """Fold the journal to a decision, decide it again, and compare every field bit by bit.

    `rules_of` makes what a configuration's digest means; "" is the loaded one. The decision must be
    one of the history's. The engine goes through the whole life up to it and decides, as `sluice
    replay --verify` does; if it strays from the record on the way, the rest of the way is folded
    from the record.

    Raises:
        JournalBroken: the journal cannot be believed up to its end.
    """
    try:
        return _recompute(history, rules_of, decision)
    except (_Undecidable, ForeignJournal) as error:
        return Recomputation(reason=str(error))


def _recompute(
    history: History, rules_of: Callable[[str], Rules], decision: Decision
) -> Recomputation:
    start, digest = history.life(decision.seq)
    rules = rules_of(digest)
    strayed = 0
    try:
        engine, step = _arrive(history, rules, start, decision.seq)
    except _Strayed as error:
        strayed = error.seq
        engine, step = _arrive(history, rules, start, decision.seq, follow_to=strayed)
    # Only now: the policies that it ran under may stand in the journal.
    if reason := rules.other(decision.decide, engine):
        raise _Undecidable(reason)
    found = _decide(engine, step, decision)
    env = engine.library.under(engine.state, decision.decide.policy_hash)
    parent = engine.state.parent_to_read(decision.decide.parent_id)
    applied = parent.narrowed_by if parent is not None else ""
    other = engine.library.under(engine.state, applied) if applied else None
    return replace(
        found,
        strayed=strayed,
        seed=engine.env.seed,
        config_hash=digest,
        policies=env.policies if env is not None else None,
        applied=other.policies if other is not None else None,
        applied_hash=applied,
    )


def _arrive(
    history: History, rules: Rules, start: int, seq: int, *, follow_to: int | None = None
) -> tuple[Engine, Step]:
    """The engine as it stood before a step, and that step.

    The steps from `follow_to` on are not decided but folded as they were recorded.

    Raises:
        _Strayed: a step before `follow_to` is decided otherwise.
        _Undecidable: a step is missing.
    """
    engine = rules.make_engine()
    for step in history.before(start):
        fold_step(engine.state, step)
    expected = start
    for step in history.between(start, seq):
        if step.seq > expected:
            raise _Undecidable(_missing(expected, step.seq - 1))
        expected = step.seq + 1
        if step.seq == seq:
            return engine, step
        if step.event is None:
            fold_step(engine.state, step)
        elif follow_to is None or step.seq < follow_to:
            if not _same(engine, step):
                raise _Strayed(step.seq)
        else:
            fold_step(engine.state, step)
            _mark_volumes(engine.state, step)
    raise _Undecidable(_missing(expected, seq))


def _missing(first: int, last: int) -> str:
    where = f"{first}" if first == last else f"{first} to {last}"
    return f"market records are missing: seq {where}"


def _same(engine: Engine, step: Step) -> bool:
    """Decide a step; True if that comes to what was recorded."""
    assert step.event is not None
    try:
        decided = engine.handle(step.seq, step.now, step.event)
    except AssertionError:
        return False
    return first_difference(step.commands, decided) is None


def _mark_volumes(state: State, step: Step) -> None:
    """Set the marks from which parents count the market's volume: deciding sets them, not folding.

    What was recorded is the volume since the mark.
    """
    for command in step.commands:
        if isinstance(command, Decide | Wait) and command.parent_id in state.parents:
            symbol = state.parents[command.parent_id].terms.symbol
            mark = state.market.volume(symbol) - command.volume
            state.volume_marks.setdefault(command.parent_id, mark)


# -- the decision itself -------------------------------------------------------------------------


def _decide(engine: Engine, step: Step, decision: Decision) -> Recomputation:
    if step.event is None:
        raise _Undecidable("the record of the event that it was decided on is missing")
    parent_id = decision.decide.parent_id
    listener = Listener(engine, lambda: _free_qty(engine.state, parent_id))
    recorded = _of_decision(step.commands, parent_id)
    try:
        decided = engine.handle(step.seq, step.now, step.event)
    except AssertionError as error:
        unlike = (Unlike("engine", f"{len(recorded)} commands", f"stopped: {error}"),)
        return Recomputation(unlike=unlike)
    which = [_bits(each) for each in recorded if isinstance(each, Decide)].index(
        _bits(decision.decide)
    )
    return Recomputation(
        commands=len(recorded),
        fields=sum(_fields(each) for each in recorded),
        unlike=tuple(_unlike(recorded, _of_decision(decided, parent_id))),
        question=_question(decided, listener.asked, parent_id, which),
    )


def _bits(command: Command) -> bytes:
    """What makes a command the same command, NaN included."""
    return msgspec.msgpack.encode(command)


def _free_qty(state: State, parent_id: str) -> int:
    parent = state.parents.get(parent_id)
    return parent_view(parent).free_qty if parent is not None else 0


def _of_decision(commands: Sequence[Command], parent_id: str) -> list[Command]:
    """A parent's decisions in a step, and what each of them sent, asked for or had refused."""
    return [
        each
        for each in commands
        if isinstance(each, Decide | SendChild | RequestQuote | NoteBreach)
        and each.parent_id == parent_id
    ]


def _question(
    decided: Sequence[Command], asked: Sequence[Question], parent_id: str, which: int
) -> Question | None:
    """What was asked for a parent's decision of that number in the step."""
    decides = [each for each in decided if isinstance(each, Decide)]
    found = [
        question
        for each, question in zip(decides, questions(decides, asked), strict=True)
        if each.parent_id == parent_id
    ]
    return found[which] if which < len(found) else None


def _unlike(recorded: Sequence[Command], decided: Sequence[Command]) -> Iterator[Unlike]:
    for index in range(max(len(recorded), len(decided))):
        theirs = recorded[index] if index < len(recorded) else None
        ours = decided[index] if index < len(decided) else None
        if theirs is None or ours is None or type(theirs) is not type(ours):
            yield Unlike(f"command {index + 1}", _name(theirs), _name(ours))
        else:
            for path, was, now in differing_fields(theirs, ours, None):
                yield Unlike(f"{_name(theirs)}.{path}", was, now)


def _name(command: Command | None) -> str:
    """What a command is, and which one where there may be several."""
    match command:
        case None:
            return "nothing"
        case SendChild(cl_ord_id=which) | RequestQuote(quote_req_id=which):
            return f"{type(command).__name__} {which}"
        case _:
            return type(command).__name__


def _fields(command: Command) -> int:
    """How many values a command holds, not counting its tag."""
    return _values(msgspec.to_builtins(command)) - 1


def _values(value: object) -> int:
    if isinstance(value, dict):
        return sum(_values(each) for each in value.values())
    if isinstance(value, list | tuple):
        return sum(_values(each) for each in value)
    return 1
