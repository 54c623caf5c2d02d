"""What each version says differently: one command, three wires; three wires, one event."""

from __future__ import annotations

import msgspec
import pytest

from router.fix import from_oms, from_venue
from router.fix.application import market_data_request, outgoing
from router.fix.codec import Message, decode, encode
from router.fix.dialects import Dialect, dialect
from router.fix.dictionary import dictionary
from router.fix.versions import FIX42, FIX44, FIX50SP2, VERSIONS, Version
from router.messages import (
    CancelChild,
    ExecutionReceived,
    MarketDataEntry,
    MarketDataReceived,
    MassCancelReceived,
    OrderReceived,
    OrderTerms,
    QueryChild,
    QueryVenue,
    QuoteCanceled,
    RefuseCancel,
    RefuseMessage,
    Report,
    ReportMassCancel,
    RequestQuote,
    SendChild,
)
from router.messages.commands import Command
from router.model import ExecType, OrdStatus, OrdType, Side, Tactic, TimeInForce

NOW = 1_767_623_400_000_000_000
TIME = "20260105-14:30:00.000"
TERMS = OrderTerms("ACME", Side.BUY, 1000, OrdType.LIMIT, TimeInForce.DAY, 12_00000000, "ACC")
NEW = Report("S", "P1", "X", "R1", ExecType.NEW, OrdStatus.NEW, TERMS, 0, 1000, 0)
FILL = msgspec.structs.replace(
    NEW,
    exec_id="V.1.E",
    exec_type=ExecType.TRADE,
    ord_status=OrdStatus.PARTIALLY_FILLED,
    cum_qty=200,
    leaves_qty=800,
    notional=200 * 11_00000000,
    last_qty=200,
    last_px=11_00000000,
    last_mkt="V",
    liquidity="2",
)
CHILD = SendChild(
    "C1", "P1", 7, "S", Tactic.LIT_TAKE, "ACME", Side.BUY, 200, OrdType.LIMIT, TimeInForce.IOC,
    11_00000000,
)  # fmt: skip


def say(command: Command, version: Version, liquidity_tag: str = "") -> str:
    """MsgType and body as they leave, `|` for SOH."""
    out = outgoing(command, NOW, {"S": dialect(version, liquidity_tag)})
    return "" if out is None else f"35={out.msg_type}|{out.body}".replace("\x01", "|")


def change(command: Report, **values: object) -> Report:
    return msgspec.structs.replace(command, **values)


def kind(report: Report, version: Version) -> str:
    """The fields of a report between ExecID(17) and Account(1)."""
    return say(report, version).partition("|17=")[2].partition("|")[2].partition("1=ACC")[0]


def message(msg_type: str, text: str, version: Version = FIX44) -> Message:
    header = f"34=2\x0149=V\x0152={TIME}\x0156=SLUICE\x01"
    body = f"{text}|".replace("|", "\x01")
    return decode(encode(version.begin_string, msg_type, header, body))


def executed(text: str, version: Version, *, tag: str = "") -> ExecutionReceived:
    full = f"37=V1|11=C1|17=E|{text}|55=ACME|54=1|38=200|151=0|14=200|60={TIME}"
    event = from_venue.read("V", message("8", full, version), NOW, "", dialect(version, tag))
    assert isinstance(event, ExecutionReceived)
    return event


# --- to an OMS ---------------------------------------------------------------------------------


def test_a_fill_in_each_version() -> None:
    head, terms = "35=8|37=P1|11=X|17=V.1.E|", "1=ACC|55=ACME|54=1|38=1000|40=2|44=12|59=0|"
    tail = f"151=800|14=200|6=11|60={TIME}|"
    assert say(FILL, FIX42) == f"{head}20=0|150=1|39=1|{terms}32=200|31=11|30=V|{tail}"
    later = f"{head}150=F|39=1|{terms}32=200|31=11|30=V|851=2|{tail}"
    assert [say(FILL, each) for each in (FIX44, FIX50SP2)] == [later, later]


@pytest.mark.parametrize(
    ("cum_qty", "status", "told"),
    [
        (1000, OrdStatus.FILLED, "20=0|150=2|39=2|"),
        (1000, OrdStatus.PENDING_CANCEL, "20=0|150=2|39=6|"),  # B.1.c
        (600, OrdStatus.PENDING_CANCEL, "20=0|150=1|39=6|"),
        (300, OrdStatus.CANCELED, "20=0|150=1|39=4|"),  # late
    ],
)
def test_in_4_2_a_fill_is_partial_or_full_whatever_the_order_waits_for(
    cum_qty: int, status: OrdStatus, told: str
) -> None:
    assert kind(change(FILL, cum_qty=cum_qty, ord_status=status), FIX42) == told


