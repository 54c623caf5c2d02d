"""The plan of the house, held by reading the sources: who imports whom, what is banned, how big.

Each check is a function from a path and its source to a list of complaints, so that the checks are
themselves tested on sources that break the rules.
"""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
from collections.abc import Iterator, Sequence
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from router import ports
from router.plugin import Plugin, discover

ROOT = Path(__file__).parents[1]
ROOMS = ("router", "venues", "policies", "risk", "config")
FILE_MAX = 450
FUNCTION_MAX = 70

# Inside router, a line imports only lines above it, or its own package. The longest prefix counts;
# a module of core or fix that is not named stands beside core.state or fix.session.
LINES: tuple[tuple[str, ...], ...] = (
    ("access", "model", "npz", "plugin", "signs"),
    ("messages", "fix.framing", "fix.versions", "fix.specification", "fix.codec", "fix.dictionary"),
    ("ports",),
    ("fix", "core.ids", "core.orders", "core.books"),
    ("core", "algos", "learners", "fix.application", "fix.from_oms", "fix.from_venue"),
    ("core.engine", "journal", "patience.file", "predictor.file"),
    ("runtime",),
    ("runtime.live", "runtime.sim", "runtime.direct", "runtime.failpoints"),
    ("build_dictionaries", "build_facts"),
    ("build_keys",),
    ("build_copies",),
    ("build_sessions", "build_heads", "build_models", "build_policies", "build_recovery"),
    ("build",),
    ("api", "history", "analysis", "predictor", "patience"),
    ("trials", "simulation"),
    ("experiments",),
    ("cli",),
    ("__main__",),
)

SHARED = ("router.model", "router.ports", "router.plugin")
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "policies": (*SHARED, "config.documents"),
    "risk": SHARED,
    "venues": (*SHARED, "router.messages", "router.fix", "config.documents"),
    "config": ("router.access",),
}

COMPOSERS = (
    "router/build",
    *(f"router/{room}/" for room in ("trials", "simulation", "experiments", "cli")),
)

# The driver of a node is several files: what it drives, its connections before and after the Logon,
# the calls that it makes, the operator's socket, where heads are published, what is run beside.
DRIVER = (
    *("beside", "console", "dialer", "doorway", "heads", "live"),
    *("pulse", "pump", "reloader", "wire"),
)
SHELL = (
    *(f"router/runtime/{name}.py" for name in DRIVER),
    "router/runtime/oms.py",
    "venues/__main__.py",
    "router/api/",
)
TLS = ("router/runtime/tls.py", "router/runtime/certificates.py")
CLOCK = ("router/runtime/clock.py", "venues/__main__.py")
NOWHERE: tuple[str, ...] = ()
BANNED: dict[str, tuple[str, ...]] = {
    "asyncio": SHELL,
    "uvloop": SHELL,
    "socket": (*SHELL, "router/cli/knock.py", "router/runtime/datagrams.py"),
    "ssl": (*SHELL, *TLS),
    "random": NOWHERE,
    "uuid": NOWHERE,
    "pickle": NOWHERE,
    "secrets": NOWHERE,
    "time.time": CLOCK,
    "time.time_ns": CLOCK,
    "time.sleep": NOWHERE,
    "datetime.datetime.now": NOWHERE,
    "datetime.datetime.utcnow": NOWHERE,
    "datetime.datetime.today": NOWHERE,
    "datetime.date.today": NOWHERE,
    "time": ("router/runtime/", "router/cli/", *SHELL),
    "sklearn": ("router/predictor/training.py", "router/patience/fitted.py"),
    "threading": ("router/runtime/", "router/api/", "router/journal/"),
    "numpy.random.seed": NOWHERE,
    "numpy.random.default_rng": NOWHERE,
    "numpy.random.RandomState": NOWHERE,
}
"""A name, and the files (or folders) that may use it all the same."""

FAMILIES = {
    "policies": ports.Rule,
    "risk": ports.Limit,
    "router.algos": ports.Algo,
    "router.learners": ports.Learner,
}

Complaints = list[str]


# --- reading -------------------------------------------------------------------------------------


