"""What a contest came to, for a person. Not a command."""

from __future__ import annotations

from collections.abc import Sequence

from router.cli.output import columns
from router.experiments.intervals import Interval
from router.experiments.markets import FIRST, Cost
from router.experiments.standings import Standing


def standing_table(found: Sequence[Standing], name: str, seeds: range) -> str:
    """Best first, with phases, and how far each is behind the first contestant."""
    champion = found[0]
    has_break = champion.half_life is not None
    header = ["contestant", ">% of oracle", ">", *(f">{phase}" for phase in champion.phases)]
    header += [f">{champion.name} earns more", ">"]
    if has_break:
        header.append(">half-life")
    ranked = sorted(found, key=lambda each: -each.whole.value)
    rows = [_row(each, has_break=has_break) for each in ranked]
    return "\n".join(
        [
            f"{name}: {len(seeds)} seeds from {seeds.start} on, expected reward from the first "
            "decision on",
            "",
            *columns(header, rows),
            "",
            "Brackets: 95 % intervals, bootstrap over seeds; differences are paired, in points of "
            "the oracle's reward.",
        ]
    )


def cost_table(found: Sequence[Cost], market: str, seeds: range, parents: int) -> str:
    """Cheapest first, and what the first contestant saved."""
    champion = found[0].name
    header = [
        "contestant",
        ">shortfall bp",
        ">",
        f">first {FIRST}",
        f">{champion} saves",
        ">",
        f">first {FIRST}",
        ">",
    ]
    rows = []
    for each in sorted(found, key=lambda cost: cost.whole.value):
        row = [each.name, f"{each.whole.value:.2f}", _bp(each.whole), f"{each.first.value:.2f}"]
        if each.saved is None or each.saved_first is None:
            row += [""] * 4
        else:
            row += [f"{each.saved.value:+.2f}", _bp(each.saved)]
            row += [f"{each.saved_first.value:+.2f}", _bp(each.saved_first)]
        rows.append(row)
    told = f"{market}: {len(seeds)} careers of {parents} parents, seeds from {seeds.start} on"
    return "\n".join([told, "", *columns(header, rows), ""])


def _bp(interval: Interval) -> str:
    return f"[{interval.low:.2f}, {interval.high:.2f}]"


def _row(each: Standing, *, has_break: bool) -> list[str]:
    row = [each.name, f"{each.whole.value:.2%}", _range(each.whole)]
    row += [f"{phase.value:.1%}" for phase in each.phases.values()]
    row += ["", ""] if each.behind is None else [_points(each.behind.value), _range(each.behind)]
    if has_break and each.half_life is not None:
        row.append(
            f"{each.half_life.value:.0f} [{each.half_life.low:.0f}, {each.half_life.high:.0f}]"
        )
    return row


def _points(value: float) -> str:
    return f"{100.0 * value:+.2f}"


def _range(interval: Interval) -> str:
    return f"[{100.0 * interval.low:.2f}, {100.0 * interval.high:.2f}]"
