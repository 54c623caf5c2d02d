"""What trials came to, for a person. Not a command."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from router.cli.output import columns
from router.trials.trial import Row
from venues.market_file import MarketSpec

Z95 = 1.96


def summary(rows: Sequence[Row], spec: MarketSpec, wall_s: float) -> str:
    """Costs by size with intervals, where the shares went, and how long it took."""
    header = (
        ">size",
        ">parents",
        ">shortfall bp",
        ">fees",
        ">unfilled",
        ">law",
        ">markout",
        ">filled",
    )
    sizes = sorted({row.qty_adv for row in rows})
    groups = [[row for row in rows if row.qty_adv == size] for size in sizes]
    table = [
        _group(f"{size:.2%} ADV", group, spec) for size, group in zip(sizes, groups, strict=True)
    ]
    if len(groups) > 1:
        table.append(_group("all", rows, spec))
    lines = [
        f"{len(rows)} parents in {spec.id} ({spec.hash[:12]}), {rows[0].algo}, {rows[0].learner}",
        "",
        *columns(header, table),
        "",
        f"shares by venue: {_venues(rows)}",
        f"decisions: {_decisions(rows)}",
        f"{wall_s:.1f} s, {wall_s / len(rows):.2f} s a parent",
        "A cost in one market is no claim: compare two routers over the same seeds.",
    ]
    return "\n".join(lines)


def _group(name: str, rows: Sequence[Row], spec: MarketSpec) -> list[str]:
    costs = [row.shortfall_bp for row in rows]
    law = [
        2 / 3 * spec.impact.kernel.Y * spec.stock.sigma_day_bp * math.sqrt(row.qty_adv)
        for row in rows
    ]
    marks = [row.markout_bp for row in rows if row.markout_bp is not None]
    filled = sum(row.cum_qty for row in rows) / sum(row.order_qty for row in rows)
    return [
        name,
        f"{len(rows)}",
        interval(costs),
        f"{mean([row.fees_bp for row in rows]):.2f}",
        f"{mean([row.unfilled_bp for row in rows]):.2f}",
        f"{mean(law):.2f}",
        f"{mean(marks):.2f}" if marks else "-",
        f"{filled:.1%}",
    ]


def interval(values: Sequence[float]) -> str:
    """Mean and the half width of its 95 % interval; the mean alone if there is but one value."""
    if len(values) < 2:
        return f"{mean(values):.2f}"
    centre = mean(values)
    variance = sum((each - centre) ** 2 for each in values) / (len(values) - 1)
    return f"{centre:.2f} ± {Z95 * math.sqrt(variance / len(values)):.2f}"


def mean(values: Sequence[float]) -> float:
    """The arithmetic mean."""
    return math.fsum(values) / len(values)


def _decisions(rows: Sequence[Row]) -> str:
    """How many, how many of them explored, and why the others could not."""
    total = sum(row.decisions for row in rows)
    if not total:
        return "none"
    held: Counter[str] = Counter()
    for row in rows:
        held.update(row.held_back)
    spent = sum(row.exploring_bp * row.order_qty * row.arrival_px for row in rows)
    spent /= sum(row.order_qty * row.arrival_px for row in rows)
    parts = [f"{total}", f"explored {sum(row.explored for row in rows) / total:.1%}"]
    parts += [f"{each} {count / total:.1%}" for each, count in held.most_common()]
    return f"{', '.join(parts)}; exploring cost {spent:.3f} bp of what was decided"


def _venues(rows: Sequence[Row]) -> str:
    shares: Counter[str] = Counter()
    for row in rows:
        shares.update(row.shares_by_venue)
    total = sum(shares.values())
    if not total:
        return "none"
    return ", ".join(f"{mic} {qty / total:.0%}" for mic, qty in shares.most_common())
