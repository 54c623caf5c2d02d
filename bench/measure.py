"""How every benchmark measures: rounds of interleaved subjects, medians, ratios against a base.

A machine drifts, and a shared one drifts more: a figure means something only beside another of the
same round. So a ratio is taken within each round, and the median over the rounds is what is told.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

Result = dict[str, object]
Subject = Callable[[], object]


class Figures:
    """Microseconds per operation, wall and CPU of this process, one figure a round."""

    def __init__(self) -> None:
        self.wall: dict[str, list[float]] = {}
        self.cpu: dict[str, list[float]] = {}

    def note(self, name: str, *, wall_us: float, cpu_us: float) -> None:
        """Keep a round's figures."""
        self.wall.setdefault(name, []).append(wall_us)
        self.cpu.setdefault(name, []).append(cpu_us)

    def time(self, name: str, run: Subject, *, loops: int = 1, count: int = 1) -> None:
        """Call `loops` times, of `count` operations each, and keep the mean of one operation."""
        wall, cpu = time.perf_counter_ns(), time.process_time_ns()
        for _ in range(loops):
            run()
        cpu, wall = time.process_time_ns() - cpu, time.perf_counter_ns() - wall
        operations = loops * count * 1_000
        self.note(name, wall_us=wall / operations, cpu_us=cpu / operations)

    def join(self, name: str, parts: list[str]) -> None:
        """Keep the sum of other figures, round by round, under a new name."""
        for figures in (self.wall, self.cpu):
            rounds = zip(*(figures[part] for part in parts), strict=True)
            figures[name] = [sum(each) for each in rounds]

    def medians(self) -> Result:
        """Both medians of every subject, as they are printed."""
        return {
            "wall_us": {name: _median(each) for name, each in self.wall.items()},
            "cpu_us": {name: _median(each) for name, each in self.cpu.items()},
        }

    def wall_ratio(self, name: str, base: str) -> float:
        """Median over rounds: for what waits for a disk or another process."""
        return _ratio(self.wall[name], self.wall[base])

    def cpu_ratio(self, name: str, base: str) -> float:
        """Median over rounds: for what only computes, whoever else uses the machine."""
        return _ratio(self.cpu[name], self.cpu[base])


def interleave(subjects: Mapping[str, Subject], *, rounds: int, loops: int) -> Figures:
    """Time all subjects in turn, round after round."""
    figures = Figures()
    for _ in range(rounds):
        for name, run in subjects.items():
            figures.time(name, run, loops=loops)
    return figures


def at_most(ratio: float, target: float) -> Result:
    """A ratio with the target that it may not exceed."""
    return {"ratio": _short(ratio), "at_most": _short(target), "met": ratio <= target}


def at_least(ratio: float, target: float) -> Result:
    """A ratio with the target that it must reach."""
    return {"ratio": _short(ratio), "at_least": _short(target), "met": ratio >= target}


def untargeted(ratio: float) -> Result:
    """A ratio that nothing was asked of."""
    return {"ratio": _short(ratio)}


def _ratio(figures: list[float], bases: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(figures, bases, strict=True))


def _median(figures: list[float]) -> float:
    return round(statistics.median(figures), 2)


def _short(ratio: float) -> float:
    """Four significant digits."""
    return float(f"{ratio:.4g}")
