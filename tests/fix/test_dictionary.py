"""What we speak is sound in its version; every fault has its number and tag, in its order."""

from __future__ import annotations

import pytest

from router.fix.dictionary import FIX44 as DICTIONARY
from router.fix.dictionary import REASONS, Fault
from router.fix.versions import FIX42, FIX44, FIX50SP2, Version
from tests.fix.dictionaries import ALL, OLD, ORDER, SINCE_44, STRICT, fault, read
from tests.fix.wire import framed

HEADER = "35=D|34=4|49=OMS|52=20260105-14:30:00|56=SLUICE|"
PARTY = "453=1|448=A|447=D|452=3|802=1|523=x|803=2|"
AT = "60=20260105-14:30:00|"
REPORT = "35=8|34=2|37=P|11=A|17=E|150=0|39=1|55=BAC|54=1|38=100|14=10|151=90|6=13.9|32=10|31=13.9|"
FILL = REPORT.replace("150=0", "150=F") + "30=XNYS|851=2|"
QUOTE = "35=S|34=2|131=Q|117=Q1|55=BAC|132=13.9|133=13.91|134=100|135=100|62=20260105-14:30:10|"
ALLOCATION = "35=J|34=2|70=J1|71=0|"

Versions = tuple[Version, ...]
SOUND: list[tuple[str, Versions]] = [
    # the session
    ("35=A|34=1|98=0|108=30|141=Y|", OLD),
    ("35=A|34=1|98=0|108=30|553=u|554=p|", (FIX44,)),
    ("35=A|34=1|98=0|108=30|1137=9|553=u|554=p|384=1|372=D|385=R|1130=9|", (FIX50SP2,)),
    ("35=0|34=2|", ALL),
    ("35=0|34=2|112=T|", ALL),
    ("35=1|34=2|112=T|", ALL),
    ("35=2|34=2|7=1|16=0|", ALL),
    ("35=3|34=2|45=1|371=11|372=D|373=1|58=x|", ALL),
    ("35=4|34=2|43=Y|122=20260105-14:30:00|123=Y|36=5|", ALL),
    ("35=5|34=2|58=bye|", ALL),
    ("35=5|34=2|1409=7|58=bye|", (FIX50SP2,)),
    ("35=j|34=2|45=1|372=AB|380=3|58=x|", ALL),
    # orders, and what they are answered with
    (ORDER, ALL),
    (ORDER + "58=a=b|", ALL),
    (ORDER + "847=pov|848=rate=0.1;max=0.2|", SINCE_44),
    (ORDER + "847=pov|957=2|958=rate|959=11|960=0.1|958=max|959=11|960=0.2|", (FIX50SP2,)),
    (ORDER + "1138=10|1084=1|1094=2|211=0.01|", (FIX50SP2,)),
    (ORDER + "109=C|76=B|47=A|111=10|", (FIX42,)),
    (ORDER + PARTY + "59=0|", SINCE_44),
    (ORDER + "386=0|59=0|", ALL),
    (ORDER + "78=2|79=A|80=60|79=B|80=40|", ALL),
    (ORDER + "18=M 5|59=3|", ALL),
    (ORDER.replace("34=4|", "34=4|1128=9|"), (FIX50SP2,)),
    (ORDER + "22=101|48=X|", ALL),
    (ORDER + "63=M3|", (FIX50SP2,)),
    (ORDER.replace("38=100", "38=002000.00"), ALL),
    (ORDER.replace("38=100", "38=-5"), ALL),
    ("35=F|34=2|11=B|41=A|55=BAC|54=1|38=100|" + AT, ALL),
    ("35=G|34=2|11=B|41=A|21=1|55=BAC|54=1|38=100|40=2|44=13.9|" + AT, ALL),
    ("35=H|34=2|11=B|55=BAC|54=1|", ALL),
    ("35=AF|34=2|584=M|585=7|", SINCE_44),
    ("35=q|34=2|11=B|530=7|" + AT, SINCE_44),
    ("35=r|34=2|37=NONE|11=B|530=7|531=7|533=2|", (FIX44,)),
    ("35=r|34=2|37=NONE|11=B|530=7|531=7|1369=R|533=2|", (FIX50SP2,)),
    ("35=CA|34=2|11=B|1373=3|1374=7|" + AT, (FIX50SP2,)),
    ("35=BZ|34=2|1369=R|1373=3|1374=7|1375=1|", (FIX50SP2,)),
    ("35=BN|34=2|37=P|1036=1|17=E|55=BAC|54=1|", (FIX50SP2,)),
    (REPORT + "20=0|", (FIX42,)),
    (FILL + "636=Y|797=Y|584=M|911=1|912=Y|", SINCE_44),
    ("35=9|34=2|37=NONE|11=B|41=A|39=8|434=1|102=1|58=x|", ALL),
    ("35=Q|34=2|37=P|17=E|127=D|55=BAC|54=1|38=100|32=10|31=13.9|", ALL),
    # lists
    ("35=E|34=2|66=L|394=3|68=1|73=1|11=A|67=1|55=BAC|54=1|", ALL),
    ("35=K|34=2|66=L|" + AT, ALL),
    ("35=M|34=2|66=L|", ALL),
    ("35=L|34=2|66=L|" + AT, ALL),
    ("35=N|34=2|66=L|429=1|82=1|431=1|83=1|68=1|73=1|11=A|14=0|39=0|151=1|84=0|6=0|", ALL),
    # allocations and drop copies
    (ALLOCATION + "54=1|55=BAC|53=10|6=13.9|75=20260105|78=1|79=X|80=10|", (FIX42,)),
    (ALLOCATION + "626=1|857=0|54=1|55=BAC|53=10|6=13.9|75=20260105|", (FIX44,)),
    (ALLOCATION + "626=1|54=1|55=BAC|53=10|6=13.9|75=20260105|78=1|79=X|80=10|", (FIX50SP2,)),
    ("35=P|34=2|70=J1|75=20260105|87=1|88=5|58=x|", (FIX42,)),
    ("35=P|34=2|70=J1|87=1|88=5|58=x|" + AT, SINCE_44),
    (
        "35=AS|34=2|755=R|71=0|794=3|87=0|857=0|54=1|55=BAC|53=10|6=13.9|75=20260105|",
        SINCE_44,
    ),
    (
        "35=AE|34=2|571=R|570=N|55=BAC|32=10|31=13.9|75=20260105|60=20260105-14:30:00|"
        "552=1|54=1|37=P|",
        SINCE_44,
    ),
    # dealers
    ("35=R|34=2|131=Q|146=1|55=BAC|54=1|38=100|", ALL),
    ("35=R|34=2|131=Q|146=1|55=BAC|54=1|38=100|126=20260105-14:30:10|", SINCE_44),
    (QUOTE, ALL),
    ("35=Z|34=2|117=Q1|298=4|", SINCE_44),
    ("35=Z|34=2|117=Q1|298=1|295=1|55=BAC|", ALL),
    ("35=b|34=2|117=Q1|297=5|300=1|", ALL),
    ("35=AJ|34=2|693=H|117=Q1|694=1|55=BAC|54=1|38=100|44=13.9|", SINCE_44),
    ("35=AG|34=2|131=Q|658=10|146=1|55=BAC|", SINCE_44),
    ("35=AI|34=2|117=Q1|55=BAC|297=5|", SINCE_44),
    ("35=6|34=2|23=I|28=N|55=BAC|54=1|27=M|44=13.9|25=H|130=Y|199=1|104=A|", ALL),
    # market data, reference data, status
    ("35=V|34=2|262=R|263=1|264=0|265=1|267=2|269=0|269=1|146=1|55=BAC|", ALL),
    ("35=W|34=2|262=R|55=BAC|268=2|269=0|270=13.9|271=100|269=1|270=13.91|271=5|", ALL),
    ("35=X|34=2|262=R|268=2|279=0|269=0|278=1|55=BAC|270=13.9|271=1|279=2|278=2|55=BAC|", ALL),
    ("35=Y|34=2|262=R|281=0|", ALL),
    ("35=c|34=2|320=R|321=0|55=BAC|", ALL),
    ("35=d|34=2|320=R|322=S|323=1|55=BAC|207=XNYS|15=USD|", SINCE_44),
    ("35=d|34=2|320=R|322=S|323=4|55=BAC|207=XNYS|393=1|", (FIX42,)),
    ("35=x|34=2|320=R|559=4|", SINCE_44),
    ("35=y|34=2|320=R|322=S|560=0|146=1|55=BAC|", SINCE_44),
    ("35=e|34=2|324=R|55=BAC|263=1|", ALL),
    ("35=f|34=2|324=R|55=BAC|326=2|327=P|", OLD),
    ("35=f|34=2|324=R|55=BAC|326=2|327=4|", (FIX50SP2,)),
    ("35=g|34=2|335=R|263=1|", ALL),
    ("35=h|34=2|335=R|336=RTH|340=2|", ALL),
    # known, and not served: only header and trailer are judged
    ("35=B|34=2|148=news|33=1|58=x|", ALL),
    ("35=B|34=2|99999=x|44=|", ALL),
]


