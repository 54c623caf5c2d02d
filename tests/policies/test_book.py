"""Documents together: precedence, narrowing, what an order may ask for, what does not load."""

from __future__ import annotations

from pathlib import Path

import pytest

import config
from config.documents import DocumentError
from policies.book import PolicyBook, ResolvedPolicy
from policies.check import Finding
from policies.child_max import ChildMax
from policies.dealer import Dealer
from policies.document import Setting
from policies.match import OrderFacts
from policies.participation import Participation
from router.core.environment import Policies, Policy
from router.messages import OrderTerms
from router.model import PX_SCALE, Instrument, OrdType, Side
from router.ports import Refusal
from tests.policies.policy_samples import ALGOS, DEFAULTS, LEARNERS, RULE_TYPES, VENUES, book, facts


def resolved(from_book: PolicyBook, order: OrderFacts) -> ResolvedPolicy:
    found = from_book.resolve(order)
    assert isinstance(found, ResolvedPolicy), found
    return found


def refused(folder: Path, *documents: str) -> list[str]:
    """The problems without the folder's name."""
    with pytest.raises(DocumentError) as caught:
        book(folder, *documents)
    return [problem.replace(f"{folder}/", "") for problem in caught.value.problems]


def findings(from_book: PolicyBook, folder: Path) -> list[str]:
    return [f"{each.severity} {each}".replace(f"{folder}/", "") for each in from_book.check()]


# --- what a book says ----------------------------------------------------------------------------


def test_a_bare_book_gives_its_defaults(tmp_path: Path) -> None:
    made = book(tmp_path, DEFAULTS)
    assert resolved(made, facts()) == ResolvedPolicy(
        name="base:1",
        hash=made.hash,
        rules=(),
        algo="sweep",
        algo_params={},
        learner="hazard",
        learner_params={},
        allowed_algos=tuple(sorted(ALGOS)),
    )
    assert made.check() == []


def test_every_matching_rule_applies_from_every_layer(tmp_path: Path) -> None:
    firm = DEFAULTS + (
        "rules:\n"
        "  - {id: size, why: w, child_max: {shares: 900}}\n"
        "  - {id: other, why: w, match: {account: B}, child_max: {shares: 1}}\n"
    )
    client = (
        "policy: a-client\nversion: 7\nlayer: client\nrules:\n"
        "  - id: both\n    why: w\n    match: {account: A}\n"
        "    child_max: {shares: 2000}\n    dealer: {opt_out: true}\n"
        "  - {id: pov, why: w, match: {qty_adv: {from: 0.5}}, participation: {share_max: 0.1}}\n"
    )
    made = book(tmp_path, firm, client)
    found = resolved(made, facts())
    assert found.rules == (
        ("a-client/both", ChildMax(shares=2000)),
        ("a-client/both", Dealer(opt_out=True)),
        ("base/size", ChildMax(shares=900)),
    )
    assert found.name == "base:1+a-client:7"
    unknown_adv = resolved(made, facts(adv=0))
    assert ("a-client/pov", Participation(share_max=0.1)) in unknown_adv.rules


SETTINGS_FIRM = """
policy: firm
version: 1
settings: {algo: sweep, learner: hazard}
rules:
  - {id: acme, why: w, match: {symbol: ACME}, settings: {algo: {name: twap, interval_s: 30}}}
  - {id: acct, why: w, match: {account: VIP}, settings: {algo: {name: twap, interval_s: 10}}}
  - {id: twaps, why: w, match: {algo: twap}, settings: {learner: pro_rata}}
"""
SETTINGS_DESK = """
policy: desk
version: 1
layer: desk
rules:
  - {id: nights, why: w, match: {time: {below: "06:00"}}, settings: {algo: sweep}}
"""


