"""`sluice fix decode`: names, groups, faults, secrets, and everything that may hold messages."""

from __future__ import annotations

import gzip
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from config.settings import DEFAULT_CONFIG, load_settings
from router.analysis.message_view import Reader
from router.cli import run
from router.cli.fix_names import by_comp_ids
from router.fix.dictionary import Dictionary, Field, specification
from router.fix.versions import FIX44

NEW_ORDER = (
    "35=D|34=2|49=OMS|52=20260105-14:30:01.000|56=SLUICE|11=X|55=ACME|54=1|"
    "453=2|448=A|447=D|452=1|802=1|523=s|803=5|448=B|447=D|452=3|"
    "60=20260105-14:30:01.000|38=1000|40=2|44=10.5|18=M 6|59=0|"
)
REPORT = (
    "35=8|34=3|49=SLUICE|52=20260105-14:30:01.000|56=OMS|37=P1|11=X|17=E1|150=F|39=1|55=ACME|54=1|"
    "38=1000|32=200|31=10.5|151=800|14=200|6=10.5|60=20260105-14:30:01.000|"
)


def frame(body: str, begin: str = "FIX.4.4") -> bytes:
    """A message with a right BodyLength(9) and CheckSum(10); `|` stands for SOH."""
    text = body.replace("|", "\x01").encode("latin-1")
    head = f"8={begin}\x019={len(text)}\x01".encode() + text
    return head + b"10=%03d\x01" % (sum(head) % 256)


def decode(data: bytes, monkeypatch: pytest.MonkeyPatch, *options: str, code: int = 0) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert run(["fix", "decode", *options]) == code


