"""What a venue says to requests that cannot be served, byte for byte, and the ids it gives out."""

from __future__ import annotations

import pytest

from router.fix.versions import FIX42, FIX44, FIX50SP2, Version
from router.model import PX_SCALE
from tests.venues.order_entry_desk import MIC, NEW, NOW, Desk, fields
from venues.audit import AuditKind, AuditRecord
from venues.messages import QuoteIssued, QuoteRefused, QuoteWithdrawn
from venues.order_outbox import Answer, FieldRefused


def without(tag: str) -> str:
    """A good order to buy 1000 at 10, but for one field."""
    return "|".join(part for part in NEW.split("|") if not part.startswith(f"{tag}="))


def with_(text: str) -> str:
    """A good order with one field changed."""
    return without(text.partition("=")[0]) + f"|{text}"


def refused_field(desk: Desk) -> FieldRefused:
    (reply,) = desk.entry.take()
    assert isinstance(reply, FieldRefused), reply
    return reply


@pytest.mark.parametrize("tag", ["54", "55", "40", "60"])
def test_a_required_field_is_missing(tag: str) -> None:
    desk = Desk()
    desk.new("X", without(tag))
    reply = refused_field(desk)
    assert (reply.ref_seq_num, reply.ref_msg_type) == (2, "D")
    assert (reply.reason, reply.ref_tag) == (1, int(tag))
    assert desk.market.asked == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("54=9", 5),
        ("40=Z", 5),
        ("59=8", 5),
        ("44=ten", 6),
        ("44=1e3", 6),
        ("38=10.5", 6),
        ("38=-100", 6),
        ("60=yesterday", 6),
    ],
)
def test_a_field_has_no_value_that_the_venue_knows(text: str, reason: int) -> None:
    desk = Desk()
    desk.new("X", with_(text))
    reply = refused_field(desk)
    assert (reply.reason, reply.ref_tag) == (reason, int(text.partition("=")[0]))
    desk.new("X")
    assert desk.market.asked == ["submit 1000"], "a refused message uses up no ClOrdID"


@pytest.mark.parametrize(("text", "tag"), [(without("38"), "38"), (without("44"), "44")])
def test_a_limit_order_needs_quantity_and_price(text: str, tag: str) -> None:
    desk = Desk()
    desk.new("X", text)
    (answer,) = desk.answers()
    assert answer == Answer(
        "j",
        f"45=2|372=D|379=X|380=5|58=Conditionally required field missing: {tag}|".replace(
            "|", "\x01"
        ),
    )


def test_an_order_without_price_may_be_a_market_order() -> None:
    desk = Desk()
    desk.new("X", without("44").replace("40=2", "40=1"))
    assert desk.market.orders[0].price is None


def test_good_till_date_needs_a_date() -> None:
    desk = Desk()
    desk.new("X", NEW + "|59=6")
    assert desk.said() == ["j -"]


@pytest.mark.parametrize(("text", "reason"), [("55=OTHER", "1"), ("38=0", "13")])
def test_an_order_that_makes_no_sense_is_refused_as_an_order(text: str, reason: str) -> None:
    desk = Desk()
    desk.new("X", with_(text))
    (answer,) = desk.answers()
    found = fields(answer)
    assert (found["150"], found["39"], found["103"]) == ("8", "8", reason)
    assert (found["14"], found["151"]) == ("0", "0")
    assert desk.market.asked == []


def test_a_replace_cannot_change_symbol_or_side_or_reach_zero() -> None:
    desk = Desk()
    desk.new("X")
    desk.accepted()
    desk.said()
    desk.change("Y", "X", with_("54=2"))
    desk.change("Z", "X", with_("55=OTHER"))
    desk.change("W", "X", with_("38=0"))
    assert desk.said() == [f"9 {name}(X) 39=0 102=99 434=2" for name in ("Y", "Z", "W")]
    assert desk.market.asked == ["submit 1000"]


def test_an_unknown_message_type_is_refused() -> None:
    desk = Desk()
    desk.client("Q", "37=1|17=1|127=D|54=1|55=SYN")
    (answer,) = desk.answers()
    assert answer == Answer(
        "j", "45=2|372=Q|380=3|58=Unsupported Message Type|".replace("|", "\x01")
    )


