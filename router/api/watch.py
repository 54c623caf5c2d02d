"""What is known of a daemon from outside, and what follows: is it alive, started, and ready.

Owns the judgement behind /livez, /readyz and /startupz. Pure: signs and times come in, verdicts go
out. Must not know HTTP.
"""

from __future__ import annotations

from dataclasses import dataclass

from router.model import NS
from router.signs import JournalSigns, Signs

SILENT_S = 5.0
"""Without signs for so long the loop does not turn, or there is no daemon."""
SYNC_SLOW_S = 2.0
"""A sync that takes longer: orders wait, and new ones had better go elsewhere."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer, and why it is not yes."""

    ok: bool
    causes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """What an operator may want to know and is no reason."""


@dataclass(slots=True)
class Watch:
    """The last signs. Times are monotonic nanoseconds of this process."""

    began_at: int
    heard_at: int = 0
    """0: never."""
    signs: Signs | None = None
    refused: str = ""
    """Why the last message was not understood, if it was not."""

    def hear(self, signs: Signs, now: int) -> None:
        """Signs have come."""
        self.signs, self.heard_at, self.refused = signs, now, ""

    def silent_s(self, now: int) -> float:
        """Since the last signs, or since this process began to wait for them."""
        return (now - (self.heard_at or self.began_at)) / NS


def live(watch: Watch, now: int) -> Verdict:
    """False if the daemon's loop has not turned for five seconds."""
    silent = watch.silent_s(now)
    if silent < SILENT_S:
        return Verdict(True, notes=() if watch.signs else ("no signs yet: this process is young",))
    if watch.signs is None:
        why = f": {watch.refused}" if watch.refused else ""
        return Verdict(False, (f"no daemon has given signs for {silent:.0f} s{why}",))
    where = f"process {watch.signs.pid}, {watch.signs.phase}"
    return Verdict(False, (f"the loop has not turned for {silent:.0f} s ({where})",))


def started(watch: Watch, now: int) -> Verdict:
    """True once OMSs may log on."""
    alive = live(watch, now)
    if not alive.ok or watch.signs is None:
        return Verdict(False, alive.causes or alive.notes)
    match watch.signs.phase:
        case "recovering":
            return Verdict(False, (f"recovering: {watch.signs.folded:,} steps folded",))
        case "reconciling":
            return Verdict(False, ("waiting for venues to answer", *_venues(watch.signs)))
        case _:
            return Verdict(True)


def ready(watch: Watch, now: int, *, broken: str = "") -> Verdict:
    """True if the daemon takes new risk everywhere. `broken`: why its journal cannot be read."""
    up = started(watch, now)
    signs = watch.signs
    if not up.ok or signs is None:
        return Verdict(False, up.causes)
    causes = ["stopping"] if signs.phase == "stopping" else []
    causes += _venues(signs)
    if signs.unpriced:
        causes.append(f"{signs.unpriced} instruments have no price yet")
    if signs.journal is not None:
        causes += _journal(signs.journal)
    if broken:
        causes.append(f"the journal cannot be read: {broken}")
    return Verdict(not causes, tuple(causes), tuple(_notes(signs)))


def _venues(signs: Signs) -> list[str]:
    found = []
    for mic, each in signs.venues.items():
        session = signs.sessions.get(mic)
        if session is not None and not session.wanted:
            continue
        if not each.open:
            found.append(f"{mic} is not logged on")
        elif not each.reconciled:
            found.append(f"{mic} is not reconciled: {each.unknown} children are UNKNOWN")
    return found


def _journal(journal: JournalSigns) -> list[str]:
    found = []
    if journal.poisoned:
        found.append(f"the journal has failed: {journal.poisoned}")
    if journal.on_reserve:
        found.append("the disk is full: the journal is in its reserve")
    if journal.syncing_s > SYNC_SLOW_S:
        found.append(f"the disk has not answered for {journal.syncing_s:.0f} s")
    return found


def _notes(signs: Signs) -> list[str]:
    notes = [f"kill {each} holds" for each in signs.kills]
    notes += [
        f"{mic} is out of its hours, or logged out by hand"
        for mic in signs.venues
        if mic in signs.sessions and not signs.sessions[mic].wanted
    ]
    if signs.freezes:
        notes.append(f"{signs.freezes} freezes of learners hold")
    notes += [f"the model of {each} was refused" for each in signs.refused_models]
    return notes
