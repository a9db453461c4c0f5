"""Keys from a desktop portal, over a real bus."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from jeepney.io.asyncio import open_dbus_connection
from tests.harness.portal import REGISTRY, Portal, own, portal
from tests.harness.secret_service import session_bus
from tests.scenarios.window import Run, until

from chatbench.ui.aio import cancel_spawned
from chatbench.ui.globalkeys.portal import PortalKeys
from chatbench.ui.globalkeys.stroke import KeysRefused, Stroke

SPACE = Stroke.of("Ctrl+Alt+Space")


@pytest.fixture
def bus(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A session's bus, with nothing on it; its address."""
    with session_bus(home) as address:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        yield address


class Asking:
    """The keys, and what came of it."""

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.told: list[str] = []
        self.keys = PortalKeys(self.tokens.append, self.told.append)

    async def refused(self, stroke: Stroke = SPACE) -> str:
        with pytest.raises(KeysRefused) as refusal:
            await self.keys.register(stroke)
        return refusal.value.words


def test_the_desktop_is_asked_and_tells_of_presses(bus: str, run_async: Run) -> None:
    async def scenario() -> None:
        asking = Asking()
        async with portal(bus) as desktop:
            desktop.gives = "Super+Space"
            assert await asking.keys.register(SPACE) == "Super+Space"
            assert list(desktop.registered.values()) == ["chatbench"]
            ((_, about),) = desktop.session.shortcuts or []
            assert about["description"] == ("s", "Show or hide the quick chat")
            assert about["preferred_trigger"] == ("s", "CTRL+ALT+space")
            await desktop.activate(shortcut="another")
            await desktop.activate(session="/org/freedesktop/portal/desktop/session/x/y")
            await desktop.activate(activation_token=("s", "leave-1"))
            await desktop.activate()
            await until(lambda: len(asking.tokens) == 2, "the presses")
            assert asking.tokens == ["leave-1", ""]
            client = desktop.session.client
            asking.keys.release()
            await until(lambda: client in desktop.gone, "the end of the session")
            assert asking.told == []

    run_async(scenario())


def test_other_keys_are_a_session_of_their_own(bus: str, run_async: Run) -> None:
    async def scenario() -> None:
        asking = Asking()
        async with portal(bus) as desktop:
            await asking.keys.register(SPACE)
            first = desktop.session.client
            await asking.keys.register(Stroke.of("Meta+Shift+,"))
            await until(lambda: first in desktop.gone, "the end of the first")
            ((_, about),) = desktop.session.shortcuts or []
            assert about["preferred_trigger"] == ("s", "SHIFT+LOGO+comma")
            asking.keys.release()

    run_async(scenario())


def test_older_portals_know_no_registry(bus: str, run_async: Run) -> None:
    async def scenario() -> None:
        asking = Asking()
        async with portal(bus) as desktop:
            desktop.interfaces.remove(REGISTRY)
            assert await asking.keys.register(SPACE) == "Ctrl+Alt+Space"
            asking.keys.release()

    run_async(scenario())


def test_a_response_may_come_before_the_requests_own_answer(bus: str, run_async: Run) -> None:
    async def scenario() -> None:
        asking = Asking()
        async with portal(bus) as desktop:
            desktop.hasty = True
            assert await asyncio.wait_for(asking.keys.register(SPACE), 10) == "Ctrl+Alt+Space"
            asking.keys.release()

    run_async(scenario())


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"answer": 1}, "You have not allowed it."),
        ({"answer": 2}, "The desktop refuses these keys."),
        ({"gives": ""}, "The desktop has given the quick chat no keys."),
        ({"refuses": "An app id is required"}, "The desktop refuses: An app id is required"),
        ({"interfaces": {REGISTRY}}, "This desktop's portal gives no keys."),
    ],
    ids=["reader", "desktop", "none", "error", "no-shortcuts"],
)
def test_a_refusal_is_said_in_words(bus: str, run_async: Run, given: dict[str, object], words: str) -> None:
    async def scenario() -> None:
        asking = Asking()
        async with portal(bus) as desktop:
            for name, value in given.items():
                setattr(desktop, name, value)
            assert await asking.refused() == words
            await until(lambda: desktop.gone, "the connection's end")
            assert asking.told == []

    run_async(scenario())


def test_without_a_portal_or_a_bus_it_is_said(
    bus: str, run_async: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        asking = Asking()
        assert await asking.refused() == "This desktop has no portal that gives keys."
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/bus")
        assert await asking.refused() == "The desktop's message bus does not answer."
        monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
        assert await asking.refused() == "This desktop has no message bus to ask for keys."

    run_async(scenario())


def test_a_portal_or_session_that_ends_is_told(bus: str, run_async: Run) -> None:
    async def scenario() -> None:
        asking = Asking()
        taken = "The desktop has taken these keys away."
        async with portal(bus) as desktop:
            await asking.keys.register(SPACE)
            await desktop.close_session()
            await until(lambda: asking.told == [taken], "the session's end")
            await asking.keys.register(SPACE)
        await until(lambda: asking.told == [taken, taken], "the portal's end")

    run_async(scenario())


def test_a_bus_that_goes_is_told(home: Path, run_async: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        asking = Asking()
        with session_bus(home) as address:
            monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
            connection = await open_dbus_connection(address)
            desktop = await own(connection)
            serving = asyncio.ensure_future(desktop.serve())
            await asking.keys.register(SPACE)
            serving.cancel()
        # The bus may still pass on the portal's end before its own.
        await until(lambda: asking.told, "the end")
        assert len(asking.told) == 1
        await connection.close()

    run_async(scenario())


def test_keys_given_up_while_the_desktop_asks_are_not_taken(bus: str, run_async: Run) -> None:
    async def scenario() -> None:
        asking = Asking()
        async with portal(bus) as desktop:
            desktop.answer = None
            first = asyncio.ensure_future(asking.refused())
            await until(lambda: desktop.sessions and desktop.session.shortcuts, "the question")
            desktop.answer = 0
            await asking.keys.register(SPACE)
            assert await first == "The desktop was no longer asked."
            await desktop.activate()
            await until(lambda: asking.tokens == [""], "the press")
            asking.keys.release()

    run_async(scenario())


def test_the_end_of_the_program_ends_it(bus: str, run_async: Run) -> None:
    async def scenario() -> None:
        asking = Asking()
        async with portal(bus) as desktop:
            await asking.keys.register(SPACE)
            await cancel_spawned()
            await until(lambda: desktop.session.client in desktop.gone, "the end of the session")
            assert asking.told == []

    run_async(scenario())


def test_nobody_but_the_portal_is_believed(bus: str, run_async: Run) -> None:
    async def scenario() -> None:
        asking = Asking()
        async with portal(bus) as desktop, await open_dbus_connection(bus) as stranger:
            await asking.keys.register(SPACE)
            false = Portal(stranger)
            false.sessions = desktop.sessions
            await false.activate()
            await desktop.activate(activation_token=("s", "true"))
            await until(lambda: "true" in asking.tokens, "the true press")
            assert asking.tokens == ["true"]
            asking.keys.release()

    run_async(scenario())