@pytest.mark.parametrize(
    ("changes", "algo", "params", "learner"),
    [
        ({"symbol": "BOLT", "now": 12 * 3600 * 10**9}, "sweep", {}, "hazard"),
        ({"now": 12 * 3600 * 10**9}, "twap", {"interval_s": 30}, "pro_rata"),
        ({"account": "VIP", "now": 12 * 3600 * 10**9}, "twap", {"interval_s": 10}, "pro_rata"),
        # A lower layer wins although its match is the least specific of all.
        ({"account": "VIP", "now": 0}, "sweep", {}, "hazard"),
        # An order that names its algo takes the parameters of the best setting that names it.
        ({"algo": "twap", "now": 0}, "twap", {"interval_s": 30}, "pro_rata"),
        ({"algo": "twap", "symbol": "BOLT"}, "twap", {}, "pro_rata"),
    ],
)
def test_a_setting_has_the_value_of_the_lowest_layer_then_of_the_closest_match(
    tmp_path: Path, changes: dict[str, object], algo: str, params: dict[str, object], learner: str
) -> None:
    found = resolved(book(tmp_path, SETTINGS_FIRM, SETTINGS_DESK), facts(**changes))
    assert (found.algo, found.algo_params, found.learner) == (algo, params, learner)


def test_an_order_may_only_ask_for_an_algo_that_every_clause_allows(tmp_path: Path) -> None:
    made = book(
        tmp_path,
        DEFAULTS + "rules:\n  - {id: few, why: w, algos: [sweep, twap]}\n",
        "policy: c\nversion: 1\nlayer: client\nrules:\n"
        "  - {id: one, why: w, match: {account: A}, algos: sweep}\n",
    )
    assert resolved(made, facts(account="B", algo="twap")).allowed_algos == ("sweep", "twap")
    assert made.resolve(facts(account="A", algo="twap")) == Refusal(
        code="POLICY_INSTRUCTION_DENIED",
        text="POLICY_INSTRUCTION_DENIED: tag=847, value=twap, rule=c/one",
        ord_rej_reason="11",
        cxl_rej_reason="2",
    )
    unknown = made.resolve(facts(algo="magic"))
    assert isinstance(unknown, Refusal)
    assert "tag=847, value=magic, rule=unknown algo" in unknown.text


def test_the_engine_chooses_by_terms_and_a_reference_price(tmp_path: Path) -> None:
    text = DEFAULTS + (
        "rules:\n  - {id: big, why: w, match: {notional: {from: 500000}},"
        " child_max: {shares: 1}}\n"
        "  - {id: thin, why: w, match: {adv: {below: 1000}}, dealer: {opt_out: true}}\n"
    )
    policies: Policies = book(tmp_path, text)
    instrument = Instrument("ACME", tick=1, lot=100, adv=1_000, currency="USD")
    terms = OrderTerms("ACME", Side.BUY, 10_000, OrdType.MARKET, account="A")

    def ids(ref_px: int) -> list[str]:
        found = policies.choose("OMS", terms, instrument, 0, ref_px)
        assert not isinstance(found, Refusal)
        policy: Policy = found
        return [clause for clause, _ in policy.rules]

    assert ids(50 * PX_SCALE) == ["base/big"]
    assert ids(50 * PX_SCALE - 1) == []
    assert ids(0) == ["base/big"], "a value that is not known narrows"


def test_the_identity_is_of_what_is_meant_not_of_how_it_is_written(tmp_path: Path) -> None:
    rules = ["  - {id: a, why: w, algos: sweep}\n", "  - {id: b, why: w, dark: {only: true}}\n"]
    texts = [
        DEFAULTS + "rules:\n" + rules[0] + rules[1],
        "# a comment\n" + DEFAULTS + "rules:\n" + rules[1] + "\n" + rules[0],
        DEFAULTS + "rules:\n" + rules[0],
        DEFAULTS.replace("version: 1", "version: 2") + "rules:\n" + rules[0] + rules[1],
    ]
    hashes = []
    for i, text in enumerate(texts):
        (tmp_path / str(i)).mkdir()
        hashes.append(book(tmp_path / str(i), text).hash)
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3
    assert all(len(each) == 64 for each in hashes)


