"""Where a fold begins: from the newest snapshot that can be used, or from nothing.

Owns the choice, and the making of a snapshot by a reader. What a node is made of is told by the
caller, who makes it anew for each try: an image that does not fit leaves nothing to go on with.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from router.core.engine import Engine
from router.core.image import UnfitImage
from router.journal.records import Position, Record, digest
from router.journal.recovery import steps
from router.journal.retention import Needs
from router.journal.scan import JournalBroken, Tail, beginning, read_record, scan
from router.journal.snapshots import (
    SNAPSHOTS_KEPT,
    Snapshot,
    is_draft,
    snapshot_name,
    snapshot_seqs,
    sound_snapshots,
    write_snapshot,
)
from router.journal.storage import Storage
from router.runtime.links import Link
from router.runtime.recovering import Recovery

Make = Callable[[], tuple[Engine, list[Link]]]
"""A core with an empty state, and links that nothing is known of."""


@dataclass(slots=True)
class Beginning:
    """A recovery that has been begun, and what is to be folded next."""

    engine: Engine
    links: list[Link]
    recovery: Recovery
    after: Tail | None = None
    """The record that was folded last; None: everything is to be folded."""
    refused: list[str] = field(default_factory=list)
    """Snapshots that were passed over, and why."""

    @property
    def snapshot_seq(self) -> int:
        """Of the snapshot that it begins from; -1 if there is none."""
        return -1 if self.after is None else self.after.last_seq


def begin(make: Make, storage: Storage) -> Beginning:
    """Take up the newest snapshot that is sound, that the journal confirms and that fits.

    Raises:
        JournalBroken: there is none, and what it stood for is in the archive.
    """
    refused: list[str] = []
    for snapshot in sound_snapshots(storage, refused):
        begun = _empty(make)
        try:
            begun.recovery.take_up(snapshot.body, seq=snapshot.seq)
        except UnfitImage as error:
            refused.append(f"{snapshot_name(snapshot.seq)}: {error}")
            continue
        begun.after, begun.refused = _behind(storage, snapshot), refused
        return begun
    archived = beginning(storage).segment
    if archived:
        told = "; ".join(refused) or "there is none"
        text = f"it is in the archive, and no snapshot can be used: {told}"
        raise JournalBroken(Position(archived, 0), text)
    begun = _empty(make)
    begun.refused = refused
    return begun


def take_snapshot(make: Make, storage: Storage) -> tuple[Snapshot | None, Beginning]:
    """Fold what a journal holds, beside its writer, and put a snapshot down; the oldest go.

    None if there is nothing new since the last one.

    Raises:
        JournalBroken: as `scan` and `steps` do.
        OSError: the disk takes no snapshot.
    """
    begun = begin(make, storage)
    last: list[Record] = []
    begun.recovery.fold(steps(noting_last(scan(storage, live=True, after=begun.after), last)))
    if not last:
        return None, begun
    made = put_snapshot(storage, begun.recovery, last[0])
    return made, begun


def put_snapshot(storage: Storage, recovery: Recovery, last: Record) -> Snapshot:
    """Put down what was folded up to a record."""
    snapshot = Snapshot(last.seq, last.position, digest(last.encoded()), recovery.image())
    write_snapshot(storage, snapshot)
    for name in storage.names():
        if is_draft(name):
            storage.drop(name)  # the draft of a reader that died
    sound = [each.seq for each in itertools.islice(sound_snapshots(storage, []), SNAPSHOTS_KEPT)]
    for seq in snapshot_seqs(storage):
        if seq not in sound:
            storage.drop(snapshot_name(seq))
    return snapshot


def needs(make: Make, storage: Storage) -> Needs:
    """What recovery, sessions and open orders need of the journal, as a fold of it says.

    Raises:
        JournalBroken: as `begin`, `scan` and `steps` do.
    """
    sound = list(itertools.islice(sound_snapshots(storage, []), SNAPSHOTS_KEPT))
    begun = begin(make, storage)
    begun.recovery.fold(steps(scan(storage, live=True, after=begun.after)))
    state = begun.engine.state
    opened = [state.parents[each].opened_at for each in state.open_parents]
    older = sound[-1].position.segment if len(sound) == SNAPSHOTS_KEPT else 0
    return Needs(older, begun.recovery.oldest_frame(), min(opened, default=0))


def noting_last(records: Iterable[Record], last: list[Record]) -> Iterator[Record]:
    """The same records; the one that was handed out last stands in `last`."""
    for record in records:
        last[:] = [record]
        yield record


def _empty(make: Make) -> Beginning:
    engine, links = make()
    return Beginning(engine, links, Recovery(engine.state, {link.name: link for link in links}))


def _behind(storage: Storage, snapshot: Snapshot) -> Tail:
    """The end of the record that a snapshot is of. What is durable there is not known."""
    size = read_record(storage, snapshot.position).size
    segment, offset = snapshot.position
    return Tail(segment, offset + size, previous=snapshot.head, last_seq=snapshot.seq)
