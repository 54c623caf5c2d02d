"""Lessons wait until somebody looks: nobody can see when they were taken."""

from __future__ import annotations

import pytest

from router.core import shelf as shelves
from router.core.shelf import LearnerShelf
from router.messages import ModelArray, ModelLoaded
from router.ports import Learner, Lesson, Markout
from tests.core.test_models import LEARNERS, D, bits, lesson, markout, taught

COUNT = 24
HAZARD: type[Learner] = LEARNERS["hazard"]


def at_once(key: str) -> dict[str, bytes]:
    """The learner's arrays after the lessons of `taught`, given to it by hand."""
    learner = LEARNERS[key].from_document({})
    state = learner.initial(D)
    for i in range(COUNT):
        learner.learn(state, shelves.lesson_of(lesson(key, i)))
        learner.mark(state, shelves.markout_of(markout(key, i)))
    return bits(state)


@pytest.mark.parametrize("key", LEARNERS)
def test_whoever_looks_sees_all_that_was_told_in_its_order(key: str) -> None:
    assert bits(taught(key, COUNT).states[key]) == at_once(key)
    assert bits(taught(key, COUNT).get(key)[1]) == at_once(key)


@pytest.mark.parametrize("pieces", [1, 3, 7, 100])
def test_it_is_the_same_in_whatever_pieces_they_are_taken(pieces: int) -> None:
    made = taught("hazard", COUNT)
    while made.catch_up(pieces):
        pass
    assert not made.catch_up(1)
    assert bits(made.states["hazard"]) == at_once("hazard")


def test_they_are_counted_when_they_are_given() -> None:
    made = LearnerShelf(LEARNERS, dimensions=D)
    made.learn("hazard", lesson("hazard", 1))
    made.mark("hazard", markout("hazard", 1))
    assert made.versions == {"hazard": 2}
    assert made.catch_up(1)
    assert made.versions == {"hazard": 2}


def test_no_more_wait_than_may(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[Lesson | Markout] = []

    class Counting(HAZARD):  # type: ignore[misc, valid-type]
        def learn(self, state: object, lesson: Lesson) -> None:
            taken.append(lesson)

    monkeypatch.setattr(shelves, "TOLD_MAX", 5)
    made = LearnerShelf({"hazard": Counting}, dimensions=D)
    for i in range(13):
        made.learn("hazard", lesson("hazard", i))
    assert len(taken) == 10


def test_a_model_takes_the_place_of_what_was_told_before_it_only() -> None:
    made = LearnerShelf(LEARNERS, dimensions=D)
    made.learn("hazard", lesson("hazard", 1))
    clock = ModelArray("clock", (1,), bytes(8))
    market = ModelArray("market", (3, 2), bytes(48))
    made.load(_model((clock, market)))
    made.learn("hazard", lesson("hazard", 2))
    learner = HAZARD.from_document({})
    state = learner.initial(D)
    learner.learn(state, shelves.lesson_of(lesson("hazard", 2)))
    assert bits(made.states["hazard"]) == bits(state)
    assert made.versions == {"hazard": 6}


def _model(arrays: tuple[ModelArray, ...]) -> ModelLoaded:
    return ModelLoaded(
        "hazard", "m.npz", "f", feature_version=1, lessons=5, part=1, parts=1, arrays=arrays
    )