def test_explain_names_values_clauses_lines_and_what_lost(tmp_path: Path) -> None:
    made = book(tmp_path, SETTINGS_FIRM, SETTINGS_DESK)
    told = made.explain(facts(account="VIP", now=0)).replace(f"{tmp_path}/", "")
    assert told.splitlines() == [
        f"policy firm:1+desk:1 sha256={made.hash}",
        "algo = sweep: desk/nights (desk, time=..06:00) 1.yaml:5",
        "  not twap (interval_s=10): firm/acct (firm, account=VIP) 0.yaml:6",
        "  not twap (interval_s=30): firm/acme (firm, symbol=ACME) 0.yaml:5",
        "  not sweep: firm/settings (firm, any order) 0.yaml:3",
        "learner = hazard: firm/settings (firm, any order) 0.yaml:3",
        "exploration = 0.5 bp at most, no gate",
        f"algos allowed = {', '.join(sorted(ALGOS))}",
    ]
    named = made.explain(facts(algo="twap", now=0)).splitlines()
    assert named[1] == "algo = twap: TargetStrategy(847) of the order"
    assert not [line for line in named[2:] if line.startswith("algo =")]


def test_explain_tells_which_rules_apply_and_why_the_others_do_not(tmp_path: Path) -> None:
    text = DEFAULTS + (
        "rules:\n"
        "  - {id: size, why: no block, child_max: {shares: 900}}\n"
        "  - {id: b, why: wish of B, match: {account: B, side: sell}, dealer: {opt_out: true}}\n"
    )
    told = book(tmp_path, text).explain(facts()).replace(f"{tmp_path}/", "").splitlines()
    assert told[-2:] == [
        "dealer {'opt_out': True} does not apply (account differs):"
        " base/b (firm, account=B side=sell) 0.yaml:6: wish of B",
        "child_max {'shares': 900} applies: base/size (firm, any order) 0.yaml:5: no block",
    ]


