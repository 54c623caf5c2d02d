"""The freeze: learning and exploring stop for a learner or for all, until a person thaws it.

Owns the answer to an operator. While it holds, lessons are journaled as
ever and the fold does not give them to the learner, so that a replay comes to the same arrays.
"""

from __future__ import annotations

from collections.abc import Iterator

from router.core.state import State
from router.messages import Command, FreezeLearner, FreezeRequested, ThawLearner, ThawRequested


def freeze(state: State, event: FreezeRequested) -> Iterator[Command]:
    """Freeze; what is frozen already stays so, by who has frozen it."""
    if event.learner not in state.freezes:
        yield FreezeLearner(event.learner, event.who, event.reason)


def thaw(state: State, event: ThawRequested) -> Iterator[Command]:
    """Lift one freeze. Another one may still cover the learner."""
    if event.learner in state.freezes:
        yield ThawLearner(event.learner, event.who, event.reason)
