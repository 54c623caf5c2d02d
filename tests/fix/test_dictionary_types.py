"""The syntax of each data type, by hand from the FIX specification."""

from __future__ import annotations

import re

import pytest

from router.fix.dictionary.formats import FORMATS, PATTERNS, RAW, TEXT, TYPES, value_pattern
from router.fix.specification import Field, specification
from router.fix.versions import VERSIONS

NUMBERS = ("AMT", "FLOAT", "PERCENTAGE", "PRICE", "PRICEOFFSET", "QTY")
DAY = "20260105"
SECOND = "14:30:00"

RIGHT: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(NUMBERS, ("0", "1", "-5", "002000.00", "23.", ".5", "-.5", "9" * 24)),
    "BOOLEAN": ("Y", "N"),
    "CHAR": ("A", " ", "=", "ä"),
    "COUNTRY": ("US", "DE"),
    "CURRENCY": ("USD", "GBp"),
    "DAYOFMONTH": ("1", "01", "31"),
    "EXCHANGE": ("XNYS", "N", "NYSE-A"),
    "INT": ("0", "-1", "007", "9" * 18),
    "LANGUAGE": ("en", "DE"),
    "LENGTH": ("0", "12"),
    **dict.fromkeys(("LOCALMKTDATE", "UTCDATE", "UTCDATEONLY"), (DAY, "20240229", "20000229")),
    "LOCALMKTTIME": (SECOND, "00:00:00", "23:59:59"),
    "MONTHYEAR": ("202601", DAY, "202601w5"),
    "MULTIPLECHARVALUE": ("A", "A B 1", "A  B"),
    "NUMINGROUP": ("0", "2", "02"),
    "SEQNUM": ("0", "1", "999999999"),
    "TAGNUM": ("1", "5000"),
    "TENOR": ("D1", "M3", "W13", "Y10"),
    "TZTIMEONLY": (
        "07:39Z",
        "02:39-05",
        "15:39+08",
        "13:09+05:30",
        "07:39:12Z",
        "07:39",
        "07:39:12.345Z",
    ),
    "TZTIMESTAMP": (
        "20060901-07:39Z",
        "20060901-02:39-05",
        "20060901-13:09+05:30",
        "20060901-15:39:12.123456+08",
    ),
    "UTCTIMEONLY": (SECOND, SECOND + ".123", "23:59:60"),
    "UTCTIMESTAMP": (
        *(f"{DAY}-{SECOND}{fraction}" for fraction in ("", ".123", ".123456", ".123456789")),
        f"{DAY}-{SECOND}.123456789012",
        "20161231-23:59:60",
        "20240229-00:00:00",
    ),
}
WRONG: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(NUMBERS, ("+1", "1e2", ".", "-", "1.2.3", "1,000", " 1", "0x1", "٣", "9" * 49)),
    "BOOLEAN": ("y", "1", "YY", "TRUE"),
    "CHAR": ("AB",),
    "COUNTRY": ("us", "USA", "U1"),
    "CURRENCY": ("US", "US1", "USDX"),
    "DAYOFMONTH": ("0", "32", "1 "),
    "EXCHANGE": ("X NYS", "ä"),
    "INT": ("+1", "1.0", "--1", "-", "9" * 19),
    "LANGUAGE": ("eng", "e1"),
    "LENGTH": ("-1", "x"),
    **dict.fromkeys(
        ("LOCALMKTDATE", "UTCDATE", "UTCDATEONLY"),
        ("20260229", "19000229", "20260431", "20261301", "20260100", "2026-01-05", "260105"),
    ),
    "LOCALMKTTIME": ("24:00:00", "14:30", SECOND + ".123"),
    "MONTHYEAR": ("2026", "202613", "20260132", "202601w6", "202601W1"),
    "MULTIPLECHARVALUE": ("AB", "A BC", "A\x01"),
    "NUMINGROUP": ("-1", "1.0", "x"),
    "SEQNUM": ("-1", "1.5"),
    "TAGNUM": ("0", "01", "-1"),
    "TENOR": ("3M", "M", "M0", "Q1"),
    "TZTIMEONLY": ("7:39Z", "07:39+15", "07:39:12.1Z", "07:39 Z"),
    "TZTIMESTAMP": ("20060931-07:39Z", "20060901 07:39Z", "20060901"),
    "UTCTIMEONLY": ("24:00:00", "14:30", SECOND + ".1", SECOND + "Z"),
    "UTCTIMESTAMP": (
        DAY,
        f"{DAY} {SECOND}",
        f"{DAY}-24:00:00",
        f"{DAY}-14:60:00",
        f"{DAY}-14:30:61",
        f"{DAY}-{SECOND}.1",
        f"{DAY}-{SECOND}.1234",
        f"{DAY}-{SECOND}.",
        f"{DAY}-{SECOND}Z",
        f"20260431-{SECOND}",
    ),
}


def test_every_type_has_its_examples() -> None:
    assert RIGHT.keys() == WRONG.keys() == PATTERNS.keys()


@pytest.mark.parametrize(("kind", "value"), [(k, v) for k, values in RIGHT.items() for v in values])
def test_right(kind: str, value: str) -> None:
    assert FORMATS[kind](value)


@pytest.mark.parametrize(("kind", "value"), [(k, v) for k, values in WRONG.items() for v in values])
def test_wrong(kind: str, value: str) -> None:
    assert not FORMATS[kind](value)
    assert not FORMATS[kind]("")
    assert kind.endswith(("STRINGVALUE", "VALUESTRING")) or not FORMATS[kind](RIGHT[kind][0] + "\n")


def test_every_type_that_a_version_uses_is_known() -> None:
    used = {field.type for version in VERSIONS for field in specification(version).fields.values()}
    assert used <= TYPES
    assert {"DATA", "XMLDATA"} == RAW
    assert TEXT.isdisjoint(PATTERNS)


@pytest.mark.parametrize(
    ("others", "right", "wrong"),
    [
        ("100+", ("1", "100", "999", "1000", "123456"), ("99", "2", "", "x", "0100", "-100")),
        ("4000+", ("1", "4000", "5999", "10000"), ("3999", "400", "04000")),
        ("TENOR", ("1", "M3"), ("2", "3M", "")),
        ("STRING", ("1", "2", "any"), ("", "a\x01b")),
    ],
)
def test_an_enumeration_may_leave_room_for_others(
    others: str, right: tuple[str, ...], wrong: tuple[str, ...]
) -> None:
    pattern = value_pattern(Field("9999", "Own", "STRING", {"1": "ONE"}, others))
    matches = re.compile(pattern).fullmatch
    for value in right:
        assert matches(value), value
    for value in wrong:
        assert not matches(value), value
