"""Examine everything that a start would need, and say what is wrong and what cures it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from config.documents import DocumentError
from config.layers import SettingsError
from config.settings import DEFAULT_CONFIG, Settings
from router.cli import doctor_clock, doctor_drift, doctor_machine, knock, probes
from router.cli.check import load, look_closer
from router.cli.errors import CommandError, ExitCode
from router.cli.finding import Finding
from router.cli.kill import StateOption
from router.cli.options import NO_OVERRIDES, ConfigOption, JsonOption, SetOption, settings_of
from router.cli.output import show, show_json
from router.journal.headroom import HEADROOM_BYTES
from router.journal.scan import verify
from router.journal.storage import FileStorage, ForeignState
from router.signs import SOCKET_NAME

SYNC_SLOW_MS = 20.0
"""A median fdatasync above this keeps every order waiting for it."""
ROOT = 0
SEGMENTS_FREE = 10
"""Segments' worth of free space below which it is time to make room."""


def command(
    state: StateOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    overrides: SetOption = NO_OVERRIDES,
) -> None:
    """Look at configuration, state folder, journal, disk, clock, ports and venues.

    Exit 0: nothing to do. Exit 10: something was found; each finding has its cure.
    """
    if state is not None:
        overrides = [*overrides, f"state={state}"]
    findings = list(examine(config, overrides))
    ok = all(each.level in ("ok", "note") for each in findings)
    if as_json:
        show_json({"ok": ok, "findings": [asdict(each) for each in findings]})
    else:
        for each in findings:
            show(f"{each.level:<8} {each.check:<14} {each.text}")
            if each.cure:
                show(f"{'':<24}cure: {each.cure}")
    if not ok:
        raise CommandError(ExitCode.FINDINGS)


def examine(config: Path, overrides: list[str]) -> Iterator[Finding]:
    """Every finding. Without settings there is nothing else to look at."""
    try:
        settings = settings_of(config, overrides)
    except (SettingsError, DocumentError) as error:
        for problem in error.problems:
            cure = "change the value; docs/configuration.md has every key"
            yield Finding("configuration", "error", problem, cure)
        return
    yield from _configuration(settings)
    status = _daemon(settings.state)
    yield from _folder(settings.state, running=status is not None)
    yield from _journal(settings.state)
    yield from doctor_clock.of_the_journal(settings.state, speed=settings.clock.speed)
    yield from _disk(settings)
    yield from doctor_machine.market_files(settings.state)
    yield from doctor_machine.limits(settings, status["pid"] if status is not None else None)
    yield from doctor_clock.findings(settings)
    if status is not None:
        yield from doctor_drift.findings(settings, config, status)
        yield _watched(settings.state)
    if status is None:
        yield from _port(settings)
        yield from _venues(settings)
    else:
        yield from _running(status)


def _configuration(settings: Settings) -> Iterator[Finding]:
    try:
        loaded = load(settings)
    except CommandError as error:
        for line in error.lines:
            yield Finding("configuration", "error", line, "change it; `sluice check` looks again")
        return
    found = list(look_closer(loaded))
    for line in found:
        yield Finding("configuration", "warning", line, "change it if it is not meant")
    text = (
        f"{len(loaded.settings.venues)} venues, {len(loaded.instruments)} instruments, "
        f"{len(loaded.limits)} limits, {len(loaded.policies.policies)} policy documents load"
    )
    yield Finding("configuration", "ok", text)


def _daemon(state: Path) -> dict[str, Any] | None:
    """What a running daemon says of itself; None if there is none."""
    try:
        return knock.ask(state, {"command": "status"})
    except CommandError:
        return None


# -- the state folder ----------------------------------------------------------------------------


def _folder(state: Path, *, running: bool) -> Iterator[Finding]:
    if not state.exists():
        above = probes.nearest_folder(state)
        if not os.access(above, os.W_OK):
            text = f"{state} cannot be made: {above} is not writable"
            yield Finding("state folder", "error", text, "choose another: --state DIR")
        else:
            yield Finding("state folder", "note", f"{state} is made by the first start")
        return
    is_new = state.is_dir() and not any(state.iterdir())
    try:
        if not is_new:
            FileStorage(state, read_only=True)
    except ForeignState as error:
        yield Finding("state folder", "error", str(error), "choose another: --state DIR")
        return
    may_write = os.access(state, os.W_OK | os.X_OK)
    yield judge_folder(state, state.stat(), may_write=may_write, us=os.geteuid())
    yield from _lock(state, running=running)


