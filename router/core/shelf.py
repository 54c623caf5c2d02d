"""The learners in use and their states: arrays, changed by lessons alone.

Owns the mapping from a learner's key (its name and parameters, as decisions record it) to the
plug-in and its arrays. Knows nothing of orders.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np

from router.messages import Learn, LearnMarkout
from router.ports import Arrays, Learner, Lesson, Markout


def learner_key(name: str, params: Mapping[str, object]) -> str:
    """The key of a learner: `hazard`, or `hazard{"kappa":0.1}` with parameters."""
    if not params:
        return name
    return name + json.dumps(dict(params), sort_keys=True, separators=(",", ":"))


def lesson_of(command: Learn) -> Lesson:
    """What a learner is given of a journaled lesson."""
    return Lesson(
        symbol=command.symbol,
        arm=command.arm,
        features=np.array(command.features, dtype=np.float64),
        sent_lots=command.sent_lots,
        filled_lots=command.filled_lots,
        min_lots=command.min_lots,
        outcome=command.outcome,
        markout_bp=command.markout_bp,
        child_lots=command.child_lots,
        intervals=command.intervals,
    )


def markout_of(command: LearnMarkout) -> Markout:
    """What a learner is given of a journaled markout."""
    return Markout(
        arm=command.arm,
        features=np.array(command.features, dtype=np.float64),
        lots=command.lots,
        horizon=command.horizon,
        markout_bp=command.markout_bp,
        before_bp=command.before_bp,
    )


class LearnerShelf:
    """Plug-ins by key, made when first asked for, with their arrays."""

    def __init__(self, types: Mapping[str, type[Learner]], *, dimensions: int) -> None:
        self._types = types
        self._dimensions = dimensions
        self._learners: dict[str, Learner] = {}
        self.states: dict[str, Arrays] = {}
        self.versions: dict[str, int] = {}
        """Lessons that each learner has taken."""

    def get(self, key: str) -> tuple[Learner, Arrays]:
        """The learner of a key and its state.

        Raises:
            KeyError: if there is no such learner.
        """
        learner = self._learners.get(key)
        if learner is None:
            name, brace, params = key.partition("{")
            learner = self._types[name].from_document(json.loads(brace + params) if brace else {})
            self._learners[key] = learner
            self.states[key] = learner.initial(self._dimensions)
            self.versions[key] = 0
        return learner, self.states[key]

    def adopt(self, earlier: LearnerShelf) -> None:
        """Go on from what another shelf has learned; that one stays as it is."""
        for key, arrays in earlier.states.items():
            self.get(key)
            self.states[key] = {name: array.copy() for name, array in arrays.items()}
            self.versions[key] = earlier.versions[key]

    def learn(self, command: Learn) -> None:
        """Take a lesson."""
        learner, state = self.get(command.learner)
        learner.learn(state, lesson_of(command))
        self.versions[command.learner] += 1

    def mark(self, command: LearnMarkout) -> None:
        """Take what the price did after a fill. It is a lesson like others."""
        learner, state = self.get(command.learner)
        learner.mark(state, markout_of(command))
        self.versions[command.learner] += 1
