"""Independent random streams, one for each purpose of a market.

Owns how a seed and a purpose become a stream. A stream is never shared between purposes, so one
more draw for one (a router's order, say) reshuffles no other.
"""

from __future__ import annotations

import hashlib
import math

import numpy as np
from numpy.typing import NDArray

BLOCK = 256
"""Draws fetched at once: a scalar call of the generator costs ten times a list element."""


class Stream:
    """Numbers for one purpose, from a counter-based generator (Philox)."""

    def __init__(self, seed: int, purpose: str) -> None:
        digest = hashlib.sha256(f"{seed}/{purpose}".encode()).digest()
        self._generator = np.random.Generator(
            np.random.Philox(key=int.from_bytes(digest[:16], "big"))
        )
        self._uniforms: list[float] = []
        self._normals: list[float] = []

    def uniform(self) -> float:
        """Uniform in [0, 1)."""
        if not self._uniforms:
            self._uniforms = self._generator.random(BLOCK).tolist()
        return self._uniforms.pop()

    def normal(self) -> float:
        """Standard normal."""
        if not self._normals:
            self._normals = self._generator.standard_normal(BLOCK).tolist()
        return self._normals.pop()

    def normals(self, count: int) -> NDArray[np.float64]:
        """So many standard normals at once, (count,); draws of one are not of them."""
        return self._generator.standard_normal(count)

    def exponential(self) -> float:
        """Exponential with mean 1."""
        return -math.log1p(-self.uniform())
