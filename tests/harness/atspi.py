"""Assistive technology's own bus (AT-SPI) beside a private D-Bus session, and a client that reads it.

The client does what a screen reader does: it asks for the tree, for names, roles, states and texts,
presses what can be pressed, and follows events.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from jeepney import DBusAddress, HeaderFields, MatchRule, Message, MessageType, message_bus, new_method_call
from jeepney.io.blocking import DBusConnection, open_dbus_connection
from tests.harness.secret_service import session_bus

LAUNCHER = "/usr/libexec/at-spi-bus-launcher"
PATIENCE_S = 20.0
_A11Y = "org.a11y.atspi."
_ROOT = "/org/a11y/atspi/accessible/root"
_STATES = {
    4: "checked", 7: "editable", 8: "enabled", 11: "focusable", 12: "focused", 17: "multi-line",
    24: "sensitive", 25: "showing", 30: "visible", 43: "read-only",
}  # fmt: skip


def missing_programs() -> list[str]:
    """The programs assistive technology's bus needs and this machine lacks."""
    return [name for name in ("Xvfb", "dbus-daemon", LAUNCHER) if shutil.which(name) is None]


class Node(NamedTuple):
    """Something in the tree: whose it is, and where."""

    bus: str
    path: str


class Happened(NamedTuple):
    """An event, as `object:announcement`, with what it tells."""

    kind: str
    detail: str
    value: Any
    node: Node


