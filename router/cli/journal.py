"""Read a journal: print its steps, or verify its chain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from config.settings import DEFAULT_CONFIG
from router.cli.errors import CommandError, ExitCode
from router.cli.journal_keep import archive, snapshot
from router.cli.options import NO_OVERRIDES, ConfigOption, JsonOption, SetOption, settings_of
from router.cli.output import OUTPUT_VERSION, say, show, show_json
from router.cli.why_words import qty, words
from router.fix.codec import SOH, CodecError, decode, time_text
from router.fix.redaction import redact
from router.journal.heads import BadHeads, HeadsReport, Published, compare, read_heads
from router.journal.recovery import read_steps, steps
from router.journal.scan import JournalBroken, VerifyReport, scan, verify
from router.journal.storage import FileStorage
from router.messages import (
    ArmRequested,
    EngageKill,
    FreezeLearner,
    FreezeRequested,
    KillRequested,
    MarkChild,
    MassStatusReceived,
    ModelLoaded,
    ModelRefused,
    PoliciesLoaded,
    PoliciesRefused,
    QueryVenue,
    QuoteCanceled,
    QuoteReceived,
    RefuseMessage,
    ReleaseKill,
    Restarted,
    SessionClosed,
    SessionCommanded,
    SessionOpened,
    Step,
    StorageChanged,
    ThawLearner,
    ThawRequested,
    TimerFired,
)

StateArgument = Annotated[
    Path | None, typer.Argument(metavar="STATE", help="The state folder; of the configuration.")
]


def cat(
    state: StateArgument = None,
    session: Annotated[str, typer.Option(help="Only steps that this session is part of.")] = "",
    first: Annotated[int, typer.Option("--from", metavar="SEQ", help="From this step on.")] = 0,
    last: Annotated[int, typer.Option("--to", metavar="SEQ", help="Up to this step.")] = 0,
    frames: Annotated[bool, typer.Option("--frames", help="With the FIX frames.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    overrides: SetOption = NO_OVERRIDES,
) -> None:
    """Print one line a step: seq, time, session, what came, what was decided, what left.

    With --json whole steps, one JSON object a line. In FIX frames | stands for SOH, and * for what
    a Logon(A) proves itself with.
    """
    storage = FileStorage(state or settings_of(config, overrides).state, read_only=True)
    for _, step in read_steps(storage, live=True, partial=True):
        if last and step.seq > last:
            break
        if step.seq < first or (session and session not in sessions_of(step)):
            continue
        if as_json:
            show(msgspec.json.encode({"version": OUTPUT_VERSION, **step_data(step)}).decode())
        else:
            show(line(step))
            if frames:
                for text in frame_lines(step):
                    show(f"    {text}")


HeadsOption = Annotated[
    Path | None,
    typer.Option("--heads", metavar="FILE", help="Heads that were published, to compare."),
]


KeyOption = Annotated[
    Path | None,
    typer.Option("--key", metavar="FILE", help="Public key, PEM, that the heads are signed with."),
]


def verify_command(
    state: StateArgument = None,
    heads: HeadsOption = None,
    key: KeyOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    overrides: SetOption = NO_OVERRIDES,
) -> None:
    """Check every record, the chain between them and what they hold. Exit 10: broken, and where.

    With --heads also whether the journal still is the one that was published: a tail that was cut
    and a chain that was written anew have no other flaw. With --key whether they bear the signature
    of that key, too.
    """
    storage = FileStorage(state or settings_of(config, overrides).state, read_only=True)
    stumps: list[str] = []
    published = [] if heads is None else _published(heads, stumps)
    if key is not None:
        _signed(published, heads, key)
    report = verify(storage)
    broken = report.broken or unreadable(storage)
    held = compare(scan(storage, live=True), published) if published and not broken else None
    if as_json:
        show_json(_report_data(report, broken) | _heads_data(held, stumps))
    elif broken is None:
        show(_report_line(report))
    for stump in stumps if not as_json else []:
        say(f"passed over: {stump}")
    if broken is not None:
        sound = f"{qty(report.records)} records before it are sound"
        if report.last_seq is not None and report.broken:
            sound += f", the last with seq {report.last_seq}"
        cure = "restore the folder from a copy: a daemon does not start from this"
        raise CommandError(ExitCode.FINDINGS, f"BROKEN: {broken}", sound, cure)
    if held is not None and held.disagreement:
        cure = "restore the folder from a copy, and find out who could write here"
        raise CommandError(ExitCode.FINDINGS, f"NOT WHAT WAS PUBLISHED: {held.disagreement}", cure)
    if held is not None and not as_json:
        show(f"{qty(held.confirmed)} of {qty(held.published)} published heads confirmed")
    if report.torn_bytes and not as_json:
        say(f"{qty(report.torn_bytes)} bytes of an interrupted write at the end; a start cuts them")


def _published(path: Path, stumps: list[str]) -> list[Published]:
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            return read_heads(lines, str(path), stumps)
    except OSError as error:
        raise CommandError(ExitCode.ERROR, f"{path}: {error.strerror}") from None
    except BadHeads as error:
        raise CommandError(ExitCode.ERROR, str(error)) from None


def _signed(published: list[Published], heads: Path | None, key: Path) -> None:
    """Refuse heads that do not bear a key's signature."""
    if heads is None:
        raise CommandError(
            ExitCode.CONFIGURATION, "--key is that of published heads: add --heads FILE"
        )
    from router.journal.signing import Verifier  # what few need costs 20 ms of a start

    try:
        verifies = Verifier(key.read_bytes())
    except OSError as error:
        raise CommandError(ExitCode.ERROR, f"{key}: {error.strerror}") from None
    except ValueError as error:
        raise CommandError(ExitCode.ERROR, f"{key}: {error}") from None
    for each in published:
        if not verifies(each):
            text = f"seq {each.seq}, published at {each.time}, " + (
                "bears another signature" if each.signature else "bears no signature"
            )
            cure = "nobody who holds that key has published it: find out who could write there"
            raise CommandError(ExitCode.FINDINGS, f"NOT SIGNED: {text}", cure)