@pytest.mark.parametrize(
    ("values", "in_42", "later"),
    [
        (
            {"exec_type": ExecType.NEW, "ord_status": OrdStatus.NEW},
            "20=0|150=0|39=0|",
            "150=0|39=0|",
        ),
        (
            {"exec_type": ExecType.REPLACED, "ord_status": OrdStatus.NEW},
            "20=0|150=5|39=5|",
            "150=5|39=0|",
        ),
        (
            {"exec_type": ExecType.REPLACED, "ord_status": OrdStatus.PARTIALLY_FILLED},
            "20=0|150=5|39=1|",
            "150=5|39=1|",
        ),
        (
            {"exec_type": ExecType.CANCELED, "ord_status": OrdStatus.CANCELED},
            "20=0|150=4|39=4|",
            "150=4|39=4|",
        ),
        (
            {"exec_type": ExecType.ORDER_STATUS, "ord_status": OrdStatus.PENDING_REPLACE},
            "20=3|150=E|39=E|",
            "150=I|39=E|",
        ),
        (
            {
                "exec_type": ExecType.RESTATED,
                "ord_status": OrdStatus.NEW,
                "exec_restatement_reason": "4",
            },
            "20=0|150=D|39=0|378=4|",
            "150=D|39=0|378=4|",
        ),
    ],
)
def test_a_report_without_an_execution(values: dict[str, object], in_42: str, later: str) -> None:
    report = change(NEW, **values)
    assert [kind(report, each) for each in VERSIONS] == [in_42, later, later]


def test_a_status_has_no_exec_id_of_its_own() -> None:
    report = change(
        NEW, exec_type=ExecType.ORDER_STATUS, ord_status_req_id="Q", mass_status_req_id="M",
        tot_num_reports=2, last_report=True,
    )  # fmt: skip
    told = [say(report, each).partition("|17=")[2].partition("1=ACC")[0] for each in VERSIONS]
    later = "0|150=I|39=0|790=Q|584=M|911=2|912=Y|"
    assert told == ["0|20=3|150=0|39=0|", later, later]


def test_a_bust_and_a_correction() -> None:
    bust = change(FILL, exec_type=ExecType.TRADE_CANCEL, exec_ref_id="V.1.D", last_qty=0)
    right = change(FILL, exec_type=ExecType.TRADE_CORRECT, exec_ref_id="V.1.D")
    assert [kind(bust, each) for each in VERSIONS] == [
        "20=1|150=1|39=1|19=V.1.D|", "150=H|39=1|19=V.1.D|", "150=H|39=1|19=V.1.D|",
    ]  # fmt: skip
    assert [kind(right, each) for each in VERSIONS] == [
        "20=2|150=1|39=1|19=V.1.D|", "150=G|39=1|19=V.1.D|", "150=G|39=1|19=V.1.D|",
    ]  # fmt: skip


def test_a_liquidity_flag_that_the_version_lacks_is_left_out() -> None:
    auction = change(FILL, liquidity="4")
    assert ["|851=" in say(auction, each) for each in VERSIONS] == [False, False, True]
    assert "|30=V|9730=R|" in say(FILL, FIX42, "9730")
    assert "9730" not in say(FILL, FIX44, "9730")


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("3", ["3", "3", "3"]),
        ("11", ["0", "11", "11"]),
        ("13", ["0", "13", "13"]),
        ("16", ["0", "0", "16"]),
        ("18", ["0", "99", "18"]),
        ("25", ["3", "3", "3"]),
        ("99", ["0", "99", "99"]),
        ("30", ["0", "0", "0"]),
        ("88", ["0", "99", "99"]),
    ],
)
def test_an_ord_rej_reason_is_the_nearest_that_the_version_has(code: str, told: list[str]) -> None:
    report = change(NEW, exec_type=ExecType.REJECTED, ord_rej_reason=code, text="CODE: why")
    assert [
        f"|103={each}|" in say(report, version)
        for each, version in zip(told, VERSIONS, strict=True)
    ] == [True] * 3
    assert all(say(report, each).endswith("|58=CODE: why|") for each in VERSIONS)


