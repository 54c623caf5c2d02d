"""The acceptance scripts fail a Sluice that is wrong, and pass one that words things otherwise.

Each broken variant, and each field of our output made wrong or left out, is caught by the scripts
that are named here; a change that no peer may mind is caught by none.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import pytest

from tests.fix import broken
from tests.fix.acceptance import Player
from tests.fix.broken import ALTERATIONS, Changed, Make, altered, rule, setting, without
from tests.fix.definitions import Run, scripts
from tests.fix.in_memory import Memory
from tests.fix.protocol import Breach

SCRIPTS = {script.name: script for script in scripts()}
VERSION = "FIX.4.4"


def caught(make: Make, names: Iterable[str] = SCRIPTS) -> set[str]:
    """Which of these scripts a variant of Sluice does not pass, in either role."""
    return {name for name in names if not all(map(partial(passes, make), runs(name)))}


def runs(name: str) -> list[Run]:
    return [run for run in SCRIPTS[name].runs("memory") if run.version.name == VERSION]


def passes(make: Make, run: Run) -> bool:
    try:
        Player(run, make(run)).play()
    except Breach:
        return False
    return True


VARIANTS: dict[str, tuple[Make, set[str]]] = {
    "latency not checked": (
        setting("check_latency", False),
        {"2o_sending_time_off", "2o_max_latency", "1s_d_invalid_logon_told"},
    ),
    "CompIDs not checked": (
        setting("check_comp_id", False),
        {"2k_comp_ids", "1s_c_unknown_comp_ids", "1b_d_answer_unacceptable"},
    ),
    "no dictionary": (
        setting("validate", None),
        {"14a_tag_unknown", "14b_required_tag_missing", "14e_value_not_allowed", "14f_format"},
    ),
    "nothing persisted": (
        broken.Forgetful,
        {"8_resend_after_reconnect", "9_numbers_survive_a_restart", "2c_logon_too_low"},
    ),
    "no message persisted": (
        broken.StoreLost,
        {"8_resend_everything", "8_resend_reject", "16a_queued_while_away"},
    ),
    "header, body and trailer mixed": (
        rule("validate_fields_out_of_order"),
        {"14g_header_body_trailer"},
    ),
    "group order not checked": (rule("check_group_order"), {"14j_group_order"}),
    "values not required": (rule("validate_fields_have_values"), {"14d_no_value"}),
    "user defined tags not checked": (
        rule("validate_user_defined_fields"),
        {"14a_tag_unknown"},
    ),
    "redundant requests": (
        setting("send_redundant_resend_requests", True),
        {"2b_msg_seq_num_too_high", "2b_a_second_gap"},
    ),
    "numbers not looked at": (
        broken.Uncounting,
        {"2b_msg_seq_num_too_high", "2c_msg_seq_num_too_low", "10a_gap_fill_too_high"},
    ),
    "PossResend ignored": (broken.Resending, {"19a_poss_resend_seen"}),
    "OrigSendingTime not required": (
        setting("requires_orig_sending_time", False),
        {"2g_no_orig_sending_time"},
    ),
    "resets not followed": (
        setting("reset_seq_higher", "logout"),
        {"11a_reset_higher", "11a_reset_in_a_gap"},
    ),
    "heartbeats late": (setting("test_request_after", 1.3), {"6_test_request"}),
    "the dead not dropped": (setting("heartbeat_timeout_after", 3.0), {"6_test_request"}),
    "everything asked at once": (
        setting("resend_request_chunk_size", 0),
        {"2b_in_pieces", "2b_in_pieces_by_default"},
    ),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_a_broken_variant_is_caught(name: str) -> None:
    make, expected = VARIANTS[name]
    assert caught(make, expected) == expected


WRONG: dict[str, set[str]] = {
    "7": {"2b_msg_seq_num_too_high"},
    "16": {"2b_in_pieces"},
    "34": {"1s_a_valid_logon"},
    "36": {"8_resend_everything"},
    "43": {"8_resend_everything"},
    "45": {"14a_tag_unknown"},
    "52": {"4a_heartbeat"},
    "112": {"4b_test_request"},
    "122": {"8_resend_everything"},
    "123": {"8_resend_everything"},
    "141": {"141_reset_at_logon_theirs"},
    "371": {"14c_tag_not_in_message"},
    "372": {"14c_tag_not_in_message"},
    "373": {"14c_tag_not_in_message"},
    "380": {"2r_msg_type_not_served"},
}


@pytest.mark.parametrize("tag", WRONG)
def test_a_wrong_field_is_caught(tag: str) -> None:
    change = partial(altered, tag=tag, alter=ALTERATIONS[tag])
    assert caught(partial(Changed, change=change), WRONG[tag]) == WRONG[tag]


@pytest.mark.parametrize("tag", WRONG)
def test_a_field_left_out_is_caught(tag: str) -> None:
    change = partial(without, tag=tag)
    assert caught(partial(Changed, change=change), WRONG[tag]) == WRONG[tag]


@pytest.mark.parametrize(
    ("tag", "value"),
    [("49", "SLUICE2"), ("56", "OMS2"), ("52", "2026-01-05 14:30:00"), ("34", "02"), ("35", "0")],
)
def test_a_header_that_is_wrong_is_caught(tag: str, value: str) -> None:
    change = partial(broken.put, tag=tag, value=value)
    assert caught(partial(Changed, change=change), ["1s_a_valid_logon"])


def test_an_original_sending_time_of_another_message_is_caught() -> None:
    change = partial(altered, tag="122", alter=broken.hour_before)
    assert caught(partial(Changed, change=change), ["8_resend_everything"])


@pytest.mark.parametrize(
    "change", [broken.body_first, broken.resent_otherwise], ids=lambda each: str(each.__name__)
)
def test_a_message_out_of_shape_is_caught(change: broken.Change) -> None:
    assert caught(partial(Changed, change=change), ["8_resend_everything"])


@pytest.mark.parametrize(
    "change",
    [broken.bad_check_sum, broken.bad_body_length, broken.twice, broken.nothing],
    ids=lambda each: str(each.__name__),
)
def test_bytes_that_are_wrong_are_caught(change: object) -> None:
    assert callable(change)
    names = {"1s_a_valid_logon", "2b_msg_seq_num_too_high", "4a_heartbeat"}
    assert caught(partial(broken.Misframed, change=change), names) == names


HARMLESS: dict[str, Make] = {
    "as it is": Memory,
    "another Text": partial(Changed, change=partial(broken.put, tag="58", value="so it is")),
    "another order of the body": partial(Changed, change=broken.body_reversed),
    "another order of the header": partial(Changed, change=broken.header_reversed),
    "microseconds": partial(
        Changed,
        change=broken.chain(
            [partial(altered, tag=tag, alter=broken.micros) for tag in ("52", "122")]
        ),
    ),
    "another TestReqID": broken.Renaming,
}
PRECISE = "times_written"
"""The one script that states how precise a time is."""


@pytest.mark.parametrize("name", HARMLESS)
def test_a_harmless_change_passes(name: str) -> None:
    found = caught(HARMLESS[name])
    assert found == ({PRECISE} if name == "microseconds" else set())
