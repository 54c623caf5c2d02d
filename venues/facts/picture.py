"""One picture of recorded days beside real ones: small multiples, a curve each.

Owns the drawing. The only file that needs matplotlib, so it is imported when a picture is wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from venues.facts.bands import RealCurve, Regime
from venues.facts.day import Scope
from venues.facts.measure import Curve, Measured
from venues.facts.series import Floats

SIMULATED = "#0b62a4"
REAL = "#4d4d4d"
BAND = "#d9d9d9"

COLUMNS = 4
SIZE_INCHES = (16.0, 8.4)
DPI = 110

MEMORY_LINEAR = 0.01
"""The axis of autocorrelations is linear around zero up to here, and logarithmic from here on."""

HOUR_S = 3600

SPREAD_SHOWN = 0.999
"""The axis of spreads ends where this share of the time has been seen."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One of the small multiples."""

    curve: str
    title: str
    x_label: str
    y_label: str
    shape: Callable[[Axes, Scope], None]
    """Scales, limits and reference lines."""
    steps: bool = False
    """Whether the curve jumps at its points."""


def draw(path: Path, days: Sequence[Measured], real: Regime, scope: Scope, title: str) -> None:
    """Write the picture.

    Raises:
        OSError: the file cannot be written.
    """
    figure = Figure(
        figsize=SIZE_INCHES, dpi=DPI, layout=ConstrainedLayoutEngine(w_pad=0.09, h_pad=0.08)
    )
    FigureCanvasAgg(figure)
    rows = -(-len(PANELS) // COLUMNS)
    grid = figure.subplots(rows, COLUMNS, squeeze=False)
    for axes, panel in zip(grid.flat, PANELS, strict=True):
        _draw_panel(axes, panel, days, real, scope)
    figure.suptitle(title, x=0.01, ha="left", fontsize=14, fontweight="bold")
    figure.legend(
        handles=[
            Line2D([], [], color=SIMULATED, lw=2.2, label="recorded, median"),
            Line2D([], [], color=SIMULATED, lw=0.8, alpha=0.45, label="each recording"),
            Line2D([], [], color=REAL, lw=1.4, ls="--", label=f"real, mean of {_days(real.days)}"),
            Patch(color=BAND, label="real, band"),
        ],
        loc="outside upper right",
        ncols=4,
        frameon=False,
        fontsize=11,
    )
    figure.supxlabel(f"real: {real.stock}", x=0.01, ha="left", fontsize=9.5, color=REAL)
    figure.savefig(path)


def _draw_panel(
    axes: Axes, panel: Panel, days: Sequence[Measured], real: Regime, scope: Scope
) -> None:
    style = "steps-post" if panel.steps else "default"
    axes.set_title(panel.title, loc="left", fontsize=11, fontweight="bold")
    axes.set_xlabel(panel.x_label, fontsize=9.5)
    axes.set_ylabel(panel.y_label, fontsize=9.5)
    axes.tick_params(labelsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, which="major", color="#eeeeee", lw=0.8)
    axes.set_axisbelow(True)
    shown = real.curves.get(panel.curve)
    if shown is not None:
        _draw_real(axes, panel, shown)
    curves = [day.curves[panel.curve] for day in days if panel.curve in day.curves]
    for curve in curves:
        axes.plot(curve.x, _numbers(curve.y), color=SIMULATED, lw=0.8, alpha=0.45, drawstyle=style)
    if curves:
        axes.plot(curves[0].x, _middle(curves), color=SIMULATED, lw=2.2, drawstyle=style)
    panel.shape(axes, scope)
    if not axes.lines:
        axes.text(0.5, 0.5, "not recorded", transform=axes.transAxes, ha="center", color=REAL)


def _draw_real(axes: Axes, panel: Panel, curve: RealCurve) -> None:
    axes.fill_between(
        curve.x,
        _numbers(curve.low),
        _numbers(curve.high),
        color=BAND,
        lw=0,
        step="post" if panel.steps else None,
    )
    style = "steps-post" if panel.steps else "default"
    axes.plot(curve.x, _numbers(curve.mean), color=REAL, lw=1.4, ls="--", drawstyle=style)


def _numbers(values: Sequence[float | None]) -> Floats:
    return np.array([np.nan if value is None else value for value in values], np.float64)


def _middle(curves: Sequence[Curve]) -> Floats:
    """The median at each point, of the recordings that have one."""
    values = np.stack([_numbers(curve.y) for curve in curves])
    known = np.isfinite(values).any(axis=0)
    middle = np.full(values.shape[1], np.nan)
    middle[known] = np.nanmedian(values[:, known], axis=0)
    return middle


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"


# --- what each panel looks like ------------------------------------------------------------------


def _logarithmic_x(axes: Axes) -> None:
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(base=10, subs=(1.0, 2.0, 5.0), numticks=30))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    low, high = axes.get_xlim()
    if high / low > 300.0:
        axes.xaxis.set_major_locator(LogLocator(base=10))


