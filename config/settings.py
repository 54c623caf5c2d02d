"""What an operator may set: the schema of `sluice.yaml`, and how it is loaded.

Owns the top keys and the order of the layers; config.sections owns the parts. A value comes from
the document, is overridden by the environment (`SLUICE_FIX__ACCEPTOR__PORT=9881`) and that by the
command line (`--set fix.acceptor.port=9881`). Knows nothing of the program that is configured:
`router.build` makes of settings what the router works with. docs/configuration.md has every key.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, PrivateAttr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from config.combinations import wrong_together
from config.documents import DocumentError, Where, dotted, load
from config.drop_copies import DropCopies, DropCopyOut
from config.fix import Fix, OmsSession, SessionKeys, merged
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
from config.sections import Clock, Journal, LearnerChoice, Log, Routing, Simulate, distinct
from config.shapes import WorkingFolder
from config.venues import VenueSettings

__all__ = ["DEFAULT_CONFIG", "Settings", "SettingsError", "load_settings"]

DEFAULT_CONFIG = Path(__file__).with_name("sluice.yaml")
"""The configuration that is used when the user names none."""
PREFIX = "SLUICE_"
"""What a setting's environment variable starts with."""
CREDENTIALS_DIRECTORY = "CREDENTIALS_DIRECTORY"
"""The variable in which systemd names the folder of a service's credentials."""
RESERVED = ("SLUICE_CONFIG", "SLUICE_FAILPOINT", "SLUICE_SHARED_DATA")
"""Variables that start like settings and are none: the command line's --config; for tests, where
the daemon is to fail, and data."""


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
    secrets_dir: Path | None = None
    """Where secrets are, a file each; null: the folder that $CREDENTIALS_DIRECTORY names."""
    clock: Clock = Clock()
    journal: Journal = Journal()
    fix: Fix
    venues: Annotated[tuple[VenueSettings, ...], BeforeValidator(items), Field(min_length=1)]
    drop_copies: DropCopies = DropCopies()
    instruments: Path
    policies: tuple[Path, ...] = Field(min_length=1)
    limits: dict[str, dict[str, object]] = {}
    """Parameters of limits by name; a limit that is not named holds with its defaults."""
    learner: LearnerChoice = LearnerChoice()
    models: dict[str, Path] = {}
    """By learner, as decisions name it, the file of what it knows at the start."""
    routing: Routing = Routing()
    simulate: Simulate | None = None
    """Null where the venues are real."""
    log: Log = Log()

    _layers: Layers = PrivateAttr(default_factory=lambda: Layers(Settings))
    _credentials_directory: Path | None = PrivateAttr(default=None)
    _merged: dict[int, tuple[SessionKeys, SessionKeys, SessionKeys]] = PrivateAttr(
        default_factory=dict
    )
    """By id of an item: the defaults, the item, and what came of the two."""

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

        Not judged again: `load_settings` has refused what is wrong together.
        """
        defaults = self.fix.defaults
        found = self._merged.get(id(own))
        if found is None or found[0] is not defaults or found[1] is not own:
            found = self._merged[id(own)] = defaults, own, merged(defaults, own)
        return found[2]

    def session_name(self, own: OmsSession) -> str:
        """What an OMS session is called: its CompID, with `/qualifier` if it has one."""
        qualifier = self.session_keys(own).session_qualifier
        return f"{own.target_comp_id}/{qualifier}" if qualifier else own.target_comp_id

    @property
    def secrets_folder(self) -> Path | None:
        """The folder of secrets that holds; None if nobody named one."""
        return self.secrets_dir or self._credentials_directory

    def effective(self) -> list[tuple[str, object, str]]:
        """Every value in force as `(key, value, origin)`, the key as `--set` takes it.

        Secrets are masked. Session keys that an item takes from `fix.defaults` are left out.
        """
        rows = []
        for where, value in leaves(self):
            origin = self._layers.origin(where)
            if origin == DEFAULT and _session_key(where) in SessionKeys.model_fields:
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
    folder = (environ or {}).get(CREDENTIALS_DIRECTORY)
    settings._credentials_directory = Path(folder) if folder else None
    wrong = [*_wrong_keys(settings), *_shared_names(settings), *_strange_copies(settings)]
    wrong += _strange_rates(settings)
    if wrong:
        raise SettingsError(dict.fromkeys(wrong))
    return settings


def _session_key(where: Where) -> str | int:
    """The key of an item of which a place is, or is part; empty if it is in no item."""
    length = {"venues": 2, "drop_copies": 3}.get(str(where[0]), 4)
    is_item = length < 4 or where[:3] == ("fix", "acceptor", "sessions")
    return where[length] if is_item and len(where) > length else ""


def _sessions(settings: Settings) -> list[tuple[Where, str, SessionKeys]]:
    """Every item that has session keys: its place, its name and the item."""
    found: list[tuple[Where, str, SessionKeys]] = [
        (("fix", "acceptor", "sessions", index), settings.session_name(own), own)
        for index, own in enumerate(settings.fix.acceptor.sessions)
    ]
    found += [(("venues", index), own.mic, own) for index, own in enumerate(settings.venues)]
    copies = settings.drop_copies
    found += [
        (("drop_copies", "received", index), own.name, own)
        for index, own in enumerate(copies.received)
    ]
    found += [
        (("drop_copies", "given", index), own.target_comp_id, own)
        for index, own in enumerate(copies.given)
    ]
    return found


def _wrong_keys(settings: Settings) -> Iterator[str]:
    """Session keys that are wrong together, blamed on whoever set the first of them."""
    for where, name, own in _sessions(settings):
        keys = settings.session_keys(own)
        is_acceptor = isinstance(own, OmsSession | DropCopyOut)
        for involved, text in wrong_together(keys, acceptor=is_acceptor):
            here = own if not own.model_fields_set.isdisjoint(involved) else settings.fix.defaults
            key = next(each for each in involved if each in here.model_fields_set)
            told = text if key == involved[0] else f"{involved[0]}: {text}"
            if here is own:
                yield settings.problem((*where, key), f"{told} (session {name})")
            else:
                yield settings.problem(("fix", "defaults", key), told)
    for index, venue in enumerate(settings.venues):
        if venue.throttle is not None:
            text = "is for what an OMS sends; to a venue, limits.venue_rate holds"
            yield settings.problem(("venues", index, "throttle"), text)


def _strange_rates(settings: Settings) -> Iterator[str]:
    """Rates to venues that there are not."""
    mics = [each.mic for each in settings.venues]
    rates = settings.limits.get("venue_rate", {}).get("by_venue")
    for mic in rates if isinstance(rates, dict) else ():
        if mic not in mics:
            text = f"no venue {mic!r}; allowed: {', '.join(mics)}"
            yield settings.problem(("limits", "venue_rate", "by_venue", mic), text)


def _strange_copies(settings: Settings) -> Iterator[str]:
    """Copies of what there is not."""
    mics = [each.mic for each in settings.venues]
    sessions = [settings.session_name(each) for each in settings.fix.acceptor.sessions]
    named: list[tuple[Where, tuple[str, ...], list[str]]] = [
        (("drop_copies", "received", index, "mics"), own.mics, mics)
        for index, own in enumerate(settings.drop_copies.received)
    ]
    named += [
        (("drop_copies", "given", index, "of"), own.of, sessions)
        for index, own in enumerate(settings.drop_copies.given)
    ]
    for where, given, allowed in named:
        for each in given:
            if each not in allowed:
                text = f"there is no {each}; allowed: {', '.join(allowed)}"
                yield settings.problem(where, text)


def _shared_names(settings: Settings) -> Iterator[str]:
    """Sessions that nobody could tell apart: by their names here, or by a Logon(A)."""
    names: dict[str, Where] = {}
    calls: dict[tuple[str, str], str] = {}
    for where, name, own in _sessions(settings):
        for each in (name, f"{name}.MD") if where[0] == "venues" else (name,):
            if each in names:
                text = f"two sessions are called {each}; the other is {dotted(names[each])}"
                yield settings.problem(where, text)
            names[each] = where
        if isinstance(own, OmsSession | DropCopyOut):
            call = (settings.session_keys(own).begin_string, own.target_comp_id)
            if call in calls:
                text = f"{name} and {calls[call]} would log on alike: {', '.join(call)}"
                yield settings.problem(where, text)
            calls[call] = name


def _build(layers: Layers) -> Settings:
    try:
        settings = Settings.model_validate({"layers": layers.values})
    except ValidationError as error:
        layers.refuse(error)
        raise SettingsError(layers.problems) from None
    layers.check()
    settings._layers = layers
    return settings
