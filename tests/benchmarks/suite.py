"""A suite of the workbench beside promptfoo: the same questions to the same server, the same checks.

Ours is `chatbench run PLAN --json` in a new profile, theirs `promptfoo eval` in a new folder of settings, as
a person starts them; what starting takes is part of it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.benchmarks.measuring import median
from tests.benchmarks.peers import suite
from tests.benchmarks.peers.processes import mock, provided
from tests.benchmarks.peers.suite import Where
from tests.benchmarks.peers.web.processes import Processes
from tests.benchmarks.rows import Measured

AT_ONCE = 4
"""Calls under way at a time: what promptfoo does by itself; with 20 it is no faster."""
ROUNDS = 3
THIRD = 0.33
_SAMPLE_S = 0.05
_LIMIT_S = 240.0
_CELLS = suite.ROWS * suite.PROMPTS * len(suite.MODELS)
_PLAN = Path(suite.__file__).with_name("suite.toml")
_NO_PLACE = "http://127.0.0.1:9"
_THEIRS = {
    "PROMPTFOO_DISABLE_TELEMETRY": "1",
    "PROMPTFOO_DISABLE_UPDATE": "1",
    "PROMPTFOO_DISABLE_REMOTE_GENERATION": "1",
    "PROMPTFOO_DISABLE_SHARING": "1",
    "PROMPTFOO_DISABLE_DEBUG_LOG": "1",
    "PROMPTFOO_DISABLE_ERROR_LOG": "1",
    "PROMPTFOO_CACHE_ENABLED": "false",
    "OPENAI_API_KEY": "sk-bench-0123456789",
    # It tells its makers that it tells them nothing.
    "HTTPS_PROXY": _NO_PLACE,
    "HTTP_PROXY": _NO_PLACE,
    "NO_PROXY": "127.0.0.1",
}
_SIGNS = r'["#$%&*,:;@?!()<>\[\]{}]'
_WORDS, _WORDS_AND_SIGNS = r"[^\W_]+", rf"{_SIGNS}|(?:(?!{_SIGNS})\S)+"
_ROUGE = 0.75

Outcome = frozenset[str] | None
"""The checks that failed in a cell; None: it has no answer."""


class Took(NamedTuple):
    """Seconds by the clock, of processor time, and the most memory all its processes had, in MiB."""

    seconds: float
    cpu_s: float
    mib: float


class Side:
    """A program in a folder of its own, where everything it needs and writes is."""

    def __init__(self, folder: Path, address: str) -> None:
        self.folder = folder
        self.address = f"{address}/suite/v1"
        self.environment = dict(os.environ)

    def finished(
        self, command: list[str], codes: tuple[int, ...], memory: Callable[[Processes], float]
    ) -> Took:
        """Runs the command to its end. Raises RuntimeError where it ends otherwise."""
        spent, began = _children_s(), time.perf_counter()
        output, errors = self.folder / "output.txt", self.folder / "errors.txt"
        with output.open("wb") as said, errors.open("wb") as complained:
            process = subprocess.Popen(
                command, cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, stdout=said,
                stderr=complained,
            )  # fmt: skip
            processes, most = Processes(process.pid), 0.0
            try:
                while process.poll() is None and time.perf_counter() - began < _LIMIT_S:
                    most = max(most, memory(processes))
                    _wait(process)
            finally:
                process.kill()
                process.wait()
        took = time.perf_counter() - began
        if process.returncode not in codes:
            raise RuntimeError(f"{command} ended with {process.returncode}: {self.said()}")
        return Took(took, _children_s() - spent, most)

    def said(self) -> str:
        """The end of what the last command wrote."""
        names = ("output.txt", "errors.txt")
        return "\n".join((self.folder / name).read_text("utf-8", "replace")[-2000:] for name in names)


class Ours(Side):
    """`chatbench` in a new profile that knows one provider. `imported`: by promptfoo's configuration."""

    def __init__(self, folder: Path, address: str, *, imported: bool = False) -> None:
        super().__init__(folder, address)
        providers = folder / "profile" / "providers"
        providers.mkdir(parents=True)
        (providers / "openai.toml").write_text(
            'id = "openai"\nname = "OpenAI"\nwire = "openai_chat"\nauth = "none"\n'
            f'base_url = "{self.address}"\n'
        )
        if imported:
            configuration = folder / "suite.json"
            configuration.write_text(json.dumps(suite.configuration()), encoding="utf-8")
            self._did("prompts", "import", str(configuration), "--plans", str(folder))
            (self.plan,) = folder.glob("suite-*.toml")
        else:
            (folder / "rows.jsonl").write_text(suite.lines(), encoding="utf-8")
            self.plan = folder / "plan.toml"
            self.plan.write_bytes(_PLAN.read_bytes())

    def run(self, memory: Callable[[Processes], float]) -> Took:
        """Carries the plan out; cells without an answer end it with 1."""
        command = self._command("run", str(self.plan), "--concurrent", str(AT_ONCE), "--json")
        took = self.finished(command, (0, 1), memory)
        try:
            told = json.loads((self.folder / "output.txt").read_text("utf-8"))
        except ValueError:
            raise RuntimeError(f"there was no run: {self.said()}") from None
        if (told["state"], told["done"] + told["failed"]) != ("done", _CELLS):
            raise RuntimeError(f"the run ended as {told['state']}: {told['reason']}")
        return took

    def outcomes(self) -> dict[Where, Outcome]:
        """What the run found, from its export."""
        path = self.folder / "run.jsonl"
        self._did("runs", "export", "1", "--out", str(path))
        return dict(self._outcome(json.loads(line)) for line in path.read_text("utf-8").splitlines())

    def _outcome(self, cell: dict[str, Any]) -> tuple[Where, Outcome]:
        where = Where(
            cell["row"] - 1, int(cell["prompt"].split()[-1]) - 1, cell["model"].removeprefix("openai/")
        )
        if cell["state"] == "failed":
            return where, None
        told = [value for name, value in cell.items() if name.startswith("check ")]
        failed = _failed([one == "passed" for one in told])
        assert cell["passed"] is (not failed), cell
        return where, failed

    def _did(self, *arguments: str) -> None:
        self.finished(self._command(*arguments), (0,), lambda _: 0.0)

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "chatbench", "--profile", str(self.folder / "profile"), *arguments]