def _spread(axes: Axes, _: Scope) -> None:
    ends = [2.0]
    for line in axes.lines:
        x, y = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
        short = x[np.nan_to_num(y, nan=1.0) < SPREAD_SHOWN]
        ends.append(2.0 * float(short.max()) if len(short) else 2.0)
    axes.set_xlim(1.0, max(ends))
    axes.set_ylim(0.0, 1.03)
    _logarithmic_x(axes)


def _signature(axes: Axes, _: Scope) -> None:
    axes.axhline(1.0, color=REAL, lw=0.6)
    axes.set_ylim(bottom=0.0)
    _logarithmic_x(axes)


def _memory(axes: Axes, _: Scope) -> None:
    axes.set_yscale("symlog", linthresh=MEMORY_LINEAR, linscale=0.6)
    axes.set_ylim(-2.0 * MEMORY_LINEAR, 1.0)
    axes.set_yticks([-0.01, 0.0, 0.01, 0.1, 1.0])
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.axhline(0.0, color=REAL, lw=0.6)
    _logarithmic_x(axes)


def _imbalance(axes: Axes, _: Scope) -> None:
    axes.axhline(0.5, color=REAL, lw=0.6)
    axes.set_xlim(-1.0, 1.0)
    axes.set_xticks([-1.0, -0.5, 0.0, 0.5, 1.0])
    axes.set_ylim(0.0, 1.0)


def _response(axes: Axes, _: Scope) -> None:
    axes.axhline(0.0, color=REAL, lw=0.6)
    _logarithmic_x(axes)


def _fill(axes: Axes, _: Scope) -> None:
    axes.set_xlim(0.1, 60.0)
    axes.set_ylim(0.0, 1.0)
    _logarithmic_x(axes)


def _intraday(axes: Axes, scope: Scope) -> None:
    start, end = scope.sessions[0][0], scope.sessions[-1][1]
    every = HOUR_S if end - start <= 4 * HOUR_S else 2 * HOUR_S
    times = np.arange(-(-start // every) * every, end + 1, every)
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(bottom=0.0)
    axes.set_xticks((times - start) / (end - start))
    axes.set_xticklabels([f"{time // HOUR_S}:00" for time in times])


LATER = "mid in the order's direction, spreads"

PANELS = (
    Panel("spread", "Spread", "ticks", "share of time at most this wide", _spread, steps=True),
    Panel(
        "signature",
        "Signature plot",
        "sampling interval, s",
        "volatility / that at 300 s",
        _signature,
    ),
    Panel(
        "sign_memory", "Memory of order signs", "market orders later", "autocorrelation", _memory
    ),
    Panel(
        "imbalance",
        "Queue imbalance foretells the mid",
        "(bid - ask) / (bid + ask), shares at the touch",
        "P(next move of the mid is up)",
        _imbalance,
    ),
    Panel("response", "Response by orders", "market orders later", LATER, _response),
    Panel("impact", "Response in time", "seconds later", LATER, _response),
    Panel(
        "time_to_fill",
        "Time to fill at the touch",
        "seconds",
        "share filled",
        _fill,
    ),
    Panel("intraday", "Volume over the day", "time of day", "of an average half hour", _intraday),
)