# --- what does not load --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("rule: []", "0.yaml:4: rule: unknown key 'rule', did you mean 'rules'?;"),
        (
            "rules:\n  - {id: x, why: w, dark: {onyl: true}}",
            "0.yaml:5: rules[0].dark.onyl: unknown",
        ),
        (
            "rules:\n  - {id: x, why: w, drak: {only: true}}",
            "did you mean 'dark'?; allowed: algos,",
        ),
        ("rules:\n  - {id: x, why: w, dark: {}}", "rules[0].dark: says nothing; allowed: only"),
        ("rules:\n  - {id: x, why: w, dark: 1}", "0.yaml:5: rules[0].dark: "),
        ("rules:\n  - {id: x, why: w}", "0.yaml:5: rules[0]: the clause says nothing; allowed:"),
        ("rules:\n  - {id: x, dark: {only: true}}", "rules[0].why: required, but not given"),
        ("rules:\n  - {why: w, dark: {only: true}}", "rules[0].id: required, but not given"),
        ("rules:\n  - {id: 'a b', why: w, algos: sweep}", "rules[0].id: string should match"),
        (
            "rules:\n  - {id: x, why: w, algos: sweep}\n  - {id: x, why: w, algos: sweep}",
            "0.yaml:6: rules[1].id: id 'x' is taken on line 5",
        ),
        (
            "rules:\n  - id: x\n    why: w\n    match:\n      acount: A\n    algos: sweep",
            "0.yaml:8: rules[0].match.acount: unknown key 'acount', did you mean 'account'?;"
            " allowed: account, adv, algo, notional, ord_type, qty, qty_adv, session, side, symbol,"
            " time",
        ),
        (
            "rules:\n  - {id: x, why: w, match: {qty: {form: 1}}, algos: sweep}",
            "rules[0].match.qty.form: unknown key 'form', did you mean 'from'?; allowed: below,",
        ),
        (
            "rules:\n  - {id: x, why: w, match: {symbol: ACMF}, algos: sweep}",
            "unknown symbol 'ACMF', did you mean 'ACME'?; allowed: ACME, BOLT",
        ),
        ("rules:\n  - {id: x, why: w, match: {algo: seep}, algos: sweep}", "unknown algo 'seep'"),
        ("rules:\n  - {id: x, why: w, algos: [sweep, tvap]}", "did you mean 'twap'?"),
        (
            "rules:\n  - {id: x, why: w, venues: {deny: {mic: [LIT_A, LIT_D]}}}",
            "0.yaml:5: rules[0].venues: unknown MIC 'LIT_D', did you mean 'LIT_",
        ),
        (
            "rules:\n  - {id: x, why: w, venues: {deny: {type: drak}}}",
            "rules[0].venues.deny.type[0]: input should be 'lit', 'dark' or 'dealer'",
        ),
        (
            "rules:\n  - {id: x, why: w, settings: {algo: {name: twap, intervals: 3}}}",
            "0.yaml:5: rules[0].settings.algo.intervals: unknown key 'intervals', did you mean"
            " 'interval_s'?; allowed: ",
        ),
        (
            "rules:\n  - {id: x, why: w, settings: {algo: {name: twap, interval_s: 0}}}",
            "rules[0].settings.algo.interval_s: input should be greater than or equal to 1",
        ),
        ("rules:\n  - {id: x, why: w, settings: {algo: {}}}", "settings.algo: needs a name;"),
        ("rules:\n  - {id: x, why: w, settings: {learner: hazrd}}", "did you mean 'hazard'?"),
        ("rules:\n  - {id: x, why: w, settings: {algos: twap}}", "unknown key 'algos', did you"),
        (
            "rules:\n  - {id: x, why: w, match: {algo: twap}, settings: {algo: sweep}}",
            "what depends on the algo cannot choose the algo",
        ),
        ("layer: clint", "0.yaml:4: layer: input should be 'firm', 'desk' or 'client'"),
        ("version: 2", "0.yaml:4: duplicate key 'version', first on line 2"),
    ],
)
def test_a_wrong_document_is_refused_with_file_line_and_what_is_allowed(
    tmp_path: Path, text: str, problem: str
) -> None:
    problems = refused(tmp_path, DEFAULTS + text + "\n")
    assert [each for each in problems if problem in each], problems


def test_every_error_of_every_document_is_told_at_once(tmp_path: Path) -> None:
    problems = refused(
        tmp_path,
        DEFAULTS + "rules:\n  - {id: x, why: w, dark: {onyl: true}, lit: {post: true}}\n",
        "policy: two\nversion: 0\n",
        "a: *b\n",
    )
    assert [each.partition(": ")[0] for each in problems] == [
        "0.yaml:5",
        "0.yaml:5",
        "1.yaml:2",
        "2.yaml:1",
    ]


def test_a_book_needs_defaults_and_documents(tmp_path: Path) -> None:
    assert refused(tmp_path, "policy: p\nversion: 1\n") == [
        "0.yaml:1: no document has a default algo; allowed: settings: {algo: ...}",
        "0.yaml:1: no document has a default learner; allowed: settings: {learner: ...}",
    ]
    (tmp_path / "empty").mkdir()
    with pytest.raises(DocumentError, match=r"no policy document \(\*\.yaml\)"):
        book(tmp_path / "empty")


