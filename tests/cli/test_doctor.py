"""`sluice doctor`: each finding, and its cure."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from router.cli import probes, run
from router.cli.doctor import judge_folder, judge_space, judge_sync
from router.cli.knock import cannot_listen, unreachable
from router.messages import Restarted, Step
from tests.cli.market_day import write_journal

T = 1_767_623_400_000_000_000


def doctor(
    capsys: pytest.CaptureFixture[str], state: Path, *more: str
) -> tuple[int, dict[str, list[dict[str, Any]]]]:
    """The exit code, and the findings by check. Port 0 is always free."""
    port = () if "fix.acceptor.port" in "".join(more) else ("--set", "fix.acceptor.port=0")
    code = run(["doctor", "--json", "--state", str(state), *port, *more])
    out, _ = capsys.readouterr()
    told = json.loads(out)
    assert told["ok"] is (code == 0)
    found: dict[str, list[dict[str, Any]]] = {}
    for each in told["findings"]:
        found.setdefault(each["check"], []).append(each)
    return code, found


def levels(found: dict[str, list[dict[str, Any]]], check: str) -> list[str]:
    return [each["level"] for each in found[check]]


def test_a_fresh_machine_has_nothing_to_cure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = doctor(capsys, tmp_path / "new")
    assert code == 0
    assert levels(found, "configuration") == ["ok"]
    assert levels(found, "state folder") == ["note"]
    assert not (tmp_path / "new").exists()
    assert list(tmp_path.iterdir()) == []


def test_a_used_folder_is_looked_through(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_journal(tmp_path / "s", [Step(1, T, Restarted(1)), Step(2, T)])
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    code, found = doctor(capsys, folder)
    assert (code, levels(found, "journal")) == (0, ["ok"])
    assert found["journal"][0]["text"] == "2 records in 1 segments, chain sound"
    assert found["lock"][0]["text"] == f"free; process {os.getpid()} had it last"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_configuration_that_does_not_load_is_a_finding_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = doctor(capsys, tmp_path, "--set", "routing.no_such=1")
    assert (code, list(found)) == (10, ["configuration"])
    assert found["configuration"][0]["text"].startswith("--set routing.no_such: ")
    assert found["configuration"][0]["cure"]
    code, found = doctor(capsys, tmp_path, "--set", "limits.no_such.x=1")
    assert (code, levels(found, "configuration")) == (10, ["error"])
    code, found = doctor(capsys, tmp_path, "--set", "journal.durability=page-cache")
    assert (code, levels(found, "configuration")) == (10, ["warning", "ok"])


def test_a_broken_journal_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_journal(tmp_path / "s", [Step(1, T, Restarted(1)), Step(2, T)])
    path = folder / "journal-00000001.seg"
    path.rename(folder / "journal-00000002.seg")
    code, found = doctor(capsys, folder)
    assert (code, levels(found, "journal")) == (10, ["error"])
    assert "the segment is missing" in found["journal"][0]["text"]


def test_a_folder_of_somebody_elses_files_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    code, found = doctor(capsys, tmp_path)
    assert (code, levels(found, "state folder")) == (10, ["error"])
    assert "holds notes.txt" in found["state folder"][0]["text"]


def test_a_folder_that_others_may_write_in_is_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_journal(tmp_path / "s", [Step(1, T, Restarted(1))])
    folder.chmod(0o777)
    code, found = doctor(capsys, folder)
    assert (code, levels(found, "state folder")) == (10, ["warning"])
    assert found["state folder"][0]["cure"] == f"chmod go-w {folder}"


@pytest.mark.parametrize(
    ("us", "mode", "may_write", "level"),
    [
        (1000, 0o700, True, "ok"),
        (1000, 0o700, False, "error"),
        (0, 0o700, True, "note"),
        (0, 0o770, True, "warning"),
        (1001, 0o700, True, "error"),
    ],
)
def test_a_folder_is_its_owners_and_root_may_look_at_it(
    us: int, mode: int, may_write: bool, level: str
) -> None:
    entry = os.stat_result((0o040000 | mode, 1, 1, 1, 1000, 1000, 0, 0, 0, 0))
    found = judge_folder(Path("s"), entry, may_write=may_write, us=us)
    assert (found.level, "chown" in found.cure) == (level, False)
    if us not in (0, 1000):
        assert found.cure == "run as user 1000, by runuser or sudo"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a folder away")
def test_root_finds_nothing_wrong_with_a_daemons_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_journal(tmp_path / "s", [Step(1, T, Restarted(1))])
    os.chown(folder, 65_534, 65_534)
    code, found = doctor(capsys, folder)
    assert (code, levels(found, "state folder")) == (0, ["note"])


def test_a_record_from_the_future_means_a_clock_that_went_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ahead = 4_102_444_800_000_000_000  # 2100-01-01
    folder = write_journal(tmp_path / "s", [Step(1, ahead, Restarted(1))])
    code, found = doctor(capsys, folder)
    assert (code, levels(found, "clock")[0]) == (10, "warning")
    assert "21000101-00:00:00.000" in found["clock"][0]["text"]


def test_a_lock_is_free_or_held_by_whom(tmp_path: Path) -> None:
    assert probes.lock_of(tmp_path) is None
    path = tmp_path / "LOCK"
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    path.write_text(f"{os.getpid()} {boot}\n")
    assert probes.lock_of(tmp_path) == probes.Lock(held=False, pid=os.getpid(), alive=True)
    with path.open("r+") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert probes.lock_of(tmp_path) == probes.Lock(held=True, pid=os.getpid(), alive=True)
        path.write_text(f"{os.getpid()} another-boot\n")
        assert probes.lock_of(tmp_path) == probes.Lock(held=True, pid=os.getpid(), alive=False)


def test_a_lock_without_a_daemon_is_a_finding(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_journal(tmp_path / "s", [Step(1, T, Restarted(1))])
    with (folder / "LOCK").open("r+") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        code, found = doctor(capsys, folder)
    assert (code, levels(found, "lock")) == (10, ["warning"])
    assert "does not answer" in found["lock"][0]["text"]


def test_a_port_that_is_taken_is_told_with_its_holder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert unreachable("127.0.0.1", port) == ""
        assert cannot_listen("127.0.0.1", port) == "another process listens there"
        assert probes.holder_of(port).endswith(f", pid {os.getpid()}")
        code, found = doctor(capsys, tmp_path, "--set", f"fix.acceptor.port={port}")
        assert (code, levels(found, "acceptor port")) == (10, ["error"])
        assert f"pid {os.getpid()}" in found["acceptor port"][0]["text"]
    assert cannot_listen("127.0.0.1", port) == ""
    assert probes.holder_of(port) == ""
    assert unreachable("127.0.0.1", port) == "connection refused"


def test_venues_are_dialled(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # Real venues must be there; of simulated ones all may be away, but not some.
    code, found = doctor(capsys, tmp_path, "--set", "simulate=null")
    assert (code, set(levels(found, "venues"))) == (10, {"warning"})
    assert "connection refused" in found["venues"][0]["text"]
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code, found = doctor(capsys, tmp_path, "--set", f"venues.SDP_1.connect.port={port}")
    assert (code, len(found["venues"])) == (10, 6)


def test_a_slow_disk_is_a_warning(tmp_path: Path) -> None:
    assert 0 < probes.sync_times(tmp_path).p50_ms < 10_000
    assert list(tmp_path.iterdir()) == []
    assert judge_sync(probes.SyncTimes(20.0, 31.0)).level == "ok"
    assert judge_sync(probes.SyncTimes(20.5, 31.0)).level == "warning"


def test_space_for_the_next_segment_must_be_there_and_for_ten_it_should() -> None:
    mib = 1 << 20
    # 16 MiB of headroom beside the segment
    assert judge_space(80 * mib - 1, segment_mib=64).level == "error"
    assert judge_space(80 * mib, segment_mib=64).level == "warning"
    assert judge_space(640 * mib - 1, segment_mib=64).level == "warning"
    assert judge_space(640 * mib, segment_mib=64).level == "ok"


def test_every_finding_that_counts_names_a_cure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    _, found = doctor(capsys, tmp_path, "--set", "simulate=null")
    for each in (one for ones in found.values() for one in ones):
        assert bool(each["cure"]) is (each["level"] in ("warning", "error")), each