def test_a_refused_request() -> None:
    refusal = RefuseCancel("S", "Y", "X", "P1", OrdStatus.NEW, "1", "6", "CLORDID_DUPLICATE: Y")
    body = f"35=9|37=P1|11=Y|41=X|39=0|60={TIME}|434=1|102={{}}|58=CLORDID_DUPLICATE: Y|"
    assert [say(refusal, each) for each in VERSIONS] == [
        body.format("2"), body.format("6"), body.format("6"),
    ]  # fmt: skip
    unknown = msgspec.structs.replace(refusal, orig_cl_ord_id="", cxl_rej_reason="18")
    assert [say(unknown, each).partition("102=")[2].partition("|")[0] for each in VERSIONS] == [
        "2", "99", "18",
    ]  # fmt: skip
    assert all("|41=NONE|" in say(unknown, each) for each in VERSIONS)


def test_a_refused_message() -> None:
    refusal = RefuseMessage("S", 4, "D", "6", "X", "PERMISSION_DENIED")
    assert [say(refusal, each) for each in VERSIONS] == [
        "35=j|45=4|372=D|379=X|380=0|58=PERMISSION_DENIED|",
        "35=j|45=4|372=D|379=X|380=6|58=PERMISSION_DENIED|",
        "35=j|45=4|372=D|1130=9|379=X|380=6|58=PERMISSION_DENIED|",
    ]


def test_a_mass_cancel_report() -> None:
    done = ReportMassCancel("S", "M", "R7", "1", "1", 3, symbol="ACME")
    told = f"11=M|530=1|531=1|533=3|55=ACME|60={TIME}|"
    assert [say(done, each) for each in VERSIONS] == [
        "", f"35=r|37=R7|{told}", f"35=r|37=R7|1369=R7|{told}",
    ]  # fmt: skip
    refused = ReportMassCancel("S", "M", "R7", "3", "0", 0, "0", text="MASS_CANCEL_TYPE: 3")
    assert say(refused, FIX44) == (
        f"35=r|37=R7|11=M|530=3|531=0|532=0|60={TIME}|58=MASS_CANCEL_TYPE: 3|"
    )


# --- to a venue --------------------------------------------------------------------------------


def test_an_order_to_a_venue() -> None:
    rest = f"55=ACME|54=1|60={TIME}|38=200|40=2|44=11|59=3|"
    assert [say(CHILD, each) for each in VERSIONS] == [
        f"35=D|11=C1|21=1|{rest}", f"35=D|11=C1|{rest}", f"35=D|11=C1|{rest}",
    ]  # fmt: skip
    peg = msgspec.structs.replace(CHILD, ord_type=OrdType.PEGGED)
    assert [say(peg, each).partition("55=")[0] for each in VERSIONS] == [
        "35=D|11=C1|21=1|18=M|", "35=D|11=C1|18=M|", "35=D|11=C1|1094=2|",
    ]  # fmt: skip


def test_what_is_the_same_in_every_version() -> None:
    cancel = CancelChild("C2", "C1", "S", "V1", "ACME", Side.BUY, 200, "why")
    ask = QueryChild("S", "C1", "", "ACME", Side.BUY)
    quote = RequestQuote("S", "Q1", "P1", "ACME", Side.BUY, 200, NOW)
    for each in VERSIONS:
        assert say(cancel, each) == f"35=F|41=C1|37=V1|11=C2|55=ACME|54=1|60={TIME}|38=200|"
        assert say(ask, each) == "35=H|11=C1|55=ACME|54=1|"
        assert say(quote, each) == "35=R|131=Q1|146=1|55=ACME|54=1|38=200|"


def test_a_question_that_the_version_lacks_does_not_leave() -> None:
    told = [say(QueryVenue("S", "M"), each) for each in VERSIONS]
    assert told == ["", "35=AF|584=M|585=7|", "35=AF|584=M|585=7|"]


