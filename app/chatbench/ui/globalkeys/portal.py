"""Keys by the desktop portal (`org.freedesktop.portal.GlobalShortcuts`), as on Wayland: the desktop asks
the reader, and may give other keys than were wished for."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from chatbench.ui.aio import spawn
from chatbench.ui.globalkeys.keysyms import portal_trigger
from chatbench.ui.globalkeys.stroke import KeysRefused, Stroke, tr

if TYPE_CHECKING:
    from jeepney import Message
    from jeepney.io.asyncio import DBusConnection

BUS_NAME: Final = "org.freedesktop.portal.Desktop"
OBJECT: Final = "/org/freedesktop/portal/desktop"
SHORTCUTS: Final = "org.freedesktop.portal.GlobalShortcuts"
REQUEST: Final = "org.freedesktop.portal.Request"
SESSION: Final = "org.freedesktop.portal.Session"
REGISTRY: Final = "org.freedesktop.host.portal.Registry"
APPLICATION: Final = "chatbench"
"""The application's desktop file, by which the desktop remembers what it has allowed."""
SHORTCUT: Final = "quick-chat"
_DBUS: Final = "org.freedesktop.DBus"
_HANDLE: Final = "chatbench"
_NO_PORTAL: Final = (
    f"{_DBUS}.Error.ServiceUnknown", f"{_DBUS}.Error.NameHasNoOwner", f"{_DBUS}.Error.Spawn",
)  # fmt: skip
_NO_SHORTCUTS: Final = (
    f"{_DBUS}.Error.UnknownMethod", f"{_DBUS}.Error.UnknownInterface", f"{_DBUS}.Error.UnknownObject",
)  # fmt: skip


