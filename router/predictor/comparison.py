"""The walk-forward comparison of all kinds of models, and the model that is kept.

Owns what is compared with what, and the choice. Every fold is predicted by the arrays that would
serve, not by what they were made from.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np

from router.core.predictor import Model
from router.predictor.folds import walk, whole_past
from router.predictor.samples import Samples
from router.predictor.scores import Estimate, Scores, draws_of, estimate, score, unbiased
from router.predictor.training import ALONE, KINDS, LINE_TO_BEAT, train


def taking_part(kinds: Collection[str]) -> list[str]:
    """These kinds and those that all are compared with."""
    return [kind for kind in KINDS if kind in (ALONE, LINE_TO_BEAT, *kinds)]


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of model in the walk-forward comparison."""

    kind: str
    auc: Estimate
    auc_gain: Estimate
    """Over the imbalance alone, in the same draws."""
    log_loss: Estimate
    log_loss_gain: Estimate
    """Below logistic regression's: above zero is better than the line to beat."""
    calibration: Estimate
    """Its interval without the noise that drawing again adds."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the walk came to."""

    rows: tuple[Row, ...]
    tested: int
    """Rows that were predicted, all folds together."""

    @property
    def best(self) -> str:
        """The kind with the least log-loss of those that beat logistic regression for certain.

        Certain is that the whole interval of the gain is above zero; if none does, it is
        logistic regression.
        """
        beating = [row for row in self.rows if row.log_loss_gain.low > 0.0]
        least = min(beating, key=lambda row: row.log_loss.value, default=None)
        return least.kind if least else LINE_TO_BEAT


def compare(
    samples: Samples, seed: int, kinds: Collection[str], done: Callable[[str], None]
) -> Comparison:
    """Walk forward with each of these kinds of models, keys of KINDS, in the order of KINDS.

    What all are compared with takes part whether it is named or not. `done` hears of each model
    that was fitted.

    Raises:
        TooFewRowsError: the recordings are too short.
    """
    folds = walk(samples)
    test = np.concatenate([fold.test for fold in folds])
    target, draws = samples.target[test], draws_of(samples.at[test], seed)
    scores: dict[str, Scores] = {}
    for kind in taking_part(kinds):
        told = []
        for fold in folds:
            model = train(kind, samples, fold.past, seed)
            told.append(model.predict(samples.features[fold.test]))
            done(kind)
        scores[kind] = score(np.concatenate(told), target, draws)
    rows = tuple(_row(kind, scores) for kind in scores)
    return Comparison(rows, len(test))


def train_last(kind: str, samples: Samples, seed: int) -> Model:
    """The model that is kept: of one kind, from all rows.

    Raises:
        TooFewRowsError: the recordings are too short.
    """
    return train(kind, samples, whole_past(samples), seed)


def _row(kind: str, scores: dict[str, Scores]) -> Row:
    mine, alone, line = scores[kind], scores[ALONE], scores[LINE_TO_BEAT]
    return Row(
        kind=kind,
        auc=estimate(mine.auc),
        auc_gain=estimate(mine.auc - alone.auc),
        log_loss=estimate(mine.log_loss),
        log_loss_gain=estimate(line.log_loss - mine.log_loss),
        calibration=estimate(unbiased(mine.calibration)),
    )
