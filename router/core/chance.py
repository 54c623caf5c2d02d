"""Chance is derived, not stored: a decision's generator is a function of the seed and its seq.

Owns the derivation. Knows nothing of what is drawn.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np


def chance(seed: int, seq: int) -> np.random.Generator:
    """`Generator(Philox(key=seed, counter=seq))`, valid until the next call with the same seed.

    Making a Philox costs 17 us, for it first gathers entropy that a key makes useless; winding one
    back to a counter costs 2.5 us.
    """
    stream, start, generator = _stream(seed)
    start["state"]["counter"][0] = seq
    stream.state = start
    return generator


@lru_cache(maxsize=16)
def _stream(seed: int) -> tuple[np.random.Philox, dict[str, Any], np.random.Generator]:
    """A stream, its state before anything was drawn, and its generator."""
    stream = np.random.Philox(key=seed, counter=0)
    return stream, dict(stream.state), np.random.Generator(stream)
