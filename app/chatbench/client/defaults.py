"""The environment of a program that names none: the user's own profile, opened when it is needed."""

from __future__ import annotations

import asyncio
import atexit
import os
import threading

from chatbench.client.environment import Environment
from chatbench.client.ledger import Ledger
from chatbench.client.sync import background
from chatbench.storage.database import Database
from chatbench.storage.keyring import KeyStore
from chatbench.storage.profile import Profile

_lock = threading.Lock()
_environment: Environment | None = None


def open_environment(profile: Profile | None = None) -> Environment:
    """An environment with a database and a spend ledger, for `aclose_environment` to close. None
    opens CHATBENCH_HOME's profile, else the user's own. Raises StorageError and
    ConfigurationError."""
    profile = profile or Profile.open()
    database = Database.open(profile.database, backups=profile.backups)
    environment = Environment.open(profile, KeyStore(database), database=database)
    environment.ledger = Ledger(database)
    return environment


async def aclose_environment(environment: Environment) -> None:
    """Closes what `open_environment` opened; what was spent is written down first."""
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
    if background.runs or (_environment is not None and _in_a_loop()):
        background.run(_end())
    elif _environment is not None:
        # At exit no thread can be begun any more.
        asyncio.run(aclose())
    background.stop()


def _in_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def _end() -> None:
    await background.end_tasks()
    await aclose()


def _forget() -> None:
    """In a child process after a fork: its threads are the parent's, and so is the database."""
    global _environment, _lock
    if _environment is not None:
        _environment.http.abandon()
    _environment, _lock = None, threading.Lock()


atexit.register(close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