def test_the_caller_may_bring_the_default_learner(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("policy: p\nversion: 1\nsettings: {algo: sweep}\n")
    made = PolicyBook.load(
        [tmp_path / "p.yaml"],
        RULE_TYPES,
        ALGOS,
        LEARNERS,
        VENUES,
        ["ACME"],
        default_learner=Setting("pro_rata", {}),
    )
    assert resolved(made, facts()).learner == "pro_rata"


def test_two_documents_may_not_share_a_name(tmp_path: Path) -> None:
    assert refused(tmp_path, DEFAULTS, DEFAULTS) == ["1.yaml:1: policy: 'base' is taken by 0.yaml"]


def test_equally_specific_settings_that_can_meet_and_differ_do_not_load(tmp_path: Path) -> None:
    text = DEFAULTS + (
        "rules:\n"
        "  - {id: one, why: w, match: {account: [A, B]}, settings: {algo: twap}}\n"
        "  - {id: two, why: w, match: {account: [B, C]}, settings: {algo: sweep}}\n"
    )
    assert refused(tmp_path, text) == [
        "0.yaml:6: base/two: algo sweep contradicts algo twap of base/one at 0.yaml:5:"
        " both match as closely"
    ]
    other = "policy: z\nversion: 1\nsettings: {algo: twap}\n"
    assert refused(tmp_path, DEFAULTS, other) == [
        "1.yaml:3: z/settings: algo twap contradicts algo sweep of base/settings at 0.yaml:3:"
        " both match as closely"
    ]


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("{account: A}", "{account: B}"),  # they cannot meet
        ("{account: A}", "{account: A, side: buy}"),  # one is more specific
        ("{qty: {below: 100}}", "{qty: {from: 100}}"),
    ],
)
def test_settings_that_cannot_collide_load(tmp_path: Path, one: str, two: str) -> None:
    loaded = book(
        tmp_path,
        DEFAULTS + "rules:\n"
        f"  - {{id: one, why: w, match: {one}, settings: {{algo: twap}}}}\n"
        f"  - {{id: two, why: w, match: {two}, settings: {{algo: sweep}}}}\n",
    )
    algos = {each.clause_id: each.settings["algo"].name for each in loaded.clauses}
    assert (algos["base/one"], algos["base/two"]) == ("twap", "sweep")


def test_the_same_value_twice_is_no_contradiction(tmp_path: Path) -> None:
    loaded = book(tmp_path, DEFAULTS, "policy: z\nversion: 1\nsettings: {algo: sweep}\n")
    assert [each.settings["algo"].name for each in loaded.clauses] == ["sweep", "sweep"]


def test_a_set_algo_must_be_allowed(tmp_path: Path) -> None:
    text = DEFAULTS + "rules:\n  - {id: only, why: w, match: {account: A}, algos: twap}\n"
    assert refused(tmp_path, text) == [
        "0.yaml:3: base/settings: sets algo sweep, which base/only at 0.yaml:5 does not allow;"
        " allowed: twap"
    ]


def test_no_order_may_be_left_without_a_route(tmp_path: Path) -> None:
    text = DEFAULTS + (
        "rules:\n"
        "  - {id: dark, why: w, match: {account: [A, B]}, dark: {only: true}}\n"
        "  - {id: no-dark, why: w, match: {symbol: BOLT}, venues: {deny: {type: dark}}}\n"
    )
    assert refused(tmp_path, text) == [
        "0.yaml:5: base/dark: no route left for orders with account=A, symbol=BOLT:"
        " base/dark at 0.yaml:5, base/no-dark at 0.yaml:6"
    ]
    apart = text.replace("symbol: BOLT", "account: C")
    book(tmp_path, apart)


def test_a_single_venue_that_is_left_is_a_warning(tmp_path: Path) -> None:
    text = DEFAULTS + (
        "rules:\n  - {id: one, why: w, match: {account: A}, venues: {allow: {mic: LIT_B}}}\n"
    )
    assert findings(book(tmp_path, text), tmp_path) == [
        "warning 0.yaml:5: base/one: only LIT_B is left for orders with account=A"
    ]


