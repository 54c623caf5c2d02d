"""One router's career: parent after parent, each in a market of its own seed, learning all along.

Owns what goes from one parent to the next: what was learned, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from router.core.shelf import LearnerShelf
from router.trials.pool import Task
from router.trials.trial import Row

SPACING = 10_000
"""Market seeds between one career and the next: the most parents that a career can have."""


@dataclass(frozen=True, slots=True)
class Career:
    """How each career is run."""

    task: Task
    parents: int
    learns: bool = True
    """False: every parent is worked by a router that knows nothing yet."""
    permuted: bool = False
    """Venues of a kind exchange their names from parent to parent."""

    def __call__(self, seed: int) -> list[Row]:
        """The rows of one career, in the order of its parents.

        Raises:
            TrialError: a parent could not be worked.
        """
        learned: LearnerShelf | None = None
        rows: list[Row] = []
        for number in range(self.parents):
            market_seed = seed * SPACING + number
            labels = market_seed if self.permuted else None
            trial, plans = replace(self.task, labels=labels).prepare()
            found, known = trial.worked(market_seed, plans(market_seed), learned)
            rows += found
            learned = known if self.learns else None
        return rows
