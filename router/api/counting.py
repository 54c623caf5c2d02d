"""Counts what a journal says that happened: one step at a time, each step once.

Owns which step raises which counter. Reads facts only: it asks nobody, and decides nothing. What
the journal does not hold is not counted: admin messages that came in, resent copies, market data.
"""

from __future__ import annotations

from contextlib import suppress

from router.api.invariants import judge
from router.api.tally import SentChild, Tally, forget_oldest
from router.core.cod import CANCELS
from router.core.ids import fill_key
from router.fix.codec import CodecError, Message, decode, time_value
from router.messages import (
    ChildRefused,
    Decide,
    EngageKill,
    ExecutionReceived,
    FreezeParent,
    MarkUnknown,
    ModelLoaded,
    NoteBreach,
    NoteCod,
    OpenParent,
    PoliciesLoaded,
    PoliciesRefused,
    Report,
    Restarted,
    SendChild,
    SessionClosed,
    SessionOpened,
    Step,
)
from router.model import NS, ExecType, OrdStatus
from router.signs import Histogram

BP = 10_000
MSG_TYPE_MAX = 2
"""Characters of a MsgType(35) that anybody speaks here; a longer one is a stranger's word."""
REJECTS = {"3": "373", "j": "380", "9": "102", "8": "103"}
"""A message that refuses, and the field with its reason; a report refuses with 150=8."""
ENDED = {
    OrdStatus.FILLED: "filled",
    OrdStatus.CANCELED: "canceled",
    OrdStatus.EXPIRED: "expired",
    OrdStatus.DONE_FOR_DAY: "expired",
}
CHILD_ENDS = {
    ExecType.REJECTED: "rejected",
    ExecType.CANCELED: "canceled",
    ExecType.EXPIRED: "expired",
    ExecType.DONE_FOR_DAY: "expired",
}
FALLBACKS = frozenset({"NOT_FINITE", "STALE_FEATURES", "NO_MARKET", "MODEL_REFUSED"})
"""Why a learner's scores were not used at all."""


def count(tally: Tally, step: Step) -> None:
    """Count one step."""
    tally.records += 1
    tally.last_seq, tally.last_now = step.seq, step.now
    _frames(tally, step)
    match step.event:
        case ExecutionReceived() as event:
            _execution(tally, step.now, event)
        case ChildRefused(mic=mic, cl_ord_id=cl_ord_id):
            tally.add("child_orders_total", mic, "rejected")
            tally.children.pop(cl_ord_id, None)
        case Restarted(epoch=epoch, config_hash=config_hash, policies=policies):
            tally.add("restarts_total")
            tally.epoch, tally.config_hash = epoch, config_hash
            if policies is not None:
                tally.policy_hash = policies.hash
        case PoliciesLoaded(files=files):
            tally.add("policy_reloads_total")
            tally.policy_hash = files.hash
        case PoliciesRefused():
            tally.add("policy_reload_failures_total")
        case SessionOpened(session=session):
            tally.add("fix_logons_total", session)
        case SessionClosed(session=session):
            tally.add("fix_disconnects_total", session)
        case ModelLoaded() as event:
            tally.models[event.learner] = event.file_hash
        case _:
            pass
    for command in step.commands:
        _command(tally, step.now, command)
    judge(tally, step)


def _command(tally: Tally, now: int, command: object) -> None:
    match command:
        case Report():
            _report(tally, command)
        case SendChild(mic=mic, cl_ord_id=cl_ord_id):
            tally.add("child_orders_total", mic, "sent")
            tally.children[cl_ord_id] = SentChild(mic, now)
            forget_oldest(tally.children)
        case Decide():
            _decision(tally, command)
        case OpenParent(policy_hash=policy_hash):
            tally.add("parent_orders_total", "accepted")
            tally.policy_hash = policy_hash
        case NoteBreach(limit=limit):
            tally.add("risk_rejects_total", limit)
        case MarkUnknown(cl_ord_id=cl_ord_id):
            child = tally.children.get(cl_ord_id)
            if child is not None:
                tally.add("child_orders_total", child.mic, "unknown")
        case NoteCod(mic=mic, promised=promised, broken=True):
            metric = "cod_not_kept_total" if promised == CANCELS else "cod_not_said_total"
            tally.add(metric, mic)
        case FreezeParent(reason=reason):
            if reason.startswith("OVERFILL by "):
                tally.add("overfill_total", reason.split()[2])
        case EngageKill(scope=scope):
            tally.add("kills_engaged_total", scope)
        case _:
            pass