def test_a_mass_status_of_an_unknown_kind_is_refused() -> None:
    desk = Desk()
    desk.client("AF", "584=M1|585=3")
    reply = refused_field(desk)
    assert (reply.reason, reply.ref_tag) == (5, 585)


def test_every_field_of_a_new_order_reaches_the_market() -> None:
    desk = Desk()
    desk.new("X", "54=5|55=SYN|38=700|40=D|44=10.0125|110=200|117=Q9|59=4|60=20260105-14:30:00|1=A")
    (order,) = desk.market.orders
    assert (order.side.value, order.qty, order.ord_type.value) == ("5", 700, "D")
    assert (order.time_in_force.value, order.min_qty, order.quote_id) == ("4", 200, "Q9")
    assert order.price == 1_001_250_000
    assert order.owner == "SLUICE"


def test_a_fill_in_every_byte() -> None:
    desk = Desk()
    desk.new("X", NEW + "|1=ACC|59=0")
    desk.accepted()
    desk.answers()
    desk.filled(200, 10)
    (answer,) = desk.answers()
    assert answer == Answer(
        "8",
        (
            "37=LIT_A-1-1|11=X|17=1.2|150=F|39=1|1=ACC|55=SYN|54=1|38=1000|40=2|44=10|59=0|"
            "32=200|31=10|30=LIT_A|851=1|151=800|14=200|6=10|75=20260105|"
            "60=20260105-14:30:00.000|"
        ).replace("|", "\x01"),
        shares_of="LIT_A-1-1",
    )


def test_execution_ids_are_unique_over_restarts() -> None:
    seen: list[str] = []
    for epoch in (1, 2, 11):
        desk = Desk(epoch=epoch)
        for name in ("A", "B"):
            desk.new(name)
            desk.accepted()
            desk.filled(1000, 10)
        seen += [fields(answer)["17"] for answer in desk.answers()]
    assert len(seen) == 12
    assert len(set(seen)) == 12


def test_every_report_and_request_is_in_the_venue_s_account() -> None:
    desk = Desk()
    desk.new("X")
    desk.accepted()
    desk.filled(200, 11)
    desk.cancel("Y", "Z")
    desk.cancel("Y", "X")
    desk.canceled()
    desk.client("D", "11=W|54=1")
    told = [(r.kind.value, r.cl_ord_id, r.exec_type, r.cum_qty) for r in desk.audit.records]
    assert told == [
        ("received", "X", "", 0),
        ("execution", "X", "0", 0),
        ("execution", "X", "F", 200),
        ("received", "Y", "", 0),
        ("cancel_reject", "Y", "", 0),
        ("received", "Y", "", 0),
        ("execution", "Y", "6", 200),
        ("execution", "Y", "4", 200),
        ("received", "W", "", 0),
        ("refused", "W", "", 0),
    ]
    assert desk.audit.records[2] == AuditRecord(
        kind=AuditKind.EXECUTION,
        mic=MIC,
        time=NOW,
        client="SLUICE",
        cl_ord_id="X",
        order_id="LIT_A-1-1",
        exec_id="1.2",
        exec_type="F",
        ord_status="1",
        symbol="SYN",
        side="1",
        order_qty=1000,
        cum_qty=200,
        leaves_qty=800,
        qty=200,
        px=11 * PX_SCALE,
    )


REQUEST = "131=R1|146=1|55=SYN|54=1|38=500"


def quote(quote_id: str, quote_req_id: str) -> QuoteIssued:
    return QuoteIssued(
        mic=MIC,
        at=NOW,
        owner="SLUICE",
        quote_id=quote_id,
        quote_req_id=quote_req_id,
        symbol="SYN",
        bid_px=999 * PX_SCALE // 100,
        bid_size=500,
        offer_px=0,
        offer_size=0,
        valid_until=NOW + 1_500_000_000,
    )


def test_a_quote_on_request_echoes_the_request() -> None:
    desk = Desk()
    desk.client("R", REQUEST)
    assert desk.market.asked == ["quote SLUICE R1 SYN 1 500"]
    desk.entry.quotes.issued(quote("Q1", "R1"))
    desk.entry.quotes.withdrawn(QuoteWithdrawn(MIC, NOW, "SLUICE", "Q1", "SYN"))
    assert desk.answers() == [
        Answer(
            "S",
            (
                "131=R1|117=Q1|537=1|55=SYN|132=9.99|134=500|"
                "62=20260105-14:30:01.500|60=20260105-14:30:00.000|"
            ).replace("|", "\x01"),
        ),
        Answer("Z", "117=Q1|298=1|295=1|55=SYN|".replace("|", "\x01")),
    ]


