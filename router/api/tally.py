"""What is counted of a journal: counters, and what has to be remembered to go on counting.

Owns the counters, their bounds and their stored form. What is counted when is `counting`'s.
"""

from __future__ import annotations

import msgspec

from router.signs import Histogram

LABELS_MAX = 500
"""Label values of one counter; what comes later is counted under `other`."""
OPEN_MAX = 100_000
"""Children and parents that are remembered, and the last executions; the oldest are forgotten."""
JOIN = "\x1f"
OTHER = "other"


class SentChild(msgspec.Struct, array_like=True):
    """A child that has not ended."""

    mic: str
    sent_at: int
    acknowledged: bool = False


class Tally(msgspec.Struct):
    """Everything that was counted, from the journal's first record on."""

    records: int = 0
    last_seq: int = 0
    last_now: int = 0
    """Of the last record, UTC nanoseconds of the daemon's clock."""
    epoch: int = 0
    config_hash: str = ""
    policy_hash: str = ""
    models: dict[str, str] = {}
    """By learner, the hash of the file that it was begun from."""
    counters: dict[str, dict[str, int]] = {}
    """By metric and label values."""
    amounts: dict[str, float] = {}
    """Counters of money."""
    acknowledged: dict[str, Histogram] = {}
    """By venue, seconds from a child to the first word of it."""
    skew_ns: dict[str, int] = {}
    """By session, our clock less SendingTime(52) of its last message: the way is in it. Of a time
    in whole seconds what is beyond its second."""
    children: dict[str, SentChild] = {}
    told: dict[str, int] = {}
    """CumQty(14) that was last told, by open parent."""
    exec_ids: dict[str, int] = {}
    """The last fills told, with the record that did."""
    fill_keys: dict[str, None] = {}
    """The last fills received."""
    numbers: dict[str, int] = {}
    """By session the last MsgSeqNum(34) that was sent."""
    heard_epoch: int = 0
    """Of the last life whose signs were heard."""
    heard: dict[str, int] = {}
    """What of that life was counted from its signs, by metric and label value."""

    def add(self, metric: str, *labels: str, count: int = 1) -> None:
        """Count something."""
        found = self.counters.setdefault(metric, {})
        key = JOIN.join(labels)
        if key not in found and len(found) >= LABELS_MAX:
            key = JOIN.join([OTHER] * len(labels))
        found[key] = found.get(key, 0) + count

    def count(self, metric: str, *labels: str) -> int:
        """How often it was counted."""
        return self.counters.get(metric, {}).get(JOIN.join(labels), 0)

    def spend(self, metric: str, amount: float) -> None:
        """Add money."""
        self.amounts[metric] = self.amounts.get(metric, 0.0) + amount


def forget_oldest(table: dict[str, int] | dict[str, None] | dict[str, SentChild]) -> None:
    """Keep a table within its bound."""
    while len(table) > OPEN_MAX:
        del table[next(iter(table))]
