"""A progress bar on stderr, if somebody looks. Not a command."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import Progress

ItemT = TypeVar("ItemT")


def followed(items: Iterable[ItemT], total: int, what: str, *, quiet: bool) -> Iterator[ItemT]:
    """The items, as they come."""
    if quiet or not sys.stderr.isatty():
        yield from items
        return
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task(what, total=total)
        for item in items:
            progress.update(bar, advance=1)
            yield item
