"""The codec on mutated frames: taken exactly if the wire's law finds nothing wrong with them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from router.fix.codec import DATA_LENGTHS
from router.fix.specification import every_member, specification
from router.fix.versions import VERSIONS, Version
from tests.fix.wire import raw
from tests.fuzz import law, seeds
from tests.fuzz.cost import Meter
from tests.fuzz.mutate import frame, mutated
from tests.fuzz.streams import check_frame, check_message

FRAMES = [each for each in seeds.frames() if len(each) < 2_000]


@settings(max_examples=600)
@given(st.sampled_from(FRAMES), st.integers(0, 2**32), st.integers(0, 4))
def test_a_frame_is_taken_exactly_if_nothing_is_wrong_with_it(
    seed: bytes, choice: int, rounds: int
) -> None:
    check_message(mutated(frame, seed, choice, rounds=rounds, most=4_096), Meter().timed)


@pytest.mark.parametrize("text", seeds.frames(), ids=lambda text: f"{len(text)} bytes")
def test_the_seeds_are_judged_alike(text: bytes) -> None:
    check_frame(text)


@given(st.lists(st.binary(max_size=12), max_size=6), st.booleans())
@example([b"58=x", b"95=3", b"96=a\x01b"], False)
@example([b"95=", b"96="], False)
@example([b"95=0", b"96="], False)
@example([b"1184=3", b"1185=\x01\x01\x01"], True)
def test_any_fields_do(parts: list[bytes], fixt: bool) -> None:
    body = b"35=D\x01" + b"".join(part + b"\x01" for part in parts)
    check_frame(law.frame(b"FIXT.1.1" if fixt else b"FIX.4.4", body))


@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        ("8=FIX.4.4|9=5|35=0|10=163|", set()),
        ("8=FIX.4.4|9=5|35=0|10=164|", {"checksum"}),
        ("8=FIX.4.4|9=5|35=0|10=63|", {"length", "checksum"}),
        ("8=FIX.4.4|9=6|35=0|10=164|", {"length"}),
        ("8=FIX.4.4|9=-5|35=0|10=208|", {"length"}),
        ("8=FIX.4.4|35=0|9=5|10=163|", {"first three"}),
        ("9=5|8=FIX.4.4|35=0|10=163|", {"first three"}),
        ("8=FIX.4.4|9=9|35=0|x=1|10=142|", {"tag"}),
        ("8=FIX.4.4|9=10|35=0|05=1|10=163|", {"tag"}),
        ("8=FIX.4.4|9=9|35=0|abc|10=206|", {"tag"}),
        ("8=FIXXXXXXXXXXXXX|9=5|35=0|10=255|", {"cap"}),
    ],
)
def test_the_law_names_what_is_wrong(text: str, reasons: set[str]) -> None:
    assert law.faults(raw(text)) == reasons


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_every_data_field_of_a_version_follows_its_length(version: Version) -> None:
    spec = specification(version)
    pairs: dict[str, str] = {}
    for message in spec.messages.values():
        members = [*every_member((*spec.header, *message.members, *spec.trailer))]
        for length, data in pairwise(members):
            if spec.fields[data.tag].type in ("DATA", "XMLDATA"):
                pairs[length.tag] = data.tag
    assert pairs
    assert all(spec.fields[tag].type == "LENGTH" for tag in pairs)
    assert {tag: DATA_LENGTHS.get(tag) for tag in pairs} == pairs
    assert {tag: law.DATA_OF[tag.encode()].decode() for tag in pairs} == pairs