@contextmanager
def screen() -> Iterator[str]:
    """A bare X server; yields its display. It does not begin anew when its last client leaves: whoever
    comes meanwhile would be turned away."""
    reading, writing = os.pipe()
    process = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1600x1000x24", "-nolisten", "tcp", "-noreset"],
        pass_fds=(writing,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(writing)
    try:
        with os.fdopen(reading) as told:
            yield f":{told.readline().strip()}"
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def assistive_bus(home: Path) -> Iterator[dict[str, str]]:
    """A screen, a session and assistive technology's bus; yields the environment for programs on it."""
    with screen() as display, session_bus(home) as address:
        environment = {
            **os.environ,
            "DISPLAY": display,
            "DBUS_SESSION_BUS_ADDRESS": address,
            "QT_QPA_PLATFORM": "xcb",
            "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1",
            "HOME": str(home),
            "XDG_RUNTIME_DIR": str(home),
        }
        launcher = subprocess.Popen(
            [LAUNCHER, "--launch-immediately", "--a11y=1"],
            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            yield environment
        finally:
            launcher.terminate()
            launcher.wait(10)


class Reader:
    """A client on assistive technology's bus. `events` grows with what is heard."""

    def __init__(self, connection: DBusConnection) -> None:
        self._connection = connection
        self.events: list[Happened] = []

    def call(self, node: Node, interface: str, member: str, signature: str = "", *values: Any) -> Any:
        """A method's answer, its only value bare. Raises RuntimeError with what went wrong."""
        address = DBusAddress(node.path, node.bus, interface)
        message = new_method_call(address, member, signature or None, values)
        serial = next(self._connection.outgoing_serial)
        self._connection.send(message, serial)
        end = time.monotonic() + PATIENCE_S
        while True:
            answer = self._connection.receive(timeout=end - time.monotonic())
            if answer.header.fields.get(HeaderFields.reply_serial) != serial:
                self._hear(answer)
                continue
            if answer.header.message_type is MessageType.error:
                raise RuntimeError(f"{interface}.{member}: {answer.body}")
            return answer.body[0] if len(answer.body) == 1 else answer.body

    def prop(self, node: Node, interface: str, name: str) -> Any:
        """A property's value."""
        told = self.call(node, "org.freedesktop.DBus.Properties", "Get", "ss", interface, name)
        return told[1]

    def listen(self) -> None:
        """From here on events are heard."""
        registry = Node(f"{_A11Y}Registry", "/org/a11y/atspi/registry")
        for kind in ("object:", "window:"):
            self.call(registry, f"{_A11Y}Registry", "RegisterEvent", "s", kind)
        rule = MatchRule(type="signal", interface=f"{_A11Y}Event.Object")
        self._connection.send_and_get_reply(message_bus.AddMatch(rule))

    def _hear(self, message: Message) -> None:
        fields = message.header.fields
        if message.header.message_type is not MessageType.signal:
            return
        interface = str(fields.get(HeaderFields.interface, ""))
        if not interface.startswith(f"{_A11Y}Event."):
            return
        detail, _, _, value, *_ = message.body
        kind = f"{interface.rpartition('.')[2]}:{fields[HeaderFields.member]}".lower()
        node = Node(str(fields[HeaderFields.sender]), str(fields[HeaderFields.path]))
        self.events.append(Happened(kind, detail, value[1], node))

    def until(self, holds: Callable[[], Any], what: str) -> Any:
        """What `holds` returns, once that is something; events are heard meanwhile."""
        end = time.monotonic() + PATIENCE_S
        while not (found := holds()):
            assert time.monotonic() < end, f"waited for {what}"
            try:
                self._hear(self._connection.receive(timeout=0.05))
            except TimeoutError:
                continue
        return found

    # What a screen reader asks.

    def applications(self) -> list[Node]:
        desktop = Node(f"{_A11Y}Registry", _ROOT)
        return [Node(*one) for one in self.call(desktop, f"{_A11Y}Accessible", "GetChildren")]

    def children(self, node: Node) -> list[Node]:
        return [Node(*one) for one in self.call(node, f"{_A11Y}Accessible", "GetChildren")]

    def name(self, node: Node) -> str:
        return str(self.prop(node, f"{_A11Y}Accessible", "Name"))

    def role(self, node: Node) -> str:
        return str(self.call(node, f"{_A11Y}Accessible", "GetRoleName"))

    def states(self, node: Node) -> set[str]:
        low, high = self.call(node, f"{_A11Y}Accessible", "GetState")
        bits = low | high << 32
        return {name for bit, name in _STATES.items() if bits >> bit & 1}

    def interfaces(self, node: Node) -> set[str]:
        told = self.call(node, f"{_A11Y}Accessible", "GetInterfaces")
        return {one.removeprefix(_A11Y) for one in told}

    def write(self, node: Node, text: str) -> None:
        """Gives a field these words."""
        self.call(node, f"{_A11Y}EditableText", "SetTextContents", "s", text)

    def press(self, node: Node) -> None:
        """Does the first thing that can be done with it."""
        self.call(node, f"{_A11Y}Action", "DoAction", "i", 0)

    def walk(self, node: Node) -> Iterator[tuple[Node, str, str]]:
        """Everything below that is showing, in order: node, role and name."""
        for child in self.children(node):
            if "showing" not in self.states(child) and "visible" not in self.states(child):
                continue
            yield child, self.role(child), self.name(child)
            yield from self.walk(child)

    def find(self, root: Node, role: str, name: str) -> Node:
        """The first of that role whose name begins so, once it is there."""

        def found() -> Node | None:
            try:
                return next(
                    (n for n, r, words in self.walk(root) if (r, words[: len(name)]) == (role, name)), None
                )
            except RuntimeError:
                # What was there when its parent was asked may be gone.
                return None

        return self.until(found, f"{role} {name!r}")  # type: ignore[no-any-return]


@contextmanager
def reading(environment: dict[str, str]) -> Iterator[Reader]:
    """A client of the bus that belongs to that session."""
    bus = Node("org.a11y.Bus", "/org/a11y/bus")
    with open_dbus_connection(bus=environment["DBUS_SESSION_BUS_ADDRESS"]) as session:
        address = Reader(session).until(lambda: _address(Reader(session), bus), "the bus")
    with open_dbus_connection(bus=address) as connection:
        yield Reader(connection)


def _address(reader: Reader, bus: Node) -> str:
    try:
        return str(reader.call(bus, "org.a11y.Bus", "GetAddress"))
    except RuntimeError:
        return ""
