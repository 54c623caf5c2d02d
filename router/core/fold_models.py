"""Folding model files: what a learner begins from is history too, with every bit of it.

Owns when a journaled model counts. Reads no file: the arrays are in the events.
"""

from __future__ import annotations

from router import messages as m
from router.core.features import FEATURE_VERSION
from router.core.state import State


def model_loaded(state: State, now: int, event: m.ModelLoaded) -> None:
    """The learner begins there. A model of other features, from an old journal, says nothing."""
    if event.feature_version == FEATURE_VERSION:
        state.shelf.load(event)


def model_refused(state: State, now: int, event: m.ModelRefused) -> None:
    """It holds for this life: the fallback scores for a learner that knows nothing."""
    state.shelf.refuse(event)
