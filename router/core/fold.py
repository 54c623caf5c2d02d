"""The fold: history in, state out. The only thing that changes the state.

Owns which message changes what. Must not know what we would do about it: it never imports the
engine, so recovery cannot decide again.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any

from router import messages as m
from router.core import fold_commands as commands
from router.core import fold_copies as copies
from router.core import fold_corrections as corrections
from router.core import fold_ends as ends
from router.core import fold_executions as executions
from router.core import fold_models as models
from router.core import fold_policies as policies
from router.core import fold_suspense as suspense
from router.core import lines
from router.core.books import Market
from router.core.state import State


def order_received(state: State, now: int, event: m.OrderReceived) -> None:
    """A new order counts against its session's rate, accepted or not."""
    state.count(state.message_times, event.session, now)


def replace_received(state: State, now: int, event: m.ReplaceReceived) -> None:
    """A replace counts too, and its terms wait for the answer."""
    state.count(state.message_times, event.session, now)
    state.requests[(event.session, event.cl_ord_id)] = event.terms


def market_moved(state: State, now: int, event: m.MarketEvent) -> None:
    """Books and quotes move; a quote that was asked for wakes its parent."""
    state.market.apply(event, now)
    state.watch.apply(event, state.market, now)
    if isinstance(event, m.QuoteReceived) and event.quote_req_id in state.asks:
        _ask_ended(state, now, event.quote_req_id, quoted=not 0 < event.valid_until <= now)
    if isinstance(event, m.QuoteCanceled) and event.quote_req_id in state.asks:
        _ask_ended(state, now, event.quote_req_id)


def _ask_ended(state: State, now: int, quote_req_id: str, *, quoted: bool = False) -> None:
    """The order goes on: elsewhere, if the dealer has not `quoted`, till its next pause.

    The event alone says so: the market is not in the journal, and another one after a restart.
    """
    ask = state.asks.pop(quote_req_id)
    parent = state.parents.get(ask.parent_id)
    if parent is not None and not parent.terminal:
        if not quoted:
            parent.unanswered.append(ask.mic)
        state.wake(parent, now)


def session_opened(state: State, now: int, event: m.SessionOpened) -> None:
    """A venue is open at once, and reconciled when none of its children is in doubt."""
    state.lines[event.session].opened(now, event.sure_ns)
    state.gone.pop(event.session, None)
    if event.mic:
        venue = state.venue[event.mic]
        venue.open = True
        venue.reconciled = not state.live_children(event.mic)


def session_closed(state: State, now: int, event: m.SessionClosed) -> None:
    """A venue that is lost takes no new risk."""
    state.lines[event.session].closed(event.heard_at)
    if event.cancel_after_ns:
        state.gone[event.session] = now + event.cancel_after_ns
        state.schedule(now + event.cancel_after_ns, "gone", event.session)
    if event.mic:
        venue = state.venue[event.mic]
        venue.open = venue.reconciled = False
        _forget_asks(state, event.mic)


def _forget_asks(state: State, mic: str) -> None:
    for key in [key for key, ask in state.asks.items() if ask.mic == mic]:
        del state.asks[key]


def timer_fired(state: State, now: int, event: m.TimerFired) -> None:
    """Collect what is due. A parent's timer counts only if it is the one that was last set."""
    state.due = []
    most = event.most or len(state.timers)
    while state.timers and state.timers[0].at <= now and len(state.due) < most:
        timer = heapq.heappop(state.timers)
        if timer.kind == "parent":
            parent = state.parents.get(timer.subject)
            if parent is None or parent.next_at != timer.at:
                continue
            parent.next_at = 0
        elif timer.kind == "dispute":
            suspense.waited(state, timer.subject)
        elif timer.kind == "quote" and timer.subject in state.asks:
            _ask_ended(state, now, timer.subject)
        state.due.append(timer)
    ends.put_away(state, now)


def storage_changed(state: State, now: int, event: m.StorageChanged) -> None:
    """Orders that had to wait for the disk are looked at again when it is well."""
    state.trouble = event.trouble
    if not event.trouble:
        for parent_id in state.open_parents:
            state.wake(state.parents[parent_id], now)