class Theirs(Side):
    """promptfoo, kept to this computer."""

    def __init__(self, folder: Path, address: str) -> None:
        super().__init__(folder, address)
        own = {"OPENAI_BASE_URL": self.address, "PROMPTFOO_CONFIG_DIR": str(folder / "settings")}
        self.environment |= _THEIRS | own
        (folder / "promptfooconfig.json").write_text(json.dumps(suite.configuration()), encoding="utf-8")

    def run(self, memory: Callable[[Processes], float], *more: str) -> Took:
        """Evaluates; tests that fail end it with 100."""
        place = provided("promptfoo")
        entry = place / "node_modules" / "promptfoo" / "dist" / "src" / "entrypoint.js"
        quiet = ["--no-cache", "--no-table", "--no-share", "--no-progress-bar"]
        evaluate = ["eval", "-c", "promptfooconfig.json", "-j", str(AT_ONCE), *quiet, *more]
        return self.finished([str(place / "node"), str(entry), *evaluate], (0, 100), memory)

    def outcomes(self) -> dict[Where, Outcome]:
        """What it found, after `run` was told to write `found.json`."""
        told = json.loads((self.folder / "found.json").read_text("utf-8"))
        return dict(map(self._outcome, told["results"]["results"]))

    def _outcome(self, cell: dict[str, Any]) -> tuple[Where, Outcome]:
        model = cell["provider"]["id"].rpartition(":")[2]
        where = Where(cell["testIdx"], int(cell["prompt"]["raw"].startswith("[")), model)
        if cell["gradingResult"] is None:
            return where, None
        told = cell["gradingResult"]["componentResults"]
        assert tuple(one["assertion"]["type"] for one in told) == suite.CHECKS
        failed = _failed([one["pass"] for one in told])
        assert cell["success"] is (not failed), cell
        return where, failed


def suite_vs_promptfoo_cells_per_s() -> Measured:
    """Cells a second, from the start of the program to its end; processor time of all processes with it."""
    ours, imported, theirs = [], [], []
    with mock() as address:
        for _ in range(ROUNDS):
            with _folder() as folder:
                ours.append(Ours(folder, address).run(lambda _: 0.0))
            with _folder() as folder:
                imported.append(Ours(folder, address, imported=True).run(lambda _: 0.0))
            with _folder() as folder:
                theirs.append(Theirs(folder, address).run(lambda _: 0.0))
    a, b = median(took.seconds for took in ours), median(took.seconds for took in theirs)
    cpu = median(took.cpu_s for took in ours) / median(took.cpu_s for took in theirs)
    sides = {"ours": ours, "by promptfoo's configuration": imported, "promptfoo": theirs}
    notes = tuple(f"{name}: {_said(found)}" for name, found in sides.items())
    return Measured(b / a, {"cpu": (cpu, THIRD)}, notes)