def _heads_data(held: HeadsReport | None, stumps: list[str]) -> dict[str, object]:
    """What --heads came to, as JSON takes it; nothing without it."""
    if held is None:
        return {}
    names = ("published", "confirmed", "pruned", "disagreement")
    told = {**{name: getattr(held, name) for name in names}, "stumps": stumps}
    return {"heads": told, **({"ok": False} if held.disagreement else {})}


COMMANDS: dict[str, Callable[..., None]] = {
    "cat": cat,
    "verify": verify_command,
    "snapshot": snapshot,
    "archive": archive,
}


def unreadable(storage: FileStorage) -> JournalBroken | None:
    """The first sound record that holds no step of ours; None if all do."""
    try:
        for _ in steps(scan(storage, live=True)):
            pass
    except JournalBroken as error:
        return error
    return None


def _report_line(report: VerifyReport) -> str:
    if report.first_seq is None:
        return "ok: no records"
    return (
        f"ok: {qty(report.records)} records in {qty(report.segments)} segments, seq "
        f"{qty(report.first_seq)} to {qty(report.last_seq or 0)}, {qty(report.bytes)} bytes; "
        f"head {report.head}"
    )


def _report_data(report: VerifyReport, broken: JournalBroken | None) -> dict[str, object]:
    return {
        "ok": broken is None,
        "records": report.records,
        "segments": report.segments,
        "bytes": report.bytes,
        "first_seq": report.first_seq,
        "last_seq": report.last_seq,
        "head": report.head,
        "torn_bytes": report.torn_bytes,
        "broken": None
        if broken is None
        else {
            "segment": broken.position.segment,
            "offset": broken.position.offset,
            "after_seq": report.last_seq,
            "reason": broken.reason,
        },
    }


# -- a step --------------------------------------------------------------------------------------


def sessions_of(step: Step) -> set[str]:
    """Every session that a step came from, sent to, or moved."""
    named = {step.session, *(each.session for each in step.sent)}
    return named | {each.session for each in step.numbers}


def line(step: Step) -> str:
    """A step in one line."""
    parts = [_inbound(step)] if step.event is not None or step.frame else []
    parts.extend(_phrase(command) for command in step.commands)
    sent = [f"{each.session} {_type_of(each.frame)}" for each in step.sent]
    if sent:
        parts.append(f"sent {', '.join(sent)}")
    text = " > ".join(parts) or "numbers moved"
    return f"{step.seq:>9}  {time_text(step.now)}  {step.session or '-':<10} {text}"