def test_a_quote_that_this_session_did_not_carry_is_not_withdrawn_here() -> None:
    desk = Desk()
    desk.entry.quotes.withdrawn(QuoteWithdrawn(MIC, NOW, "SLUICE", "Q1", "SYN"))
    assert desk.answers() == []


def test_a_dealer_that_does_not_quote() -> None:
    desk = Desk()
    desk.entry.quotes.refused(QuoteRefused(MIC, NOW, "SLUICE", "R1", "SYN", "no market"))
    assert desk.answers() == [
        Answer("AG", "131=R1|658=99|146=1|55=SYN|58=no market|".replace("|", "\x01"))
    ]


def test_a_quote_request_for_an_unknown_symbol() -> None:
    desk = Desk()
    desk.client("R", REQUEST.replace("SYN", "OTHER"))
    (answer,) = desk.answers()
    assert answer.msg_type == "AG"
    assert answer.body.startswith("131=R1\x01658=1\x01")
    assert desk.market.asked == []


@pytest.mark.parametrize("tag", ["54", "38"])
def test_a_quote_request_needs_side_and_quantity(tag: str) -> None:
    desk = Desk()
    desk.client("R", "|".join(p for p in REQUEST.split("|") if not p.startswith(f"{tag}=")))
    (answer,) = desk.answers()
    assert answer.msg_type == "j"
    assert "\x01379=R1\x01380=5\x01" in answer.body


@pytest.mark.parametrize(
    ("version", "told"),
    [
        (FIX42, ["S 131=R1|117=Q1|55=SYN|", "Z 117=Q1|298=1|295=1|55=SYN|", "Z 117=ALL|298=4|"]),
        (
            FIX44,
            ["S 131=R1|117=Q1|537=1|55=SYN|", "Z 117=Q1|298=1|295=1|55=SYN|", "Z 117=ALL|298=4|"],
        ),
        (
            FIX50SP2,
            ["S 131=R1|117=Q1|537=1|55=SYN|", "Z 117=Q1|298=5|295=1|55=SYN|", "Z 117=ALL|298=4|"],
        ),
    ],
    ids=str,
)
def test_quotes_in_each_version(version: Version, told: list[str]) -> None:
    desk = Desk(version=version)
    desk.entry.quotes.issued(quote("Q1", "R1"))
    desk.entry.quotes.withdrawn(QuoteWithdrawn(MIC, NOW, "SLUICE", "Q1", "SYN"))
    desk.entry.quotes.withdrawn(QuoteWithdrawn(MIC, NOW, "SLUICE", "", "SYN"))
    said = [f"{each.msg_type} {each.body}".replace("\x01", "|") for each in desk.answers()]
    assert [each[: len(start)] for each, start in zip(said, told, strict=True)] == told


def test_in_4_2_a_refused_quote_request_is_an_acknowledgement_of_no_quote() -> None:
    desk = Desk(version=FIX42)
    desk.client("R", REQUEST.replace("SYN", "OTHER"))
    desk.entry.quotes.refused(QuoteRefused(MIC, NOW, "SLUICE", "R1", "SYN", "no market"))
    assert desk.answers() == [
        Answer("b", "131=R1|297=5|300=1|58=unknown symbol OTHER|".replace("|", "\x01")),
        Answer("b", "131=R1|297=5|58=no market|".replace("|", "\x01")),
    ]


def test_in_4_2_the_liquidity_flag_has_the_agreed_tag_or_none() -> None:
    for tag, told in (("", "|30=LIT_A|151="), ("9730", "|30=LIT_A|9730=A|151=")):
        desk = Desk(version=FIX42, liquidity_tag=tag)
        desk.new("X")
        desk.accepted()
        desk.filled(200, 10)
        body = desk.entry.take()[-1].body.replace("\x01", "|")  # type: ignore[union-attr]
        assert told in body
        assert "|20=0|150=1|39=1|" in body
