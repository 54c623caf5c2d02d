"""Counts what the daemon's signs alone tell, since no journal can: that its disk has failed, and
what failed beside it.

Owns which signs raise which counter, each failure once: signs come again, and with the next life
they begin again. Must not know how they come.
"""

from __future__ import annotations

from collections.abc import Iterator

from router.api.tally import JOIN, Tally
from router.signs import Signs


def hear(tally: Tally, signs: Signs) -> None:
    """Count what is new in signs."""
    if not signs.epoch:
        return  # it recovers, and has no life of its own yet
    if signs.epoch != tally.heard_epoch:
        tally.heard_epoch, tally.heard = signs.epoch, {}
    for metric, label, count in _failures(signs):
        key = JOIN.join((metric, label))
        more = count - tally.heard.get(key, 0)
        if more > 0:
            tally.add(metric, *([label] if label else []), count=more)
            tally.heard[key] = count


def _failures(signs: Signs) -> Iterator[tuple[str, str, int]]:
    """Metric, label, and how often in this life."""
    if signs.journal is not None and signs.journal.poisoned:
        yield "journal_failures_total", "", 1
    for chore, count in signs.chore_failures.items():
        yield "chore_failures_total", chore, count
