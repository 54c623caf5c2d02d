"""`sluice roe`: what the document says is what the code does, and it cannot go stale."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from config.settings import load_settings
from router.cli import run
from router.cli.engagement import fields
from router.cli.engagement.codes import CODES, INTERNAL
from router.cli.engagement.html import page
from router.cli.engagement.rehearsal import Names
from router.cli.engagement.scenarios import play
from router.fix import from_oms
from router.fix.application import outgoing
from router.fix.codec import Message, decode
from router.fix.dialects import dialect
from router.fix.dictionary import dictionary
from router.fix.dictionary.quickfix_xml import read_quickfix_xml
from router.fix.versions import FIX42, FIX44, FIX50SP2, VERSIONS, Version
from router.messages import (
    CancelChild,
    Command,
    OrderTerms,
    QueryChild,
    QueryVenue,
    RefuseCancel,
    RefuseMessage,
    Report,
    ReportMassCancel,
    RequestQuote,
    SendChild,
)
from router.model import ExecType, OrdStatus, OrdType, Side, Tactic, TimeInForce

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).with_name("golden") / "rules-of-engagement-OMS.md"
SENDERS = ("router/core", "router/fix", "router/runtime", "router/algos", "risk", "policies")
CODE = re.compile(r"[A-Z]{2,}(_[A-Z]+)*(?=: )")
CODE_ALONE = re.compile(r"[A-Z]{2,}(_[A-Z]+)+")
T = 1_767_623_400_000_000_000


# -- codes ---------------------------------------------------------------------------------------


def texts(path: Path) -> Iterator[str]:
    """The strings of a source, docstrings apart; a formatted one up to its first value."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    inside = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in node.values
    }
    for node in ast.walk(tree):
        first = node.values[0] if isinstance(node, ast.JoinedStr) and node.values else node
        skipped = id(node) in docs or (id(node) in inside and first is node)
        if isinstance(first, ast.Constant) and isinstance(first.value, str) and not skipped:
            yield first.value


def codes_in(path: Path) -> Iterator[str]:
    """Codes that begin a text, and codes that are handed to something that makes the text."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for text in texts(path):
        found = CODE.match(text)
        if found:
            yield found[0]
    for node in ast.walk(tree):
        for each in _handed_on(node):
            if isinstance(each, ast.Constant) and CODE_ALONE.fullmatch(str(each.value)):
                yield str(each.value)


def _handed_on(node: ast.AST) -> Sequence[ast.expr]:
    """What is given to whoever makes a refusal's text, or is called `code`."""
    match node:
        case ast.Call(func=function, args=arguments):
            name = ast.unparse(function)
            makes = name in ("refuse", "Refusal") or name.startswith("fields.")
            return arguments if makes else ()
        case ast.Assign(targets=[ast.Name(id="code")], value=value):
            return (value,)
        case _:
            return ()


def in_sources() -> dict[str, str]:
    """Code to the first file that sends it."""
    found: dict[str, str] = {}
    for folder in SENDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for code in codes_in(path):
                found.setdefault(code, path.relative_to(ROOT).as_posix())
    return found


NOT_TOLD = {"FROZEN", "POLICY_CHANGED", "TLS"}
"""Words of the same shape in the journal and the log that reach no counterparty."""


def test_every_code_in_the_sources_stands_in_the_list_and_the_other_way_round() -> None:
    listed = {each.name for each in CODES} | INTERNAL
    found = in_sources()
    assert {code: where for code, where in found.items() if code not in listed | NOT_TOLD} == {}
    assert listed - found.keys() == set()


def test_a_code_that_is_new_would_be_seen(tmp_path: Path) -> None:
    path = tmp_path / "x.py"
    path.write_text(
        '"""DOC_STRING: no."""\n'
        'a = f"NEW_CODE: x={1}"\n'
        'b = refuse("OTHER_CODE", "0", x=1)\n'
        'c = Refusal("THIRD_CODE", "text")\n'
        'code = "FOURTH_CODE"\n'
        'd = fields.number("44", int, "FIFTH_CODE")\n'
        'e = "PLAIN: text"\n'
        'f = "not a CODE: text"\n'
    )
    assert set(codes_in(path)) == {
        "NEW_CODE",
        "OTHER_CODE",
        "THIRD_CODE",
        "FOURTH_CODE",
        "FIFTH_CODE",
        "PLAIN",
    }


# -- fields --------------------------------------------------------------------------------------


class Watched(dict[str, str]):
    """Fields that remember which of them were looked for."""

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__(values)
        self.asked: set[str] = set()

    def get(self, key: str, default: object = None) -> object:  # type: ignore[override]
        self.asked.add(key)
        return super().get(key, default)

    def __getitem__(self, key: str) -> str:
        self.asked.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.asked.add(str(key))
        return super().__contains__(key)


VALUES = {
    "11": "X", "41": "W", "37": "P", "55": "ACME", "54": "1", "38": "100", "40": "2", "44": "10",
    "59": "6", "126": "20260105-14:40:00", "168": "20260105-14:35:00", "110": "10", "847": "twap",
    "848": "slices=2", "1": "A", "60": "20260105-14:30:00", "584": "M", "585": "1", "530": "1",
    "790": "S", "957": "1", "958": "slices", "960": "2", "432": "20260109", "21": "1",
}  # fmt: skip
OF_A_GROUP = {"958", "960"}
HEADER_TAGS = {"8", "35", "34", "49", "56", "52", "97", "43"}


@pytest.mark.parametrize("spoken_version", VERSIONS, ids=lambda each: each.name)
@pytest.mark.parametrize("spoken", fields.FROM_OMS, ids=lambda each: each.msg_type)
def test_what_is_read_of_a_message_is_what_the_table_says(
    spoken: fields.Spoken, spoken_version: Version
) -> None:
    column = dialect(spoken_version)
    spec = dictionary(spoken_version).spec
    if spoken.msg_type in column.unspoken:
        pytest.skip("the version has no such message")
    asked: set[str] = set()
    for left_out in ("432", "126"):  # the one is read without the other
        tags = [tag for tag in VALUES if tag != left_out and tag in {*spoken.tags, "60"}]
        fields_of = Watched({"35": spoken.msg_type, **{tag: VALUES[tag] for tag in tags}})
        message = Message(spoken.msg_type, fields_of, tags, [VALUES[tag] for tag in tags])
        assert type(from_oms.read("OMS", message, 2, column)) is not RefuseMessage
        asked |= fields_of.asked & spec.fields.keys()
    conditions = [each for each in spec.conditions if each.msg_type == spoken.msg_type]
    needed = {tag for each in conditions for tag in (*each.required, each.when)}
    assert asked - needed - HEADER_TAGS <= set(spoken.tags)
    assert set(spoken.tags) & spec.fields.keys() - OF_A_GROUP <= asked


TERMS = OrderTerms(
    "ACME", Side.SELL_SHORT, 100, OrdType.LIMIT, TimeInForce.GTD, 10 * 10**8, "A", 10, 1, 2, "twap"
)


def full_commands() -> Iterator[Command]:
    """Commands with every field set that can reach the wire."""
    told = Report(
        session="S",
        parent_id="P",
        cl_ord_id="X",
        exec_id="E",
        exec_type=ExecType.TRADE,
        ord_status=OrdStatus.FILLED,
        terms=TERMS,
        cum_qty=100,
        leaves_qty=0,
        notional=1000,
        orig_cl_ord_id="W",
        last_qty=100,
        last_px=10,
        last_mkt="M",
        liquidity="2",
        exec_ref_id="R",
        text="t",
    )
    yield told
    yield Report(
        session="S",
        parent_id="P",
        cl_ord_id="X",
        exec_id="E",
        exec_type=ExecType.REJECTED,
        ord_status=OrdStatus.REJECTED,
        terms=TERMS,
        cum_qty=0,
        leaves_qty=0,
        notional=0,
        ord_rej_reason="3",
        exec_restatement_reason="4",
        ord_status_req_id="Q",
        mass_status_req_id="M",
        tot_num_reports=1,
        last_report=True,
        text="t",
    )
    yield RefuseCancel("S", "X", "W", "P", OrdStatus.NEW, "1", "2", "t")
    yield RefuseMessage("S", 2, "D", "5", "X", "t")
    yield ReportMassCancel("S", "X", "R", "1", "1", 2, symbol="ACME", text="t")
    yield ReportMassCancel("S", "X", "R", "1", "0", 0, "1", symbol="ACME", text="t")
    for kind in (OrdType.LIMIT, OrdType.PEGGED):
        yield SendChild(
            cl_ord_id="C",
            parent_id="P",
            decision=1,
            mic="S",
            tactic=Tactic.DARK_MID,
            symbol="ACME",
            side=Side.SELL_SHORT,
            qty=100,
            ord_type=kind,
            time_in_force=TimeInForce.DAY,
            price=10,
            account="A",
            min_qty=10,
            quote_id="Q",
        )
    yield CancelChild("D", "C", "S", "V", "ACME", Side.BUY, 100, "r")
    yield QueryChild("S", "C", "V", "ACME", Side.BUY)
    yield QueryVenue("S", "M")
    yield RequestQuote("S", "Q", "P", "ACME", Side.BUY, 100, 0)


@pytest.mark.parametrize("spoken_version", VERSIONS, ids=lambda each: each.name)
def test_what_is_sent_is_what_the_table_says(spoken_version: Version) -> None:
    tables = (*fields.TO_OMS, *fields.TO_VENUE, *fields.TO_DEALER)
    listed = {each.msg_type: set(each.tags) for each in tables}
    sent: dict[str, set[str]] = {}
    for command in full_commands():
        out = outgoing(command, T, {"S": dialect(spoken_version)})
        if out is not None:
            tags = {part.partition("=")[0] for part in out.body.split("\x01") if part}
            sent.setdefault(out.msg_type, set()).update(tags)
    for msg_type, tags in sent.items():
        assert tags <= listed[msg_type], msg_type
    if spoken_version is FIX44:
        missing = {kind: listed[kind] - tags for kind, tags in sent.items()}
        other_versions = {"20", "1369", "1130", "21", "1094"}
        assert {kind: tags - other_versions for kind, tags in missing.items()} == {
            kind: set() for kind in sent
        }


# -- the document --------------------------------------------------------------------------------


def roe(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert run(["roe", *options]) == 0
    return capsys.readouterr().out


def test_the_document_of_the_default_session_is_the_one_that_is_kept(
    capsys: pytest.CaptureFixture[str],
) -> None:
    digest = load_settings().digest()
    text = roe(capsys, "--session", "OMS")
    assert digest in text
    shown = re.sub(r"Sluice [0-9][^ |]*", "Sluice VERSION", text.replace(digest, "HASH"))
    assert shown.splitlines() == GOLDEN.read_text(encoding="utf-8").splitlines(), (
        "what is spoken has changed: write the document anew with the command, put VERSION and "
        f"HASH where the version and the hash stand, and look at the difference: {GOLDEN.name}"
    )


def test_the_same_configuration_gives_the_same_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    assert roe(capsys, "--session", "OMS") == roe(capsys, "--session", "OMS")


def test_every_code_stands_in_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    text = roe(capsys, "--session", "OMS")
    assert [each.name for each in CODES if f"| `{each.name}` |" not in text] == []


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--set", "fix.acceptor.sessions.OMS.begin_string=FIX.4.2"],
        [
            "--set",
            "fix.acceptor.sessions.OMS.begin_string=FIXT.1.1",
            "--set",
            "fix.acceptor.sessions.OMS.default_appl_ver_id=9",
        ],
    ],
    ids=["FIX.4.4", "FIX.4.2", "FIX.5.0SP2"],
)
def test_the_bytes_of_the_scenarios_are_sound_in_every_version(
    options: list[str], capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    text = roe(capsys, "--session", "OMS", *options)
    spoken = next(each for each in VERSIONS if each.name in request.node.name)
    judge = dictionary(spoken)
    frames = re.findall(r"^(?:us  >|you <) (8=.*)$", text, re.MULTILINE)
    assert len(frames) > 80
    for frame in frames:
        message = decode(frame.replace("|", "\x01").encode("latin-1"))
        assert judge.validate(message) is None, frame
        assert judge.conditional(message) is None, frame
    assert f"| FIX version | {spoken.name} |" in text
    assert ("35=AF" in text) is (spoken is not FIX42)
    assert ("957-" in text or "| 957 |" in text) is (spoken is FIX50SP2)


@pytest.mark.parametrize("mic", ["LIT_A", "DARK_A", "SDP_1", "SDP_2"])
def test_a_venue_has_a_document_too(mic: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = roe(capsys, "--venue", mic)
    assert f"# Rules of engagement: SLUICE at {mic}" in text
    assert "PRICE_COLLAR_EXCEEDED" not in text
    played = "us  > 8=FIX.4.4" in text
    assert played is mic.startswith("LIT")
    if played:
        assert f"|49=SLUICE|52=20260105-14:30:01.000|56={mic}|" in text
        assert "35=D|" in text
        assert "### A.1.a An order is refused" not in text
    assert ("### QuoteRequest (35=R), we send it" in text) is (mic == "SDP_2")


def test_a_bust_shows_as_its_scenario_says() -> None:
    names = Names("FIX.4.4", "", "SLUICE", "OMS")
    [busted] = [each for each in play(names) if "busted" in each.scenario.title]
    told = [
        {tag: decode(each.frame).get(tag) for tag in ("150", "39", "14", "151", "6")}
        for each in busted.shown
        if each.ours
    ]
    # fix.md 5.4, J.1.a, up to the first correction.
    assert [" ".join(each.values()) for each in told] == [
        "0 0 0 1000 0",
        "F 1 100 900 10",
        "F 2 1000 0 10.9",
        "H 1 900 100 11",
        "G 1 900 100 10",
    ]


def test_it_is_written_to_a_file_and_as_html(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "roe.html"
    assert run(["roe", "--session", "OMS", "--html", "--out", str(path)]) == 0
    assert capsys.readouterr().err.startswith(f"{path}: ")
    text = path.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>\n")
    assert "<title>Rules of engagement: SLUICE for OMS</title>" in text
    assert "<td>NewOrderSingle</td>" in text
    assert "http" not in text


def test_markdown_becomes_html() -> None:
    text = page(
        "# A & B\n\n| x | y |\n|---|---|\n| `1\\|2` | <b> |\n\n- **one** *two*\n\n```\n<x>\n```\n"
    )
    body = text.partition("<body>\n")[2]
    assert body == (
        "<h1>A &amp; B</h1>\n<table>\n<tr><th>x</th><th>y</th></tr>\n"
        "<tr><td><code>1|2</code></td><td>&lt;b&gt;</td></tr>\n</table>\n"
        "<ul>\n<li><b>one</b> <em>two</em></li>\n</ul>\n<pre>&lt;x&gt;</pre>\n</body>\n</html>\n"
    )


@pytest.mark.parametrize(
    ("options", "code", "text"),
    [
        ([], 4, "name one: --session NAME or --venue MIC"),
        (["--session", "OMS", "--venue", "LIT_A"], 4, "name one: "),
        (["--session", "OSM"], 2, "no session 'OSM'; there are: OMS"),
        (["--venue", "LIT_Z"], 2, "no venue 'LIT_Z'; there are: LIT_A, LIT_B"),
    ],
)
def test_for_nobody_there_is_no_document(
    options: list[str], code: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["roe", *options]) == code
    assert capsys.readouterr().err.startswith(text)


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (
            ["validate_user_defined_fields=false"],
            "| a tag from 5000 on that is not agreed | is taken |",
        ),
        (["strict=false"], "| a fault | in an application message is noted, and it is taken; in"),
        (["use_data_dictionary=false"], "| the dictionary | is not applied: messages are taken"),
        (["reset_on_logout=true"], "| numbers begin again | after a Logout(5) |"),
        (
            ["start_time=08:00", "end_time=17:30", "time_zone=Europe/Paris", "weekdays=[mon, tue]"],
            "| hours | 08:00 to 17:30 on mon tue |\n| time zone | Europe/Paris |",
        ),
        (["throttle={messages: 50}"], "| throttle | 50 messages in 1,000 ms; above it Business"),
        (
            ["late_clock=report"],
            "| SendingTime(52) | further than 120 s from our clock is reported",
        ),
        (["timestamp_precision=us"], "| our times | microseconds; "),
        (
            ["enable_next_expected_msg_seq_num=true"],
            "| NextExpectedMsgSeqNum(789) | in every Logon",
        ),
        (["resend_request_chunk_size=0"], "a large gap at once; early ones are kept"),
        (["account_required=true"], "| Account(1) | required of every order |"),
        (["allowed_remote_addresses=[192.0.2.0/24]"], "| from | 192.0.2.0/24 |"),
        (["logon_refusal=logout"], "is answered by Logout(5) with the reason"),
        (
            ["credentials={kind: password, username: desk, secret: oms}"],
            "| credentials | Username(553) desk and Password(554) in the Logon(A) |",
        ),
        (["credentials={kind: hmac, secret: oms}"], "a signature in RawData(96) of the Logon(A)"),
    ],
)
def test_what_is_configured_is_what_is_written(
    keys: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    place = "fix.acceptor.sessions.OMS"
    options: list[str] = []
    for each in keys:
        key, _, value = each.partition("=")
        if value.startswith("{"):
            for part in value.strip("{}").split(", "):
                name, _, inner = part.partition(": ")
                options += ["--set", f"{place}.{key}.{name}={inner}"]
        else:
            options += ["--set", f"{place}.{key}={value}"]
    assert line in roe(capsys, "--session", "OMS", *options)


# -- the peer's dictionary -----------------------------------------------------------------------


def test_the_dictionary_for_quickfix_reads_back_as_what_is_served(tmp_path: Path) -> None:
    path = tmp_path / "OMS.xml"
    assert run(["roe", "--session", "OMS", "--xml", str(path)]) == 0
    read = read_quickfix_xml(path.read_bytes())
    assert read.version == "FIX.4.4"
    application = {"D", "F", "G", "H", "AF", "q", "8", "9", "r", "j"}
    assert read.messages.keys() == application | {"A", "0", "1", "2", "3", "4", "5"}
    assert list(tmp_path.iterdir()) == [path]


def test_fixt_has_two_files_one_for_each_layer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "OMS.xml"
    sets = ["begin_string=FIXT.1.1", "default_appl_ver_id=9"]
    options = [part for each in sets for part in ("--set", f"fix.acceptor.sessions.OMS.{each}")]
    assert run(["roe", "--session", "OMS", "--xml", str(path), *options]) == 0
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 2)
    application = read_quickfix_xml(path.read_bytes())
    session = read_quickfix_xml((tmp_path / "OMS.FIXT11.xml").read_bytes())
    assert (application.version, session.version) == ("FIX.5.0SP2", "FIXT.1.1")
    assert "D" in application.messages
    assert session.messages.keys() == {"A", "0", "1", "2", "3", "4", "5"}
