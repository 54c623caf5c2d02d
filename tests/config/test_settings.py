"""The layers of settings, origins, and errors with their place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import BaseModel, SecretStr

from config.documents import loads
from config.layers import MASK, Layers, assignments, leaves
from config.sections import nanoseconds, units
from config.settings import DEFAULT_CONFIG, Settings, SettingsError, load_settings

MINIMAL = """\
shard: A
fix:
  acceptor:
    sessions:
      - {target_comp_id: OMS}
venues:
  - mic: LIT_A
    type: lit
    connect: {port: 9890}
    sender_comp_id: SLUICE
    target_comp_id: LIT_A
    tactics: [lit_take]
    fees: {take: 0.0030, make: -0.0020}
instruments: instruments.yaml
policies: [policies/default.yaml]
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "sluice.yaml"
    path.write_text(MINIMAL)
    return path


def problems(
    path: Path, overrides: Sequence[str] = (), environ: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load_settings(path, overrides, environ)
    assert "\n".join(caught.value.problems) == str(caught.value)
    return caught.value.problems


# --- files by key --------------------------------------------------------------------------------


def test_model_files_stand_by_learner_and_start_at_whoever_names_them(file: Path) -> None:
    (file.parent / "elsewhere").mkdir()
    path = file.parent / "elsewhere" / "sluice.yaml"
    text = "models: {hazard: m/h.npz, linucb: m/l.npz, 'hazard{\"kappa\":0.1}': m/k.npz}\n"
    path.write_text(MINIMAL + text)
    settings = load_settings(path, ["models.linucb=l.npz"])
    folder = Path("elsewhere").resolve()
    assert settings.models == {
        "hazard": folder / "m" / "h.npz",
        "linucb": file.parent / "l.npz",
        'hazard{"kappa":0.1}': folder / "m" / "k.npz",
    }
    assert settings.origin("models", "hazard").endswith("sluice.yaml:16")
    assert settings.origin("models", "linucb") == "--set models.linucb"
    path.write_text(MINIMAL + "models: {hazard: 3}\n")
    assert any("models.hazard" in each for each in problems(path))


# --- the configuration that comes with Sluice ----------------------------------------------------


def test_the_packaged_configuration_names_the_seven_venues_of_the_baseline_market() -> None:
    settings = load_settings()
    # Type, port, take fee and make fee in 1e-8: 0.0030 of the currency is 300,000.
    assert [
        (v.mic, v.type, v.connect[0].port, units(v.fees.take), units(v.fees.make))
        for v in settings.venues
    ] == [
        ("LIT_A", "lit", 9890, 300_000, -200_000),
        ("LIT_B", "lit", 9891, 300_000, -250_000),
        ("LIT_C", "lit", 9892, -80_000, 120_000),
        ("DARK_A", "dark", 9893, 100_000, 100_000),
        ("DARK_B", "dark", 9894, 100_000, 100_000),
        ("SDP_1", "dealer", 9895, 0, 0),
        ("SDP_2", "dealer", 9896, 0, 0),
    ]


def test_the_packaged_configuration_is_the_same_from_any_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = load_settings()
    monkeypatch.chdir(tmp_path)
    there = load_settings()
    assert there.digest() == here.digest()
    assert there.instruments.resolve() == DEFAULT_CONFIG.with_name("instruments.yaml")
    assert there.state == Path("var/sluice"), "the state folder starts at the working folder"


# --- layers --------------------------------------------------------------------------------------


def test_the_environment_overrides_the_file_and_the_command_line_both(file: Path) -> None:
    file.write_text(MINIMAL + "seed: 1\n")
    key = {"SLUICE_SEED": "2"}
    assert load_settings(file).seed == 1
    assert load_settings(file, environ=key).seed == 2
    assert load_settings(file, ["seed=3"], key).seed == 3
    assert load_settings(file, ["seed=3"], key).origin("seed") == "--set seed"
    assert load_settings(file, environ=key).origin("seed") == "SLUICE_SEED"
    assert load_settings(file).origin("seed") == "sluice.yaml:16"
    assert load_settings(file).origin("log", "level") == "default"


def test_one_key_of_a_section_leaves_the_others_as_they_were(file: Path) -> None:
    file.write_text(MINIMAL + "journal: {durability: page-cache, segment_mib: 8}\n")
    journal = load_settings(file, ["journal.segment_mib=16"]).journal
    assert (journal.durability, journal.segment_mib) == ("page-cache", 16)


@pytest.mark.parametrize("name", ["LIT_A", "lit_a", "0"])
def test_an_item_of_a_list_is_meant_by_name_or_position(file: Path, name: str) -> None:
    settings = load_settings(file, [f"venues.{name}.connect.port=1"])
    assert settings.venues[0].connect[0].port == 1
    variable = f"SLUICE_VENUES__{name.upper()}__CONNECT__PORT"
    assert load_settings(file, environ={variable: "2"}).venues[0].connect[0].port == 2


def test_an_item_can_be_added_at_the_end(file: Path) -> None:
    settings = load_settings(file, ["fix.acceptor.sessions.1.target_comp_id=OMS2"])
    assert [each.target_comp_id for each in settings.fix.acceptor.sessions] == ["OMS", "OMS2"]


def test_an_item_cannot_be_added_beyond_the_end(file: Path) -> None:
    assert problems(file, ["fix.acceptor.sessions.2.target_comp_id=OMS2"]) == (
        "sluice.yaml:4 with --set fix.acceptor.sessions.2.target_comp_id: fix.acceptor.sessions: "
        "item 1 is missing: positions count from 0 without a gap",
    )


def test_text_is_read_as_the_type_of_its_key(file: Path) -> None:
    settings = load_settings(
        file,
        [
            "shard=1",  # text, although it looks like a number
            "clock.speed=2.5",
            "clock.origin=null",
            "fix.defaults.reset_on_logon=true",
            "venues.LIT_A.fees.make=-0.00000001",
            "venues.LIT_A.tactics=[lit_make, lit_take]",
            "limits.order_quantity.parent_max=5",
            "limits.open_notional={account_max: 7}",
        ],
    )
    assert settings.shard == "1"
    assert settings.clock.speed == 2.5
    assert settings.clock.origin is None
    assert settings.fix.defaults.reset_on_logon is True
    assert units(settings.venues[0].fees.make) == -1
    assert settings.venues[0].tactics == ("lit_make", "lit_take")
    assert settings.limits == {
        "order_quantity": {"parent_max": 5},
        "open_notional": {"account_max": 7},
    }


def test_variables_that_are_no_settings_are_left_alone(file: Path) -> None:
    environ = {"SLUICE_CONFIG": "x", "SLUICE_SHARED_DATA": "y", "PATH": "z", "SLUICED": "w"}
    assert load_settings(file, environ=environ).digest() == load_settings(file).digest()


def test_the_process_environment_is_not_read_behind_the_back(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEED", "5")
    monkeypatch.setenv("SLUICE_SEED", "6")
    assert load_settings(file).seed == 1


# --- paths ---------------------------------------------------------------------------------------


def test_files_are_found_from_the_file_that_names_them(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    settings = load_settings(file, ["simulate.market=m.yaml", "state=s"])
    assert settings.instruments == tmp_path / "instruments.yaml"
    assert settings.policies == (tmp_path / "policies/default.yaml",)
    assert settings.simulate is not None
    assert settings.simulate.market == elsewhere / "m.yaml"
    assert settings.state == Path("s")


# --- prices and times ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.0030", 300_000),
        ("-0.0025", -250_000),
        ("0.1", 10_000_000),
        ("1e-8", 1),
        ("3", 3 * 10**8),
    ],
)
def test_a_fee_is_exact_to_the_unit_whether_written_as_number_or_text(
    file: Path, text: str, expected: int
) -> None:
    for written in (text, f'"{text}"'):
        file.write_text(MINIMAL.replace("take: 0.0030", f"take: {written}"))
        assert units(load_settings(file).venues[0].fees.take) == expected


def test_a_fee_finer_than_the_unit_is_refused(file: Path) -> None:
    assert problems(file, ["venues.LIT_A.fees.take=0.000000001"]) == (
        "--set venues.LIT_A.fees.take: venues[0].fees.take: finer than 1e-8 of the currency; "
        "allowed: up to 8 decimal places, got '0.000000001'",
    )


def test_seconds_become_nanoseconds() -> None:
    assert nanoseconds(0.1) == 100_000_000
    assert nanoseconds(30) == 30_000_000_000


def test_the_clock_origin_is_utc_nanoseconds(file: Path) -> None:
    settings = load_settings(file, ["clock.origin=2026-01-05T09:30:00.000001Z"])
    # 2026-01-05 is day 20,458 of the epoch: 56 years of which 14 leap, and 4 days.
    assert settings.clock.origin_ns == ((20_458 * 24 + 9) * 60 + 30) * 60 * 10**9 + 1_000
    assert load_settings(file).clock.origin_ns is None
    assert problems(file, ["clock.origin=2026-01-05T09:30:00+01:00"]) == (
        "--set clock.origin: clock: origin: not UTC; allowed: 2026-01-05T09:30:00Z",
    )


# --- session keys --------------------------------------------------------------------------------


def test_a_session_takes_its_own_keys_and_else_the_defaults(file: Path) -> None:
    settings = load_settings(
        file,
        [
            "fix.defaults.heart_bt_int=20",
            "fix.defaults.max_latency=5",
            "venues.LIT_A.max_latency=9",
        ],
    )
    venue = settings.session_keys(settings.venues[0])
    assert (venue.heart_bt_int, venue.max_latency, venue.logon_timeout) == (20, 9, 10)
    oms = settings.session_keys(settings.fix.acceptor.sessions[0])
    assert (oms.heart_bt_int, oms.max_latency) == (20, 5)


def test_keys_that_are_right_apart_and_wrong_together_are_refused(file: Path) -> None:
    assert problems(
        file, ["venues.LIT_A.test_request_after=2", "fix.defaults.heartbeat_timeout_after=1.9"]
    ) == (
        "--set venues.LIT_A.test_request_after: venues[0].test_request_after: "
        "heartbeat_timeout_after: must be longer than test_request_after, 2; it is 1.9 "
        "(session LIT_A)",
    )


# --- what is refused, and in which words ---------------------------------------------------------


def test_an_unknown_key_is_named_with_its_line_the_nearest_and_what_is_allowed(file: Path) -> None:
    file.write_text(MINIMAL + "journal:\n  durabilty: sync\n")
    assert problems(file) == (
        "sluice.yaml:17: journal: unknown key 'durabilty', did you mean 'durability'?; "
        "allowed: archive, durability, heads, heads_key, segment_mib, snapshot_events",
    )


def test_a_duplicate_key_is_named_with_its_line(file: Path) -> None:
    file.write_text(MINIMAL + "shard: B\n")
    assert problems(file) == ("sluice.yaml:16: duplicate key 'shard', first on line 1",)


def test_an_unknown_variable_is_refused(file: Path) -> None:
    [line] = problems(file, environ={"SLUICE_SEEDS": "1"})
    assert line.startswith(
        "SLUICE_SEEDS: unknown key 'seeds', did you mean 'seed'?; allowed: clock"
    )


def test_an_unknown_item_is_refused_with_the_names_there_are(file: Path) -> None:
    assert problems(file, ["venues.LIT_B.mic=X"]) == (
        "--set venues.LIT_B.mic: venues: unknown item 'LIT_B', did you mean 'LIT_A'?; "
        "allowed: LIT_A",
    )


def test_a_missing_key_says_where_and_what_is_allowed(file: Path) -> None:
    file.write_text(MINIMAL.replace("    connect: {port: 9890}\n", "    connect: {}\n"))
    assert problems(file) == (
        "sluice.yaml:9: venues[0].connect[0].port: required, but not given; allowed: host, port",
    )


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("seed: '1'", "sluice.yaml:16: seed: input should be a valid integer, got '1'"),
        ("seed: 1.0", "sluice.yaml:16: seed: input should be a valid integer, got 1.0"),
        ("seed: true", "sluice.yaml:16: seed: input should be a valid integer, got true"),
        ("clock: {speed: 0}", "sluice.yaml:16: clock.speed: input should be greater than 0, got 0"),
    ],
)
def test_a_document_is_typed_strictly(file: Path, line: str, told: str) -> None:
    file.write_text(MINIMAL + line + "\n")
    assert problems(file) == (told,)


