"""The learners in use and their states: arrays, changed by lessons, or begun from a model file.

Owns the mapping from a learner's key (its name and parameters, as decisions record it) to the
plug-in and its arrays, and where these come from. Knows nothing of orders and reads no file.

What learners are told waits, in its order, until somebody looks at the arrays: several lessons one
after the other cost half of what they cost between other work, whose code the processor has to
fetch anew, and most can be taken while the disk works. Nobody can see the difference.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping

import numpy as np
from pydantic import ValidationError

from router.messages import Learn, LearnMarkout, ModelArray, ModelLoaded, ModelRefused
from router.ports import Arrays, FloatArray, Learner, Lesson, Markout

TOLD_MAX = 256
"""Lessons that may wait."""


class LearnerGone(Exception):  # noqa: N818 - says what is
    """What a learner was taught cannot be folded: there is no such learner any more."""

    def __init__(self, key: str, why: str) -> None:
        cure = "start the version that has it, or with an empty state folder"
        super().__init__(f"learner {key} is gone and the journal has taught it: {why}; {cure}")
        self.key = key


def learner_key(name: str, params: Mapping[str, object]) -> str:
    """The key of a learner: `hazard`, or `hazard{"kappa":0.1}` with parameters."""
    if not params:
        return name
    return name + json.dumps(dict(params), sort_keys=True, separators=(",", ":"))


def parse_key(key: str) -> tuple[str, dict[str, object]]:
    """Name and parameters of a learner's key.

    Raises:
        ValueError: the parameters are not a JSON object.
    """
    name, brace, params = key.partition("{")
    return name, json.loads(brace + params) if brace else {}


def array_of(stored: ModelArray) -> FloatArray:
    """An array as a message carries it, to be written in."""
    return np.frombuffer(stored.data, dtype="<f8").astype(np.float64).reshape(stored.shape)


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


def _first(error: ValueError) -> str:
    """One line of what may have many."""
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors()[0]
    return f"{'.'.join(str(each) for each in first['loc'])}: {first['msg']}"


class LearnerShelf:
    """Plug-ins by key, made when first asked for, with their arrays."""

    def __init__(self, types: Mapping[str, type[Learner]], *, dimensions: int) -> None:
        self._types = types
        self._dimensions = dimensions
        self._learners: dict[str, Learner] = {}
        self._states: dict[str, Arrays] = {}
        self._told: deque[tuple[str, Learn | LearnMarkout]] = deque()
        self.versions: dict[str, int] = {}
        """Lessons that each learner was given, with those of the model that it was begun from."""
        self.models: dict[str, str] = {}
        """By learner the sha256 of the model file that it was last begun from."""
        self.refused: dict[str, str] = {}
        """By learner why its model file was not taken, in this life."""
        self.arriving: dict[str, Arrays] = {}
        """By learner the parts of a model that have come, until the last has."""

    def get(self, key: str) -> tuple[Learner, Arrays]:
        """The learner of a key and its state.

        Raises:
            KeyError: if there is no such learner.
        """
        learner = self._made(key)
        return learner, self.states[key]

    @property
    def states(self) -> dict[str, Arrays]:
        """The arrays of every learner, after all that it was told."""
        if self._told:
            self.catch_up(len(self._told))
        return self._states

    def _made(self, key: str) -> Learner:
        learner = self._learners.get(key)
        if learner is None:
            name, params = parse_key(key)
            learner = self._learners[key] = self._types[name].from_document(params)
            self._states[key] = learner.initial(self._dimensions)
            self.versions[key] = 0
        return learner

    def knows(self, name: str) -> bool:
        """True for the name of a learner, and for a key that is in use."""
        return name in self._types or name in self.versions

    def adopt(self, earlier: LearnerShelf) -> None:
        """Go on from what another shelf has learned; that one stays as it is."""
        for key, arrays in earlier.states.items():
            self.get(key)
            self.states[key] = {name: array.copy() for name, array in arrays.items()}
            self.versions[key] = earlier.versions[key]
        self.models.update(earlier.models)

    def learn(self, key: str, command: Learn) -> None:
        """Give a lesson to the learner of a key."""
        self._tell(key, command)

    def mark(self, key: str, command: LearnMarkout) -> None:
        """Tell it what the price did after a fill. It is a lesson like others."""
        self._tell(key, command)

    def _remembered(self, key: str) -> None:
        """Make the learner of a key that a journal speaks of, and not the configuration.

        Raises:
            LearnerGone: its file was taken out, or its parameters are others.
        """
        try:
            self._made(key)
        except KeyError:
            raise LearnerGone(key, "no learner has this name") from None
        except ValueError as error:
            raise LearnerGone(key, f"not its parameters: {_first(error)}") from None

    def _tell(self, key: str, command: Learn | LearnMarkout) -> None:
        self._remembered(key)
        self.versions[key] += 1
        self._told.append((key, command))
        if len(self._told) >= TOLD_MAX:
            self.catch_up(TOLD_MAX)

    def catch_up(self, most: int) -> bool:
        """Let learners take the next lessons that wait, at most so many. True if more do."""
        told = self._told
        for _ in range(min(most, len(told))):
            key, command = told.popleft()
            learner, state = self._learners[key], self._states[key]
            if isinstance(command, Learn):
                learner.learn(state, lesson_of(command))
            else:
                learner.mark(state, markout_of(command))
        return bool(told)

    # -- models ----------------------------------------------------------------------------------

    def load(self, part: ModelLoaded) -> None:
        """Take a part of a model. With the last one the learner forgets what it knew for it."""
        key = part.learner
        if part.part == 1:
            self.arriving[key] = {}
        self.arriving[key].update({each.name: array_of(each) for each in part.arrays})
        if part.part == part.parts:
            self._remembered(key)
            self.states[key] = self.arriving.pop(key)
            self.versions[key] = part.lessons
            self.models[key] = part.file_hash

    def refuse(self, refusal: ModelRefused) -> None:
        """A model cannot be had. What the learner knows stays as it is."""
        self.refused[refusal.learner] = refusal.reason

    def forget_refusals(self) -> None:
        """A new life: files are looked at anew."""
        self.refused.clear()
        self.arriving.clear()

    def has(self, part: ModelLoaded) -> bool:
        """True if the learner was last begun from the same file: it goes on from what it knows."""
        return self.models.get(part.learner) == part.file_hash

    def blind(self, key: str) -> str:
        """Why a learner may not score: its model was refused, and it knows nothing. Else empty."""
        return "" if self.versions.get(key) else self.refused.get(key, "")
