"""What a share is worth done now: u(x) by a policy's urgency table, within the policy's band.

Owns the band, and what holds where the table has no answer or no say. Must not know how a table is
made.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite

import numpy as np

from router.core.sending import Scene
from router.core.urgency_table import MARKET_COLUMNS, Cell, UrgencyTable, trajectory
from router.messages import UrgencyNote
from router.ports import FloatArray, Urgency

Fixed = Callable[[float], float]
"""u(x) of an algo's urgency, 0 to 1, without a table."""


def urge(
    band: Urgency | None,
    table: UrgencyTable | None,
    now: int,
    scene: Scene,
    context: FloatArray,
    fixed: Fixed,
) -> tuple[float, UrgencyNote | None]:
    """u(x) in bp, and where it comes from if not from the algo's urgency alone.

    `context` is the (K, D) matrix of the decision. An algo that must trade (urgency 1) is not
    asked for patience: it completes. A parent without an end or an instrument without an ADV has no
    place in the table.
    """
    urgency = scene.due.urgency
    if band is None or table is None:
        return fixed(urgency), None
    span = scene.view.end_time - scene.view.start_time
    if urgency >= 1.0 or span <= 0 or scene.instrument.adv <= 0:
        why = "must trade" if urgency >= 1.0 else "no place in the table"
        return fixed(urgency), _note(band, table, (), why, None)
    left = (scene.view.end_time - now) / span
    leaves = scene.view.leaves_qty
    row = context[0] if len(context) else np.zeros(context.shape[1])
    cell = table.cell(left, leaves / scene.instrument.adv, row[MARKET_COLUMNS])
    learned, why = float(table.u_bp[cell]), "table"
    if not isfinite(learned):
        behind = leaves / max(1, scene.view.order_qty) - trajectory(left, table.kappa)
        # A whole bucket of time behind the schedule means 1, as with TWAP a whole slice does.
        learned, why = fixed(min(1.0, max(0.0, behind * table.u_bp.shape[0]))), "schedule"
    bounded = min(band.at_most_bp, max(band.at_least_bp, learned))
    return bounded, _note(band, table, cell, why, learned)


def within(note: UrgencyNote | None, urgency_bp: float) -> float:
    """The same u(x), kept in the band of the policy if a table had its say."""
    if note is None or note.learned_bp is None:
        return urgency_bp
    return min(note.at_most_bp, max(note.at_least_bp, urgency_bp))


def _note(
    band: Urgency, table: UrgencyTable, cell: Cell, by: str, learned: float | None
) -> UrgencyNote:
    return UrgencyNote(
        table=f"{table.name}@{table.digest[:12]}",
        by=by,
        cell=cell,
        learned_bp=learned,
        at_least_bp=band.at_least_bp,
        at_most_bp=band.at_most_bp,
    )
