"""The shape of the house, as sentences. Import contracts stand in pyproject.toml; the rest is read here.

Each is seen to fail: an intruder is put into a copy of the package, or stands alone where a rule looks at
one module after another, and has to be named.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterator, Set
from functools import cache
from pathlib import Path
from typing import Any

import grimp
import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "app" / "chatbench"
CONTRACTS = [
    contract["id"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
        "importlinter"
    ]["contracts"]
]

# Every folder of ui is a pane, except what the panes share and the window that holds them.
SHARED_UI = {"globalkeys", "palette", "theme", "widgets", "window"}
# Calls that turn an event loop inside the one that runs: other tasks stop, some for ever.
NESTED_LOOPS = {
    "exec",
    "exec_",
    "processEvents",
    "getOpenFileName",
    "getOpenFileNames",
    "getSaveFileName",
} | {
    "getExistingDirectory",
    "getColor",
    "getFont",
    "getInt",
    "getItem",
    "getText",
}
MESSAGE_BOXES = {"about", "aboutQt", "critical", "information", "question", "warning"}
COLOUR = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6}|[0-9a-f]{8})(?![0-9a-z_-])", re.IGNORECASE)
VAGUE_NAMES = {"common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"}


def lint(app: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run import-linter over the package in ``app`` with the project's contracts."""
    code = (
        "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(**eval(sys.argv[1])))"
    )
    arguments = {
        "config_filename": str(ROOT / "pyproject.toml"),
        "limit_to_contracts": options,
        "no_cache": True,
        "no_logo": True,
        "is_debug_mode": False,
        "show_timings": False,
        "verbose": False,
    }
    return subprocess.run(
        [
            sys.executable,
            "-I",
            "-c",
            f"import sys; sys.path.insert(0, {str(app)!r}); {code}",
            repr(arguments),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=app,
    )


def test_every_import_contract_is_kept() -> None:
    result = lint(PACKAGE.parent)
    assert result.returncode == 0, result.stdout + result.stderr


# contract -> what to write into a copy of the package; a module that exists gets the line at its end
INTRUDERS: dict[str, list[tuple[str, dict[str, str]]]] = {
    "floors": [
        ("a lower floor imports a higher one", {"core/intruder.py": "import chatbench.services"}),
        ("a floor imports its neighbour", {"rendering/intruder.py": "import chatbench.documents"}),
        ("a package that stands on no floor", {"attic/__init__.py": ""}),
    ],
    "rings": [
        (
            "two modules of a floor import each other",
            {
                "core/intruder.py": "import chatbench.core.accomplice",
                "core/accomplice.py": "import chatbench.core.intruder",
            },
        )
    ],
    "qt": [
        ("services import Qt", {"services/intruder.py": "import PySide6.QtCore"}),
        ("the terminal imports qasync", {"cli/intruder.py": "import qasync"}),
    ],
    "sqlite": [
        ("services open a database", {"services/intruder.py": "import apsw"}),
        ("the window opens a database", {"ui/intruder.py": "import sqlite3"}),
        ("the client reads the keyring", {"client/intruder.py": "import keyring"}),
    ],
    "http": [
        ("a wire speaks HTTP itself", {"providers/intruder.py": "import httpx"}),
        ("the client speaks HTTP itself", {"client/intruder.py": "import httptools"}),
    ],
    "wires": [
        (
            "a wire imports another",
            {"providers/intruder.py": "import chatbench.providers.accomplice", "providers/accomplice.py": ""},
        )
    ],
    "faces": [
        (
            "the window calls the client",
            {"ui/intruder.py": "import chatbench.client", "client/__init__.py": ""},
        ),
        (
            "the terminal reads storage",
            {"cli/intruder.py": "import chatbench.storage", "storage/__init__.py": ""},
        ),
        ("the terminal calls a wire", {"cli/intruder.py": "import chatbench.providers.http"}),
    ],
    "composition": [
        ("main imports the window", {"main/intruder.py": "import chatbench.ui.app", "ui/app.py": ""})
    ],
}


def copy_with(folder: Path, modules: dict[str, str]) -> Path:
    """A copy of the package in ``folder`` with ``modules`` added; returns the copy."""
    copy = folder / "app" / "chatbench"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    add(copy, modules)
    return copy


def add(package: Path, modules: dict[str, str]) -> None:
    for name, line in modules.items():
        module = package / name
        module.parent.mkdir(parents=True, exist_ok=True)
        (module.parent / "__init__.py").touch()
        with module.open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")


def test_every_contract_has_an_intruder() -> None:
    assert sorted(CONTRACTS) == sorted(INTRUDERS)


@pytest.mark.parametrize(
    ("contract", "modules"),
    [
        pytest.param(contract, modules, id=f"{contract}: {sentence}")
        for contract, cases in INTRUDERS.items()
        for sentence, modules in cases
    ],
)
def test_a_contract_breaks_on_its_intruder(contract: str, modules: dict[str, str], tmp_path: Path) -> None:
    copy = copy_with(tmp_path, modules)
    result = lint(copy.parent, contract)
    shown = result.stdout + result.stderr
    assert "BROKEN" in shown, shown
    assert any(word in shown for word in ("intruder", "attic", "main")), shown


def sources(package: Path, *folders: str) -> Iterator[tuple[str, ast.Module]]:
    """Every module under ``folders`` (or everywhere) as its path from the package and its tree."""
    for file in sorted(package.rglob("*.py")):
        name = file.relative_to(package).as_posix()
        if not folders or name.startswith(folders):
            yield name, parsed(file)


@cache
def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), file.name)


