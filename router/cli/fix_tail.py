"""`sluice fix tail`: the FIX messages of a journal, old or growing, or those of one order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import typer

from config.settings import DEFAULT_CONFIG
from router.analysis import tag_filter
from router.analysis.message_view import Reader
from router.analysis.naming import Kind, find, near
from router.analysis.wire import Hop, Journey, Numbers, WireFrame
from router.cli.errors import CommandError, ExitCode
from router.cli.fix_decode import view_data
from router.cli.fix_line import compact_line
from router.cli.fix_names import by_comp_ids
from router.cli.kill import StateOption
from router.cli.options import NO_OVERRIDES, ConfigOption, JsonOption, SetOption, settings_of
from router.cli.output import say, show_json
from router.cli.paint import paint
from router.cli.waiting import wait
from router.fix.codec import SOH, time_text
from router.fix.redaction import redact
from router.journal.records import Position
from router.journal.recovery import read_steps
from router.journal.storage import FileStorage

POLL_S = 0.2
"""How often a growing journal is looked at."""
LAST = 20
"""Messages shown where nothing else is asked for."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be shown, and how."""

    session: str
    wanted: tag_filter.Wanted | None
    hide_heartbeats: bool
    raw: bool
    as_json: bool

    def takes(self, frame: WireFrame) -> bool:
        """True if the frame is asked for."""
        message = frame.message
        if self.session not in ("", frame.session):
            return False
        if message is None:
            return self.wanted is None
        if self.hide_heartbeats and message.msg_type in ("0", "1"):
            return False
        return self.wanted is None or self.wanted(message)


def tail(
    session: Annotated[str, typer.Option(help="Only of this session.")] = "",
    order_id: Annotated[
        str,
        typer.Option("--order", metavar="ID", help="One order: OrderID(37) or any ClOrdID(11)."),
    ] = "",
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on as the daemon writes.")
    ] = False,
    expression: Annotated[
        str, typer.Option("--grep", metavar="EXPR", help='As in "35=8 & 150=F & 32>1000".')
    ] = "",
    hide_heartbeats: Annotated[
        bool, typer.Option("--hide-heartbeats", help="Without Heartbeat(0) and TestRequest(1).")
    ] = False,
    raw: Annotated[bool, typer.Option("--raw", help="Whole messages, | for SOH.")] = False,
    last: Annotated[
        int | None,
        typer.Option("-n", min=0, show_default="20, all with --order", help="The last N; 0: all."),
    ] = None,
    state: StateOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
    overrides: SetOption = NO_OVERRIDES,
) -> None:
    """Print the FIX messages that a journal holds, one line each, next to a running daemon or not.

    With --order everything that passed for it, at the OMS and at every venue, on one time axis: the
    time since the message before, and since the one that it answers.

    The journal has application messages that came in and all that left for the first time. It has
    no admin messages that came in, no resent copies, and no market data. Times are of the daemon's
    clock; what one step sent has the time of what it answers, so the daemon's own share is not
    seen. Exit 2: no such order or session.
    """
    wish = Wish(session, _wanted(expression), hide_heartbeats, raw, as_json)
    folder, reader = state, Reader()
    if folder is None:
        settings = settings_of(config, overrides)
        folder, reader = settings.state, Reader(dictionaries=by_comp_ids(settings))
    storage = FileStorage(folder, read_only=True)
    journey = _journey(storage, order_id) if order_id else None
    source, screen = Source(storage, journey), Screen(wish, reader)
    count = (0 if order_id else LAST) if last is None else last
    kept: deque[Passed] = deque(maxlen=count)
    for passed in source.passed():
        if not wish.takes(passed[0]):
            continue
        if count:
            kept.append(passed)
        else:
            screen.show(*passed)
    for passed in kept:
        screen.show(*passed)
    if session and session not in source.sessions and not follow:
        known = ", ".join(source.sessions) or "none"
        text = f"no message of a session {session!r}; there are: {known}"
        raise CommandError(ExitCode.NOT_FOUND, text)
    while follow:
        wait(POLL_S)
        for passed in source.passed():
            if wish.takes(passed[0]):
                screen.show(*passed)


Passed = tuple[WireFrame, Hop | None]
"""A frame, and its place on an order's way if one is followed."""


class Source:
    """A journal that may be growing: each reading goes on where the last one ended."""

    def __init__(self, storage: FileStorage, journey: Journey | None) -> None:
        self._storage = storage
        self._journey = journey
        self._numbers = Numbers()
        self._position: Position | None = None
        self.sessions: dict[str, None] = {}
        """Every session that was met."""

    def passed(self) -> Iterator[Passed]:
        """What was not read before."""
        seen = self._position
        for position, step in read_steps(self._storage, seen, live=True, partial=True):
            self._position = position
            if position == seen:
                continue
            frames = list(self._numbers.frames(step))
            self.sessions.update((frame.session, None) for frame in frames)
            if self._journey is None:
                yield from ((frame, None) for frame in frames)
            else:
                yield from ((hop.frame, hop) for hop in self._journey.takes(step, frames))


class Screen:
    """Prints what passed, one line each."""

    def __init__(self, wish: Wish, reader: Reader) -> None:
        self._wish = wish
        self._reader = reader
        self._day = ""

    def show(self, frame: WireFrame, hop: Hop | None) -> None:
        """Print one frame, below its date where that is a new one."""
        if self._wish.as_json:
            show_json(_data(self._reader, frame, hop))
            return
        day, _, time = time_text(frame.now, 6).partition("-")
        if day != self._day:
            self._day = day
            paint([(f"{day[:4]}-{day[4:6]}-{day[6:]} UTC", "quiet")])
        if self._wish.raw:
            sign = ">" if frame.outbound else "<"
            paint([(f"{time}  {frame.session} {sign} {_readable(frame.data)}", "")])
        else:
            paint([(f"{time}  ", "quiet"), *compact_line(self._reader, frame, hop)])


def _wanted(expression: str) -> tag_filter.Wanted | None:
    if not expression.strip():
        return None
    try:
        return tag_filter.parse(expression)
    except ValueError as error:
        raise CommandError(ExitCode.CONFIGURATION, f"--grep: {error}") from None


def _journey(storage: FileStorage, order_id: str) -> Journey:
    """The way of the order that an id means; the newest if it means several.

    Raises:
        CommandError: it means nothing.
    """
    found = find(storage, order_id)
    if not found:
        close = near(storage, order_id)
        hint = f"; nearest: {', '.join(close)}" if close else ""
        raise CommandError(ExitCode.NOT_FOUND, f"no order {order_id!r} in {storage.folder}{hint}")
    newest = found[-1]
    if len(found) > 1:
        others = ", ".join(each.said for each in found[:-1])
        say(f"note: {order_id} names {len(found)} orders; this is the newest, not {others}")
    if newest.kind is Kind.REFUSED:
        return Journey(cl_ord_id=newest.name)
    return Journey(parent_id=newest.parent_id)


def _data(reader: Reader, frame: WireFrame, hop: Hop | None) -> dict[str, object]:
    found = view_data(reader.read(frame.data))
    times: dict[str, object] = {}
    if hop is not None:
        times = {"since_last_ns": hop.since_last_ns, "answer_ns": hop.answer_ns}
    return {
        "seq": frame.seq,
        "now": frame.now,
        "session": frame.session,
        "direction": "out" if frame.outbound else "in",
        "marks": list(frame.marks),
        **times,
        **found,
        "frame": _readable(frame.data),
    }


def _readable(data: bytes) -> str:
    """A frame with | for SOH, and without its secrets."""
    return redact(data).decode("latin-1").replace(SOH, "|")
