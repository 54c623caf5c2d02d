"""Folding what we decided: it is history too, and spends quantity and headroom at once.

Owns how a command changes the tables. Decides nothing.
"""

from __future__ import annotations

from array import array

from router import messages as m
from router.core import fold_ends as ends
from router.core.ledger import key_of
from router.core.orders import Child, ChildInput, ChildStatus, Context, Parent, Request
from router.core.state import FILL_RATIO_WEIGHT, QuoteAsk, State
from router.model import ExecType, OrdStatus
from router.ports import MARKOUT_HORIZONS, Kill, SeenOrder

SAID_OVER_MAX = 100
"""Orders that persons have said to be over: of a venue that is back it is asked about so many."""

_TELL_ONLY = frozenset({ExecType.ORDER_STATUS, ExecType.REJECTED})
"""Reports that change nothing: an answer, or the refusal of a second order with a used ClOrdID."""


def open_parent(state: State, now: int, command: m.OpenParent) -> None:
    """Take the order in."""
    state.ids += 1
    parent = Parent(
        parent_id=command.parent_id,
        session=command.session,
        cl_ord_id=command.cl_ord_id,
        terms=command.terms,
        policy=command.policy,
        policy_hash=command.policy_hash,
        algo=command.algo,
        algo_params=command.algo_params,
        start_time=command.start_time,
        end_time=command.end_time,
        expire_at=command.expire_at,
        arrival_mid=command.arrival_mid,
        opened_at=now,
        loads=state.loads,
    )
    state.parents[parent.parent_id] = parent
    state.open_parents[parent.parent_id] = None
    state.name_order(parent, command.cl_ord_id)
    state.open_value.count(parent)
    terms = command.terms
    state.seen.append(
        SeenOrder(
            now,
            command.cl_ord_id,
            terms.account,
            terms.symbol,
            terms.side,
            terms.order_qty,
            terms.price,
        )
    )
    if command.expire_at:
        state.schedule(command.expire_at, "end", parent.parent_id)
    state.wake(parent, max(now, command.start_time))


def report(state: State, now: int, command: m.Report) -> None:
    """What the OMS is told is where the parent stands."""
    state.reports += 1
    state.lines[command.session].spoke_at = now
    if command.exec_type is ExecType.ORDER_STATUS:  # a replace that came again is answered by it
        state.requests.pop((command.session, command.cl_ord_id), None)
    parent = state.parents.get(command.parent_id)
    if parent is None or command.exec_type in _TELL_ONLY:
        return
    match command.exec_type:
        case ExecType.PENDING_CANCEL | ExecType.PENDING_REPLACE:
            _take_request(state, parent, command)
        case ExecType.REPLACED:
            _take_replace(state, now, parent, command)
        case ExecType.CANCELED:
            parent.pending = None  # what comes later is about the order, not the request (J.1.b)
        case ExecType.SUSPENDED:
            parent.suspended = True
        case ExecType.RESTATED:
            parent.suspended = False
            state.wake(parent, now)
        case _:
            pass
    parent.turn(command.exec_type, command.ord_status)
    state.open_value.count(parent)
    if parent.terminal:
        ends.close(state, now, parent)
    elif command.exec_type in (ExecType.TRADE_CANCEL, ExecType.TRADE_CORRECT):
        ends.reopen(state, now, parent)
        state.wake(parent, now)


def _take_request(state: State, parent: Parent, command: m.Report) -> None:
    terms = state.requests.pop((command.session, command.cl_ord_id), None)
    cancel = command.exec_type is ExecType.PENDING_CANCEL
    parent.pending = Request(command.cl_ord_id, command.orig_cl_ord_id, None if cancel else terms)
    if command.cl_ord_id not in parent.client_ids:  # a mass cancel names an order by its own id
        state.name_order(parent, command.cl_ord_id)


def _take_replace(state: State, now: int, parent: Parent, command: m.Report) -> None:
    parent.cl_ord_id = command.cl_ord_id
    parent.terms = command.terms
    parent.pending = None
    state.wake(parent, now)


def report_mass_cancel(state: State, now: int, command: m.ReportMassCancel) -> None:
    """Its id is one of the reports'."""
    state.reports += 1


def refuse_cancel(state: State, now: int, command: m.RefuseCancel) -> None:
    """A refused request is no longer pending."""
    state.requests.pop((command.session, command.cl_ord_id), None)
    parent = state.parents.get(command.parent_id)
    if parent is None or parent.pending is None:
        return
    if parent.pending.cl_ord_id == command.cl_ord_id and not command.repeated:
        parent.release(command.ord_status)
        if parent.terminal:
            ends.close(state, now, parent)
        else:
            state.wake(parent, now)