# --- from a venue ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("in_42", "later", "exec_type"),
    [
        ("20=0|150=0|39=0", "150=0|39=0", ExecType.NEW),
        ("20=0|150=1|39=1|32=200|31=11", "150=F|39=1|32=200|31=11", ExecType.TRADE),
        ("20=0|150=2|39=2|32=200|31=11", "150=F|39=2|32=200|31=11", ExecType.TRADE),
        ("20=1|150=1|39=1|19=D", "150=H|39=1|19=D", ExecType.TRADE_CANCEL),
        ("20=2|150=2|39=2|19=D|32=9|31=8", "150=G|39=2|19=D|32=9|31=8", ExecType.TRADE_CORRECT),
        ("20=3|150=1|39=1", "150=I|39=1", ExecType.ORDER_STATUS),
        ("20=0|150=4|39=4", "150=4|39=4", ExecType.CANCELED),
        ("20=0|150=8|39=8|103=0", "150=8|39=8|103=0", ExecType.REJECTED),
        ("20=0|150=C|39=C", "150=C|39=C", ExecType.EXPIRED),
        ("20=0|150=Z|39=0", "150=Z|39=0", ExecType.RESTATED),
    ],
)
def test_a_venues_report_is_one_event(in_42: str, later: str, exec_type: ExecType) -> None:
    events = [executed(in_42, FIX42), executed(later, FIX44), executed(later, FIX50SP2)]
    assert events[0].exec_type is exec_type
    assert events[0] == events[1] == events[2]


def test_a_fill_as_4_2_tells_it_is_tolerated_later() -> None:
    event = executed("150=2|39=2|32=200|31=11", FIX44)
    assert (event.exec_type, event.last_qty) == (ExecType.TRADE, 200)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ("39=5|151=1000|14=0", OrdStatus.NEW),
        ("39=5|151=800|14=200", OrdStatus.PARTIALLY_FILLED),
        ("39=Q|151=0|14=200|38=200", OrdStatus.FILLED),
        ("39=Q|151=0|14=100|38=200", OrdStatus.CANCELED),
    ],
)
def test_an_order_status_that_is_new_to_us_is_read_by_the_quantities(
    fields: str, status: OrdStatus
) -> None:
    told = message("8", f"37=V1|11=C1|17=E|20=0|150=5|{fields}|6=0", FIX42)
    event = from_venue.read("V", told, NOW, "", dialect(FIX42))
    assert isinstance(event, ExecutionReceived)
    assert event.ord_status is status


def test_the_liquidity_flag_of_a_venue() -> None:
    fill = "20=0|150=2|39=2|32=200|31=11"
    assert executed(f"{fill}|9730=A", FIX42, tag="9730").liquidity == "1"
    assert executed(f"{fill}|9730=X", FIX42, tag="9730").liquidity == "3"
    assert executed(f"{fill}|9730=2", FIX42, tag="9730").liquidity == "2"
    assert executed(f"{fill}|9730=A", FIX42).liquidity == ""
    assert executed("150=F|39=2|32=200|31=11|851=1", FIX44).liquidity == "1"


@pytest.mark.parametrize("version", VERSIONS, ids=lambda each: each.name)
def test_a_fill_counts_whatever_else_is_wrong_with_the_report(version: Version) -> None:
    transaction = "20=0|150=1" if version is FIX42 else "150=F"
    told = (
        f"11=C1|17=E|{transaction}|39=Q|9999=new|54=?|38=many|151=-|14=x|60=now|75=20260105"
        "|32=100|31=11.1234567891"
    )
    event = from_venue.read("V", message("8", told, version), NOW, "", dialect(version))
    assert isinstance(event, ExecutionReceived)
    assert (event.exec_type, event.last_qty, event.last_px) == (
        ExecType.TRADE, 100, 11_12345678,
    )  # fmt: skip
    assert event.transact_time == NOW, "the SendingTime"


def test_a_fill_that_is_sent_again_has_the_trade_date_of_the_first_time() -> None:
    header = f"34=2\x0143=Y\x0149=V\x0152=20260106-00:00:01.000\x0156=S\x01122={TIME}\x01"
    body = "37=V1|11=C1|17=E|150=F|39=2|32=200|31=11|".replace("|", "\x01")
    again = decode(encode("FIX.4.4", "8", header, body))
    event = from_venue.read("V", again, NOW, "", dialect(FIX44))
    assert isinstance(event, ExecutionReceived)
    assert event.trade_date == "20260105"


@pytest.mark.parametrize("field", ["32=|31=11", "32=0|31=11", "32=1.5|31=11", "32=100|31=abc"])
def test_a_fill_that_cannot_be_booked_is_said(field: str) -> None:
    with pytest.raises(ValueError, match=r"LastQty|shares|decimal"):
        executed(f"150=F|39=1|{field}", FIX44)


