"""What the lives of a daemon decided with: the loaded configuration, and those that are remembered.

Owns the way from a configuration's digest, as a start records it, to an engine. Not a command.
"""

from __future__ import annotations

from pathlib import Path

from config.documents import DocumentError
from config.settings import Settings
from router import build
from router.analysis.replay import Rules
from router.cli.remembered import recall


class Configurations:
    """The loaded configuration, and those that the state folder remembers, by digest."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.digest = settings.digest()
        self._folder = folder
        self.unread: tuple[str, ...] = ()
        """What is wrong with policy documents that could not be read: the journal's have to do."""
        self._family = build.families()
        loaded = self._make(settings)
        self._made = {self.digest: loaded, "": loaded}

    def rules(self, digest: str) -> Rules:
        """What a configuration makes; the loaded one where that one cannot be had."""
        if digest not in self._made:
            settings = recall(self._folder, digest)
            if settings is None:
                return self._made[self.digest]
            self._made[digest] = self._make(settings)
        return self._made[digest]

    def missing(self, digests: list[str]) -> list[str]:
        """Those that could not be had."""
        return [each for each in digests if each not in self._made]

    def _make(self, settings: Settings) -> Rules:
        try:
            env = build.environment(settings, self._family)
        except DocumentError as error:
            env = build.environment(settings, self._family, deciding=False)
            self.unread = error.problems
        predictor = env.foresight.sha256 if env.foresight is not None else ""
        policy = env.policy_files.hash if env.policy_files is not None else ""
        return Rules(lambda: build.engine(env, self._family), policy, predictor)
