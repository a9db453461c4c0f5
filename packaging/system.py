"""What Chatbench needs from the operating system: Qt's shared libraries, fonts, and programs for the tests.

Only Linux can lack them. On Debian and Ubuntu they are installed with apt when this runs as root; otherwise
the exact command is printed.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from environment import say

# Which Debian package carries a shared library that Qt's libraries or its platform plugins name.
DEBIAN_LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libGLX.so.0": "libglx0",
    "libGLdispatch.so.0": "libglvnd0",
    "libICE.so.6": "libice6",
    "libOpenGL.so.0": "libopengl0",
    "libSM.so.6": "libsm6",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libX11.so.6": "libx11-6",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgssapi_krb5.so.2": "libgssapi-krb5-2",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxcb.so.1": "libxcb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libzstd.so.1": "libzstd1",
}
QT_FILES = (
    "lib/libQt6Gui.so.6",
    "lib/libQt6Widgets.so.6",
    "lib/libQt6Svg.so.6",
    "lib/libQt6Network.so.6",
    "lib/libQt6XcbQpa.so.6",
    "plugins/platforms/libqoffscreen.so",
    "plugins/platforms/libqxcb.so",
)
# A font is known by the start of its files' names.
FONTS = {
    "fonts-inter": ("inter-", "inter.", "intervariable", "inter_"),
    "fonts-jetbrains-mono": ("jetbrainsmono",),
    "fonts-noto-cjk": ("notosanscjk",),
}
LIBEXEC = "/usr/libexec"
"""Where programs stand that no person calls."""
TEST_PROGRAMS = {
    "dbus-daemon": "dbus",
    "dbus-run-session": "dbus",
    "gnome-keyring-daemon": "gnome-keyring",
    "Xvfb": "xvfb",
    "hunspell": "hunspell",
    "xdotool": "xdotool",
    "at-spi-bus-launcher": "at-spi2-core",
}


def missing_libraries(qt: Path) -> list[str]:
    """Shared libraries that the Qt under ``qt`` names and the dynamic linker does not find, sorted."""
    files = [str(qt / name) for name in QT_FILES if (qt / name).exists()]
    ldd = shutil.which("ldd")
    if not files or ldd is None:
        return []
    shown = subprocess.run([ldd, *files], capture_output=True, text=True, check=False)
    return sorted(set(re.findall(r"^\s*(\S+) => not found", shown.stdout, re.MULTILINE)))


def missing_fonts(folders: Iterable[Path] | None = None) -> list[str]:
    """Debian's names of the font packages of which no file is found."""
    seen = {name.lower() for folder in folders or font_folders() for name in _file_names(folder)}
    return [package for package, starts in FONTS.items() if not any(name.startswith(starts) for name in seen)]


def font_folders() -> list[Path]:
    """Where fontconfig looks by default."""
    data = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    shared = (os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":")
    return [Path(folder, "fonts") for folder in (data, *shared)] + [Path.home() / ".fonts"]


def _file_names(folder: Path) -> Iterator[str]:
    for _, _, files in os.walk(folder):
        yield from files


def missing_programs() -> list[str]:
    """Programs the tests start and this machine lacks."""
    folders = f"{os.environ.get('PATH', os.defpath)}{os.pathsep}{LIBEXEC}"
    return [program for program in TEST_PROGRAMS if shutil.which(program, path=folders) is None]


class Needs:
    """What is missing: shared libraries, font packages and programs."""

    def __init__(self, libraries: list[str], fonts: list[str], programs: list[str]) -> None:
        self.libraries = libraries
        self.fonts = fonts
        self.programs = programs

    def __bool__(self) -> bool:
        return bool(self.libraries or self.fonts or self.programs)

    @classmethod
    def of(cls, qt: Path, *, tests: bool) -> Needs:
        """Look at this machine; only Linux can lack something."""
        if sys.platform != "linux":
            return cls([], [], [])
        return cls(missing_libraries(qt), missing_fonts(), missing_programs() if tests else [])

    def debian_packages(self) -> list[str]:
        packages = {DEBIAN_LIBRARIES[name] for name in self.libraries if name in DEBIAN_LIBRARIES}
        return sorted(packages | set(self.fonts) | {TEST_PROGRAMS[name] for name in self.programs})

    def describe(self) -> str:
        """One sentence that names everything missing."""
        kinds = (("shared libraries", self.libraries), ("fonts", self.fonts), ("programs", self.programs))
        return "missing: " + "; ".join(f"{kind} {', '.join(names)}" for kind, names in kinds if names)

    def command(self) -> str:
        """The command that installs it on this machine."""
        if shutil.which("apt-get"):
            return f"sudo apt-get install -y --no-install-recommends {' '.join(self.debian_packages())}"
        wanted = " ".join([f"'{name}()(64bit)'" for name in self.libraries] + self.programs)
        for installer in ("dnf", "zypper"):
            if wanted and shutil.which(installer):
                return f"sudo {installer} install {wanted}"
        return "your system's package manager has to install them"


def provide(qt: Path, *, tests: bool) -> Needs:
    """Install what is missing where that is possible; returns what is still missing."""
    needs = Needs.of(qt, tests=tests)
    if not needs or not _may_install():
        return needs
    say(f"{needs.describe()}; installing with apt, which takes a minute or two")
    apt = ["apt-get", "-qq", "-o", "Dpkg::Use-Pty=0", "-o", "Acquire::Retries=3"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = [*apt, "install", "-y", "--no-install-recommends", *needs.debian_packages()]
    # A failed update does not matter where the packages can be had all the same.
    subprocess.run([*apt, "update"], env=environment, capture_output=True, check=False)
    installed = subprocess.run(install, env=environment, capture_output=True, text=True, check=False)
    if installed.returncode != 0:
        say(f"apt-get failed: {installed.stderr.strip()}")
    return Needs.of(qt, tests=tests)


def _may_install() -> bool:
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return is_root and shutil.which("apt-get") is not None


def why_no_display() -> str | None:
    """Why a window cannot open here, or None when it can."""
    if sys.platform != "linux" or os.environ.get("QT_QPA_PLATFORM") or os.environ.get("WAYLAND_DISPLAY"):
        return None
    display = os.environ.get("DISPLAY")
    if not display:
        return "neither DISPLAY nor WAYLAND_DISPLAY is set"
    local = re.fullmatch(r"(?:unix)?:(\d+)(?:\.\d+)?", display)
    if local and not _x_server_answers(int(local.group(1))):
        return f"no X server answers at DISPLAY={display}"
    return None


def _x_server_answers(number: int) -> bool:
    path = f"/tmp/.X11-unix/X{number}"  # noqa: S108 - X11 fixes this place
    for address in (path, f"\0{path}"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(1)
            if probe.connect_ex(address) == 0:
                return True
    return False
