"""What children teach the learner: how they ended, and what the price did after their fills.

Owns the lessons' content. When they are due is the timers' business, what is made of them the
learner's.
"""

from __future__ import annotations

from router.core.environment import Environment
from router.core.features import FEATURE_VERSION
from router.core.orders import Child, ChildStatus
from router.core.rewards import (
    horizon_ns,
    intervals,
    lesson,
    markout_bp,
    outcome,
    seen_in_time,
)
from router.core.state import State
from router.messages import Learn, LearnMarkout
from router.model import RESTING_TACTICS

EARLY_SHARE = 0.5
"""What a resting child might have filled besides, had we not taken it back before so much of its
slice had passed, is not known."""


def matured(env: Environment, state: State, now: int, child: Child) -> LearnMarkout:
    """A horizon of a child's ticket has passed: what the price has done since its first fill.

    Nothing is seen without a midpoint, too late, or of a fill that was taken back.
    """
    after = horizon_ns(env.routing.markout_ns, child.horizon)
    in_time = seen_in_time(waited_ns=now - child.marked_at, horizon_ns=after)
    instrument = env.instruments.get(child.symbol)  # it may be gone, and its order was over
    seen = in_time and child.cum_qty > 0 and instrument is not None
    later = state.market.mid2(child.symbol) if seen else 0
    return LearnMarkout(
        cl_ord_id=child.cl_ord_id,
        learner=child.context.learner,
        symbol=child.symbol,
        arm=f"{child.mic}/{child.tactic}",
        features=child.context.features,
        feature_version=FEATURE_VERSION,
        lots=max(1, child.cum_qty // instrument.lot) if instrument is not None else 1,
        horizon=child.horizon,
        markout_bp=markout_bp(child.side, child.mark_mid, later) if later else None,
        before_bp=child.markout_bp,
    )


def learn(env: Environment, child: Child) -> Learn:
    """What a finished child teaches its arm. The features are those of its decision."""
    context, instrument = child.context, env.instruments[child.symbol]
    rests = child.tactic in RESTING_TACTICS
    cut_short = (
        rests
        and bool(child.cancel_ids)
        and child.cancel_sent_at < child.sent_at + EARLY_SHARE * (child.cancel_at - child.sent_at)
    )
    observed = 1
    if rests:
        observed = intervals(
            sent_at=child.sent_at, filled_at=child.filled_at, ended_at=child.ended_at
        )
    what = outcome(
        cum_qty=child.cum_qty,
        rejected=child.status is ChildStatus.REJECTED,
        last_look=child.last_look,
        unresolved=child.unresolved,
        canceled_early=observed == 0,
    )
    facts = lesson(
        qty=child.qty,
        cum_qty=child.cum_qty,
        min_qty=child.min_qty,
        lot=instrument.lot,
        outcome=what,
        cut_short=cut_short or child.last_look,
    )
    return Learn(
        cl_ord_id=child.cl_ord_id,
        learner=context.learner,
        symbol=child.symbol,
        arm=f"{child.mic}/{child.tactic}",
        features=context.features,
        feature_version=FEATURE_VERSION,
        sent_lots=facts.sent_lots,
        filled_lots=facts.filled_lots,
        min_lots=facts.min_lots,
        outcome=facts.outcome,
        markout_bp=None,
        child_lots=instrument.child_lots,
        intervals=max(1, observed),
    )
