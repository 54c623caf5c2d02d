"""What a lesson says about the hidden quantity V of its arm, in lots.

Owns which lessons are observations and how they are read (docs/hazard.md). Must not know
models: what is inferred from an observation is a learner's own affair.
"""

from __future__ import annotations

from dataclasses import dataclass

from router.ports import Lesson


@dataclass(frozen=True, slots=True)
class Outcome:
    """filled = min(sent, V), but for a MinQty: nothing filled says only that V < min_lots."""

    sent: int
    """1 or more."""
    filled: int
    """0 to sent."""
    below: int
    """0, or m >= 2 if all that is known is V < m; then nothing was filled."""

    @property
    def full(self) -> bool:
        """True if V >= sent is all that is known: the observation is censored."""
        return self.filled == self.sent

    def within(self, lots_max: int) -> Outcome:
        """The same seen by one who does not tell quantities above `lots_max` apart."""
        return Outcome(
            min(self.sent, lots_max), min(self.filled, lots_max), min(self.below, lots_max)
        )


def observed(lesson: Lesson) -> Outcome | None:
    """The observation, or None if the lesson is none: refused, unknown or taken back is missing.

    A dealer's last look says that nothing was there.
    """
    if lesson.sent_lots <= 0:
        return None
    if lesson.outcome == "last_look":
        return Outcome(lesson.sent_lots, 0, 0)
    if lesson.outcome != "observed":
        return None
    filled = min(max(0, lesson.filled_lots), lesson.sent_lots)
    below = min(lesson.min_lots, lesson.sent_lots) if filled == 0 else 0
    return Outcome(lesson.sent_lots, filled, below if below > 1 else 0)
