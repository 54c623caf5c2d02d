"""Published heads: what a chain alone cannot show, a head that was kept elsewhere does."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from router.cli import run
from router.journal.heads import BadHeads, Head, Published, compare, head_line, read_heads
from router.journal.memory import MemoryStorage
from router.journal.records import digest
from router.journal.scan import scan
from router.journal.segments import Journal
from router.journal.storage import FileStorage
from router.messages import Restarted, Step
from router.runtime.heads import EVERY_S, HeadKeeper
from tests.cli.market_day import write_journal
from tests.journal.faulty_storage import append_batch, filled, no_file_beyond, open_journal

NOON = "2026-01-05T12:00:00Z"
NS = 1_000_000_000
T = 1_767_614_400 * NS
"""2026-01-05 12:00:00 UTC."""


def published(storage: MemoryStorage) -> list[Published]:
    """The head of every record."""
    return [Published(NOON, each.seq, digest(each.encoded()).hex()) for each in scan(storage)]


def kept(path: Path) -> list[Published]:
    """The heads in a file."""
    return read_heads(path.read_text().splitlines(keepends=True), str(path))


def test_a_journal_agrees_with_what_was_published_of_it() -> None:
    storage, _ = filled([range(1, 20), range(20, 60)])
    report = compare(scan(storage), published(storage))
    assert (report.published, report.confirmed, report.disagreement) == (59, 59, "")


def test_a_cut_tail_is_shown_though_the_chain_is_sound() -> None:
    longer, _ = filled([[1, 2, 3], [4, 5]])
    shorter, _ = filled([[1, 2, 3]])
    report = compare(scan(shorter), published(longer))
    assert report.confirmed == 3
    assert report.disagreement == (
        f"seq 4 was published at {NOON} with head {published(longer)[3].head}; "
        "the journal ends at seq 3: its tail was cut"
    )


def test_a_chain_that_was_written_anew_is_shown_though_it_is_sound() -> None:
    original, _ = filled([[1, 2, 3, 4]])
    other, _ = filled([[1, 2], [3, 4]])  # the same payloads, written in other batches
    assert [each.payload for each in scan(other)] == [each.payload for each in scan(original)]
    report = compare(scan(other), published(original))
    assert report.disagreement.endswith("it was written anew")
    assert report.disagreement.startswith("seq 3 was published")


def test_a_record_that_is_gone_from_the_middle_is_shown() -> None:
    original, _ = filled([[1, 2, 3, 4]])
    other, _ = filled([[1, 2, 4]])
    told = compare(scan(other), published(original)).disagreement
    assert told.endswith("the journal has no such record: it was written anew")


def test_heads_of_records_before_the_first_that_is_kept_say_nothing() -> None:
    whole, _ = filled([[1, 2, 3, 4]])
    later, _ = filled([[3, 4]])
    heads = published(whole)[:2] + published(later)
    report = compare(scan(later), heads)
    assert (report.pruned, report.confirmed, report.disagreement) == (2, 2, "")


def test_a_line_is_read_as_it_was_written_behind_whatever_a_logger_puts_before_it() -> None:
    line = head_line(Head(7, bytes(range(32))), NOON)
    assert json.loads(line) == {"time": NOON, "seq": 7, "head": bytes(range(32)).hex()}
    lines = [f"{line}\n", f"Jan  5 12:00:00 host sluice: {line}\n", line[:-9]]
    assert read_heads(lines, "F") == [Published(NOON, 7, bytes(range(32)).hex())] * 2


@pytest.mark.parametrize("bad", ["hello\n", '{"time":"x","seq":"1","head":""}\n', "\n"])
def test_another_line_is_refused_by_its_number(bad: str) -> None:
    with pytest.raises(BadHeads, match=r"^F, line 2: .*; a line is \{"):
        read_heads([head_line(Head(1, bytes(32)), NOON) + "\n", bad, "{}\n"], "F")


def test_a_stump_is_passed_over_and_told_of() -> None:
    lines = [head_line(Head(seq, bytes(32)), NOON) for seq in (1, 2, 3)]
    one, two, three = read_heads([f"{line}\n" for line in lines], "F")
    stump, stumps = lines[1][:-30], list[str]()
    told = [f"{lines[0]}\n", f"{stump}\n", f"{lines[2]}\n"]
    assert read_heads(told, "F", stumps) == [one, three]
    assert stumps == [f"F, line 2: {stump!r} was not finished"]
    glued = [f"{stump}{lines[2]}\n", f"{lines[1]}\n", stump]
    assert read_heads(glued, "F", stumps) == [three, two], "written behind it in the same line"
    assert [each.partition(": ")[0] for each in stumps[1:]] == ["F, line 1", "F, line 3"]
    with pytest.raises(BadHeads, match="line 1"):
        read_heads([f"{stump}}}\n"], "F")


def test_only_what_is_durable_is_published() -> None:
    journal, _ = open_journal(MemoryStorage())
    assert journal.durable.seq == -1
    append_batch(journal, [1, 2])
    journal.append(3, 0, 0, b"three")
    assert journal.durable.seq == 2
    journal.write()
    assert journal.durable.seq == 2, "written is not durable"
    journal.sync()
    assert journal.durable == Head(3, journal.head)


def test_with_page_cache_what_is_written_is_as_durable_as_it_gets() -> None:
    journal, _ = open_journal(MemoryStorage(), durability="page-cache")
    append_batch(journal, [1, 2])
    assert journal.durable == Head(2, journal.head)
    journal.append(3, 0, 0, b"three")
    assert journal.durable.seq == 2
    journal.write()
    assert journal.durable == Head(3, journal.head), "nobody calls sync, as there is none"


def test_a_head_is_due_each_minute_and_when_a_segment_is_sealed(tmp_path: Path) -> None:
    journal, _ = open_journal(MemoryStorage())
    path = tmp_path / "heads"
    keeper = HeadKeeper(path, journal, lambda: T)
    assert not keeper.due(0.0), "there is no record"
    append_batch(journal, [1])
    assert keeper.due(0.0)
    keeper.publish()
    append_batch(journal, [2])
    assert not keeper.due(EVERY_S - 1)
    assert keeper.due(EVERY_S)
    keeper.publish()
    keeper.publish()
    assert [each.seq for each in kept(path)] == [1, 2], "none is told twice"
    append_batch(journal, range(3, 100))
    assert keeper.due(EVERY_S + 1), "segments were sealed"
    keeper.publish()
    heads = kept(path)
    assert heads[-1] == Published(NOON, 99, journal.head.hex())


def test_a_place_that_takes_nothing_is_told_of_and_tried_again(tmp_path: Path) -> None:
    journal, _ = open_journal(MemoryStorage())
    append_batch(journal, [1])
    path = tmp_path / "missing" / "heads"
    keeper = HeadKeeper(path, journal, lambda: T)
    keeper.publish()
    assert keeper.failure == f"{path}: No such file or directory"
    path.parent.mkdir()
    keeper.publish()
    assert keeper.failure == ""
    assert [each.seq for each in kept(path)] == [1]


def test_a_line_that_was_taken_in_part_is_a_stump_and_the_next_begins_a_line(
    tmp_path: Path,
) -> None:
    journal, _ = open_journal(MemoryStorage())
    path, stumps = tmp_path / "heads", list[str]()
    keeper = HeadKeeper(path, journal, lambda: T)
    append_batch(journal, [1])
    keeper.publish()
    append_batch(journal, [2])
    with no_file_beyond(path.stat().st_size + 70):
        keeper.publish()
    assert keeper.failure == f"{path}: a line was taken in part"
    keeper.publish()
    HeadKeeper(path, journal, lambda: T).publish()
    lines = path.read_text().splitlines(keepends=True)
    assert [len(line) for line in lines] == [len(lines[0]), 71, len(lines[0]), len(lines[0])]
    assert [each.seq for each in read_heads(lines, "F", stumps)] == [1, 2, 2]
    assert len(stumps) == 1


def test_a_socket_gets_a_datagram_as_syslog_takes_it(tmp_path: Path) -> None:
    journal, _ = open_journal(MemoryStorage())
    append_batch(journal, [1])
    path = tmp_path / "log"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as logger:
        logger.bind(str(path))
        logger.settimeout(10)
        keeper = HeadKeeper(path, journal, lambda: T)
        keeper.publish()
        told = logger.recv(1000).decode()
    assert told == f"<109>sluice: {head_line(journal.durable, NOON)}"


# -- the command ---------------------------------------------------------------------------------


def a_day(folder: Path) -> tuple[Path, Path]:
    """A state folder, and a file with the head of its end."""
    made = write_journal(folder / "s", [Step(1, T, Restarted(1)), Step(2, T), Step(3, T)])
    *_, last = scan(FileStorage(made, read_only=True))
    heads = folder / "heads"
    heads.write_text(head_line(Head(3, digest(last.encoded())), NOON) + "\n")
    return made, heads


def test_verify_confirms_heads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, heads = a_day(tmp_path)
    assert run(["journal", "verify", str(folder), "--heads", str(heads)]) == 0
    assert capsys.readouterr().out.endswith("1 of 1 published heads confirmed\n")
    assert run(["journal", "verify", str(folder), "--heads", str(heads), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is True
    assert told["heads"] == {
        "published": 1,
        "confirmed": 1,
        "pruned": 0,
        "disagreement": "",
        "stumps": [],
    }


def test_verify_tells_of_a_stump(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, heads = a_day(tmp_path)
    heads.write_text('{"time":"2026\n' + heads.read_text())
    assert run(["journal", "verify", str(folder), "--heads", str(heads)]) == 0
    out, err = capsys.readouterr()
    assert out.endswith("1 of 1 published heads confirmed\n")
    assert err == f'passed over: {heads}, line 1: \'{{"time":"2026\' was not finished\n'
    assert run(["journal", "verify", str(folder), "--heads", str(heads), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["heads"]["stumps"]) == 1


def test_verify_shows_a_last_record_that_would_pass_for_a_torn_write(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, heads = a_day(tmp_path)
    path = folder / "journal-00000001.seg"
    data = bytearray(path.read_bytes())
    *_, last = Journal(FileStorage(folder, read_only=True)).scan()
    data[last.position.offset + last.size - 1] ^= 1
    path.write_bytes(data)
    assert run(["journal", "verify", str(folder)]) == 0, "without heads it may be a torn write"
    assert run(["journal", "verify", str(folder), "--heads", str(heads)]) == 10
    err = capsys.readouterr().err
    assert "NOT WHAT WAS PUBLISHED: seq 3 was published" in err
    assert "the journal ends at seq 2: its tail was cut" in err


def test_a_file_of_heads_that_is_none_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, heads = a_day(tmp_path)
    heads.write_text("nonsense\n")
    assert run(["journal", "verify", str(folder), "--heads", str(heads)]) == 1
    assert "line 1" in capsys.readouterr().err
    assert run(["journal", "verify", str(folder), "--heads", str(tmp_path / "none")]) == 1
    assert "No such file" in capsys.readouterr().err
