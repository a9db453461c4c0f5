"""A desktop's tray of our own on a real bus: it knows the entries that programs register, and uses them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple

from jeepney import (
    DBusAddress,
    HeaderFields,
    Message,
    MessageType,
    message_bus,
    new_error,
    new_method_call,
    new_method_return,
)
from jeepney.io.asyncio import DBusConnection, DBusRouter, Proxy, open_dbus_connection

WATCHER = "org.kde.StatusNotifierWatcher"
ITEM = "org.kde.StatusNotifierItem"
MENU = "com.canonical.dbusmenu"
_PROPERTIES = "org.freedesktop.DBus.Properties"
_INTROSPECTION = f"""<node><interface name="{WATCHER}">
<method name="RegisterStatusNotifierItem"><arg type="s" direction="in"/></method>
<property name="IsStatusNotifierHostRegistered" type="b" access="read"/>
<property name="RegisteredStatusNotifierItems" type="as" access="read"/>
<property name="ProtocolVersion" type="i" access="read"/>
</interface></node>"""


class Entry(NamedTuple):
    """A row of the entry's menu."""

    id: int
    label: str


class Item:
    """A program's entry, at its name on the bus."""

    def __init__(self, router: DBusRouter, service: str) -> None:
        self._router = router
        self.service = service

    async def property(self, name: str) -> Any:
        (value,) = await self._call("/StatusNotifierItem", _PROPERTIES, "Get", "ss", ITEM, name)
        return value[1]

    async def press(self) -> None:
        """The entry is pressed."""
        await self._call("/StatusNotifierItem", ITEM, "Activate", "ii", 0, 0)

    async def menu(self) -> list[Entry]:
        """What its menu shows, separators left out."""
        path = await self.property("Menu")
        _, (_, _, children) = await self._call(path, MENU, "GetLayout", "iias", 0, -1, [])
        rows = [row for _, row in children]
        return [
            Entry(number, about["label"][1].replace("_", ""))
            for number, about, _ in rows
            if about.get("type", ("s", ""))[1] != "separator"
        ]

    async def choose(self, label: str) -> None:
        """A row of its menu is chosen."""
        path = await self.property("Menu")
        (row,) = [one for one in await self.menu() if one.label == label]
        await self._call(path, MENU, "Event", "isvu", row.id, "clicked", ("s", ""), 0)

    async def _call(self, path: str, interface: str, member: str, signature: str, *values: Any) -> Any:
        address = DBusAddress(path, self.service, interface)
        answer = await self._router.send_and_get_reply(new_method_call(address, member, signature, values))
        assert answer.header.message_type is MessageType.method_return, answer.body
        return answer.body


class Tray:
    """`items` in the order they were registered."""

    def __init__(self, connection: DBusConnection, router: DBusRouter) -> None:
        self._connection = connection
        self._router = router
        self.items: list[Item] = []

    async def serve(self) -> None:
        while True:
            message = await self._connection.receive()
            if message.header.message_type is MessageType.method_call:
                await self._connection.send(self._answer(message))

    def _answer(self, message: Message) -> Message:
        member = message.header.fields[HeaderFields.member]
        known = {
            "IsStatusNotifierHostRegistered": ("b", True),
            "RegisteredStatusNotifierItems": ("as", [item.service for item in self.items]),
            "ProtocolVersion": ("i", 0),
        }
        if member == "Introspect":
            return new_method_return(message, "s", (_INTROSPECTION,))
        if member == "Get" and message.body[1] in known:
            return new_method_return(message, "v", (known[message.body[1]],))
        if member == "GetAll":
            return new_method_return(message, "a{sv}", (known,))
        if member == "RegisterStatusNotifierItem":
            self.items.append(Item(self._router, message.body[0]))
            return new_method_return(message)
        return new_error(message, "org.freedesktop.DBus.Error.UnknownMethod", "s", (member,))


@asynccontextmanager
async def tray(address: str) -> AsyncIterator[Tray]:
    """The tray on the bus at `address`, until the block ends."""
    async with (
        await open_dbus_connection(address) as serving,
        await open_dbus_connection(address) as asking,
        DBusRouter(asking) as router,
    ):
        async with DBusRouter(serving) as naming:
            await Proxy(message_bus, naming).RequestName(WATCHER)
        made = Tray(serving, router)
        task = asyncio.create_task(made.serve())
        try:
            yield made
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
