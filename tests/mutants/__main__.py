"""Prove that the simulation finds every defect: `python -m tests.mutants [NAME ...]`.

MUTANT_SEEDS and MUTANT_JOBS of the environment bound the hunt for each. Exit code 1: one got away.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from tests.mutants.defects import SEEDS_MAX, Found, copied, description, hunted, names


def main(chosen: list[str]) -> int:
    """Hunt each, and print a line for it as soon as it is caught."""
    known = names()
    unknown = [each for each in chosen if each not in known]
    if unknown:
        print(f"{', '.join(unknown)}: no such mutant; there are: {', '.join(known)}")
        return 2
    seeds = int(os.environ.get("MUTANT_SEEDS", SEEDS_MAX))
    jobs = int(os.environ.get("MUTANT_JOBS", "1"))
    print(f"{'mutant':34s} {'seed':>5s} {'seconds':>8s}  broken", flush=True)
    missed = []
    for name in chosen or known:
        with tempfile.TemporaryDirectory() as folder:
            copied(Path(folder))
            found = hunted(name, Path(folder), seeds, jobs)
        print(line(found), flush=True)
        if found.seed is None:
            missed.append(name)
    for name in missed:
        print(f"NOT CAUGHT in {seeds} seeds: {name}: {description(name)}")
    return int(bool(missed))


def line(found: Found) -> str:
    """One row of the table."""
    seed = "-" if found.seed is None else str(found.seed)
    return f"{found.name:34s} {seed:>5s} {found.seconds:8.1f}  {found.rule}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
