"""What a learner believed of its candidates: fill curves and values, each with a 90 % band.

Owns the band: quantiles of draws from the learner's posterior at the moment of the decision. Knows
no learner by name; one that has a parameter `kappa`, the scale of its draw, has a posterior.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from router.analysis.overheard import Question
from router.core.chance import chance
from router.core.exploring import meant
from router.ports import FloatArray, Learner, Scores

DRAWS = 200
"""Of the posterior. The ends of the band are then the 10th draw from either side, or so."""

BAND = 0.9
"""How much of the posterior lies within the band."""

KAPPA = "kappa"
"""The parameter that scales a learner's draw: 0 is the posterior mean, 1 is the posterior."""


@dataclass(frozen=True, slots=True)
class Band:
    """Two ends, of the same shape as what they are the ends of."""

    low: FloatArray
    high: FloatArray


@dataclass(frozen=True, slots=True)
class Beliefs:
    """What was believed of K candidates for 1..L lots."""

    learner: str
    arms: tuple[str, ...]
    tails: FloatArray
    """(K, L): P(fill of at least j lots), as the decision went by: drawn, or the mean."""
    mean_tails: FloatArray
    """(K, L): the same at the posterior mean."""
    values: FloatArray
    """(K,): value of a filled share, bp of the mid, as the decision went by."""
    mean_values: FloatArray
    """(K,): the same at the posterior mean."""
    tail_band: Band | None
    """(K, L) each; None if the learner has no posterior to draw from."""
    value_band: Band | None
    """(K,) each."""
    free_qty: int
    """Shares of the parent that no child had: what a candidate may offer at most."""


def believed(question: Question, *, seed: int, seq: int, explored: bool = True) -> Beliefs:
    """The beliefs behind a decision. One that has not explored has gone by the mean.

    `seed` and `seq` are the decision's own, hence so are the draws: the same question has the same
    band. The draws have `kappa` 1, whatever the learner explored with.
    """
    mean = meant(question.scores)
    scores = question.scores if explored else mean
    tail_band = value_band = None
    if KAPPA in type(question.learner).model_fields:
        draws = _score(question, _scaled(question.learner, 1.0), seed, seq, DRAWS)
        tail_band = _band(np.array([each.tails for each in draws]))
        value_band = _band(np.array([each.values for each in draws]))
    return Beliefs(
        learner=question.key,
        arms=question.request.arms,
        tails=scores.tails,
        mean_tails=scores.mean_tails,
        values=scores.values,
        mean_values=mean.values,
        tail_band=tail_band,
        value_band=value_band,
        free_qty=question.free_qty,
    )


def _scaled(learner: Learner, kappa: float) -> Learner:
    """The same learner with another scale of its draw."""
    return type(learner).from_document({**learner.model_dump(mode="json"), KAPPA: kappa})


def _score(question: Question, learner: Learner, seed: int, seq: int, count: int) -> list[Scores]:
    """So many answers, one stream of chance through all of them."""
    rng = chance(seed, seq)
    return [learner.score(question.state, question.request, rng) for _ in range(count)]


def _band(draws: FloatArray) -> Band:
    """The middle `BAND` of draws along the first axis."""
    edge = (1.0 - BAND) / 2.0
    low, high = np.quantile(draws, (edge, 1.0 - edge), axis=0)
    return Band(np.asarray(low), np.asarray(high))
