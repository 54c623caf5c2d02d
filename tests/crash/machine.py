"""The machine that a life of the daemon runs on, and that loses its power when the life has ended.

Owns where the watched disk's mirror stands, and what chance the cuts are drawn with.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.crash.desk import Desk, Trouble
from tests.crash.power import NAMES, cut


@dataclass(frozen=True, slots=True)
class Machine:
    """One for a group of lives."""

    rng: np.random.Generator | None
    """What survives of what was not synced is drawn; without it nothing does."""
    module: str = "tests.crash.powered"

    def trouble(self, desk: Desk) -> Trouble:
        """The daemon, on its disk."""
        env = (("STATE", str(desk.state)), ("MIRROR", str(self._mirror(desk))))
        return Trouble(env=env, module=self.module)

    def off(self, desk: Desk) -> None:
        """The power fails. A life that ended before it touched the disk has left it as it was."""
        mirror = self._mirror(desk)
        if (mirror / NAMES).exists():
            cut(desk.state, mirror, self.rng)
        else:
            shutil.rmtree(mirror, ignore_errors=True)

    def _mirror(self, desk: Desk) -> Path:
        return desk.folder / "mirror"


def machine(seed: int) -> Machine:
    """One whose cuts are drawn from a seed."""
    return Machine(np.random.Generator(np.random.Philox(key=seed)))
