"""What the outside opponent is told: by hand, as it need not be installed."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from router.experiments.play import Outcome, settled
from router.experiments.vowpal import Vowpal, VowpalMissingError, is_installed, lines
from router.ports import Lesson, Markout, ScoreRequest

REQUEST = ScoreRequest(
    symbol="SYN",
    arms=("A/dark_mid", "B/lit_take"),
    features=np.array([[0.5, -1.0], [0.25, 2.0]]),
    cost_bp=np.array([0.5, 2.0]),
    displayed_lots=np.zeros(2),
    lots=4,
    urgency_bp=3.0,
    participation=1.0,
)


def outcome(filled: int, *markouts: float) -> Outcome:
    arm, x = "B/lit_take", REQUEST.features[1]
    marks = [Markout(arm, x, filled, h, markout, 0.0) for h, markout in enumerate(markouts)]
    return Outcome(Lesson("SYN", arm, x, 4, filled, 0, "observed", None), tuple(marks))


def test_each_arm_has_its_own_names_and_what_a_fill_is_known_to_be_worth() -> None:
    assert lines(REQUEST) == [
        "|A_dark_mid constant:1 worth:2.5 x0:0.5 x1:-1",
        "|B_lit_take constant:1 worth:1 x0:0.25 x1:2",
    ]


def test_what_fills_turned_out_to_be_worth() -> None:
    """3 lots at 3 - 2 - (-0.5) = 1.5 bp each."""
    assert settled(REQUEST, outcome(3, 7.0, 8.0, -0.5)) == pytest.approx(4.5)
    assert settled(REQUEST, outcome(0)) == 0.0


def test_without_the_package_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert not is_installed()
    with pytest.raises(VowpalMissingError, match="make opponents"):
        Vowpal(1)
