"""FIX.4.4 validation: every fault by its number and tag, in the standard's order of judgement."""

from __future__ import annotations

import pytest

from router.fix.codec import CodecError, decode
from router.fix.dictionary import FIX44, Fault
from router.fix.framing import Framer
from tests.fix.wire import framed, said

ORDER = "35=D|34=4|11=A|55=BAC|54=1|60=20260105-14:30:00|38=100|40=2|44=13.9|"
HEADER = "35=D|34=4|49=OMS|52=20260105-14:30:00|56=SLUICE|"


def judged(frame: bytes) -> tuple[int, str] | None:
    [whole] = Framer().feed(frame)
    try:
        message = decode(whole)
    except CodecError as error:
        wrong_tag = error.message
    else:
        wrong_tag = None
    fault = FIX44.validate(wrong_tag or message)
    return None if fault is None else (fault.reason, fault.ref_tag)


@pytest.mark.parametrize(
    "text",
    [
        ORDER,
        ORDER + "58=a=b|",
        ORDER + "847=pov|848=rate=0.1;max=0.2|",
        ORDER + "453=1|448=A|447=D|452=3|802=1|523=x|803=2|59=0|",
        ORDER + "453=0|59=0|",
        ORDER + "18=M 5|59=3|",
        ORDER.replace("38=100", "38=002000.00"),
        "35=A|34=1|98=0|108=30|141=Y|",
        "35=0|34=2|",
        "35=0|34=2|112=T|",
        "35=1|34=2|112=T|",
        "35=2|34=2|7=1|16=0|",
        "35=3|34=2|45=1|371=11|372=D|373=1|58=x|",
        "35=4|34=2|43=Y|122=20260105-14:30:00|123=Y|36=5|",
        "35=5|34=2|58=bye|",
        "35=j|34=2|45=1|372=AB|380=3|58=x|",
        "35=F|34=2|11=B|41=A|55=BAC|54=1|60=20260105-14:30:00|38=100|",
        "35=G|34=2|11=B|41=A|55=BAC|54=1|60=20260105-14:30:00|38=100|40=2|44=13.9|",
        "35=H|34=2|11=B|55=BAC|54=1|",
        "35=AF|34=2|584=M|585=7|",
        "35=8|34=2|37=P|11=A|17=E|150=F|39=1|55=BAC|54=1|38=100|14=10|151=90|6=13.9|32=10|31=13.9|"
        "30=XNYS|851=2|",
        "35=9|34=2|37=NONE|11=B|41=A|39=8|434=1|102=1|58=x|",
        "35=V|34=2|262=R|263=1|264=0|265=1|267=2|269=0|269=1|146=1|55=BAC|",
        "35=W|34=2|262=R|55=BAC|268=2|269=0|270=13.9|271=100|269=1|270=13.91|271=5|",
        "35=X|34=2|262=R|268=2|279=0|269=0|278=1|55=BAC|270=13.9|271=1|279=2|278=2|55=BAC|",
        "35=Y|34=2|262=R|281=0|",
        "35=R|34=2|131=Q|146=1|55=BAC|54=1|38=100|126=20260105-14:30:10|",
        "35=S|34=2|131=Q|117=Q1|55=BAC|132=13.9|133=13.91|134=100|135=100|62=20260105-14:30:10|",
        "35=Z|34=2|117=Q1|298=4|",
        "35=b|34=2|117=Q1|297=5|300=1|",
        "35=AG|34=2|131=Q|658=10|146=1|55=BAC|",
        "35=AI|34=2|117=Q1|55=BAC|297=5|",
        "35=B|34=2|148=news|33=1|58=x|",
    ],
)
def test_what_we_speak_is_sound(text: str) -> None:
    assert judged(said(text)) is None


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        # 0: tag not in the dictionary
        (ORDER + "999999=HI|", (0, "999999")),
        (ORDER + "5000=HI|", (0, "5000")),
        (ORDER + "-1=HI|", (0, "-1")),
        (ORDER + "0=HI|", (0, "0")),
        # 1: required tag missing
        ("35=D|34=4|55=BAC|54=1|60=20260105-14:30:00|38=100|40=2|", (1, "11")),
        ("35=1|34=2|", (1, "112")),
        ("35=A|34=1|98=0|", (1, "108")),
        ("35=W|34=2|262=R|55=BAC|", (1, "268")),
        ("35=X|34=2|262=R|268=2|279=0|278=1|278=2|", (13, "278")),
        ("35=S|34=2|131=Q|117=Q1|132=1|", (1, "55")),
        # 2: tag known, not in this message
        ("35=0|34=2|55=BAC|", (2, "55")),
        (ORDER + "448=A|", (2, "448")),
        # 4: no value
        ("35=0|34=2|112=|", (4, "112")),
        (ORDER + "58=|", (4, "58")),
        # 5: value
        (ORDER + "21=4|", (5, "21")),
        (ORDER + "167=BOO|", (5, "167")),
        (ORDER + "18=M ~|", (5, "18")),
        (ORDER + "18=M  5|", (6, "18")),
        (ORDER.replace("54=1", "54=Z"), (5, "54")),
        # 6: format
        (ORDER.replace("38=100", "38=+200.00"), (6, "38")),
        (ORDER.replace("38=100", "38=1e2"), (6, "38")),
        (ORDER + "126=20040415|", (6, "126")),
        (ORDER + "432=20040431|", (6, "432")),
        (ORDER + "59=00|", (6, "59")),
        (ORDER + "114=y|", (6, "114")),
        ("35=2|34=2|7=-1|16=0|", (6, "7")),
        # 11: MsgType
        ("35=*|34=2|", (11, "35")),
        ("35=ZZ|34=2|", (11, "35")),
        # 13: repeated
        (ORDER + "40=1|", (13, "40")),
        (ORDER + "35=D|", (14, "35")),
        # 14: order of header, body and trailer
        ("35=0|112=T|34=2|", (14, "34")),
        # 15 and 16: groups
        (ORDER + "386=3|336=1|336=2|", (16, "386")),
        (ORDER + "386=1|336=1|336=2|", (16, "386")),
        (ORDER + "386=0|336=1|", (16, "386")),
        (ORDER + "78=2|80=1|79=A|80=2|79=B|", (15, "80")),
        (ORDER + "453=1|448=A|452=3|447=D|", (15, "447")),
        (ORDER + "453=1|448=A|447=D|447=D|", (13, "447")),
        (ORDER + "453=1|448=A|802=2|523=x|", (16, "802")),
        (ORDER + "453=1|448=A|447=?|", (5, "447")),
        (ORDER + "453=1|448=|", (4, "448")),
        (ORDER + "453=x|448=A|", (6, "453")),
        ("35=V|34=2|262=R|263=1|264=0|267=1|269=0|146=1|65=x|", (15, "65")),
        ("35=R|34=2|131=Q|146=2|55=BAC|54=1|54=2|", (13, "54")),
    ],
)
def test_faults_have_the_standards_numbers(text: str, fault: tuple[int, str]) -> None:
    assert judged(said(text)) == fault