@pytest.mark.parametrize(
    "host", ["fix..example.com", ".example.com", "a" * 64 + ".com", "a b", "a\tb", "a\0b"]
)
def test_what_cannot_be_looked_up_is_no_host(file: Path, host: str) -> None:
    allowed = "allowed: an address, or labels of up to 63 characters with dots between"
    for key in ("fix.acceptor.host", "venues.LIT_A.connect.host", "venues.LIT_A.tls.server_name"):
        (line,) = problems(file, [f"{key}={host}"])
        assert f"no host; {allowed}" in line


@pytest.mark.parametrize(
    "host", ["localhost", "fix.example.com.", "::", "fe80::1%eth0", "192.0.2.1", "börse.example"]
)
def test_names_and_addresses_are_hosts(file: Path, host: str) -> None:
    settings = load_settings(file, overrides=[f"fix.acceptor.host={host}"])
    assert settings.fix.acceptor.host == host


def test_every_problem_is_told_at_once(file: Path) -> None:
    file.write_text(MINIMAL + "sede: 1\nlog: {level: loud}\n")
    told = problems(file, ["journal.segment_mib=x", "nonsense", "fix=1"], {"SLUICE_A__B": "1"})
    assert [line.partition(": ")[0] for line in told] == [
        "sluice.yaml:16",
        "SLUICE_A__B",
        "--set journal.segment_mib",
        "--set fix",
        "--set nonsense",
        "sluice.yaml:17",
    ]