def frame_lines(step: Step) -> Iterator[str]:
    """The FIX frames of a step, in and out."""
    if step.frame:
        yield f"<  {readable(step.frame)}"
    for each in step.sent:
        yield f">  {each.session} {readable(each.frame)}"


def readable(frame: bytes) -> str:
    """A frame with | for SOH, and without its secrets."""
    return redact(frame).decode("utf-8", "backslashreplace").replace(SOH, "|")


def _inbound(step: Step) -> str:
    kind = f"{_type_of(step.frame)} " if step.frame else ""
    return kind + (_phrase(step.event) if step.event is not None else "of the session")


def _type_of(frame: bytes) -> str:
    """MsgType(35) and MsgSeqNum(34)."""
    try:
        message = decode(frame)
    except CodecError:
        return "unreadable"
    return f"35={message.msg_type} 34={message.get('34')}"


def _phrase(what: object) -> str:
    """An event or command in words."""
    match what:
        case Restarted(policies=policies):
            policy = f", policy {policies.hash[:12]}" if policies is not None else ""
            return f"STARTED, epoch {what.epoch}{policy}"
        case SessionOpened():
            return f"{what.session} logged on"
        case SessionClosed():
            return f"{what.session} lost: {what.reason}".rstrip(": ")
        case SessionCommanded():
            numbers = f" to {what.next_in} in, {what.next_out} out" if what.next_out else ""
            action = what.action.replace("_", " ")
            return f"{action} of {what.session}{numbers} by {what.who}: {what.reason}"
        case StorageChanged():
            return f"DISK: {what.trouble}" if what.trouble else "the disk is well again"
        case TimerFired():
            return "timer"
        case ModelLoaded():
            part = f"part {what.part} of {what.parts}"
            return f"{what.learner} begins from {what.path}, {what.file_hash[:12]}, {part}"
        case ModelRefused():
            return f"model of {what.learner} refused: {what.path}: {what.reason}"
        case PoliciesLoaded(files=files):
            return f"policy {files.hash[:12]} in force, by {what.who}: {what.reason}"
        case PoliciesRefused():
            return f"policy refused, asked by {what.who}: {what.errors[0]}"
        case KillRequested():
            return f"kill asked by {what.who}: {what.reason}"
        case ArmRequested():
            return f"release of {what.kill_id} asked by {what.who}: {what.reason}"
        case EngageKill():
            return f"KILL {what.kill_id}, {what.scope} {what.value}".rstrip()
        case ReleaseKill():
            return f"kill {what.kill_id} released"
        case FreezeRequested():
            return f"freeze of {what.learner or 'every learner'} asked by {what.who}: {what.reason}"
        case ThawRequested():
            return f"thaw of {what.learner or 'every learner'} asked by {what.who}: {what.reason}"
        case FreezeLearner():
            return f"{what.learner or 'every learner'} FROZEN"
        case ThawLearner():
            return f"{what.learner or 'every learner'} thawed"
        case QuoteReceived():
            return f"quote {what.quote_id} of {what.mic}"
        case QuoteCanceled():
            return f"quote {what.quote_id} of {what.mic} withdrawn"
        case MassStatusReceived():
            return "mass status request"
        case QueryVenue():
            return f"asked {what.mic} for all its orders"
        case MarkChild():
            return f"markout of {what.cl_ord_id} starts"
        case RefuseMessage():
            return f"refused: {what.text}"
        case _:
            return words(what)


# -- JSON ----------------------------------------------------------------------------------------


def step_data(step: Step) -> dict[str, object]:
    """A step as JSON takes it: types named, frames readable."""
    return {
        "seq": step.seq,
        "now": step.now,
        "session": step.session,
        "event": msgspec.to_builtins(step.event),
        "commands": [msgspec.to_builtins(each) for each in step.commands],
        "frame": readable(step.frame),
        "sent": [
            {
                "session": each.session,
                "msg_seq_num": each.msg_seq_num,
                "frame": readable(each.frame),
            }
            for each in step.sent
        ],
        "numbers": [
            {"session": each.session, "next_in": each.next_in, "next_out": each.next_out}
            for each in step.numbers
        ],
    }
