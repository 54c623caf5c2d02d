"""What an urgency table says, for a person. Not a command."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from router.cli.output import columns
from router.patience.judging import Gain
from router.patience.making import INVENTORY, Made
from router.patience.steps import LEVELS, STEPS, Level, Steps
from router.ports import FloatArray


def pages(made: Made, steps: Steps, gain: Gain | None) -> Iterator[str]:
    """Shape, coverage, u by time left and what remains, and what that means."""
    known = np.isfinite(made.u_bp)
    shape = " x ".join(str(each) for each in made.buckets.shape if each > 1)
    covered = made.visits[known].sum() / made.visits.sum()
    yield f"{made.kind}: {shape} cells, {int(steps.path.max()) + 1} paths of {len(steps):,} steps"
    tried = np.bincount(steps.level, minlength=len(Level))
    yield "tried: " + ", ".join(f"{n} {name}" for name, n in zip(LEVELS, tried, strict=True))
    yield (
        f"answers: {int(known.sum()):,} of {known.size:,} cells, where {covered:.0%} of the steps "
        f"were; {int((made.visits > 0).sum()):,} cells were seen"
    )
    yield ""
    yield "u, bp a share, by time left (rows) and what remains, percent of ADV (columns)"
    yield from _grid(made)
    yield ""
    yield from _words(made)
    if gain is not None and made.kind != INVENTORY:
        yield (
            f"market state: {gain.percent:+.2f} % [{gain.low:.2f}, {gain.high:.2f}] less squared "
            "error of what is to come than time and inventory alone, on seeds left out"
        )
        if gain.low <= 0.0:
            yield "it has not earned its place"
    yield ""


def by_inventory(made: Made, values: FloatArray) -> FloatArray:
    """(T, R): the mean over the market's states, by visits; NaN where there is no answer."""
    flat, seen = (each.reshape(*each.shape[:2], -1) for each in (values, made.visits))
    weight = np.where(np.isfinite(flat), seen + 1e-9, 0.0)
    total = weight.sum(axis=2)
    summed = np.where(np.isfinite(flat), flat * weight, 0.0).sum(axis=2)
    mean: FloatArray = np.divide(summed, total, out=np.full_like(total, np.nan), where=total > 0)
    return mean


def _grid(made: Made) -> Iterator[str]:
    edges = [f"<{100 * each:.2g}" for each in made.buckets.remaining]
    header = ["left", *(f">{each}" for each in edges), ">more"]
    u = by_inventory(made, made.u_bp)
    rows = [
        [f"{100 - 100 * at // STEPS}-{100 - 100 * (at + 1) // STEPS} %", *map(_bp, row)]
        for at, row in enumerate(u.tolist())
    ]
    yield from columns(header, rows)


def _bp(value: float) -> str:
    return f"{value:.1f}" if np.isfinite(value) else "-"


def _words(made: Made) -> Iterator[str]:
    u = by_inventory(made, made.u_bp)
    half = STEPS // 2
    parts = (("first half", u[:half]), ("second half", u[half:-1]), ("last step", u[-1:]))
    for name, part in parts:
        if np.isfinite(part).any():
            low, mid, high = np.nanquantile(part, [0.25, 0.5, 0.75])
            yield f"{name}: a share done is worth {mid:.1f} bp (quartiles {low:.1f}, {high:.1f})"
    value = by_inventory(made, made.value_bp)[0]
    if np.isfinite(value).any():
        told = ", ".join(_bp(each) for each in value.tolist())
        yield f"at the beginning a share is expected to cost, bp, from little to much: {told}"
