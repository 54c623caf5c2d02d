"""The doctor's looks at clocks, limits, growth, drift and the watcher: what each finds means."""

from __future__ import annotations

import os
import resource
import shutil
from pathlib import Path

import pytest

import config
from config.settings import Settings, load_settings
from router.cli import doctor_clock, doctor_drift, doctor_machine
from router.cli.check import load as look_at
from router.cli.doctor import _watched
from router.cli.doctor_clock import judge_clock, judge_skews
from router.cli.doctor_machine import DAY_NS, HOUR_NS, Limits, judge_growth, judge_limits
from router.cli.finding import Finding
from router.cli.kernel_clock import KernelClock, kernel_clock
from router.cli.remembered import drift, recall, remember
from router.fix.codec import encode, time_text
from router.messages import Restarted, Step
from router.model import NS
from router.signs import SOCKET_NAME
from tests.cli.market_day import write_journal
from tests.live.listener import Listener

T = 1_767_623_400 * NS
MIB = 1 << 20


@pytest.mark.parametrize(
    ("kernel", "kept", "real", "level"),
    [
        (KernelClock(True, 0.0, 0.01), False, True, "ok"),
        (KernelClock(True, 0.1, 0.01), False, True, "ok"),
        (KernelClock(True, 0.11, 0.01), True, True, "warning"),
        (KernelClock(True, -0.11, 0.01), True, False, "warning"),
        (KernelClock(False, 0.0, 16.0), False, True, "warning"),
        (KernelClock(False, 0.0, 16.0), False, False, "note"),
        (KernelClock(False, 0.0, 16.0), True, True, "ok"),
        (None, False, True, "note"),
        (None, True, True, "ok"),
    ],
)
def test_a_clock_is_judged_by_whoever_keeps_it(
    kernel: KernelClock | None, kept: bool, real: bool, level: str
) -> None:
    assert judge_clock(T, kernel, kept=kept, real=real).level == level


def test_the_kernel_is_asked() -> None:
    told = kernel_clock()
    assert told is None or abs(told.offset_s) < 10


