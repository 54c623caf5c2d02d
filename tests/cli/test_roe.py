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


LOST = "The session is lost; the venue works a child on"
LOST_WITH_IT = "The session is lost, and the venue cancels a child"
OUTLIVED = "A child has outlived the session all the same"


@pytest.mark.parametrize(
    ("cod", "says", "scenarios"),
    [
        (
            "none",
            "What rests at the venue stays there when the session ends; it counts in full until "
            "the venue has answered for it.",
            [LOST],
        ),
        ("day", "whatever reason, good-till orders excepted; it counts in full until", None),
        ("all", "for whatever reason; it counts in full until the venue has answered", None),
    ],
)
def test_a_venues_document_says_what_it_cancels_on_disconnect(
    cod: str, says: str, scenarios: list[str] | None, capsys: pytest.CaptureFixture[str]
) -> None:
    text = roe(capsys, "--venue", "LIT_A", "--set", f"venues.LIT_A.cod={cod}")
    assert says in text
    assert ("What is alive all the same after the next Logon is taken back." in text) is (
        cod != "none"
    )
    played = re.findall(r"^### L (.*)$", text, re.MULTILINE)
    assert played == (scenarios or [LOST_WITH_IT, OUTLIVED])


BY_MASS_STATUS = {
    LOST: ("D A AF", "8=0 A 8=I"),
    LOST_WITH_IT: ("D A 2 AF", "8=0 A 8=4 4 8=I"),
    OUTLIVED: ("D A AF F", "8=0 A 8=I 8=4"),
}
ONE_BY_ONE = {
    LOST: ("D A H", "8=0 A 8=0"),
    LOST_WITH_IT: ("D A 2 H", "8=0 A 8=4 4"),
    OUTLIVED: ("D A H F", "8=0 A 8=0 8=4"),
}
"""In FIX.4.2, which has no AF, and whose answer to H has the ExecType(150) of the state."""


@pytest.mark.parametrize(
    ("keys", "passes"),
    [
        ([], BY_MASS_STATUS),
        (["begin_string=FIX.4.2"], ONE_BY_ONE),
        (["begin_string=FIXT.1.1", "default_appl_ver_id=9"], BY_MASS_STATUS),
    ],
    ids=["FIX.4.4", "FIX.4.2", "FIX.5.0SP2"],
)
@pytest.mark.parametrize("cod", ["none", "all"])
def test_what_passes_when_a_session_is_lost(
    keys: list[str],
    passes: dict[str, tuple[str, str]],
    cod: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = [f"venues.LIT_A.{each}" for each in [f"cod={cod}", *keys]]
    text = roe(capsys, "--venue", "LIT_A", *(part for each in settings for part in ("--set", each)))
    for title in [LOST] if cod == "none" else [LOST_WITH_IT, OUTLIVED]:
        lines = text.partition(f"### L {title}\n")[2].partition("```\n")[2].partition("```")[0]
        messages = [
            (line[:2], decode(line[6:].replace("|", "\x01").encode("latin-1")))
            for line in lines.splitlines()
        ]
        sent, received = passes[title]
        assert [each.msg_type for who, each in messages if who == "us"] == sent.split()
        kinds = [
            f"8={each.get('150')}" if each.msg_type == "8" else each.msg_type
            for who, each in messages
            if who != "us"
        ]
        assert kinds == received.split()


def test_whoever_is_told_of_a_disputed_execution_is_told_that_it_will_be(
    capsys: pytest.CaptureFixture[str],
) -> None:
    silent = roe(capsys, "--venue", "LIT_A")
    told = roe(capsys, "--venue", "LIT_A", "--set", "venues.LIT_A.dk=ok")
    for text, disputes in ((silent, False), (told, True)):
        assert ("DontKnowTrade(Q) is not sent." in text) is not disputes
        assert ("### DontKnowTrade (35=Q), we send it" in text) is disputes


def test_an_oms_whose_orders_are_taken_back_when_it_is_gone_is_told_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    key = "fix.acceptor.sessions.OMS"
    options = ["--set", f"{key}.on_disconnect=cancel_open", "--set", f"{key}.grace_s=7"]
    text = roe(capsys, "--session", "OMS", *options)
    assert "Open orders are taken back when the session has been gone for 7 s" in text
    assert "Open orders stay open" not in text


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
