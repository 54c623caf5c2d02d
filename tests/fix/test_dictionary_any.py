"""Whatever becomes of a sound message, the dictionary says None or a fault, and soon."""

from __future__ import annotations

import time
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.fix.codec import CodecError, Message, decode
from router.fix.dictionary import REASONS, Dictionary, Fault, Rules, dictionary
from router.fix.specification import Member, MessageType, specification
from router.fix.versions import VERSIONS, Version
from tests.fix.wire import framed

SAMPLES = {
    "BOOLEAN": "Y",
    "CURRENCY": "USD",
    "COUNTRY": "US",
    "DATA": "x",
    "DAYOFMONTH": "5",
    "LANGUAGE": "en",
    "LENGTH": "1",
    "LOCALMKTDATE": "20260105",
    "LOCALMKTTIME": "14:30:00",
    "MONTHYEAR": "202601",
    "TZTIMEONLY": "14:30Z",
    "TZTIMESTAMP": "20260105-14:30Z",
    "UTCDATE": "20260105",
    "UTCDATEONLY": "20260105",
    "UTCTIMEONLY": "14:30:00",
    "UTCTIMESTAMP": "20260105-14:30:00",
    "XMLDATA": "x",
}
"""A value of each type that `1` is none of."""
RULES = [Rules(), Rules(False, False, False, True, False)]
Pairs = list[tuple[str, str]]


@cache
def judge(version: Version, rules: Rules) -> Dictionary:
    return dictionary(version, rules)


def value(version: Version, tag: str, msg_type: str) -> str:
    field = specification(version).fields[tag]
    if tag == "35":
        return msg_type
    if tag == "1128":
        return version.appl_ver_id
    return next(iter(field.values), SAMPLES.get(field.type, "1"))


def filled(version: Version, members: tuple[Member, ...], msg_type: str, depth: int) -> Pairs:
    """Every member with a value, groups with two entries each, down to a depth."""
    pairs: Pairs = []
    for each in members:
        if each.tag in ("8", "9", "35", "10"):
            continue
        if not each.members:
            pairs.append((each.tag, value(version, each.tag, msg_type)))
        elif depth > 0 or specification(version).fields[each.tag].values:
            entry = filled(version, each.members, msg_type, depth - 1)
            pairs += [(each.tag, "2"), *entry, *entry]
        else:
            pairs.append((each.tag, "0"))
    return pairs


def served(version: Version) -> list[MessageType]:
    return [each for each in specification(version).messages.values() if each.served]


def made(version: Version, msg_type: str, pairs: Pairs) -> Message:
    """A message of fields, as the codec would hand it over."""
    whole = [("8", version.begin_string), ("9", "1"), ("35", msg_type), *pairs, ("10", "000")]
    tags, values = [tag for tag, _ in whole], [value for _, value in whole]
    fields = dict(zip(tags[::-1], values[::-1], strict=True))
    return Message(msg_type, fields, tags, values)


def sound(version: Version, kind: MessageType, depth: int = 1) -> Pairs:
    spec = specification(version)
    return [
        pair
        for members in (spec.header, kind.members, spec.trailer)
        for pair in filled(version, members, kind.msg_type, depth)
    ]


@pytest.mark.parametrize(
    ("version", "msg_type"),
    [(version, each.msg_type) for version in VERSIONS for each in served(version)],
)
def test_a_message_of_everything_that_it_may_hold_is_sound(version: Version, msg_type: str) -> None:
    kind = specification(version).messages[msg_type]
    for depth in (0, 1):
        message = made(version, msg_type, sound(version, kind, depth))
        for rules in RULES:
            assert judge(version, rules).validate(message) is None


TAGS = st.one_of(
    st.integers(-2, 60_000).map(str),
    st.sampled_from(["35", "8", "9", "10", "34", "78", "79", "453", "448", "802", "523", "146"]),
)
VALUES = st.one_of(
    st.sampled_from(["", "0", "1", "2", "-1", "9" * 30, "Y", "A B", "20260105-14:30:00", "²"]),
    st.text(st.characters(max_codepoint=255, exclude_characters="\x01"), max_size=12),
)


@given(data=st.data())
@pytest.mark.parametrize("version", VERSIONS, ids=lambda each: each.name)
def test_any_change_of_a_sound_message_is_judged(version: Version, data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(served(version)))
    pairs = sound(version, kind)[:80]
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(pairs)))
        match data.draw(st.integers(0, 4)):
            case 0:
                pairs.insert(at, (data.draw(TAGS), data.draw(VALUES)))
            case 1:
                del pairs[at : at + data.draw(st.integers(1, 3))]
            case 2:
                pairs[at:at] = pairs[at : at + data.draw(st.integers(1, 5))]
            case 3 if at < len(pairs):
                pairs[at] = (pairs[at][0], data.draw(VALUES))
            case _:
                pairs[at:] = data.draw(st.permutations(pairs[at : at + 4])) + pairs[at + 4 :]
    msg_type = data.draw(st.sampled_from([kind.msg_type, "", "*", "B", "zz"]))
    message = made(version, msg_type, pairs)
    for rules in RULES:
        found = judge(version, rules).validate(message)
        assert found is None or found.reason in REASONS
        assert found is None or found.ref_tag in {*message.tags, *specification(version).fields}
        judge(version, rules).conditional(message)


@given(body=st.binary(max_size=200))
def test_any_frame_that_decodes_is_judged(body: bytes) -> None:
    text = body.decode("latin-1").replace("|", "\x01")
    try:
        message = decode(framed(f"35=D|34=1|{text}|"))
    except CodecError as error:
        if error.message is None:
            return
        message = error.message
    for version in VERSIONS:
        found = judge(version, RULES[0]).validate(message)
        assert isinstance(found, Fault)


@pytest.mark.parametrize("version", VERSIONS, ids=lambda each: each.name)
def test_no_message_takes_long(version: Version) -> None:
    """The longest that the codec lets in, made of whatever the judge has to look at longest."""
    entries = [("78", "300"), *([("79", "A"), ("80", "1")] * 300)]
    head = [("34", "1"), ("49", "O"), ("52", "20260105-14:30:00"), ("56", "S"), ("11", "A")]
    head += [("21", "1"), ("55", "B"), ("54", "1"), ("60", "20260105-14:30:00"), ("40", "1")]
    several = [("18", " ".join("1" * 30_000))]
    number = [("44", "1" * 60_000), ("99", "-" + "0" * 60_000 + ".")]
    unknown = [(str(tag), "x") for tag in range(5_000, 5_900)]
    open_groups = [(tag, "1") for tag in ("453", "78", "386", "802") for _ in range(200)]
    start = time.process_time()
    for pairs in (entries, several, number, unknown, open_groups):
        message = made(version, "D", head + pairs)
        for rules in RULES:
            judge(version, rules).validate(message)
    assert time.process_time() - start < 0.5
