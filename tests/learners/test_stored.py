"""A learner's state as bytes: back bit by bit, or refused with what is wrong and where."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from router.learners._stored import (
    HEADER,
    Identity,
    StoredStateError,
    from_bytes,
    inspect,
    to_bytes,
)
from router.learners.hazard import Hazard
from router.learners.static import Static
from router.ports import Arrays, Lesson, Markout, ScoreRequest

D = 3
LESSONS = 30
IDENTITY = Identity('hazard{"kappa":0.1}', feature_version=1, dimensions=D)
ARM = "LIT_A/lit_take"


def rng(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=seed))


def taught(learner: Hazard, count: int, state: Arrays | None = None) -> Arrays:
    state, draw = state or learner.initial(D), rng(count)
    for i in range(count):
        x = draw.standard_normal(D)
        learner.learn(state, Lesson(("ONE", "TWO")[i % 2], ARM, x, 8, i % 9, 0, "observed", None))
        learner.mark(state, Markout(ARM, x, 8, i % 3, float(draw.standard_normal()), 0.0))
    return state


def read(data: bytes, identity: Identity = IDENTITY) -> Arrays:
    return from_bytes(data, identity, Hazard().shape).arrays


def same(one: Arrays, other: Arrays) -> bool:
    """Bit by bit: the sign of a zero counts."""
    return {name: (a.shape, a.tobytes()) for name, a in one.items()} == {
        name: (a.shape, a.tobytes()) for name, a in other.items()
    }


def test_a_state_comes_back_bit_by_bit_and_goes_on_as_if_it_had_not_been_away() -> None:
    learner = Hazard()
    state = taught(learner, 30)
    state[f"alpha/{ARM}"][0] = -0.0
    state[f"alpha/{ARM}"][1] = np.nextafter(1.0, 2.0)
    again = read(to_bytes(state, IDENTITY, LESSONS))
    assert same(again, state)
    zero = np.zeros(1)
    request = ScoreRequest("ONE", (ARM,), np.ones((1, D)), zero, zero, 8, 1.0, 1.0)
    first, second = (learner.score(each, request, rng(1)) for each in (state, again))
    assert np.array_equal(first.tails, second.tails)
    assert same(taught(learner, 10, again), taught(learner, 10, state))


def test_equal_states_are_equal_bytes_whatever_the_order_of_their_arrays() -> None:
    state = taught(Hazard(), 10)
    backwards = dict(reversed(state.items()))
    assert to_bytes(state, IDENTITY, LESSONS) == to_bytes(backwards, IDENTITY, LESSONS)


def test_numpy_reads_it_without_pickle() -> None:
    state = taught(Hazard(), 5)
    with np.load(io.BytesIO(to_bytes(state, IDENTITY, LESSONS)), allow_pickle=False) as stored:
        assert sorted(stored.files) == sorted([HEADER, *state])
        assert np.array_equal(stored[f"own/ONE/{ARM}"], state[f"own/ONE/{ARM}"])


def test_a_learner_without_state_keeps_nothing() -> None:
    identity = Identity("static", 1, D)
    assert from_bytes(to_bytes({}, identity, LESSONS), identity, Static().shape).arrays == {}


@pytest.mark.parametrize(
    ("identity", "told"),
    [
        (replace(IDENTITY, learner="hazard"), r"learner is 'hazard\{.*; allowed: 'hazard'"),
        (replace(IDENTITY, feature_version=2), "feature_version is 1; allowed: 2"),
        (replace(IDENTITY, dimensions=4), "dimensions is 3; allowed: 4"),
    ],
)
def test_the_state_of_another_learner_or_of_other_features_is_refused(
    identity: Identity, told: str
) -> None:
    data = to_bytes(taught(Hazard(), 5), IDENTITY, LESSONS)
    with pytest.raises(StoredStateError, match=told):
        read(data, identity)


def forged(change: Callable[[dict[str, np.ndarray]], None]) -> bytes:
    """What somebody else may have written: the members changed, the header as it was."""
    with np.load(io.BytesIO(to_bytes(taught(Hazard(), 5), IDENTITY, LESSONS))) as stored:
        members = {name: stored[name] for name in stored.files}
    change(members)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=True, **members)
    return buffer.getvalue()


def headed(**changes: object) -> bytes:
    def change(members: dict[str, np.ndarray]) -> None:
        header = {**json.loads(members[HEADER].tobytes()), **changes}
        members[HEADER] = np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)

    return forged(change)


def put(name: str, array: np.ndarray) -> Callable[[dict[str, np.ndarray]], None]:
    return lambda members: members.update({name: array})


class Trap:
    """Whoever unpickles one runs what it says."""

    def __reduce__(self) -> tuple[Callable[..., None], tuple[str]]:
        return pytest.fail, ("a pickle was loaded",)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (put("clock", np.zeros(2)), r"'clock' has shape \(2,\); allowed: \(1,\)"),
        (put(f"alpha/{ARM}", np.zeros(11)), r"has shape \(11,\); allowed: \(12,\)"),
        (put("clock", np.array([np.nan])), r"'clock' is not finite at \(0,\)"),
        (put("market", np.full((3, 2), np.inf)), r"'market' is not finite at \(0, 0\)"),
        (put("clock", np.zeros(1, dtype=np.float32)), "'clock' is of float32; allowed: float64"),
        (put("mood/x", np.zeros(1)), "'mood/x': hazard.* keeps no such array"),
        (put("clock", np.array([4.0])), "sha256 is"),
        (lambda members: members.pop("clock"), "sha256 is"),
        (lambda members: members.pop(HEADER), "'header.json' is missing"),
        (put(HEADER, np.zeros(3, dtype=np.uint8)), "'header.json' is not JSON"),
        (put("clock", np.array([{"a": 1}], dtype=object)), "plain arrays"),
        (put("clock", np.array([Trap()], dtype=object)), "plain arrays"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(
    change: Callable[[dict[str, np.ndarray]], None], told: str
) -> None:
    with pytest.raises(StoredStateError, match=told):
        read(forged(change))


def test_another_format_or_an_unknown_key_is_refused() -> None:
    with pytest.raises(StoredStateError, match="format is 2; allowed: 1"):
        read(headed(format=2))
    with pytest.raises(StoredStateError, match=r"header has the keys .*'mood'"):
        read(headed(mood="good"))
    with pytest.raises(StoredStateError, match="sha256 is 'x'"):
        read(headed(sha256="x"))


@pytest.mark.parametrize(
    ("lessons", "told"),
    [
        (29, "sha256 is"),  # nobody adds to a learner's experience
        (0, "lessons is 0; allowed: 1 to"),
        (1 << 60, "allowed: 1 to 9007199254740992"),
        (30.0, "lessons is 30.0; allowed: one of type int"),
        (True, "lessons is True; allowed: one of type int"),
    ],
)
def test_the_count_of_lessons_is_part_of_what_is_believed(lessons: object, told: str) -> None:
    with pytest.raises(StoredStateError, match=told):
        read(headed(lessons=lessons))


def test_a_member_that_is_no_array_is_refused() -> None:
    buffer = io.BytesIO(to_bytes(taught(Hazard(), 5), IDENTITY, LESSONS))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("clock2", b"cposix\nsystem\n")
    with pytest.raises(StoredStateError, match="'clock2' is no array"):
        read(buffer.getvalue())


def test_whatever_learner_it_is_of_can_be_looked_at() -> None:
    state = taught(Hazard(), 5)
    found = inspect(to_bytes(state, IDENTITY, LESSONS))
    assert (found.identity, found.lessons) == (IDENTITY, LESSONS)
    assert same(found.arrays, state)
    with pytest.raises(StoredStateError, match="sha256 is"):
        inspect(forged(put("clock", np.array([4.0]))))


def test_damage_anywhere_is_refused() -> None:
    data = to_bytes(taught(Hazard(), 5), IDENTITY, LESSONS)
    with pytest.raises(StoredStateError):
        read(b"")
    for at in range(0, len(data), 97):
        with pytest.raises(StoredStateError):
            read(data[:at])
    harmless = 0
    whole = read(data)
    for at in range(0, len(data), 41):
        broken = bytearray(data)
        broken[at] ^= 0x10
        try:
            harmless += same(read(bytes(broken)), whole)
        except StoredStateError:
            continue
    assert harmless < len(data) // 41 / 2  # bytes of the zip that carry nothing, such as dates


def many_features() -> Arrays:
    """With a member above 4 KiB: so much of one is unpacked before its CRC is known."""
    learner = Hazard()
    state, draw = learner.initial(16), rng(1)
    for i in range(3):
        x = draw.standard_normal(16)
        learner.learn(state, Lesson("ONE", ARM, x, 8, i, 0, "observed", None))
    assert state[f"precision/{ARM}"].nbytes > 4096
    return state


def test_a_turned_bit_in_the_header_of_a_large_array_is_refused() -> None:
    data = to_bytes(many_features(), replace(IDENTITY, dimensions=16), LESSONS)
    begin = data.index(b"\x93NUMPY", data.index(f"precision/{ARM}.npy".encode()))
    for at in range(begin, data.index(b"\n", begin)):
        for bit in range(8):
            broken = bytearray(data)
            broken[at] ^= 1 << bit
            with pytest.raises(StoredStateError, match="not a whole npz of plain arrays: "):
                inspect(bytes(broken))


WRITTEN = "{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}"


@pytest.mark.parametrize(
    "header",
    [
        WRITTEN.replace("}", "="),  # a TokenError
        WRITTEN.replace("(1,)", "(1000000000000000000000,)"),  # an OverflowError
        WRITTEN.replace("(1,)", "(1000000000000000,)"),
        WRITTEN.replace("(1,)", "(-1,)"),
        WRITTEN.replace("(1,)", "(1L,)x"),
        WRITTEN.replace("'<f8'", "[('a', '<f8', 'x')]"),
        WRITTEN.replace("'<f8'", "[('a',)]"),
        WRITTEN.replace("'descr'", "['descr']"),
        "(" * 150,
        "{" * 3000,
        "-" * 9000 + "1",
        "\x00",
        "",
    ],
)
def test_a_header_that_is_none_is_refused_though_its_crc_is_right(header: str) -> None:
    raw = header.encode()
    member = b"\x93NUMPY\x01\x00" + len(raw).to_bytes(2, "little") + raw + bytes(5000)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("clock.npy", member)
    with pytest.raises(StoredStateError, match=r"not a whole npz of plain arrays: ."):
        inspect(buffer.getvalue())


def test_what_could_not_be_read_again_is_not_written() -> None:
    state = taught(Hazard(), 5)
    state[f"alpha/{ARM}"][2] = np.inf
    with pytest.raises(StoredStateError, match=r"'alpha/LIT_A/lit_take' is not finite at \(2,\)"):
        to_bytes(state, IDENTITY, LESSONS)
