"""I10: a journal is folded again, and decided again, and comes to the same.

Owns both comparisons. What they compare is the router's; that it happened at all is not asked here.
"""

from __future__ import annotations

from functools import partial

from policies.book import PolicyBook
from router import build
from router.analysis.replay import Judge, Rules
from router.core.state import State
from router.journal.market import read_market
from router.journal.memory import MemoryStorage
from router.journal.recovery import merge_market, read_steps
from router.runtime.node import Built
from router.simulation.reading import hold


def folded(parts: build.Parts, storage: MemoryStorage) -> str:
    """The digest of what a new node would make of this disk, which is left as it is."""
    return digest(build.node(parts, storage.copy(), monotonic=lambda: 0))


def digest(built: Built) -> str:
    """Of a node's whole state, and of the numbers of its sessions."""
    state: State = built.node.engine.state
    numbers = sorted(
        (name, link.session.next_in, link.session.next_out)
        for name, link in built.node.links.items()
        if link.durable
    )
    return f"{state.digest()} {numbers}"


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
