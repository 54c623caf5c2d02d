"""Run the daemon: log on to the venues, recover, and take orders until it is told to stop."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import structlog
import typer
from structlog.typing import FilteringBoundLogger

from config.settings import DEFAULT_CONFIG, Settings
from router import build, build_heads, build_sessions
from router.cli import installed
from router.cli.errors import CommandError, ExitCode
from router.cli.options import (
    NO_OVERRIDES,
    ConfigOption,
    JsonOption,
    SetOption,
    failpoints,
    settings_of,
    supervisor,
)
from router.cli.output import show_json
from router.cli.remembered import remember
from router.cli.starting import start
from router.cli.venues import spoken_options
from router.journal.segments import Journal
from router.journal.storage import FileStorage
from router.messages import Step
from router.runtime import failpoints as arming
from router.runtime import log as logging
from router.runtime.announcer import Announcer
from router.runtime.beside import Beside, Chore
from router.runtime.clock import Clock
from router.runtime.heads import HeadKeeper
from router.runtime.live import Address, CannotListen, Live, TlsError, drive
from router.runtime.log import Log
from router.runtime.log_lines import LogLines
from router.runtime.narration import narrate, say_what_is_left
from router.runtime.node import Built
from router.runtime.vitals import Identity

SimulateOption = Annotated[bool, typer.Option("--simulate", help="Start the venues too.")]
AcceptOption = Annotated[
    str,
    typer.Option(
        "--accept-config-change", metavar="HASH", help="Take upon you what a start has refused."
    ),
]
StateOption = Annotated[
    Path | None, typer.Option("--state", metavar="DIR", help="The state folder.")
]


def command(
    config: ConfigOption = DEFAULT_CONFIG,
    overrides: SetOption = NO_OVERRIDES,
    state: StateOption = None,
    simulate: SimulateOption = False,
    accept_config_change: AcceptOption = "",
    as_json: JsonOption = False,
) -> None:
    """Run the daemon. With --json it says on stdout when it listens, as one JSON line."""
    if state is not None:
        overrides = [*overrides, f"state={state}"]
    settings = settings_of(config, overrides)
    lines = LogLines(_log_descriptor())
    logging.configure(settings.log.level, settings.log.format, shard=settings.shard, lines=lines)
    venues = None
    try:
        _arm(failpoints())
        clock = Clock(speed=settings.clock.speed, origin=settings.clock.origin_ns)
        venues = start_venues(settings, clock) if simulate else None
        run(
            settings,
            clock,
            venues.ports if venues else {},
            remembered=lambda: remember(settings, config, overrides),
            chores=_chores(settings, config, overrides),
            as_json=as_json,
            accepted=accept_config_change,
        )
    finally:
        if venues is not None:
            venues.stop()
        lines.close()


def run(
    settings: Settings,
    clock: Clock,
    ports: dict[str, int],
    *,
    remembered: Callable[[], None],
    as_json: bool,
    chores: Sequence[Chore] = (),
    accepted: str = "",
) -> None:
    """Open the state folder, recover, and drive the node until a signal.

    `remembered` keeps the settings in the folder once it is known to be ours. `chores` are done
    beside the daemon every so many records.
    """
    # Whoever asks for a reload before the loop is there to do it does not end the process.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    log = structlog.get_logger().bind()  # one that is not bound binds again with every line
    settings.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    storage = FileStorage(settings.state)

    def on_step(step: Step) -> None:
        narrate(log, step)

    announcer = _announcer(settings, clock)
    made_of = build.parts(settings)
    built = build.node(
        made_of,
        storage,
        monotonic=clock.monotonic,
        on_step=on_step,
        folding=announcer.folding,
    )
    for text in built.refused:
        log.warning("snapshot_ignored", reason=text)
    epoch = built.node.engine.state.epoch + 1
    structlog.contextvars.bind_contextvars(epoch=epoch)  # on every line of this life
    start(settings, built, clock.now(), accepted=accepted, remembered=remembered)
    assert built.node.engine.state.epoch == epoch
    log.info(
        "started",
        seq=built.node.seq,
        snapshot=built.snapshot_seq,
        recovered=built.recovered,
        cut_bytes=built.journal.cut_bytes,
        durability=built.journal.durability,
        policy=built.node.engine.state.policy_hash,
        state=str(settings.state),
    )
    live = _driver(made_of, built, clock, log, ports, chores, announcer)

    def on_listen(port: int) -> None:
        if as_json:
            show_json({"listening": True, "port": port, "epoch": epoch, "venues": ports})
            sys.stdout.flush()

    try:
        poisoned = drive(live, on_listen)
    except CannotListen as error:
        raise _cannot_listen(settings, error) from None
    if poisoned:
        raise CommandError(ExitCode.POISONED, f"the journal failed: {poisoned}; restart to recover")
    say_what_is_left(log, built.node.engine.state)
    log.info("stopped", seq=built.node.seq)


def _driver(
    made_of: build.Parts,
    built: Built,
    clock: Clock,
    log: Log,
    ports: dict[str, int],
    chores: Sequence[Chore],
    announcer: Announcer,
) -> Live:
    """What drives the node, with what is done beside it.

    Raises:
        CommandError: what is wrong with the settings of TLS.
    """
    settings = made_of.settings
    acceptor, every = settings.fix.acceptor, settings.journal.snapshot_events
    beside = None
    if chores:
        written, failed = (lambda: built.journal.appended), announcer.chore_failed
        beside = Beside(chores, written, log, every=every, failed=failed)
    try:
        return Live(
            built.node,
            built.journal,
            built.market_file,
            clock,
            log,
            listen=Address(acceptor.host, acceptor.port),
            dials=build_sessions.dials(settings, ports),
            state_folder=settings.state,
            announcer=announcer,
            tls=build_sessions.acceptor_tls(settings),
            heads=_heads(settings, built.journal, clock),
            beside=beside,
            read_policies=build.policies_again(made_of),
        )
    except TlsError as error:
        raise CommandError(ExitCode.CONFIGURATION, str(error)) from None


def _heads(settings: Settings, journal: Journal, clock: Clock) -> HeadKeeper | None:
    path = settings.journal.heads
    if path is None:
        return None
    return HeadKeeper(path, journal, clock.wall, build_heads.signer(settings))


def _chores(settings: Settings, config: Path, overrides: list[str]) -> list[Chore]:
    """Commands with the same settings, which give way: a snapshot, and the archive if there is one,
    for a snapshot makes segments needless.
    """
    sets = [part for each in overrides for part in ("--set", each)]

    python = (sys.executable, "-m", "router")
    names = ["snapshot"] if settings.journal.archive.folder is None else ["snapshot", "archive"]
    return [
        Chore(name, [*python, "journal", name, "--nice", "--config", str(config), *sets])
        for name in names
    ]


def _announcer(settings: Settings, clock: Clock) -> Announcer:
    who = Identity(os.getpid(), settings.shard, installed(), settings.digest())
    return Announcer(who, clock, supervisor(), settings.state)


def _log_descriptor() -> int:
    """Standard error; without one the log goes nowhere, for 2 may be any file of ours."""
    return os.open(os.devnull, os.O_WRONLY) if sys.stderr is None else sys.stderr.fileno()


def _cannot_listen(settings: Settings, error: CannotListen) -> CommandError:
    acceptor = settings.fix.acceptor
    text = f"{acceptor.host}:{acceptor.port}: {error}"
    cure = "end the process that holds the port, or choose another: --set fix.acceptor.port="
    return CommandError(ExitCode.ERROR, f"cannot listen on {text}; {cure}")


def _arm(text: str) -> None:
    """Arm the failpoints that a test asks for, and say so where nobody can miss it."""
    if not text:
        return
    try:
        specs = arming.parse(text)
    except arming.FailpointError as error:
        raise CommandError(ExitCode.CONFIGURATION, f"SLUICE_FAILPOINT: {error}") from None
    arming.arm(specs)
    told = "this daemon is made to fail: for tests only; unset SLUICE_FAILPOINT"
    log: FilteringBoundLogger = structlog.get_logger()
    log.error("failpoints_armed", points=list(map(str, specs)), warning=told)


class Venues:
    """The simulated venues as a child process that ends with us."""

    def __init__(self, process: subprocess.Popen[str], ports: dict[str, int]) -> None:
        self._process = process
        self.ports = ports

    def stop(self) -> None:
        """Close its stdin, which ends it, and wait."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def start_venues(settings: Settings, clock: Clock) -> Venues:
    """Start the venues of the simulated market, and wait until they listen.

    Raises:
        CommandError: there is no simulated market in the configuration, or it does not start.
    """
    if settings.simulate is None:
        raise CommandError(
            ExitCode.CONFIGURATION, "--simulate needs a market; set simulate: {market: FILE}"
        )
    folder = settings.state.with_name(settings.state.name + ".venues")
    folder.mkdir(parents=True, exist_ok=True)
    arguments = [
        *(sys.executable, "-m", "venues"),
        *("--market", str(settings.simulate.market)),
        *("--base-port", "0"),
        *("--seed", str(settings.simulate.seed)),
        *("--speed", str(clock.speed), "--origin", str(clock.origin)),
        *("--state", str(folder), "--audit", str(folder / "audit.jsonl")),
        "--follow-stdin",
        *spoken_options(settings, settings.simulate.market),
    ]
    process = subprocess.Popen(  # noqa: S603 - our own module, with settings that were checked
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        code = process.wait()
        raise CommandError(
            ExitCode.CONFIGURATION if code == ExitCode.CONFIGURATION else ExitCode.ERROR,
            "the simulated venues did not start; they say why above",
        )
    return Venues(process, json.loads(line)["venues"])
