"""An outside opponent: Vowpal Wabbit's SquareCB (Foster & Rakhlin 2020), one arm a decision.

Owns how decisions and lessons are told to it. The package is no dependency of ours (`make
opponents`), and no daemon loads it.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Sequence

import numpy as np

from config.documents import DocumentError
from router.core.chance import chance
from router.experiments.play import Outcome, settled
from router.experiments.world import IntArray, Moment
from router.ports import FloatArray, ScoreRequest

LEARNER = "vowpal"
"""What contestants name it by."""

OPTIONS = "--cb_explore_adf --squarecb --quiet"


MISSING = "Vowpal Wabbit is not installed (make opponents)"


class VowpalMissingError(DocumentError):
    """It was asked for and is not installed."""

    def __init__(self) -> None:
        super().__init__([f"{MISSING}: leave it out by --only"])


def is_installed() -> bool:
    """Whether it can play."""
    return importlib.util.find_spec("vowpalwabbit") is not None


class Vowpal:
    """All lots go to the arm that it draws; what it is told is the reward of a lot.

    It sees what every learner sees: each arm has a namespace of its own with the features, and with
    what a fill is known to be worth before its markout.
    """

    def __init__(self, seed: int, *, gamma_scale: float = 10.0) -> None:
        """`gamma_scale`: how soon it is greedy.

        Raises:
            VowpalMissingError: the package is not there.
        """
        if not is_installed():
            raise VowpalMissingError
        options = f"{OPTIONS} --gamma_scale {gamma_scale:g} --random_seed {seed}"
        self._workspace = importlib.import_module("vowpalwabbit").Workspace(options)
        self._seed = seed
        self._asked: list[str] = []
        self._drawn, self._probability = 0, 1.0

    def decide(self, at: int, moment: Moment) -> IntArray:
        """Every lot to one arm, or to none if all fills are known to be worth nothing."""
        request = moment.request
        lots = np.zeros(len(request.arms), dtype=np.int64)
        self._asked = lines(request)
        law = np.array(self._workspace.predict("\n".join(self._asked)))
        self._drawn = int(
            np.searchsorted(np.cumsum(law / law.sum()), chance(self._seed, at).random())
        )
        self._probability = float(law[self._drawn])
        lots[self._drawn] = request.lots
        return lots

    def observe(self, request: ScoreRequest, outcomes: Sequence[Outcome]) -> None:
        """The reward of the drawn arm: what fills were worth, over all lots."""
        [outcome] = outcomes
        reward = settled(request, outcome) / request.lots
        told = list(self._asked)
        told[self._drawn] = f"0:{-reward:.6g}:{self._probability:.6g} {told[self._drawn]}"
        self._workspace.learn("\n".join(told))


def lines(request: ScoreRequest) -> list[str]:
    """A line for each arm."""
    worth: FloatArray = request.urgency_bp - request.cost_bp
    return [
        f"|{arm.replace('/', '_')} constant:1 worth:{worth[k]:.6g} "
        + " ".join(f"x{d}:{value:.6g}" for d, value in enumerate(request.features[k]))
        for k, arm in enumerate(request.arms)
    ]
