"""What bounds learning and exploring: the record of a decision, the operator's freeze and thaw.

Owns their shapes. docs/safety.md says what they mean to a desk.
"""

from __future__ import annotations

import msgspec


class Safety(msgspec.Struct, frozen=True):
    """How far a decision left what its learner thought best, and what kept it from more."""

    explored: bool
    """True if the split is that of a draw and another one than at the posterior mean."""
    held_back: str = ""
    """Why the learner's own proposal was not taken: a word of `router.core.exploring`, or empty."""
    cost_bp: float = 0.0
    """What the drawn split is worth less than the mean one, at the posterior mean, bp of
    `notional`; spent if it was taken, and what it would have cost if it was not."""
    notional: float = 0.0
    """What was due at the midpoint, in the currency; 0 without a midpoint."""
    budget_bp: float | None = None
    """The policy's, bp of the notional of the account's day; None: it does not allow exploring."""
    budget_left_bp: float = 0.0
    """What is left of it after this decision, bp of the notional of the day so far."""
    give_up: float | None = None
    """The gate's alpha; None: there is no gate, and what follows is 0."""
    credited_bp: float = 0.0
    """What the gate counts for what was played: the champion's worth, or a lower bound of another
    split's, bp of `notional`."""
    champion_bp: float = 0.0
    """Worth of the champion's split at the posterior mean, bp of `notional`."""
    champion: str = ""
    """The champion's key; empty: the learner's own mean."""
    proposer: str = ""
    """The key of the policy's learner where another one's scores count, the champion's or the
    fallback's."""


class FreezeRequested(msgspec.Struct, frozen=True, tag=True):
    """An operator stops learning and exploring; an empty `learner` means every learner."""

    learner: str
    """A learner's name, which means it with whatever parameters, or a whole key."""
    who: str
    reason: str


class ThawRequested(msgspec.Struct, frozen=True, tag=True):
    """An operator lets it go on."""

    learner: str
    who: str
    reason: str


class FreezeLearner(msgspec.Struct, frozen=True, tag=True):
    """From here on lessons are journaled and not taken, and nothing is explored."""

    learner: str
    who: str
    reason: str


class ThawLearner(msgspec.Struct, frozen=True, tag=True):
    """A freeze is lifted by a named person. What was not learned meanwhile stays unlearned."""

    learner: str
    who: str
    reason: str
