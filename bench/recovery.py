"""A start on a journal of many events: from nothing, and from a snapshot with a tail to fold.

Run as `python -m bench.recovery [events] [tail] [folder]`. The journal is that of `bench.market`:
orders that become four children each, their fills, and the lessons of them. `floor` reads the same
bytes and takes their crc32: what any recovery of everything must do. `fold_all` is a start without
a snapshot, `from_snapshot` one whose newest snapshot is `tail` events old, `snapshot` what a reader
needs to fold that tail and to put a snapshot down. The disk is a folder (`var` by default).
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from zlib import crc32

from bench.market import Market, bench_settings
from bench.measure import Result, at_most, untargeted
from router import build
from router.build_recovery import take_snapshot
from router.journal.scan import segment_name, segment_numbers
from router.journal.storage import FileStorage
from router.runtime.node import Built

EVENTS = 20_000
TAIL = 5_000
LIMIT_S = 10.0
"""For a million events."""
_CHUNK = 1 << 20


def trade(market: Market, below: int) -> None:
    """Orders and fills until the journal's last seq is `below` or more."""
    while market.node.seq < below:
        market.refresh()
        market.give([market.order()])
        market.exchange()
        market.give(market.fills())
        market.exchange()


def floor(folder: Path) -> None:
    """Read every byte of the journal, and take its crc32."""
    storage = FileStorage(folder, read_only=True)
    for number in segment_numbers(storage):
        value = 0
        with (folder / segment_name(number)).open("rb") as segment:
            while data := segment.read(_CHUNK):
                value = crc32(data, value)


def start(made_of: build.Parts, folder: Path) -> Built:
    """A start up to where it would call the venues; the folder is given back."""
    built = build.node(made_of, FileStorage(folder), monotonic=time.monotonic_ns)
    built.journal.close()
    return built


def timed(work: Callable[[], object]) -> tuple[float, object]:
    """Seconds of the wall, and what came of it."""
    began = time.perf_counter()
    found = work()
    return time.perf_counter() - began, found


def main(events: int = EVENTS, tail: int = TAIL, folder: Path = Path("var")) -> Result:
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as inner:
        return measure(events, tail, Path(inner) / "state")


def measure(events: int, tail: int, folder: Path) -> Result:
    made_of = build.parts(bench_settings())
    make = build.maker(made_of)
    market = Market(FileStorage(folder))
    trade(market, events - tail)
    take_snapshot(make, FileStorage(folder, read_only=True))
    trade(market, events)
    market.close()
    reader = FileStorage(folder, read_only=True)
    [name] = [name for name in reader.names() if name.startswith("snapshot-")]
    hidden = folder / "hidden"
    (folder / name).rename(hidden)
    seconds = {"floor": timed(lambda: floor(folder))[0]}
    seconds["fold_all"], plain = timed(lambda: start(made_of, folder))
    hidden.rename(folder / name)
    seconds["from_snapshot"], quick = timed(lambda: start(made_of, folder))
    assert isinstance(plain, Built)
    assert isinstance(quick, Built)
    assert quick.snapshot_seq > 0
    assert quick.node.engine.state.digest() == plain.node.engine.state.digest()
    seconds["snapshot"], _ = timed(lambda: take_snapshot(make, reader))
    return {
        "bench": "recovery",
        "records": plain.recovered,
        "tail": quick.recovered,
        "journal_bytes": sum(reader.size(each) for each in reader.names() if "journal" in each),
        "snapshot_bytes": reader.size(name),
        "events_per_s": round(plain.recovered / seconds["fold_all"]),
        "seconds": {key: round(value, 3) for key, value in seconds.items()},
        "ratios": {
            "fold_all_to_floor": untargeted(seconds["fold_all"] / seconds["floor"]),
            "from_snapshot_to_fold_all": untargeted(seconds["from_snapshot"] / seconds["fold_all"]),
            "from_snapshot_to_limit": at_most(seconds["from_snapshot"] / LIMIT_S, 1.0),
        },
    }


if __name__ == "__main__":
    numbers = [int(each) for each in sys.argv[1:3]] + [EVENTS, TAIL][len(sys.argv[1:3]) :]
    where = Path(*sys.argv[3:4] or ["var"])
    print(json.dumps(main(numbers[0], numbers[1], where), indent=2))