def _report(tally: Tally, report: Report) -> None:
    """What an OMS was told. An order ends once: a status that is told again has ExecType I."""
    if report.exec_type is ExecType.REJECTED:
        tally.add("parent_orders_total", "refused")
    elif report.exec_type is ExecType.TRADE:
        tally.add("fills_total", report.last_mkt)
        if report.ord_status is OrdStatus.FILLED and not report.leaves_qty:
            tally.add("parent_orders_total", "filled")
    elif report.exec_type in (ExecType.CANCELED, ExecType.EXPIRED, ExecType.DONE_FOR_DAY):
        tally.add("parent_orders_total", ENDED.get(report.ord_status, "canceled"))


def _execution(tally: Tally, now: int, event: ExecutionReceived) -> None:
    name = event.cl_ord_id if event.cl_ord_id in tally.children else event.orig_cl_ord_id
    child = tally.children.get(name)
    if child is not None and not child.acknowledged:
        child.acknowledged = True
        known = tally.acknowledged.setdefault(child.mic, Histogram())
        known.add(max(0, now - child.sent_at) / NS)
    ends = CHILD_ENDS.get(event.exec_type, "")
    if event.exec_type is ExecType.TRADE:
        key = fill_key(event.mic, event.trade_date, event.exec_id)
        if key in tally.fill_keys:
            tally.add("fills_duplicate_total", event.mic)
            return
        tally.fill_keys[key] = None
        forget_oldest(tally.fill_keys)
        ends = "filled" if event.ord_status is OrdStatus.FILLED else ""
    if ends and child is not None:
        tally.add("child_orders_total", child.mic, ends)
        del tally.children[name]


def _decision(tally: Tally, decision: Decide) -> None:
    tally.add("decisions_total")
    safety = decision.safety
    if safety is None:
        return
    if safety.explored:
        tally.add("decisions_explored_total")
        tally.spend("exploration_cost_currency_total", safety.cost_bp * safety.notional / BP)
    tally.spend("decided_notional_currency_total", safety.notional)
    if safety.held_back in FALLBACKS:
        tally.add("model_fallback_total", safety.held_back)
    elif safety.held_back:
        tally.add("decisions_held_back_total", safety.held_back)


# -- frames --------------------------------------------------------------------------------------


def _frames(tally: Tally, step: Step) -> None:
    if step.frame:
        message = _read(step.frame)
        if message is not None:
            _message(tally, step.session, "in", message)
            _skew(tally, step, message)
    for sent in step.sent:
        message = _read(sent.frame)
        if message is not None:
            _message(tally, sent.session, "out", message)


def _read(frame: bytes) -> Message | None:
    try:
        return decode(frame)
    except CodecError:
        return None


def _message(tally: Tally, session: str, direction: str, message: Message) -> None:
    known = message.msg_type if len(message.msg_type) <= MSG_TYPE_MAX else "other"
    tally.add("fix_messages_total", session, direction, known)
    if message.msg_type == "2" and direction == "out":
        tally.add("fix_resend_requests_total", session, direction)
    tag = REJECTS.get(message.msg_type)
    if tag is not None and (message.msg_type != "8" or message.get("150") == "8"):
        reason = message.get(tag)
        short = reason if reason.isdigit() and len(reason) <= MSG_TYPE_MAX else "other"
        tally.add("fix_rejects_total", session, direction, f"{message.msg_type}-{short}")


def _skew(tally: Tally, step: Step, message: Message) -> None:
    text = message.get("52")
    with suppress(ValueError):  # the session has judged it; here it tells nothing
        late = step.now - time_value(text)
        # One in whole seconds was made at some time of its second, and is that far off at least.
        second = 0 if "." in text else NS
        tally.skew_ns[step.session] = late - min(max(late, 0), second)
