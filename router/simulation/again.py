"""I10: a journal is folded again, and decided again, and comes to the same.

Owns both comparisons. What they compare is the router's; that it happened at all is not asked here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from policies.book import PolicyBook
from router import build
from router.analysis.replay import Judge, Rules
from router.core.state import State
from router.journal.market import MarketFile, read_market
from router.journal.memory import MemoryStorage
from router.journal.records import Record
from router.journal.recovery import merge_market, read_steps, steps
from router.journal.segments import Journal
from router.messages import (
    Decide,
    FreezeParent,
    OpenParent,
    PoliciesLoaded,
    PolicyFiles,
    Restarted,
)
from router.runtime.links import Link
from router.runtime.node import Built
from router.runtime.recovering import Recovery
from router.simulation.reading import hold


class Refold:
    """The journal folded besides, by who takes no other part in the world.

    It is read whole each time. What it holds up to a record is what it held then, if that record
    still stands there: each one has the hash of all before it. So only what is new is folded.
    """

    def __init__(self, parts: build.Parts) -> None:
        self._kept = parts.settings.journal
        self._make = build.maker(parts)
        self._folded: list[Record] = []
        self._begin()

    def digest(self, storage: MemoryStorage) -> str:
        """What a new node would make of this disk, which is left as it is."""
        copy, size = storage.copy(), self._kept.segment_mib * 1024 * 1024
        journal = Journal(copy, segment_bytes=size, durability=self._kept.durability)
        records = list(journal.open())
        MarketFile(copy).open()
        count = len(self._folded)
        if records[:count] != self._folded:
            count = 0  # the power has taken some of it
            self._begin()
        self._recovery.fold(steps(records[count:]))
        self._recovery.finish()
        self._folded = records
        return _digest(self._state, self._links)

    def _begin(self) -> None:
        engine, links = self._make()
        self._state, self._links = engine.state, {link.name: link for link in links}
        self._recovery = Recovery(self._state, self._links)


def digest(built: Built) -> str:
    """Of a node's whole state, and of the numbers of its sessions."""
    return _digest(built.node.engine.state, built.node.links)


def _digest(state: State, links: Mapping[str, Link]) -> str:
    numbers = sorted(
        (name, link.session.next_in, link.session.next_out, link.session.begins_again)
        for name, link in links.items()
        if link.durable
    )
    return f"{state.digest()} {numbers}"


def pinned(storage: MemoryStorage) -> None:
    """Whoever was opened got the policy that was in force then, and was decided for by that one.

    Raises:
        Broken: a record says otherwise.
    """
    in_force, under = "", dict[str, str]()
    for _, step in read_steps(storage, live=True):
        match step.event:
            case Restarted(policies=PolicyFiles() as files) | PoliciesLoaded(files=files):
                in_force = files.hash
        for command in step.commands:
            match command:
                case OpenParent(parent_id=parent_id, policy_hash=policy_hash):
                    hold(policy_hash == in_force, "pinned", f"{command}, and not {in_force}")
                    under[parent_id] = policy_hash
                case Decide(parent_id=parent_id, policy_hash=policy_hash):
                    hold(policy_hash == under[parent_id], "pinned", f"{command} of another policy")
                case FreezeParent(reason=reason):
                    hold(not reason.startswith("POLICY_CHANGED"), "pinned", command)


def decide_again(parts: build.Parts, storage: MemoryStorage) -> int:
    """Decide everything again, as far as the market's records are there: after a power cut some
    are not. Returns how many steps were compared.

    Raises:
        Broken: a decision differs.
    """
    env = parts.env
    assert isinstance(env.policies, PolicyBook)
    rules = Rules(partial(build.engine, env, parts.family), env.policies.hash)
    judge = Judge(lambda _: rules, lambda: (step for _, step in read_steps(storage, live=True)))
    merged = merge_market(read_steps(storage, live=True), read_market(storage))
    verdict = judge.run(merged)
    hold(verdict.difference is None, "I10", f"decided again: {verdict.difference}")
    return verdict.compared
