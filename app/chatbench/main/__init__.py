"""The composition root: makes every service in order. Knows every class below the faces.

Importing this module costs nothing: what it knows is imported when `build` is called.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chatbench.core.runs import Plan
    from chatbench.main.chats import Chats
    from chatbench.main.ground import Ground
    from chatbench.providers.http import HttpClient
    from chatbench.services import Services
    from chatbench.services.preferences import Preferences
    from chatbench.services.profile import ProfileService
    from chatbench.services.runs import Live
    from chatbench.services.runs.carrying import RunOutcome
    from chatbench.services.workbench import Workbench
    from chatbench.storage.meeting import Meeting


def glance(folder: Path | None = None, *, environ: Mapping[str, str] | None = None) -> Preferences:
    """The preferences of the profile `build` would open; the defaults where they cannot be read.

    Makes and imports next to nothing: the window's first paint waits for it.
    """
    from chatbench.core.observe import Signal
    from chatbench.services.preferences import Preferences, PreferencesStore
    from chatbench.storage.places import places

    path = places(folder, os.environ if environ is None else environ).config / "preferences.toml"
    try:
        return PreferencesStore(path, Signal()).current
    except OSError:
        return Preferences()


async def run_plan(
    plan: Plan | Mapping[str, Any] | Path | str | None = None,
    *,
    resume: str = "",
    profile: Path | None = None,
    on_progress: Callable[[Live], object] | None = None,
) -> RunOutcome:
    """Carries out a plan of the workbench: one of the class, a dictionary, a file's name, or TOML; or goes
    on with the run named by `resume` (its number, id or name). What is answered is kept in the profile, as
    from the window; `on_progress` is called several times a second. Cancelled, it pauses the run.

    Raises what is wrong with the plan, and StorageError; what calls fail of is in their cells.
    """
    from chatbench.services.runs.carrying import carry_out

    services = build(profile)
    try:
        await services.profile.ready()
        return await carry_out(services.runs, plan, resume=resume, on_progress=on_progress)
    finally:
        await services.aclose()


def run_plan_sync(*given: Any, **named: Any) -> RunOutcome:
    """`run_plan`, waited for on the calling thread."""
    from chatbench.client.sync import background

    return background.run(run_plan(*given, **named))


def meet(folder: Path | None = None, *, environ: Mapping[str, str] | None = None) -> Meeting:
    """Where a window on the profile that `build` would open is found by a later start. Makes nothing."""
    from chatbench.storage.meeting import Meeting
    from chatbench.storage.places import places

    environ = os.environ if environ is None else environ
    return Meeting(places(folder, environ).data, environ)


def build(
    folder: Path | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    http: HttpClient | None = None,
    log_level: str = "",
    shared_loop: bool = False,
) -> Services:
    """All services of the profile in `folder` (None: CHATBENCH_HOME, else the user's own). `shared_loop`: a
    window lives in the loop of whoever uses them, so that runs leave it its share.

    Returns at once: the database opens on its own thread, and `services.profile.ready()` waits
    for it. Raises ConfigurationError, and StorageError where the folder cannot be made.
    """
    from chatbench.main import chats, ground

    base = ground.lay(folder, os.environ if environ is None else environ, http, log_level)
    talking = chats.make(base)
    return _together(base, talking, shared_loop)


def _together(ground: Ground, chats: Chats, shared_loop: bool) -> Services:
    from chatbench.services import Services
    from chatbench.services.endpoints import EndpointService
    from chatbench.services.exchange import ExchangeService
    from chatbench.services.ratings import RatingService
    from chatbench.services.usage import UsageService
    from chatbench.services.workbench import LaterWorkbench
    from chatbench.storage.ratings import RatingStore

    ratings = RatingStore(ground.database)
    later = LaterWorkbench(partial(_workbench, ground, chats, shared_loop))
    talking = chats._asdict()
    del talking["closing"]
    return Services(
        **talking,
        later=later,
        profile=_profile(ground),
        endpoints=EndpointService(ground.environment, ground.changes),
        usage=UsageService(ground.store),
        ratings=RatingService(ratings, ground.changes),
        exchange=ExchangeService(ground.store, ratings),
        preferences=ground.preferences,
        changes=ground.changes,
        closing=(
            later.aclose,
            *chats.closing,
            chats.fragments.aclose,
            chats.attachments.aclose,
            *ground.closing(),
        ),
    )


def _workbench(ground: Ground, chats: Chats, shared_loop: bool) -> Workbench:
    from chatbench.main import workbench

    return workbench.make(ground, chats, shared_loop=shared_loop)


def _profile(ground: Ground) -> ProfileService:
    from chatbench.services.profile import ProfileService

    return ProfileService(
        ground.profile,
        ground.database,
        ground.store,
        ground.files,
        ground.key_store,
        ground.environment,
        ground.changes,
        preload=_import_workbench,
    )


def _import_workbench() -> None:
    from importlib import import_module

    import_module("chatbench.main.workbench")
