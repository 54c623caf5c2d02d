"""The deliberate defects still fit the code, and some of them are hunted; `make mutants` hunts all.

A patch that fits no more is made anew, by hand: the defect, not the place, is what counts.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants.defects import apply, copied, description, hunted, names, touched


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The router as it is."""
    folder = tmp_path_factory.mktemp("mutant")
    copied(folder)
    return folder


@pytest.mark.parametrize("name", names())
def test_the_patch_fits_and_runs(name: str, copy: Path) -> None:
    """A name that is not there would be found by any seed, and show nothing."""
    apply(name, copy)
    try:
        argv = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "F821", "--quiet"]
        found = subprocess.run(
            [*argv, *touched(name)], cwd=copy, capture_output=True, text=True, check=False
        )
    finally:
        apply(name, copy, "--reverse")
    assert found.returncode == 0, found.stdout


def test_there_are_enough_of_them_and_each_says_what_is_wrong() -> None:
    assert len(names()) >= 20
    for name in names():
        assert description(name).endswith("."), name


@pytest.mark.parametrize(
    ("name", "rules"),
    [("ack-before-fsync", {"I3"}), ("ended-with-children-at-work", {"I1"})],
)
def test_a_defect_is_found(name: str, rules: set[str], tmp_path: Path) -> None:
    copied(tmp_path)
    found = hunted(name, tmp_path, seeds=20)
    assert found.seed is not None
    assert found.rule in rules
