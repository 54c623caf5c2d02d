"""Many seeds, in as many processes as are asked for, and what a failing one is shrunk to.

Owns the order (that of the seeds, whatever the processes do) and the sums.
"""

from __future__ import annotations

import gc
import hashlib
import itertools
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

from router.simulation.play import Outcome, play
from router.simulation.shrinking import shrunk

AT_ONCE = 8
"""Seeds that a process is given in one message."""
SETTLED = 40
"""Seeds after which a process has made what it makes once."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A seed that breaks something, and the things of its script that suffice for it."""

    outcome: Outcome
    keep: tuple[int, ...]
    tries: int
    """Runs that it took to find them; 0: nobody has looked, and all are kept."""


class Totals:
    """Sums over the seeds that were played."""

    def __init__(self) -> None:
        self.seeds = self.orders = self.executions = self.lives = self.broken = 0
        self._hash = hashlib.sha256()

    def add(self, outcome: Outcome) -> None:
        """One seed more."""
        self.seeds += 1
        self.orders += outcome.orders
        self.executions += outcome.executions
        self.lives += outcome.lives
        self.broken += bool(outcome.rule)
        self._hash.update(f"{outcome.seed} {outcome.trace}\n".encode())

    @property
    def history(self) -> str:
        """sha256 of all traces, in the order of the seeds: the same seeds make the same."""
        return self._hash.hexdigest()

    def document(self) -> dict[str, object]:
        """As `--json` has it."""
        return {
            "seeds": self.seeds,
            "orders": self.orders,
            "executions": self.executions,
            "lives": self.lives,
            "broken": self.broken,
            "history": self.history,
        }


def outcomes(seeds: range, jobs: int = 1) -> Iterator[Outcome]:
    """What came of each seed, in their order. To stop early, stop asking."""
    if jobs == 1:
        yield from map(_played, seeds)
        return
    # A fresh interpreter each: nothing is inherited that a lone process would not have.
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_heedless)
    try:
        yield from pool.map(_played, seeds, chunksize=AT_ONCE)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_count = itertools.count(1)
"""Seeds that this process has played."""


def _played(seed: int) -> Outcome:
    """A seed. By `SETTLED` of them all is there that a process makes once: it stays, and to look
    through it again and again for what may go would take a fiftieth of the time.
    """
    if next(_count) == SETTLED:
        gc.collect()
        gc.freeze()
    return play(seed)


def _heedless() -> None:
    """Ctrl-C is for the process that shows results: it ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def found_in(outcome: Outcome, tries: int) -> Failure:
    """A failing seed with the shortest script that so many tries find."""
    everything = tuple(range(len(outcome.script)))
    if not tries:
        return Failure(outcome, everything, 0)

    def breaks(keep: tuple[int, ...]) -> bool:
        return play(outcome.seed, keep).rule == outcome.rule

    keep, count = shrunk(len(outcome.script), breaks, tries)
    return Failure(outcome, keep, count)
