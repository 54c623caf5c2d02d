"""The rules of engagement for one counterparty, as Markdown.

Owns the order of chapters and the words between the tables. Made from the dictionary, the
configuration, the plug-ins' schemas and scenarios that are played; nothing of it is written twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from config.fix import OmsSession, SessionKeys
from config.settings import Settings
from config.venues import VenueSettings
from router.cli.engagement import connection, fields, tables
from router.cli.engagement.fields import Spoken
from router.cli.engagement.rehearsal import Names, Shown
from router.cli.engagement.scenarios import Played, logon, play
from router.cli.engagement.tables import table
from router.fix.dialects import Dialect, dialect
from router.fix.dictionary import Specification
from router.fix.from_oms import ORD_TYPES, TIFS
from router.plugin import Plugin

PROMISES = (
    "Every order that can be read gets at least one ExecutionReport(8); every cancel and replace "
    "exactly one final answer: 8 with 150=4 or 5, or OrderCancelReject(9).",
    "Every execution at a venue is reported once, under one ExecID(17), the same after a crash. "
    "No fill is withheld, whatever limit or kill holds.",
    "A ClOrdID(11) that comes again never opens a second order: with the same content it is "
    "answered by the order's status, with other content it is refused.",
    "Nothing leaves before it is on the disk.",
    "A fill while a request is pending carries the old ClOrdID(11) and the old terms. An order is "
    "replaced only when 150=5 has been sent.",
    "A second request while one is pending is refused (102=3): requests are not chained.",
    "OrigClOrdID(41) of a request is the last ClOrdID(11) of the order that was not refused.",
)
VENUE_PROMISES = (
    "No ClOrdID(11) is used twice, in no life of the process.",
    "A NewOrderSingle(D) that has grown old on its way is never resent: it is gap-filled, and the "
    "child's fate is asked for.",
    "What is not answered is asked about, never repeated.",
    "After every Logon the open children are asked for before new risk is taken.",
)
DEVIATIONS = (
    "DontKnowTrade(Q) is not sent; an execution that cannot be ours is kept for the operator.",
    "Lists (E, K, L, M), allocations (J), quote requests from an OMS (R) and drop copies are not "
    "served.",
    "Stop orders (40=3, 4), pegs and orders at an auction are not taken from an OMS.",
    "SecurityID(48) and SecurityIDSource(22) are not looked at: an instrument is known by its "
    "Symbol(55).",
    "Good-till orders have no DayOrderQty(424), DayCumQty(425) and DayAvgPx(426).",
    "MassCancelRequestType(530) is 1 or 7; MassStatusReqType(585) is 1 or 7.",
)
NO_DISPUTES = "DontKnowTrade(Q) is not sent."
VENUE_DEVIATIONS = (
    "OrderCancelReplaceRequest(G) is not sent: a child is canceled, and another one is sent.",
    "TradingSessionStatus(h) and SecurityStatus(f) are read by nobody.",
)
NOTICE = "Written by `sluice roe`: write it anew rather than change it."


@dataclass(frozen=True, slots=True)
class Party:
    """Whom a document is for."""

    title: str
    names: Names
    keys: SessionKeys
    connection: Iterable[list[str]]
    spoken: tuple[Spoken, ...]
    algos: Mapping[str, type[Plugin]]
    """What an OMS may ask for; none for a venue."""
    rests: str
    """What becomes of open orders when the session ends."""
    deviations: tuple[str, ...]
    unplayed: str = ""
    """Why there are no scenarios."""

    @property
    def is_oms(self) -> bool:
        """True for a counterparty that sends us orders."""
        return not self.names.mic

    @property
    def dialect(self) -> Dialect:
        """What its version says differently."""
        return dialect(self.names.version, str(self.keys.liquidity_flag_tag or ""))

    @property
    def served(self) -> tuple[Spoken, ...]:
        """The messages that its version has."""
        return tuple(each for each in self.spoken if each.msg_type not in self.dialect.unspoken)


def oms_party(settings: Settings, own: OmsSession, algos: Mapping[str, type[Plugin]]) -> Party:
    """An OMS that may log on."""
    keys = settings.session_keys(own)
    ours = settings.fix.acceptor.sender_comp_id
    names = Names(keys.begin_string, keys.default_appl_ver_id or "", ours, own.target_comp_id)
    return Party(
        title=f"{ours} for {settings.session_name(own)}",
        names=names,
        keys=keys,
        connection=connection.oms_rows(settings, own),
        spoken=(*fields.FROM_OMS, *fields.TO_OMS),
        algos=algos,
        rests=connection.oms_rests(own),
        deviations=DEVIATIONS,
    )


def venue_party(settings: Settings, own: VenueSettings) -> Party:
    """A venue that we call."""
    keys = settings.session_keys(own)
    names = Names(
        keys.begin_string,
        keys.default_appl_ver_id or "",
        own.sender_comp_id,
        own.target_comp_id,
        own.mic,
        own.cod,
    )
    disputes = own.dk == "ok"
    disputing = fields.TO_VENUE_THAT_IS_TOLD if disputes else ()
    spoken = [*fields.TO_VENUE, *disputing, *fields.FROM_VENUE]
    if own.mass_status != "AF":
        spoken = [each for each in spoken if each.msg_type != "AF"]
    if own.type == "dealer":
        asks = "dealer_rfq" in own.tactics
        spoken += [*(fields.TO_DEALER if asks else ()), *fields.FROM_DEALER]
    if own.market_data is not None:
        spoken += [*fields.TO_DATA, *(fields.FROM_DATA if own.type != "dealer" else ())]
    lit = own.type == "lit"
    return Party(
        title=f"{own.sender_comp_id} at {own.mic}",
        names=names,
        keys=keys,
        connection=connection.venue_rows(settings, own),
        spoken=tuple(spoken),
        algos={},
        rests=connection.venue_rests(own),
        deviations=VENUE_DEVIATIONS if disputes else (NO_DISPUTES, *VENUE_DEVIATIONS),
        unplayed="" if lit else f"Scenarios are played for lit venues; this one is {own.type}.",
    )


def markdown(party: Party, spec: Specification, *, software: str, digest: str) -> str:
    """The whole document."""
    played = () if party.unplayed else tuple(play(party.names))
    opening = () if party.unplayed else logon(party.names)
    frames = [each.frame for one in played for each in one.shown]
    chapters = (
        _opening(party, spec, software, digest),
        _connection(party, opening),
        _messages(party, spec),
        _fields(party, spec, [*frames, *(each.frame for each in opening)]),
        _orders(party),
        _refusals(party, spec),
        _scenarios(party, played),
        _deviations(party, spec),
    )
    return "\n".join(line for chapter in chapters for line in chapter).rstrip() + "\n"


# -- chapters ------------------------------------------------------------------------------------


def _opening(party: Party, spec: Specification, software: str, digest: str) -> Iterator[str]:
    yield f"# Rules of engagement: {party.title}"
    yield ""
    yield from table(
        ("", ""),
        [
            ["FIX version", spec.version.name],
            ["software", f"Sluice {software}"],
            ["configuration", f"`{digest}`"],
        ],
    )
    yield ""
    yield NOTICE + " Names and tags are the standard's; times are UTC unless it is said otherwise."
    yield ""


def _connection(party: Party, opening: Iterable[Shown]) -> Iterator[str]:
    keys = party.keys
    parts = (
        ("Connection", party.connection),
        ("Hours", connection.hours_rows(keys)),
        ("Times and limits", connection.timing_rows(keys, acceptor=party.is_oms)),
        ("Sequence numbers", connection.number_rows(keys, acceptor=party.is_oms)),
    )
    for number, (title, rows) in enumerate(parts, 1):
        yield f"## {number}. {title}"
        yield ""
        yield from table(("", ""), rows)
        yield ""
    yield party.rests
    yield ""
    if opening:
        yield "The exchange of Logons, with the names of this session:"
        yield ""
        yield from _bytes(opening)


def _messages(party: Party, spec: Specification) -> Iterator[str]:
    yield "## 5. Messages"
    yield ""
    for inbound, title in ((True, "You send"), (False, "We send")):
        yield f"**{title}**"
        yield ""
        rows = [
            [each.msg_type, spec.messages[each.msg_type].name, each.use]
            for each in party.served
            if each.inbound is inbound
        ]
        yield from table(("MsgType(35)", "name", "says"), rows)
        yield ""
    yield "Both sides send the messages of the session: A, 0, 1, 2, 3, 4, 5."
    yield ""
    if party.is_oms:
        yield (
            "Any other MsgType(35) that the dictionary has is answered by BusinessMessageReject(j) "
            "with 380=3, one that it has not by Reject(3) with 373=11."
        )
        yield ""


def _fields(party: Party, spec: Specification, frames: list[bytes]) -> Iterator[str]:
    notes = fields.NOTES if party.is_oms else fields.VENUE_NOTES
    made = tables.Fields(spec, party.dialect, notes, frames, ours=party.is_oms)
    of_session = replace(made, notes=fields.SESSION_NOTES)
    yield "## 6. Fields"
    yield ""
    yield (
        "*Required* is what the dictionary or we require; other fields that a message has are not "
        "looked at. Of what you send:"
    )
    yield ""
    yield from table(("", ""), connection.judging_rows(party.keys, acceptor=party.is_oms))
    yield ""
    yield "### Header"
    yield ""
    yield from table(("tag", "name", "required", "meaning", "example"), made.header())
    yield ""
    header = ("tag", "name", "required", "values", "meaning", "example")
    for each in (*fields.SESSION, *party.served):
        message = spec.messages[each.msg_type]
        sender = ", you send it" if each.inbound else ", we send it"
        sender = "" if each in fields.SESSION else sender
        yield f"### {message.name} (35={each.msg_type}){sender}"
        yield ""
        rows = (of_session if each in fields.SESSION else made).rows(each)
        if rows:
            yield from table(header, rows)
        yield ""


def _orders(party: Party) -> Iterator[str]:
    yield "## 7. Orders"
    yield ""
    for each in PROMISES if party.is_oms else VENUE_PROMISES:
        yield f"- {each}"
    yield ""
    if not party.is_oms:
        return
    yield "### Types and times in force"
    yield ""
    yield from table(
        ("OrdType(40)", "TimeInForce(59)"),
        [[", ".join(_words(ORD_TYPES)), ", ".join(_words(TIFS))]],
    )
    yield ""
    yield (
        "An IOC order takes what is there, as often as it pays, and the rest is canceled (150=4). "
        "A DAY order that is not filled ends with 150=3, a GTD order with 150=C. Who asks for no "
        "algo gets what the policy chooses."
    )
    yield ""
    if party.dialect.strategy_group:
        where = "one entry of StrategyParametersGrp(957) for each parameter, or 848"
    else:
        where = "`name=value;name=value` in TargetStrategyParameters(848)"
    yield f"Algos are asked for by TargetStrategy(847); their parameters are {where}."
    yield ""
    yield from tables.algo_sections(party.algos)


def _refusals(party: Party, spec: Specification) -> Iterator[str]:
    yield "## 8. Refusals"
    yield ""
    if not party.is_oms:
        yield ("Reject(3) is sent for faults of header, numbers and CompIDs only. Its reasons:")
        yield ""
    yield from table(("SessionRejectReason(373)", "Text(58)"), tables.reason_rows(spec))
    yield ""
    if not party.is_oms:
        return
    yield (
        "Every other refusal has a Text(58) that begins with a code: `CODE: key=value, key=value`. "
        "Reasons are those of this version; the code is the precise one."
    )
    yield ""
    header = ("code", "when", "103 in 8", "102 in 9", "380 in j", "also in")
    yield from table(header, tables.code_rows(party.dialect))
    yield ""


def _scenarios(party: Party, played: Iterable[Played]) -> Iterator[str]:
    yield "## 9. Scenarios"
    yield ""
    if party.unplayed:
        yield party.unplayed
        yield ""
        return
    yield (
        "Each was played by the software itself, against a venue at which the book is 9 to 11; "
        "`|` stands for SOH. Letters are those of the order state change matrices."
    )
    yield ""
    for one in played:
        if not one.shown:
            continue
        yield f"### {one.scenario.ident} {one.scenario.title}"
        yield ""
        yield from _bytes(one.shown)


def _bytes(shown: Iterable[Shown]) -> Iterator[str]:
    """Messages as they passed: `>` from us, `<` to us."""
    yield "```"
    for each in shown:
        text = each.frame.decode("latin-1").replace("\x01", "|")
        yield f"{'us  >' if each.ours else 'you <'} {text}"
    yield "```"
    yield ""


def _deviations(party: Party, spec: Specification) -> Iterator[str]:
    yield "## 10. What is not there"
    yield ""
    for each in party.deviations:
        yield f"- {each}"
    unspoken = sorted(party.dialect.unspoken & {each.msg_type for each in party.spoken})
    if unspoken:
        yield f"- {spec.version.name} has no {', '.join(unspoken)}."
    if not party.dialect.liquidity_tag:
        yield "- No tag is agreed for the liquidity flag of a fill."


def _words(choices: Mapping[str, StrEnum]) -> list[str]:
    return [f"`{value}` {each.name.lower()}" for value, each in choices.items()]
