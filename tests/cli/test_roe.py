"""`sluice roe`: the document, its scenarios, and the dictionary beside it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from config.settings import load_settings
from router.cli import run
from router.cli.engagement.codes import CODES
from router.cli.engagement.html import page
from router.cli.engagement.rehearsal import Names
from router.cli.engagement.scenarios import play
from router.fix.codec import decode
from router.fix.dictionary import dictionary
from router.fix.dictionary.quickfix_xml import read_quickfix_xml
from router.fix.versions import FIX42, FIX50SP2, VERSIONS

GOLDEN = Path(__file__).with_name("golden") / "rules-of-engagement-OMS.md"


# -- the document --------------------------------------------------------------------------------


def roe(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert run(["roe", *options]) == 0
    return capsys.readouterr().out


def test_the_document_of_the_default_session_is_the_one_that_is_kept(
    capsys: pytest.CaptureFixture[str],
) -> None:
    digest = load_settings().digest()
    text = roe(capsys, "--session", "OMS")
    assert digest in text
    shown = re.sub(r"Sluice [0-9][^ |]*", "Sluice VERSION", text.replace(digest, "HASH"))
    assert shown.splitlines() == GOLDEN.read_text(encoding="utf-8").splitlines(), (
        "what is spoken has changed: write the document anew with the command, put VERSION and "
        f"HASH where the version and the hash stand, and look at the difference: {GOLDEN.name}"
    )


def test_the_same_configuration_gives_the_same_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    assert roe(capsys, "--session", "OMS") == roe(capsys, "--session", "OMS")


def test_every_code_stands_in_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    text = roe(capsys, "--session", "OMS")
    assert [each.name for each in CODES if f"| `{each.name}` |" not in text] == []


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--set", "fix.acceptor.sessions.OMS.begin_string=FIX.4.2"],
        [
            "--set",
            "fix.acceptor.sessions.OMS.begin_string=FIXT.1.1",
            "--set",
            "fix.acceptor.sessions.OMS.default_appl_ver_id=9",
        ],
    ],
    ids=["FIX.4.4", "FIX.4.2", "FIX.5.0SP2"],
)
def test_the_bytes_of_the_scenarios_are_sound_in_every_version(
    options: list[str], capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    text = roe(capsys, "--session", "OMS", *options)
    spoken = next(each for each in VERSIONS if each.name in request.node.name)
    judge = dictionary(spoken)
    frames = re.findall(r"^(?:us  >|you <) (8=.*)$", text, re.MULTILINE)
    assert len(frames) > 80
    for frame in frames:
        message = decode(frame.replace("|", "\x01").encode("latin-1"))
        assert judge.validate(message) is None, frame
        assert judge.conditional(message) is None, frame
    assert f"| FIX version | {spoken.name} |" in text
    assert ("35=AF" in text) is (spoken is not FIX42)
    assert ("957-" in text or "| 957 |" in text) is (spoken is FIX50SP2)


@pytest.mark.parametrize("mic", ["LIT_A", "DARK_A", "SDP_1", "SDP_2"])
def test_a_venue_has_a_document_too(mic: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = roe(capsys, "--venue", mic)
    assert f"# Rules of engagement: SLUICE at {mic}" in text
    assert "PRICE_COLLAR_EXCEEDED" not in text
    played = "us  > 8=FIX.4.4" in text
    assert played is mic.startswith("LIT")
    if played:
        assert f"|49=SLUICE|52=20260105-14:30:01.000|56={mic}|" in text
        assert "35=D|" in text
        assert "### A.1.a An order is refused" not in text
    assert ("### QuoteRequest (35=R), we send it" in text) is (mic == "SDP_2")


def test_a_bust_shows_as_its_scenario_says() -> None:
    names = Names("FIX.4.4", "", "SLUICE", "OMS")
    [busted] = [each for each in play(names) if "busted" in each.scenario.title]
    told = [
        {tag: decode(each.frame).get(tag) for tag in ("150", "39", "14", "151", "6")}
        for each in busted.shown
        if each.ours
    ]
    # fix.md 5.4, J.1.a, up to the first correction.
    assert [" ".join(each.values()) for each in told] == [
        "0 0 0 1000 0",
        "F 1 100 900 10",
        "F 2 1000 0 10.9",
        "H 1 900 100 11",
        "G 1 900 100 10",
    ]


def test_it_is_written_to_a_file_and_as_html(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "roe.html"
    assert run(["roe", "--session", "OMS", "--html", "--out", str(path)]) == 0
    assert capsys.readouterr().err.startswith(f"{path}: ")
    text = path.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>\n")
    assert "<title>Rules of engagement: SLUICE for OMS</title>" in text
    assert "<td>NewOrderSingle</td>" in text
    assert "http" not in text


def test_markdown_becomes_html() -> None:
    text = page(
        "# A & B\n\n| x | y |\n|---|---|\n| `1\\|2` | <b> |\n\n- **one** *two*\n\n```\n<x>\n```\n"
    )
    body = text.partition("<body>\n")[2]
    assert body == (
        "<h1>A &amp; B</h1>\n<table>\n<tr><th>x</th><th>y</th></tr>\n"
        "<tr><td><code>1|2</code></td><td>&lt;b&gt;</td></tr>\n</table>\n"
        "<ul>\n<li><b>one</b> <em>two</em></li>\n</ul>\n<pre>&lt;x&gt;</pre>\n</body>\n</html>\n"
    )


@pytest.mark.parametrize(
    ("options", "code", "text"),
    [
        ([], 4, "name one: --session NAME or --venue MIC"),
        (["--session", "OMS", "--venue", "LIT_A"], 4, "name one: "),
        (["--session", "OSM"], 2, "no session 'OSM'; there are: OMS"),
        (["--venue", "LIT_Z"], 2, "no venue 'LIT_Z'; there are: LIT_A, LIT_B"),
    ],
)
def test_for_nobody_there_is_no_document(
    options: list[str], code: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["roe", *options]) == code
    assert capsys.readouterr().err.startswith(text)


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (
            ["validate_user_defined_fields=false"],
            "| a tag from 5000 on that is not agreed | is taken |",
        ),
        (["strict=false"], "| a fault | in an application message is noted, and it is taken; in"),
        (["use_data_dictionary=false"], "| the dictionary | is not applied: messages are taken"),
        (["reset_on_logout=true"], "| numbers begin again | after a Logout(5) |"),
        (
            ["start_time=08:00", "end_time=17:30", "time_zone=Europe/Paris", "weekdays=[mon, tue]"],
            "| hours | 08:00 to 17:30 on mon tue |\n| time zone | Europe/Paris |",
        ),
        (["throttle={messages: 50}"], "| throttle | 50 messages in 1,000 ms; above it Business"),
        (
            ["late_clock=report"],
            "| SendingTime(52) | further than 120 s from our clock is reported",
        ),
        (["timestamp_precision=us"], "| our times | microseconds; "),
        (
            ["enable_next_expected_msg_seq_num=true"],
            "| NextExpectedMsgSeqNum(789) | in every Logon",
        ),
        (["resend_request_chunk_size=0"], "a large gap at once; early ones are kept"),
        (["account_required=true"], "| Account(1) | required of every order |"),
        (["allowed_remote_addresses=[192.0.2.0/24]"], "| from | 192.0.2.0/24 |"),
        (["logon_refusal=logout"], "is answered by Logout(5) with the reason"),
        (
            ["credentials={kind: password, username: desk, secret: oms}"],
            "| credentials | Username(553) desk and Password(554) in the Logon(A) |",
        ),
        (["credentials={kind: hmac, secret: oms}"], "a signature in RawData(96) of the Logon(A)"),
    ],
)
def test_what_is_configured_is_what_is_written(
    keys: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    place = "fix.acceptor.sessions.OMS"
    options: list[str] = []
    for each in keys:
        key, _, value = each.partition("=")
        if value.startswith("{"):
            for part in value.strip("{}").split(", "):
                name, _, inner = part.partition(": ")
                options += ["--set", f"{place}.{key}.{name}={inner}"]
        else:
            options += ["--set", f"{place}.{key}={value}"]
    assert line in roe(capsys, "--session", "OMS", *options)


# -- the peer's dictionary -----------------------------------------------------------------------


def test_the_dictionary_for_quickfix_reads_back_as_what_is_served(tmp_path: Path) -> None:
    path = tmp_path / "OMS.xml"
    assert run(["roe", "--session", "OMS", "--xml", str(path)]) == 0
    read = read_quickfix_xml(path.read_bytes())
    assert read.version == "FIX.4.4"
    application = {"D", "F", "G", "H", "AF", "q", "8", "9", "r", "j"}
    assert read.messages.keys() == application | {"A", "0", "1", "2", "3", "4", "5"}
    assert list(tmp_path.iterdir()) == [path]


def test_fixt_has_two_files_one_for_each_layer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "OMS.xml"
    sets = ["begin_string=FIXT.1.1", "default_appl_ver_id=9"]
    options = [part for each in sets for part in ("--set", f"fix.acceptor.sessions.OMS.{each}")]
    assert run(["roe", "--session", "OMS", "--xml", str(path), *options]) == 0
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 2)
    application = read_quickfix_xml(path.read_bytes())
    session = read_quickfix_xml((tmp_path / "OMS.FIXT11.xml").read_bytes())
    assert (application.version, session.version) == ("FIX.5.0SP2", "FIXT.1.1")
    assert "D" in application.messages
    assert session.messages.keys() == {"A", "0", "1", "2", "3", "4", "5"}
