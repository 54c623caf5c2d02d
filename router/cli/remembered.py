"""The settings that a daemon ran with, kept in its state folder, so that it can be decided again.

Owns the files `settings-<digest>.json`: what would have to be typed to have those settings again.
Not a command.
"""

from __future__ import annotations

import json
from pathlib import Path

from config.settings import Settings, SettingsError, load_settings

_OF_THE_ENVIRONMENT = "SLUICE_"


def remember(settings: Settings, config: Path, overrides: list[str]) -> None:
    """Keep how these settings came about. The state folder must be ours already.

    A value that the environment set is kept as an override; a secret never is.
    """
    path = _path(settings.state, settings.digest())
    if path.exists():
        return
    of_environment = [
        f"{key}={_typed(value)}"
        for key, value, origin in settings.effective()
        if origin.startswith(_OF_THE_ENVIRONMENT)
    ]
    told = {
        "digest": settings.digest(),
        "config": str(config.resolve()),
        "set": [*of_environment, *overrides],
    }
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    draft.replace(path)


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


def _path(state: Path, digest: str) -> Path:
    return state / f"settings-{digest[:16]}.json"


def _typed(value: object) -> str:
    """A value as `--set` takes it."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(_typed(each) for each in value)}]"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return str(value)