def test_setting_a_key_twice_is_refused(file: Path) -> None:
    assert problems(file, ["seed=1", "seed=2"]) == ("--set seed: set twice, first by --set seed",)


@pytest.mark.parametrize(
    ("override", "told"),
    [
        (
            "venues.LIT_A.tactics=dark_mid",
            "a lit venue has no dark_mid; allowed: lit_take, lit_make",
        ),
        ("venues.LIT_A.mic=no such", "string should match pattern"),
        ("fix.acceptor.port=65536", "input should be less than or equal to 65535, got 65536"),
        ("shard=ABC", "string should match pattern"),
        ("policies=[]", "tuple should have at least 1 item"),
        (
            "journal=null",
            "name the key inside it that is meant; "
            "allowed: archive, durability, heads, heads_key, segment_mib, snapshot_events",
        ),
        ("seed.x=1", "'x' cannot stand here: the value has no keys"),
    ],
)
def test_a_value_out_of_bounds_is_refused(file: Path, override: str, told: str) -> None:
    [line] = problems(file, [override])
    assert f"--set {override.partition('=')[0]}: " in line
    assert told in line


def test_two_venues_with_one_name_are_refused() -> None:
    [line] = problems(DEFAULT_CONFIG, ["venues.LIT_B.mic=LIT_A"])
    assert line.endswith("venues: two with mic LIT_A; each must be its own")


