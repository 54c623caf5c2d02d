"""What a peer may say, as data: message types, bodies, and values that are wrong in many ways."""

from __future__ import annotations

from router.fix.dictionary import Rules, dictionary
from router.fix.session import SessionConfig
from router.fix.versions import VERSIONS

NEWS = b"148=line one\x0133=1\x0158=x\x01"
"""A body that every version takes for a News(B)."""
_ORDER = (
    b"11=A%d\x0121=1\x0138=100\x0140=2\x0144=13.9\x0154=1\x0155=BAC\x01"
    b"59=0\x0160=20260105-14:30:00\x01"
)
_REPORT = (
    b"6=0\x0111=A1\x0114=0\x0117=E%d\x0137=O1\x0138=100\x0139=0\x0140=2\x0144=13.9\x0154=1\x01"
    b"55=BAC\x01150=0\x01151=100\x01"
)
BODIES: dict[bytes, bytes] = {
    b"B": NEWS,
    b"D": _ORDER,
    b"8": _REPORT,
    b"F": b"11=C%d\x0141=A1\x0154=1\x0155=BAC\x0160=20260105-14:30:00\x01",
    b"9": b"11=C%d\x0137=O1\x0139=8\x0141=A1\x01434=1\x01",
    b"j": b"45=%d\x01372=8\x01380=0\x0158=no\x01",
    b"R": b"131=Q%d\x01146=2\x0155=A\x0154=1\x0155=B\x0154=2\x01",
    b"X": b"262=M%d\x01268=2\x01279=0\x01269=0\x01270=1\x01279=2\x01269=1\x01",
}
"""Application messages; one number fits into each."""
TYPES = [
    *(b"0", b"1", b"2", b"2", b"2", b"3", b"4", b"4", b"4", b"5", b"A", b"A"),
    *(b"B", b"B", b"B", b"D", b"8", b"F", b"9", b"j", b"R", b"X"),
    *(b"AE", b"q", b"U1", b"*", b"", b"ZZZZ", b"\xff", b"a b", b"n", b"h"),
]
VALUES = [
    *(b"", b"0", b"1", b"-1", b"+1", b"00", b"007", b"1.5", b"1e9", b"nan", b"N", b"Y", b"y"),
    *(b"9999999999", b"999999999999999999", b"9999999999999999999", b"1" * 300, b"-0", b"0x10"),
    *(b"\xb2", b"\xff\xfe", b" ", b"A B C", b"a=b", b"8=FIX.4.4", b"%s%d%n", b"\x00", b"\n"),
    *(b"20260105-14:30:00", b"20260230-00:00:00", b"20260105-14:30:60.999", b"00000000-00:00:00"),
    *(b"99991231-23:59:59.999999999", b"20260105", b"14:30:00", b"FIX.4.4", b"FIXT.1.1", b"OMS"),
    *(b"SLUICE", b"D", b"8", b"2147483648", b"4294967296", b"18446744073709551616", b"*", b"x"),
]
"""Values that are right for one field and wrong for the next."""
TAGS = [
    *(b"8 9 10 34 35 36 43 45 49 50 52 56 57 58 7 16 89 90 91 93 95 96 97 98 108 112 115".split()),
    *(b"116 122 123 128 129 141 142 144 145 212 213 347 354 355 369 371 372 373 380".split()),
    *(b"383 384 464 553 554 627 628 629 630 789 1128 1129 1137 1400 1409 11 55 453 448".split()),
    *(b"268 269 5000 9999 20001 999999999 1234567890 0 -1 034 +5 x".split()),
    *(b"", b" ", b"\xb2", b"5 ", b"--5", b"1.1", b"8=FIX", b"4garbled9"),
]
"""Tags that mean something to a session, and some that cannot be tags."""
FIELDS = [
    *(b"43=Y\x01", b"97=Y\x01", b"115=ME\x01", b"128=YOU\x01", b"116=\x01", b"141=Y\x01"),
    *(b"95=3\x0196=a\x01b\x01", b"95=9\x0196=a\x01", b"95=-5\x0196=a\x01", b"354=1\x01355==\x01"),
    *(b"369=1\x01", b"1128=9\x01", b"1128=2\x01", b"1128=x\x01", b"58=\x01", b"foo\x01", b"=\x01"),
    *(
        b"789=1\x01",
        b"789=7\x01",
        b"464=Y\x01",
        b"383=100\x01",
        b"553=u\x01554=p\x01",
        b"1137=9\x01",
    ),
    *(b"627=1\x01628=HUB\x01629=20260105-14:30:00\x01630=4\x01", b"627=0\x01", b"122=x\x01"),
]
"""Whole fields to put into a message, some of them no fields at all."""


DICTIONARIES = {version.name: dictionary(version) for version in VERSIONS}
LENIENT = {
    version.name: dictionary(
        version,
        Rules(
            validate_fields_out_of_order=False,
            validate_fields_have_values=False,
            validate_user_defined_fields=False,
            allow_unknown_msg_fields=True,
            check_group_order=False,
        ),
    )
    for version in VERSIONS
}


def spoken(index: int) -> SessionConfig:
    """An acceptor's session, in one version after the other."""
    version = VERSIONS[(index + 1) % len(VERSIONS)]
    return SessionConfig(
        sender_comp_id="SLUICE",
        target_comp_id="OMS",
        role="acceptor",
        begin_string=version.begin_string,
        default_appl_ver_id=version.appl_ver_id if version.fixt else "",
        validate=DICTIONARIES[version.name],
    )
