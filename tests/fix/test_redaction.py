"""What is journaled and shown of a Logon: secrets are stars, the rest is as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.fix.codec import decode
from router.fix.framing import Framer
from router.fix.redaction import redact
from tests.fix.wire import framed, pipes

HEAD = "35=A|34=1|49=OMS|52=20260105-14:30:00.000|56=SLUICE|98=0|108=30|"


def hidden(fields: str) -> str:
    """The body of the redacted frame, which must be sound and as long as before."""
    frame = framed(fields)
    safe = redact(frame)
    assert len(safe) == len(frame)
    assert Framer().feed(safe) == [safe], "BodyLength and CheckSum hold"
    [text] = pipes(safe)
    return text.split("|", 2)[2].rpartition("10=")[0]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("553=trader|554=hunter2|", "553=trader|554=*******|"),
        ("554=hunter2|925=correct horse|141=Y|", "554=*******|925=*************|141=Y|"),
        ("95=5|96=a|b=c|141=Y|", "95=5|96=*****|141=Y|"),
        ("1400=1|1401=3|1402=x|y|1403=2|1404=zz|", "1400=1|1401=3|1402=***|1403=2|1404=**|"),
        ("554=|", "554=|"),
        ("554=*|", "554=*|"),
    ],
)
def test_secrets_become_stars(fields: str, expected: str) -> None:
    assert hidden(HEAD + fields) == HEAD + expected


def test_a_secret_may_look_like_other_fields() -> None:
    fields = HEAD + "95=17|96=|554=abc|10=000|x|141=Y|"
    assert hidden(fields) == HEAD + "95=17|96=" + "*" * 17 + "|141=Y|"


@pytest.mark.parametrize("length", ["3", "40", "-1", "x", ""])
def test_a_length_that_lies_hides_the_rest_of_the_message(length: str) -> None:
    assert "secret" not in hidden(f"{HEAD}95={length}|96=se|secret|141=Y|")


def test_data_without_its_length_hides_the_rest_of_the_message() -> None:
    assert hidden(HEAD + "96=se|secret|") == HEAD + "96=*********|"


def test_raw_data_elsewhere_is_no_secret() -> None:
    news = "35=B|34=2|148=news|95=3|96=a|b|"
    assert hidden(news) == news


@pytest.mark.parametrize("raw", ["96=x|", "95=9|96=x|", "95=x|96=x|"])
def test_raw_data_that_is_no_secret_hides_and_shows_nothing_behind_it(raw: str) -> None:
    news = f"35=B|34=2|148=news|{raw}554=%s|58=text|"
    assert hidden(news % "hunter2") == news % "*******"


def test_a_password_is_secret_in_any_message() -> None:
    assert hidden("35=BE|34=2|923=1|924=1|553=me|554=pw|95=2|96=xy|") == (
        "35=BE|34=2|923=1|924=1|553=me|554=**|95=2|96=**|"
    )


def test_a_frame_without_secrets_comes_back_as_it_is() -> None:
    frame = framed(HEAD)
    assert redact(frame) is frame


@pytest.mark.parametrize("text", [b"\x01554=abc", b"35=A\x01554=abc\x0110=0", b"\x01554=abc\x01"])
def test_what_is_no_frame_is_hidden_too(text: bytes) -> None:
    assert b"abc" not in redact(text)
    assert len(redact(text)) == len(text)


values = st.text(st.characters(max_codepoint=255, exclude_characters="\x01"), min_size=1)
data = st.text(st.characters(max_codepoint=255), min_size=1, max_size=30)


@given(values, values, data)
def test_nothing_of_a_secret_is_left_and_nothing_else_is_lost(
    username: str, password: str, raw: str
) -> None:
    body = HEAD.replace("|", "\x01")
    body += f"553={username}\x01554={password}\x0195={len(raw)}\x0196={raw}\x01141=Y\x01"
    frame = _frame(body)
    safe = redact(frame)
    message, before = decode(safe), decode(frame)
    assert message.tags == before.tags
    assert message.get("554") == "*" * len(password)
    assert message.get("96") == "*" * len(raw)
    secret = {"554", "96", "10"}
    assert [each for each in message.pairs if each[0] not in secret] == [
        each for each in before.pairs if each[0] not in secret
    ]
    assert redact(safe) == safe


def _frame(body: str) -> bytes:
    text = body.encode("latin-1")
    head = f"8=FIX.4.4\x019={len(text)}\x01".encode() + text
    return head + f"10={sum(head) % 256:03d}\x01".encode()


@given(st.binary(max_size=200))
def test_any_bytes_keep_their_length(text: bytes) -> None:
    marked = text + b"\x01554=" + text
    assert len(redact(marked)) == len(marked)
