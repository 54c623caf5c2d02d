"""A progress bar on stderr, if somebody looks. Not a command."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

ItemT = TypeVar("ItemT")


def followed(items: Iterable[ItemT], total: int, what: str, *, quiet: bool) -> Iterator[ItemT]:
    """The items, as they come."""
    if quiet or not sys.stderr.isatty():
        yield from items
        return
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task(what, total=total)
        for item in items:
            progress.update(bar, advance=1)
            yield item
