"""A decision's chance is numpy's Philox at its seed, seq and parent, whatever was drawn before."""

from __future__ import annotations

import numpy as np
import pytest

from router.core.chance import chance


def fresh(seed: int, seq: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=seed, counter=[0, 0, 0, seq]))


@pytest.mark.parametrize("seed", [0, 1, 2**63 - 1])
@pytest.mark.parametrize("seq", [0, 1, 77, 2**48 - 1])
def test_it_is_philox_at_the_seed_and_the_seq(seed: int, seq: int) -> None:
    expected = fresh(seed, seq).standard_normal(9)
    assert chance(seed, seq).standard_normal(9).tolist() == expected.tolist()


def test_what_was_drawn_before_leaves_no_trace() -> None:
    expected = fresh(5, 8).integers(0, 100, 7, dtype=np.int32)
    before = chance(5, 7)
    before.standard_normal(3)
    before.integers(0, 9, 1, dtype=np.int32)  # leaves half a word behind
    assert chance(5, 8).integers(0, 100, 7, dtype=np.int32).tolist() == expected.tolist()


def test_seeds_do_not_disturb_each_other() -> None:
    one, other = chance(1, 3), chance(2, 3)
    first = one.standard_normal(4)
    assert other.standard_normal(4).tolist() == fresh(2, 3).standard_normal(4).tolist()
    assert first.tolist() == fresh(1, 3).standard_normal(4).tolist()


def test_no_two_decisions_share_a_number() -> None:
    """Neither of neighbouring steps, nor of one step: a thousand draws each."""
    one, later = chance(1, 3).random(1_000).tolist(), chance(1, 4).random(1_000).tolist()
    first, second = (chance(1, 3, who).random(1_000).tolist() for who in ("P1", "P2"))
    assert len({*one, *later, *first, *second}) == 4_000


def test_a_parent_has_the_word_below_the_seqs() -> None:
    """crc32("123456789") is 0xCBF43926, the check value of the polynomial."""
    counter = [0, 0, 0xCBF43926, 8]
    expected = np.random.Generator(np.random.Philox(key=5, counter=counter)).random(3)
    assert chance(5, 8, "123456789").random(3).tolist() == expected.tolist()
