"""Worlds in which everything goes wrong and the policy is reloaded meanwhile, some of it broken.

Whatever crashes, what was decided under each policy is decided again, by who knows the policy of
the start and the journal; the oracle holds all that must hold without reloads too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from config.documents import DocumentError
from router import build
from router.core.environment import Book
from router.journal.recovery import read_steps
from router.messages import (
    Decide,
    FreezeParent,
    OpenParent,
    PoliciesLoaded,
    PolicyFiles,
    Restarted,
    Step,
)
from router.model import NS
from router.runtime.node import Node
from router.runtime.reloading import ReloadAsked, take
from router.simulation.script import Script
from router.simulation.things import Thing
from router.simulation.world import World, parts

RULES = (
    "{id: no-a, why: w, match: {account: ACC1}, venues: {deny: {mic: LIT_A}}}",
    "{id: no-b, why: w, match: {account: [ACC0, ACC2]}, venues: {deny: {mic: LIT_B}}}",
    "{id: small, why: w, child_max: {shares: 300}}",
    "{id: broken, why: w, child_max: {share: 300}}",
)
ASKED = ReloadAsked("an operator", "a test")
Read = Book | tuple[str, ...]


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> list[Read]:
    """The policy of the start, and it with one rule more each."""
    folder = tmp_path_factory.mktemp("policies")
    return [read(None), *(read(folder / f"{i}.yaml", rule) for i, rule in enumerate(RULES))]


def read(more: Path | None, rule: str = "") -> Read:
    made_of, env = parts(), parts().env
    reading = build.policy_reading(
        made_of.settings, made_of.family, tuple(env.venues.values()), tuple(env.instruments)
    )
    paths = [*made_of.settings.policies]
    if more is not None:
        more.write_text(f"policy: more\nversion: 1\nlayer: desk\nrules:\n  - {rule}\n")
        paths.append(more)
    try:
        return reading.from_files(paths)
    except DocumentError as error:
        return error.problems


def play(seed: int, books: list[Read]) -> Counter[str]:
    """Run one seed with reloads besides; what came of them."""
    world, seen = World(seed), Counter[str]()
    script = Script(world)
    rng = np.random.Generator(np.random.Philox(key=seed, counter=77 << 32))

    def work(node: Node, now: int, *, found: Read) -> None:
        answer = take(node, now, found, ASKED)
        seen["refused" if "refused" in answer else "taken" if answer.get("differs") else "not"] += 1
        seen["pinned"] += sum(answer.get("open_under_older", {}).values())

    def reload(found: Read) -> None:
        world.sim.give(partial(work, found=found))

    for _ in range(int(rng.integers(3, 9))):
        at, which = int(rng.integers(script.faults_end - NS)), int(rng.integers(len(books)))
        script.chosen.append(Thing(at, f"reload {which}", partial(reload, books[which])))
    script.chosen.sort(key=lambda thing: thing.at)
    try:
        script.run()
        world.decide_again()
        held_to_the_policies(step for _, step in read_steps(world.sim.storage, live=True))
    except Exception as error:
        error.add_note(f"seed {seed}")
        raise
    return seen


def held_to_the_policies(steps: Iterable[Step]) -> None:
    """Who is opened gets what is in force then, who is decided for what it was opened with."""
    in_force, pinned = "", dict[str, str]()
    for step in steps:
        match step.event:
            case Restarted(policies=PolicyFiles() as files) | PoliciesLoaded(files=files):
                in_force = files.hash
        for command in step.commands:
            match command:
                case OpenParent(parent_id=parent_id, policy_hash=policy_hash):
                    assert policy_hash == in_force
                    pinned[parent_id] = policy_hash
                case Decide(parent_id=parent_id, policy_hash=policy_hash):
                    assert policy_hash == pinned[parent_id]
                case FreezeParent(reason=reason):
                    assert not reason.startswith("POLICY_CHANGED")


def played(seeds: range, books: list[Read]) -> Counter[str]:
    return sum((play(seed, books) for seed in seeds), Counter())


def test_what_must_hold_holds_with_reloads_too(books: list[Read]) -> None:
    seen = played(range(1, 5), books)
    assert all(seen[each] for each in ("taken", "refused", "pinned")), seen


@pytest.mark.soak
@pytest.mark.timeout(1_800)
def test_it_holds_in_many_worlds(books: list[Read]) -> None:
    seen = played(range(1_000, 1_200), books)
    assert all(seen[each] > 50 for each in ("taken", "refused", "not", "pinned")), seen
