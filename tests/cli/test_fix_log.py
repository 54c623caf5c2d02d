"""Where FIX messages begin and end in captures, logs and what somebody pasted."""

from __future__ import annotations

import pytest

from router.analysis.fix_log import Found, Unread, find
from router.analysis.masking import mask_junk

# From fix.md 4.1: BodyLength(9) and CheckSum(10) are right.
TEST_REQUEST = (
    b"8=FIX.4.4\x019=61\x0135=2\x0134=2\x0149=SLUICE\x0152=20260105-14:30:00.000\x0156=OMS\x01"
    b"7=1\x0116=0\x0110=237\x01"
)
FILL = b"8=FIX.4.4\x019=5\x0135=0\x0110=163\x01"


def found(text: bytes) -> list[Found]:
    return list(find([text]))


@pytest.mark.parametrize("separator", [b"\x01", b"|", b"^A"])
def test_the_separator_may_be_soh_or_one_of_two_that_stand_for_it(separator: bytes) -> None:
    text = TEST_REQUEST.replace(b"\x01", separator)
    assert found(b"14:30:00 INFO out: " + text + b"\n") == [
        Found(1, "14:30:00 INFO out:", TEST_REQUEST)
    ]


@pytest.mark.parametrize("separator", [b"|", b"^A", b"\x01"])
def test_the_last_separator_may_be_missing_and_words_may_follow(separator: bytes) -> None:
    text = TEST_REQUEST.replace(b"\x01", separator).removesuffix(separator)
    assert found(text + b"  [sent]\n" + text + b"\n") == [
        Found(1, "", TEST_REQUEST),
        Found(2, "", TEST_REQUEST),
    ]


def test_a_capture_without_line_ends_is_cut_by_body_length() -> None:
    assert [each.frame for each in found(FILL + TEST_REQUEST + FILL)] == [FILL, TEST_REQUEST, FILL]


def test_however_the_bytes_come_the_same_messages_are_found() -> None:
    data = b"a\n" + FILL + b"\nlog " + TEST_REQUEST + b"\n" + FILL
    whole = found(data)
    assert [(each.line, each.prefix) for each in whole] == [(2, ""), (3, "log"), (4, "")]
    for size in (1, 2, 7, 40):
        pieces = [data[at : at + size] for at in range(0, len(data), size)]
        assert list(find(pieces)) == whole


@pytest.mark.parametrize("before", [b"", b"14:30:00.123 INFO > "])
@pytest.mark.parametrize("separator", [b"\x01", b"|", b"^A"])
@pytest.mark.parametrize("after", [b"\n", b""])
def test_nothing_is_lost_between_pieces_of_a_long_text(
    before: bytes, separator: bytes, after: bytes
) -> None:
    one = before + TEST_REQUEST.replace(b"\x01", separator) + after
    data = one * 1500
    for size in (1_000, 65_536, 65_537):
        pieces = [data[at : at + size] for at in range(0, len(data), size)]
        frames = list(find(pieces))
        assert len(frames) == 1500
        assert {each.frame for each in frames} == {TEST_REQUEST}
        assert {each.prefix for each in frames} == {before.decode().strip()}


def test_a_data_field_may_hold_line_ends_and_separators() -> None:
    body = b"35=B\x0195=12\x0196=a\nb\x018=FIX|=c\x01"
    frame = b"8=FIX.4.4\x019=%d\x01" % len(body) + body
    frame += b"10=%03d\x01" % (sum(frame) % 256)
    assert found(b"x " + frame + b"\n" + FILL) == [Found(1, "x", frame), Found(3, "", FILL)]


def test_a_bar_inside_a_value_belongs_to_the_value() -> None:
    [one] = found(b"8=FIX.4.4|9=30|35=5|58=a|b and c|10=000|\n")
    assert one.frame == b"8=FIX.4.4\x019=30\x0135=5\x0158=a|b and c\x0110=000\x01"


@pytest.mark.parametrize("length", [b"9=4", b"9=60", b"9=999999999999", b"4garbled9=5"])
def test_a_wrong_body_length_swallows_no_other_message(length: bytes) -> None:
    broken = FILL.replace(b"9=5", length)
    assert [each.frame for each in found(broken + TEST_REQUEST)] == [broken, TEST_REQUEST]
    lines = (broken + b"\n" + TEST_REQUEST).replace(b"\x01", b"|")
    assert [each.frame for each in found(lines)] == [broken, TEST_REQUEST]


def test_a_message_that_is_cut_short_ends_with_its_line() -> None:
    cut = TEST_REQUEST[:40]
    assert [each.frame for each in found(cut + b"\nwords\n" + FILL)] == [cut + b"\x01", FILL]


@pytest.mark.parametrize("junk", [b"4garbled9=AA\x01", b"\x00\xff\x13", b"35=D|55=ACME|10=000|"])
def test_what_is_no_message_is_handed_on_and_not_hidden(junk: bytes) -> None:
    assert found(junk + b"\n" + FILL + b"\n") == [Found(1, "", b"", junk), Found(2, "", FILL)]
    assert found(junk + FILL) == [Found(1, "", b"", junk), Found(1, "", FILL)]


def test_a_logs_own_lines_are_counted() -> None:
    unread = Unread()
    text = "10:00 started\n\n\x1b[32mgreen\x1b[0m\n  \nprice = 5, größer\n".encode() + FILL
    assert [each.frame for each in find([text], unread)] == [FILL]
    assert unread.lines == 3


@pytest.mark.parametrize(
    ("junk", "shown"),
    [
        (b"35=A|553=u|554=secret|10=1", b"35=A|553=u|554=***|10=1"),
        (b"96=secret^A98=0", b"96=***^A98=0"),
        (b"\x01925=secret\x01", b"\x01925=***\x01"),
        (b"1554=open|55=ACME", b"1554=open|55=ACME"),
    ],
)
def test_secrets_in_junk_are_masked(junk: bytes, shown: bytes) -> None:
    assert mask_junk(junk) == shown