@pytest.mark.parametrize(
    ("text", "version"), [(text, version) for text, versions in SOUND for version in versions]
)
def test_what_we_speak_is_sound(text: str, version: Version) -> None:
    assert fault(STRICT[version], text) is None


FAULTS: list[tuple[str, tuple[int, str], Versions]] = [
    # 0: tag not in the dictionary
    (ORDER + "999=HI|", (0, "999"), OLD),
    (ORDER + "999999=HI|", (0, "999999"), ALL),
    (ORDER + "5000=HI|", (0, "5000"), ALL),
    (ORDER + "20001=HI|", (0, "20001"), ALL),
    (ORDER + "-1=HI|", (0, "-1"), ALL),
    (ORDER + "0=HI|", (0, "0"), ALL),
    # 1: required tag missing, in the header, in a component, in a group's entry
    (ORDER.replace("11=A|", ""), (1, "11"), ALL),
    (ORDER.replace("21=1|", ""), (1, "21"), (FIX42,)),
    (ORDER.replace("55=BAC|", ""), (1, "55"), OLD),
    ("35=1|34=2|", (1, "112"), ALL),
    ("35=A|34=1|98=0|", (1, "108"), ALL),
    ("35=A|34=1|98=0|108=30|", (1, "1137"), (FIX50SP2,)),
    ("35=W|34=2|262=R|55=BAC|", (1, "268"), ALL),
    ("35=V|34=2|262=R|263=1|264=0|267=1|269=0|", (1, "146"), ALL),
    ("35=W|34=2|55=BAC|268=2|269=0|269=1|270=5|", (1, "270"), (FIX42,)),
    ("35=W|34=2|55=BAC|268=2|269=0|270=5|269=1|", (1, "270"), (FIX42,)),
    ("35=S|34=2|131=Q|117=Q1|132=1|", (1, "55"), OLD),
    ("35=E|34=2|66=L|394=3|68=1|73=1|11=A|67=1|55=BAC|", (1, "54"), ALL),
    # 2: tag known, not in this message, or not outside its group
    ("35=0|34=2|55=BAC|", (2, "55"), ALL),
    (ORDER + "79=A|", (2, "79"), ALL),
    (ORDER + "448=A|", (2, "448"), SINCE_44),
    (ORDER + "453=1|448=A|58=x|447=D|", (2, "447"), SINCE_44),
    (ORDER + "20=0|", (2, "20"), (FIX42,)),
    # 4: no value
    ("35=0|34=2|112=|", (4, "112"), ALL),
    (ORDER + "58=|", (4, "58"), ALL),
    (ORDER + "78=1|79=|", (4, "79"), ALL),
    (ORDER + "78=|", (4, "78"), ALL),
    # 5: not an allowed value
    (ORDER.replace("21=1", "21=4"), (5, "21"), ALL),
    (ORDER + "167=BOO|", (5, "167"), ALL),
    (ORDER + "18=M ~|", (5, "18"), ALL),
    (ORDER.replace("54=1", "54=Z"), (5, "54"), ALL),
    (ORDER + "22=99|", (5, "22"), ALL),
    (ORDER + "453=1|448=A|447=?|", (5, "447"), SINCE_44),
    (REPORT.replace("150=0", "150=F") + "20=0|", (5, "150"), (FIX42,)),
    # 6: syntax
    (ORDER.replace("38=100", "38=+200.00"), (6, "38"), ALL),
    (ORDER.replace("38=100", "38=1e2"), (6, "38"), ALL),
    (ORDER.replace("44=13.9", "44=."), (6, "44"), ALL),
    (ORDER + "126=20040415|", (6, "126"), ALL),
    (ORDER + "432=20040431|", (6, "432"), ALL),
    (ORDER + "59=00|", (6, "59"), ALL),
    (ORDER + "114=y|", (6, "114"), ALL),
    (ORDER + "18=M  5|", (5, "18"), ALL),
    (ORDER + "15=DOLLAR|", (6, "15"), ALL),
    ("35=2|34=2|7=-1|16=0|", (6, "7"), SINCE_44),
    (ORDER + "78=x|79=A|", (6, "78"), ALL),
    # 11: MsgType
    ("35=*|34=2|", (11, "35"), ALL),
    ("35=ZZ|34=2|", (11, "35"), ALL),
    ("35=AF|34=2|584=M|585=7|", (11, "35"), (FIX42,)),
    ("35=CA|34=2|11=B|1373=3|1374=7|" + AT, (11, "35"), OLD),
    # 13: repeated
    (ORDER + "40=1|", (13, "40"), ALL),
    (ORDER + "78=1|79=A|80=1|80=2|", (13, "80"), ALL),
    ("35=X|34=2|262=R|268=2|279=0|278=1|278=2|", (13, "278"), ALL),
    ("35=R|34=2|131=Q|146=2|55=BAC|54=1|54=2|", (13, "54"), ALL),
    # 14: order of header, body and trailer
    (ORDER + "35=D|", (14, "35"), ALL),
    ("35=0|112=T|34=2|", (14, "34"), ALL),
    ("35=0|34=2|93=1|89=x|112=T|", (14, "112"), ALL),
    # 15 and 16: groups, also one in another
    (ORDER + "78=2|80=1|79=A|80=2|79=B|", (15, "80"), ALL),
    (ORDER + "453=1|448=A|452=3|447=D|", (15, "447"), SINCE_44),
    (ORDER + "453=1|448=A|802=1|803=2|523=x|", (15, "803"), SINCE_44),
    ("35=V|34=2|262=R|263=1|264=0|267=1|269=0|146=1|48=x|", (15, "48"), ALL),
    (ORDER + "386=3|336=1|336=2|", (16, "386"), ALL),
    (ORDER + "386=1|336=1|336=2|", (16, "386"), ALL),
    (ORDER + "386=0|336=1|", (16, "386"), ALL),
    (ORDER + "386=1|", (16, "386"), ALL),
    (ORDER + "386=999999999999999999|336=1|", (16, "386"), ALL),
    (ORDER + "453=1|448=A|802=2|523=x|", (16, "802"), SINCE_44),
    # 18: another version's message
    (ORDER + "1128=7|", (14, "1128"), (FIX50SP2,)),
    ("35=D|1128=7|34=4|", (18, "1128"), (FIX50SP2,)),
    ("35=ZZ|1128=42|34=4|", (18, "1128"), (FIX50SP2,)),
    ("35=0|1128=42|34=4|", (5, "1128"), (FIX50SP2,)),
    ("35=0|1128=|34=4|", (4, "1128"), (FIX50SP2,)),
    (ORDER.replace("34=4|", "34=4|1128=9|"), (0, "1128"), OLD),
]


