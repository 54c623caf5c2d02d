"""The settings that a daemon ran with, kept in its state folder, so that it can be decided again.

Owns the files `settings-<digest>.json`: what would have to be typed to have those settings again,
and what they and the files that they name were, so that a change is seen. Not a command.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog
from structlog.typing import FilteringBoundLogger

from config.settings import Settings, SettingsError, load_settings

_OF_THE_ENVIRONMENT = "SLUICE_"


def remember(settings: Settings, config: Path, overrides: list[str]) -> None:
    """Keep how these settings came about. The state folder must be ours already.

    A value that the environment set is kept as an override; a secret never is. A disk that takes no
    file keeps nobody from trading: that is told, and a later start keeps them.
    """
    path = _path(settings.state, settings.digest())
    of_environment = [
        f"{key}={_typed(value)}"
        for key, value, origin in settings.effective()
        if origin.startswith(_OF_THE_ENVIRONMENT)
    ]
    told = {
        "digest": settings.digest(),
        "config": str(config.resolve()),
        "set": [*of_environment, *overrides],
        "values": _values(settings),
        "files": _files(settings, config),
    }
    try:
        _keep(path, f"{json.dumps(told, indent=2)}\n".encode())
    except OSError as error:
        log: FilteringBoundLogger = structlog.get_logger()
        log.warning("settings_not_kept", file=str(path), error=str(error))


def _keep(path: Path, data: bytes) -> None:
    """Written beside and renamed, unless it is there already."""
    if path.exists() and path.read_bytes() == data:
        return
    draft = path.with_suffix(".new")
    try:
        draft.write_bytes(data)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def recall(state: Path, digest: str) -> Settings | None:
    """The settings of that digest; None if they are not kept, or their files have changed since."""
    path = _path(state, digest)
    if not path.exists():
        return None
    told = json.loads(path.read_text(encoding="utf-8"))
    try:
        settings = load_settings(Path(told["config"]), told["set"])
    except SettingsError:
        return None
    return settings if settings.digest() == digest else None


@dataclass(frozen=True, slots=True)
class Drift:
    """What is another now than when a daemon started."""

    values: tuple[tuple[str, str, str], ...]
    """Key, value then, value now; empty where there was or is none."""
    files: tuple[str, ...]


def drift(settings: Settings, config: Path, digest: str) -> Drift | None:
    """What has changed since the settings of that digest were remembered; None if nobody did."""
    path = _path(settings.state, digest)
    if not path.exists():
        return None
    told = json.loads(path.read_text(encoding="utf-8"))
    before: dict[str, str] = told.get("values", {})
    now = _values(settings)
    keys = [key for key in dict.fromkeys([*before, *now]) if before.get(key) != now.get(key)]
    kept: dict[str, str] = told.get("files", {})
    files = _files(settings, config)
    return Drift(
        tuple((key, before.get(key, ""), now.get(key, "")) for key in keys if before),
        tuple(name for name, value in kept.items() if files.get(name, value) != value),
    )


def _values(settings: Settings) -> dict[str, str]:
    """Every value in force as text, secrets masked."""
    return {key: _typed(value) for key, value, _ in settings.effective()}


def _files(settings: Settings, config: Path) -> dict[str, str]:
    """sha256 of every file that the settings name."""
    found = {path.resolve() for _, value, _ in settings.effective() for path in _paths(value)}
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted({config.resolve(), *found})
        if path.is_file()
    }


def _paths(value: object) -> Iterator[Path]:
    if isinstance(value, Path):
        yield value
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _paths(each)


def _path(state: Path, digest: str) -> Path:
    return state / f"settings-{digest[:16]}.json"


def _typed(value: object) -> str:
    """A value as `--set` takes it."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(_typed(each) for each in value)}]"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return str(value)
