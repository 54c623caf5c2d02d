"""The story of an order, from the journal: what was known, decided, and what became of it.

Owns gathering a parent's decisions, children and reports; what an id means is `naming`'s, what
fills cost `paid`'s. A reader: it changes nothing and needs no configuration. Knows nothing of how a
story is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

import msgspec

from router.analysis.naming import Names, mentioning
from router.analysis.paid import Fill, fee
from router.core.ids import client
from router.journal.storage import Storage
from router.messages import (
    AssignSuspense,
    BookCopy,
    CancelChild,
    CancelReceived,
    CancelRejectReceived,
    CandidateRecord,
    ChildRefused,
    Command,
    CopyReceived,
    Decide,
    Disallow,
    EnterBust,
    EnterExecution,
    ExecutionReceived,
    ExpectCod,
    Learn,
    LearnMarkout,
    MarkUnknown,
    MassCancelReceived,
    NoteBreach,
    NoteCod,
    NoteSuspense,
    OpenParent,
    OrderReceived,
    OrderTerms,
    QueryChild,
    ReplaceReceived,
    Report,
    RequestQuote,
    Reschedule,
    SendChild,
    SettleChild,
    StatusReceived,
    Step,
)
from router.model import ExecType, Side

EXECUTIONS = frozenset({ExecType.TRADE, ExecType.TRADE_CANCEL, ExecType.TRADE_CORRECT})
LIQUIDITY_ADDED = "1"
"""LastLiquidityInd(851)."""


# -- the story -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Order:
    """What the client asks for, as the last replace (150=5) has left it."""

    terms: OrderTerms
    algo_params: dict[str, str]
    cl_ord_id: str
    replaced: bool = False
    """The policy's clauses were chosen again since it was taken."""


@dataclass(slots=True)
class Decision:
    """One decision of a parent, and what followed from it in the same step."""

    seq: int
    now: int
    decide: Decide
    order: Order | None = None
    """As it stood then; None of a decision that was not read as a part of a story."""
    sent: list[SendChild] = field(default_factory=list)
    asked: list[RequestQuote] = field(default_factory=list)
    breaches: list[NoteBreach] = field(default_factory=list)

    def candidate(self, child: SendChild) -> CandidateRecord:
        """The candidate that became a child."""
        arm = f"{child.mic}/{child.tactic.value}"
        return next(each for each in self.decide.candidates if each.arm == arm)


class Booked(msgspec.Struct, frozen=True, tag=True):
    """An execution that was booked as a child's without its venue's word on the order session."""

    upon: BookCopy | AssignSuspense
    told: Report
    """What the OMS was told of it."""
    copy: CopyReceived | None = None
    """What was booked upon a drop copy; None if it is not in the journal."""


class Unbooked(msgspec.Struct, frozen=True, tag=True):
    """An execution that a venue told and that moved nothing: known before, or in suspense."""

    execution: ExecutionReceived


@dataclass(slots=True)
class ChildStory:
    """One child, from its decision to its lesson."""

    sent: SendChild
    seq: int
    now: int
    decision: Decision
    events: list[tuple[int, int, object]] = field(default_factory=list)
    """seq, now, and the event or command, in order."""
    fills: dict[str, Fill] = field(default_factory=dict)
    copies: list[CopyReceived] = field(default_factory=list)
    """Drop copies of its executions, in order."""
    lesson: Learn | None = None
    markouts: list[LearnMarkout] = field(default_factory=list)
    """What the price did after its first fill, by horizon."""

    @property
    def cum_qty(self) -> int:
        """Shares filled, after corrections."""
        return sum(fill.qty for fill in self.fills.values())


@dataclass(slots=True)
class Story:
    """One parent, or one order that was refused."""

    opened: OpenParent | None = None
    order: Order | None = None
    """As it stands now; `opened` has what it was first."""
    now: int = 0
    decisions: list[Decision] = field(default_factory=list)
    children: dict[str, ChildStory] = field(default_factory=dict)
    cancels: dict[str, str] = field(default_factory=dict)
    """The children's ClOrdIDs by those of cancels."""
    told: Report | None = None
    """The last report."""
    lines: list[tuple[int, int, object]] = field(default_factory=list)
    """seq, now, and what happened, in order: events and commands that concern the parent itself."""

    def fills(self) -> list[Fill]:
        """All fills, by child."""
        return [fill for child in self.children.values() for fill in child.fills.values()]

    @property
    def arrival_mid(self) -> int:
        """Twice its arrival price: the first midpoint that was known, from its opening on; or 0."""
        if self.opened is None:
            return 0
        mids = (self.opened.arrival_mid, *(each.decide.mid for each in self.decisions))
        return next(filter(None, mids), 0)

    @property
    def side(self) -> Side:
        """Buy or sell."""
        assert self.opened is not None
        return self.opened.terms.side


