"""What a command prints: data to stdout, words to stderr.

Owns the two streams and the shape of tables and JSON. Knows nothing of what is shown.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import typer

OUTPUT_VERSION = 1
"""Raised when a key of any `--json` output changes its meaning or goes."""


def show(text: str) -> None:
    """A line or lines of data. What the command line said in bytes that are no text is shown as
    `?`: to show it comes after the deed, and may not fail.
    """
    typer.echo(text.encode("utf-8", "replace").decode())


def say(text: str) -> None:
    """A line or lines for the person at the terminal."""
    typer.echo(text, err=True)


def show_json(values: dict[str, object]) -> None:
    """One JSON object on one line, with the version of its keys."""
    typer.echo(json.dumps({"version": OUTPUT_VERSION, **values}, default=str))


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Aligned columns, numbers to the right; `header` names the units."""
    texts = [list(header), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[column]) for row in texts) for column in range(len(header))]
    right = [
        bool(rows) and all(isinstance(row[column], int | float) for row in rows)
        for column in range(len(header))
    ]
    return "\n".join(
        "  ".join(
            text.rjust(width) if to_right else text.ljust(width)
            for text, width, to_right in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in texts
    )


def columns(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Aligned columns. A header that starts with `>` is right-aligned, numbers that is."""
    right = [each.startswith(">") for each in header]
    lines = [[each.removeprefix(">") for each in header], *[list(row) for row in rows]]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    return [
        "  ".join(
            text.rjust(width) if to_right else text.ljust(width)
            for text, width, to_right in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in lines
    ]


def indented(lines: Sequence[str]) -> list[str]:
    """Below a heading."""
    return [f"  {line}".rstrip() for line in lines]


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
