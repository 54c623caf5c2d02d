"""The doctor's look at whether a daemon runs with what the files say now. Not a command."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from config.settings import Settings
from router.cli.finding import Finding
from router.cli.remembered import drift

KEYS_MAX = 10
RESTART = "restart, to run with it, or put it back"


def findings(settings: Settings, config: Path, digest: str) -> Iterator[Finding]:
    """`digest` is of the settings that the daemon runs with."""
    changed = drift(settings, config, digest)
    if changed is None:
        if settings.digest() != digest:
            text = "the daemon runs with other settings, and what they were is not known"
            yield Finding("drift", "warning", text, "restart, to run with those of the files")
        return
    for key, then, now in changed.values[:KEYS_MAX]:
        text = f"{key}: the daemon runs with {then or 'none'}, the files say {now or 'none'}"
        yield Finding("drift", "warning", text, RESTART)
    more = len(changed.values) - KEYS_MAX
    if more > 0:
        yield Finding("drift", "warning", f"and {more} settings more", RESTART)
    for name in changed.files:
        text = f"{name} has changed since the daemon started"
        yield Finding("drift", "warning", text, RESTART)
    if not changed.values and not changed.files:
        yield Finding("drift", "ok", "the daemon runs with what the files say")