def test_the_header_is_required_too() -> None:
    assert judged(framed("35=0|34=2|49=OMS|52=20260105-14:30:00|")) == (1, "56")
    assert judged(framed("35=0|34=2|49=OMS|52=20260105-14:30:00|56=|")) == (4, "56")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        # Structure before MsgType, MsgType before what is required, that before any field.
        ("35=*|112=T|34=2|", (14, "34")),
        ("35=*|34=2|5000=x|", (11, "35")),
        (HEADER + "999999=x|", (1, "11")),
        # Then the first field that is wrong, whatever is wrong with it.
        (ORDER + "21=4|58=|5000=x|", (5, "21")),
        (ORDER + "58=|21=4|", (4, "58")),
        # In one field: number, value, place, repetition, format.
        (ORDER + "5000=|", (0, "5000")),
        (ORDER + "112=|", (4, "112")),
        (ORDER + "7=x|", (2, "7")),
        (ORDER + "38=x|", (13, "38")),
    ],
)
def test_the_first_fault_wins(text: str, fault: tuple[int, str]) -> None:
    frame = framed(text) if text.startswith(HEADER) else said(text)
    assert judged(frame) == fault


def test_header_fields_may_stand_in_any_order() -> None:
    assert judged(framed("35=0|56=S|52=20260105-14:30:00|115=X|34=2|49=O|")) is None
    hops = "627=1|628=HUB|629=20260105-14:30:00|630=4|"
    assert judged(framed("35=0|34=2|49=O|52=20260105-14:30:00|" + hops + "56=S|")) is None


def test_data_may_hold_anything() -> None:
    frame = framed(HEADER + ORDER.partition("34=4|")[2] + "354=4|355=|38=|58=x|")
    assert judged(frame) is None


def test_known_messages_that_are_not_spoken_are_known() -> None:
    assert FIX44.knows("B")
    assert FIX44.knows("D")
    assert not FIX44.knows("ZZ")
    assert not FIX44.knows("")


def test_a_fault_says_what_it_is() -> None:
    assert Fault(1, "11").text == "Required tag missing"
