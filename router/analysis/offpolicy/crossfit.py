"""Model tails and values for each decision, from lessons of other parents only.

Owns the folds: parents are dealt to FOLDS hands in the order of their first decision, and each hand
is scored by a model that has seen the lessons of all others (Chernozhukov et al. 2018). A model
that had learned from the decision that it scores would explain its noise, and the correction would
find nothing to correct.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from msgspec.structs import replace

from router.analysis.offpolicy.logged import Logged, Taught
from router.ports import Arrays, FloatArray, Learner

FOLDS = 5


@dataclass(frozen=True, slots=True)
class Fitted:
    """What the model expects of one decision's candidates."""

    tails: FloatArray
    """(K, L) P(at least j lots are filled), MinQty(110) heeded."""
    values: FloatArray
    """(K,) of a filled lot, bp of the mid."""


class CrossFit:
    """One model for each fold."""

    def __init__(
        self, model: Learner, decisions: Sequence[Logged], lessons: Sequence[Taught]
    ) -> None:
        """`model` must not draw. Lessons of parents without a decision here teach every fold."""
        parents = dict.fromkeys(each.parent_id for each in decisions)
        self._fold = {parent_id: i % FOLDS for i, parent_id in enumerate(parents)}
        self._model = model
        dimensions = decisions[0].request.features.shape[1] if decisions else 0
        self._states = [self._taught(fold, dimensions, lessons) for fold in range(FOLDS)]
        self._rng = np.random.Generator(np.random.Philox(key=0))

    def _taught(self, fold: int, dimensions: int, lessons: Sequence[Taught]) -> Arrays:
        state = self._model.initial(dimensions)
        for each in lessons:
            if self._fold.get(each.parent_id) != fold:
                each.teach(self._model, state)
        return state

    def fitted(self, decision: Logged) -> Fitted:
        """Tails and values of a decision, from parents of the other folds."""
        state = self._states[self._fold[decision.parent_id]]
        # a reward counts from u itself, whoever waits for what (docs/evaluation.md)
        scores = self._model.score(state, replace(decision.request, rounds=0.0), self._rng)
        return Fitted(_of_fills(scores.mean_tails, decision), scores.values)


def _of_fills(tails: FloatArray, decision: Logged) -> FloatArray:
    """Under MinQty m the first m lots are filled together, if V >= m: T(max(j, m))."""
    width = tails.shape[1]
    least = np.clip(decision.min_lots, 1, max(width, 1))[:, np.newaxis]
    at = np.maximum(np.arange(1, width + 1), least) - 1
    return np.asarray(np.take_along_axis(tails, at, axis=1))
