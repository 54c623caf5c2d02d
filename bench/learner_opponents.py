"""What `bench.learner` compares with: Vowpal Wabbit's SquareCB, river's LinUCB, and a bare one.

Owns how each is asked and taught, from the same numbers and in the cheapest way that its public
interface has. The two libraries are imported only if they are there (`make opponents`).
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Sequence
from importlib.metadata import version

import numpy as np

from router.ports import FloatArray

Subjects = dict[str, Callable[[int], object]]


def measured(package: str) -> str:
    """The version that is measured, or that none is and how to get it."""
    if importlib.util.find_spec(package) is None:
        return "not measured: not installed (make opponents)"
    return version(package)


def vowpal(
    features: Sequence[FloatArray], rewards: Sequence[float], taught: Sequence[int]
) -> Subjects:
    """SquareCB (Foster & Rakhlin 2020) on (K, D) features; lesson i is of the arm taught[i].

    `decide` goes from numbers to the arms' probabilities by way of text: building examples from
    hashed features costs more. `update` has the text, as it was made for the decision. `predict`
    has parsed examples: what is left is the library's own work.
    """
    workspace = importlib.import_module("vowpalwabbit").Workspace(
        "--cb_explore_adf --squarecb --quiet"
    )
    count, dimensions = features[0].shape
    numbers = " ".join(f"{d}:%.6g" for d in range(dimensions))
    form = "\n".join(f"|{k} c:1 {numbers}" for k in range(count))

    def text(x: FloatArray) -> str:
        return form % tuple(x.ravel().tolist())

    lessons = []
    for i, x in enumerate(features):
        lines = text(x).split("\n")
        lines[taught[i]] = f"0:{-rewards[i]:.6g}:{1 / count:.6g} {lines[taught[i]]}"
        lessons.append("\n".join(lines))
        workspace.learn(lessons[i])
    parsed = [workspace.parse(text(x)) for x in features]
    chances = workspace.predict(text(features[0]))
    assert len(chances) == count
    assert abs(sum(chances) - 1.0) < 1e-4
    return {
        "vowpal_decide": lambda i: workspace.predict(text(features[i])),
        "vowpal_predict": lambda i: workspace.predict(parsed[i]),
        "vowpal_update": lambda i: workspace.learn(lessons[i]),
    }


def river(
    features: Sequence[FloatArray], rewards: Sequence[float], taught: Sequence[int], gamma: float
) -> Subjects:
    """LinUCBDisjoint on one context for all arms, which is all that it takes: a row of features.

    `decide` makes the mapping that it wants from the row; `update` has it. As it comes it never
    forgets; `update_forgetting` does, and inverts a matrix for it.
    """
    bandit = importlib.import_module("river.bandit")
    policy = bandit.LinUCBDisjoint(seed=1)
    forgetting = bandit.LinUCBDisjoint(smoothing=gamma, seed=1)
    arms = list(range(len(features[0])))
    contexts = [dict(enumerate(x[0].tolist())) for x in features]
    for each in (policy, forgetting):
        for i, context in enumerate(contexts):
            each.update(taught[i], context, rewards[i])
    assert policy.pull(arms, contexts[0]) in arms
    return {
        "river_decide": lambda i: policy.pull(arms, dict(enumerate(features[i][0].tolist()))),
        "river_update": lambda i: policy.update(taught[i], contexts[i], rewards[i]),
        "river_update_forgetting": lambda i: forgetting.update(taught[i], contexts[i], rewards[i]),
    }


def bare(
    features: Sequence[FloatArray], rewards: Sequence[float], taught: Sequence[int]
) -> Subjects:
    """Disjoint LinUCB (Li et al. 2010) in as few numpy calls as it takes: the floor.

    One context for all arms, no forgetting, no check of anything, no tails, no split.
    """
    count, dimensions = features[0].shape
    inverse = np.tile(np.eye(dimensions), (count, 1, 1))
    sums, theta = np.zeros((count, dimensions)), np.zeros((count, dimensions))

    def decide(i: int) -> int:
        x = features[i][0]
        return int(np.argmax(theta @ x + np.sqrt((inverse @ x) @ x)))

    def update(i: int) -> None:
        x, arm = features[i][0], taught[i]
        gain = inverse[arm] @ x
        inverse[arm] -= np.outer(gain, gain / (1.0 + gain @ x))
        sums[arm] += rewards[i] * x
        theta[arm] = inverse[arm] @ sums[arm]

    return {"bare_decide": decide, "bare_update": update}
