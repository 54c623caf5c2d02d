"""Policy documents that are applied to open orders: these may do only what both policies allow.

Owns how the two count together, and which children the other would not have at work. It only
narrows: algo, learner and urgency stay those that the order was taken with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from msgspec import structs

from router.core.environment import Environment, Policy
from router.core.narrowing import narrow
from router.core.orders import Child, ChildStatus, Parent
from router.core.requests import cancel_child
from router.core.routing import traded_since_start
from router.core.state import State
from router.core.views import parent_view
from router.messages import CancelChild, Disallow
from router.model import RESTING_TACTICS, Arm, Exploration
from router.ports import Candidate, Refusal, Rule, RuleContext, Urgency

REASON = "the policy that was applied does not allow it"
_SHORT = 12


@dataclass(frozen=True, slots=True)
class BothPolicies:
    """A policy of an order, narrowed by another one."""

    name: str
    hash: str
    """Of the order's own."""
    rules: Sequence[tuple[str, Rule]]
    """Its own, and those of the other that it has not: `clause (hash)`."""
    applied: Sequence[tuple[str, Rule]]
    """The latter alone."""
    algo: str
    algo_params: Mapping[str, object]
    learner: str
    learner_params: Mapping[str, object]
    urgency: Urgency | None
    exploration: Exploration


class Nothing(Rule):
    """What a policy leaves of an order that it would not take: no child."""

    def narrow(self, candidate: Candidate, context: RuleContext) -> int:
        """Nothing."""
        return 0


def both(own: Policy, other: Policy | Refusal, other_hash: str) -> BothPolicies:
    """An order's own policy, narrowed by what other documents say of it; if these would refuse the
    order it gets no more children, under the name of the refusal's code.
    """
    said = other.rules if not isinstance(other, Refusal) else [(other.code, Nothing())]
    exploration = Exploration(allowed=False) if isinstance(other, Refusal) else other.exploration
    applied = [
        (clause_of(other_hash, clause), rule)
        for clause, rule in said
        if (clause, rule) not in own.rules
    ]
    return BothPolicies(
        name=own.name,
        hash=own.hash,
        rules=(*own.rules, *applied),
        applied=applied,
        algo=own.algo,
        algo_params=own.algo_params,
        learner=own.learner,
        learner_params=own.learner_params,
        urgency=own.urgency,
        exploration=_less(own.exploration, exploration),
    )


def clause_of(policy_hash: str, clause: str) -> str:
    """How a clause of documents that were applied is named beside those of the order's own."""
    return f"{clause} ({policy_hash[:_SHORT]})"


def _less(own: Exploration, other: Exploration) -> Exploration:
    """Allowed by both, with the smaller budget and the smaller share to give up."""
    gates = [each for each in (own.give_up, other.give_up) if each is not None]
    return replace(
        own,
        allowed=own.allowed and other.allowed,
        budget_bp=min(own.budget_bp, other.budget_bp),
        give_up=min(gates, default=None),
    )


def take_back(
    env: Environment, state: State, now: int, parent: Parent, policy: BothPolicies
) -> Iterator[Disallow | CancelChild]:
    """Children that rest and are more than the other policy would place there now. What is on its
    way to take something ends by itself; what is in doubt is taken back when its venue has spoken.
    """
    for child in state.children_of(parent):
        if child.tactic not in RESTING_TACTICS or child.unwanted:
            continue
        found = narrow(_candidate(env, child), policy.applied, _context(env, state, now, child))
        if found.cap < child.leaves_qty:
            by = found.caps[-1].by
            yield Disallow(child.cl_ord_id, parent.narrowed_by, by, found.cap)
            if child.status in (ChildStatus.NEW_PENDING, ChildStatus.LIVE):
                yield cancel_child(env, state, child, REASON)


def _candidate(env: Environment, child: Child) -> Candidate:
    """As if it were to be sent now. What is displayed there is not looked at."""
    venue = env.venues[child.mic]
    return Candidate(
        arm=Arm(child.mic, child.tactic),
        venue_type=venue.venue_type,
        price=child.price,
        displayed=0,
        cap=child.leaves_qty,
        fee=venue.make_fee,
    )


def _context(env: Environment, state: State, now: int, child: Child) -> RuleContext:
    """Without the child, which does not stand in its own way."""
    parent = state.parents[child.parent_id]
    view = parent_view(parent, state.market.mid2(parent.terms.symbol))
    before = state.market.volume(view.symbol) - traded_since_start(state, parent)
    return RuleContext(
        now=now,
        parent=structs.replace(view, working_qty=view.working_qty - child.leaves_qty),
        instrument=env.instruments[view.symbol],
        market=state.market.view(view.symbol, now, before),
        due_qty=child.leaves_qty,
        urgency=0.0,
    )
