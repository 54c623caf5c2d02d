"""What the daemon says while it works: one log line for each thing that changed.

Owns the event names. The journal is the record; this is for the person at the terminal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from router.core.cod import CANCELS
from router.core.state import State
from router.messages import (
    AssignSuspense,
    CancelChild,
    ChangesAccepted,
    Decide,
    DismissSuspense,
    DisputeExecution,
    EngageKill,
    EnterBust,
    EnterExecution,
    FreezeLearner,
    FreezeParent,
    MarkUnknown,
    ModelLoaded,
    ModelRefused,
    NoteBreach,
    NoteCod,
    NoteSuspense,
    OpenParent,
    PoliciesLoaded,
    PoliciesRefused,
    RefuseCancel,
    RefuseMessage,
    ReleaseKill,
    ReleaseParent,
    Report,
    ReportMassCancel,
    Safety,
    SendChild,
    SessionClosed,
    SessionCommanded,
    SessionOpened,
    SettleChild,
    Step,
    ThawLearner,
)
from router.model import ExecType
from router.runtime.log import Log


def say_what_is_left(log: Log, state: State) -> None:
    """At the end: children at venues, and what each venue's profile says that it cancels now."""
    left = Counter(child.mic for child in state.live_children())
    for mic, count in left.items():
        log.warning("children_left", mic=mic, children=count, cod=state.venues[mic].cod)


def narrate(log: Log, step: Step) -> None:
    """Say what a step changed."""
    match step.event:
        case SessionOpened(session=session):
            log.info("session_opened", seq=step.seq, session=session)
        case SessionClosed(session=session, reason=reason):
            log.warning("session_closed", seq=step.seq, session=session, reason=reason)
        case SessionCommanded(session=session, action=action, who=who, reason=reason):
            told = {"action": action, "who": who, "reason": reason}
            log.warning("session_commanded", seq=step.seq, session=session, **told)
        case ModelLoaded(learner=learner, part=part) if part == step.event.parts:
            hashed, lessons = step.event.file_hash, step.event.lessons
            log.info(
                "model_loaded", seq=step.seq, learner=learner, lessons=lessons, file_hash=hashed
            )
        case ModelRefused(learner=learner, path=path, reason=reason):
            log.warning("model_refused", seq=step.seq, learner=learner, path=path, reason=reason)
        case PoliciesLoaded() as loaded:
            log.warning(
                "policies_loaded",
                seq=step.seq,
                policy=loaded.files.hash,
                before=loaded.before,
                added=list(loaded.added),
                removed=list(loaded.removed),
                changed=list(loaded.changed),
                apply_open=loaded.apply_open,
                who=loaded.who,
                reason=loaded.reason,
            )
        case PoliciesRefused(who=who, reason=reason, errors=errors):
            told_of = {"who": who, "reason": reason, "errors": list(errors)}
            log.error("policies_refused", seq=step.seq, **told_of)
        case ChangesAccepted(changes=changes, who=who):
            log.warning("config_change_accepted", seq=step.seq, who=who, changes=list(changes))
        case _:
            pass
    for command in step.commands:
        say = _SAID_BY.get(type(command))
        if say is not None:
            say(log, step.seq, command)


def _narrate(log: Log, seq: int, command: object) -> None:
    match command:
        case OpenParent(parent_id=parent_id, terms=terms, algo=algo, policy=policy):
            log.info(
                "parent_opened",
                seq=seq,
                parent_id=parent_id,
                symbol=terms.symbol,
                side=terms.side.name,
                order_qty=terms.order_qty,
                algo=algo,
                policy=policy,
            )
        case SendChild(cl_ord_id=cl_ord_id, mic=mic, tactic=tactic, qty=qty, price=price):
            log.info(
                "child_sent",
                seq=seq,
                parent_id=command.parent_id,
                cl_ord_id=cl_ord_id,
                mic=mic,
                tactic=tactic.value,
                qty=qty,
                price=None if price is None else price / 1e8,
            )
        case Report(exec_type=ExecType.TRADE):
            log.info(
                "parent_filled",
                seq=seq,
                parent_id=command.parent_id,
                cl_ord_id=command.child_cl_ord_id,
                mic=command.last_mkt,
                last_qty=command.last_qty,
                last_px=command.last_px / 1e8,
                leaves_qty=command.leaves_qty,
            )
        case Report(exec_type=exec_type, ord_status=status, text=text):
            log.info(
                "parent_reported",
                seq=seq,
                parent_id=command.parent_id,
                cl_ord_id=command.cl_ord_id,
                exec_type=exec_type.name,
                ord_status=status.name,
                text=text,
            )
        case CancelChild(orig_cl_ord_id=cl_ord_id, mic=mic, reason=reason):
            log.info("child_cancel_sent", seq=seq, cl_ord_id=cl_ord_id, mic=mic, reason=reason)
        case NoteBreach(limit=limit, text=text, order_id=cl_ord_id, mic=mic):
            log.warning(
                "limit_breached", seq=seq, cl_ord_id=cl_ord_id, mic=mic, limit=limit, text=text
            )
        case MarkUnknown(cl_ord_id=cl_ord_id, reason=reason):
            log.warning("child_unknown", seq=seq, cl_ord_id=cl_ord_id, reason=reason)
        case SettleChild(cl_ord_id=cl_ord_id, reason=reason):
            log.warning("child_settled", seq=seq, cl_ord_id=cl_ord_id, reason=reason)
        case FreezeParent(parent_id=parent_id, reason=reason):
            log.error("parent_frozen", seq=seq, parent_id=parent_id, reason=reason)
        case EngageKill(kill_id=kill_id, scope=scope, value=value, who=who):
            log.warning("kill_engaged", seq=seq, kill_id=kill_id, scope=scope, value=value, who=who)
        case ReleaseKill(kill_id=kill_id, who=who):
            log.warning("kill_released", seq=seq, kill_id=kill_id, who=who)
        case RefuseCancel(cl_ord_id=cl_ord_id, text=text):
            log.info("request_refused", seq=seq, cl_ord_id=cl_ord_id, text=text)
        case ReportMassCancel(session=session, total_affected_orders=orders, text=text):
            log.info("mass_cancel_reported", seq=seq, session=session, orders=orders, text=text)
        case RefuseMessage(ref_seq_num=ref, text=text, session=session):
            log.warning("message_refused", seq=seq, session=session, ref_seq_num=ref, text=text)
        case _:
            pass


