"""Dictionaries on messages made from their specifications: sound ones, and one thing wrong each."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.fix.codec import CodecError, Message, decode
from router.fix.dictionary import Dictionary, Rules, dictionary
from router.fix.dictionary.shapes import SEEN_MIN
from router.fix.versions import VERSIONS, Version
from tests.fuzz.mutate import frame, mutated
from tests.fuzz.sound import Maker
from tests.fuzz.wrong import FAULTS, Fault

MAKERS = {version.name: Maker(dictionary(version).spec) for version in VERSIONS}
DICTIONARIES = {version.name: dictionary(version) for version in VERSIONS}
KINDS = [
    (version.name, msg_type)
    for version in VERSIONS
    for msg_type, kind in MAKERS[version.name].spec.messages.items()
    if kind.served
]
SEEDS = st.integers(0, 2**32)
FILLS = st.sampled_from([0.0, 0.1, 0.3, 1.0])


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_the_smallest_and_the_fullest_message_of_every_type_are_sound(version: Version) -> None:
    maker, judge = MAKERS[version.name], DICTIONARIES[version.name]
    for name, msg_type in KINDS:
        for fill in (0.0, 1.0) if name == version.name else ():
            message = decode(maker.frame(maker.rows(msg_type, random.Random(7), fill=fill)))
            assert judge.validate(message) is None, message


@settings(max_examples=300)
@given(st.sampled_from(KINDS), SEEDS, FILLS)
def test_a_message_made_from_the_specification_is_sound(
    kind: tuple[str, str], seed: int, fill: float
) -> None:
    name, msg_type = kind
    maker = MAKERS[name]
    message = decode(maker.frame(maker.rows(msg_type, random.Random(seed), fill=fill)))
    assert DICTIONARIES[name].validate(message) is None


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@settings(max_examples=60)
@given(kind=st.sampled_from(KINDS), seed=SEEDS, fill=FILLS)
def test_one_thing_wrong_has_its_name(
    fault: Fault, kind: tuple[str, str], seed: int, fill: float
) -> None:
    name, msg_type = kind
    maker, rng = MAKERS[name], random.Random(seed)
    faulty = fault(maker, maker.rows(msg_type, rng, fill=fill), rng)
    if faulty is None:
        return
    rows, reason, tag = faulty
    judged = DICTIONARIES[name].validate(decode(maker.frame(rows)))
    assert judged is not None
    assert (judged.reason, judged.ref_tag) == (reason, tag)


def read(way: Callable[[bytes], Message], text: bytes) -> tuple[Message | None, str]:
    """By one way: the message, if there is one, and what is wrong with it."""
    try:
        return way(text), ""
    except CodecError as error:
        return error.message, str(error)


@settings(max_examples=150)
@given(st.sampled_from(KINDS), SEEDS, st.integers(0, 3))
def test_a_form_that_is_known_by_heart_is_judged_like_any_other(
    kind: tuple[str, str], seed: int, rounds: int
) -> None:
    name, msg_type = kind
    maker, judge = MAKERS[name], DICTIONARIES[name]
    long_way = Dictionary(maker.spec, Rules())
    text = maker.frame(maker.rows(msg_type, random.Random(seed), fill=0.1))
    for _ in range(SEEN_MIN + 1):
        judge.validate(judge.decode(text))
    changed = mutated(frame, text, seed, rounds=rounds, most=8_192)
    fast, why = read(judge.decode, changed)
    slow, because = read(decode, changed)
    assert why == because
    assert (fast is None) == (slow is None)
    if fast and slow:
        assert (fast.pairs, fast.fields) == (slow.pairs, slow.fields)
        assert judge.validate(fast) == long_way.validate(slow)