def parent_story(storage: Storage, parent_id: str) -> Story:
    """Everything that the journal has of a parent.

    Raises:
        JournalBroken: the journal cannot be believed up to its end.
    """
    story, names = Story(), Names(parent_id)
    for step in mentioning(storage, names):
        _tell(story, step, parent_id)
        for command in step.commands:  # what venues say of a child does not name the parent
            if isinstance(command, SendChild | CancelChild) and _child_of(story, command):
                names.add(command.cl_ord_id)
    return story


def refused_story(storage: Storage, cl_ord_id: str, whose: str) -> Story:
    """What the journal has of a client's order that never became a parent."""
    story = Story()
    for step in mentioning(storage, Names(cl_ord_id)):
        if not _is_order(step.event, cl_ord_id, whose):
            continue
        story.lines.append((step.seq, step.now, step.event))
        for command in step.commands:
            story.lines.append((step.seq, step.now, command))
            if isinstance(command, Report):
                story.told = command
    return story


def _is_order(event: object, cl_ord_id: str, whose: str) -> bool:
    """True of a client's order by that name: others may use it as well."""
    if not isinstance(event, OrderReceived) or event.cl_ord_id != cl_ord_id:
        return False
    return client(event.session, event.terms.reply_to) == whose


def _tell(story: Story, step: Step, parent_id: str) -> None:
    """Take one step into the story."""
    commands = [each for each in step.commands if _concerns(each, parent_id, story.children)]
    _event(story, step, commands)
    for what in _with_grounds(story, step.commands):
        if isinstance(what, Booked):
            _of_child(story, step, what.told.child_cl_ord_id, what)
        elif _concerns(what, parent_id, story.children):
            _command(story, step, what)


def _concerns(command: Command, parent_id: str, children: dict[str, ChildStory]) -> bool:
    if getattr(command, "parent_id", "") == parent_id:
        return True
    name = getattr(command, "orig_cl_ord_id", "") or getattr(command, "cl_ord_id", "")
    return not isinstance(command, Report) and name in children


def _event(story: Story, step: Step, commands: list[Command]) -> None:
    event = step.event
    match event:
        case ExecutionReceived() | CancelRejectReceived() | ChildRefused():
            child = _child_of(story, event) or _child_told(story, commands)
            if child is not None:
                child.events.append((step.seq, step.now, _as_booked(event, commands)))
        case CopyReceived():
            child = _child_of(story, event.execution)
            if child is not None:
                child.copies.append(event)
        case (
            OrderReceived()
            | CancelReceived()
            | ReplaceReceived()
            | MassCancelReceived()
            | StatusReceived()
        ) if commands:
            story.lines.append((step.seq, step.now, event))
        case _:
            pass


def _as_booked(event: object, commands: list[Command]) -> object:
    """A venue's word; an execution of which the OMS is told nothing has moved nothing."""
    if not isinstance(event, ExecutionReceived) or event.exec_type not in EXECUTIONS:
        return event
    told = any(isinstance(each, Report) and each.child_cl_ord_id for each in commands)
    return event if told else Unbooked(event)


def _with_grounds(story: Story, commands: Iterable[Command]) -> Iterator[Command | Booked]:
    """The commands; upon what an execution was booked is one with what the OMS was told of it, and
    stands before it.
    """
    upon: BookCopy | AssignSuspense | None = None
    for command in commands:
        if isinstance(command, BookCopy | AssignSuspense):
            upon = command
            continue
        if isinstance(command, Report) and upon is not None:
            child = story.children.get(command.child_cl_ord_id)
            if child is not None:
                yield Booked(upon, command, _copy_of(child, upon))
                upon = None
        yield command
    if upon is not None:
        yield upon


def _copy_of(child: ChildStory, upon: BookCopy | AssignSuspense) -> CopyReceived | None:
    """The copy that has waited: the first of it, which may name another day than the key."""
    if isinstance(upon, AssignSuspense):
        return None
    exec_id = upon.key.removeprefix(f"{child.sent.mic}.").partition(".")[2]
    return next((each for each in child.copies if each.execution.exec_id == exec_id), None)