def one(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def problems(
    data: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> list[str]:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    run(["fix", "decode", "--json"])
    found: list[str] = one(capsys)["problems"]
    return found


def test_header_body_trailer_and_groups_within_groups(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    decode(b"14:30:01 INFO < " + frame(NEW_ORDER), monkeypatch)
    assert (
        capsys.readouterr().out
        == """\
FIX.4.4  NewOrderSingle(D)  OMS > SLUICE  34=2  line 1: 14:30:01 INFO <
  header
    BeginString(8) = FIX.4.4
    BodyLength(9) = 188
    MsgType(35) = D NewOrderSingle
    MsgSeqNum(34) = 2
    SenderCompID(49) = OMS
    SendingTime(52) = 20260105-14:30:01.000 2026-01-05 14:30:01.000 UTC
    TargetCompID(56) = SLUICE
  body
    ClOrdID(11) = X
    Symbol(55) = ACME
    Side(54) = 1 BUY
    NoPartyIDs(453) = 2
      1 PartyID(448) = A
        PartyIDSource(447) = D PROPRIETARY
        PartyRole(452) = 1 EXECUTING_FIRM
        NoPartySubIDs(802) = 1
          1 PartySubID(523) = s
            PartySubIDType(803) = 5 FULL_LEGAL_NAME_OF_FIRM
      2 PartyID(448) = B
        PartyIDSource(447) = D PROPRIETARY
        PartyRole(452) = 3 CLIENT_ID
    TransactTime(60) = 20260105-14:30:01.000 2026-01-05 14:30:01.000 UTC
    OrderQty(38) = 1000
    OrdType(40) = 2 LIMIT
    Price(44) = 10.5
    ExecInst(18) = M 6 MID_PRICE_PEG, PARTICIPATE_DO_NOT_INITIATE
    TimeInForce(59) = 0 DAY
  trailer
    CheckSum(10) = 220
"""
    )


def test_without_names_there_are_tags_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    decode(frame(REPORT), monkeypatch, "--no-names")
    out = capsys.readouterr().out
    assert "\n    39=1\n" in out
    assert "OrdStatus" not in out


def test_json_has_the_tree_and_the_problems(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    decode(frame(NEW_ORDER), monkeypatch, "--json")
    told = one(capsys)
    heads = ("version", "line", "prefix", "fix_version", "msg_type", "msg_name", "garbled")
    assert [told[key] for key in heads] == [1, 1, "", "FIX.4.4", "D", "NewOrderSingle", False]
    assert told["problems"] == []
    by_tag = {each["tag"]: each for each in told["fields"]}
    assert by_tag["54"] == {
        "section": "body",
        "tag": "54",
        "name": "Side",
        "value": "1",
        "meaning": "BUY",
    }
    [[party, *_], second] = by_tag["453"]["entries"]
    assert (party["value"], second[2]["meaning"]) == ("A", "CLIENT_ID")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (frame(REPORT).replace(b"9=163", b"9=164"), "BodyLength(9) is 164, counted 163"),
        (frame(REPORT)[:-4] + b"000\x01", "CheckSum(10) is 000, counted "),
        (frame(REPORT)[:60], "does not end with CheckSum(10): cut short?"),
        (frame(REPORT).replace(b"35=8\x01", b"34=8\x01"), "begins with 8 9 34, not with 8 9 35"),
        (frame(REPORT + "abc=1|"), "a tag that is not a number: 'abc'"),
        (frame(REPORT + "abc|"), "a field without '=': 'abc'"),
        (frame("35=A|95=9|96=abc|"), "95=9: 96 is not so long"),
        (
            frame(REPORT.replace("37=P1|", "")),
            "SessionRejectReason(373) 1: Required tag missing: OrderID(37)",
        ),
        (
            frame(REPORT + "59=Z|"),
            "SessionRejectReason(373) 5: Value is incorrect (out of range) for this tag: "
            "TimeInForce(59)",
        ),
        (frame(REPORT + "9999=1|"), "SessionRejectReason(373) 0: Invalid tag number: tag 9999"),
        (
            frame(NEW_ORDER.replace("44=10.5|", "")),
            "BusinessRejectReason(380) 5: Conditionally required field missing: "
            "Price(44) when OrdType(40)=",
        ),
        (frame(REPORT, "FIX.4.3"), "FIX.4.3: read as FIX.4.4; there are: FIX.4.2, FIX.4.4"),
    ],
)
def test_what_is_wrong_is_said(
    data: bytes,
    problem: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert any(each.startswith(problem) for each in problems(data, monkeypatch, capsys))


def test_every_unknown_tag_is_named_not_only_the_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = problems(frame(REPORT + "9998=1|9999=1|"), monkeypatch, capsys)
    assert found == [
        "SessionRejectReason(373) 0: Invalid tag number: tag 9998",
        "tag 9999 is not in FIX.4.4",
    ]


def test_a_wrong_checksum_hides_no_other_fault(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = frame(REPORT.replace("37=P1|", ""))[:-4] + b"000\x01"
    first, second = problems(data, monkeypatch, capsys)
    assert first.startswith("CheckSum(10) is 000")
    assert second.endswith("Required tag missing: OrderID(37)")


def test_garbled_bytes_are_shown_as_hex(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cut = frame(REPORT)[:20]
    decode(b"\x00\xffjunk\n" + cut, monkeypatch, code=10)
    out, err = capsys.readouterr()
    assert (
        out
        == """\
no message, 6 bytes  line 1
    000000  00 ff 6a 75 6e 6b                                ..junk

FIX.4.4  ExecutionReport(8)  line 2
  header
    BeginString(8) = FIX.4.4
    BodyLength(9) = 163
    MsgType(35) = 8 ExecutionReport
  wrong: does not end with CheckSum(10): cut short?
    000000  38 3d 46 49 58 2e 34 2e 34 01 39 3d 31 36 33 01  8=FIX.4.4.9=163.
    000010  33 35 3d 38 01                                   35=8.
"""
    )
    assert err == "messages that are not what they should be: 2 of 2\n"


@pytest.mark.parametrize("begin", ["FIX.4.2", "FIX.4.4", "FIXT.1.1"])
def test_secrets_of_a_logon_are_shown_nowhere(
    begin: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    logon = frame(
        "35=A|34=1|49=OMS|52=20260105-14:30:00|56=SLUICE|98=0|108=30|95=7|96=se\x01cret|"
        "553=u|554=hunter2|925=hunter3|",
        begin,
    )
    garbled = logon.replace(b"10=", b"11=")
    junk = b"35=A\x01553=u\x01554=hunter2\x0196=secret\x01"
    for options in ([], ["--json"], ["--no-names"]):
        decode(junk + logon + b"\n" + garbled, monkeypatch, *options, code=10)
        out = capsys.readouterr().out
        for secret in ("hunter", "cret"):
            assert secret not in out
            assert secret.encode().hex() not in out.replace(" ", "")


def test_how_long_a_secret_is_is_not_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    logon = frame("35=A|34=1|49=O|52=20260105-14:30:00|56=S|98=0|108=30|553=u|554=hunter2|")
    decode(logon, monkeypatch)
    out = capsys.readouterr().out
    assert "Password(554) = ***\n" in out
    assert f"CheckSum(10) = {logon[-4:-1].decode()}\n" in out


# -- versions ------------------------------------------------------------------------------------


def versions(
    data: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> list[str]:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    run(["fix", "decode", "--json"])
    return [json.loads(line)["fix_version"] for line in capsys.readouterr().out.splitlines()]


def test_the_version_is_begin_strings_and_for_fixt_that_of_1128_and_of_the_logon(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    logon = "35=A|34=1|49=OMS|52=20260105-14:30:00|56=SLUICE|98=0|108=30|1137=9|"
    data = b"\n".join(
        [
            frame(REPORT, "FIX.4.2"),
            frame(REPORT, "FIX.4.4"),
            frame(logon, "FIXT.1.1"),
            frame(REPORT, "FIXT.1.1"),
            frame(REPORT.replace("34=3|", "34=3|1128=9|"), "FIXT.1.1"),
        ]
    )
    assert versions(data, monkeypatch, capsys) == ["FIX.4.2", "FIX.4.4", *["FIX.5.0SP2"] * 3]


def test_a_version_may_be_forced(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    decode(frame("35=0|34=1|49=A|52=20260105-14:30:00|56=B|", "FIX.4.4"), monkeypatch)
    decode(frame(REPORT, "FIX.4.4"), monkeypatch, "--json", "--version", "FIX.4.2", code=10)
    assert '"fix_version": "FIX.4.2"' in capsys.readouterr().out
    decode(b"", monkeypatch, "--version", "FIX.5.0", code=4)
    assert capsys.readouterr().err == (
        "--version 'FIX.5.0' is not one of: FIX.4.2, FIX.4.4, FIX.5.0SP2\n"
    )


# -- sources -------------------------------------------------------------------------------------


def test_a_file_may_be_packed_and_hold_a_logs_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = b"started\n" + frame(REPORT).replace(b"\x01", b"|") + b"\n"
    for name, data in (
        ("a.log", text),
        ("a.log.gz", gzip.compress(text)),
        ("two", gzip.compress(text[:30]) + gzip.compress(text[30:])),
    ):
        path = tmp_path / name
        path.write_bytes(data)
        assert run(["fix", "decode", str(path), "--json"]) == 0
        out, err = capsys.readouterr()
        assert (json.loads(out)["line"], err) == (2, "lines without a FIX message: 1\n")


def test_where_there_is_nothing_to_read_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    decode(b"words\n", monkeypatch, code=2)
    assert capsys.readouterr().err.endswith("no FIX message in stdin\n")
    assert run(["fix", "decode", str(tmp_path / "none")]) == 1
    assert capsys.readouterr().err == f"{tmp_path / 'none'}: No such file or directory\n"
    (tmp_path / "a.zst").write_bytes(b"\x28\xb5\x2f\xfd....")
    assert run(["fix", "decode", str(tmp_path / "a.zst")]) == 1
    assert "zstd -dc FILE | sluice fix decode" in capsys.readouterr().err


# -- the dictionaries of a configuration -----------------------------------------------------------


def test_a_sessions_own_dictionary_gives_the_names() -> None:
    spec = specification(FIX44)
    own = Field("9999", "DeskCode", "STRING", {"x": "EXAMPLE"})
    judge = Dictionary(replace(spec, fields={**spec.fields, "9999": own}))
    reader = Reader(dictionaries={("SLUICE", "OMS"): judge})
    view = reader.read(frame(REPORT + "9999=x|"))
    [node] = [each for part in view.sections for each in part.nodes if each.tag == "9999"]
    assert (node.name, node.meaning) == ("DeskCode", "EXAMPLE")
    assert view.problems == (
        "SessionRejectReason(373) 2: Tag not defined for this message type: DeskCode(9999)",
    )


def test_both_directions_of_every_configured_session_have_one() -> None:
    found = by_comp_ids(load_settings())
    assert found["OMS", "SLUICE"] is found["SLUICE", "OMS"]
    assert {("LIT_A", "SLUICE"), ("SLUICE.MD", "LIT_A"), ("SDP_1", "SLUICE.MD")} <= found.keys()


def test_with_a_configuration_its_problems_come_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    decode(frame(REPORT), monkeypatch, "--config", str(DEFAULT_CONFIG))
    decode(frame(REPORT), monkeypatch, "--config", str(tmp_path / "none.yaml"), code=4)
    assert "none.yaml" in capsys.readouterr().err


# -- explain -------------------------------------------------------------------------------------


def test_a_value_is_explained_in_each_version_that_has_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["fix", "decode", "--explain", "103=13"]) == 0
    assert (
        capsys.readouterr().out
        == """\
FIX.4.2  OrdRejReason(103) = 13 -
FIX.4.4  OrdRejReason(103) = 13 INCORRECT_QUANTITY
FIX.5.0SP2  OrdRejReason(103) = 13 INCORRECT_QUANTITY
"""
    )
    assert run(["fix", "decode", "--explain", "54=1", "--version", "FIX.4.2", "--json"]) == 0
    assert one(capsys) == {
        "version": 1,
        "tag": "54",
        "name": "Side",
        "value": "1",
        "meaning": {"FIX.4.2": "BUY"},
    }


def test_a_tag_is_explained_with_all_its_values(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fix", "decode", "--explain", "434"]) == 0
    first, head, *rows = capsys.readouterr().out.splitlines()
    assert first == "CxlRejResponseTo(434), CHAR"
    assert head.split() == ["value", "FIX.4.2", "FIX.4.4", "FIX.5.0SP2"]
    assert rows[0].split()[:2] == ["1", "ORDER_CANCEL_REQUEST"]


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("99999=1", "tag '99999' is in none of: FIX.4.2, FIX.4.4, FIX.5.0SP2"),
        ("434=7", "CxlRejResponseTo(434) = 7 has no name; named: 1 2"),
        ("44=7", "Price(44) = 7 has no name; named: any PRICE"),
    ],
)
def test_what_cannot_be_explained_is_said_with_what_can(
    question: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["fix", "decode", "--explain", question]) == 2
    assert capsys.readouterr().err == f"{text}\n"