def judge_folder(state: Path, entry: os.stat_result, *, may_write: bool, us: int) -> Finding:
    """Whose it is, and who may write there."""
    owner = entry.st_uid
    if us not in (owner, ROOT):
        text = f"{state} belongs to user {owner}, and this is user {us}"
        return Finding("state folder", "error", text, f"run as user {owner}, by runuser or sudo")
    if not may_write:
        return Finding("state folder", "error", f"{state} is not writable", f"chmod u+rwx {state}")
    if entry.st_mode & 0o022:
        text = f"others may write in {state}, and who may write there may kill and trade"
        return Finding("state folder", "warning", text, f"chmod go-w {state}")
    if owner != us:
        text = f"{state} belongs to user {owner}, who cannot read what root writes there"
        cure = f"run what writes there as user {owner}, by setpriv or runuser; see deploy/README.md"
        return Finding("state folder", "note", text, cure)
    return Finding("state folder", "ok", f"{state} is ours and writable")


def _lock(state: Path, *, running: bool) -> Iterator[Finding]:
    lock = probes.lock_of(state)
    if lock is None:
        return
    holder = f"process {lock.pid}" if lock.pid else "a process"
    if not lock.held:
        text = "free" if lock.pid is None else f"free; {holder} had it last"
        yield Finding("lock", "ok", text)
    elif running:
        yield Finding("lock", "ok", f"held by the daemon, {holder}")
    elif lock.alive:
        text = f"held by {holder}, which does not answer at its socket"
        yield Finding(
            "lock", "warning", text, f"it may be starting or recovering; else: kill {lock.pid}"
        )
    else:
        text = f"held, but {holder} is not on this machine or in this container"
        yield Finding("lock", "error", text, "stop the daemon there: two may never share a folder")


def _journal(state: Path) -> Iterator[Finding]:
    if not (state / "FORMAT").exists():
        return
    try:
        storage = FileStorage(state, read_only=True)
    except ForeignState:
        return  # said already
    report = verify(storage)
    if report.broken is not None:
        cure = "restore the folder from a copy; `sluice journal verify` says where it breaks"
        yield Finding("journal", "error", f"broken: {report.broken}", cure)
        return
    torn = f"; {report.torn_bytes} torn bytes, which a start cuts" if report.torn_bytes else ""
    text = f"{report.records:,} records in {report.segments} segments, chain sound{torn}"
    yield Finding("journal", "ok", text)


# -- the machine ---------------------------------------------------------------------------------


def _disk(settings: Settings) -> Iterator[Finding]:
    folder = probes.nearest_folder(settings.state)
    free = shutil.disk_usage(folder).free
    yield judge_space(free, segment_mib=settings.journal.segment_mib)
    yield from doctor_machine.growth(settings.state, free)
    if not os.access(folder, os.W_OK):
        return
    try:
        yield judge_sync(probes.sync_times(folder))
    except OSError as error:
        text = f"cannot be written and synced in {folder}: {error.strerror}"
        yield Finding("disk sync", "error", text, "repair the disk; nothing is sent without it")


def judge_space(free: int, *, segment_mib: int) -> Finding:
    """What so many free bytes mean for the next segments."""
    segment = segment_mib << 20
    text = f"{free >> 20:,} MiB free, a segment takes {segment_mib:,} MiB"
    cure = "make room, or move the state folder to a larger disk"
    if free < segment + HEADROOM_BYTES:
        return Finding("disk space", "error", f"{text}: the next one does not fit", cure)
    if free < SEGMENTS_FREE * segment:
        return Finding("disk space", "warning", text, cure)
    return Finding("disk space", "ok", text)


def judge_sync(took: probes.SyncTimes) -> Finding:
    """What the disk's sync times mean for orders."""
    text = f"fdatasync {took.p50_ms:.2f} ms median, {took.max_ms:.2f} ms at most, of {probes.SYNCS}"
    if took.p50_ms <= SYNC_SLOW_MS:
        return Finding("disk sync", "ok", text)
    cure = "every order waits for this: use a local SSD with power-loss protection"
    return Finding("disk sync", "warning", text, cure)


