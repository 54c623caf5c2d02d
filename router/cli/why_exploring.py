"""In words: whether a decision explored, at what cost, and what held it back. Not a command."""

from __future__ import annotations

from collections.abc import Iterator

from router.core.scoring import HeldBack
from router.messages import Decide, Safety


def exploring(decide: Decide) -> Iterator[tuple[str, str]]:
    """A line of what was known, unless the journal is from before it was recorded."""
    if decide.safety is not None:
        yield "exploring", f"{_said(decide, decide.safety)}{_budget(decide.safety)}"


def _said(decide: Decide, safety: Safety) -> str:
    if safety.explored:
        return f"yes, a draw that is worth {safety.cost_bp:.3f} bp less than the mean, by the mean"
    fallback = f"{decide.learner}, the fallback, decided instead of {safety.proposer}"
    champion = safety.champion or "its own mean"
    match HeldBack(safety.held_back):
        case HeldBack.NOT_AT_ALL:
            return "no, its draw came to what its mean comes to"
        case HeldBack.OPTED_OUT:
            return "no, the policy allows none: it went by its mean"
        case HeldBack.FROZEN:
            return "no, an operator has frozen the learner: it went by its mean"
        case HeldBack.BUDGET_SPENT:
            return (
                f"no, the draw would have cost {safety.cost_bp:.3f} bp and less is left: it went "
                "by its mean"
            )
        case HeldBack.GATE:
            return (
                f"no, with its proposal more than {safety.give_up or 0.0:.1%} of what {champion} "
                f"is worth could be lost: {champion} was played"
            )
        case HeldBack.NOT_FINITE:
            return f"no, the scores were no numbers: {fallback}"
        case HeldBack.STALE_FEATURES:
            return f"no, the freshest lit book was too old to judge by: {fallback}"
        case HeldBack.NO_MARKET:
            return f"no, there was no midpoint to judge by: {fallback}"
        case HeldBack.MODEL_REFUSED:
            return f"no, the learner's model file was refused: {fallback}"


def _budget(safety: Safety) -> str:
    if safety.budget_bp is None:
        return ""
    return f"; {safety.budget_left_bp:.3f} of {safety.budget_bp:g} bp of the day's budget left"