@pytest.mark.parametrize(
    ("text", "expected", "version"),
    [(text, expected, each) for text, expected, versions in FAULTS for each in versions],
)
def test_faults_have_the_standards_numbers(
    text: str, expected: tuple[int, str], version: Version
) -> None:
    assert fault(STRICT[version], text) == expected


@pytest.mark.parametrize("version", ALL, ids=lambda each: each.name)
def test_the_header_is_required_too(version: Version) -> None:
    judge = STRICT[version]
    without = read(framed("35=0|34=2|49=OMS|52=20260105-14:30:00|", version.begin_string))
    empty = read(framed("35=0|34=2|49=OMS|52=20260105-14:30:00|56=|", version.begin_string))
    assert judge.validate(without) == Fault(1, "56")
    assert judge.validate(empty) == Fault(4, "56")


ORDER_OF_JUDGEMENT: list[tuple[str, tuple[int, str]]] = [
    # Structure before MsgType, MsgType before what is required, that before any field.
    ("35=*|112=T|34=2|", (14, "34")),
    ("35=*|34=2|5000=x|", (11, "35")),
    ("35=D|34=4|999999=x|", (1, "11")),
    # What is required in the order of the dictionary.
    ("35=D|34=4|11=A|21=1|55=BAC|", (1, "54")),
    ("35=D|34=4|11=A|21=1|55=BAC|40=1|60=20260105-14:30:00|", (1, "54")),
    # Then the first field that is wrong, whatever is wrong with it; the header comes first.
    ("35=D|34=x|" + ORDER.partition("34=4|")[2] + "5000=x|", (6, "34")),
    (ORDER + "63=x|58=|5000=x|", (5, "63")),
    (ORDER + "58=|63=x|", (4, "58")),
    # In one field: number, value, place, repetition, format, enumeration; then its group.
    (ORDER + "5000=|", (0, "5000")),
    (ORDER + "112=|", (4, "112")),
    (ORDER + "7=x|", (2, "7")),
    (ORDER + "38=x|", (13, "38")),
    (ORDER + "59=ZZ|", (6, "59")),
    (ORDER + "78=x|80=1|", (6, "78")),
    # A group's order before its count, an entry's fields before both.
    (ORDER + "78=2|80=x|", (6, "80")),
    (ORDER + "78=2|80=1|", (15, "80")),
]


