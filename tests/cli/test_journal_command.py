"""`sluice journal`: what cat prints and verify finds."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from router.cli import run
from router.journal.records import HEADER_SIZE
from router.journal.segments import Journal
from router.journal.storage import FileStorage
from router.messages import Restarted, Sent, Step
from tests.cli.market_day import Recorded, read_journal, write_journal

NS = 1_000_000_000
T = 1_767_623_400 * NS
FRAME = b"8=FIX.4.4\x019=5\x0135=0\x0110=163\x01"


def test_cat_prints_one_line_a_step_in_order(
    recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["journal", "cat", str(recorded.folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [int(line.split()[0]) for line in lines] == [
        step.seq for step in read_journal(recorded.folder)
    ]
    assert "STARTED, epoch 1" in lines[0]
    [taken] = [line for line in lines if f"order {recorded.swept} from OMS" in line]
    assert re.search(r"35=D 34=2 order .* > taken as PA1-0: sweep.* > sent OMS 35=8", taken)


def test_cat_narrows_by_seq_and_by_session(
    recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["journal", "cat", str(recorded.folder), "--from", "60", "--to", "130"]
    assert run(argv) == 0
    seqs = [int(line.split()[0]) for line in capsys.readouterr().out.splitlines()]
    assert seqs == [s.seq for s in read_journal(recorded.folder) if 60 <= s.seq <= 130]
    assert run([*argv, "--session", "SDP_2", "--json"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert 0 < len(told) < len(seqs)
    for step in told:
        named = {step["session"], *(each["session"] for each in step["sent"])}
        named |= {each["session"] for each in step["numbers"]}
        assert "SDP_2" in named


def test_cat_shows_frames_with_bars(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    steps = [
        Step(1, T, Restarted(1)),
        Step(2, T + NS, frame=FRAME, session="LIT_A", sent=(Sent("OMS", 7, FRAME),)),
    ]
    folder = write_journal(tmp_path / "s", steps)
    assert run(["journal", "cat", str(folder), "--frames"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "        1  20260105-14:30:00.000  -          STARTED, epoch 1",
        "        2  20260105-14:30:01.000  LIT_A      35=0 34= of the session > sent OMS 35=0 34=",
        "    <  8=FIX.4.4|9=5|35=0|10=163|",
        "    >  OMS 8=FIX.4.4|9=5|35=0|10=163|",
    ]
    assert run(["journal", "cat", str(folder), "--json", "--from", "2"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "version": 1,
        "seq": 2,
        "now": T + NS,
        "session": "LIT_A",
        "event": None,
        "commands": [],
        "frame": "8=FIX.4.4|9=5|35=0|10=163|",
        "sent": [{"session": "OMS", "msg_seq_num": 7, "frame": "8=FIX.4.4|9=5|35=0|10=163|"}],
        "numbers": [],
    }


def test_a_sound_journal_verifies_and_names_its_head(
    recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["journal", "verify", str(recorded.folder)]) == 0
    assert re.fullmatch(
        r"ok: \d+ records in 1 segments, seq 1 to \d+, [\d,]+ bytes; head [0-9a-f]{64}\n",
        capsys.readouterr().out,
    )
    assert run(["journal", "verify", str(recorded.folder), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["ok"], told["broken"]) == (True, None)
    assert told["records"] == len(read_journal(recorded.folder))


def test_a_changed_byte_is_found_where_it_is(
    recorded: Recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "s"
    shutil.copytree(recorded.folder, folder)
    storage = FileStorage(folder, read_only=True)
    records = list(Journal(storage).scan())
    victim = records[len(records) // 2]
    path = folder / "journal-00000001.seg"
    data = bytearray(path.read_bytes())
    data[victim.position.offset + HEADER_SIZE + 3] ^= 1
    path.write_bytes(data)
    assert run(["journal", "verify", str(folder), "--json"]) == 10
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert told["ok"] is False
    assert told["broken"]["offset"] == victim.position.offset
    assert told["broken"]["segment"] == 1
    assert told["records"] == len(records) // 2
    assert err.startswith(
        f"BROKEN: journal-00000001.seg at byte {victim.position.offset}: the checksum is wrong"
    )


def test_a_sound_record_that_holds_no_step_is_found_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_journal(tmp_path / "s", [Step(1, T, Restarted(1))])
    journal = Journal(FileStorage(folder), segment_bytes=1 << 20, headroom_bytes=0)
    for _ in journal.open():
        pass
    journal.append(2, T, T, b"no step")
    journal.close()
    assert run(["journal", "verify", str(folder)]) == 10
    assert "the payload is not a step" in capsys.readouterr().err


def test_a_torn_tail_is_told_and_is_no_finding(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_journal(tmp_path / "s", [Step(1, T, Restarted(1)), Step(2, T)])
    path = folder / "journal-00000001.seg"
    data = bytearray(path.read_bytes())
    *_, last = Journal(FileStorage(folder, read_only=True)).scan()
    data[last.position.offset + HEADER_SIZE + 1] ^= 1
    path.write_bytes(data)
    assert run(["journal", "verify", str(folder)]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("ok: 1 records in 1 segments, seq 1 to 1")
    assert err == f"{last.size} bytes of an interrupted write at the end; a start cuts them\n"


def test_an_empty_journal_is_sound(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_journal(tmp_path / "s", [])
    assert run(["journal", "verify", str(folder)]) == 0
    assert capsys.readouterr().out == "ok: no records\n"
