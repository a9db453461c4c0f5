"""Speaking with the desktop portal (`org.freedesktop.portal.Desktop`): the way to ask a desktop, as on
Wayland, for what a program may not do by itself."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from jeepney import Message
    from jeepney.io.asyncio import DBusConnection

BUS_NAME: Final = "org.freedesktop.portal.Desktop"
OBJECT: Final = "/org/freedesktop/portal/desktop"
REQUEST: Final = "org.freedesktop.portal.Request"
REGISTRY: Final = "org.freedesktop.host.portal.Registry"
APPLICATION: Final = "chatbench"
"""The application's desktop file, by which the desktop remembers what it has allowed."""
_DBUS: Final = "org.freedesktop.DBus"
_HANDLE: Final = "chatbench"
_NO_PORTAL: Final = (
    f"{_DBUS}.Error.ServiceUnknown", f"{_DBUS}.Error.NameHasNoOwner", f"{_DBUS}.Error.Spawn",
)  # fmt: skip
_NO_INTERFACE: Final = (
    f"{_DBUS}.Error.UnknownMethod", f"{_DBUS}.Error.UnknownInterface", f"{_DBUS}.Error.UnknownObject",
)  # fmt: skip
Why = Literal["no bus", "no library", "silent", "no portal", "no interface", "error", "denied", "failed"]


class PortalRefused(Exception):
    """What was asked for is not to be had; `detail` is the desktop's own sentence or the missing library."""

    def __init__(self, why: Why, detail: str = "") -> None:
        super().__init__(why, detail)
        self.why: Why = why
        self.detail = detail


class Talk:
    """The talk with the portal on one connection: one question after the other, and signals."""

    def __init__(self, connection: DBusConnection) -> None:
        self._connection = connection
        self._waiting: list[Message] = []
        self._portal = ""
        """The portal's own name on the bus: anybody can send a signal."""

    async def begin(self, interfaces: Sequence[str]) -> None:
        """Has the bus pass on what the portal signals in these, and its end; tells the portal who asks.
        Raises PortalRefused."""
        from jeepney import MatchRule

        # Refused where the bus cannot start it; it may run all the same.
        with contextlib.suppress(PortalRefused):
            await self._bus("StartServiceByName", "su", BUS_NAME, 0)
        (self._portal,) = await self._bus("GetNameOwner", "s", BUS_NAME)
        for interface in (REQUEST, *interfaces):
            rule = MatchRule(type="signal", sender=BUS_NAME, interface=interface)
            await self._bus("AddMatch", "s", rule.serialise())
        end = MatchRule(type="signal", sender=_DBUS, interface=_DBUS, member="NameOwnerChanged")
        end.add_arg_condition(0, BUS_NAME)
        await self._bus("AddMatch", "s", end.serialise())
        # Portals of 2025 and later learn from it whom they deal with; the others have no such thing.
        with contextlib.suppress(PortalRefused):
            await self.call(REGISTRY, "Register", "sa{sv}", APPLICATION, {})

    async def request(self, interface: str, member: str, signature: str, *values: Any) -> dict[str, Any]:
        """What a `Request` brings, whose answer comes as a signal; the last value are its options. Raises
        PortalRefused."""
        from jeepney import HeaderFields

        *firsts, options = values
        options = {**options, "handle_token": ("s", _HANDLE)}
        (handle,) = await self.call(interface, member, signature, *firsts, options)
        while True:
            signal = await self.signal()
            fields = signal.header.fields
            if fields[HeaderFields.member] == "Response" and fields[HeaderFields.path] == handle:
                break
            if fields[HeaderFields.member] == "NameOwnerChanged" and signal.body[0] == BUS_NAME:
                raise PortalRefused("failed")
        code, results = signal.body
        if code:
            raise PortalRefused("denied" if code == 1 else "failed")
        return dict(results)

    async def call(self, interface: str, member: str, signature: str, *values: Any) -> tuple[Any, ...]:
        """What one of the portal's methods returns. Raises PortalRefused."""
        from jeepney import DBusAddress, new_method_call

        address = DBusAddress(OBJECT, BUS_NAME, interface)
        return await self._answered(new_method_call(address, member, signature, values))

    async def signal(self) -> Message:
        """The next signal of the portal or the bus, in the order they came."""
        from jeepney import HeaderFields, MessageType

        while True:
            message = self._waiting.pop(0) if self._waiting else await self._connection.receive()
            sender = message.header.fields.get(HeaderFields.sender)
            if message.header.message_type is MessageType.signal and sender in (self._portal, _DBUS):
                return message

    async def _bus(self, member: str, signature: str, *values: Any) -> tuple[Any, ...]:
        from jeepney import DBusAddress, new_method_call

        address = DBusAddress("/org/freedesktop/DBus", _DBUS, _DBUS)
        return await self._answered(new_method_call(address, member, signature, values))

    async def _answered(self, question: Message) -> tuple[Any, ...]:
        """The answer's values; signals that come before it are kept."""
        from jeepney import HeaderFields, MessageType

        serial = next(self._connection.outgoing_serial)
        await self._connection.send(question, serial=serial)
        while True:
            message = await self._connection.receive()
            if message.header.fields.get(HeaderFields.reply_serial) == serial:
                break
            self._waiting.append(message)
        if message.header.message_type is MessageType.error:
            raise _refusal(str(message.header.fields[HeaderFields.error_name]), message.body)
        return tuple(message.body)


@contextlib.asynccontextmanager
async def talking() -> AsyncIterator[Talk]:
    """A connection of its own to the session's bus. Raises PortalRefused where there is no bus, or the
    library that speaks to it is missing."""
    if "DBUS_SESSION_BUS_ADDRESS" not in os.environ:
        raise PortalRefused("no bus")
    try:
        from jeepney import AuthenticationError
        from jeepney.io.asyncio import open_dbus_connection
    except ImportError as error:
        raise PortalRefused("no library", "jeepney") from error
    try:
        connection = await open_dbus_connection("SESSION")
    except (OSError, EOFError, RuntimeError, AuthenticationError) as error:
        raise PortalRefused("silent") from error
    async with connection:
        yield Talk(connection)


def _refusal(error: str, body: tuple[Any, ...]) -> PortalRefused:
    if error.startswith(_NO_PORTAL):
        return PortalRefused("no portal")
    if error.startswith(_NO_INTERFACE):
        return PortalRefused("no interface")
    return PortalRefused("error", str(body[0] if body else error))
