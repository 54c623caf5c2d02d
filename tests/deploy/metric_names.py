"""The names of metrics: in expressions, and in a scrape."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NAME = re.compile(r"\bsluice_[a-z0-9_]+\b")
_PART = re.compile(r"_(?:bucket|sum|count)$")


def used(expressions: Iterable[str]) -> set[str]:
    """Metrics that expressions ask for; a histogram by its own name."""
    return {_PART.sub("", name) for each in expressions for name in _NAME.findall(each)}


def told(scrape: str) -> set[str]:
    """Metrics that a scrape has."""
    return {line.split()[2] for line in scrape.splitlines() if line.startswith("# TYPE ")}