def test_sizes_that_exclude_each_other_do_not_load(tmp_path: Path) -> None:
    text = DEFAULTS + (
        "rules:\n"
        "  - {id: small, why: w, match: {account: A}, child_max: {shares: 300}}\n"
        "  - {id: large, why: w, match: {side: buy}, child_min: {shares: 301}}\n"
        "  - {id: dark, why: w, min_qty: {shares: 300}}\n"
    )
    problems = refused(tmp_path, text)
    assert all(each.startswith("0.yaml:6: base/large: the smallest ") for each in problems)
    assert problems[-1] == (
        "0.yaml:6: base/large: the smallest lit_take child or MinQty, 301, is more than the largest"
        " child, 300 (base/small at 0.yaml:5), for orders with account=A, side=buy"
    )
    book(tmp_path, text.replace("301", "300"))
    dark = refused(
        tmp_path,
        text.replace("301", "300").replace("min_qty: {shares: 300}", "min_qty: {shares: 500}"),
    )
    assert len(dark) == 1
    assert dark[0].startswith("0.yaml:7: base/dark: the smallest dark_mid child or MinQty, 500,")


def test_a_clause_that_no_order_can_match_is_a_warning(tmp_path: Path) -> None:
    text = DEFAULTS + (
        "rules:\n"
        "  - {id: few, why: w, algos: sweep}\n"
        "  - {id: never, why: w, match: {algo: twap}, dark: {only: true}}\n"
    )
    assert findings(book(tmp_path, text), tmp_path) == [
        "warning 0.yaml:6: base/never: no order can match: algo=twap"
    ]


def test_a_route_at_some_time_of_the_day_is_a_route(tmp_path: Path) -> None:
    hours = "window: {start: '13:30', end: '20:00'}"
    book(tmp_path, DEFAULTS + f"rules:\n  - {{id: hours, why: w, {hours}}}\n")
    never = DEFAULTS + (
        f"rules:\n  - {{id: hours, why: w, {hours}}}\n"
        "  - {id: early, why: w, window: {end: '13:30'}}\n"
    )
    assert "no route left for orders with any order" in refused(tmp_path, never)[0]


def test_too_many_combinations_are_told(tmp_path: Path) -> None:
    rules = "".join(
        f"  - {{id: r{i}, why: w, match: {{account: A{i}, session: S{i}, qty: {{below: {i + 1}}},"
        f" adv: {{below: {i + 1}}}}}, dealer: {{opt_out: true}}}}\n"
        for i in range(20)
    )
    made = book(tmp_path, DEFAULTS + "rules:\n" + rules)
    (finding,) = made.check()
    assert finding == Finding(
        "warning",
        f"{tmp_path}/0.yaml:5",
        "",
        "194481 combinations of matches: only the first 20000 are checked",
    )


# --- what is shipped -----------------------------------------------------------------------------

SHIPPED = Path(config.__file__).parent / "policies"
CONFIGURED = Setting("hazard", {})


def test_the_default_document_stands_alone() -> None:
    made = PolicyBook.load(
        [SHIPPED / "default.yaml"], RULE_TYPES, ALGOS, LEARNERS, VENUES, ["ACME"], CONFIGURED
    )
    found = resolved(made, facts())
    assert (found.algo, found.learner, found.name) == ("sweep", "hazard", "default:1")
    assert made.check() == []


def test_the_shipped_documents_load_together() -> None:
    made = PolicyBook.load([SHIPPED], RULE_TYPES, ALGOS, LEARNERS, VENUES, ["ACME"], CONFIGURED)
    assert made.check() == []

    def ids(**changes: object) -> list[str]:
        return [clause for clause, _ in resolved(made, facts(**changes)).rules]

    everyone = ids()
    assert "clients/northgate-no-dealer" in ids(account="NORTHGATE")
    assert "clients/northgate-no-dealer" not in everyone
    assert "desk/illiquid-dark-first" in ids(adv=150_000)
    assert "desk/illiquid-dark-first" not in everyone
    large = resolved(made, facts(qty=100_000))
    assert (large.algo, large.algo_params) == ("twap", {"interval_s": 60})
    assert "desk/large-in-small-pieces" in [clause for clause, _ in large.rules]