def restarted(state: State, now: int, event: m.Restarted) -> None:
    """A new life: nothing is connected, no book is known, counters start anew."""
    state.epoch = event.epoch
    state.facts = _with_retired(state, event.facts)
    if event.policies is not None:
        policies.take(state, event.policies)
    state.ids = state.reports = 0
    lines.restarted(state.lines, now)
    state.trouble = ""
    state.asks.clear()
    state.market = Market()
    state.watch.clear()
    state.volume_marks.clear()
    state.shelf.forget_refusals()
    for venue in state.venue.values():
        venue.open = venue.reconciled = False
    timed = {timer.subject for timer in state.timers if timer.kind == "end"}
    for parent_id in state.open_parents:
        parent = state.parents[parent_id]
        parent.next_at = 0
        state.wake(parent, now + state.pause_ns)
        if parent.expire_at > now and parent_id not in timed:
            # Its time had come, and by the clock of this life it has yet to.
            state.schedule(parent.expire_at, "end", parent_id)


def _with_retired(state: State, facts: dict[str, str]) -> dict[str, str]:
    """Venues that are configured no more are remembered, without what they were."""
    names = [f"venue {mic}" for mic in state.venue] if facts else []
    return facts | {name: "" for name in names if name not in facts}


Handler = Callable[[State, int, Any], None]

HANDLERS: dict[type, Handler] = {
    m.OrderReceived: order_received,
    m.ReplaceReceived: replace_received,
    m.ExecutionReceived: executions.execution_received,
    m.CopyReceived: copies.copy_received,
    m.CancelRejectReceived: executions.cancel_reject_received,
    m.ChildRefused: executions.child_refused,
    m.MarketDataReceived: market_moved,
    m.MarketDataLost: market_moved,
    m.TradingStatusReceived: market_moved,
    m.QuoteReceived: market_moved,
    m.QuoteCanceled: market_moved,
    m.SessionOpened: session_opened,
    m.SessionClosed: session_closed,
    m.TimerFired: timer_fired,
    m.Restarted: restarted,
    m.StorageChanged: storage_changed,
    m.ModelLoaded: models.model_loaded,
    m.ModelRefused: models.model_refused,
    m.PoliciesLoaded: policies.policies_loaded,
    m.OpenParent: commands.open_parent,
    m.Report: commands.report,
    m.ReportMassCancel: commands.report_mass_cancel,
    m.RefuseCancel: commands.refuse_cancel,
    m.SendChild: commands.send_child,
    m.CancelChild: commands.cancel_child,
    m.Disallow: policies.disallow,
    m.QueryChild: commands.query_child,
    m.QueryVenue: commands.query_venue,
    m.RequestQuote: commands.request_quote,
    m.Decide: commands.decide,
    m.Wait: commands.wait,
    m.NoteBreach: commands.note_breach,
    m.MarkChild: commands.mark_child,
    m.Learn: commands.learn,
    m.LearnMarkout: commands.learn_markout,
    m.EngageKill: commands.engage_kill,
    m.ReleaseKill: commands.release_kill,
    m.MarkUnknown: commands.mark_unknown,
    m.ExpectCod: commands.expect_cod,
    m.NoteCod: commands.note_cod,
    m.SettleChild: commands.settle_child,
    m.Reschedule: commands.reschedule,
    m.FreezeParent: commands.freeze_parent,
    m.FreezeLearner: commands.freeze_learner,
    m.ThawLearner: commands.thaw_learner,
    m.NoteSuspense: suspense.note_suspense,
    m.AssignSuspense: executions.assign_suspense,
    m.DismissSuspense: suspense.dismiss_suspense,
    m.DisputeExecution: suspense.dispute_execution,
    m.EnterExecution: executions.enter_execution,
    m.EnterBust: corrections.enter_bust,
    m.BookCopy: copies.book_copy,
    m.SuspendCopy: copies.suspend_copy,
    m.ReleaseParent: suspense.release_parent,
}
"""Which function folds which message. A message that is not here changes nothing."""


def apply(state: State, now: int, message: m.Event | m.Command) -> None:
    """Fold one event or command into the state."""
    handler = HANDLERS.get(type(message))
    if handler is not None:
        handler(state, now, message)
