"""A copy of the router with one defect, and the first seed of the simulation that finds it.

Owns patches and copies. What a failure is, `sluice fuzz` says: it runs in the copy.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = Path(__file__).parent
ROOMS = ("config", "policies", "risk", "router", "venues")
SEEDS_MAX = 2_000
"""A defect that so many seeds do not find shows that the oracle is too weak."""
FINDINGS = 10


@dataclass(frozen=True, slots=True)
class Found:
    """What became of a defect."""

    name: str
    seed: int | None
    """The first that found it; None: it got away."""
    rule: str
    text: str
    seconds: float


def names() -> list[str]:
    """Every defect."""
    return sorted(each.stem for each in FOLDER.glob("*.patch"))


def description(name: str) -> str:
    """What is wrong with it, in a line."""
    return (FOLDER / f"{name}.patch").read_text(encoding="utf-8").partition("\n")[0]


def copied(folder: Path) -> None:
    """Copy everything that `sluice` runs from."""
    for room in ROOMS:
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / room, folder / room, ignore=ignore)


def apply(name: str, folder: Path, *options: str) -> None:
    """Put a defect into a copy; with `--check` only see whether it fits.

    Raises:
        CalledProcessError: the patch does not fit any more.
    """
    patch = str(FOLDER / f"{name}.patch")
    # Without a repository above, paths are those of the folder.
    env = {**os.environ, "GIT_CEILING_DIRECTORIES": str(folder.parent)}
    subprocess.run(["git", "apply", *options, patch], cwd=folder, env=env, check=True)


def touched(name: str) -> list[str]:
    """The files that a defect is in."""
    lines = (FOLDER / f"{name}.patch").read_text(encoding="utf-8").splitlines()
    return [line.removeprefix("+++ b/") for line in lines if line.startswith("+++ b/")]


def hunted(name: str, folder: Path, seeds: int = SEEDS_MAX, jobs: int = 1) -> Found:
    """Put a defect into a copy, and play seeds until one breaks an invariant."""
    apply(name, folder)
    argv = [sys.executable, "-m", "router", "fuzz", "--seeds", str(seeds), "--jobs", str(jobs)]
    env = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    said = subprocess.run(
        [*argv, "--quiet", "--tries", "0", "--json"],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode in (0, FINDINGS), said.stderr
    told = json.loads(said.stdout)
    for failure in told["failures"]:
        return Found(name, failure["seed"], failure["rule"], failure["text"], told["seconds"])
    return Found(name, None, "", "", told["seconds"])
