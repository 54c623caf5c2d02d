"""A desk whose policy documents are files of its own, which are read again when it is asked to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from policies.book import PolicyBook
from router import build
from router.analysis.replay import Judge, Rules, Verdict
from router.journal.market import read_market
from router.journal.recovery import merge_market, read_steps
from router.runtime import control, reloading
from router.runtime.reloading import ReloadAsked
from tests.oms.desk import Desk, parts

BASE = """\
policy: {name}
version: {version}
layer: firm
settings:
  algo: {{name: sweep, pause_s: 5}}
"""
NO_B = """\
rules:
  - id: no-b
    why: its operator has asked us to stay away
    venues: {deny: {mic: LIT_B}}
"""


class PolicyDesk(Desk):
    """A desk with a folder of policies of its own; a start reads it anew."""

    def __init__(self, folder: Path, *overrides: str) -> None:
        self.folder = folder
        self.write(BASE.format(name="firm", version=1))
        super().__init__(f"policies=[{folder}]", *overrides)

    def boot(self) -> None:
        parts.cache_clear()
        super().boot()

    def kill(self) -> None:
        self._built.market_file.flush()
        super().kill()

    def write(self, text: str, name: str = "firm") -> None:
        (self.folder / f"{name}.yaml").write_text(text)

    def reload(self, **more: object) -> dict[str, Any]:
        """What an operator is answered."""
        request = {"command": "policy_reload", "who": "ada", "reason": "B asked", **more}
        asked = control.parse(json.dumps(request).encode())
        if not isinstance(asked, ReloadAsked):
            assert isinstance(asked, dict)
            return asked
        found = build.policies_again(parts(*self.overrides))()
        answer = reloading.take(self.node, self.now, found, asked)
        self.run()
        return answer

    def without_b(self) -> dict[str, Any]:
        self.write(BASE.format(name="firm", version=2) + NO_B)
        return self.reload()

    def sent(self) -> dict[str, list[str]]:
        """What each venue was sent since the last look."""
        return {
            venue.name: [line for line in venue.heard() if line.startswith("D")]
            for venue in (self.a, self.b)
        }

    def decided_again(self, *, reads: bool = True) -> Verdict:
        """Everything that the journal holds, by who knows the files of now and nothing else, and
        `reads` what the journal has.
        """
        self._built.market_file.flush()
        parts.cache_clear()
        made_of = parts(*self.overrides)
        assert isinstance(made_of.env.policies, PolicyBook)
        env = made_of.env if reads else replace(made_of.env, book_of=lambda _: "no more")
        make = partial(build.engine, env, made_of.family)
        rules = Rules(make, made_of.env.policies.hash)
        journal = [step for _, step in read_steps(self.storage, live=True)]
        merged = merge_market(read_steps(self.storage, live=True), read_market(self.storage))
        return Judge(lambda _: rules, lambda: journal).run(merged)

    @property
    def in_force(self) -> str:
        return self.node.engine.state.policy_hash

    def told(self, kind: type) -> list[Any]:
        return [event for event, _ in self.history if isinstance(event, kind)]


@contextmanager
def policy_desk(folder: Path, *overrides: str) -> Iterator[PolicyDesk]:
    """Open, with a book of venue B; the folder is new."""
    folder.mkdir()
    made = PolicyDesk(folder, *overrides)
    made.open()
    made.data_b.book()
    yield made
    made.close()
    parts.cache_clear()
