"""How much may be explored: defaults, layers that only narrow, and documents that are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.documents import DocumentError
from policies.exploration import DEFAULT
from router.model import Exploration
from router.ports import Refusal
from tests.policies.policy_samples import DEFAULTS, book, facts


def found(folder: Path, *documents: str, **changes: object) -> Exploration:
    resolved = book(folder, *documents).resolve(facts(**changes))
    assert not isinstance(resolved, Refusal)
    return resolved.exploration


def firm(setting: str) -> str:
    settings = f"{{algo: sweep, learner: hazard, exploration: {setting}}}"
    return f"policy: f\nversion: 1\nsettings: {settings}\n"


def lower(layer: str, setting: str, match: str = "{}") -> str:
    return (
        f"policy: {layer}\nversion: 1\nlayer: {layer}\n"
        f"rules: [{{id: x, why: w, match: {match}, settings: {{exploration: {setting}}}}}]\n"
    )


def test_without_a_word_half_a_basis_point_may_be_spent_and_there_is_no_gate(
    tmp_path: Path,
) -> None:
    assert found(tmp_path, DEFAULTS) == DEFAULT
    assert (DEFAULT.allowed, DEFAULT.budget_bp, DEFAULT.give_up) == (True, 0.5, None)


@pytest.mark.parametrize(
    ("upper", "below", "expected"),
    [
        ("{budget_bp: 2}", "{budget_bp: 0.1}", Exploration(budget_bp=0.1)),
        ("{budget_bp: 0.1}", "{budget_bp: 2}", Exploration(budget_bp=0.1)),
        ("{budget_bp: 2}", "{give_up: 0.1}", Exploration(budget_bp=2.0, give_up=0.1)),
        ("{give_up: 0.02}", "{give_up: 0.1}", Exploration(give_up=0.02)),
        ("{give_up: 0.02}", "{give_up: 0}", Exploration(give_up=0.0)),
        ("none", "{budget_bp: 2}", Exploration(allowed=False)),
        ("{budget_bp: 2}", "none", Exploration(allowed=False)),
        (
            "{give_up: 0.1, champion: static}",
            "{champion: {name: fill_rate, period: 100}}",
            Exploration(give_up=0.1, champion="fill_rate", champion_params={"period": 100}),
        ),
        (
            "{give_up: 0.1, champion: static}",
            "{budget_bp: 0.1}",
            Exploration(budget_bp=0.1, give_up=0.1, champion="static"),
        ),
    ],
)
def test_a_lower_layer_only_narrows(
    tmp_path: Path, upper: str, below: str, expected: Exploration
) -> None:
    assert found(tmp_path, firm(upper), lower("client", below)) == expected


def test_within_a_layer_the_most_specific_speaks_alone(tmp_path: Path) -> None:
    general = lower("desk", "{budget_bp: 0.2}")
    special = general.replace("]\n", ", {id: y, why: w, match: {account: VIP}, settings: "
                              "{exploration: {budget_bp: 0.9}}}]\n")  # fmt: skip
    documents = (firm("{budget_bp: 1}"), special)
    assert found(tmp_path, *documents).budget_bp == 0.2
    assert found(tmp_path, *documents, account="VIP").budget_bp == 0.9


def test_three_layers_narrow_together(tmp_path: Path) -> None:
    made = found(
        tmp_path,
        firm("{budget_bp: 1, give_up: 0.05}"),
        lower("desk", "{budget_bp: 0.3}"),
        lower("client", "{budget_bp: 0.6, give_up: 0.01}"),
    )
    assert made == Exploration(budget_bp=0.3, give_up=0.01)


@pytest.mark.parametrize(
    ("setting", "problem"),
    [
        ("some", "0.yaml:3: settings.exploration: says nothing; allowed: none, or budget_bp, "),
        (
            "{}",
            "settings.exploration: says nothing; allowed: none, or budget_bp, give_up, champion",
        ),
        ("{budget: 1}", "exploration.budget: unknown key 'budget', did you mean 'budget_bp'?;"),
        ("{budget_bp: -1}", "exploration.budget_bp: input should be greater than or equal to 0"),
        ("{budget_bp: 1000}", "exploration.budget_bp: input should be less than or equal to 100"),
        ("{give_up: 1}", "exploration.give_up: input should be less than 1"),
        (
            "{champion: hazrd}",
            "exploration.champion: unknown learner 'hazrd', did you mean 'hazard'",
        ),
        (
            "{champion: {name: fill_rate, perod: 9}}",
            "exploration.champion.perod: unknown key 'perod'",
        ),
    ],
)
def test_a_wrong_setting_is_refused_with_its_line_and_what_is_allowed(
    tmp_path: Path, setting: str, problem: str
) -> None:
    with pytest.raises(DocumentError) as raised:
        book(tmp_path, firm(setting))
    told = [each.replace(f"{tmp_path}/", "") for each in raised.value.problems]
    assert [each for each in told if problem in each], told


def test_two_that_match_as_closely_and_differ_do_not_load(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"exploration bounded .* contradicts exploration none"):
        book(
            tmp_path,
            firm("none"),
            "policy: z\nversion: 1\nsettings: {exploration: {budget_bp: 1}}\n",
        )


def test_explain_tells_what_holds_and_who_has_narrowed_it(tmp_path: Path) -> None:
    made = book(tmp_path, firm("{budget_bp: 1}"), lower("client", "{give_up: 0.02}"))
    told = made.explain(facts()).replace(f"{tmp_path}/", "").splitlines()
    at = told.index(
        "exploration = 1 bp at most, 0.02 of the worth of its own mean given up at most"
    )
    assert told[at + 1 : at + 3] == [
        "  of bounded (give_up=0.02): client/x (client, any order) 1.yaml:4",
        "  of bounded (budget_bp=1): f/settings (firm, any order) 0.yaml:3",
    ]