@cache
def nodes(tree: ast.AST) -> dict[type, list[Any]]:
    """What a tree is made of, by kind."""
    found: dict[type, list[Any]] = defaultdict(list)
    for node in ast.walk(tree):
        found[type(node)].append(node)
    return found


def calls(tree: ast.AST, wanted: Set[str]) -> Iterator[tuple[int, str, str]]:
    """Line, owner and name of each call of one of these names: ``QDialog.exec()`` gives
    ``(line, "QDialog", "exec")``."""
    for node in nodes(tree)[ast.Call]:
        if isinstance(node.func, ast.Attribute) and node.func.attr in wanted:
            yield node.lineno, ast.unparse(node.func.value), node.func.attr
        elif isinstance(node.func, ast.Name) and node.func.id in wanted:
            yield node.lineno, "", node.func.id


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in nodes(tree)[ast.Import]:
        yield from ((node.lineno, alias.name) for alias in node.names)
    for node in nodes(tree)[ast.ImportFrom]:
        if node.module:
            yield node.lineno, node.module
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def no_event_loop_is_nested_in_the_window(package: Path) -> list[str]:
    return [
        f"{name}:{line} {owner}.{call}()"
        for name, tree in sources(package, "ui/")
        for line, owner, call in calls(tree, NESTED_LOOPS | MESSAGE_BOXES)
        if owner and (call in NESTED_LOOPS or owner.endswith("QMessageBox"))
    ]


def colours_live_in_the_theme(package: Path) -> list[str]:
    return [
        f"{name}:{node.lineno} {node.value!r}"
        for name, tree in sources(package)
        if not name.startswith("ui/theme")
        for node in strings(tree)
        if COLOUR.search(str(node.value))
    ]


def strings(tree: ast.AST) -> Iterator[ast.Constant]:
    """String constants, without docstrings and other bare strings."""
    bare = {id(node.value) for node in nodes(tree)[ast.Expr]}
    for node in nodes(tree)[ast.Constant]:
        if isinstance(node.value, str) and id(node) not in bare:
            yield node


def fonts_are_named_in_the_theme(package: Path) -> list[str]:
    return [
        f"{name}:{node.lineno} {ast.unparse(node)}"
        for name, tree in sources(package, "ui/")
        if not name.startswith("ui/theme")
        for node in nodes(tree)[ast.Call]
        if isinstance(node.func, ast.Name | ast.Attribute)
        and (node.func.id if isinstance(node.func, ast.Name) else node.func.attr) in ("QFont", "QColor")
        and ast.unparse(node.func) in ("QFont", "QColor", "QtGui.QFont", "QtGui.QColor")
        and any(isinstance(argument, ast.Constant) for argument in node.args)
    ]


def the_window_starts_tasks_through_aio(package: Path) -> list[str]:
    return [
        f"{name}:{line} {owner}.{call}()"
        for name, tree in sources(package, "ui/")
        if name != "ui/aio.py"
        for line, owner, call in calls(tree, {"create_task", "ensure_future", "run_coroutine_threadsafe"})
    ]


def qasync_stands_in_two_files_at_most(package: Path) -> list[str]:
    files = sorted(
        {name for name, tree in sources(package) for _, module in imported(tree) if module == "qasync"}
    )
    return files if len(files) > 2 else []


def nothing_sleeps(package: Path) -> list[str]:
    return [
        f"{name}:{line}"
        for name, tree in sources(package)
        for line, owner, call in calls(tree, {"sleep", "msleep", "qWait"})
        if (owner, call)
        in (("time", "sleep"), ("QThread", "msleep"), ("QThread", "sleep"), ("QTest", "qWait"))
    ]


def no_shadow_effects(package: Path) -> list[str]:
    return [
        f"{name}:{line}"
        for name, tree in sources(package, "ui/")
        for line, module in imported(tree)
        if module.endswith("QGraphicsDropShadowEffect")
    ]


