"""A fuzzer's bytes as the life of one session: what the peer, the clock and the application do.

A script is rows of eight bytes. The first says which session it is; of each other the first byte
says what happens and the rest how. Any bytes are a script.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from router.fix import inbox, outbox
from router.fix.session import SessionConfig
from tests.fuzz import law
from tests.fuzz.phrases import BODIES, FIELDS, NEWS, TAGS, TYPES, VALUES, spoken
from tests.fuzz.play import CHUNKS, Play, S, clock

ROW = 8
SECONDS = (0, 0.001, 0.1, 0.5, 1, 1.9, 2, 5, 9.9, 10, 29.9, 30, 36, 72.1, 121, 600)
LEAPS = (0.0005, 1, 29.9, 60, 119, 121, 3_600, 86_400, 10**7)
ROWS_MAX = 400


def config_of(row: bytes) -> SessionConfig:
    """The session that the first row of a script stands for."""
    a, b, c, d, e, f, _, _ = row.ljust(ROW, b"\0")[:ROW]
    config = spoken(a >> 1)
    if a & 1:
        config = replace(
            config,
            role="initiator",
            sender_comp_id=config.target_comp_id,
            target_comp_id=config.sender_comp_id,
        )
    return replace(
        config,
        validate=config.validate if b & 1 == 0 else None,
        strict=b & 2 == 0,
        reject_invalid_message=b & 4 == 0,
        requires_orig_sending_time=b & 8 == 0,
        check_comp_id=b & 16 == 0,
        check_latency=b & 32 == 0,
        send_redundant_resend_requests=b & 192 == 192,
        enable_next_expected_msg_seq_num=c & 3 == 3 and config.begin_string != "FIX.4.2",
        enable_last_msg_seq_num_processed=c & 12 == 12,
        reset_on_logon=c & 48 == 48,
        reset_on_logout=c & 192 == 192,
        reset_on_disconnect=d & 3 == 3,
        late_clock="report" if d & 12 == 12 else "reject",
        reset_seq_higher="logout" if d & 48 == 48 else "accept",
        test_mode=d & 192 == 192 and config.begin_string != "FIX.4.2",
        resend_request_chunk_size=(1_000, 3, 0, 1)[e & 3],
        timestamp_precision=(3, 0, 6, 9)[e >> 2 & 3],
        heart_bt_int=(30, 1, 0, 3_600)[e >> 4 & 3],
        max_latency=(120, 120, 1, 3_600)[e >> 6 & 3],
        frame_max=(65_536, 65_536, 4_096, 300)[f & 3],
    )


def pick(options: list[bytes], byte: int) -> bytes:
    return options[byte % len(options)]


class Script:
    """Plays rows."""

    def __init__(self, play: Play) -> None:
        self.play = play
        self._rows: list[bytes] = []

    def run(self, rows: list[bytes]) -> None:
        """Play every row."""
        self._rows = rows[::-1]
        while self._rows:
            row = self._rows.pop().ljust(ROW, b"\0")
            ACTS[row[0] % len(ACTS)](self, row)
            if self.play.session.wants_close and row[7] & 1:
                self.play.lose()

    # --- Numbers, times, fields ----------------------------------------------------------------

    def number(self, kind: int, at: int, extra: int) -> bytes:
        """A number about `at`, mostly a sound one."""
        kind %= 16
        if kind == 15:
            return pick(VALUES, extra)
        steps = (0, 1, -1, 2, extra, -extra, 1_000 + extra, 1 - at, -at, 5, 3, 4, -2, 20_000, 10)
        return b"%d" % (at + steps[kind])

    def body(self, msg_type: bytes, f: int, g: int) -> bytes:
        """What stands behind the header."""
        session = self.play.session
        match msg_type:
            case b"0" | b"1":
                value = (b"T%d" % f, b"", b"1", pick(VALUES, f))[g % 4]
                return b"112=%s\x01" % value if value or g & 16 else b""
            case b"2":
                begin = self.number(g, session.next_out - 1, f)
                end = b"0" if g & 16 else self.number(f, session.next_out - 1, g)
                return b"7=%s\x0116=%s\x01" % (begin, end)
            case b"3":
                return b"45=%d\x01372=%s\x01373=%d\x01" % (f, (b"2", b"D", b"")[g % 3], g % 20)
            case b"4":
                fill = (b"123=Y\x01", b"", b"123=N\x01", b"123=Y\x01")[g >> 4 & 3]
                return b"36=%s\x01%s" % (self.number(g, session.next_in + 1, f), fill)
            case b"5":
                return (b"", b"58=bye\x01", b"1409=5\x01", b"58=\x01")[g & 3]
            case b"A":
                return self.logon_body(f, g)
        return BODIES.get(msg_type, NEWS).replace(b"%d", b"%d" % f)

    def logon_body(self, f: int, g: int) -> bytes:
        """A Logon's body, mostly a sound one, and with a flag that resets in one of four."""
        encryption = b"0" if f & 15 != 15 else pick(VALUES, g)
        seconds = (b"30", b"1", b"0", b"-1", b"3601", b"30", pick(VALUES, f), b"5")[g & 7]
        reset = b"141=Y\x01" if g & 24 == 24 else b""
        fixt = b"1137=9\x01" if self.play.config.begin_string == "FIXT.1.1" or f > 250 else b""
        more = b"789=%s\x01" % self.number(f, self.play.session.next_out, g) if g & 32 else b""
        return b"98=%s\x01108=%s\x01%s%s%s" % (encryption, seconds, reset, more, fixt)

    def train(self, row: bytes) -> None:
        """Several messages in one read, numbered in their turn unless their rows say otherwise."""
        rows = [self._rows.pop() for _ in range(min(2 + row[1] % 8, len(self._rows)))]
        self.play.up()
        chunk, self.play.chunk = self.play.chunk, len(CHUNKS) - 1
        self.play.feed(self.frames(rows))
        self.play.chunk = chunk

    def frames(self, rows: list[bytes]) -> list[bytes]:
        """A message by each row, numbered in their turn unless the rows say otherwise."""
        return [
            law.frame(self.play.begin, self.text(row.ljust(ROW, b"\0"), ahead))
            for ahead, row in enumerate(rows)
        ]

    def text(self, row: bytes, ahead: int = 0) -> bytes:
        """A message from MsgType(35) on, by bytes 1 to 6 of a row."""
        _, a, b, c, d, f, g, _ = row
        play = self.play
        msg_type = pick(TYPES, a)
        due = play.session.next_in + ahead
        seq = b"%d" % due if b < 150 else self.number(b, due, f)
        sent = clock(play.now)
        if c >= 240:
            sent = (clock(play.now - 119 * S), clock(play.now + 121 * S), pick(VALUES, f))[c % 3]
        dup = b""
        if d >= 224:
            first = (clock(play.now - S), clock(play.now + S), b"", pick(VALUES, g))[d & 3]
            dup = b"43=Y\x01" + (b"122=%s\x01" % first if first or d & 4 else b"")
        us, them = play.names
        return b"35=%s\x0134=%s\x01%s49=%s\x0152=%s\x0156=%s\x01%s" % (
            *(msg_type, seq, dup, them, sent, us),
            self.body(msg_type, f, g),
        )

    # --- Acts ----------------------------------------------------------------------------------

    def say(self, row: bytes) -> None:
        """A message, sound in itself, in turn or not."""
        if row[7] & 2 == 0:
            self.play.up()
        self.play.feed([law.frame(self.play.begin, self.text(row))])

    def say_wrong(self, row: bytes) -> None:
        """A message with one field dropped, doubled, moved, changed or put in."""
        self.play.up()
        parts = self.text(row).split(b"\x01")[:-1]
        how, f, g = row[7], row[5], row[6]
        at = f % len(parts)
        match how % 8:
            case 0:
                del parts[at]
            case 1:
                parts.insert(g % len(parts), parts[at])
            case 2:
                parts.insert(g % len(parts), parts.pop(at))
            case 3:
                parts[at] = parts[at].partition(b"=")[0] + b"=" + pick(VALUES, g)
            case 4:
                parts[at] = pick(TAGS, g) + b"=" + parts[at].partition(b"=")[2]
            case 5:
                parts.insert(at, pick(FIELDS, g)[:-1])
            case 6:
                parts.insert(at, pick(TAGS, g) + b"=" + pick(VALUES, row[4]))
            case _:
                parts.append(pick(FIELDS, g)[:-1])
        begin = pick(VALUES, g) if how >= 250 else self.play.begin
        self.anything(law.frame(begin, b"\x01".join(parts) + b"\x01"))

    def anything(self, text: bytes) -> None:
        """Feed a frame that may be garbled."""
        if law.faults(text):
            self.play.feed([], text)
        else:
            self.play.feed([text])

    def garble(self, row: bytes) -> None:
        """A sound message loses a bit, its end, or its lengths."""
        self.play.up()
        text = law.frame(self.play.begin, self.text(row))
        at = (row[5] * 256 + row[6]) % len(text)
        match row[7] % 6:
            case 0:
                text = text[:at] + bytes([text[at] ^ (1 << row[4] % 8)]) + text[at + 1 :]
            case 1:
                text = text[:at]
            case 2:
                text = text.replace(b"\x019=", b"\x019=%d" % row[6], 1)
            case 3:
                text = text[:-4] + b"%03d\x01" % row[6]
            case 4:
                text = text[at:]
            case _:
                text = pick(VALUES, row[6]) * (1 + row[5]) + text
        self.play.feed([], text)

    def verbatim(self, row: bytes) -> None:
        """The rows that follow, as they are or made a frame."""
        count = 1 + row[1] % 32
        rest = b"".join(self._rows.pop() for _ in range(min(count, len(self._rows))))
        self.play.up()
        if row[2] & 1:
            head = b"35=%s\x0134=%d\x01" % (pick(TYPES, row[3]), self.play.session.next_in)
            self.anything(law.frame(self.play.begin, head + rest + b"\x01"))
        elif row[2] & 2:
            self.anything(law.mended(rest))
        else:
            self.play.feed([], rest)

    def burst(self, row: bytes) -> None:
        """Many messages at once, from a number on."""
        self.play.up()
        start = self.play.session.next_in + (0, 1, 2, row[2])[row[1] & 3]
        body = self.body(b"B", row[5], 0) + (b"5000=x\x01" * row[4] if row[3] & 1 else b"")
        kind = pick([b"B", b"0", b"8", b"1"], row[6])
        body = body if kind in b"B" else self.body(kind, row[5], 0)
        numbers = range(start, start + 1 + row[7])
        self.play.feed([self.play.message(kind, body, b"%d" % seq) for seq in numbers])

    def wait(self, row: bytes) -> None:
        """Time passes."""
        self.play.wait(SECONDS[row[1] % len(SECONDS)])

    def leap(self, row: bytes) -> None:
        """The process stands still: time has passed, and nobody has ticked in between."""
        self.play.now += round(LEAPS[row[1] % len(LEAPS)] * S)
        if row[2] & 1:
            self.play.tick()

    def send(self, row: bytes) -> None:
        """The application says something."""
        kinds = [b"B", b"8", b"D", b"3", b"j"]
        more = b"x" * (600 if row[4] > 240 else 0)
        for number in range(1 + row[2] % (3 if row[3] < 200 else 60)):
            self.play.send(pick(kinds, row[1]), NEWS + b"5001=%d%s\x01" % (number, more))

    def command(self, row: bytes) -> None:
        """The application or the operator ends, refuses, or resets."""
        self.play.command(row[1] % 4, row[2])

    def store(self, row: bytes) -> None:
        """How the store answers from now on; what it owes, it may answer."""
        self.play.lazy = row[1] % 3
        self.play.answer(row[2] % 4)

    def cut(self, row: bytes) -> None:
        """The connection breaks, and perhaps comes again at once."""
        self.play.lose()
        self.play.now += row[2] * S // 10
        if row[1] & 1:
            self.play.connect()

    def chunking(self, row: bytes) -> None:
        """How much arrives at a time."""
        self.play.chunk = row[1] % len(CHUNKS)

    def replay(self, row: bytes) -> None:
        """What the peer has said before, to the byte."""
        self.play.up()
        said = self.play.said
        if said:
            at = row[1] % len(said)
            self.play.feed(said[at : at + 1 + row[2] % 4])

    def reflect(self, row: bytes) -> None:
        """What the session itself has said comes back, as it is or with the CompIDs changed."""
        told = self.play.watch.told
        if not told:
            return
        text = told[row[1] % len(told)]
        if row[2] & 1:
            us, them = (b"=%s\x01" % each for each in self.play.names)
            text = text.replace(us, b"\x00").replace(them, us).replace(b"\x00", them)
        if row[2] & 2:
            before, _, after = text.partition(b"\x0134=")
            seq = b"\x0134=%d\x01" % self.play.session.next_in
            text = before + seq + after.partition(b"\x01")[2]
        self.anything(law.mended(text))

    def greet(self, row: bytes) -> None:
        """A new connection, and a first message that may be wrong in every way."""
        self.play.lose()
        self.play.connect()
        text = self.text(row)
        if row[7] & 1:
            text = text.replace(b"35=" + pick(TYPES, row[1]), b"35=A", 1)
        if row[7] & 6 == 6:
            parts = text.split(b"\x01")[:-1]
            parts[row[5] % len(parts)] = pick(FIELDS, row[6])[:-1]
            text = b"\x01".join(parts) + b"\x01"
        self.anything(law.frame(self.play.begin, text))

    def ask(self, row: bytes) -> None:
        """One ResendRequest after the other, while the store takes its time."""
        self.play.up()
        self.play.lazy = row[1] % 2
        for number in range(row[2] % 16):
            begin = 1 + (row[3] * number + row[4]) % self.play.session.next_out
            end = 0 if row[5] & 1 else begin + row[6] % 40
            body = b"7=%d\x0116=%d\x01" % (begin, end)
            self.play.feed([self.play.message(b"2", body)])

    def fill(self, row: bytes) -> None:
        """An honest answer to a gap: a gap fill up to some number."""
        self.play.up()
        seq = self.play.session.next_in
        body = b"36=%d\x01123=Y\x01" % (seq + 1 + row[1] % 8)
        dup = b"43=Y\x01122=%s\x01" % clock(self.play.now - S) if row[2] & 1 else b""
        self.play.feed([self.play.message(b"4", body, b"%d" % seq, dup)])


