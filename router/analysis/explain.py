"""The story of an order, from the journal: what was known, decided, and what became of it.

Owns gathering a parent's decisions, children and reports; what an id means is `naming`'s. A reader:
it changes nothing and needs no configuration. Knows nothing of how a story is shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Protocol

from router.analysis.naming import Names, mentioning
from router.journal.storage import Storage
from router.messages import (
    AssignSuspense,
    CancelChild,
    CancelRejectReceived,
    CandidateRecord,
    ChildRefused,
    Command,
    Decide,
    Disallow,
    EnterBust,
    EnterExecution,
    ExecutionReceived,
    ExpectCod,
    Learn,
    LearnMarkout,
    MarkUnknown,
    NoteBreach,
    NoteCod,
    OpenParent,
    OrderTerms,
    QueryChild,
    Report,
    RequestQuote,
    Reschedule,
    SendChild,
    SettleChild,
    Step,
)
from router.model import BP, ExecType, Side

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


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution as the OMS was told; after a correction the corrected one."""

    exec_id: str
    now: int
    mic: str
    child: str
    qty: int
    px: int
    fee: int | None
    """Per share, price units, + is paid; None if the decision had no midpoint to tell it by."""


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


def refused_story(storage: Storage, cl_ord_id: str) -> Story:
    """What the journal has of a client's order that never became a parent."""
    story = Story()
    for step in mentioning(storage, Names(cl_ord_id)):
        if getattr(step.event, "cl_ord_id", "") != cl_ord_id:
            continue
        story.lines.append((step.seq, step.now, step.event))
        for command in step.commands:
            story.lines.append((step.seq, step.now, command))
            if isinstance(command, Report):
                story.told = command
    return story


def _tell(story: Story, step: Step, parent_id: str) -> None:
    """Take one step into the story."""
    commands = [each for each in step.commands if _concerns(each, parent_id, story.children)]
    _event(story, step, commands)
    for command in commands:
        _command(story, step, command)


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
                child.events.append((step.seq, step.now, event))
        case None:
            pass
        case _ if commands and hasattr(event, "cl_ord_id"):  # what the client has asked for
            story.lines.append((step.seq, step.now, event))
        case _:
            pass


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
        case (
            MarkUnknown()
            | Disallow()
            | ExpectCod()
            | NoteCod()
            | SettleChild()
            | QueryChild()
            | AssignSuspense()
            | EnterBust()
            | EnterExecution()
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


# -- numbers from the record ---------------------------------------------------------------------


def fee(candidate: CandidateRecord, side: Side, mid: int) -> int | None:
    """The fee per share that a candidate's cost was made with, price units; None without a mid.

    cost = 10^4 * (sign * (2 * price - mid) + 2 * fee) / mid, mid in half price units, and a
    midpoint order has no distance to the midpoint (router.core.features.cost_bp).
    """
    if mid <= 0:
        return None
    away2 = 0
    if candidate.price is not None and not candidate.arm.endswith("/dark_mid"):
        away2 = side.sign * (2 * candidate.price - mid)
    return round((candidate.cost_bp * mid / BP - away2) / 2)


def _fill_fee(child: ChildStory, liquidity: str) -> int | None:
    """The fee of a fill: that of making or taking, if the decision had such a candidate there."""
    decide, mic = child.decision.decide, child.sent.mic
    arms = {each.arm: each for each in decide.candidates}
    own = child.decision.candidate(child.sent)
    if f"{mic}/lit_take" in arms or f"{mic}/lit_make" in arms:
        tactic = "lit_make" if liquidity == LIQUIDITY_ADDED else "lit_take"
        own = arms.get(f"{mic}/{tactic}", own)
    return fee(own, child.sent.side, decide.mid)


@dataclass(frozen=True, slots=True)
class Cost:
    """What fills cost against the arrival midpoint, bp of their value there; + is paid."""

    qty: int
    fills: int
    notional: int
    fees: int | None
    """Price units; None if a fee is not known."""
    price_bp: float | None
    """None without an arrival midpoint."""
    fees_bp: float | None

    @property
    def total_bp(self) -> float | None:
        """Price and fees together."""
        if self.price_bp is None or self.fees_bp is None:
            return None
        return self.price_bp + self.fees_bp


def cost(fills: Iterable[Fill], side: Side, arrival_mid: int) -> Cost:
    """Implementation shortfall of what was filled (controls.md 14): 10^4 D (paid - arrival)."""
    found = list(fills)
    qty = sum(each.qty for each in found)
    notional = sum(each.qty * each.px for each in found)
    known = [each.qty * each.fee for each in found if each.fee is not None]
    fees = sum(known) if len(known) == len(found) else None
    value2 = qty * arrival_mid  # twice the value at arrival
    price_bp = BP * side.sign * (2 * notional - value2) / value2 if value2 else None
    fees_bp = BP * 2 * fees / value2 if value2 and fees is not None else None
    return Cost(qty, len(found), notional, fees, price_bp, fees_bp)
