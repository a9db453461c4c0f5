"""A real Secret Service on a private D-Bus session: gnome-keyring with a keyring of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jeepney import MatchRule, message_bus
from jeepney.io.blocking import Proxy, open_dbus_connection

_READY_SECONDS = 10
PROGRAMS = ("dbus-daemon", "gnome-keyring-daemon")


def missing_programs() -> list[str]:
    """The programs a real Secret Service needs and this machine lacks."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


NAME = "org.freedesktop.secrets"
# A bus that starts no service by itself: a keyring it started would be a second, locked one.
BUS_CONFIGURATION = """
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:dir={folder}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


@contextmanager
def session_bus(folder: Path) -> Iterator[str]:
    """A D-Bus session of its own, its socket in ``folder``; yields its address."""
    configuration = folder / "session.conf"
    configuration.write_text(BUS_CONFIGURATION.format(folder=folder), encoding="utf-8")
    bus = subprocess.Popen(
        ["dbus-daemon", f"--config-file={configuration}", "--nofork", "--nopidfile", "--print-address=1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert bus.stdout is not None
    try:
        yield bus.stdout.readline().strip()
    finally:
        bus.terminate()
        bus.wait(5)
        bus.stdout.close()


def _wait_until_owned(address: str) -> None:
    rule = MatchRule(type="signal", interface="org.freedesktop.DBus", member="NameOwnerChanged")
    rule.add_arg_condition(0, NAME)
    with open_dbus_connection(bus=address) as connection, connection.filter(rule) as changes:
        proxy = Proxy(message_bus, connection)
        proxy.AddMatch(rule)
        if not proxy.NameHasOwner(NAME)[0]:
            connection.recv_until_filtered(changes, timeout=_READY_SECONDS)


@contextmanager
def unlocked_keyring(home: Path, address: str) -> Iterator[dict[str, str]]:
    """gnome-keyring on the bus at ``address``, made and unlocked; yields the environment for its clients."""
    environment = {
        **os.environ,
        "DBUS_SESSION_BUS_ADDRESS": address,
        "HOME": str(home),
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_RUNTIME_DIR": str(home),
    }
    daemon = subprocess.Popen(
        [
            "gnome-keyring-daemon",
            "--foreground",
            "--unlock",
            "--components=secrets",
            f"--control-directory={home}",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        text=True,
    )
    assert daemon.stdin is not None
    assert daemon.stdout is not None
    try:
        daemon.stdin.write("test password")
        daemon.stdin.close()
        _wait_until_owned(address)
        yield environment
    finally:
        daemon.terminate()
        daemon.wait(5)
        daemon.stdout.close()