class PortalKeys:
    """A `Listener`: a session with the portal on a connection of its own, as long as the keys are held."""

    def __init__(self, pressed: Callable[[str], None], told: Callable[[str], None]) -> None:
        self._pressed = pressed
        self._told = told
        self._task: asyncio.Task[None] | None = None

    async def register(self, stroke: Stroke) -> str:
        """See `Listener`. Returns when the reader has answered the desktop."""
        self.release()
        wished = portal_trigger(stroke)
        bound: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        task = self._task = spawn(self._serve(wished, bound), name="global-shortcut")
        task.add_done_callback(lambda _task: bound.cancel())
        try:
            return await bound
        except asyncio.CancelledError:
            if task.cancelled():
                # Other keys were asked for meanwhile, or none.
                raise KeysRefused(tr("The desktop was no longer asked.")) from None
            task.cancel()
            raise

    def release(self) -> None:
        """See `Listener`."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _serve(self, wished: str, bound: asyncio.Future[str]) -> None:
        """Binds the keys, then hears of them until the session ends."""
        try:
            async with await _connected() as connection:
                session = _Session(connection)
                bound.set_result(await session.bind(wished))
                await session.listen(self._pressed)
        except (OSError, EOFError):
            lost = tr("The desktop's message bus has gone.")
        except KeysRefused as refused:
            lost = refused.words
        else:
            lost = tr("The desktop has taken these keys away.")
        if bound.done():
            self._told(lost)
        else:
            bound.set_exception(KeysRefused(lost))


class _Session:
    """The talk with the portal on one connection: one question after the other, then signals."""

    def __init__(self, connection: DBusConnection) -> None:
        self._connection = connection
        self._waiting: list[Message] = []
        self._handle = ""
        self._portal = ""
        """The portal's own name on the bus: anybody can send a signal."""

    async def bind(self, wished: str) -> str:
        """Asks for the keys. Returns what the desktop says one has to press. Raises KeysRefused."""
        await self._watch()
        # Portals of 2025 and later learn from it whom they deal with; the others have no such thing.
        with contextlib.suppress(KeysRefused):
            await self._call(REGISTRY, "Register", "sa{sv}", APPLICATION, {})
        made = await self._request("CreateSession", "a{sv}", {"session_handle_token": ("s", _HANDLE)})
        self._handle = str(made.get("session_handle", ("s", ""))[1])
        shortcut = {
            "description": ("s", tr("Show or hide the quick chat")),
            "preferred_trigger": ("s", wished),
        }
        told = await self._request(
            "BindShortcuts", "oa(sa{sv})sa{sv}", self._handle, [(SHORTCUT, shortcut)], "", {}
        )
        for name, about in told.get("shortcuts", ("", []))[1]:
            if name == SHORTCUT:
                return str(about.get("trigger_description", ("s", ""))[1])
        raise KeysRefused(tr("The desktop has given the quick chat no keys."))

    async def listen(self, pressed: Callable[[str], None]) -> None:
        """Hears of presses, until the session or the portal ends."""
        from jeepney import HeaderFields

        while True:
            signal = await self._signal()
            fields = signal.header.fields
            member = fields[HeaderFields.member]
            if member == "Activated" and signal.body[:2] == (self._handle, SHORTCUT):
                pressed(str(signal.body[3].get("activation_token", ("s", ""))[1]))
            ended = member == "Closed" and fields[HeaderFields.path] == self._handle
            if ended or (member == "NameOwnerChanged" and signal.body[0] == BUS_NAME):
                return

    async def _watch(self) -> None:
        """The bus passes on what the portal signals, and its end."""
        from jeepney import MatchRule

        # Refused where the bus cannot start it; it may run all the same.
        with contextlib.suppress(KeysRefused):
            await self._bus("StartServiceByName", "su", BUS_NAME, 0)
        (self._portal,) = await self._bus("GetNameOwner", "s", BUS_NAME)
        for interface in (SHORTCUTS, REQUEST, SESSION):
            rule = MatchRule(type="signal", sender=BUS_NAME, interface=interface)
            await self._bus("AddMatch", "s", rule.serialise())
        end = MatchRule(type="signal", sender=_DBUS, interface=_DBUS, member="NameOwnerChanged")
        end.add_arg_condition(0, BUS_NAME)
        await self._bus("AddMatch", "s", end.serialise())

    async def _request(self, member: str, signature: str, *values: Any) -> dict[str, Any]:
        """What a `Request` brings, whose answer comes as a signal. Raises KeysRefused."""
        from jeepney import HeaderFields

        *firsts, options = values
        options = {**options, "handle_token": ("s", _HANDLE)}
        (handle,) = await self._call(SHORTCUTS, member, signature, *firsts, options)
        while True:
            signal = await self._signal()
            fields = signal.header.fields
            if fields[HeaderFields.member] == "Response" and fields[HeaderFields.path] == handle:
                break
        code, results = signal.body
        if code == 1:
            raise KeysRefused(tr("You have not allowed it."))
        if code != 0:
            raise KeysRefused(tr("The desktop refuses these keys."))
        return dict(results)

    async def _call(self, interface: str, member: str, signature: str, *values: Any) -> tuple[Any, ...]:
        from jeepney import DBusAddress, new_method_call

        address = DBusAddress(OBJECT, BUS_NAME, interface)
        return await self._answered(new_method_call(address, member, signature, values))

    async def _bus(self, member: str, signature: str, *values: Any) -> tuple[Any, ...]:
        from jeepney import DBusAddress, new_method_call

        address = DBusAddress("/org/freedesktop/DBus", _DBUS, _DBUS)
        return await self._answered(new_method_call(address, member, signature, values))

    async def _answered(self, question: Message) -> tuple[Any, ...]:
        """The answer's values; signals that come before it are kept. Raises KeysRefused."""
        from jeepney import HeaderFields, MessageType

        serial = next(self._connection.outgoing_serial)
        await self._connection.send(question, serial=serial)
        while True:
            message = await self._connection.receive()
            if message.header.fields.get(HeaderFields.reply_serial) == serial:
                break
            self._waiting.append(message)
        if message.header.message_type is MessageType.error:
            raise KeysRefused(_words_of(str(message.header.fields[HeaderFields.error_name]), message.body))
        return tuple(message.body)

    async def _signal(self) -> Message:
        """The next signal of the portal or the bus, in the order they came."""
        from jeepney import HeaderFields, MessageType

        while True:
            message = self._waiting.pop(0) if self._waiting else await self._connection.receive()
            sender = message.header.fields.get(HeaderFields.sender)
            if message.header.message_type is MessageType.signal and sender in (self._portal, _DBUS):
                return message


async def _connected() -> DBusConnection:
    """Raises KeysRefused where there is no bus, or the library that speaks to it is missing."""
    if "DBUS_SESSION_BUS_ADDRESS" not in os.environ:
        raise KeysRefused(tr("This desktop has no message bus to ask for keys."))
    try:
        from jeepney import AuthenticationError
        from jeepney.io.asyncio import open_dbus_connection
    except ImportError as error:
        raise KeysRefused(tr("Asking the desktop needs the library {0}.").format("jeepney")) from error
    try:
        return await open_dbus_connection("SESSION")
    except (OSError, EOFError, RuntimeError, AuthenticationError) as error:
        raise KeysRefused(tr("The desktop's message bus does not answer.")) from error


def _words_of(error: str, body: tuple[Any, ...]) -> str:
    if error.startswith(_NO_PORTAL):
        return tr("This desktop has no portal that gives keys.")
    if error.startswith(_NO_SHORTCUTS):
        return tr("This desktop's portal gives no keys.")
    return tr("The desktop refuses: {0}").format(body[0] if body else error)