def test_a_file_that_is_not_there_is_a_problem_like_any_other(tmp_path: Path) -> None:
    path = tmp_path / "none.yaml"
    assert problems(path) == (f"{path}: cannot be read: No such file or directory",)


# --- what is shown -------------------------------------------------------------------------------


def test_the_effective_values_carry_the_keys_that_set_takes(file: Path) -> None:
    for key, value, _ in load_settings(file).effective():
        if isinstance(value, str | int | float | Decimal):
            changed = load_settings(
                file, [f"{key}={str(value).lower() if value is True else value}"]
            )
            assert (key, value, f"--set {key}") in changed.effective()


def test_session_keys_that_an_item_inherits_are_not_shown_as_its_own(file: Path) -> None:
    shown = {key for key, _, _ in load_settings(file, ["venues.LIT_A.max_latency=9"]).effective()}
    assert "venues.LIT_A.max_latency" in shown
    assert "venues.LIT_A.heart_bt_int" not in shown
    assert "fix.defaults.heart_bt_int" in shown


def test_the_digest_changes_with_a_value_and_not_with_its_origin(file: Path) -> None:
    before = load_settings(file).digest()
    assert load_settings(file, ["seed=1"]).digest() == before
    assert load_settings(file, ["seed=2"]).digest() != before


class Login(BaseModel):
    user: str
    password: SecretStr


def test_a_secret_is_shown_neither_as_a_value_nor_in_an_error() -> None:
    given, _ = assignments(["password=hunter2", "user=me", "pasword=hunter2"])
    layers = Layers(Login)
    layers.add_document(loads("user: you", "login.yaml"))
    layers.add_assignments(given)
    login = Login(user="me", password=SecretStr("hunter2"))
    assert leaves(login) == [(("user",), "me"), (("password",), MASK)]
    assert layers.problems == [
        "--set pasword: unknown key 'pasword', did you mean 'password'?; allowed: password, user"
    ]
    assert "hunter2" not in str(layers.origins)


def test_settings_cannot_be_changed_afterwards(file: Path) -> None:
    settings = load_settings(file)
    with pytest.raises(ValueError, match="frozen"):
        settings.seed = 2  # type: ignore[misc]
    assert isinstance(settings, Settings)
