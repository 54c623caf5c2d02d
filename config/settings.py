"""What an operator may set: the schema of `sluice.yaml`, and how it is loaded.

Owns the top keys and the order of the layers; config.sections owns the parts. A value comes from
the document, is overridden by the environment (`SLUICE_FIX__ACCEPTOR__PORT=9881`) and that by the
command line (`--set fix.acceptor.port=9881`). Knows nothing of the program that is configured:
`router.build` makes of settings what the router works with. docs/configuration.md has every key.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, PrivateAttr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from config.documents import DocumentError, Where, load
from config.layers import (
    DEFAULT,
    Layers,
    SettingsError,
    assignments,
    environment,
    items,
    label,
    leaves,
    near,
)
from config.sections import (
    Clock,
    Fix,
    Journal,
    LearnerChoice,
    Log,
    Routing,
    SessionKeys,
    Simulate,
    VenueSettings,
    distinct,
)
from config.shapes import WorkingFolder

__all__ = ["DEFAULT_CONFIG", "Settings", "SettingsError", "load_settings"]

DEFAULT_CONFIG = Path(__file__).with_name("sluice.yaml")
"""The configuration that is used when the user names none."""
PREFIX = "SLUICE_"
"""What a setting's environment variable starts with."""
RESERVED = ("SLUICE_CONFIG", "SLUICE_SHARED_DATA")
"""Variables that start like settings and are none: the command line's --config; data for tests."""


class Settings(BaseSettings):
    """The whole configuration. Made by `load_settings`."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, validate_default=True
    )

    shard: str = Field(pattern=r"^[A-Z0-9]{1,2}$")
    """Starts every ClOrdID(11) that is sent; no two running daemons share one."""
    seed: int = Field(default=1, ge=0, lt=2**63)
    """Of every decision's chance."""
    state: Annotated[Path, WorkingFolder()] = Path("var/sluice")
    """The state folder; it starts at the working folder."""
    clock: Clock = Clock()
    journal: Journal = Journal()
    fix: Fix
    venues: Annotated[tuple[VenueSettings, ...], BeforeValidator(items), Field(min_length=1)]
    instruments: Path
    policies: tuple[Path, ...] = Field(min_length=1)
    limits: dict[str, dict[str, object]] = {}
    """Parameters of limits by name; a limit that is not named holds with its defaults."""
    learner: LearnerChoice = LearnerChoice()
    routing: Routing = Routing()
    simulate: Simulate | None = None
    """Null where the venues are real."""
    log: Log = Log()

    _layers: Layers = PrivateAttr(default_factory=lambda: Layers(Settings))

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The layers that `load_settings` read, highest first, and nothing that it did not."""
        assert isinstance(init_settings, InitSettingsSource)
        layers = init_settings.init_kwargs["layers"]
        return tuple(InitSettingsSource(settings_cls, each) for each in reversed(layers))

    @model_validator(mode="after")
    def _check(self) -> Self:
        distinct("venues", "mic", [each.mic for each in self.venues])
        return self

    def session_keys(self, own: SessionKeys) -> SessionKeys:
        """The keys that hold for an OMS session or a venue: its own where set, else the defaults.

        Raises:
            SettingsError: keys that are right apart and wrong together.
        """
        keys = self.fix.defaults.model_dump()
        keys |= {name: getattr(own, name) for name in own.model_fields_set & keys.keys()}
        try:
            return SessionKeys(**keys)
        except ValidationError as error:
            name = own.mic if isinstance(own, VenueSettings) else getattr(own, "target_comp_id", "")
            message = error.errors()[0]["msg"].removeprefix("Value error, ")
            raise SettingsError([f"session keys of {name} with fix.defaults: {message}"]) from None

    def effective(self) -> list[tuple[str, object, str]]:
        """Every value in force as `(key, value, origin)`, the key as `--set` takes it.

        Secrets are masked. Session keys that an item takes from `fix.defaults` are left out.
        """
        rows = []
        for where, value in leaves(self):
            origin = self._layers.origin(where)
            is_item = where[0] == "venues" or where[:3] == ("fix", "acceptor", "sessions")
            if is_item and where[-1] in SessionKeys.model_fields and origin == DEFAULT:
                continue
            rows.append((label(self, where), value, origin))
        return rows

    def origin(self, *where: str | int) -> str:
        """Who set the value at a place, such as `origin("venues", 0, "mic")`."""
        return self._layers.origin(where)

    def problem(self, where: Where, text: str) -> str:
        """`origin: key: text`, the form of every error about a setting."""
        return self._layers.problem(where, text)

    def digest(self) -> str:
        """sha256 of what is in force, whoever set it and wherever its files are."""
        rows = [(key, value) for key, value, _ in self.effective()]
        text = json.dumps(rows, default=lambda each: getattr(each, "name", str(each)))
        return hashlib.sha256(text.encode()).hexdigest()


def load_settings(
    path: Path = DEFAULT_CONFIG,
    overrides: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """The settings of a document, with the environment and `key.key=value` overrides above it.

    Raises:
        SettingsError: every problem that was found, one line each, with its origin.
    """
    layers = Layers(Settings)
    try:
        layers.add_document(load(near(path)))
    except DocumentError as error:
        raise SettingsError(error.problems) from None
    layers.add_assignments(environment(environ or {}, PREFIX, RESERVED))
    given, problems = assignments(overrides)
    layers.add_assignments(given)
    layers.problems.extend(problems)
    settings = _build(layers)
    for own in (*settings.fix.acceptor.sessions, *settings.venues):
        settings.session_keys(own)
    return settings


def _build(layers: Layers) -> Settings:
    try:
        settings = Settings.model_validate({"layers": layers.values})
    except ValidationError as error:
        layers.refuse(error)
        raise SettingsError(layers.problems) from None
    layers.check()
    settings._layers = layers
    return settings
