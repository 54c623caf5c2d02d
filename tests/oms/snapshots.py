"""Recovery from snapshots on the desk's disk, as `router.build` makes it."""

from __future__ import annotations

from router import build
from router.build_recovery import Beginning, begin, take_snapshot
from router.core.image import image_of
from router.journal.memory import MemoryStorage
from router.journal.recovery import steps
from router.journal.scan import scan
from router.journal.snapshots import Snapshot
from tests.oms.desk import parts


def snapshot(storage: MemoryStorage) -> Snapshot | None:
    """What `sluice journal snapshot` does."""
    return take_snapshot(build.maker(parts()), storage)[0]


def folded(storage: MemoryStorage) -> Beginning:
    """What a start makes of it: from the newest snapshot on."""
    begun = begin(build.maker(parts()), storage)
    begun.recovery.fold(steps(scan(storage, after=begun.after)))
    begun.recovery.finish()
    return begun


def everything(begun: Beginning) -> tuple[str, bytes, bytes, dict[str, int]]:
    """Digest, image of the core, image of core and sessions, and what each account has open."""
    state = begun.engine.state
    accounts = sorted({parent.terms.account for parent in state.parents.values()})
    value = {each: state.open_value.of(each, lambda symbol: 7) for each in accounts}
    return state.digest(), image_of(state), begun.recovery.image(), value