def _narrate_learner(log: Log, seq: int, command: object) -> None:
    match command:
        case Decide(safety=Safety() as safety) if safety.explored or safety.held_back:
            log.info(
                "decision_explored" if safety.explored else "decision_held_back",
                seq=seq,
                parent_id=command.parent_id,
                learner=command.learner,
                held_back=safety.held_back,
                cost_bp=round(safety.cost_bp, 4),
                budget_left_bp=round(safety.budget_left_bp, 4),
            )
        case FreezeLearner(learner=learner, who=who, reason=reason):
            log.warning("learner_frozen", seq=seq, learner=learner or "all", who=who, reason=reason)
        case ThawLearner(learner=learner, who=who, reason=reason):
            log.warning("learner_thawed", seq=seq, learner=learner or "all", who=who, reason=reason)
        case _:
            pass


def _narrate_doubt(log: Log, seq: int, command: object) -> None:
    match command:
        case NoteSuspense(suspense_id=suspense_id, cause=cause, mic=mic, exec_id=exec_id):
            log.error(
                "execution_suspended",
                seq=seq,
                cl_ord_id=command.cl_ord_id,
                mic=mic,
                suspense_id=suspense_id,
                cause=cause,
                exec_id=exec_id,
                symbol=command.symbol,
                side=command.side,
                last_qty=command.qty,
                last_px=command.px / 1e8,
            )
        case NoteCod(cl_ord_id=cl_ord_id, mic=mic, promised=promised, broken=True):
            log.warning(
                "cod_not_kept" if promised == CANCELS else "cod_not_said",
                seq=seq,
                cl_ord_id=cl_ord_id,
                mic=mic,
            )
        case DisputeExecution(mic=mic, exec_id=exec_id, dk_reason=dk_reason, text=text):
            log.warning(
                "execution_disputed",
                seq=seq,
                mic=mic,
                exec_id=exec_id,
                dk_reason=dk_reason,
                text=text,
            )
        case _:
            pass


def _narrate_settled(log: Log, seq: int, command: object) -> None:
    """What a named person has taken upon them."""
    match command:
        case AssignSuspense(suspense_id=suspense_id, cl_ord_id=cl_ord_id, who=who, reason=reason):
            log.warning(
                "suspense_assigned",
                seq=seq,
                cl_ord_id=cl_ord_id,
                suspense_id=suspense_id,
                who=who,
                reason=reason,
            )
        case DismissSuspense(suspense_id=suspense_id, who=who, reason=reason):
            log.warning(
                "suspense_dismissed", seq=seq, suspense_id=suspense_id, who=who, reason=reason
            )
        case EnterExecution(cl_ord_id=cl_ord_id, execution=told, who=who, reason=reason):
            log.warning(
                "execution_entered",
                seq=seq,
                cl_ord_id=cl_ord_id,
                exec_id=told.exec_id,
                last_qty=told.qty,
                last_px=told.px / 1e8,
                who=who,
                reason=reason,
            )
        case EnterBust(cl_ord_id=cl_ord_id, mic=mic, exec_id=exec_id, who=who, reason=reason):
            log.warning(
                "execution_taken_back",
                seq=seq,
                cl_ord_id=cl_ord_id,
                mic=mic,
                exec_id=exec_id,
                instead=command.instead.exec_id if command.instead else "",
                who=who,
                reason=reason,
            )
        case ReleaseParent(parent_id=parent_id, who=who, reason=reason):
            log.warning("parent_released", seq=seq, parent_id=parent_id, who=who, reason=reason)
        case _:
            pass


_SAID_BY: dict[type, Callable[[Log, int, object], None]] = {
    **dict.fromkeys(
        (
            OpenParent,
            SendChild,
            Report,
            CancelChild,
            NoteBreach,
            MarkUnknown,
            SettleChild,
            FreezeParent,
            EngageKill,
            ReleaseKill,
            RefuseCancel,
            ReportMassCancel,
            RefuseMessage,
        ),
        _narrate,
    ),
    **dict.fromkeys((Decide, FreezeLearner, ThawLearner), _narrate_learner),
    **dict.fromkeys((NoteSuspense, DisputeExecution, NoteCod), _narrate_doubt),
    **dict.fromkeys(
        (AssignSuspense, DismissSuspense, EnterExecution, EnterBust, ReleaseParent),
        _narrate_settled,
    ),
}
"""Most commands are nothing to tell a person: they are passed over by their type."""
