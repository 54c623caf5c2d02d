"""Chance is derived, not stored: a decision's generator is a function of the seed and its seq.

Owns the derivation. Knows nothing of what is drawn.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np


def chance(seed: int, seq: int) -> np.random.Generator:
    """`Generator(Philox(key=seed, counter=seq))`, valid until the next call with the same seed."""
    return _stream(seed).at(seq)


class _Stream:
    """One seed's Philox, wound back for each decision.

    Making one costs 17 us, for it first gathers entropy that the key makes useless; this, 2.5 us.
    """

    def __init__(self, seed: int) -> None:
        self._bits = np.random.Philox(key=seed, counter=0)
        self._start = self._bits.state
        self._generator = np.random.Generator(self._bits)

    def at(self, seq: int) -> np.random.Generator:
        self._start["state"]["counter"][0] = seq
        self._bits.state = self._start
        return self._generator


@lru_cache(maxsize=16)
def _stream(seed: int) -> _Stream:
    return _Stream(seed)
