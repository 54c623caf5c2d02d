"""Whether an OMS, the venues and the journal tell the same story, share for share.

Three accounts of one run: what the OMS was told, what the venues wrote down, and what a fold of the
journal comes to. And one of the wire: which numbers carried what.
"""

from __future__ import annotations

import contextlib
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from config.settings import load_settings
from router import build
from router.core.state import State
from router.fix.client import OmsClient
from router.journal.heads import compare, read_heads
from router.journal.scan import scan
from router.journal.storage import FileStorage
from router.simulation.reading import FRAME, Read, Stream, read
from tests.oms import whole
from venues.audit import AuditKind, AuditRecord, fills, read_audit

Fill = tuple[str, str, int, int]
"""MIC, the venue's ExecID, shares, price."""
PACKED = b"\x78\x01"
"""How a packed step begins."""


class Told:
    """An OMS, and every frame that has reached it."""

    def __init__(self, client: OmsClient) -> None:
        self.client = client
        self.frames: list[Read] = []
        self._stream = Stream()
        self._received, self._opened = client.received, client.opened
        client.received, client.opened = self._hear, self._open  # type: ignore[method-assign]

    @property
    def reports(self) -> int:
        """Reports that were new to the OMS."""
        return sum(len(view.reports) for view in self.client.orders.values())

    def _open(self, now: int) -> None:
        self._stream = Stream()
        self._opened(now)

    def _hear(self, data: bytes, now: int) -> None:
        self.frames += self._stream.feed(data)
        self._received(data, now)


def agree(told: Told, audit: Path, state: Path, *, jumps: bool = False) -> None:
    """All accounts are the same. With `jumps` a journal has failed: numbers to venues were spent
    without a record, and the next life went on above them.
    """
    venues = read_audit(audit)
    folded = fold(state)
    same_fills(told.client, venues, folded)
    once_at_a_venue(venues, folded)
    numbers(told, state, jumps=jumps)
    as_published(state, state.parent / "heads")


def as_published(folder: Path, heads: Path) -> None:
    """Every head that any life has published is still one of the journal's."""
    published = read_heads(heads.read_text().splitlines(keepends=True), str(heads))
    report = compare(scan(FileStorage(folder, read_only=True)), published)
    assert report.disagreement == ""
    assert report.confirmed == len(published) > 0


def fold(folder: Path) -> State:
    """What the journal comes to."""
    storage = FileStorage(folder)
    built = build.node(load_settings(), storage, monotonic=lambda: 0)
    storage.close()
    return built.node.engine.state


def same_fills(client: OmsClient, venues: list[AuditRecord], folded: State) -> None:
    """Every execution at a venue is in the journal and was told, once, for the right order."""
    parents = whole.parents(folded)
    parent_of = {
        child.cl_ord_id: parents[child.parent_id].client_ids[0]
        for child in whole.children(folded).values()
    }
    at_venues: dict[str, list[Fill]] = defaultdict(list)
    for record in fills(venues):
        assert record.px is not None
        parent = parent_of[record.cl_ord_id]
        at_venues[parent].append((record.mic, record.exec_id, record.qty, record.px))
    in_journal: dict[str, list[Fill]] = defaultdict(list)
    for fill in whole.fills(folded).values():
        mic, _, exec_id = fill.key.split(".", 2)
        in_journal[parent_of[fill.cl_ord_id]].append((mic, exec_id, fill.qty, fill.px))
    for cl_ord_id, view in client.orders.items():
        heard = [
            (fill.last_mkt, fill.exec_id.split(".", 2)[2], fill.last_qty, fill.last_px)
            for fill in view.fills
        ]
        traded = sorted(at_venues[cl_ord_id])
        assert sorted(heard) == traded, cl_ord_id
        assert sorted(in_journal[cl_ord_id]) == traded, cl_ord_id
        assert view.cum_qty == sum(qty for _, _, qty, _ in traded) <= view.order_qty, cl_ord_id
    assert at_venues.keys() <= client.orders.keys()
    assert sum(map(len, at_venues.values())) > 0, "nothing was traded: nothing was shown"


def once_at_a_venue(venues: list[AuditRecord], folded: State) -> None:
    """No order reached a venue twice, none that is not in the journal, and none lives on."""
    asked = Counter(
        record.cl_ord_id
        for record in venues
        if record.kind is AuditKind.RECEIVED and record.msg_type == "D"
    )
    assert set(asked.values()) == {1}, asked.most_common(3)
    assert asked.keys() <= whole.children(folded).keys()
    leaves = {
        record.order_id: record.leaves_qty
        for record in venues
        if record.kind is AuditKind.EXECUTION
    }
    assert not any(leaves.values()), leaves


def frames(data: bytes) -> Iterator[bytes]:
    """Every frame in the bytes of a segment, in steps that are packed (zlib, RFC 1950) too."""
    yield from FRAME.findall(data)
    at = data.find(PACKED)
    while at >= 0:
        with contextlib.suppress(zlib.error):
            yield from FRAME.findall(zlib.decompressobj().decompress(data[at:]))
        at = data.find(PACKED, at + 1)


def numbers(told: Told, state: Path, *, jumps: bool = False) -> None:
    """Every number that we sent is in the journal once, and the OMS heard what stands there."""
    stored: dict[tuple[str, int], str] = {}
    for segment in sorted(state.glob("journal-*.seg")):
        for data in frames(segment.read_bytes()):
            frame = read(data)
            if frame.sender == "SLUICE":
                known = stored.setdefault((frame.target, frame.seq), frame.content)
                assert known == frame.content, f"{frame.target} {frame.seq} was used twice"
    for target in {target for target, _ in stored if not jumps or target == "OMS"}:
        seqs = sorted(seq for each, seq in stored if each == target)
        assert seqs == list(range(1, len(seqs) + 1)), f"{target}: a number is missing"
    for frame in told.frames:
        if not (frame.poss_dup and frame.msg_type == "4"):
            assert stored["OMS", frame.seq] == frame.content, frame