def core_needs_the_standard_library_and_msgspec_only(package: Path) -> list[str]:
    allowed = sys.stdlib_module_names | {"msgspec", "chatbench"}
    return [
        f"{name}:{line} {module}"
        for name, tree in sources(package, "core/")
        for line, module in imported(tree)
        if module.split(".")[0] not in allowed
    ]


def the_standard_librarys_http_is_not_used(package: Path) -> list[str]:
    return [
        f"{name}:{line} {module}"
        for name, tree in sources(package)
        for line, module in imported(tree)
        if module.startswith(("urllib.request", "http.client"))
    ]


def names_say_what_a_module_does(package: Path) -> list[str]:
    return [name for name, _ in sources(package) if VAGUE_NAMES & set(re.split(r"[/_.]", name))]


def every_folder_is_a_package(package: Path) -> list[str]:
    """A folder without ``__init__.py`` is not seen by the import contracts."""
    folders = {file.parent for file in package.rglob("*.py")}
    return sorted(
        folder.relative_to(package).as_posix() for folder in folders if not (folder / "__init__.py").exists()
    )


def every_module_says_what_it_is_for(package: Path) -> list[str]:
    return [name for name, tree in sources(package) if not ast.get_docstring(tree)]


def panes_do_not_know_one_another(package: Path) -> list[str]:
    folders = {file.parent.name for file in (package / "ui").glob("*/__init__.py")}
    panes = {f"chatbench.ui.{name}" for name in folders - SHARED_UI}
    found = []
    for name, tree in sources(package, "ui/"):
        own = f"chatbench.ui.{name.split('/')[1]}"
        if own in panes:
            found += [
                f"{name}:{line} {module}"
                for line, module in imported(tree)
                if any(module == pane or module.startswith(f"{pane}.") for pane in panes - {own})
            ]
    return found


Rule = Callable[[Path], list[str]]
RULES: dict[Rule, dict[str, str]] = {
    no_event_loop_is_nested_in_the_window: {"ui/intruder.py": "dialog.exec()"},
    colours_live_in_the_theme: {"ui/intruder.py": "style = 'color: #FF0000;'"},
    fonts_are_named_in_the_theme: {"ui/intruder.py": "font = QFont('Inter', 12)"},
    the_window_starts_tasks_through_aio: {"ui/intruder.py": "asyncio.create_task(work())"},
    qasync_stands_in_two_files_at_most: {f"ui/intruder_{n}.py": "import qasync" for n in range(3)},
    nothing_sleeps: {"services/intruder.py": "time.sleep(1)"},
    no_shadow_effects: {"ui/intruder.py": "from PySide6.QtWidgets import QGraphicsDropShadowEffect"},
    core_needs_the_standard_library_and_msgspec_only: {"core/intruder.py": "import click"},
    the_standard_librarys_http_is_not_used: {"client/intruder.py": "import urllib.request"},
    names_say_what_a_module_does: {"core/intruder_utils.py": ""},
    every_module_says_what_it_is_for: {"core/intruder.py": "import sys"},
    every_folder_is_a_package: {},
    panes_do_not_know_one_another: {
        "ui/intruder/view.py": "from chatbench.ui import accomplice",
        "ui/accomplice/view.py": "",
    },
}


@pytest.fixture
def _parsed_once() -> Iterator[None]:
    """Trees of the whole package are large: none outlives the test that reads them."""
    yield
    parsed.cache_clear()
    nodes.cache_clear()


@pytest.mark.usefixtures("_parsed_once")
def test_every_rule_is_kept() -> None:
    broken = {rule.__name__.replace("_", " "): found for rule in RULES if (found := rule(PACKAGE))}
    assert broken == {}


@pytest.mark.usefixtures("_parsed_once")
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__.replace("_", " "))
def test_a_rule_names_its_intruder(rule: Rule, tmp_path: Path) -> None:
    add(tmp_path, RULES[rule])
    if rule is every_folder_is_a_package:
        (tmp_path / "intruder").mkdir()
        (tmp_path / "intruder" / "module.py").touch()
    found = rule(tmp_path)
    assert any("intruder" in line for line in found), found


def test_no_pane_reaches_another_through_the_window() -> None:
    folders = {file.parent.name for file in (PACKAGE / "ui").glob("*/__init__.py")} - SHARED_UI
    graph = grimp.build_graph("chatbench", cache_dir=None, exclude_type_checking_imports=True)
    panes = {f"chatbench.ui.{name}" for name in folders} & graph.modules
    broken = graph.find_illegal_dependencies_for_layers(layers=(panes,)) if len(panes) > 1 else set()
    assert broken == set()
