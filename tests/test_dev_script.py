"""The two commands on a bare machine, tried on a small project with a real pip and no network."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

import dev
import environment
import system

ROOT = Path(__file__).resolve().parent.parent
LOCKS = sorted((ROOT / "packaging" / "locks").glob("*.lock"))
# The tests run in an environment without pip; the interpreter it was made from has one.
PYTHON = str(getattr(sys, "_base_executable", sys.executable))

BACKEND = """
import zipfile
def get_requires_for_build_editable(config_settings=None):
    return []
def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "chatbench-0.0-py3-none-any.whl"
    info = "chatbench-0.0.dist-info"
    files = {
        "chatbench.pth": __import__("os").path.abspath("app"),
        f"{info}/METADATA": "Metadata-Version: 2.1\\nName: chatbench\\nVersion: 0.0\\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{file},,\\n" for file in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(f"{folder}/{name}", "w") as wheel:
        for file, text in files.items():
            wheel.writestr(file, text)
    return name
"""
MAIN = "import json, sys, tiny\nprint(json.dumps(sys.argv[1:]))\nsys.exit(7 if '--fail' in sys.argv else 0)\n"


def write_wheel(folder: Path) -> str:
    """A wheel named ``tiny`` in ``folder``; returns its line for a lock file."""
    path = folder / "tiny-1.0-py3-none-any.whl"
    info = "tiny-1.0.dist-info"
    content = {
        "tiny.py": "VALUE = 1\n",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = []
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in content.items():
            wheel.writestr(name, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            record.append(f"{name},sha256={digest},{len(text)}\n")
        wheel.writestr(f"{info}/RECORD", "".join([*record, f"{info}/RECORD,,\n"]))
    return f"tiny==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def write_program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (folder / name).chmod(0o755)


class Project:
    """A checkout with a program that prints its arguments, and a machine around it that lacks nothing."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "checkout"
        self.programs = folder / "programs"
        wheels = folder / "wheels"
        for made in (wheels, self.root / "app" / "chatbench", folder / "share" / "fonts"):
            made.mkdir(parents=True)
        shutil.copytree(
            ROOT / "packaging", self.root / "packaging", ignore=shutil.ignore_patterns("__pycache__", "locks")
        )
        self.locks = self.root / "packaging" / "locks"
        self.locks.mkdir()
        line = write_wheel(wheels)
        for name in ("run.lock", "build.lock", "test.lock", "bootstrap.lock"):
            (self.locks / name).write_text(line, encoding="utf-8")
        (self.root / "app" / "chatbench" / "__init__.py").touch()
        (self.root / "app" / "chatbench" / "__main__.py").write_text(MAIN, encoding="utf-8")
        (self.root / "backend.py").write_text(BACKEND, encoding="utf-8")
        (self.root / "pyproject.toml").write_text(
            '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
            '[project]\nname = "chatbench"\nversion = "0.0"\n',
            encoding="utf-8",
        )
        for font in ("Inter-Regular.otf", "JetBrainsMono-Regular.ttf", "NotoSansCJK-Regular.ttc"):
            (folder / "share" / "fonts" / font).touch()
        write_program(self.programs, "apt-get", "exit 1")
        write_program(self.programs, "uv", "exit 1")
        self.environment = {
            **os.environ,
            "PATH": f"{self.programs}{os.pathsep}{os.environ['PATH']}",
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(wheels),
            "XDG_DATA_DIRS": str(folder / "share"),
        }
        for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "PYTHONPATH"):
            self.environment.pop(name, None)

    def dev(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PYTHON, "packaging/dev.py", *arguments],
            cwd=self.root,
            env=self.environment | variables,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def set_up(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project on which ``run`` was called once; the tests that share it do not break it."""
    project = Project(tmp_path_factory.mktemp("project"))
    first = project.dev("run", "--", "models", "--json")
    assert first.stdout == '["models", "--json"]\n', first.stderr
    assert "making" in first.stderr
    assert "installing" in first.stderr
    return project


def test_a_second_start_installs_nothing(set_up: Project) -> None:
    second = set_up.dev("run", "--", "models")
    assert (second.stdout, second.stderr) == ('["models"]\n', "")


def test_a_second_start_adds_less_than_300_ms(set_up: Project) -> None:
    python = set_up.root / ".venv" / "bin" / "python"

    def fastest(command: list[str]) -> float:
        def once() -> float:
            start = time.perf_counter()
            subprocess.run(command, cwd=set_up.root, env=set_up.environment, capture_output=True, check=True)
            return time.perf_counter() - start

        return min(once() for _ in range(5))

    direct = fastest([str(python), "-m", "chatbench"])
    assert fastest([PYTHON, "packaging/dev.py", "run", "--", "models"]) - direct < 0.3


def test_the_exit_code_is_the_programs(set_up: Project) -> None:
    assert set_up.dev("run", "--", "prompt", "--fail").returncode == 7


def test_without_a_display_the_terminal_chat_opens(set_up: Project) -> None:
    run = set_up.dev("run")
    assert run.stdout == '["chat"]\n'
    assert "no display (neither DISPLAY nor WAYLAND_DISPLAY is set)" in run.stderr


def test_a_dead_display_is_no_display(set_up: Project) -> None:
    run = set_up.dev("run", DISPLAY=":4711")
    assert run.stdout == '["chat"]\n'
    assert "no X server answers at DISPLAY=:4711" in run.stderr


def test_with_a_display_the_window_opens(set_up: Project) -> None:
    assert set_up.dev("run", WAYLAND_DISPLAY="wayland-0").stdout == "[]\n"


@pytest.mark.skipif(sys.platform != "linux", reason="X11 sockets without a file are Linux's")
def test_an_answering_x_server_is_a_display(set_up: Project) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("\0/tmp/.X11-unix/X4712")
        server.listen()
        assert set_up.dev("run", DISPLAY=":4712.0").stdout == "[]\n"


def test_options_stay_before_the_chat_command(set_up: Project) -> None:
    assert set_up.dev("run", "--", "--profile", "/tmp/x").stdout == '["--profile", "/tmp/x", "chat"]\n'


def test_a_changed_project_file_is_installed_again(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.dev("run", "--", "models")
    with (project.root / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write('description = "changed"\n')
    again = project.dev("run", "--", "models")
    assert "installing" in again.stderr
    assert "making" not in again.stderr
    assert project.dev("run", "--", "models").stderr == ""


def test_an_environment_that_does_not_start_is_made_again(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.dev("run", "--", "models")
    python = project.root / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python3")
    again = project.dev("run", "--", "models")
    assert "making it again" in again.stderr
    assert again.stdout == '["models"]\n'


def test_a_folder_that_is_no_environment_is_left_alone(tmp_path: Path) -> None:
    project = Project(tmp_path)
    precious = project.root / ".venv" / "thesis.txt"
    precious.parent.mkdir()
    precious.write_text("years of work", encoding="utf-8")
    refused = project.dev("run", "--", "models")
    assert refused.returncode == 1
    assert "is no virtual environment" in refused.stderr
    assert precious.read_text(encoding="utf-8") == "years of work"


def test_a_package_that_is_not_the_locked_one_is_refused(tmp_path: Path) -> None:
    project = Project(tmp_path)
    lock = project.locks / "run.lock"
    lock.write_text(re.sub(r"sha256:.{8}", "sha256:00000000", lock.read_text("utf-8")), encoding="utf-8")
    refused = project.dev("run", "--", "models")
    assert refused.returncode == 1
    assert "DO NOT MATCH THE HASHES" in refused.stderr
    assert project.dev("run", "--", "models").returncode == 1


def test_a_lock_without_hashes_is_refused(tmp_path: Path) -> None:
    project = Project(tmp_path)
    for lock in project.locks.iterdir():
        lock.write_text("tiny==1.0\n", encoding="utf-8")
    assert project.dev("run", "--", "models").returncode == 1


def test_a_missing_ensurepip_does_not_matter(tmp_path: Path) -> None:
    project = Project(tmp_path)
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "ensurepip.py").write_text("raise ImportError('not on this machine')", encoding="utf-8")
    assert project.dev("run", "--", "models", PYTHONPATH=str(broken)).stdout == '["models"]\n'


@pytest.mark.parametrize(
    ("arguments", "face"),
    [
        ([], "window"),
        (["quick"], "window"),
        (["--profile", "/tmp/x"], "window"),
        (["--profile=/tmp/x", "--log-level", "debug", "quick"], "window"),
        (["self-test"], "offscreen"),
        (["--log-level", "debug", "self-test"], "offscreen"),
        (["prompt", "self-test"], None),
        (["--version"], None),
        (["--profile", "quick", "models"], None),
    ],
)
def test_what_the_arguments_need(arguments: list[str], face: str | None) -> None:
    assert dev.face_of(arguments) == face


def test_an_unknown_command_shows_the_commands() -> None:
    run = subprocess.run(
        [PYTHON, ROOT / "packaging" / "dev.py", "fly"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 2
    assert "packaging/dev.py run" in run.stderr


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Debian with fonts, on which Qt's libraries are missing until apt-get installs; returns its folder."""
    programs = tmp_path / "programs"
    installed = tmp_path / "installed"
    (tmp_path / "Qt" / "lib").mkdir(parents=True)
    (tmp_path / "Qt" / "lib" / "libQt6Gui.so.6").touch()
    write_program(
        programs,
        "ldd",
        f'test -e {installed} || printf "\\tlibEGL.so.1 => not found\\n\\tlibxcb-cursor.so.0 => not found\\n"'
        "\n"
        'printf "\\tlibc.so.6 => /lib/libc.so.6 (0x1)\\n"',
    )
    write_program(
        programs,
        "apt-get",
        f'echo "$@" >> {tmp_path}/apt.log; case "$*" in *install*) : > {installed};; esac',
    )
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    fonts = tmp_path / "share" / "fonts"
    fonts.mkdir(parents=True)
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path / "share"))
    for name in ("Inter-Regular.otf", "NotoSansCJK-Regular.ttc"):
        (fonts / name).touch()
    return tmp_path


