"""An experiment in whole markets as a picture.

Owns the drawing: what the first contestant saves against each other one, as parents go by and
altogether, and how the differences of single parents scatter. Needs matplotlib, so it is imported
when a picture is wanted.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from router.experiments.drawing import dress
from router.experiments.intervals import Interval
from router.experiments.markets import Costs, costs

HEIGHT, WIDTH = 3.6, 15.0
SHOWN = 95.0
"""Of the differences of single parents, so many percent are inside the picture."""


def draw(path: Path, found: Mapping[str, Mapping[str, Costs]], title: str) -> None:
    """Write the picture: a row for each market.

    Raises:
        OSError: the file cannot be written.
        ValueError: the file's ending is none that can be written.
    """
    figure = Figure(
        figsize=(WIDTH, HEIGHT * len(found) + 0.6), dpi=110, layout=ConstrainedLayoutEngine()
    )
    FigureCanvasAgg(figure)
    grid = figure.subplots(len(found), 3, squeeze=False)
    for row, (market, each) in zip(grid, found.items(), strict=True):
        _saved(row[0], market, each)
        _as_parents_go_by(row[1], each)
        _scatter(row[2], each)
    figure.suptitle(title, x=0.01, ha="left", fontsize=14, fontweight="bold")
    figure.savefig(path)


def _saved(axes: Axes, market: str, each: Mapping[str, Costs]) -> None:
    champion = next(iter(each))
    dress(axes, f"{market}: what {champion} saves", "bp of a parent, 95 % interval", "")
    rows = sorted(costs(each)[1:], key=lambda cost: -cost.whole.value)
    for at, cost in enumerate(rows):
        assert cost.saved is not None
        axes.plot([cost.saved.low, cost.saved.high], [at, at], color=_colour(cost.saved), lw=2)
        axes.plot(cost.saved.value, at, "o", color=_colour(cost.saved))
    axes.set_yticks(range(len(rows)), [cost.name for cost in rows], fontsize=8)
    axes.axvline(0.0, color="#4d4d4d", lw=1.0, ls=":")


def _colour(saved: Interval) -> str:
    """Of a clear gain, a clear loss, and neither."""
    if saved.low > 0.0:
        return "#0b62a4"
    return "#d1495b" if saved.high < 0.0 else "#777777"


def _as_parents_go_by(axes: Axes, each: Mapping[str, Costs]) -> None:
    (_, champion), *others = each.items()
    dress(axes, "As parents go by", "parent of a career", "saved so far, bp")
    for name, other in others:
        less = (other.shortfall_bp - champion.shortfall_bp) * champion.weight
        so_far = less.sum(axis=0).cumsum() / champion.weight.sum(axis=0).cumsum()
        axes.plot(np.arange(1, len(so_far) + 1), so_far, lw=1.2, label=f"against {name}")
    axes.legend(fontsize=8, frameon=False)
    axes.axhline(0.0, color="#4d4d4d", lw=1.0, ls=":")


def _scatter(axes: Axes, each: Mapping[str, Costs]) -> None:
    champion, *others = each.values()
    dress(axes, "Single parents", "saved, bp", "share of parents below")
    inside = 0.0
    for other in others:
        less = np.sort((other.shortfall_bp - champion.shortfall_bp).ravel())
        axes.plot(less, np.arange(1, len(less) + 1) / len(less), lw=1.2)
        inside = max(inside, float(np.percentile(np.abs(less), SHOWN)))
    axes.set_xlim(-max(inside, 0.1), max(inside, 0.1))
    axes.axvline(0.0, color="#4d4d4d", lw=1.0, ls=":")