def send_child(state: State, now: int, command: m.SendChild) -> None:
    """A child spends its quantity from here on, sent or not."""
    state.ids += 1
    parent = state.parents[command.parent_id]
    child = Child(
        cl_ord_id=command.cl_ord_id,
        parent_id=command.parent_id,
        decision=command.decision,
        mic=command.mic,
        tactic=command.tactic,
        symbol=command.symbol,
        side=command.side,
        qty=command.qty,
        price=command.price,
        min_qty=command.min_qty,
        quote_id=command.quote_id,
        sent_at=now,
        cancel_at=command.cancel_at,
        context=Context(
            parent.learner,
            array("d", parent.contexts.get(f"{command.mic}/{command.tactic}", ())).tobytes(),
            parent.champion,
        ),
    )
    if command.quote_id:
        hit = m.QuoteCanceled(command.mic, command.symbol, command.quote_id)
        state.market.apply(hit, now)
    state.children[child.cl_ord_id] = child
    parent.children.append(child.cl_ord_id)
    parent.working[child.cl_ord_id] = child.leaves_qty
    state.count(state.child_times, command.mic, now)
    state.schedule(now + state.venues[child.mic].ack_timeout_ns, "ack", child.cl_ord_id)
    if command.cancel_at:
        state.schedule(command.cancel_at, "slice", child.cl_ord_id)


def cancel_child(state: State, now: int, command: m.CancelChild) -> None:
    """A cancel is under way."""
    state.ids += 1
    child = state.children[command.orig_cl_ord_id]
    child.cancel_ids += (command.cl_ord_id,)
    child.cancel_reason = command.reason
    child.cancel_sent_at = now
    child.cancel_refused_at = 0
    state.cancel_ids[command.cl_ord_id] = child.cl_ord_id
    state.turn(now, child, ChildInput.CANCEL_SENT)
    venue = state.venues[child.mic]
    if child.status is ChildStatus.UNKNOWN and venue.mass_status == "none":
        _asked_about(state, now, child)  # it is the only question that the venue answers
    state.schedule(now + venue.ack_timeout_ns, "ack", child.cl_ord_id)


def query_child(state: State, now: int, command: m.QueryChild) -> None:
    """A question is under way."""
    ends.bring_back(state, now, command.cl_ord_id)
    _asked_about(state, now, state.children[command.cl_ord_id])


def _asked_about(state: State, now: int, child: Child) -> None:
    """Ask again later, ever more slowly."""
    child.queries += 1
    wait = state.venues[child.mic].ack_timeout_ns * min(child.queries, 8)
    child.query_at = now + wait
    state.schedule(child.query_at, "ack", child.cl_ord_id)


def query_venue(state: State, now: int, command: m.QueryVenue) -> None:
    """Remember when the venue was asked for all that is open there."""
    state.ids += 1
    venue = state.venue[command.mic]
    venue.mass_status_at, venue.listed, venue.list_ended = now, 0, False
    state.schedule(now + state.venues[command.mic].ack_timeout_ns, "list", command.mic)


def request_quote(state: State, now: int, command: m.RequestQuote) -> None:
    """Remember which quote is awaited."""
    state.ids += 1
    state.asks[command.quote_req_id] = QuoteAsk(
        command.quote_req_id, command.mic, command.parent_id, command.expires
    )
    state.schedule(command.expires, "quote", command.quote_req_id)


def decide(state: State, now: int, command: m.Decide) -> None:
    """A decision sets when the algo is asked next."""
    parent = state.parents[command.parent_id]
    _asked(state, now, parent, command.volume, command.next_at)
    if not parent.arrival_mid:
        parent.arrival_mid = command.mid  # nobody knew one when it came
        state.open_value.count(parent)
    parent.rounds += 1
    parent.cum_at_decision = parent.cum_qty
    parent.learner, parent.champion = command.learner, ""
    safety = command.safety
    if safety is not None:
        if safety.champion:  # it learns beside the learner, whoever of them is played
            parent.learner = safety.proposer or command.learner
            parent.champion = safety.champion
        state.enter(key_of(parent.terms.account, now), safety)
    parent.contexts = {each.arm: each.features for each in command.candidates if each.qty}


def wait(state: State, now: int, command: m.Wait) -> None:
    """So does having nothing to do. Of one that may not go on the algo was not asked."""
    parent = state.parents[command.parent_id]
    if parent.held:
        parent.next_at = 0
        state.wake(parent, command.until)
    else:
        _asked(state, now, parent, command.volume, command.until)


def _asked(state: State, now: int, parent: Parent, volume: int, next_at: int) -> None:
    """The algo was asked. Rounds are counted anew when its own time has come."""
    parent.volume = max(parent.volume, volume)
    if now >= parent.algo_at:
        parent.rounds = 0
        parent.unanswered = []
        parent.algo_at = next_at
    parent.next_at = 0
    state.wake(parent, next_at)