@pytest.mark.parametrize(
    ("lacking", "fields"),
    [("LastQty", "31=10.5"), ("LastPx", "32=400"), ("LastQty", "32=|31=10.5"), ("LastQty", "58=x")],
)
@pytest.mark.parametrize(
    ("what", "kind", "version"),
    [
        ("trade", "20=0|150=1", FIX42),
        ("correction", "20=2|150=1|19=E1", FIX42),
        *(("trade", "150=F", each) for each in (FIX44, FIX50SP2)),
        *(("correction", "150=G|19=E1", each) for each in (FIX44, FIX50SP2)),
    ],
)
def test_what_moves_shares_says_how_many_and_at_which_price(
    what: str, kind: str, version: Version, lacking: str, fields: str
) -> None:
    with pytest.raises(ValueError, match=f"a {what} without {lacking}"):
        executed(f"{kind}|39=1|{fields}", version)


def test_a_correction_to_no_shares_is_one_that_says_so() -> None:
    assert executed("150=G|39=0|19=E1|32=0|31=0", FIX44).last_qty == 0


@pytest.mark.parametrize(
    ("version", "msg_type", "text", "event"),
    [
        (FIX42, "b", "131=R1|117=|297=5|300=1|58=no", QuoteCanceled("V", "", "", "R1")),
        (FIX44, "AG", "131=R1|658=1|146=1|55=ACME", QuoteCanceled("V", "ACME", "", "R1")),
        (FIX44, "Z", "117=Q1|298=1|295=1|55=ACME", QuoteCanceled("V", "ACME", "Q1")),
        (FIX50SP2, "Z", "117=Q1|298=5|295=1|55=ACME", QuoteCanceled("V", "ACME", "Q1")),
        (FIX44, "Z", "117=ALL|298=4|295=1|55=ACME", QuoteCanceled("V", "ACME")),
        (FIX44, "AI", "117=Q1|297=7|55=ACME", QuoteCanceled("V", "ACME", "Q1")),
        (FIX44, "AI", "117=Q1|297=0|55=ACME", None),
        (FIX42, "b", "131=R1|297=0", None),
        (FIX44, "e", "324=1", None),
    ],
)
def test_what_a_dealer_says_of_quotes(
    version: Version, msg_type: str, text: str, event: QuoteCanceled | None
) -> None:
    told = message(msg_type, text, version)
    assert from_venue.read("V", told, NOW, "", dialect(version)) == event


def test_an_increment_with_fields_that_we_do_not_know() -> None:
    text = (
        "262=1|268=2|279=0|269=0|1023=1|55=ACME|270=9.99|271=500|2445=1|"
        "279=2|269=1|278=E7|55=ACME|270=10.01|7777=x|5101=-1"
    )
    event = from_venue.read("V", message("X", text, FIX50SP2), NOW, "", dialect(FIX50SP2))
    assert event == MarketDataReceived(
        "V",
        "ACME",
        False,
        (MarketDataEntry("0", "0", 9_99000000, 500), MarketDataEntry("1", "2", 10_01000000, 0)),
    )


# --- from an OMS -------------------------------------------------------------------------------

ORDER = f"11=X|55=ACME|54=1|60={TIME}|38=1000|40=2|44=12|847=twap"
TWAP = {"horizon_s": "60", "style": "a=b"}


def read_oms(msg_type: str, text: str, column: Dialect) -> object:
    return from_oms.read("OMS", message(msg_type, text, column.version), 2, column)


def test_an_algos_parameters_in_each_version() -> None:
    flat = f"{ORDER}|848=horizon_s=60;style=a=b"
    group = f"{ORDER}|957=2|958=horizon_s|959=1|960=60|958=style|959=14|960=a=b"
    events = [
        read_oms("D", f"21=1|{flat}", dialect(FIX42)),
        read_oms("D", flat, dialect(FIX44)),
        read_oms("D", group, dialect(FIX50SP2)),
        read_oms("D", flat, dialect(FIX50SP2)),
    ]
    assert isinstance(events[0], OrderReceived)
    assert events[0].terms.params == TWAP
    assert events[0].refusal == ""
    assert events == [events[0]] * 4


@pytest.mark.parametrize(
    "group", ["957=1|958=a|959=14", "957=2|958=a|959=1|960=1|958=a|959=1|960=2"]
)
def test_a_parameter_without_a_value_or_there_twice_is_refused(group: str) -> None:
    event = read_oms("D", f"{ORDER}|{group}", dialect(FIX50SP2))
    assert isinstance(event, OrderReceived)
    assert event.refusal.startswith("POLICY_INSTRUCTION_DENIED: tag=957, 958=a")