@pytest.mark.parametrize(
    ("skew_ns", "speed", "level", "text"),
    [
        (NS // 20, 1.0, "ok", "1 sessions are within 0.050 s of ours, by SendingTime(52)"),
        (NS // 5, 1.0, "warning", "LIT_A is 0.200 s behind, by SendingTime(52)"),
        (-NS // 5, 1.0, "warning", "LIT_A is 0.200 s ahead, by SendingTime(52)"),
        (NS // 5, 5.0, "ok", "1 sessions are within 0.040 s of ours, by SendingTime(52)"),
    ],
)
def test_a_peers_clock_is_judged_by_its_sending_time(
    skew_ns: int, speed: float, level: str, text: str
) -> None:
    (found,) = judge_skews({"LIT_A": skew_ns}, speed=speed)
    assert (found.level, found.text) == (level, text)


def test_sending_times_are_found_in_the_journal(tmp_path: Path) -> None:
    header = f"34=2\x0149=LIT_A\x0152={time_text(T - NS)}\x0156=SLUICE\x01"
    frame = encode("FIX.4.4", "8", header, "37=1\x01")
    steps = [Step(1, T, Restarted(1)), Step(2, T, frame=frame, session="LIT_A")]
    folder = write_journal(tmp_path / "s", steps)
    found = list(doctor_clock.of_the_journal(folder, speed=1.0))
    assert [each.text for each in found] == ["LIT_A is 1.000 s behind, by SendingTime(52)"]
    assert list(doctor_clock.of_the_journal(tmp_path / "nothing", speed=1.0)) == []


@pytest.mark.parametrize(
    ("limits", "level"),
    [
        (Limits(1024, None, 8 * MIB, 0), "ok"),
        (Limits(None, None, None, 0), "ok"),
        (Limits(160, 64 * MIB, None, 0), "ok"),
        (Limits(159, None, None, 0), "warning"),
        (Limits(1024, 64 * MIB - 1, None, 0), "error"),
        (Limits(1024, None, None, None), "note"),
    ],
)
def test_limits_are_judged_by_what_is_needed(limits: Limits, level: str) -> None:
    assert judge_limits(limits, needed=160, segment_mib=64).level == level


def test_a_running_daemons_limits_are_those_that_count() -> None:
    settings = load_settings()
    (ours,) = doctor_machine.limits(settings, None)
    (seen,) = doctor_machine.limits(settings, os.getpid())
    assert ours == seen
    assert f"{resource.getrlimit(resource.RLIMIT_NOFILE)[0]:,}" in ours.text or ours.level != "ok"
    assert list(doctor_machine.limits(settings, 2**22 + 1)) == []  # beyond the last pid


@pytest.mark.parametrize(
    ("grown", "in_ns", "free", "level"),
    [
        (MIB, HOUR_NS - 1, MIB, "note"),
        (24 * MIB, DAY_NS, 24 * 7 * MIB, "ok"),
        (24 * MIB, DAY_NS, 24 * 7 * MIB - MIB, "warning"),
        (24 * MIB, DAY_NS, 24 * MIB - 1, "error"),
        (MIB, HOUR_NS, 24 * 7 * MIB, "ok"),
        (0, DAY_NS, 0, "ok"),
    ],
)
def test_growth_is_days_that_are_left(grown: int, in_ns: int, free: int, level: str) -> None:
    assert judge_growth(grown, in_ns, free).level == level


def test_growth_is_read_from_the_segments(tmp_path: Path) -> None:
    folder = write_journal(
        tmp_path / "s", [Step(1, T, Restarted(1)), Step(2, T + DAY_NS, Restarted(2))]
    )
    (found,) = doctor_machine.growth(folder, 10 * MIB)
    assert (found.check, found.level) == ("disk growth", "ok")
    assert list(doctor_machine.growth(tmp_path / "nothing", 1)) == []


def test_market_files_are_told(tmp_path: Path) -> None:
    assert list(doctor_machine.market_files(tmp_path)) == []
    (tmp_path / "market-00000001.seg").write_bytes(bytes(3 * MIB))
    (found,) = doctor_machine.market_files(tmp_path)
    assert found.text.startswith("1 files of market data, 3 MiB, not synced by design")


# -- drift ---------------------------------------------------------------------------------------


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A configuration of our own."""
    shutil.copytree(Path(config.__file__).parent, tmp_path / "config")
    (tmp_path / "state").mkdir()
    return tmp_path / "config" / "sluice.yaml"


def loaded(own: Path, *sets: str) -> Settings:
    return load_settings(own, [f"state={own.parents[1] / 'state'}", *sets])


def found(own: Path, started: Settings, *sets: str, policy: str = "") -> list[Finding]:
    """`policy` is the hash of the documents in force; those of the files if it is left out."""
    settings = loaded(own, *sets)
    in_force = policy or look_at(settings).policies.hash
    status = {"config_hash": started.digest(), "policy": {"hash": in_force}}
    return list(doctor_drift.findings(settings, own, status))


def test_what_was_not_changed_is_no_drift(own: Path) -> None:
    started = loaded(own)
    remember(started, own, [f"state={started.state}"])
    assert [each.level for each in found(own, started)] == ["ok"]
    again = recall(started.state, started.digest())
    assert again is not None
    assert again.digest() == started.digest()


def test_a_setting_that_was_changed_is_named_with_both_values(own: Path) -> None:
    started = loaded(own)
    remember(started, own, [])
    told = found(own, started, "routing.pause_ms=30", "limits.order_quantity.child_max=1000")
    assert [each.text for each in told] == [
        "limits.order_quantity.child_max: the daemon runs with 250000, the files say 1000",
        "routing.pause_ms: the daemon runs with 20.0, the files say 30.0",
    ]
    assert {each.level for each in told} == {"warning"}
    assert all(each.cure == "restart, to run with it, or put it back" for each in told)


def test_a_file_that_was_changed_is_named(own: Path) -> None:
    started = loaded(own)
    remember(started, own, [])
    instruments = own.parent / "instruments.yaml"
    instruments.write_text(instruments.read_text() + "# changed\n")
    told = found(own, started)
    assert [each.text for each in told] == [f"{instruments} has changed since the daemon started"]
    remember(started, own, [])  # a later start with the same settings has read the new file
    assert [each.level for each in found(own, started)] == ["ok"]


def test_of_the_policy_it_is_told_what_is_in_force_and_not_when_files_were_read(own: Path) -> None:
    started = loaded(own)
    remember(started, own, [])
    before = look_at(started).policies.hash
    policy = own.parent / "policies" / "desk.yaml"
    policy.write_text(policy.read_text() + "# a comment\n")
    assert [each.level for each in found(own, started, policy=before)] == ["ok"]
    policy.write_text(policy.read_text().replace("version: 1", "version: 2"))
    after = look_at(started).policies.hash
    (told,) = found(own, started, policy=before)
    text = f"policy {before[:12]} is in force, the files say {after[:12]}"
    assert (told.level, told.text) == ("warning", text)
    assert "sluice policy reload" in told.cure
    assert [each.level for each in found(own, started, policy=after)] == ["ok"], "it was reloaded"


def test_settings_that_nobody_remembers_are_told_to_differ(own: Path) -> None:
    started = loaded(own, "routing.pause_ms=30")
    assert drift(loaded(own), own, started.digest()) is None
    assert [each.level for each in found(own, started)] == ["warning"]
    assert found(own, loaded(own)) == []


# -- the watcher ---------------------------------------------------------------------------------


def test_a_health_process_is_seen_by_its_socket(tmp_path: Path) -> None:
    assert _watched(tmp_path).level == "note"
    with Listener(tmp_path / SOCKET_NAME):
        assert _watched(tmp_path).level == "ok"
    assert _watched(tmp_path).level == "note"  # the file is there, and nobody behind it
