"""How `sluice why` lays out text: 100 columns, long lines below themselves.

Owns widths and wrapping. Not a command.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from router.cli.output import columns

WIDTH = 100

Rows = list[Sequence[str]]


def timeline(rows: Rows) -> list[str]:
    """Time, seq and what happened; what is long goes on below itself."""
    width = max((len(row[1]) for row in rows), default=3)
    left = " " * (12 + 2 + max(width, 3) + 2)
    lines = []
    for line in columns(["time        ", ">seq", "what"], rows):
        first, *rest = textwrap.wrap(
            line[len(left) :], WIDTH - 2 - len(left), break_on_hyphens=False
        ) or [""]
        lines.append(line[: len(left)] + first)
        lines.extend(left + "  " + more for more in rest)
    return lines


def wrapped(text: str) -> list[str]:
    """A sentence in lines."""
    return textwrap.wrap(text, WIDTH - 2, break_on_hyphens=False)


def facts(rows: Iterable[tuple[str, str]]) -> list[str]:
    """Names and what they are."""
    lines = []
    for name, text in rows:
        first, *rest = textwrap.wrap(text, WIDTH - 12, break_on_hyphens=False) or [""]
        lines.append(f"{name:<10}{first}")
        lines.extend(" " * 10 + more for more in rest)
    return lines
