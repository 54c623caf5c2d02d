"""Many seeds of a market, each in one of several processes; how many, the environment says."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

SEEDS = int(os.environ.get("SLUICE_MARKET_SEEDS", "200"))
"""Seeds of the checks that are statements about a mean."""

JOBS = int(os.environ.get("SLUICE_MARKET_JOBS", str(min(2, os.cpu_count() or 1))))

FIRST_SEED = 10_001
"""Far from the seeds that anything was tuned with."""

_TOLD_EVERY_S = 60.0

ResultT = TypeVar("ResultT")


def seeds(count: int = SEEDS) -> range:
    """Seeds for a check."""
    return range(FIRST_SEED, FIRST_SEED + count)


def of_seeds(
    work: Callable[[int], ResultT], which: Sequence[int], what: str, *, jobs: int = JOBS
) -> list[ResultT]:
    """What `work` makes of each seed, in their order; how far it is goes to stdout."""
    began = told = time.monotonic()
    found: list[ResultT] = []
    # A fresh interpreter each: nothing is inherited that a lone process would not have.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for each in pool.map(work, which):
            found.append(each)
            now = time.monotonic()
            if now - told > _TOLD_EVERY_S or len(found) == len(which):
                told = now
                print(f"\n{what}: {len(found)} of {len(which)} seeds, {now - began:.0f} s", end="")
    print()
    return found
