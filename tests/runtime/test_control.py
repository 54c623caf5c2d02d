"""What is written on the operator's socket, whatever it is: an answer, and no harm."""

from __future__ import annotations

import json
from typing import Any

import pytest

from router.journal.recovery import read_steps
from router.messages import EngageKill, FreezeLearner, SessionCommanded
from router.runtime import control
from router.runtime.reloading import ReloadAsked
from tests.oms.desk import Desk
from tests.oms.settling import forgotten
from tests.runtime.asking import answered

ODD = "f\udcfcr \ud800alle"
"""As a command line holds the bytes of `für` in latin-1, and a half of a pair besides."""
READ = "für ?alle"
WHO = {"who": ODD, "reason": ODD}


def ask(desk: Desk, command: str, **more: Any) -> control.Answer:
    return answered(desk, json.dumps({"command": command, **WHO, **more}).encode())


def asked_of_the_core(desk: Desk) -> list[Any]:
    """The events of the journal that came from an operator."""
    return [step.event for _, step in read_steps(desk.storage) if hasattr(step.event, "who")]


def decided(desk: Desk, kind: type) -> list[Any]:
    return [c for _, step in read_steps(desk.storage) for c in step.commands if type(c) is kind]


def test_a_kill_in_bytes_that_are_no_text_cancels_and_is_journaled(desk: Desk) -> None:
    desk.oms.order("X")
    desk.a.child().ack()
    desk.a.heard()
    answer = ask(desk, "kill", scope="all")
    assert (answer["scope"], answer["cancels"]) == ("all", 1)
    assert desk.a.heard() == ["F c1"]
    (kill,) = decided(desk, EngageKill)
    assert (kill.who, kill.reason) == (READ, READ)


def test_an_account_is_read_as_fix_reads_it(desk: Desk) -> None:
    ask(desk, "kill", scope="account", value="N\udcd6RD")
    assert [each.value for each in decided(desk, EngageKill)] == ["NÖRD"]


def test_no_word_of_an_operator_breaks_a_record(desk: Desk) -> None:
    child = forgotten(desk)
    ask(desk, "kill", scope="account", value="A")
    assert ask(desk, "freeze")["changed"]
    assert ask(desk, "thaw")["changed"]
    entered = {"exec_id": ODD, "qty": "300", "px": "10"}
    told = ask(desk, "settle", cl_ord_id=child.cl_ord_id, executions=[entered], cum_qty="300")
    assert told["status"] == "unknown"
    busted = {"exec_id": f"{ODD}2", "qty": "200", "px": "10"}
    assert "error" not in ask(desk, "bust", mic="LIT_A", exec_id=READ, instead=busted)
    ask(desk, "fix_session", session="OMS", action="logout")
    said = [(each.who, each.reason) for each in asked_of_the_core(desk)]
    assert said == [(READ, READ)] * 6
    assert [each.reason for each in decided(desk, FreezeLearner)] == [READ]


def test_a_reload_says_who_and_why_in_letters() -> None:
    line = json.dumps({"command": "policy_reload", **WHO}).encode()
    assert control.parse(line) == ReloadAsked(READ, READ)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 4_000, "not JSON"),
        (b'{"command": ' + b"9" * 4_000 + b"}", "a number has to be from -9223372036854775807 to "),
        (b'{"command": "kill", "who": ' + b"[" * 9 + b"]" * 9 + b"}", "nested more than 4 deep"),
        (b'["kill"]', "not an object"),
        (b'{"command": "sink"}', "unknown command; allowed: kill, "),
    ],
)
def test_what_means_nothing_is_answered(desk: Desk, line: bytes, why: str) -> None:
    before = desk.node.seq
    assert answered(desk, line)["error"].startswith(why)
    assert desk.node.seq == before


@pytest.mark.parametrize("number", [10**30, -(10**30), 2**63])
def test_a_number_that_no_record_holds_is_refused(desk: Desk, number: int) -> None:
    answer = ask(desk, "fix_session", session="OMS", action="logon", next_in=number)
    assert answer["error"].startswith("a number has to be from ")
    assert not asked_of_the_core(desk)
    ask(desk, "fix_session", session="OMS", action="logon", next_in=2**63 - 1)
    (event,) = asked_of_the_core(desk)
    assert isinstance(event, SessionCommanded)


@pytest.mark.parametrize("px", ["300000000", "9" * 24])
def test_a_price_that_no_record_holds_is_refused(desk: Desk, px: str) -> None:
    """300 at 300,000,000 are 90 billions, and 64 bits hold 92 in all."""
    child = forgotten(desk)
    entered = [{"exec_id": "E7", "qty": "300", "px": px}]
    told = {"cl_ord_id": child.cl_ord_id, "executions": entered, "cum_qty": "300"}
    assert "beyond" in ask(desk, "settle", **told)["error"]
    entered[0]["px"] = "33333333.3"
    assert "error" not in ask(desk, "settle", **told)
