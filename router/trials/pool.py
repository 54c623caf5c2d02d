"""Many seeds at once: in this process, in several, or on a Ray cluster.

Owns who runs which seed. The order of the results is that of the seeds, whoever is done first.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path

from config.documents import DocumentError
from config.settings import load_settings
from router.trials.composition import bench
from router.trials.plans import Plans, plans_of
from router.trials.trial import Row, Trial
from venues.market_file import read_market


@dataclass(frozen=True, slots=True)
class Task:
    """What is done for every seed: values only, so that it can be sent to another process."""

    market: Path
    config: Path
    overrides: tuple[str, ...]
    policies: tuple[Path, ...]
    """Instead of the configuration's; empty for those."""
    algo: str
    parents: Path | None
    """A file of parents instead of the market's `parents`."""
    alone: bool
    """No parents at all: the market by itself."""
    record: Path | None

    def prepare(self) -> tuple[Trial, Plans]:
        """Read everything.

        Raises:
            SettingsError, DocumentError: everything that is wrong, one line each.
        """
        return _prepared(self)

    def __call__(self, seed: int) -> list[Row]:
        """Run one seed.

        Raises:
            TrialError: it could not be run.
        """
        trial, plans = self.prepare()
        if self.alone:
            trial.watch(seed)
            return []
        return trial.rows(seed, plans(seed))


@cache
def _prepared(task: Task) -> tuple[Trial, Plans]:
    settings = load_settings(task.config, list(task.overrides), os.environ)
    if task.policies:
        settings = settings.model_copy(update={"policies": task.policies})
    spec = read_market(task.market)
    trial = Trial(bench(settings, spec), task.algo, task.record)
    return trial, plans_of(spec, task.parents, alone=task.alone)


class RayMissingError(DocumentError):
    """Ray was asked for and is not installed."""

    def __init__(self) -> None:
        super().__init__(["--ray needs Ray: pip install ray; without --ray, --jobs uses processes"])


def run_all(
    task: Task, seeds: Sequence[int], *, jobs: int = 1, ray: bool = False
) -> Iterator[tuple[int, list[Row]]]:
    """The rows of each seed, in the order of the seeds.

    Raises:
        TrialError: a seed could not be run.
        RayMissingError: Ray was asked for.
    """
    if ray:
        yield from _on_ray(task, seeds, jobs)
    elif jobs == 1:
        for seed in seeds:
            yield seed, task(seed)
    else:
        # A fresh interpreter each: nothing is inherited that a lone process would not have.
        with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
            yield from zip(seeds, pool.map(task, seeds), strict=True)


def _on_ray(task: Task, seeds: Sequence[int], jobs: int) -> Iterator[tuple[int, list[Row]]]:
    try:
        import ray
    except ImportError:
        raise RayMissingError from None
    ray.init(num_cpus=jobs, ignore_reinit_error=True, log_to_driver=False)
    remote = ray.remote(Task.__call__)
    waiting = [remote.remote(task, seed) for seed in seeds]
    for seed, each in zip(seeds, waiting, strict=True):
        yield seed, ray.get(each)
