"""A start on a journal of many records: from nothing, and from a snapshot with a tail to fold.

Run as `python -m bench.recovery [--records N] [--days N] [--tail N] [--folder F] [--journal F]
[--quick]`. The journal is that of `bench.market`: orders that become four children each, their
fills, and the lessons of them, through the node; days after the first are it again (`bench.days`).
`floor` reads the same bytes and takes their crc32: what any
recovery of everything must do. `fold_all` is a start without a snapshot, `from_snapshot` one whose
newest snapshot is `tail` records old, of which `take_up` is the snapshot itself; `snapshot` is what
a reader needs to fold that tail and to put the next one down. With `--quick` nothing is folded
whole but what goes before the snapshot. A journal that was kept by `--journal` is measured again.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from zlib import crc32

from bench.days import repeat
from bench.market import Market, bench_settings
from bench.measure import Result, at_most, untargeted
from router import build
from router.build_recovery import begin, noting_last, put_snapshot, take_snapshot
from router.journal.records import Record
from router.journal.recovery import steps
from router.journal.scan import scan, segment_name, segment_numbers
from router.journal.snapshots import snapshot_name, snapshot_seqs
from router.journal.storage import FileStorage
from router.runtime.node import Built

T = TypeVar("T")

RECORDS = 20_000
TAIL = 5_000
LIMIT_S = 10.0
"""For a million records, the tail being as long as the daemon lets it become."""
_CHUNK = 1 << 20
_TOLD_EVERY = 100_000


def trade(market: Market, records: int) -> None:
    """Orders and fills until the journal has so many records or a few more."""
    told = _TOLD_EVERY
    while market.records < records:
        market.refresh()
        market.give([market.order()])
        market.exchange()
        market.give(market.fills())
        market.exchange()
        if market.records >= told:
            print(f"bench.recovery: {market.records:,} records", file=sys.stderr, flush=True)
            told += _TOLD_EVERY


def floor(folder: Path) -> None:
    """Read every byte of the journal, and take its crc32."""
    storage = FileStorage(folder, read_only=True)
    for number in segment_numbers(storage):
        value = 0
        with (folder / segment_name(number)).open("rb") as segment:
            while data := segment.read(_CHUNK):
                value = crc32(data, value)


def snapshot_before(made_of: build.Parts, folder: Path, tail: int) -> None:
    """Put down a snapshot of all but the last records, and no other."""
    storage = FileStorage(folder, read_only=True)
    for seq in snapshot_seqs(storage):
        storage.drop(snapshot_name(seq))
    records = sum(1 for _ in scan(storage))
    begun, last = begin(build.maker(made_of), storage), list[Record]()
    front = itertools.islice(scan(storage), records - tail)
    begun.recovery.fold(steps(noting_last(front, last)))
    put_snapshot(storage, begun.recovery, last[0])


def start(made_of: build.Parts, folder: Path) -> Built:
    """A start up to where it would call the venues; the folder is given back."""
    built = build.node(made_of, FileStorage(folder), monotonic=time.monotonic_ns)
    built.journal.close()
    return built


class Watch:
    """Seconds of each thing, of the wall and of this process: the machine may be shared."""

    def __init__(self) -> None:
        self.wall: dict[str, float] = {}
        self.cpu: dict[str, float] = {}

    def time(self, name: str, work: Callable[[], T]) -> T:
        """What comes of it."""
        wall, cpu = time.perf_counter(), time.process_time()
        found = work()
        self.wall[name] = round(time.perf_counter() - wall, 3)
        self.cpu[name] = round(time.process_time() - cpu, 3)
        print(f"bench.recovery: {name} {self.wall[name]} s", file=sys.stderr, flush=True)
        return found


def measure(folder: Path, tail: int, *, quick: bool) -> Result:
    made_of = build.parts(bench_settings())
    make = build.maker(made_of)
    reader = FileStorage(folder, read_only=True)
    watch = Watch()
    watch.time("floor", lambda: floor(folder))
    watch.time("fold_front", lambda: snapshot_before(made_of, folder, tail))
    [seq] = snapshot_seqs(reader)
    name = snapshot_name(seq)
    size = reader.size(name)
    built = watch.time("from_snapshot", lambda: start(made_of, folder))
    recovered, digest = built.recovered, built.node.engine.state.digest()
    assert built.snapshot_seq == seq
    del built
    watch.time("take_up", lambda: begin(make, reader))
    if not quick:
        hidden = folder / "hidden"
        (folder / name).rename(hidden)
        whole = watch.time("fold_all", lambda: start(made_of, folder))
        hidden.rename(folder / name)
        assert digest == whole.node.engine.state.digest()
        del whole
    watch.time("snapshot", lambda: take_snapshot(make, reader))
    records = sum(1 for _ in scan(reader))
    return {
        "bench": "recovery",
        "records": records,
        "tail": recovered,
        "journal_bytes": sum(reader.size(each) for each in reader.names() if "journal" in each),
        "snapshot_bytes": size,
        "records_per_s": round((records - tail) / watch.wall["fold_front"]),
        "seconds": watch.wall,
        "cpu_seconds": watch.cpu,
        "ratios": {
            "fold_front_to_floor": untargeted(watch.wall["fold_front"] / watch.wall["floor"]),
            "from_snapshot_to_limit": at_most(watch.wall["from_snapshot"] / LIMIT_S, 1.0),
        },
    }


def main(argv: list[str]) -> Result:
    parser = argparse.ArgumentParser(prog="python -m bench.recovery")
    parser.add_argument("--records", type=int, default=RECORDS, help="of the journal")
    parser.add_argument("--days", type=int, default=1, help="in which they were written")
    parser.add_argument("--tail", type=int, default=TAIL, help="records behind the snapshot")
    parser.add_argument("--folder", type=Path, default=Path("var"), help="where the disk is")
    parser.add_argument("--journal", type=Path, help="made there and kept, or measured again")
    parser.add_argument("--quick", action="store_true", help="do not fold everything")
    asked = parser.parse_args(argv)
    asked.folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=asked.folder) as inner:
        folder = asked.journal or Path(inner) / "state"
        if not folder.exists():
            market = Market(FileStorage(folder))
            trade(market, asked.records // asked.days)
            market.close()
            repeat(folder, asked.days - 1)
        return measure(folder, asked.tail, quick=asked.quick)


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1:]), indent=2))
