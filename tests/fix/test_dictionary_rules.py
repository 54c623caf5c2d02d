"""Each rule under QuickFIX's name, on and off; and what a message must hold in some cases."""

from __future__ import annotations

import pytest

from router.fix.dictionary import Condition, Rules
from router.fix.versions import FIX42, FIX44, FIX50SP2, VERSIONS, Version
from tests.fix.dictionaries import ALL, HEARTBEAT, ORDER, STRICT, fault, message, relaxed

EACH = pytest.mark.parametrize("version", ALL, ids=lambda each: each.name)
PARTIES = "453=2|448=A|447=D|452=3|448=B|447=D|452=1|"
MIXED = "453=2|448=A|452=3|447=D|448=B|447=D|452=1|"
AT = "60=20260105-14:30:00|"


def test_the_rules_are_strict_unless_told() -> None:
    assert Rules() == Rules(
        validate_fields_out_of_order=True,
        validate_fields_have_values=True,
        validate_user_defined_fields=True,
        allow_unknown_msg_fields=False,
        check_group_order=True,
    )


@EACH
def test_validate_fields_out_of_order(version: Version) -> None:
    late, early = "35=0|112=T|34=2|", "35=0|34=2|93=1|89=x|112=T|"
    assert fault(STRICT[version], late) == (14, "34")
    for text in (late, early):
        assert fault(relaxed(version, validate_fields_out_of_order=False), text) is None


@EACH
@pytest.mark.parametrize(
    "text",
    [
        HEARTBEAT + "112=|",
        ORDER + "58=|",
        ORDER + "63=|",
        ORDER + "126=|",
        ORDER + "78=1|79=A|80=|",
        ORDER + "78=|",
        ORDER.replace("11=A", "11="),
    ],
)
def test_validate_fields_have_values(text: str, version: Version) -> None:
    strict = fault(STRICT[version], text)
    assert strict is not None
    assert strict[0] == 4
    assert fault(relaxed(version, validate_fields_have_values=False), text) is None


@EACH
def test_a_field_without_value_is_no_field_that_is_missing(version: Version) -> None:
    judge = relaxed(version, validate_fields_have_values=False)
    assert fault(judge, ORDER.replace("11=A|", "")) == (1, "11")
    assert fault(judge, ORDER + "78=|79=A|") == (16, "78")


@EACH
@pytest.mark.parametrize("tag", ["5000", "9999", "20001", "999999999"])
def test_validate_user_defined_fields(tag: str, version: Version) -> None:
    own = f"{tag}=x|"
    judge = relaxed(version, validate_user_defined_fields=False)
    assert fault(STRICT[version], ORDER + own) == (0, tag)
    assert fault(judge, ORDER + own) is None
    assert fault(judge, ORDER + own + own) is None
    assert fault(judge, ORDER + f"{tag}=|") == (4, tag)
    assert fault(judge, ORDER + "78=2|79=A|" + own + "80=1|79=B|" + own) is None
    assert fault(judge, ORDER + "999998=x|4999=y|") == (0, "4999")


@EACH
def test_allow_unknown_msg_fields(version: Version) -> None:
    judge = relaxed(version, allow_unknown_msg_fields=True)
    for text, strict in (
        (HEARTBEAT + "55=BAC|", (2, "55")),
        (HEARTBEAT + "4999=x|", (0, "4999")),
        (ORDER + "150=anything|150=again|", (2, "150")),
    ):
        assert fault(STRICT[version], text) == strict
        assert fault(judge, text) is None
    assert fault(judge, HEARTBEAT + "5000=x|") == (0, "5000")
    assert fault(judge, HEARTBEAT + "55=|") == (4, "55")
    assert fault(judge, HEARTBEAT + "-1=x|") == (0, "-1")


@EACH
def test_what_is_unknown_in_a_group_does_not_end_it_where_it_is_allowed(version: Version) -> None:
    text = ORDER + "78=2|79=A|4999=x|80=1|79=B|80=2|4999=y|"
    assert fault(STRICT[version], text) == (16, "78")
    assert fault(relaxed(version, allow_unknown_msg_fields=True), text) is None


@EACH
def test_what_stands_elsewhere_in_the_message_ends_a_group_all_the_same(version: Version) -> None:
    judge = relaxed(version, allow_unknown_msg_fields=True)
    assert fault(judge, ORDER + "78=2|79=A|58=x|79=B|") == (16, "78")


def test_check_group_order() -> None:
    judge = relaxed(FIX44, check_group_order=False)
    assert fault(STRICT[FIX44], ORDER + MIXED) == (15, "447")
    assert fault(judge, ORDER + MIXED) is None
    assert fault(judge, ORDER + PARTIES) is None
    # The first member there begins each entry, whichever it is.
    turned = "453=2|447=D|448=A|447=D|448=B|"
    assert fault(STRICT[FIX44], ORDER + turned) == (15, "447")
    assert fault(judge, ORDER + turned) is None
    assert fault(judge, ORDER + turned.replace("453=2", "453=3")) == (16, "453")
    assert fault(judge, ORDER + "453=1|448=A|447=D|452=3|447=D|") == (13, "447")
    assert fault(judge, ORDER + "453=1|448=A|803=1|") == (2, "803")


