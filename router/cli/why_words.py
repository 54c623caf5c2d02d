"""What happened to an order, in words: one phrase for each event and command.

Owns the words. Not a command.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import structs

from router.analysis.explain import Booked, Unbooked
from router.analysis.naming import for_firm
from router.core.cod import CANCELS
from router.core.ids import client
from router.fix.codec import px_text, time_text
from router.messages import (
    AssignSuspense,
    BookCopy,
    CancelChild,
    CancelReceived,
    CancelRejectReceived,
    ChildRefused,
    CopyReceived,
    Decide,
    Disallow,
    DismissSuspense,
    EnterBust,
    Entered,
    EnterExecution,
    ExecutionReceived,
    ExpectCod,
    FreezeParent,
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
    RefuseCancel,
    ReleaseParent,
    ReplaceReceived,
    Report,
    ReportMassCancel,
    RequestQuote,
    Reschedule,
    SendChild,
    SettleChild,
    StatusReceived,
    SuspendCopy,
    Wait,
)
from router.model import PX_SCALE, ExecType
from router.ports import MARKOUT_HORIZONS


def qty(number: int) -> str:
    """Shares, or a count."""
    return f"{number:,}"


def px(price: int) -> str:
    """A price, exact, with two decimals at least."""
    whole, _, decimals = px_text(price).partition(".")
    return f"{whole}.{decimals:0<2}"


def money(units: float) -> str:
    """A price that need not be on a tick, to a hundredth of a cent."""
    return f"{units / PX_SCALE:,.4f}"


def clock(ns: int) -> str:
    """The time of day, UTC."""
    return time_text(ns)[9:]


def on_day(ns: int) -> str:
    """The date, UTC."""
    text = time_text(ns)
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}"


def terms_text(terms: OrderTerms) -> str:
    """What the client asked for."""
    price = "market" if terms.price is None else f"limit {px(terms.price)}"
    account = f" for {terms.account}" if terms.account else ""
    side = terms.side.name.lower().replace("_", " ")
    life = terms.time_in_force.name
    return f"{side} {qty(terms.order_qty)} {terms.symbol}{account}, {price}, {life}"


_REPORTS = {
    ExecType.NEW: "told: new",
    ExecType.CANCELED: "told: canceled",
    ExecType.REPLACED: "told: replaced",
    ExecType.PENDING_CANCEL: "told: cancel pending",
    ExecType.PENDING_REPLACE: "told: replace pending",
    ExecType.REJECTED: "told: rejected",
    ExecType.SUSPENDED: "told: suspended",
    ExecType.EXPIRED: "told: expired",
    ExecType.DONE_FOR_DAY: "told: done for the day",
    ExecType.RESTATED: "told: resumed",
    ExecType.ORDER_STATUS: "told: where it stands",
}

_VENUE = {
    ExecType.NEW: "acknowledged",
    ExecType.PENDING_NEW: "acknowledged",
    ExecType.PENDING_CANCEL: "cancel acknowledged",
    ExecType.CANCELED: "canceled",
    ExecType.REJECTED: "rejected",
    ExecType.EXPIRED: "expired",
    ExecType.DONE_FOR_DAY: "done for the day",
    ExecType.ORDER_STATUS: "status told",
}


def words(what: object) -> str:
    """One event or command."""
    match what:
        case OrderReceived():
            firm = for_firm(client(what.session, what.terms.reply_to))
            return f"order {what.cl_ord_id} from {what.session}{firm}"
        case CancelReceived():
            return f"cancel request {what.cl_ord_id}"
        case ReplaceReceived():
            return f"replace request {what.cl_ord_id}: {terms_text(what.terms)}"
        case MassCancelReceived():
            return f"mass cancel request {what.cl_ord_id} from {what.session}"
        case StatusReceived():
            return "status request"
        case ExecutionReceived():
            return _execution(what)
        case Unbooked():
            return f"{_execution(what.execution)}: nothing is booked by it"
        case CopyReceived():
            return f"copy from {what.session}: {_execution(what.execution)}"
        case Booked():
            return _booked(what)
        case CancelRejectReceived():
            return f"cancel refused by the venue: {what.text}".rstrip(": ")
        case ChildRefused():
            return f"message refused by the venue: {what.text}".rstrip(": ")
        case _:
            return _command(what)


def _execution(event: ExecutionReceived) -> str:
    trade = f"{qty(event.last_qty)} at {px(event.last_px)}, ExecID {event.exec_id}"
    match event.exec_type:
        case ExecType.TRADE:
            return f"filled {trade}"
        case ExecType.TRADE_CANCEL:
            return f"bust of ExecID {event.exec_ref_id}"
        case ExecType.TRADE_CORRECT:
            return f"correction of ExecID {event.exec_ref_id}: {trade}"
        case _:
            what = _VENUE.get(event.exec_type, event.exec_type.name.lower())
            status = f" {event.ord_status.name}" if what == "status told" else ""
            order = f", OrderID {event.order_id}" if what == "acknowledged" else ""
            return f"{what}{status}{order}: {event.text}".rstrip(": ")


def _command(what: object) -> str:
    match what:
        case OpenParent():
            return f"taken as {what.parent_id}: {what.algo}, policy {what.policy}"
        case Decide():
            return _decision(what)
        case SendChild():
            price = "" if what.price is None else f" at {px(what.price)}"
            where = f"{what.mic} {what.tactic.value}"
            return f"child {what.cl_ord_id}: {qty(what.qty)} to {where}{price}"
        case CancelChild():
            return f"cancel {what.cl_ord_id} of {what.orig_cl_ord_id}: {what.reason}"
        case RequestQuote():
            return f"quote asked of {what.mic} for {qty(what.qty)}"
        case NoteBreach():
            where = f" at {what.mic}" if what.mic else ""
            return f"refused by limit {what.limit}{where}: {what.text}"
        case Wait():
            return f"waits until {clock(what.until)}: {what.reason}"
        case Report():
            return _report(what)
        case ReportMassCancel():
            told = what.text or f"{what.total_affected_orders} orders are taken back"
            return f"told: mass cancel {what.cl_ord_id}: {told}"
        case RefuseCancel():
            return f"told: request {what.cl_ord_id} refused: {what.text}"
        case MarkUnknown():
            return f"UNKNOWN, counts in full: {what.reason}"
        case ExpectCod() | NoteCod():
            return _cod(what)
        case Disallow():
            left = f"{qty(what.cap)} shares" if what.cap else "nothing"
            return f"not wanted there any more: {what.by} leaves {left}"
        case SettleChild():
            said = ":" if what.by_venue else ","
            return f"closed with what it traded{said} {what.reason}"
        case NoteSuspense():
            trade = f"{qty(what.qty)} at {px(what.px)}, ExecID {what.exec_id}"
            return f"{trade}: in suspense as {what.suspense_id}, {what.cause.replace('_', ' ')}"
        case DismissSuspense():
            return f"{what.suspense_id} dismissed from suspense by {what.who}: {what.reason}"
        case BookCopy():
            return f"the copy of {what.key} counts: no original has come"
        case SuspendCopy():
            return f"the copy of {what.key} goes into suspense: no original has come"
        case AssignSuspense():
            return f"{what.suspense_id} is of it, by {what.who}: {what.reason}"
        case EnterBust():
            what_is = f"bust of ExecID {what.exec_id}"
            if what.instead is not None:
                what_is = f"correction of ExecID {what.exec_id}: {_entered(what.instead)}"
            return f"{what_is}, entered by {what.who}: {what.reason}"
        case EnterExecution():
            told = _entered(what.execution)
            return f"filled {told}, entered by {what.who}: {what.reason}"
        case QueryChild():
            return "asked the venue what became of it"
        case FreezeParent():
            return f"frozen, no more children: {what.reason}"
        case ReleaseParent():
            return f"goes on, released by {what.who}: {what.reason}"
        case Reschedule():
            return f"its schedule: {'; '.join(_schedule(what))}"
        case Learn():
            return _lesson(what)
        case LearnMarkout():
            return _markout(what)
        case _:
            return type(what).__name__


def rescheduled(held: OpenParent | Reschedule, new: Reschedule, now: int) -> tuple[Reschedule, str]:
    """What holds after a replace, whole, and what has changed by it, in words."""
    new = structs.replace(new, start_time=new.start_time or held.start_time)
    before = Reschedule(
        new.parent_id, held.algo_params, held.end_time, held.expire_at, held.start_time
    )
    was = (*_schedule(before, now), *_parameters(before))
    changed = [each for each in (*_schedule(new, now), *_parameters(new)) if each not in was]
    return new, f"new schedule: {'; '.join(changed)}" if changed else "its schedule stays"


def _schedule(what: Reschedule, now: int = 0) -> Iterator[str]:
    """When an order starts and ends."""
    if what.start_time:
        yield f"starts at {_moment(what.start_time, now)}"
    yield f"is to be done by {_moment(what.end_time, now)}" if what.end_time else "without an end"
    yield f"expires at {_moment(what.expire_at, now)}" if what.expire_at else "never expires"


def _parameters(what: Reschedule) -> Iterator[str]:
    return (f"{name}={value}" for name, value in what.algo_params.items())


def _moment(at: int, now: int) -> str:
    """The time of day, and of another day than now its date too."""
    return clock(at) if on_day(at) == on_day(now) else f"{on_day(at)} {clock(at)}"


def _booked(booked: Booked) -> str:
    """An execution that was booked upon a copy, or upon a person's word of one in suspense."""
    told = booked.told
    exec_id = told.exec_id.removeprefix(f"{told.last_mkt}.").partition(".")[2] or told.exec_id
    kind = "filled" if told.exec_type is ExecType.TRADE else "corrected to"
    trade = f"{kind} {qty(told.last_qty)} at {px(told.last_px)}, ExecID {exec_id}"
    if isinstance(booked.upon, AssignSuspense):
        return f"{trade}: {words(booked.upon)}"
    if booked.copy is None:
        return f"{trade}, by a copy: no original has come"
    told_by = f"by a copy from {booked.copy.session}: no original has come"
    return f"{_execution(booked.copy.execution)}, {told_by}"


