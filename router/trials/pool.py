"""Many seeds at once: in this process, in several, or on a Ray cluster.

Owns who runs what. The order of the results is that of the seeds, whoever is done first.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from config.documents import DocumentError
from config.settings import load_settings
from router.build_models import shelf_of
from router.trials.composition import bench
from router.trials.labels import relabelled
from router.trials.plans import Plans, plans_of
from router.trials.trial import Row, Trial
from venues.market_file import read_market

ItemT = TypeVar("ItemT")
FoundT = TypeVar("FoundT")


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
    labels: int | None = None
    """Seed by which venues of a kind exchange their names; None: as in the market file."""
    learner_state: Path | None = None
    """A model file that every router begins from; None: it knows nothing."""

    def prepare(self) -> tuple[Trial, Plans]:
        """Read everything.

        Raises:
            SettingsError, DocumentError: everything that is wrong, one line each.
            StoredStateError: the model file does not fit.
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


@lru_cache(maxsize=8)
def _prepared(task: Task) -> tuple[Trial, Plans]:
    settings = load_settings(task.config, list(task.overrides), os.environ)
    if task.policies:
        settings = settings.model_copy(update={"policies": task.policies})
    spec = read_market(task.market)
    if task.labels is not None:
        spec = relabelled(spec, task.labels)
    made_of = bench(settings, spec)
    known = shelf_of(task.learner_state, made_of.family.learners) if task.learner_state else None
    trial = Trial(made_of, task.algo, task.record, known)
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
    yield from zip(seeds, spread(task, seeds, jobs=jobs, ray=ray), strict=True)


def spread(
    work: Callable[[ItemT], FoundT], items: Sequence[ItemT], *, jobs: int = 1, ray: bool = False
) -> Iterator[FoundT]:
    """What `work` makes of each item, in their order. Work, items and results go to other
    processes, so they are values.

    Raises:
        RayMissingError: Ray was asked for and is not installed.
    """
    if ray:
        yield from _on_ray(work, items, jobs)
    elif jobs == 1:
        yield from map(work, items)
    else:
        # A fresh interpreter each: nothing is inherited that a lone process would not have.
        with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
            yield from pool.map(work, items)


def _on_ray(work: Callable[[ItemT], FoundT], items: Sequence[ItemT], jobs: int) -> Iterator[FoundT]:
    try:
        import ray
    except ImportError:
        raise RayMissingError from None
    ray.init(num_cpus=jobs, ignore_reinit_error=True, log_to_driver=False)
    remote = ray.remote(_done)
    waiting = [remote.remote(work, item) for item in items]
    for each in waiting:
        yield ray.get(each)


def _done(work: Callable[[ItemT], FoundT], item: ItemT) -> FoundT:
    return work(item)
