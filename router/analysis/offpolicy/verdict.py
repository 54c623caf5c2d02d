"""Whether a log can answer: the thresholds, and the words.

Owns when an estimate is not to be believed. Computes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

PARENTS_MIN = 30
"""Effective sample size below which nothing is answered (docs/evaluation.md, a choice)."""

CLIPPED_MAX = 0.20
"""Share of the target's lots at the propensity's floor above which nothing is answered."""


class Answer(StrEnum):
    """What the log allows."""

    WHOLE = "answered"
    PREFIX = "answered within the prefix only"
    NONE = "cannot be answered from this log"


@dataclass(frozen=True, slots=True)
class Support:
    """How much of the log speaks of the target."""

    drawn: int
    """Decisions that were drawn."""
    effective_parents: float
    """Kish's size of the parents' weights."""
    clipped_share: float
    """Of the lots that the target places in drawn decisions, those below the floor."""
    prefix_parents: int
    """Parents with a decision that holds the target's."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer's kind, and why it is no better."""

    answer: Answer
    reasons: tuple[str, ...] = ()


def judge(support: Support) -> Verdict:
    """What may be concluded. A log without draws has no propensities, so it has its prefix only."""
    if support.drawn == 0:
        return _of_prefix(support)
    reasons = []
    if support.effective_parents < PARENTS_MIN:
        reasons.append(
            f"the effective sample size is {support.effective_parents:.1f} parents, "
            f"at least {PARENTS_MIN} are needed"
        )
    if support.clipped_share > CLIPPED_MAX:
        reasons.append(
            f"{support.clipped_share:.1%} of the target's lots were hardly ever tried, "
            f"at most {CLIPPED_MAX:.0%} may be"
        )
    return Verdict(Answer.NONE if reasons else Answer.WHOLE, tuple(reasons))


def _of_prefix(support: Support) -> Verdict:
    fixed = "no decision was drawn, so nothing is known of splits that were not taken"
    if support.prefix_parents >= PARENTS_MIN:
        return Verdict(Answer.PREFIX, (fixed,))
    few = (
        f"{support.prefix_parents} parents have a decision that holds the target's, "
        f"at least {PARENTS_MIN} are needed"
    )
    return Verdict(Answer.NONE, (fixed, few))
