"""A desktop portal of our own for global shortcuts and pictures of the screen, on a real bus: it speaks what
the real one speaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from jeepney import (
    DBusAddress,
    HeaderFields,
    Message,
    MessageType,
    message_bus,
    new_error,
    new_method_return,
    new_signal,
)
from jeepney.io.asyncio import DBusConnection, DBusRouter, Proxy, open_dbus_connection

BUS_NAME = "org.freedesktop.portal.Desktop"
OBJECT = "/org/freedesktop/portal/desktop"
SHORTCUTS = "org.freedesktop.portal.GlobalShortcuts"
SCREENSHOT = "org.freedesktop.portal.Screenshot"
REGISTRY = "org.freedesktop.host.portal.Registry"
_SIGNATURES = {
    (REGISTRY, "Register"): "sa{sv}",
    (SHORTCUTS, "CreateSession"): "a{sv}",
    (SHORTCUTS, "BindShortcuts"): "oa(sa{sv})sa{sv}",
    (SCREENSHOT, "Screenshot"): "sa{sv}",
}


class Session:
    """One that was made, by whom, and what is bound in it."""

    def __init__(self, client: str, handle: str) -> None:
        self.client, self.handle = client, handle
        self.shortcuts: list[tuple[str, dict[str, Any]]] | None = None


class Portal:
    """`answer` is the code of its answer when something is asked for (0 yes, 1 the reader refuses, 2 it
    cannot), None for none yet; `gives` the keys it then says it has given, "" for none, or the address of a
    picture."""

    def __init__(self, connection: DBusConnection) -> None:
        self._connection = connection
        self.interfaces = {SHORTCUTS, REGISTRY, SCREENSHOT}
        self.answer: int | None = 0
        self.gives = "Ctrl+Alt+Space"
        self.refuses = ""
        self.hasty = False
        """Whether what a request brings comes before the request's own answer."""
        self.registered: dict[str, str] = {}
        self.sessions: list[Session] = []
        self.gone: list[str] = []
        self.pictures: list[bool] = []
        """Of each picture that was asked for, whether the reader was to choose of what."""

    @property
    def session(self) -> Session:
        return self.sessions[-1]

    async def activate(self, *, shortcut: str = "", session: str = "", **options: Any) -> None:
        """The keys are pressed."""
        (bound,) = self.session.shortcuts or []
        body = (session or self.session.handle, shortcut or bound[0], 1234, options)
        await self.signal(OBJECT, SHORTCUTS, "Activated", "osta{sv}", body)

    async def close_session(self) -> None:
        await self.signal(self.session.handle, "org.freedesktop.portal.Session", "Closed", "a{sv}", ({},))

    async def signal(
        self, path: str, interface: str, member: str, signature: str, body: Any, *, to: str = ""
    ) -> None:
        emitter = DBusAddress(path, interface=interface)
        message = new_signal(emitter, member, signature, body)
        message.header.fields[HeaderFields.destination] = to or self.session.client
        await self._connection.send(message)

    async def serve(self) -> None:
        while True:
            message = await self._connection.receive()
            fields = message.header.fields
            if message.header.message_type is MessageType.method_call:
                await self._take(message)
            elif fields.get(HeaderFields.member) == "NameOwnerChanged" and not message.body[2]:
                self.gone.append(message.body[0])

    async def _take(self, message: Message) -> None:
        fields = message.header.fields
        interface, member = fields[HeaderFields.interface], fields[HeaderFields.member]
        assert fields[HeaderFields.path] == OBJECT
        if interface not in self.interfaces:
            await self._error(message, "org.freedesktop.DBus.Error.UnknownMethod", "No such interface")
            return
        assert fields.get(HeaderFields.signature) == _SIGNATURES[interface, member]
        client = fields[HeaderFields.sender]
        if interface == REGISTRY:
            assert client not in self.registered
            assert not [one for one in self.sessions if one.client == client]
            self.registered[client] = message.body[0]
            await self._connection.send(new_method_return(message))
        elif self.refuses:
            await self._error(message, "org.freedesktop.portal.Error.NotAllowed", self.refuses)
        elif interface == SCREENSHOT:
            parent, options = message.body
            assert (parent, options["modal"]) == ("", ("b", True))
            self.pictures.append(options["interactive"][1])
            results = {} if self.answer else {"uri": ("s", self.gives)}
            await self._respond(message, options, self.answer, results)
        elif member == "CreateSession":
            await self._create(message, client)
        else:
            await self._bind(message)

    async def _create(self, message: Message, client: str) -> None:
        (options,) = message.body
        assert set(options) == {"handle_token", "session_handle_token"}
        handle = self._path("session", client, options["session_handle_token"])
        self.sessions.append(Session(client, handle))
        await self._respond(message, options, 0, {"session_handle": ("s", handle)})

    async def _bind(self, message: Message) -> None:
        handle, shortcuts, parent, options = message.body
        assert handle == self.session.handle
        assert parent == ""
        assert self.session.shortcuts is None, "keys are bound once in a session"
        self.session.shortcuts = shortcuts
        ((name, about),) = shortcuts
        given = [(name, {"description": about["description"], "trigger_description": ("s", self.gives)})]
        results = {"shortcuts": ("a(sa{sv})", given if self.gives else [])}
        await self._respond(message, options, self.answer, {} if self.answer else results)

    async def _respond(
        self, message: Message, options: dict[str, Any], code: int | None, results: dict[str, Any]
    ) -> None:
        client = message.header.fields[HeaderFields.sender]
        handle = self._path("request", client, options["handle_token"])
        if not self.hasty:
            await self._connection.send(new_method_return(message, "o", (handle,)))
        if code is not None:
            request = "org.freedesktop.portal.Request"
            await self.signal(handle, request, "Response", "ua{sv}", (code, results), to=client)
        if self.hasty:
            await self._connection.send(new_method_return(message, "o", (handle,)))

    async def _error(self, message: Message, name: str, words: str) -> None:
        await self._connection.send(new_error(message, name, "s", (words,)))

    def _path(self, kind: str, client: str, token: tuple[str, str]) -> str:
        assert token[0] == "s"
        return f"{OBJECT}/{kind}/{client.removeprefix(':').replace('.', '_')}/{token[1]}"


async def own(connection: DBusConnection) -> Portal:
    """The portal on this connection, to be served."""
    async with DBusRouter(connection) as router:
        bus = Proxy(message_bus, router)
        await bus.RequestName(BUS_NAME)
        await bus.AddMatch("type='signal',interface='org.freedesktop.DBus',member='NameOwnerChanged'")
    return Portal(connection)


@asynccontextmanager
async def portal(address: str) -> AsyncIterator[Portal]:
    """The portal on the bus at `address`, until the block ends."""
    async with await open_dbus_connection(address) as connection:
        made = await own(connection)
        serving = asyncio.create_task(made.serve())
        try:
            yield made
        finally:
            serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving
