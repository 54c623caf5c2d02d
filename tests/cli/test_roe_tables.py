"""The tables of a rules-of-engagement document against the code: codes, fields in and out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from router.cli.engagement import fields
from router.cli.engagement.codes import CODES, INTERNAL
from router.fix import from_oms
from router.fix.application import outgoing
from router.fix.codec import Message
from router.fix.dialects import dialect
from router.fix.dictionary import dictionary
from router.fix.versions import FIX44, VERSIONS, Version
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
    "790": "S", "957": "1", "958": "pieces", "960": "2", "432": "20260109", "21": "1",
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