def _of_child(story: Story, step: Step, name: str, what: object) -> None:
    """Something that befell a child without its venue: its parent's life has it as well."""
    story.children[name].events.append((step.seq, step.now, what))
    story.lines.append((step.seq, step.now, what))


class _OfChild(Protocol):
    @property
    def cl_ord_id(self) -> str: ...


def _child_of(story: Story, what: _OfChild) -> ChildStory | None:
    """The child that is meant, by ClOrdID or by the ClOrdID of a cancel of it."""
    names = (what.cl_ord_id, getattr(what, "orig_cl_ord_id", ""))
    found = (story.children.get(story.cancels.get(name, name)) for name in names)
    return next(filter(None, found), None)


def _child_told(story: Story, commands: list[Command]) -> ChildStory | None:
    """The child whose execution the OMS is told of: a bust may name its execution alone."""
    told = (each.child_cl_ord_id for each in commands if isinstance(each, Report))
    return next((story.children[each] for each in told if each in story.children), None)


def _command(story: Story, step: Step, command: Command) -> None:
    at = (step.seq, step.now)
    match command:
        case OpenParent():
            story.opened, story.now = command, step.now
            story.order = Order(command.terms, command.algo_params, command.cl_ord_id)
        case Reschedule() if story.order is not None:
            story.order = replace(story.order, algo_params=command.algo_params)
        case Decide():
            story.decisions.append(Decision(*at, command, story.order))
        case SendChild():
            story.decisions[-1].sent.append(command)
            story.children[command.cl_ord_id] = ChildStory(command, *at, story.decisions[-1])
        case NoteBreach() if story.decisions and story.decisions[-1].seq == step.seq:
            story.decisions[-1].breaches.append(command)
        case RequestQuote():
            story.decisions[-1].asked.append(command)
        case Report():
            story.told = command
            _replaced(story, command)
            _fill(story, step, command)
        case Learn():
            child = story.children[command.cl_ord_id]
            child.lesson = command
            child.events.append((*at, command))
            return
        case LearnMarkout():
            child = story.children[command.cl_ord_id]
            child.markouts.append(command)
            child.events.append((*at, command))
            return
        case CancelChild():
            story.cancels[command.cl_ord_id] = command.orig_cl_ord_id
            story.children[command.orig_cl_ord_id].events.append((*at, command))
        case AssignSuspense() | EnterBust() | EnterExecution() | SettleChild(by_venue=False) if (
            command.cl_ord_id in story.children
        ):
            _of_child(story, step, command.cl_ord_id, command)
            return
        case (
            MarkUnknown()
            | Disallow()
            | ExpectCod()
            | NoteCod()
            | NoteSuspense()
            | SettleChild()
            | QueryChild()
        ) if command.cl_ord_id in story.children:
            story.children[command.cl_ord_id].events.append((*at, command))
            return
        case _ if hasattr(command, "cl_ord_id") and command.cl_ord_id in story.children:
            return
        case _:
            pass
    story.lines.append((*at, command))


def _replaced(story: Story, report: Report) -> None:
    """After a replace the new terms hold, under the ClOrdID of the request."""
    if report.exec_type is ExecType.REPLACED and story.order is not None:
        terms, name = report.terms, report.cl_ord_id
        story.order = replace(story.order, terms=terms, cl_ord_id=name, replaced=True)


def _fill(story: Story, step: Step, report: Report) -> None:
    """Book what a report says of an execution: a fill, its bust, or its correction."""
    child = story.children.get(report.child_cl_ord_id)
    if child is None:
        return
    if report.exec_type in (ExecType.TRADE_CANCEL, ExecType.TRADE_CORRECT):
        child.fills.pop(report.exec_ref_id, None)
    if report.exec_type in (ExecType.TRADE, ExecType.TRADE_CORRECT):
        child.fills[report.exec_id] = Fill(
            report.exec_id,
            step.now,
            report.last_mkt,
            report.child_cl_ord_id,
            report.last_qty,
            report.last_px,
            _fill_fee(child, report.liquidity),
        )


def _fill_fee(child: ChildStory, liquidity: str) -> int | None:
    """The fee of a fill: that of making or taking, if the decision had such a candidate there."""
    decide, mic = child.decision.decide, child.sent.mic
    arms = {each.arm: each for each in decide.candidates}
    own = child.decision.candidate(child.sent)
    if f"{mic}/lit_take" in arms or f"{mic}/lit_make" in arms:
        tactic = "lit_make" if liquidity == LIQUIDITY_ADDED else "lit_take"
        own = arms.get(f"{mic}/{tactic}", own)
    return fee(own, child.sent.side, decide.mid)