@pytest.mark.parametrize("version", ALL, ids=lambda each: each.name)
@pytest.mark.parametrize(("text", "expected"), ORDER_OF_JUDGEMENT)
def test_the_first_fault_wins(text: str, expected: tuple[int, str], version: Version) -> None:
    if version is FIX50SP2 and expected == (5, "63"):
        text, expected = text.replace("63=x", "59=x"), (5, "59")
    assert fault(STRICT[version], text) == expected


@pytest.mark.parametrize("version", ALL, ids=lambda each: each.name)
def test_header_fields_may_stand_in_any_order(version: Version) -> None:
    judge, begin = STRICT[version], version.begin_string
    mixed = framed("35=0|56=S|52=20260105-14:30:00|115=X|34=2|49=O|", begin)
    assert judge.validate(read(mixed)) is None


@pytest.mark.parametrize("version", SINCE_44, ids=lambda each: each.name)
def test_the_header_has_a_group(version: Version) -> None:
    hops = "627=1|628=HUB|629=20260105-14:30:00|630=4|"
    text = "35=0|34=2|49=O|52=20260105-14:30:00|" + hops + "56=S|"
    assert STRICT[version].validate(read(framed(text, version.begin_string))) is None
    wrong = framed(text.replace("627=1", "627=2"), version.begin_string)
    assert STRICT[version].validate(read(wrong)) == Fault(16, "627")


@pytest.mark.parametrize("version", ALL, ids=lambda each: each.name)
def test_data_may_hold_anything(version: Version) -> None:
    text = HEADER + ORDER.partition("34=4|")[2] + "354=4|355=|38=|58=x|"
    assert STRICT[version].validate(read(framed(text, version.begin_string))) is None


def test_a_message_is_known_by_name_even_if_it_is_not_served() -> None:
    assert DICTIONARY.spec.version is FIX44
    for msg_type, known in (("D", True), ("B", True), ("ZZ", False), ("", False)):
        assert DICTIONARY.knows(msg_type) is known
    assert not DICTIONARY.spec.messages["B"].served


def test_a_fault_says_what_it_is() -> None:
    assert Fault(1, "11").text == "Required tag missing"
    assert Fault(18, "1128").text == "Invalid or unsupported application version"
    assert sorted(REASONS) == [0, 1, 2, 4, 5, 6, 9, 10, 11, 13, 14, 15, 16, 18]