def suite_vs_promptfoo_memory() -> Measured:
    """The most memory: ours the largest resident size of each process, theirs the proportional size."""
    with mock() as address:
        with _folder() as folder:
            ours = Ours(folder, address).run(Processes.largest_mib)
        with _folder() as folder:
            theirs = Theirs(folder, address).run(Processes.pss_mib)
    return Measured(
        ours.mib / theirs.mib, notes=(f"ours {ours.mib:.0f} MiB, promptfoo {theirs.mib:.0f} MiB",)
    )


def suite_vs_promptfoo_verdicts() -> Measured:
    """How many verdicts differ without a known reason, by our own plan and by promptfoo's configuration."""
    with mock() as address:
        with _folder() as folder:
            side = Theirs(folder, address)
            side.run(lambda _: 0.0, "-o", "found.json")
            theirs = side.outcomes()
        unexplained, notes = 0, []
        for name, imported in (("plan", False), ("imported", True)):
            with _folder() as folder:
                own = Ours(folder, address, imported=imported)
                own.run(lambda _: 0.0)
                count, note = _compared(own.outcomes(), theirs)
            unexplained += count
            notes.append(f"{name}: {note}")
    return Measured(unexplained, notes=tuple(notes))


def _compared(ours: dict[Where, Outcome], theirs: dict[Where, Outcome]) -> tuple[int, str]:
    """How many verdicts differ without a reason, or do not although there is one; and all of it in words."""
    cells = suite.cells()
    assert ours.keys() == theirs.keys() == set(cells), "cells are missing"
    classes: Counter[str] = Counter()
    other = answered = judged = 0
    for cell in cells:
        one, two = ours[cell], theirs[cell]
        if one is None or two is None:
            other += one is not two
            continue
        answered, judged = answered + 1, judged + len(suite.CHECKS)
        for check in suite.CHECKS:
            reason = _reason(check, cell)
            other += ((check in one) != (check in two)) != bool(reason)
            classes[reason] += 1
    del classes[""]
    assert set(classes) == set(_REASONS.values()), f"not every reason is met with: {classes}"
    same = sum(bool(ours[cell]) == bool(theirs[cell]) for cell in cells if ours[cell] is not None)
    told = ", ".join(f"{count} {reason}" for reason, count in sorted(classes.items()))
    return other, (
        f"{judged} verdicts on {answered} answers, {classes.total()} differ ({told}), {other} unexplained; "
        f"{same} of {answered} cells pass or fail alike, {len(cells) - answered} have no answer"
    )


_REASONS = {
    "icontains": "by ß, which is ss where case does not count",
    "levenshtein": "by what JavaScript counts as two characters",
    "rouge-n": "by signs, which promptfoo counts as words",
}


def _reason(check: str, cell: Where) -> str:
    """Why the verdicts on a cell differ; "" where they should not."""
    row, text = suite.rows()[cell.row], suite.text_of(cell)
    if check == "icontains":
        differ = (row.city.casefold() in text.casefold()) != (row.city.lower() in text.lower())
    elif check == "levenshtein":
        differ = (_edits(text, row.expected) <= suite.MOST_EDITS) != (
            _edits(_units(text), _units(row.expected)) <= suite.MOST_EDITS
        )
    elif check == "rouge-n":
        differ = (_shared(_WORDS, text, row.expected) >= _ROUGE) != (
            _shared(_WORDS_AND_SIGNS, text, row.expected) >= _ROUGE
        )
    else:
        differ = False
    return _REASONS[check] if differ else ""


def _edits(one: Any, other: Any) -> int:
    from rapidfuzz.distance import Levenshtein

    return Levenshtein.distance(one, other)


def _units(text: str) -> array[int]:
    """As JavaScript has it: in units of UTF-16."""
    return array("H", text.encode("utf-16-le"))


def _shared(words: str, text: str, expected: str) -> float:
    """F1 of the words that both have."""
    one, other = (Counter(re.findall(words, part.lower())) for part in (text, expected))
    return 2 * (one & other).total() / ((one.total() + other.total()) or 1)


def _failed(passed: list[bool]) -> frozenset[str]:
    return frozenset(name for name, one in zip(suite.CHECKS, passed, strict=True) if not one)


def _said(found: list[Took]) -> str:
    seconds = sorted(took.seconds for took in found)
    cpu = median(took.cpu_s for took in found)
    rate = _CELLS / median(seconds)
    return f"{rate:.0f} cells/s, {seconds[0]:.1f} to {seconds[-1]:.1f} s, {cpu:.1f} s of CPU"


def _children_s() -> float:
    """Processor time of all processes that have ended, theirs included."""
    spent = os.times()
    return spent.children_user + spent.children_system


def _wait(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(_SAMPLE_S)
    except subprocess.TimeoutExpired:
        return


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="chatbench-suite-", ignore_cleanup_errors=True) as name:
        yield Path(name)
