"""What is read by a pattern is what the long way reads and judges, fault for fault."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.fix.codec import CodecError, decode
from router.fix.dictionary import Dictionary, Fault, dictionary
from router.fix.dictionary.formats import PATTERNS
from router.fix.dictionary.shapes import FORMS_MAX, SEEN_MIN, SHAPES_MAX
from router.fix.versions import FIX42, FIX44
from tests.fix.wire import framed

HEAD = "34=2|49=OMS|52=20260105-14:30:00.000|56=SLUICE|"
FORMS = {
    "an order": "35=D|" + HEAD + "11=A|1=X=Y|18=1 G|55=ACME|54=1|60=20260105-14:30:00|38=100|40=1|",
    "one party": "35=D|" + HEAD + "11=A|453=1|448=P|447=D|452=1|55=ACME|54=1|"
    "60=20260105-14:30:00|38=100|40=1|",
    "two parties": "35=D|" + HEAD + "11=A|453=2|448=P|447=D|452=1|448=Q|447=D|452=3|55=ACME|54=1|"
    "60=20260105-14:30:00|38=100|40=1|",
    "a heartbeat": "35=0|" + HEAD,
}
VALUES = ["", "1", "0", "-1", "+1", "01", "2", "3", "X", "1 G", "1  G", "=", "1.", ".5", "1e3", "Y"]
VALUES += ["20260105-14:30:00", "20260231-14:30:00", "20260105-24:00:00", "20260105-14:30:60"]
VALUES += ["20240229-14:30:00.000000", "20260105-14:30:00.1", "9" * 19, "٣", "\x00", "A\nB"]


def fresh() -> Dictionary:
    return dictionary(FIX44)


def learned(text: str) -> Dictionary:
    """A dictionary that has seen the form so often that it has a pattern."""
    judge = fresh()
    for _ in range(SEEN_MIN):
        assert judge.validate(decode(framed(text))) is None
    assert judge.decode(framed(text)).sound_for is judge
    return judge


def judged(judge: Dictionary, frame: bytes) -> tuple[list[tuple[str, str]], Fault | None] | str:
    """What a dictionary reads and finds."""
    try:
        message = judge.decode(frame)
    except CodecError as error:
        return str(error)
    return message.pairs, judge.validate(message)


@pytest.mark.parametrize("form", FORMS)
def test_a_learned_form_is_read_as_the_codec_reads_it(form: str) -> None:
    frame = framed(FORMS[form])
    short, long = learned(FORMS[form]).decode(frame), decode(frame)
    assert short.fields == long.fields
    assert (short.msg_type, short.pairs) == (long.msg_type, long.pairs)
    assert short.group("453") == long.group("453")


@pytest.mark.parametrize("form", FORMS)
def test_every_other_value_is_judged_as_without_patterns(form: str) -> None:
    judge, other = learned(FORMS[form]), fresh()
    fields = FORMS[form].rstrip("|").split("|")
    for index, field in enumerate(fields):
        tag = field.partition("=")[0]
        for value in VALUES:
            changed = [*fields[:index], f"{tag}={value}", *fields[index + 1 :]]
            frame = framed("".join(f"{each}|" for each in changed).encode().decode("latin-1"))
            assert judged(judge, frame) == judged(other, frame), (tag, value)


@pytest.mark.parametrize("form", FORMS)
def test_every_other_shape_is_judged_as_without_patterns(form: str) -> None:
    judge, other = learned(FORMS[form]), fresh()
    fields = FORMS[form].rstrip("|").split("|")
    for index in range(1, len(fields)):
        swapped = [*fields[: index - 1], fields[index], fields[index - 1], *fields[index + 1 :]]
        dropped, doubled = [*fields], [*fields]
        del dropped[index]
        doubled.insert(index, fields[index])
        for changed in (swapped, dropped, doubled):
            if changed[0].startswith("35="):
                frame = framed("".join(f"{each}|" for each in changed))
                assert judged(judge, frame) == judged(other, frame), changed


@pytest.mark.parametrize("kind", PATTERNS)
@given(data=st.data())
def test_no_pattern_reaches_beyond_its_field(kind: str, data: st.DataObject) -> None:
    value = data.draw(st.from_regex(re.compile(PATTERNS[kind], re.ASCII), fullmatch=True))
    assert value
    assert "\x01" not in value


def test_a_count_is_part_of_the_form_whatever_its_type() -> None:
    """FIX 4.2 calls the type of NoAllocs(78) an int."""
    text = (
        "35=D|" + HEAD + "11=A|78=2|79=X|80=1|79=Y|80=2|21=1|55=B|54=1|60=20260105-14:30:00|40=1|"
    )
    judge = dictionary(FIX42)
    for _ in range(SEEN_MIN):
        assert judge.validate(decode(framed(text, "FIX.4.2"))) is None
    assert judge.decode(framed(text, "FIX.4.2")).sound_for is judge
    wrong = judge.decode(framed(text.replace("78=2", "78=3"), "FIX.4.2"))
    assert judge.validate(wrong) == Fault(16, "78")


def test_what_is_remembered_is_bounded() -> None:
    judge = fresh()
    for count in range(FORMS_MAX + SHAPES_MAX):
        text = FORMS["an order"] + f"453={count}|" * (count > 0) + "448=P|447=D|452=1|" * count
        for _ in range(SEEN_MIN if count < 2 * SHAPES_MAX else 1):
            judge._shapes.learn(decode(framed(text)), frozenset({"453"}))
    assert len(judge._shapes._seen) <= FORMS_MAX
    assert len(judge._shapes._shapes["D"]) == SHAPES_MAX