def test_root_installs_what_qt_lacks(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    left = system.provide(machine / "Qt", tests=False)
    assert left.libraries == []
    install = (machine / "apt.log").read_text(encoding="utf-8").splitlines()[-1]
    assert install.endswith("fonts-jetbrains-mono libegl1 libxcb-cursor0")
    assert "--no-install-recommends" in install


def test_anybody_else_gets_the_command(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    left = system.provide(machine / "Qt", tests=False)
    assert left.libraries == ["libEGL.so.1", "libxcb-cursor.so.0"]
    assert left.fonts == ["fonts-jetbrains-mono"]
    assert left.command() == (
        "sudo apt-get install -y --no-install-recommends fonts-jetbrains-mono libegl1 libxcb-cursor0"
    )
    assert not (machine / "apt.log").exists()


def test_the_tests_programs_are_named(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("PATH", str(machine / "programs"))
    monkeypatch.setattr(system, "LIBEXEC", str(machine / "programs"))
    left = system.provide(machine / "Qt", tests=True)
    assert left.programs == list(system.TEST_PROGRAMS)
    assert "dbus" in left.debian_packages()
    assert "gnome-keyring" in left.describe()


def test_ci_calls_the_test_command_and_nothing_else() -> None:
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert lines[-1] == "exec python3 packaging/dev.py test"
    assert all(line.startswith(("#!", "set ", "cd ")) for line in lines[:-1])
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_names_versions_and_hashes_and_no_address(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    entries = text.replace("\\\n", " ").splitlines()
    assert entries
    assert all(re.match(r"[a-z0-9._-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", entry) for entry in entries)
    assert not re.search(r"https?:|file:|index-url|find-links|/", text)


def locked(lock: str, python: str, platform: str) -> dict[str, Version]:
    """What a lock file pins for one Python and one platform."""
    marker_environment = {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": platform,
        "platform_system": {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}[platform],
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    pins: dict[str, Version] = {}
    text = (ROOT / "packaging" / "locks" / lock).read_text(encoding="utf-8")
    for line in re.findall(r"^[a-z0-9].*?(?= \\$)", text, re.MULTILINE):
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate(marker_environment):
            assert requirement.name not in pins, (
                f"{requirement.name} is pinned twice for {python} on {platform}"
            )
            pins[requirement.name] = Version(str(next(iter(requirement.specifier)).version))
    return pins


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_the_locks_hold_what_the_project_asks_for(python: str, platform: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = project["dependency-groups"]
    run, test = locked("run.lock", python, platform), locked("test.lock", python, platform)
    assert run.items() <= test.items()
    assert locked("build.lock", python, platform).items() <= test.items()
    wanted = [(run, line) for line in project["project"]["dependencies"]]
    wanted += [(test, line) for line in groups["test"] + groups["build"]]
    for pins, line in wanted:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate(
            {"python_version": python, "sys_platform": platform}
        ):
            name = re.sub(r"[-_.]+", "-", requirement.name).lower()
            assert name in pins, f"{name} is not locked; python3 packaging/dev.py lock"
            assert requirement.specifier.contains(pins[name]), f"{line} but {pins[name]} is locked"


def test_python_3_11_stays_on_the_qt_that_works_there() -> None:
    assert locked("run.lock", "3.11", "linux")["pyside6-essentials"] < Version("6.12")


def test_the_stamp_knows_each_profile() -> None:
    assert set(environment.PROFILES) == {"run", "test"}
    assert all(
        (ROOT / environment.LOCKS / lock).exists()
        for locks in environment.PROFILES.values()
        for lock in locks
    )


def test_the_wheel_holds_the_program_and_its_resources(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())
        entry = next(name for name in names if name.endswith("entry_points.txt"))
        assert "chatbench = chatbench.__main__:main" in wheel.read(entry).decode()
        wheel.extractall(tmp_path / "installed")
    shipped = {
        path.relative_to(ROOT).as_posix() for path in (ROOT / "resources").rglob("*") if path.is_file()
    }
    assert {f"chatbench/{name}" for name in shipped} <= names
    assert not [name for name in names if "test" in name or name.startswith("packaging")]
    code = (
        "import json, chatbench, sys; from chatbench.core.resources import resources_folder;"
        "print(json.dumps([str(resources_folder()), chatbench.__version__]))"
    )
    run = subprocess.run(
        [
            sys.executable,
            "-I",
            "-c",
            f"import sys; sys.path.insert(0, {str(tmp_path / 'installed')!r}); {code}",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    resources, version = json.loads(run.stdout)
    assert resources == str(tmp_path / "installed" / "chatbench" / "resources")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert version == project["version"]


@pytest.mark.skipif(sys.platform == "win32", reason="priorities of POSIX")
def test_types_are_checked_in_the_time_that_tests_leave(capfd: pytest.CaptureFixture[str]) -> None:
    program = "import os\nwhile os.getpriority(os.PRIO_PROCESS, 0) < 19: pass\nprint('Told.')\nexit(3)"
    with dev.Beside([sys.executable, "-c", program]) as beside:
        assert capfd.readouterr().out == ""
        assert beside.ended() == 3
    assert capfd.readouterr().out == "Told.\n"
