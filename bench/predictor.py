"""What a decision pays for the predictor, as it is served, with each form of model at its largest.

Run as `python -m bench.predictor [rounds]`. The floor is one numpy product of a vector with a
matrix, what the smallest of the models cannot do without. Nothing is trained here: a model's cost
is that of its shape, and the shapes are the largest that training makes. A decision has 200 us
(docs/predictor.md), of which CPU time is told: the clock measures a shared machine's others.
What every market event pays is told beside it, as the difference between a core that watches its
markets and one that does not.
"""

from __future__ import annotations

import json
import statistics
import sys
from functools import partial

import numpy as np

from bench.measure import Figures, Result, at_most, interleave, untargeted
from router.core import fold
from router.core.foresight import Foreseen, Foresight, foresee
from router.core.observed import FEATURES, WARM_NS
from router.core.predictor import CLASSES, Form, IsotonicMap, Layers, Model, Scaler, Trees
from router.core.shelf import LearnerShelf
from router.core.state import State
from router.messages import MarketDataEntry, MarketDataReceived
from router.model import NS, Instrument, Side
from router.ports import FloatArray
from router.predictor.file import Card, Predictor
from router.predictor.training import HIDDEN, MAP_BINS_MAX, TREE_DEPTH, TREES_MAX

HORIZON = "10s"
WIDTH, COLUMNS = len(FEATURES), len(CLASSES[HORIZON])
ROUNDS, CALLS = 15, 200
BUDGET_US = 200.0
QUOTES = 100
"""Quotes between two vectors are others' cost: this many are taken at once."""


def layers(rng: np.random.Generator, *widths: int) -> Layers:
    sizes = list(zip((WIDTH, *widths), (*widths, COLUMNS), strict=True))
    return Layers(
        tuple(rng.standard_normal(size) for size in sizes),
        tuple(rng.standard_normal(size[1]) for size in sizes),
    )


def trees(rng: np.random.Generator) -> Trees:
    """Full trees: node k leads to 2 k + 1 and 2 k + 2, the last half are leaves."""
    count, nodes = TREES_MAX * COLUMNS, 2 ** (TREE_DEPTH + 1) - 1
    node = np.arange(nodes)
    leaf = 2 * node + 1 >= nodes
    begin = np.arange(count)[:, None] * nodes
    return Trees(
        root=begin.ravel(),
        feature=rng.integers(0, WIDTH, count * nodes),
        threshold=rng.standard_normal(count * nodes),
        left=(begin + np.where(leaf, node, 2 * node + 1)).ravel(),
        right=(begin + np.where(leaf, node, 2 * node + 2)).ravel(),
        value=rng.standard_normal(count * nodes),
        baseline=np.zeros(COLUMNS),
        depth=TREE_DEPTH,
    )


def predictor(kind: str, form: Form) -> Predictor:
    steps = np.linspace(0.01, 0.99, MAP_BINS_MAX)
    model = Model(
        Scaler(np.zeros(WIDTH), np.ones(WIDTH)), form, (IsotonicMap(steps, steps),) * COLUMNS
    )
    card = Card(
        kind=kind, horizon=HORIZON, days=(), from_ns=0, until_ns=0, rows=0, move_spreads=1.0,
        latency_ns=0, seed=0, scikit_learn="",
    )  # fmt: skip
    return Predictor(card, model)


class Core:
    """The core's state in a market whose best quotes at three venues change every 10 ms."""

    def __init__(self, *, watches: bool) -> None:
        stock = Instrument("XYZ", tick=1, lot=100, adv=0, currency="", close_ns=57_600 * NS)
        watched = {"XYZ": stock} if watches else None
        shelf = LearnerShelf({}, dimensions=1)
        self.state = State({}, shelf, pause_ns=1, markout_ns=1, watched=watched)
        self.now = 34_200 * NS
        self.quotes()
        self.now += WARM_NS
        self.quotes()

    def quotes(self) -> None:
        for k in range(QUOTES):
            self.now += NS // 100
            bid = 5_000 + k % 2
            entries = (
                MarketDataEntry("0", "0", bid, 100 + k),
                MarketDataEntry("1", "0", bid + 2, 200 - k),
            )
            event = MarketDataReceived(f"LIT_{k % 3}", "XYZ", True, entries)
            fold.apply(self.state, self.now, event)

    def vector(self) -> FloatArray:
        vector = self.state.watch.vector("XYZ", self.now)
        assert vector is not None
        return vector

    def decide(self, foresight: Foresight) -> Foreseen:
        """What a decision asks."""
        view = self.state.market.view("XYZ", self.now, 0)
        return foresee(foresight, self.state.watch, "XYZ", Side.BUY, view, self.now)


def main(rounds: int = ROUNDS) -> Result:
    rng = np.random.Generator(np.random.Philox(key=1))
    core, blind = Core(watches=True), Core(watches=False)
    raw = core.vector()
    matrix = rng.standard_normal((WIDTH, COLUMNS))
    forms: dict[str, Form] = {
        "logistic": layers(rng),
        "network": layers(rng, *HIDDEN),
        "boosting": trees(rng),
    }
    served = {
        kind: predictor(kind, form).foresight(drift=True, feature=True)
        for kind, form in forms.items()
    }
    assert all(core.decide(each).drift_bp for each in served.values())
    figures = interleave(
        {
            "dot": lambda: raw @ matrix,
            "features": core.vector,
            "quotes_watched": core.quotes,
            "quotes": blind.quotes,
            **{f"decide_{kind}": partial(core.decide, each) for kind, each in served.items()},
        },
        rounds=rounds,
        loops=CALLS,
    )
    return {
        "bench": "predictor",
        "features": WIDTH,
        "classes": COLUMNS,
        "trees": TREES_MAX * COLUMNS,
        "quotes_a_call": QUOTES,
        "rounds": rounds,
        **figures.medians(),
        "budget_us": BUDGET_US,
        "ratios": {
            **{
                f"{kind}_to_dot": untargeted(figures.cpu_ratio(f"decide_{kind}", "dot"))
                for kind in served
            },
            **{
                f"{kind}_to_budget": at_most(cpu_us(figures, f"decide_{kind}") / BUDGET_US, 1.0)
                for kind in served
            },
        },
    }


def cpu_us(figures: Figures, name: str) -> float:
    return statistics.median(figures.cpu[name])


if __name__ == "__main__":
    print(json.dumps(main(*map(int, sys.argv[1:2])), indent=2))
