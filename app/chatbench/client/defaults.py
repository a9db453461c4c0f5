"""Environments as programs open and leave them: the default one, on the user's own profile, opened when it
is needed; and all that nobody has closed, closed at the end."""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import threading
import weakref
from collections.abc import Callable, Coroutine
from typing import Any

from chatbench.client.environment import Environment
from chatbench.client.ledger import Ledger
from chatbench.client.sync import background
from chatbench.core.errors import StorageError
from chatbench.storage.database import Database
from chatbench.storage.keyring import KeyStore
from chatbench.storage.profile import Profile

log = logging.getLogger(__name__)
_lock = threading.Lock()
_environment: Environment | None = None
_opened: weakref.WeakValueDictionary[int, Environment] = weakref.WeakValueDictionary()
"""By their identities: all that are in use and have not been closed."""


def open_environment(profile: Profile | None = None) -> Environment:
    """An environment with a database and a spend ledger, for `aclose_environment` to close, or the
    end of the program. None opens CHATBENCH_HOME's profile, else the user's own. Raises
    StorageError and ConfigurationError."""
    profile = profile or Profile.open()
    database = Database.open(profile.database, backups=profile.backups)
    environment = Environment.open(profile, KeyStore(database), database=database)
    environment.ledger = Ledger(database)
    _opened[id(environment)] = environment
    return environment


async def aclose_environment(environment: Environment) -> None:
    """Closes what `open_environment` opened; what was spent is written down first."""
    _opened.pop(id(environment), None)
    if environment.ledger is not None:
        await environment.ledger.aclose()
    await environment.aclose()
    if environment.database is not None:
        await environment.database.close()
    environment.profile.close()


def default_environment() -> Environment:
    """The one environment of this program, opened by the first call and closed at its end. A child
    process that is forked opens its own; one that was passed along may not be used there."""
    global _environment
    with _lock:
        if _environment is None:
            _environment = open_environment()
        return _environment


def set_default_environment(environment: Environment | None) -> None:
    """Puts another in its place; the one before is not closed."""
    global _environment
    with _lock:
        _environment = environment


async def aclose() -> None:
    """Closes the default environment, if it was opened; the next call opens it anew."""
    global _environment
    with _lock:
        environment, _environment = _environment, None
    if environment is not None:
        await aclose_environment(environment)


def close() -> None:
    """`aclose`, waited for on the calling thread; ends what the synchronous twins have begun, and
    their thread."""
    _wait_for(aclose, needed=_environment is not None)


def _leave() -> None:
    """At the end of the program."""
    _wait_for(_aclose_all, needed=_environment is not None or bool(_opened))


async def _aclose_all() -> None:
    await aclose()
    for environment in list(_opened.values()):
        try:
            await aclose_environment(environment)
        except StorageError:
            log.exception("an environment could not be closed")


def _wait_for(closing: Callable[[], Coroutine[Any, Any, None]], *, needed: bool) -> None:
    if background.runs or (needed and _in_a_loop()):
        background.run(_end(closing))
    elif needed:
        # At exit no thread can be begun any more.
        asyncio.run(closing())
    background.stop()


def _in_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def _end(closing: Callable[[], Coroutine[Any, Any, None]]) -> None:
    await background.end_tasks()
    await closing()


def _forget() -> None:
    """In a child process after a fork: its threads are the parent's, and so are the databases."""
    global _environment, _lock
    for environment in list(_opened.values()):
        environment.http.abandon()
    if _environment is not None:
        _environment.http.abandon()
    _opened.clear()
    _environment, _lock = None, threading.Lock()


atexit.register(_leave)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
