"""Keys by the desktop portal (`org.freedesktop.portal.GlobalShortcuts`), as on Wayland: the desktop asks
the reader, and may give other keys than were wished for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from chatbench.ui.aio import spawn
from chatbench.ui.desktopportal import BUS_NAME, PortalRefused, Talk, talking
from chatbench.ui.globalkeys.keysyms import portal_trigger
from chatbench.ui.globalkeys.stroke import KeysRefused, Stroke, tr

SHORTCUTS: Final = "org.freedesktop.portal.GlobalShortcuts"
SESSION: Final = "org.freedesktop.portal.Session"
SHORTCUT: Final = "quick-chat"
_HANDLE: Final = "chatbench"


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
            async with talking() as talk:
                session = _Session(talk)
                bound.set_result(await session.bind(wished))
                await session.listen(self._pressed)
        except (OSError, EOFError):
            lost = tr("The desktop's message bus has gone.")
        except PortalRefused as refused:
            lost = _words_of(refused)
        except KeysRefused as refused:
            lost = refused.words
        else:
            lost = tr("The desktop has taken these keys away.")
        if bound.done():
            self._told(lost)
        else:
            bound.set_exception(KeysRefused(lost))


class _Session:
    """The keys of one talk with the portal."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._handle = ""

    async def bind(self, wished: str) -> str:
        """Asks for the keys. Returns what the desktop says one has to press. Raises PortalRefused,
        KeysRefused."""
        talk = self._talk
        await talk.begin((SHORTCUTS, SESSION))
        made = await talk.request(
            SHORTCUTS, "CreateSession", "a{sv}", {"session_handle_token": ("s", _HANDLE)}
        )
        self._handle = str(made.get("session_handle", ("s", ""))[1])
        shortcut = {
            "description": ("s", tr("Show or hide the quick chat")),
            "preferred_trigger": ("s", wished),
        }
        told = await talk.request(
            SHORTCUTS, "BindShortcuts", "oa(sa{sv})sa{sv}", self._handle, [(SHORTCUT, shortcut)], "", {}
        )
        for name, about in told.get("shortcuts", ("", []))[1]:
            if name == SHORTCUT:
                return str(about.get("trigger_description", ("s", ""))[1])
        raise KeysRefused(tr("The desktop has given the quick chat no keys."))

    async def listen(self, pressed: Callable[[str], None]) -> None:
        """Hears of presses, until the session or the portal ends."""
        from jeepney import HeaderFields

        while True:
            signal = await self._talk.signal()
            fields = signal.header.fields
            member = fields[HeaderFields.member]
            if member == "Activated" and signal.body[:2] == (self._handle, SHORTCUT):
                pressed(str(signal.body[3].get("activation_token", ("s", ""))[1]))
            ended = member == "Closed" and fields[HeaderFields.path] == self._handle
            if ended or (member == "NameOwnerChanged" and signal.body[0] == BUS_NAME):
                return


def _words_of(refused: PortalRefused) -> str:
    words = {
        "no bus": tr("This desktop has no message bus to ask for keys."),
        "no library": tr("Asking the desktop needs the library {0}."),
        "silent": tr("The desktop's message bus does not answer."),
        "no portal": tr("This desktop has no portal that gives keys."),
        "no interface": tr("This desktop's portal gives no keys."),
        "error": tr("The desktop refuses: {0}"),
        "denied": tr("You have not allowed it."),
        "failed": tr("The desktop refuses these keys."),
    }
    return words[refused.why].format(refused.detail)
