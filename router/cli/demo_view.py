"""What the demo shows: a screen while it runs, a summary at the end. Not a command.

Owns layout and words. Everything shown comes from the OMS's reports and the daemon's status.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from router.cli.output import table
from router.fix.client import OrderView
from router.model import BP, NS, PX_SCALE

SHOWN_CHILDREN = 8


@dataclass(frozen=True, slots=True)
class Plan:
    """What the order set out with: the schedule, UTC nanoseconds, and the midpoint at the start."""

    start: int
    end: int
    arrival: float


def screen(view: OrderView, status: dict[str, Any], plan: Plan, now: int) -> RenderableType:
    """The parent, its children at work, fills by venue and the sessions, at one moment."""
    return Group(
        _parent(view, status, plan, now),
        Columns([_children(status), _fills(view, status), _sessions(status)], padding=(0, 1)),
    )


def _parent(view: OrderView, status: dict[str, Any], plan: Plan, now: int) -> RenderableType:
    done = view.cum_qty / max(1, view.order_qty)
    due = min(1.0, (now - plan.start) / max(1, plan.end - plan.start))
    mid = (status.get("mid") or {}).get(view.symbol)
    average = view.avg_px / PX_SCALE
    line = Text.assemble(
        (f"{view.side.name} {view.order_qty:,} {view.symbol}  ", "bold"),
        f"{view.order_id}  ",
        f"filled {view.cum_qty:,} ({done:.1%})  schedule {due:.1%}  ",
        f"market clock +{_clock(now - plan.start)}  ",
    )
    prices = f"average {average:.4f}   mid {mid:.4f}" if mid else f"average {average:.4f}"
    if plan.arrival and average:
        slip = BP * view.side.sign * (average - plan.arrival) / plan.arrival
        prices += f"   arrival {plan.arrival:.4f}   slippage {slip:+.1f} bp"
    children = status.get("children") or {}
    counts = (
        f"children {children.get('known', 0):,} sent, {children.get('live', 0)} at work, "
        f"{children.get('unknown', 0)} UNKNOWN   fills {len(view.fills):,}   "
        f"lessons {sum((status.get('lessons') or {}).values()):,}"
    )
    bar = ProgressBar(total=max(1, view.order_qty), completed=view.cum_qty, width=60)
    rows = Table.grid()
    for each in (line, bar, Text(prices), Text(counts)):
        rows.add_row(each)
    return Panel(rows, title="parent")


def _clock(ns: int) -> str:
    seconds = max(0, ns // NS)
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _children(status: dict[str, Any]) -> RenderableType:
    rows = Table("ClOrdID", "venue", "tactic", "shares", "done", title="children at work")
    for each in ((status.get("children") or {}).get("working") or [])[:SHOWN_CHILDREN]:
        rows.add_row(
            each["cl_ord_id"],
            each["mic"],
            each["tactic"],
            f"{each['qty']:,}",
            f"{each['cum_qty']:,}",
        )
    return rows


def _fills(view: OrderView, status: dict[str, Any]) -> RenderableType:
    rows = Table("venue", "fills", "shares", "share", title="fills by venue")
    by_venue: dict[str, list[int]] = {mic: [] for mic in status.get("venues") or {}}
    for fill in view.fills:
        by_venue.setdefault(fill.last_mkt, []).append(fill.last_qty)
    for mic, qtys in by_venue.items():
        part = sum(qtys) / max(1, view.cum_qty)
        rows.add_row(mic, f"{len(qtys):,}", f"{sum(qtys):,}", f"{part:.0%}")
    return rows


def _sessions(status: dict[str, Any]) -> RenderableType:
    rows = Table("session", "state", "in", "out", title="FIX sessions")
    for name, each in (status.get("sessions") or {}).items():
        if not name.endswith(".MD"):
            up = "logged on" if each["logged_on"] else "down"
            rows.add_row(name, up, f"{each['next_in']:,}", f"{each['next_out']:,}")
    return rows


def summary_text(result: dict[str, Any]) -> str:
    """The end of the run in words and two tables."""
    part = result["cum_qty"] / max(1, result["order_qty"])
    volume = result["market_volume"]
    own = result["cum_qty"] / volume if volume else 0.0
    head = (
        f"Bought {result['cum_qty']:,} of {result['order_qty']:,} shares ({part:.1%}) "
        f"at {result['avg_px']:.4f}, {result['learner']} learner, {result['wall_s']:.0f} s\n\n"
        f"  against arrival {result['arrival_px']:.4f}         {result['shortfall_bp']:+8.2f} bp"
        f"   of which fees {result['fees_bp']:+.2f} bp\n"
        f"  against interval VWAP {result['vwap_px']:.4f}   {result['vwap_slippage_bp']:+8.2f} bp"
        f"   own part of lit volume {own:.0%}: we move this benchmark ourselves\n"
        f"  {result['decisions']:,} decisions, {result['children']:,} children, "
        f"{result['fills']:,} fills, {result['rejects']} rejects, {result['lessons']:,} lessons\n"
        "  One order in one market: the stock's own move is in the shortfall, it proves nothing\n"
    )
    venues = table(
        ("venue", "children", "fills", "shares", "cost bp", "fees USD"),
        _rows(result["venues"], ("mic", "children", "fills", "qty", "cost_bp", "fees")),
    )
    learned = table(
        ("learned: arm", "lessons", "lots asked", "filled", "markout 5 s bp"),
        _rows(result["learned"], ("arm", "lessons", "asked_lots", "fill_ratio", "markout_bp")),
    )
    return f"{head}\n{venues}\n\n{learned}"


def _rows(items: Sequence[dict[str, Any]], keys: Sequence[str]) -> list[list[Any]]:
    return [[each[key] for key in keys] for each in items]