Act = Callable[[Script, bytes], None]
_WEIGHTS: list[tuple[Act, int]] = [
    (Script.say, 22),
    (Script.say_wrong, 9),
    (Script.garble, 3),
    (Script.verbatim, 2),
    (Script.burst, 2),
    (Script.wait, 6),
    (Script.leap, 1),
    (Script.send, 5),
    (Script.command, 2),
    (Script.store, 4),
    (Script.cut, 2),
    (Script.chunking, 1),
    (Script.replay, 2),
    (Script.reflect, 1),
    (Script.fill, 2),
    (Script.greet, 2),
    (Script.ask, 2),
    (Script.train, 3),
]
ACTS: list[Act] = [act for act, weight in _WEIGHTS for _ in range(weight)]


def check_session(data: bytes, timed: Callable[[int, int, int], None]) -> int:
    """Play a script, then see that an honest peer finds a session in order; return the inputs."""
    rows = [data[at : at + ROW] for at in range(0, min(len(data), ROW * ROWS_MAX), ROW)]
    first = (rows[0] if rows else b"").ljust(ROW, b"\0")
    play = Play(config_of(first), timed)
    play.message_max = (0, 0, 0, 600)[first[6] & 3]
    play.lacks = (0, 0, 1, 5)[first[6] >> 2 & 3]
    with bounds(small=bool(first[7] & 1)):
        Script(play).run(rows[1:])
        play.finish()
    return play.inputs


SMALL = [
    (inbox, "HELD_MESSAGES_MAX", 12),
    (inbox, "HELD_BYTES_MAX", 4_096),
    (outbox, "HELD_BYTES_MAX", 4_096),
    (outbox, "OUT_HELD_MAX", 9),
    (outbox, "RESEND_RANGE_MAX", 3),
    (outbox, "RESENDS_MAX", 2),
    (inbox, "DRAIN_MAX", 4),
    (inbox, "DRAIN_BYTES_MAX", 1_000),
]


@contextmanager
def bounds(*, small: bool) -> Iterator[None]:
    """The session's bounds as they are, or so small that a script reaches them."""
    if not small:
        yield
        return
    before = [(module, name, getattr(module, name)) for module, name, _ in SMALL]
    try:
        for module, name, bound in SMALL:
            setattr(module, name, bound)
        yield
    finally:
        for module, name, bound in before:
            setattr(module, name, bound)
