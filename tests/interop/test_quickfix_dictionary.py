"""The dictionary that `sluice roe --xml` writes, in the hands of an engine that is not ours.

QuickFIX loads it and judges every message of the scenarios by it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("quickfix", reason="quickfix is not installed: make interop builds and runs it")

import quickfix

from router.cli import run
from router.cli.engagement.rehearsal import Names
from router.cli.engagement.scenarios import logon, play
from router.fix.codec import encode

pytestmark = pytest.mark.interop

SESSION = "fix.acceptor.sessions.OMS"
ADMIN = frozenset("A012345")
Judge = Callable[[str], None]


def judge_of(tmp_path: Path, *options: str) -> Judge:
    """What raises for a message that the written dictionaries do not allow."""
    path = tmp_path / "OMS.xml"
    sets = [part for option in options for part in ("--set", f"{SESSION}.{option}")]
    assert run(["roe", "--session", "OMS", "--xml", str(path), *sets]) == 0
    own = quickfix.DataDictionary(str(path))
    transport = path.with_suffix(".FIXT11.xml")
    if not transport.exists():

        def judge(frame: str) -> None:
            own.validate(quickfix.Message(frame, own, True))

        return judge
    session = quickfix.DataDictionary(str(transport))

    def judge_layers(frame: str) -> None:
        message = quickfix.Message(frame, session, own, True)
        admin = frame.partition("\x0135=")[2][:2].rstrip("\x01") in ADMIN
        quickfix.DataDictionary.validate(message, session, session if admin else own)

    return judge_layers


@pytest.mark.parametrize(
    ("begin_string", "appl_ver_id"), [("FIX.4.2", ""), ("FIX.4.4", ""), ("FIXT.1.1", "9")]
)
def test_quickfix_finds_every_message_of_the_scenarios_sound(
    begin_string: str, appl_ver_id: str, tmp_path: Path
) -> None:
    chosen = [f"begin_string={begin_string}"]
    if appl_ver_id:
        chosen.append(f"default_appl_ver_id={appl_ver_id}")
    judge = judge_of(tmp_path, *chosen)
    names = Names(begin_string, appl_ver_id, "SLUICE", "OMS")
    frames = [each.frame for each in logon(names)]
    frames += [each.frame for one in play(names) for each in one.shown]
    assert len(frames) > 80
    for frame in frames:
        judge(frame.decode("latin-1"))


def test_quickfix_refuses_by_it_what_is_not_in_it(tmp_path: Path) -> None:
    judge = judge_of(tmp_path)
    header = "34=2\x0149=OMS\x0152=20260105-14:30:01.000\x0156=SLUICE\x01"
    order = "11=X\x0155=ACME\x0154=1\x0160=20260105-14:30:01.000\x0138=100\x0140=1\x01"
    judge(encode("FIX.4.4", "D", header, order).decode("latin-1"))
    wrong = order.replace("54=1", "54=~")
    with pytest.raises(quickfix.IncorrectTagValue):
        judge(encode("FIX.4.4", "D", header, wrong).decode("latin-1"))
    with pytest.raises(quickfix.InvalidTagNumber):
        judge(encode("FIX.4.4", "D", header, f"{order}9999=1\x01").decode("latin-1"))
    with pytest.raises(quickfix.InvalidMessageType):
        judge(encode("FIX.4.4", "J", header, "70=1\x01").decode("latin-1"))
