"""What is wrong with the journal's disk, in words, while the journal still takes records."""

from __future__ import annotations

from router.journal.segments import Journal

SYNC_SLOW_S = 2.0
"""A sync that takes longer: nothing that adds risk is taken until one is quicker again."""


def trouble(journal: Journal, slow_s: float) -> str:
    """Why nothing that adds risk may be taken; empty if all is well. `slow_s` is what the last
    sync took."""
    if journal.headroom_released:
        return journal.shortage
    if slow_s > SYNC_SLOW_S:
        return f"a sync took longer than {SYNC_SLOW_S:g} s"
    return ""
