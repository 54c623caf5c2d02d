"""What learners are asked while an engine decides: the question, and the state it was put to.

Owns the listening. It stands between the engine and its shelf of learners, passes everything on
and changes nothing. Must not know why anybody listens.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from router.core.engine import Engine
from router.core.shelf import LearnerShelf
from router.messages import Decide
from router.ports import Arrays, Learner, ScoreRequest, Scores


@dataclass(frozen=True, slots=True)
class Question:
    """One request to a learner, with its answer."""

    key: str
    """The learner's key, as decisions record it."""
    learner: Learner
    state: Arrays
    """A copy, as it was when it was asked."""
    request: ScoreRequest
    scores: Scores
    free_qty: int
    """Shares of the parent that no child had then: what a candidate may offer at most."""


class Listener:
    """Keeps what is asked through an engine's shelf, from its making on."""

    def __init__(self, engine: Engine, free_qty: Callable[[], int]) -> None:
        self.asked: list[Question] = []
        self._shelf = engine.state.shelf
        self._free_qty = free_qty
        engine.state.shelf = cast(LearnerShelf, self)

    def get(self, key: str) -> tuple[Learner, Arrays]:
        """The learner, with somebody who listens in front of it."""
        learner, state = self._shelf.get(key)

        def keep(request: ScoreRequest, scores: Scores) -> None:
            copied = {name: array.copy() for name, array in state.items()}
            free_qty = self._free_qty()
            self.asked.append(Question(key, learner, copied, request, scores, free_qty))

        return cast(Learner, _Overheard(learner, keep)), state

    def __getattr__(self, name: str) -> object:
        return getattr(self._shelf, name)


class _Overheard:
    """A learner whose scores are told to somebody else, too."""

    def __init__(self, learner: Learner, keep: Callable[[ScoreRequest, Scores], None]) -> None:
        self._learner = learner
        self._keep = keep

    def score(self, state: Arrays, request: ScoreRequest, rng: np.random.Generator) -> Scores:
        scores = self._learner.score(state, request, rng)
        self._keep(request, scores)
        return scores

    def __getattr__(self, name: str) -> object:
        return getattr(self._learner, name)


def questions(decides: Sequence[Decide], asked: Sequence[Question]) -> list[Question | None]:
    """For each decision of a step, the question whose answer it took.

    A decision asks the learner of its policy and, if that one's scores are not finite, the
    fallback; it names the one that it took, which is the last that it asked.
    """
    waiting = iter(asked)
    return [next((each for each in waiting if each.key == d.learner), None) for d in decides]
