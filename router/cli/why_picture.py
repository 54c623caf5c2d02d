"""A decision as a picture: curves with bands, values, what was given, and who lowered caps.

Owns the drawing. Needs matplotlib, so it is imported when a picture is wanted. Not a command.
"""

from __future__ import annotations

import textwrap
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from router.analysis.beliefs import Beliefs
from router.analysis.contrast import PROBES
from router.analysis.explain import Decision
from router.cli.why_again import Again
from router.cli.why_decision import BAND_NAME, offered, ranked
from router.cli.why_words import qty
from router.experiments.drawing import dress
from router.messages import CandidateRecord
from router.ports import FloatArray

OWN = "#0b62a4"
OTHER = "#66717c"
BARRED = "#c23b4b"
"""What a rule has taken away."""

LEGEND: dict[str, Any] = {"fontsize": 8, "framealpha": 0.85, "edgecolor": "#dddddd"}

CAP = "#dfe3e7"

ACROSS = 3
"""Curves in a row."""
BAR = 0.42
"""Height of a bar, of the distance of two."""
WORDS_MAX = 82
"""Characters below a bar."""
DOTS_MAX = 12
"""Curves of no more lots than this have a dot at each."""


class Picture:
    """One decision, drawn panel by panel; `own` is the arm that the question was about."""

    def __init__(self, decision: Decision, again: Again, own: str) -> None:
        self._decision = decision
        self._decide = decision.decide
        self._beliefs = again.beliefs
        self._no_band = again.no_band
        self._own = own
        self._ranked = ranked(decision.decide)

    def draw(self, path: Path, title: str, below: str) -> None:
        """Write the picture.

        Raises:
            OSError: the file cannot be written.
            ValueError: the file's ending is none that can be written.
        """
        down = max(2, ceil(len(self._ranked) / ACROSS))
        height = 2.2 + 2.6 * down
        figure = Figure(figsize=(15.5, height), dpi=110, layout=ConstrainedLayoutEngine(w_pad=0.08))
        FigureCanvasAgg(figure)
        figure.suptitle(f"{title}\n", x=0.008, ha="left", fontsize=14, fontweight="bold")
        figure.text(0.008, 1.0 - 0.34 / height, below, fontsize=10, va="top", color=OTHER)
        [(left, right)] = figure.subfigures(1, 2, width_ratios=(1.7, 1.0), squeeze=False)
        panels = left.subplots(down, ACROSS, sharex=True, sharey=True).ravel()
        for panel, (i, each) in zip(panels, self._ranked, strict=False):
            self._curve(panel, i, each)
        for number, panel in enumerate(panels):
            if number >= len(self._ranked):
                panel.set_axis_off()
            if number + ACROSS >= len(self._ranked):  # nobody is below: the axis needs its numbers
                panel.tick_params(labelbottom=True)
                panel.set_xlabel("shares", fontsize=9.5)
        left.supylabel("P(at least so many are filled)", fontsize=10)
        left.legend(handles=self._legend(), loc="outside lower center", **LEGEND, ncols=5)
        values, shares = right.subplots(2, 1)
        self._values(values)
        self._shares(shares)
        for panel in (values, shares):
            panel.get_legend().set_bbox_to_anchor((0.4, -1.2 / height))
        figure.savefig(path)

    def _colour(self, arm: str) -> str:
        return OWN if arm == self._own else OTHER

    # -- curves ----------------------------------------------------------------------------------

    def _curve(self, axes: Axes, i: int, each: CandidateRecord) -> None:
        """One fill curve: mean, band, drawn; below the drawn one, what was given."""
        colour, lot = self._colour(each.arm), self._decide.lot
        dress(axes, f"{each.arm}   {qty(each.qty)} given", "", "")
        axes.title.set_color(colour)
        lots, drawn, mean = _points(self._beliefs, i, each)
        at = lots * lot
        mark = "o" if len(at) <= DOTS_MAX else ""
        if self._beliefs is not None and self._beliefs.tail_band is not None:
            band = self._beliefs.tail_band
            axes.fill_between(at, band.low[i], band.high[i], color=colour, alpha=0.16, lw=0)
        axes.plot(at, mean, color=colour, lw=1.8, marker=mark, ms=3)
        axes.plot(at, drawn, color=colour, lw=1.1, ls="--", marker=mark, ms=2)
        if each.qty:
            given = np.concatenate([[0.0], at[at < each.qty], [each.qty]])
            heights = np.interp(given, at, drawn)
            axes.fill_between(given, 0.0, heights, color=colour, alpha=0.38, lw=0)
        top = ceil(self._decide.due_qty / lot) * lot
        if each.cap < top:
            axes.axvspan(each.cap, top, color=BARRED, alpha=0.09, lw=0)
            axes.axvline(each.cap, color=BARRED, lw=1.2, ls=":")
        axes.set_xlim(0, top * 1.02)
        axes.set_ylim(0.0, 1.03)
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: qty(round(x))))

    def _legend(self) -> list[Artist]:
        """What lines and areas mean."""
        found: list[Artist] = [
            Line2D([], [], color=OTHER, lw=1.8, label="at the posterior mean"),
            Line2D([], [], color=OTHER, lw=1.1, ls="--", label="as drawn"),
            Patch(color=OTHER, alpha=0.5, lw=0, label="given"),
            Patch(color=BARRED, alpha=0.12, lw=0, label="above the cap"),
        ]
        if not self._no_band:
            found.insert(1, Patch(color=OTHER, alpha=0.16, lw=0, label=f"{BAND_NAME} band"))
        return found

    # -- values and shares -----------------------------------------------------------------------

    def _values(self, axes: Axes) -> None:
        """What a filled share was worth, and what the next lot there would have been."""
        dress(axes, "Value of a filled share", "bp of the mid", "")
        beliefs = self._beliefs
        for row, (i, each) in enumerate(self._ranked):
            colour = self._colour(each.arm)
            if beliefs is not None and beliefs.value_band is not None:
                ends = (beliefs.value_band.low[i], beliefs.value_band.high[i])
                axes.plot(ends, (row, row), color=colour, alpha=0.3, lw=7, solid_capstyle="butt")
                axes.plot(beliefs.mean_values[i], row, "|", color=colour, ms=13, mew=2.2)
            axes.plot(each.value_bp, row, "o", color=colour, ms=5)
            axes.plot(each.marginal_bp, row, "x", color=colour, ms=5)
        axes.axvline(0.0, color="#bbbbbb", lw=0.9)
        axes.plot([], [], "o", color=OTHER, ms=5, label="as drawn")
        if not self._no_band:
            axes.plot([], [], "|", color=OTHER, ms=11, mew=2.2, label="posterior mean")
            axes.plot([], [], color=OTHER, alpha=0.3, lw=7, label=f"{BAND_NAME} band")
        axes.plot([], [], "x", color=OTHER, ms=5, label="next lot: value times P(fill)")
        axes.legend(loc="upper center", ncols=4, **LEGEND)
        self._name_rows(axes)

    def _shares(self, axes: Axes) -> None:
        """Sent, of what was given, within the cap, within what was offered; and who took what."""
        dress(axes, "Given, and who took what away", "shares", "")
        sent = {f"{each.mic}/{each.tactic.value}": each.qty for each in self._decision.sent}
        for row, (_, each) in enumerate(self._ranked):
            before = offered(each, self._beliefs)
            if before is not None and before > each.cap:
                taken = before - each.cap
                axes.barh(row, taken, BAR, left=each.cap, color=BARRED, alpha=0.16)
            axes.barh(row, each.cap, BAR, color=CAP)
            colour = self._colour(each.arm)
            axes.barh(row, each.qty, BAR, facecolor="none", edgecolor=colour, hatch="////", lw=0.9)
            axes.barh(row, sent.get(each.arm, 0), BAR, color=colour)
            words = _taken(self._decision, each, before)
            below = (0.0, row + BAR / 2)
            axes.annotate(
                words,
                below,
                (2, -2),
                textcoords="offset points",
                va="top",
                fontsize=7.5,
                color=BARRED,
            )
        axes.set_xlim(left=0)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: qty(round(x))))
        handles = [
            Patch(color=OTHER, label="sent"),
            Patch(facecolor="none", edgecolor=OTHER, hatch="////", label="given, not sent"),
            Patch(color=CAP, label="cap"),
            Patch(color=BARRED, alpha=0.16, lw=0, label="taken by rules"),
        ]
        axes.legend(handles=handles, loc="upper center", ncols=4, **LEGEND)
        self._name_rows(axes)

    def _name_rows(self, axes: Axes) -> None:
        names = [each.arm for _, each in self._ranked]
        axes.set_yticks(range(len(names)), names, fontsize=8.5)
        for label, name in zip(axes.get_yticklabels(), names, strict=True):
            label.set_color(self._colour(name))
        axes.set_ylim(len(names) - 0.4, -0.6)