@pytest.mark.parametrize(("msg_type", "text"), [("AF", "584=M|585=7"), ("q", "11=M|530=7")])
def test_what_4_2_lacks_is_refused(msg_type: str, text: str) -> None:
    refused = read_oms(msg_type, text, dialect(FIX42))
    assert isinstance(refused, RefuseMessage)
    assert refused.business_reject_reason == "3"
    assert refused.text == f"MESSAGE_UNSUPPORTED: 35={msg_type}, allowed=D F G H"


def test_a_mass_cancel_request() -> None:
    assert read_oms("q", f"11=M|530=1|55=ACME|54=2|60={TIME}", dialect(FIX44)) == (
        MassCancelReceived("OMS", 2, "M", "1", "ACME", "2")
    )
    assert read_oms("q", f"11=M|530=7|55=ACME|60={TIME}", dialect(FIX50SP2)) == (
        MassCancelReceived("OMS", 2, "M", "7")
    )


# --- everything that leaves, against the dictionary ---------------------------------------------


def reports() -> list[Command]:
    """Every kind of report with every status, and whatever each may carry."""
    made: list[Command] = []
    for exec_type in ExecType:
        executed = exec_type in (ExecType.TRADE, ExecType.TRADE_CORRECT, ExecType.TRADE_CANCEL)
        asked = exec_type is ExecType.ORDER_STATUS
        for ord_status in OrdStatus:
            made += [
                change(
                    FILL if executed else NEW,
                    exec_type=exec_type,
                    ord_status=ord_status,
                    cum_qty=cum_qty,
                    terms=msgspec.structs.replace(TERMS, side=side, time_in_force=tif),
                    orig_cl_ord_id="W",
                    exec_ref_id="V.1.D" if executed else "",
                    ord_rej_reason="33" if exec_type is ExecType.REJECTED else "",
                    exec_restatement_reason="4" if exec_type is ExecType.RESTATED else "",
                    ord_status_req_id="Q" if asked else "",
                    mass_status_req_id="M" if asked else "",
                    tot_num_reports=3 if asked else 0,
                    last_report=asked,
                    text="CODE: why",
                )
                for cum_qty, side, tif in zip((0, 200, 1000), Side, TimeInForce, strict=False)
            ]
    return made


def others() -> list[Command]:
    codes = [str(each) for each in (*range(34), 99)]
    return [
        *(ReportMassCancel("S", "M", "R1", kind, "0", 0, "99", "ACME", "no") for kind in "17"),
        ReportMassCancel("S", "M", "R1", "7", "7", 3),
        *(RefuseCancel("S", "Y", "X", "P1", OrdStatus.NEW, "2", code, "no") for code in codes),
        *(RefuseMessage("S", 4, "D", code, "X", "no") for code in codes),
        *(
            msgspec.structs.replace(
                CHILD, side=side, ord_type=ord_type, time_in_force=tif, min_qty=100, quote_id="Q",
                account="ACC",
            )
            for side in Side
            for ord_type in OrdType
            for tif in (TimeInForce.DAY, TimeInForce.IOC, TimeInForce.FOK)
        ),
        CancelChild("C2", "C1", "S", "V1", "ACME", Side.SELL_SHORT, 200, "why"),
        QueryChild("S", "C1", "V1", "ACME", Side.BUY),
        QueryVenue("S", "M"),
        RequestQuote("S", "Q1", "P1", "ACME", Side.BUY, 200, NOW),
    ]  # fmt: skip


@pytest.mark.parametrize("version", VERSIONS, ids=lambda each: each.name)
def test_every_message_that_we_send_is_sound_in_its_version(version: Version) -> None:
    judge, column = dictionary(version), dialect(version)
    sent = set()
    for command in (*reports(), *others(), None):
        if command is None:
            out = market_data_request("S", "ACME", "1")
        else:
            made = outgoing(command, NOW, {"S": column})
            if made is None:
                continue
            out = made
        sent.add(out.msg_type)
        told = message(out.msg_type, out.body.rstrip("\x01").replace("\x01", "|"), version)
        assert judge.validate(told) is None, (judge.validate(told), told)
        assert judge.conditional(told) is None, told
    everything = {"8", "9", "j", "r", "D", "F", "H", "AF", "R", "V"}
    assert sent == everything - column.unspoken
