"""Decoding, encoding and field texts; simplefix is the independent oracle."""

from __future__ import annotations

import random

import pytest
import simplefix
from hypothesis import given
from hypothesis import strategies as st
from simplefix.data import RAW_DATA_TAGS, RAW_LEN_TAGS

from router.fix.codec import (
    DATA_LENGTHS,
    FIELDS_MAX,
    CodecError,
    decode,
    encode,
    field_text,
    px_text,
    px_value,
    qty_value,
    safe_text,
    time_text,
    time_value,
)
from router.fix.framing import Framer
from router.model import PX_MAX, QTY_MAX
from tests.fix.wire import T0, framed, raw, said


def fields(text: str) -> list[tuple[str, str]]:
    pairs = (each.partition("=") for each in text.rstrip("|").split("|"))
    return [(tag, value) for tag, _, value in pairs]


def test_a_message_is_its_fields_in_order() -> None:
    message = decode(said("35=D|34=4|11=A|55=BAC|54=1|38=100|40=2|44=13.9|"))
    assert message.msg_type == "D"
    assert message.pairs[2:] == fields(
        "35=D|34=4|49=OMS|52=20260105-14:30:00.000|56=SLUICE|11=A|55=BAC|54=1|38=100|40=2|44=13.9|"
        + message.pairs[-1][0]
        + "="
        + message.pairs[-1][1]
    )
    assert message.get("44") == "13.9"
    assert message.get("99") == ""
    assert message.get("99", "none") == "none"


@pytest.mark.parametrize(
    "body",
    [
        "848=name=value;other=2|",
        "58=a=b=c|",
        "58=|",
        "95=5|96=a|b=c|",
        "95=5|96=a|5=c|",
        "354=3|355=|=||",
        "348=1|349=é|",
        "93=3|89=1|2|",
        "12345=HI|",
        "123456789=HI|",
        "58=ü ÿ |",
    ],
)
def test_values_may_hold_equals_and_data_values_soh(body: str) -> None:
    tag, _, value = body.rpartition("|")[0].rpartition("|")[2].partition("=")
    if body.startswith(tuple(f"{length}=" for length in DATA_LENGTHS)):
        start = body.index("|") + 1
        tag, _, value = body[start:-1].partition("=")
    message = decode(framed("35=0|34=1|" + body + "112=Z|"))
    assert message.get(tag) == value.replace("|", "\x01")
    assert message.get("112") == "Z"


@pytest.mark.parametrize(
    ("body", "ref_tag"),
    [("-1=HI|", "-1"), ("0=HI|", "0"), ("034=HI|", "034"), ("1=A|-5=|00=x|", "-5")],
)
def test_a_wrong_tag_number_can_be_answered(body: str, ref_tag: str) -> None:
    with pytest.raises(CodecError) as caught:
        decode(framed("35=0|34=1|" + body))
    assert caught.value.ref_tag == ref_tag
    assert caught.value.message is not None
    assert caught.value.message.get("34") == "1"
    assert not caught.value.hostile


@pytest.mark.parametrize(
    "body",
    [
        "4garbled9=1|",
        "=1|",
        "58=a=99|foo|",
        "foo|",
        "58=a|b|",
        "1234567890=1|",
        "+5=1|",
        "5 =1|",
        "²=1|",
        "--5=1|",
        "58=x||",
    ],
)
def test_garbled_fields_leave_no_message(body: str) -> None:
    with pytest.raises(CodecError) as caught:
        decode(framed("35=0|34=1|" + body))
    assert caught.value.message is None
    assert not caught.value.hostile


@pytest.mark.parametrize(
    "body", ["95=4|96=abc|", "95=2|96=abc|", "95=-5|96=abc|", "95=|96=a|", "95=1.5|96=|"]
)
def test_a_data_length_that_lies_is_hostile(body: str) -> None:
    with pytest.raises(CodecError) as caught:
        decode(framed("35=0|34=1|" + body))
    assert caught.value.hostile


@pytest.mark.parametrize("field", ["58=x|", "58=x=y|"])
def test_endless_fields_are_hostile(field: str) -> None:
    most = framed("35=0|" + field * (FIELDS_MAX - 4))
    assert len(decode(most).pairs) == FIELDS_MAX
    with pytest.raises(CodecError) as caught:
        decode(framed("35=0|" + field * (FIELDS_MAX - 3)))
    assert caught.value.hostile


def test_the_first_of_a_repeated_tag_is_kept() -> None:
    message = decode(framed("35=D|34=1|40=1|40=2|58=x=|40=3|"))
    assert message.get("40") == "1"
    assert [value for tag, value in message.pairs if tag == "40"] == ["1", "2", "3"]
    plain = decode(framed("35=D|34=1|40=1|40=2|35=8|"))
    assert (plain.msg_type, plain.get("35"), plain.get("40")) == ("D", "D", "1")


def test_groups_are_entries() -> None:
    book = decode(
        framed("35=W|34=1|55=BAC|268=3|269=0|270=13.9|271=5|269=1|270=13.91|269=2|271=7|")
    )
    assert book.group("268") == [
        {"269": "0", "270": "13.9", "271": "5"},
        {"269": "1", "270": "13.91"},
        {"269": "2", "271": "7"},
    ]
    assert book.group("453") == []