def _points(
    beliefs: Beliefs | None, i: int, each: CandidateRecord
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Lots, and the curve as drawn and at the mean: all of it, or where the record has it."""
    if beliefs is None:
        lots = np.array(PROBES[: len(each.tail)], dtype=np.float64)
        return lots, np.array(each.tail), np.array(each.tail_mean)
    lots = np.arange(1.0, beliefs.tails.shape[1] + 1.0)
    return lots, beliefs.tails[i], beliefs.mean_tails[i]


def _taken(decision: Decision, each: CandidateRecord, before: int | None) -> str:
    """Every step by which a cap was lowered, and what became of what was given and not sent."""
    words = []
    if each.caps:
        start = "all" if before is None else qty(before)
        words = [
            " ".join([start, *(f"\N{RIGHTWARDS ARROW} {qty(n.cap)} {n.by}" for n in each.caps)])
        ]
    if each.qty and each.arm not in {f"{c.mic}/{c.tactic.value}" for c in decision.sent}:
        mic = each.arm.partition("/")[0]
        words += [f"refused by {b.limit}" for b in decision.breaches if b.mic == mic]
        words += ["a quote is asked for" for ask in decision.asked if ask.mic == mic]
    return textwrap.shorten("; ".join(words), WORDS_MAX, placeholder=" ...")
