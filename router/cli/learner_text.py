"""Ledgers of exploring as a table and as JSON. Not a command."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from router.cli.output import columns, indented
from router.cli.why_words import on_day, qty
from router.core.ledger import DAY_NS
from router.core.scoring import HeldBack
from router.core.state import State

FALLBACKS = (
    HeldBack.NOT_FINITE,
    HeldBack.STALE_FEATURES,
    HeldBack.NO_MARKET,
    HeldBack.MODEL_REFUSED,
)
"""Words of decisions that the fallback has made."""

HEADER = [
    *("account", "day", ">decisions", ">notional", ">explored", ">spent bp", ">budget bp"),
    *(">over budget", ">gate", ">fallback", "why not its own proposal"),
]


def ledgers_text(state: State) -> Iterator[str]:
    """A line for each account and day, and one for each freeze."""
    rows = []
    for (account, day), found in state.ledgers.items():
        held = found.held_back
        fallbacks = sum(held.get(each.value, 0) for each in FALLBACKS)
        rows.append(
            [
                account or "(none)",
                on_day(day * DAY_NS),
                qty(found.decisions),
                f"{found.notional:,.0f}",
                qty(found.explored),
                f"{found.spent_bp:.4f}",
                "-" if found.budget_bp is None else f"{found.budget_bp:g}",
                qty(held.get(HeldBack.BUDGET_SPENT.value, 0)),
                qty(held.get(HeldBack.GATE.value, 0)),
                qty(fallbacks),
                ", ".join(f"{word} {qty(count)}" for word, count in held.items()) or "-",
            ]
        )
    yield "Explored (notional of what was due in the currency; spent and budget in bp of it)"
    yield from indented(columns(HEADER, rows) if rows else ["no decision yet"])
    yield ""
    for each in state.freezes.values():
        yield f"frozen: {each.learner or 'every learner'}, by {each.who}: {each.reason}"
    if not state.freezes:
        yield "no learner is frozen"


def ledgers_data(state: State) -> dict[str, object]:
    """The same for a script."""
    return {
        "ledgers": [
            {
                "account": account,
                "day": on_day(day * DAY_NS),
                **msgspec.to_builtins(found),
                "spent_bp": found.spent_bp,
            }
            for (account, day), found in state.ledgers.items()
        ],
        "frozen": [
            {"learner": each.learner, "who": each.who, "reason": each.reason}
            for each in state.freezes.values()
        ],
    }