def test_the_last_entry_ends_at_the_first_tag_that_is_no_member() -> None:
    order = decode(
        framed("35=D|453=2|448=A|447=D|452=3|448=B|447=D|452=1|802=1|523=x|803=2|55=BAC|54=1|")
    )
    assert order.group("453") == [
        {"448": "A", "447": "D", "452": "3"},
        {"448": "B", "447": "D", "452": "1", "802": "1", "523": "x", "803": "2"},
    ]
    unknown = decode(framed("35=D|9001=2|9002=a|9003=b|9002=c|55=BAC|"))
    assert unknown.group("9001") == [{"9002": "a", "9003": "b"}, {"9002": "c", "55": "BAC"}]


@pytest.mark.parametrize("begin_string", ["FIX.4.2", "FIX.4.4", "FIXT.1.1"])
def test_a_tag_that_the_version_does_not_have_stays_with_its_entry(begin_string: str) -> None:
    book = decode(
        framed(
            "35=X|34=1|268=2|279=0|269=0|9730=A|270=1|279=1|270=2|9730=B|262=R|9731=C|",
            begin_string,
        )
    )
    assert book.group("268") == [
        {"279": "0", "269": "0", "9730": "A", "270": "1"},
        {"279": "1", "270": "2", "9730": "B"},
    ]


@pytest.mark.parametrize("count", ["0", "x", "-1", "99999999999"])
def test_a_count_that_counts_nothing_has_no_entries(count: str) -> None:
    assert decode(framed(f"35=W|268={count}|269=0|")).group("268") == []


def test_a_count_larger_than_the_entries_yields_what_is_there() -> None:
    message = decode(framed("35=W|268=9|269=0|270=1|"))
    assert message.group("268") == [{"269": "0", "270": "1"}]


def test_encode_frames_its_fields() -> None:
    header = field_text([("34", "7"), ("49", "OMS"), ("52", time_text(T0)), ("56", "SLUICE")])
    assert encode("FIX.4.4", "0", header, field_text([("112", "Z")])) == said("35=0|34=7|112=Z|")
    assert b"58=\xe9?\x01" in encode("FIX.4.4", "0", "", "58=é€\x01")
    assert Framer().feed(encode("FIX.4.4", "0", "", "58=é€\x01")) != []
    assert safe_text("a\x01b\nc") == "a b c"
    assert safe_text("") == ""


SPECIAL = {8, 9, 10, 35, *RAW_LEN_TAGS, *RAW_DATA_TAGS}
TAGS = st.integers(1, 20_000).filter(lambda tag: tag not in SPECIAL).map(str)
TEXT = st.text(
    st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"),
    min_size=1,
    max_size=20,
)
SIMPLEFIX = {
    str(length): str(data)
    for length, data in zip(RAW_LEN_TAGS, RAW_DATA_TAGS, strict=True)
    if length != data
}
"""The data fields that simplefix knows; 41101 it takes for its own length."""
DATA = st.tuples(
    st.sampled_from(sorted(SIMPLEFIX.keys() & DATA_LENGTHS.keys())),
    st.text(st.characters(min_codepoint=0, max_codepoint=255), min_size=1, max_size=20),
).map(lambda pair: [(pair[0], str(len(pair[1]))), (DATA_LENGTHS[pair[0]], pair[1])])


@given(st.lists(st.one_of(st.tuples(TAGS, TEXT).map(lambda pair: [pair]), DATA), max_size=20))
def test_simplefix_reads_the_same_fields(parts: list[list[tuple[str, str]]]) -> None:
    pairs = [pair for part in parts for pair in part]
    frame = encode("FIX.4.4", "D", "34=1\x01", field_text(pairs))
    assert Framer().feed(frame) == [frame]
    parser = simplefix.FixParser()
    parser.append_buffer(frame)
    theirs = [(int(tag), value) for tag, value in parser.get_message().pairs]
    mine = [(int(tag), value.encode("latin-1")) for tag, value in decode(frame).pairs]
    assert mine == theirs
    assert mine[3] == (34, b"1")
    assert mine[4:-1] == [(int(tag), value.encode("latin-1")) for tag, value in pairs]


@given(st.binary(max_size=80), st.sampled_from([b"35=D\x01", b"35=\x01", b"35=D\x0195=3\x01"]))
def test_whatever_stands_in_a_frame_decode_raises_nothing_but_codec_error(
    body: bytes, start: bytes
) -> None:
    body += b"\x01"
    head = b"8=FIX.4.4\x019=%d\x01%s%s" % (len(start + body), start, body)
    frames = Framer().feed(head + b"10=%03d\x01" % (sum(head) % 256))
    assert len(frames) == 1
    try:
        message = decode(frames[0])
    except CodecError:
        return
    again = b"".join(f"{tag}={value}\x01".encode("latin-1") for tag, value in message.pairs)
    assert again == frames[0]