def _port(settings: Settings) -> Iterator[Finding]:
    acceptor = settings.fix.acceptor
    where = f"{acceptor.host}:{acceptor.port}"
    wrong = knock.cannot_listen(acceptor.host, acceptor.port)
    if not wrong:
        yield Finding("acceptor port", "ok", f"{where} is free")
        return
    holder = probes.holder_of(acceptor.port)
    text = f"{where}: {wrong}" + (f": {holder}" if holder else "")
    cure = "end that process, or choose another: --set fix.acceptor.port=PORT"
    yield Finding("acceptor port", "error", text, cure)


def _watched(state: Path) -> Finding:
    """Nothing needs the health process, so its absence is no fault."""
    if knock.is_taken(state / SOCKET_NAME):
        return Finding("health", "ok", "a health process takes the daemon's signs")
    return Finding("health", "note", "nobody watches the daemon: `sluice health` would")


def _venues(settings: Settings) -> Iterator[Finding]:
    """Dial every address once. With a simulated market nobody need be there yet."""
    addresses: dict[tuple[str, int], list[str]] = {}
    for venue in settings.venues:
        data = venue.market_data.connect if venue.market_data is not None else None
        for address in (*venue.connect, *(data or ())):
            names = addresses.setdefault((address.host, address.port), [])
            if venue.mic not in names:
                names.append(venue.mic)
    away = []
    for (host, port), names in addresses.items():
        why = knock.unreachable(host, port)
        if why:
            away.append(f"{', '.join(names)} at {host}:{port}: {why}")
    if not away:
        yield Finding("venues", "ok", f"all {len(settings.venues)} can be reached")
    elif settings.simulate is not None and len(away) == len(addresses):
        text = "the simulated venues do not run; `sluice run --simulate` starts them too"
        yield Finding("venues", "note", text)
    else:
        cure = "start the venue, or correct venues.MIC.connect; the daemon goes on trying"
        for text in away:
            yield Finding("venues", "warning", text, cure)


def _cure(fault: str) -> str:
    """What to do about what a peer did."""
    if ": COD_" in fault:
        return "ask the venue what it does on disconnect, and set its venues.MIC.cod to that"
    return "a venue sends what cannot be read: ask it"


def _running(status: dict[str, Any]) -> Iterator[Finding]:
    """What a running daemon says of its venues and kills."""
    shut = [mic for mic, each in status["venues"].items() if not each["open"]]
    unsettled = [
        mic for mic, each in status["venues"].items() if each["open"] and not each["reconciled"]
    ]
    if shut:
        text = f"not logged on: {', '.join(shut)}"
        yield Finding("venues", "warning", text, "see the daemon's log; it goes on trying")
    if unsettled:
        text = f"not reconciled, so they take no new risk: {', '.join(unsettled)}"
        cure = "the venue must answer for its open orders: `sluice unknown list`"
        yield Finding("venues", "warning", text, cure)
    if not shut and not unsettled:
        yield Finding("venues", "ok", f"all {len(status['venues'])} take new risk")
    for kill in status["kills"]:
        text = f"{kill['kill_id']} holds for {kill['scope']} {kill['value']}".rstrip()
        cure = f"sluice arm {kill['kill_id']} --who NAME --reason TEXT, when it is right"
        yield Finding("kill switch", "warning", f"{text}, by {kill['who']}", cure)
    for each in status["frozen"]:
        name = each["learner"] or "every learner"
        text = f"{name} is frozen and learns nothing, by {each['who']}: {each['reason']}"
        cure = f"sluice learner thaw {each['learner']} --who NAME --reason TEXT, when it is right"
        yield Finding("learner", "warning", text, cure.replace("  ", " "))
    if status["suspense_count"]:
        text = f"{status['suspense_count']} executions wait to be placed, and count as exposure"
        yield Finding("suspense", "error", text, "sluice suspense list; then assign or dismiss")
    for each in status["frozen_parents"]:
        text = f"{each['parent_id']} of {each['session']} is frozen: {each['reason']}"
        cure = (
            f"sluice frozen release {each['parent_id']} --who NAME --reason TEXT, when it is right"
        )
        yield Finding("parents", "error", text, cure)
    for fault in status["faults"]:
        yield Finding("messages", "warning", fault, _cure(fault))
