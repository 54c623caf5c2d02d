"""Hundreds of children are at work when the real daemon is killed: none is lost, none twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.many_children import run


@pytest.mark.timeout(120)
def test_hundreds_of_children_outlive_the_daemon(tmp_path: Path) -> None:
    assert run(tmp_path, 100)["children"] >= 100
