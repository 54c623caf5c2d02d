"""The core: one event in, commands out. No clock, no socket, no file, no hidden chance.

Owns which event is answered by whom. Each command is folded before the next is generated, so two
children of one decision cannot spend the same LeavesQty or the same headroom twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from router.core import (
    applying,
    children,
    copies,
    disputes,
    fold,
    freezing,
    intake,
    killing,
    lessons,
    mass_cancel,
    questions,
    requests,
    settling,
)
from router.core.environment import Environment, Policy
from router.core.library import Library
from router.core.orders import Parent
from router.core.routing import IMMEDIATE, route
from router.core.state import State, Timer
from router.messages import (
    MARKET_EVENTS,
    ArmRequested,
    AssignRequested,
    BustRequested,
    CancelReceived,
    CancelRejectReceived,
    ChangesAccepted,
    ChildRefused,
    Command,
    CopyReceived,
    DismissRequested,
    Event,
    ExecutionReceived,
    FreezeParent,
    FreezeRequested,
    KillRequested,
    MassCancelReceived,
    MassStatusReceived,
    OrderReceived,
    OrderTerms,
    PoliciesLoaded,
    PolicyFiles,
    ReleaseRequested,
    ReplaceReceived,
    Restarted,
    SessionClosed,
    SessionOpened,
    SettleRequested,
    StatusReceived,
    ThawRequested,
    TimerFired,
)
from router.ports import Refusal

CLOSED_POLICIES_MAX = 1_000
"""Policies of parents that are over, kept until it is worth the while to look for them."""


Route = Callable[[Environment, State, int, int, Parent, Policy], Iterator[Command]]
"""How what is due of a parent becomes children: env, state, seq, now, the parent, its policy."""


class Engine:
    """The functional core of one shard."""

    def __init__(self, env: Environment, state: State, route: Route = route) -> None:
        """`route` is another one only where somebody wants to see what other decisions cost."""
        self.env = env
        self.state = state
        self.library = Library(env)
        self._decide_for = route
        self._policies: dict[str, tuple[str, OrderTerms, Policy]] = {}
        """By parent: the hash of what narrows it, its terms, and the policy that it has by both."""

    def handle(self, seq: int, now: int, event: Event) -> tuple[Command, ...]:
        """Fold an event, decide, and fold what was decided."""
        fold.apply(self.state, now, event)
        if isinstance(event, MARKET_EVENTS):
            return ()  # the most frequent by far: who waits for the market has a timer
        commands = []
        for command in self._decide(seq, now, event):
            fold.apply(self.state, now, command)
            commands.append(command)
        return tuple(commands)

    @property
    def unrecorded(self) -> PolicyFiles | None:
        """The policy documents that it was built with, unless the journal has them in force."""
        files = self.env.policy_files
        return None if files is None or files.hash == self.state.policy_hash else files

    def catch_up(self, most: int) -> bool:
        """Let learners take lessons that would wait for the next decision, at most so many.

        Nothing but the moment of the work depends on it. True if more wait.
        """
        return self.state.shelf.catch_up(most)

    def deadline(self) -> int | None:
        """When the core wants a TimerFired, UTC nanoseconds."""
        return self.state.deadline()

    def _decide(self, seq: int, now: int, event: Event) -> Iterator[Command]:
        env, state = self.env, self.state
        match event:
            case ExecutionReceived():
                yield from children.executed(env, state, now, event)
            case CopyReceived():
                yield from copies.received(env, state, event)
            case TimerFired():
                for timer in state.due:
                    yield from self._due(seq, now, timer)
            case OrderReceived():
                yield from self._order(seq, now, event)
            case CancelReceived():
                yield from requests.cancel(env, state, now, event)
            case ReplaceReceived():
                yield from requests.replace(env, state, now, event, self._policy_refusal)
            case StatusReceived():
                yield from questions.status(env, state, now, event)
            case MassCancelReceived():
                yield from mass_cancel.mass_cancel(env, state, now, event)
            case MassStatusReceived():
                yield from questions.mass_status(env, state, now, event)
            case CancelRejectReceived():
                child = state.find_child(event.mic, event.cl_ord_id, event.orig_cl_ord_id)
                if child is not None:
                    yield from children.cancel_refused(env, state, now, child, event)
            case ChildRefused():
                child = state.find_child(event.mic, event.cl_ord_id)
                yield from children.refused(env, state, now, child, event)
            case SessionOpened(mic=mic) if mic:
                yield from children.opened(env, state, mic)
                yield from disputes.reopened(state, mic)
            case SessionClosed(mic=mic, reason=reason) if mic:
                yield from children.lost(state, mic, reason, connected=event.connected)
            case Restarted():
                for mic in state.venues:
                    yield from children.lost(state, mic, "restarted")
            case ChangesAccepted():
                yield from children.left_behind(env, state, now)
            case PoliciesLoaded(apply_open=True):
                for parent_id in tuple(state.open_parents):
                    yield from self._apply(now, state.parents[parent_id])
            case KillRequested():
                yield from killing.engage(env, state, now, event)
            case ArmRequested():
                yield from killing.release(env, state, now, event)
            case FreezeRequested():
                yield from freezing.freeze(state, event)
            case ThawRequested():
                yield from freezing.thaw(state, event)
            case AssignRequested():
                yield from settling.assign(env, state, now, event)
            case DismissRequested():
                yield from settling.dismiss(state, event)
            case ReleaseRequested():
                yield from settling.release(state, event)
            case SettleRequested():
                yield from settling.settle(env, state, now, event)
            case BustRequested():
                yield from settling.bust(env, state, now, event)
            case _:
                pass

    def _order(self, seq: int, now: int, event: OrderReceived) -> Iterator[Command]:
        """Take the order, and route at once what is due at once."""
        env = self.library.in_force(self.state)
        assert env is not None, "the documents in force were read when they were loaded"
        opened = yield from intake.order(env, self.state, now, event)
        if opened is not None:
            parent, policy = opened
            self._pin(parent, policy)
            if parent.start_time <= now:
                yield from self._route(seq, now, parent)

    def _due(self, seq: int, now: int, timer: Timer) -> Iterator[Command]:
        env, state = self.env, self.state
        if timer.kind == "parent":
            parent = state.parents.get(timer.subject)
            if parent is not None and not parent.terminal:
                yield from self._route(seq, now, parent)
        elif timer.kind == "end":
            yield from self._end(now, timer)
        elif timer.kind == "gone":
            yield from mass_cancel.gone(env, state, now, timer)
        elif timer.kind == "list":
            yield from children.list_overdue(env, state, now, timer.subject)
        elif timer.kind == "dispute":
            yield from disputes.due(state, timer.subject)
        elif timer.kind == "copy":
            yield from copies.due(env, state, now, timer.subject)
        elif timer.kind in _CHILD_TIMERS:
            child = state.children.get(timer.subject)
            if child is None:
                return
            if timer.kind == "markout":
                yield lessons.matured(env, state, now, child)
            elif timer.kind == "ack":
                yield from children.overdue(env, state, now, child)
            else:
                yield from children.slice_over(env, state, now, child)

    def _route(self, seq: int, now: int, parent: Parent) -> Iterator[Command]:
        env = self.library.under(self.state, parent.policy_hash)
        policy = self._policy(env, parent)
        if policy is None and not parent.frozen:
            yield FreezeParent(parent.parent_id, self._why_frozen(parent))
        if env is not None and policy is not None:
            yield from self._decide_for(env, self.state, seq, now, parent, policy)
        if parent.terms.time_in_force in IMMEDIATE:
            yield from children.finish(self.env, self.state, now, parent)

    def _why_frozen(self, parent: Parent) -> str:
        """Why an order without a policy gets no more children."""
        symbol = parent.terms.symbol
        if symbol not in self.env.instruments:
            return f"INSTRUMENT_UNKNOWN: {symbol} was taken out of the instruments"
        hashes = (parent.policy_hash, parent.narrowed_by)
        why = next(filter(None, map(self.library.why_not, hashes)), "")
        text = "POLICY_CHANGED since it was accepted"
        return f"{text}: {why}" if why else text

    def _end(self, now: int, timer: Timer) -> Iterator[Command]:
        """A DAY or GTD order is over: take back its children, then tell the OMS."""
        parent = self.state.parents.get(timer.subject)
        if parent is None or parent.terminal or parent.expire_at != timer.at:
            return
        yield from requests.cancel_children(self.env, self.state, parent, "expired")
        yield from children.finish(self.env, self.state, now, parent)

    def _apply(self, now: int, parent: Parent) -> Iterator[Command]:
        """A policy is applied to an open order: what it would not have at work is taken back."""
        env = self.library.under(self.state, parent.policy_hash)
        policy = self._policy(env, parent)
        if env is not None and isinstance(policy, applying.BothPolicies):
            yield from applying.take_back(env, self.state, now, parent, policy)

    def _policy(self, env: Environment | None, parent: Parent) -> Policy | None:
        """What the documents that the parent is pinned to say of its terms, narrowed by those that
        were applied to it since; None if a book cannot be had.
        """
        narrowed_by, terms, found = self._policies.get(parent.parent_id, ("", None, None))
        if found is not None and narrowed_by == parent.narrowed_by and terms is parent.terms:
            return found
        if env is None or parent.terms.symbol not in env.instruments:
            return None
        own = _chosen(env, parent, parent.terms)
        if isinstance(own, Refusal) or own.hash != parent.policy_hash:
            return None
        found = self._narrowed(own, parent)
        if found is not None:
            self._pin(parent, found)
        return found

    def _narrowed(self, own: Policy, parent: Parent) -> Policy | None:
        if not parent.narrowed_by:
            return own
        env = self.library.under(self.state, parent.narrowed_by)
        if env is None:
            return None
        return applying.both(own, _chosen(env, parent, parent.terms), parent.narrowed_by)

    def _policy_refusal(self, parent: Parent, terms: OrderTerms) -> Refusal | None:
        """What the documents that took an order say against other terms of it."""
        env = self.library.under(self.state, parent.policy_hash)
        found = _chosen(env, parent, terms) if env is not None else None
        return found if isinstance(found, Refusal) else None

    def _pin(self, parent: Parent, policy: Policy) -> None:
        """Keep a parent's policy while the parent is open; now and then let go of the others."""
        open_parents = self.state.open_parents
        if len(self._policies) >= 2 * len(open_parents) + CLOSED_POLICIES_MAX:
            kept = self._policies
            self._policies = {each: kept[each] for each in open_parents if each in kept}
        self._policies[parent.parent_id] = (parent.narrowed_by, parent.terms, policy)


def _chosen(env: Environment, parent: Parent, terms: OrderTerms) -> Policy | Refusal:
    """What documents say of an order that came when this one did, with those terms.

    They are asked again when it is replaced, as after a restart: a rule for large orders holds for
    one that has become large.
    """
    ref_px = terms.price or parent.arrival_mid // 2
    instrument = env.instruments[terms.symbol]
    return env.policies.choose(parent.session, terms, instrument, parent.opened_at, ref_px)


_CHILD_TIMERS = frozenset({"ack", "slice", "markout"})
