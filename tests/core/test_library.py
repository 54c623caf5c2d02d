"""The books of policies that are kept ready: as many as open orders are pinned to, and few more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from router.core.environment import Book
from router.core.library import BOOKS_MAX, Library
from router.messages import PolicyFiles
from tests.oms.policy_desk import BASE, PolicyDesk, policy_desk

COUNT = BOOKS_MAX + 4


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[PolicyDesk]:
    with policy_desk(tmp_path / "policies") as made:
        yield made


def load(desk: PolicyDesk, version: int) -> str:
    """The hash of a book that is in force from now on."""
    desk.write(BASE.format(name="firm", version=version))
    assert "error" not in desk.reload()
    return desk.in_force


def test_each_book_that_an_open_order_is_pinned_to_is_read_once(desk: PolicyDesk) -> None:
    desk.data_b.book()
    hashes = []
    for version in range(2, COUNT + 2):
        hashes.append(load(desk, version))
        desk.oms.order(f"G{version}", 1_000 + version)
    state, env = desk.node.engine.state, desk.node.engine.env
    assert {state.parents[each].policy_hash for each in state.open_parents} == set(hashes)
    read: list[str] = []

    def book_of(files: PolicyFiles) -> Book | str:
        read.append(files.hash)
        assert env.book_of is not None
        return env.book_of(files)

    library = Library(replace(env, policy_files=None, book_of=book_of))
    for _ in range(3):
        for each in hashes:
            found = library.under(state, each)
            assert found is not None
            assert found.policy_files is not None
            assert found.policy_files.hash == each
    assert read == hashes


def test_a_book_that_nothing_needs_any_more_goes(desk: PolicyDesk) -> None:
    engine = desk.node.engine
    first = load(desk, 2)
    for version in range(3, COUNT + 3):
        load(desk, version)
    assert first not in engine.state.policies
    assert engine.library.under(engine.state, first) is None
    assert engine.library.in_force(engine.state) is not None