def sources(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            yield name, ast.parse(path.read_text(encoding="utf-8"), name)


def module_name(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def names_imported(path: str, tree: ast.AST) -> set[str]:
    """Every dotted name that a module imports: `a.b` and, for `from a import b`, `a.b` again."""
    package = (
        module_name(path) if path.endswith("__init__.py") else module_name(path).rpartition(".")[0]
    )
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            origin = node.module or ""
            if node.level:
                base = package.split(".")[: len(package.split(".")) - node.level + 1]
                origin = ".".join([*base, *([origin] if origin else [])])
            found |= {f"{origin}.{alias.name}" for alias in node.names}
    return found


def names_used(path: str, tree: ast.AST) -> set[str]:
    """Imported names, and what is reached through them: `np.random.seed` is `numpy.random.seed`."""
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                known[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom) and not node.level:
            for alias in node.names:
                known[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    found = names_imported(path, tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            top, _, rest = ast.unparse(node).partition(".")
            if top in known:
                found.add(f"{known[top]}.{rest}")
    return found


def within(name: str, prefixes: Sequence[str]) -> bool:
    return any(name == each or name.startswith(f"{each}.") for each in prefixes)


# --- checks --------------------------------------------------------------------------------------


def line_of(module: str) -> int:
    """The line of a module of router, counted from the top."""
    inner = module.removeprefix("router.")
    best, length = -1, -1
    for number, prefixes in enumerate(LINES):
        for prefix in prefixes:
            if within(inner, [prefix]) and len(prefix) > length:
                best, length = number, len(prefix)
    return best


def imports_between_rooms(path: str, tree: ast.AST) -> Complaints:
    room = path.partition("/")[0]
    # A trial and a simulated world hold a router and a market: they put both together.
    composes = path.startswith(COMPOSERS)
    complaints = []
    for name in sorted(names_imported(path, tree)):
        other = name.partition(".")[0]
        if other not in (*ROOMS, "tests", "bench") or other == room:
            continue
        allowed = MAY_IMPORT.get(room, ROOMS if composes else ())
        if not within(name, allowed):
            complaints.append(f"{path} imports {name}")
    return complaints


def imports_within_router(path: str, tree: ast.AST) -> Complaints:
    module = module_name(path)
    if module == "router":
        return [f"{path} imports {name}" for name in names_imported(path, tree) if "router" in name]
    line = line_of(module)
    if line < 0:
        return [f"{path} stands on no line of the plan"]
    complaints = []
    for name in sorted(names_imported(path, tree)):
        if not name.startswith("router."):
            continue
        other = line_of(name)
        same_package = module.split(".")[1] == name.split(".")[1]
        if other > line or (other == line and not same_package):
            complaints.append(f"{path} imports {name}")
    return complaints


def banned_names(path: str, tree: ast.AST) -> Complaints:
    complaints = []
    for name in sorted(names_used(path, tree)):
        rules = [each for each in BANNED if within(name, [each])]
        if not rules:
            continue
        rule = max(rules, key=len)
        if not any(
            path == each or (each.endswith("/") and path.startswith(each)) for each in BANNED[rule]
        ):
            complaints.append(f"{path} uses {name}")
    return complaints


def sizes(path: str, tree: ast.Module, lines: int) -> Complaints:
    complaints = [f"{path} has {lines} lines"] if lines > FILE_MAX else []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_MAX:
                complaints.append(f"{path}:{node.lineno} {node.name} has {length} lines")
    return complaints


# Put together from pieces, so that this file does not hold what it looks for.
MACHINE_PATH = re.compile(
    r"(?<![\w.])/(?:" + "|".join(("work", "farm", "tmp", "root", "home", "Users")) + r")/\w"
)
REGISTRY = re.compile(
    "|".join(
        ("py" r"pi\.org", "python" r"hosted\.org", "npm" r"js\.(?:org|com)", "deb" r"ian\.org")
    )
)


def names_of_machines(path: str, text: str) -> Complaints:
    return [
        f"{path}:{number} holds {found.group()!r}"
        for number, line in enumerate(text.splitlines(), 1)
        for found in (MACHINE_PATH.search(line) or REGISTRY.search(line),)
        if found
    ]


# --- the house as it stands ----------------------------------------------------------------------


def test_rooms_import_only_what_the_plan_allows() -> None:
    assert [c for path, tree in sources(*ROOMS) for c in imports_between_rooms(path, tree)] == []


def test_inside_router_a_line_imports_only_lines_above_it() -> None:
    assert [c for path, tree in sources("router") for c in imports_within_router(path, tree)] == []


def test_no_module_imports_itself_by_way_of_others() -> None:
    trees = {module_name(path): (path, tree) for path, tree in sources(*ROOMS)}
    graph = {}
    for module, (path, tree) in trees.items():
        reached = set()
        for name in names_imported(path, tree):
            while name and name not in trees:
                name = name.rpartition(".")[0]
            reached.add(name)
        graph[module] = reached - {"", module, *(f for f in ROOMS)} - _packages_of(module)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" <- ".join(error.args[1]))


def _packages_of(module: str) -> set[str]:
    """Importing a module runs its packages first: that is no cycle of ours."""
    parts = module.split(".")
    return {".".join(parts[:length]) for length in range(1, len(parts))}


def test_what_happened_does_not_depend_on_what_we_would_do() -> None:
    for path, tree in sources("router/core"):
        if path != "router/core/engine.py":
            names = names_imported(path, tree)
            assert not any(within(name, ["router.core.engine"]) for name in names), path


def test_the_core_never_sees_a_tag() -> None:
    for path, tree in sources("router/core", "router/algos", "router/learners"):
        names = names_imported(path, tree)
        assert not any(within(name, ["router.fix"]) for name in names), path


def test_readers_of_the_journal_do_not_reach_into_the_running_node() -> None:
    for path, tree in sources(
        "router/api", "router/history", "router/analysis", "router/predictor", "router/patience"
    ):
        names = names_imported(path, tree)
        assert not any(within(name, ["router.runtime"]) for name in names), path


def test_clocks_sockets_and_chance_are_used_only_where_the_plan_says() -> None:
    assert [c for path, tree in sources(*ROOMS) for c in banned_names(path, tree)] == []


def test_files_and_functions_fit_on_a_few_screens() -> None:
    complaints = []
    for path, tree in sources(*ROOMS, "bench"):
        lines = len((ROOT / path).read_text(encoding="utf-8").splitlines())
        complaints += sizes(path, tree, lines)
    assert complaints == []


def test_every_module_says_what_it_owns() -> None:
    silent = [path for path, tree in sources(*ROOMS, "bench") if not ast.get_docstring(tree)]
    assert silent == []


@pytest.mark.parametrize("package", FAMILIES)
def test_every_plug_in_that_is_written_is_found(package: str) -> None:
    family = FAMILIES[package]
    found = discover(importlib.import_module(package), family)
    written = {
        module_name(path).rpartition(".")[2]
        for path, tree in sources(package.replace(".", "/"))
        for node in tree.body
        if isinstance(node, ast.ClassDef)
        and family.__name__ in {ast.unparse(base).rpartition(".")[2] for base in node.bases}
    }
    assert set(found) >= written
    for name, plug_in in found.items():
        assert issubclass(plug_in, Plugin)
        assert plug_in.plugin_name() == name
        assert plug_in.model_config["extra"] == "forbid", f"{name} takes unknown keys"


def test_no_file_names_a_machine_or_a_registry() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    )
    paths = listed.stdout.splitlines() if listed.returncode == 0 else []
    if not paths:
        pytest.skip("not a git checkout: the sources cannot be told from what was built")
    complaints = []
    for path in paths:
        try:
            text = (ROOT / path).read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError):
            continue
        complaints += names_of_machines(path, text)
    assert complaints == []


# --- the checks see what they look for -----------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("policies/x.py", "from router.core.state import State"),
        ("policies/x.py", "import risk.kill"),
        ("risk/x.py", "from config.documents import load"),
        ("venues/x.py", "from router.journal import records"),
        ("config/x.py", "from router import model"),
        ("router/core/x.py", "from policies import match"),
        ("router/core/x.py", "def late():\n    import risk"),
        ("router/runtime/x.py", "from config.settings import Settings"),
    ],
)
def test_a_forbidden_import_between_rooms_is_seen(path: str, source: str) -> None:
    assert len(imports_between_rooms(path, ast.parse(source))) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("policies/x.py", "from router.ports import Rule"),
        ("policies/x.py", "from config.documents import load"),
        ("venues/x.py", "from router.fix.codec import decode"),
        ("router/build.py", "import risk, policies\nfrom config.settings import Settings"),
        ("router/cli/x.py", "from config.settings import Settings"),
    ],
)
def test_an_allowed_import_between_rooms_passes(path: str, source: str) -> None:
    assert imports_between_rooms(path, ast.parse(source)) == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("router/model.py", "from router.messages import Report"),
        ("router/fix/codec.py", "from router.fix.session import Session"),
        ("router/fix/session.py", "from router.fix.application import report"),
        ("router/core/orders.py", "from router.core.state import State"),
        ("router/core/state.py", "from .engine import Engine"),
        ("router/algos/x.py", "from router.core.state import State"),
        ("router/learners/x.py", "from router.algos.twap import Twap"),
        ("router/journal/x.py", "from router.runtime.node import Node"),
        ("router/runtime/node.py", "from router.runtime.live import serve"),
        ("router/analysis/x.py", "import router.cli.check"),
        ("router/core/x.py", "from router.predictor.training import train"),
        ("router/surprise.py", ""),
    ],
)
def test_an_import_from_a_lower_line_is_seen(path: str, source: str) -> None:
    assert len(imports_within_router(path, ast.parse(source))) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("router/core/x.py", "import random"),
        ("router/core/x.py", "from uuid import uuid4"),
        ("router/core/x.py", "import time\ntime.time()"),
        ("router/cli/x.py", "from time import time"),
        ("router/runtime/x.py", "import time\ntime.sleep(1)"),
        ("router/fix/x.py", "import asyncio.streams"),
        ("router/core/x.py", "from datetime import datetime as d\nd.now()"),
        ("router/runtime/clock.py", "import datetime\ndatetime.datetime.now()"),
        ("venues/x.py", "import numpy as np\nnp.random.default_rng()"),
        ("risk/x.py", "import threading"),
        ("router/runtime/node.py", "import ssl"),
        ("router/predictor/file.py", "from sklearn.linear_model import LogisticRegression"),
    ],
)
def test_a_banned_name_is_seen(path: str, source: str) -> None:
    assert banned_names(path, ast.parse(source)) != []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("router/runtime/live.py", "import asyncio, socket"),
        ("router/api/server.py", "import asyncio"),
        ("router/runtime/clock.py", "import time\ntime.time_ns()"),
        ("router/core/x.py", "from numpy.random import Generator, Philox"),
        ("config/x.py", "from datetime import datetime\ndatetime.fromisoformat('2026-01-05')"),
        ("router/core/x.py", "class A:\n    time: int = 0\n\nA().time"),
    ],
)
def test_an_allowed_name_passes(path: str, source: str) -> None:
    assert banned_names(path, ast.parse(source)) == []


def test_a_long_file_and_a_long_function_are_seen() -> None:
    body = "def f():\n" + "    x = 1\n" * FUNCTION_MAX
    assert sizes("a.py", ast.parse(body), FILE_MAX + 1) == [
        f"a.py has {FILE_MAX + 1} lines",
        f"a.py:1 f has {FUNCTION_MAX + 1} lines",
    ]


@pytest.mark.parametrize(
    "text", ["see /" + "work/x", "/" + "home/me/x", "https://py" + "pi.org/simple"]
)
def test_a_machine_path_or_registry_is_seen(text: str) -> None:
    assert len(names_of_machines("a.md", text)) == 1


@pytest.mark.parametrize("text", ["router/work/x", "#!/usr/bin/env bash", "var/sluice"])
def test_an_ordinary_path_passes(text: str) -> None:
    assert names_of_machines("a.md", text) == []
