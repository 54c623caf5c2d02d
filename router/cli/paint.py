"""Lines with colour on a terminal, and without it everywhere else. Not a command.

Owns which style means what; NO_COLOR is honoured. Data goes to stdout as `output.show` does it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from router.cli.output import show

if TYPE_CHECKING:
    from rich.console import Console

Span = tuple[str, str]
"""A text and its style: a key of `STYLES`, or empty."""

STYLES = {
    "heading": "bold",
    "quiet": "dim",
    "meaning": "cyan",
    "in": "blue",
    "out": "dark_orange",
    "wrong": "bold red",
}
"""One colour, one meaning. Blue and orange are told apart by every eye."""


def paint(*lines: Sequence[Span]) -> None:
    """Print lines, together."""
    if not sys.stdout.isatty():
        show("\n".join("".join(text for text, _ in spans) for spans in lines))
        return
    from rich.text import Text  # only a terminal needs it

    for spans in lines:
        line = Text.assemble(*((text, STYLES.get(style, "")) for text, style in spans))
        _console().print(line, soft_wrap=True)


@cache
def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False)


def clear() -> None:
    """Begin at the top again, on a terminal alone."""
    if sys.stdout.isatty():
        _console().clear()