def test_simplefix_knows_data_fields_as_we_do() -> None:
    both = SIMPLEFIX.keys() & DATA_LENGTHS.keys()
    assert len(both) >= 16
    assert {each: SIMPLEFIX[each] for each in both} == {each: DATA_LENGTHS[each] for each in both}


def test_simplefix_builds_what_we_read() -> None:
    rng = random.Random(7)
    for _ in range(50):
        built = simplefix.FixMessage()
        built.append_pair(8, "FIX.4.4", header=True)
        built.append_pair(35, "8", header=True)
        pairs = [(str(rng.randrange(100, 200)), f"v{rng.random()}") for _ in range(20)]
        for tag, value in pairs:
            built.append_pair(tag, value)
        frame = built.encode()
        assert Framer().feed(frame) == [frame]
        assert [pair for pair in decode(frame).pairs if pair[0] not in ("8", "9", "35", "10")] == (
            pairs
        )


@pytest.mark.parametrize(
    ("px", "text"),
    [
        (1_390_500_000, "13.905"),
        (1_300_000_000, "13"),
        (1, "0.00000001"),
        (0, "0"),
        (-50_000_000, "-0.5"),
        (12_345_678_901_234_567, "123456789.01234567"),
        (10**17, "1000000000"),
        (-(10**17), "-1000000000"),
    ],
)
def test_prices_are_exact(px: int, text: str) -> None:
    assert px_text(px) == text
    assert px_value(text) == px


@given(st.integers(-PX_MAX, PX_MAX))
def test_a_price_survives_its_text(px: int) -> None:
    assert px_value(px_text(px)) == px


@pytest.mark.parametrize(
    ("text", "px"), [("23.", 2_300_000_000), (".5", 50_000_000), ("0013.9000000000", 1_390_000_000)]
)
def test_padded_prices_are_read(text: str, px: int) -> None:
    assert px_value(text) == px


@pytest.mark.parametrize(
    "text",
    ["", ".", "-", "+1", "1e5", "1,5", "13.000000001", "1.2.3", "²", "nan", "1" * 40, " 1", "0x1"],
)
def test_what_is_no_price_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"decimal"):
        px_value(text)


@pytest.mark.parametrize(
    "text", ["1000000000.00000001", "-1000000001", "190000000000", "9" * 24, "-" + "9" * 24]
)
def test_a_price_that_no_record_could_hold_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"beyond 1000000000"):
        px_value(text)


@pytest.mark.parametrize("text", ["10000000001", "10000000001.0", "9" * 24])
def test_a_quantity_that_no_record_could_hold_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"beyond 10000000000"):
        qty_value(text)


@pytest.mark.parametrize(
    ("text", "qty"),
    [
        ("100", 100),
        ("100.00", 100),
        ("002000.00", 2000),
        ("000000000000000000002000", 2000),
        ("10000000000", QTY_MAX),
    ],
)
def test_whole_shares_are_read(text: str, qty: int) -> None:
    assert qty_value(text) == qty


@pytest.mark.parametrize("text", ["100.5", "-1", "+200.00", "", "1e2"])
def test_other_quantities_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"decimal|whole|negative"):
        qty_value(text)


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("20260105-14:30:00", T0),
        ("20260105-14:30:00.123", T0 + 123_000_000),
        ("20260105-14:30:00.123456", T0 + 123_456_000),
        ("20260105-14:30:00.123456789", T0 + 123_456_789),
        ("20260105-14:30:00.123456789999", T0 + 123_456_789),
        ("20260105-14:29:60.000", T0),
        ("19700101-00:00:00", 0),
        ("22620411-23:47:15.999999999", 9_223_372_035_999_999_999),
        ("16770921-00:12:45", -9_223_372_035_000_000_000),
    ],
)
def test_times_of_every_precision_are_read(text: str, ns: int) -> None:
    assert time_value(text) == ns


@pytest.mark.parametrize(
    ("precision", "text"),
    [
        (0, "20260105-14:30:00"),
        (3, "20260105-14:30:00.012"),
        (6, "20260105-14:30:00.012345"),
        (9, "20260105-14:30:00.012345678"),
    ],
)
def test_times_are_cut_to_the_precision(precision: int, text: str) -> None:
    assert time_text(T0 + 12_345_678, precision) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "20260105",
        "20260105-14:30",
        "20260230-14:30:00",
        "20261301-14:30:00",
        "20260105-24:30:00",
        "20260105-14:60:00",
        "20260105-14:30:61",
        "20260105 14:30:00",
        "20260105-14:30:00.",
        "20260105-14:30:00,5",
        "20260105-14:30:00.1234567891234",
        "2026010²-14:30:00",
        "22620411-23:47:16",
        "99991231-23:59:59",
        "16770921-00:12:44",
        "00010101-00:00:00",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"UTCTimestamp|must be in|out of range"):
        time_value(text)


def test_a_frame_without_its_first_fields_is_no_message() -> None:
    for frame in (raw("8=FIX.4.4|9=5|34=1|35=0|10=000|"), raw("8=FIX.4.4|"), b""):
        with pytest.raises(CodecError):
            decode(frame)
