"""A shorter script that breaks the same invariant: things are left out as long as it does.

Owns the search, after Zeller's ddmin: first halves are left out, then quarters, at last single
things. Knows nothing of what a thing is.
"""

from __future__ import annotations

from collections.abc import Callable

TRIES_MAX = 300


def shrunk(
    things: int, breaks: Callable[[tuple[int, ...]], bool], tries_max: int = TRIES_MAX
) -> tuple[tuple[int, ...], int]:
    """Numbers below `things` of which `breaks` is still true, and how often it was asked.

    Without bound on the tries no single one of them can be left out.
    """
    kept, pieces, tries = tuple(range(things)), 2, 0
    while kept and tries < tries_max:
        size = max(1, -(-len(kept) // pieces))
        for start in range(0, len(kept), size):
            without = kept[:start] + kept[start + size :]
            tries += 1
            if breaks(without):
                kept, pieces = without, max(2, pieces - 1)
                break
            if tries == tries_max:
                break
        else:
            if size == 1:
                break
            pieces = min(len(kept), pieces * 2)
    return kept, tries
