"""A contest in a synthetic world as a picture.

Owns the drawing: learning curves, regret around the break, where the lots of the first contestant
went, and how its seeds differ. Needs matplotlib, so it is imported when a picture is wanted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from router.experiments.contest import Plays
from router.experiments.drawing import dress
from router.experiments.play import BLOCK
from router.experiments.standings import regret
from router.ports import FloatArray

CHAMPION = "#0b62a4"
OTHERS = "#9a9a9a"
NAMED = 5
"""Opponents that are drawn in a colour of their own: the best ones."""
COLOURS = ("#d1495b", "#edae49", "#66a182", "#8d6a9f", "#2e4057")

SMOOTHED = 100
"""Decisions over which curves are averaged."""


def draw(
    path: Path,
    plays: Mapping[str, Plays],
    arms: Sequence[str],
    breaks_at: int | None,
    title: str,
) -> None:
    """Write the picture.

    Raises:
        OSError: the file cannot be written.
        ValueError: the file's ending is none that can be written.
    """
    figure = Figure(figsize=(14.0, 8.6), dpi=110, layout=ConstrainedLayoutEngine(w_pad=0.1))
    FigureCanvasAgg(figure)
    grid = figure.subplots(2, 2)
    colours = _colours(plays)
    _curves(grid[0, 0], plays, colours, breaks_at)
    _around_the_break(grid[0, 1], plays, colours, breaks_at)
    _shares(grid[1, 0], plays, arms, breaks_at)
    _seeds(grid[1, 1], plays, colours)
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right upper", frameon=False, fontsize=9)
    figure.suptitle(title, x=0.01, ha="left", fontsize=14, fontweight="bold")
    figure.savefig(path)


def _colours(plays: Mapping[str, Plays]) -> dict[str, str]:
    champion, *others = plays
    ranked = sorted(others, key=lambda name: -_share(plays[name]))
    return {
        **dict.fromkeys(others, OTHERS),
        **dict(zip(ranked[:NAMED], COLOURS, strict=False)),
        champion: CHAMPION,
    }


def _share(plays: Plays) -> float:
    return float(plays.reward.sum() / plays.best.sum())


def _curves(
    axes: Axes, plays: Mapping[str, Plays], colours: Mapping[str, str], breaks_at: int | None
) -> None:
    dress(axes, "Learning curve", "decision", f"share of the oracle, {SMOOTHED} decisions")
    for name, each in plays.items():
        kept = _smooth(1.0 - regret(each))
        at = np.arange(len(kept)) * BLOCK + SMOOTHED
        axes.plot(at, kept, color=colours[name], label=name, lw=_width(colours[name]))
    _mark(axes, breaks_at)


def _around_the_break(
    axes: Axes, plays: Mapping[str, Plays], colours: Mapping[str, str], breaks_at: int | None
) -> None:
    if breaks_at is None:
        dress(axes, "Regret", "decision", "lost of the oracle's reward so far")
        for name, each in plays.items():
            lost = (each.best - each.reward).sum(axis=0).cumsum()
            so_far = lost / each.best.sum(axis=0).cumsum()
            decisions = np.arange(1, len(so_far) + 1) * BLOCK
            axes.plot(decisions, so_far, color=colours[name], lw=_width(colours[name]))
        axes.set_xscale("log")
        return
    dress(axes, "Regret after the break", "decisions since", "share of the oracle lost")
    at = breaks_at // BLOCK
    for name, each in plays.items():
        missed = _smooth(regret(each))[max(0, at - SMOOTHED // BLOCK) :]
        since = np.arange(len(missed)) * BLOCK - (SMOOTHED if at >= SMOOTHED // BLOCK else 0)
        axes.plot(since + SMOOTHED, missed, color=colours[name], lw=_width(colours[name]))
    axes.set_ylim(bottom=0.0)


def _shares(
    axes: Axes, plays: Mapping[str, Plays], arms: Sequence[str], breaks_at: int | None
) -> None:
    name, champion = next(iter(plays.items()))
    dress(axes, f"Where the lots of {name} went", "decision", "share of lots, mean of seeds")
    lots = champion.lots.sum(axis=0).astype(np.float64)
    share = np.array([_smooth(lots[:, k]) for k in range(len(arms))])
    share /= np.maximum(share.sum(axis=0), 1e-12)
    at = np.arange(share.shape[1]) * BLOCK + SMOOTHED
    axes.stackplot(at, share, labels=list(arms), alpha=0.85)
    axes.set_ylim(0.0, 1.0)
    axes.legend(fontsize=8, loc="lower right", framealpha=0.8)
    _mark(axes, breaks_at)


def _seeds(axes: Axes, plays: Mapping[str, Plays], colours: Mapping[str, str]) -> None:
    dress(axes, "Seeds", "share of the oracle over all decisions", "")
    ranked = sorted(plays, key=lambda name: _share(plays[name]))
    for row, name in enumerate(ranked):
        each = plays[name]
        found = each.reward.sum(axis=1) / each.best.sum(axis=1)
        axes.plot(found, np.full(len(found), row), "o", ms=3, alpha=0.35, color=colours[name])
        axes.plot(_share(each), row, "|", ms=14, mew=2.5, color=colours[name])
    axes.set_yticks(range(len(ranked)), ranked, fontsize=8)


def _mark(axes: Axes, breaks_at: int | None) -> None:
    if breaks_at is not None:
        axes.axvline(breaks_at, color="#4d4d4d", lw=1.0, ls=":")


def _width(colour: str) -> float:
    return {CHAMPION: 2.4, OTHERS: 0.8}.get(colour, 1.4)


def _smooth(values: FloatArray) -> FloatArray:
    """Means over `SMOOTHED` decisions, or over all if there are fewer."""
    width = min(SMOOTHED // BLOCK, len(values))
    return np.asarray(np.convolve(values, np.ones(width) / width, mode="valid"))
