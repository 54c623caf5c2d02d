"""Strangers, their Logons and their secrets, on mutated streams."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.fix import redaction
from router.fix.reception import Admitted
from router.fix.versions import VERSIONS
from tests.fuzz.cost import Meter
from tests.fuzz.door import check_door, check_redacted, knock, seeds, signed_logon
from tests.fuzz.mutate import mutated, stream

SEEDS = seeds()


@settings(max_examples=400)
@given(st.sampled_from(SEEDS), st.integers(0, 2**32), st.integers(0, 4))
def test_a_stranger_is_admitted_refused_or_waited_for(
    seed: bytes, choice: int, rounds: int
) -> None:
    check_door(mutated(stream, seed, choice, rounds=rounds, most=6_000), Meter().timed)


def test_a_signed_logon_is_let_in() -> None:
    for version in VERSIONS:
        answer = knock(signed_logon(version.begin_string.encode()), 7)
        assert isinstance(answer, Admitted)
        assert answer.key == version.name


def test_a_secret_that_is_shown_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "SECRETS", frozenset({b"925"}))
    with pytest.raises(AssertionError, match="not hidden"):
        check_redacted(SEEDS[1][1:])