def test_rules_change_nothing_else() -> None:
    judge = relaxed(
        FIX44,
        validate_fields_out_of_order=False,
        validate_fields_have_values=False,
        validate_user_defined_fields=False,
        allow_unknown_msg_fields=True,
        check_group_order=False,
    )
    for text, expected in (
        ("35=ZZ|34=2|", (11, "35")),
        (ORDER.replace("11=A|", ""), (1, "11")),
        (ORDER + "40=1|", (13, "40")),
        (ORDER.replace("38=100", "38=x"), (6, "38")),
        (ORDER + "59=X|", (5, "59")),
        (ORDER + "386=2|336=1|", (16, "386")),
        (ORDER + "0=x|", (0, "0")),
    ):
        assert fault(judge, text) == expected, text


# -- conditionally required fields -----------------------------------------------------------------


CASES: list[tuple[str, str, tuple[Version, ...]]] = [
    (ORDER, "", VERSIONS),
    (ORDER.replace("38=100|", ""), "OrderQty(38)", VERSIONS),
    (ORDER.replace("38=100|", "152=5|"), "OrderQty(38)", VERSIONS),
    (ORDER.replace("55=BAC|", ""), "Symbol(55)", (FIX50SP2,)),
    (ORDER.replace("44=13.9|", ""), "Price(44) when OrdType(40)=2 or 4", VERSIONS),
    (ORDER.replace("44=13.9", "44="), "Price(44) when OrdType(40)=2 or 4", VERSIONS),
    (ORDER.replace("40=2|44=13.9", "40=1"), "", VERSIONS),
    (ORDER.replace("40=2", "40=4"), "StopPx(99) when OrdType(40)=3 or 4", VERSIONS),
    (ORDER.replace("40=2|44=13.9", "40=3|99=13"), "", VERSIONS),
    (ORDER + "59=6|", "ExpireDate(432) or ExpireTime(126) when TimeInForce(59)=6", VERSIONS),
    (ORDER + "59=6|432=20260106|", "", VERSIONS),
    (ORDER + "59=6|126=20260106-10:00:00|", "", VERSIONS),
    (ORDER + "59=1|", "", VERSIONS),
    (ORDER.replace("54=1", "54=5"), "LocateReqd(114) when Side(54)=5", VERSIONS),
    (ORDER.replace("54=1", "54=5|114=N"), "", VERSIONS),
    (ORDER.replace("35=D", "35=G"), "OrigClOrdID(41) or OrderID(37)", VERSIONS),
    (ORDER.replace("35=D", "35=G").replace("11=A", "37=P|11=A"), "", VERSIONS),
    ("35=F|34=2|11=A|55=B|54=1|" + AT, "OrigClOrdID(41) or OrderID(37)", (FIX50SP2,)),
    ("35=H|34=2|54=1|", "ClOrdID(11) or OrderID(37)", (FIX50SP2,)),
    ("35=AF|34=2|584=M|585=1|", "Symbol(55) when MassStatusReqType(585)=1", (FIX44, FIX50SP2)),
    ("35=AF|34=2|584=M|585=7|", "", (FIX44, FIX50SP2)),
    ("35=R|34=2|131=Q|146=1|55=B|38=1|", "Side(54)", VERSIONS),
    ("35=R|34=2|131=Q|146=1|55=B|54=1|", "OrderQty(38)", VERSIONS),
    ("35=AJ|34=2|693=H|694=1|55=B|", "QuoteID(117)", (FIX44, FIX50SP2)),
    (HEARTBEAT, "", VERSIONS),
    ("35=ZZ|34=2|", "", VERSIONS),
]


REPLACES = [
    (text.replace("35=D|34=4|", "35=G|34=4|41=O|"), expected, versions)
    for text, expected, versions in CASES
    if text.startswith("35=D")
]
"""What an order must hold, its replacement must."""


@pytest.mark.parametrize(
    ("text", "expected", "version"),
    [(text, expected, each) for text, expected, versions in CASES + REPLACES for each in versions],
)
def test_what_is_required_in_some_cases(text: str, expected: str, version: Version) -> None:
    judge = STRICT[version]
    found = judge.conditional(message(text, version))
    assert (judge.spec.condition_text(found) if found else "") == expected


def test_a_condition_names_every_tag_that_would_do() -> None:
    found = STRICT[FIX42].conditional(message(ORDER + "59=6|", FIX42))
    assert found == Condition("D", ("432", "126"), "59", frozenset({"6"}))