def note_breach(state: State, now: int, command: m.NoteBreach) -> None:
    """A child that was refused keeps its ClOrdID: no other child is given it."""
    if command.mic:
        state.ids += 1


def mark_child(state: State, now: int, command: m.MarkChild) -> None:
    """The ticket opens."""
    child = state.children[command.cl_ord_id]
    child.mark_mid, child.marked_at = command.mid, now
    state.schedule_markout(child)


def learn_markout(state: State, now: int, command: m.LearnMarkout) -> None:
    """The ticket waits for its next horizon; it is closed after the last, or when none was seen."""
    child = state.children.get(command.cl_ord_id)
    if child is not None:
        seen = command.markout_bp is not None
        child.horizon = command.horizon + 1 if seen else len(MARKOUT_HORIZONS)
        child.markout_bp = command.markout_bp or 0.0
        state.schedule_markout(child)
    for key in _taught(state, child, command.learner):
        state.shelf.mark(key, command)


def _taught(state: State, child: Child | None, learner: str) -> list[str]:
    """Who takes a lesson: the learner, and the champion that it is held against; frozen, nobody."""
    keys = [learner, child.context.champion] if child is not None else [learner]
    return [key for key in keys if key and not state.is_frozen(key)]


def learn(state: State, now: int, command: m.Learn) -> None:
    """Take a lesson, and keep the arm's moving fill ratio."""
    child = state.children.get(command.cl_ord_id)
    if child is not None:
        child.learned = True
    for key in _taught(state, child, command.learner):
        state.shelf.learn(key, command)
    if command.outcome == "observed" and command.sent_lots:
        old = state.fill_ratio.get(command.arm, 0.5)
        ratio = command.filled_lots / command.sent_lots
        state.fill_ratio[command.arm] = old + FILL_RATIO_WEIGHT * (ratio - old)


def engage_kill(state: State, now: int, command: m.EngageKill) -> None:
    """The kill holds."""
    state.kill_count += 1
    state.kills[command.kill_id] = Kill(
        command.kill_id, command.scope, command.value, command.who, command.reason
    )


def release_kill(state: State, now: int, command: m.ReleaseKill) -> None:
    """The kill is lifted. A parent that shows another state is told nothing, it just goes on."""
    del state.kills[command.kill_id]
    for parent_id in state.open_parents:
        parent = state.parents[parent_id]
        if parent.status is not OrdStatus.SUSPENDED and state.kill_of(parent) is None:
            parent.suspended = False
            state.wake(parent, now)


def freeze_learner(state: State, now: int, command: m.FreezeLearner) -> None:
    """Its lessons are not taken from here on."""
    state.freezes[command.learner] = command


def thaw_learner(state: State, now: int, command: m.ThawLearner) -> None:
    """They are again."""
    del state.freezes[command.learner]


def mark_unknown(state: State, now: int, command: m.MarkUnknown) -> None:
    """The child counts in full until the venue has answered."""
    child = state.children[command.cl_ord_id]
    child.cancel_refused_at = 0
    state.turn(now, child, ChildInput.LOST)
    ends.child_moved(state, now, child)


def expect_cod(state: State, now: int, command: m.ExpectCod) -> None:
    """The venue's word will be held against it."""
    state.children[command.cl_ord_id].cod = command.promised


def note_cod(state: State, now: int, command: m.NoteCod) -> None:
    """The venue has spoken: nothing more is expected of the child."""
    child = state.children.get(command.cl_ord_id)
    if child is not None:
        child.cod = ""


def settle_child(state: State, now: int, command: m.SettleChild) -> None:
    """It is not there any more: closed with what it traded."""
    child = state.children[command.cl_ord_id]
    child.unresolved = True
    if not command.by_venue:
        child.cod = ""
        if child.mic in state.venue:
            said_over = state.venue[child.mic].said_over
            said_over.append(child.cl_ord_id)
            del said_over[:-SAID_OVER_MAX]
    state.turn(now, child, ChildInput.CANCELED)
    ends.child_moved(state, now, child)


def reschedule(state: State, now: int, command: m.Reschedule) -> None:
    """New parameters and times hold from here on."""
    parent = state.parents[command.parent_id]
    parent.algo_params = command.algo_params
    parent.end_time = command.end_time
    parent.start_time = command.start_time or parent.start_time
    parent.rounds = 0
    if command.expire_at != parent.expire_at:
        parent.expire_at = command.expire_at
        if command.expire_at:
            state.schedule(command.expire_at, "end", parent.parent_id)


def freeze_parent(state: State, now: int, command: m.FreezeParent) -> None:
    """No more children for it, until a person releases it."""
    state.parents[command.parent_id].frozen = command.reason
    state.frozen_parents[command.parent_id] = None
