"""How every picture of an experiment looks.

Owns titles, labels and grids of a panel.
"""

from __future__ import annotations

from matplotlib.axes import Axes


def dress(axes: Axes, title: str, x_label: str, y_label: str) -> None:
    """Dress a panel."""
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold")
    axes.set_xlabel(x_label, fontsize=9.5)
    axes.set_ylabel(y_label, fontsize=9.5)
    axes.tick_params(labelsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, color="#eeeeee", lw=0.8)
    axes.set_axisbelow(True)