def _entered(told: Entered) -> str:
    return f"{qty(told.qty)} at {px(told.px)}, ExecID {told.exec_id}"


def _cod(note: ExpectCod | NoteCod) -> str:
    if isinstance(note, ExpectCod):
        does = "cancels it" if note.promised == CANCELS else "works it on"
        return f"its session has ended: the venue {does}, by its profile"
    if not note.broken:
        return "its venue has said what became of it when the session ended: as its profile has it"
    if note.promised == CANCELS:
        return "has outlived its session, although its venue's profile says that it is canceled"
    return "was canceled when its session ended, although its venue's profile says that it is not"


def _decision(decide: Decide) -> str:
    shared = ", ".join(f"{qty(each.qty)} {each.arm}" for each in decide.candidates if each.qty)
    return f"{qty(decide.due_qty)} due: {shared or 'nothing sent, ' + decide.reason}"


def _report(report: Report) -> str:
    left = f"{qty(report.cum_qty)} done, {qty(report.leaves_qty)} left"
    fill = f"{qty(report.last_qty)} at {px(report.last_px)} from {report.last_mkt}"
    match report.exec_type:
        case ExecType.TRADE:
            return f"told: fill {fill}, child {report.child_cl_ord_id}; {left}"
        case ExecType.TRADE_CANCEL:
            return f"told: bust of a fill from {report.last_mkt}; {left}"
        case ExecType.TRADE_CORRECT:
            return f"told: fill corrected to {fill}; {left}"
        case _:
            text = f"{_REPORTS.get(report.exec_type, report.exec_type.name)}; {left}"
            return f"{text}: {report.text}" if report.text else text


def _lesson(lesson: Learn) -> str:
    text = f"lesson for {lesson.learner}: asked {lesson.sent_lots} lots, got {lesson.filled_lots}"
    markout = "" if lesson.markout_bp is None else f", markout {lesson.markout_bp:.3f} bp"
    return f"{text}, {lesson.outcome}{markout}"


def _markout(markout: LearnMarkout) -> str:
    if markout.markout_bp is None:
        return "markout not seen: its ticket is closed"
    place = f"horizon {markout.horizon + 1} of {len(MARKOUT_HORIZONS)}"
    return f"markout {markout.markout_bp:.3f} bp at {place}"
