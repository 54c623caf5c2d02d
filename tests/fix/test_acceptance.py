"""Every acceptance script passes: three versions, both roles, three ways; and in the whole node."""

from __future__ import annotations

import pytest

from tests.fix import case_table
from tests.fix.acceptance import WAYS, Player
from tests.fix.definitions import Script, ScriptError, one_variant_each, parse, scripts
from tests.fix.in_memory import Memory
from tests.fix.in_the_core import Core, suits

SCRIPTS = scripts()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: str(script.name))
def test_a_script_passes_in_memory(script: Script) -> None:
    for run in script.runs("memory"):
        for way in WAYS:
            Player(run, Memory(run), way).play()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: str(script.name))
def test_a_script_passes_with_the_core_behind_it(script: Script) -> None:
    for run in one_variant_each(script, "memory"):
        if suits(run):
            Player(run, Core(run)).play()


@pytest.mark.parametrize("role", ["acceptor", "initiator"])
@pytest.mark.parametrize("version", ["FIX.4.2", "FIX.4.4", "FIX.5.0SP2"])
def test_every_version_and_role_has_its_cases(version: str, role: str) -> None:
    runs = [run for script in SCRIPTS for run in script.runs("memory")]
    assert sum(run.version.name == version and run.role == role for run in runs) > 200


def test_the_table_in_the_documents_is_that_of_the_scripts() -> None:
    assert case_table.written() == case_table.table(SCRIPTS), "python -m tests.fix.case_table"


# --- The language --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("no title\n\nconnect\n", "x:1: the first line is `case: title`"),
        ("1: a title\n", "x: nothing happens"),
        ("1: a title\n\nsay 35=0\n", "x:3: 'say 35=0' begins with none of"),
        ("1: a title\n\n[FIX.4.3] connect\n", r"x:3: \[FIX.4.3\]: allowed: FIX.4.2 FIX.4.4"),
        ("1: a title\nroles: acceptor\n\nconnect\n", "x:2: roles: names, then the reason"),
        ("1: a title\nroles: broker (why)\n\nconnect\n", "x:2: roles: allowed: acceptor initiator"),
        ("1: a title\neach: tag 49\n\nconnect\n", "x:2: each: is `name := value"),
    ],
)
def test_a_script_that_is_none_is_refused(text: str, told: str) -> None:
    with pytest.raises(ScriptError, match=told):
        parse("x", text)


def test_a_setting_that_there_is_not_is_refused() -> None:
    script = parse("x", "1: a title\nwith: heart_beat=5\n\nconnect\n")
    with pytest.raises(KeyError, match="heart_beat"):
        Memory(next(iter(script.runs("memory"))))


def test_a_script_is_run_for_each_of_its_variants_and_nobody_else() -> None:
    text = """1: a title
roles: initiator (why)
each: tag := 1 ; value := a
each[FIX.4.2]: tag := 2 ; value := b

[FIX.4.4] connect
I 35=0|{tag}={value}
"""
    runs = list(parse("x", text).runs("memory"))
    told = [(run.version.name, run.role, [step.text for step in run.steps()]) for run in runs]
    assert told == [
        ("FIX.4.2", "initiator", ["35=0|1=a"]),
        ("FIX.4.2", "initiator", ["35=0|2=b"]),
        ("FIX.4.4", "initiator", ["", "35=0|1=a"]),
        ("FIX.5.0SP2", "initiator", ["35=0|1=a"]),
    ]
