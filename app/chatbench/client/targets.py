"""Where the calls to a model go, as far as it is known by now: address, key, wire and limits."""

from __future__ import annotations

import time
from typing import NamedTuple

import msgspec

from chatbench.client.environment import Environment
from chatbench.client.limits import Bucket
from chatbench.core.endpoints import Endpoint, Limits
from chatbench.core.models import ModelInfo, ModelRef
from chatbench.core.secrets import Secret
from chatbench.providers.wire import Wire

_FRESH_S = 0.5


class Place(NamedTuple):
    """What a target is known by: a model, and what its caller has of its own. `limits` are in place of
    the endpoint's, `key` is sent in place of the one that is kept."""

    model: ModelRef
    limits: Limits | None
    key: Secret | None
    api_version: str


class Target(NamedTuple):
    """Holds until `until` (monotonic), unless `source` or a key is changed before."""

    source: Endpoint
    endpoint: Endpoint
    info: ModelInfo
    key: Secret | None
    wire: Wire
    bucket: Bucket
    keys_version: int
    until: float


def known_target(environment: Environment, place: Place, source: Endpoint) -> Target | None:
    """The target as it was last looked up; None after half a second, after a refusal, and where its
    endpoint or a key was changed."""
    known: Target | None = environment.targets.get(place)
    if (
        known is not None
        and known.until > time.monotonic()
        and known.source is source
        and known.keys_version == environment.keys.version
    ):
        return known
    return None


async def target_of(environment: Environment, place: Place, source: Endpoint, info: ModelInfo) -> Target:
    """Looks the target up anew, and keeps it. Raises whatever finding the key raises."""
    version = environment.keys.version
    effective = with_version(environment.keys.effective(source), place.api_version)
    endpoint = environment.learned.endpoint(effective, place.model)
    key = place.key
    if key is None:
        found = await environment.keys.find(endpoint)
        key = found.secret if found else None
    bucket = environment.limiter.bucket(
        endpoint.id,
        key.digest() if key else "",
        place.model.id,
        place.limits or endpoint.limits,
        own=place.limits is not None,
    )
    target = environment.targets[place] = Target(
        source=source,
        endpoint=endpoint,
        info=environment.learned.info(info),
        key=key,
        wire=environment.registry.wire(endpoint.wire),
        bucket=bucket,
        keys_version=version,
        until=time.monotonic() + _FRESH_S,
    )
    return target


def with_version(endpoint: Endpoint, api_version: str) -> Endpoint:
    """The endpoint as a request with an API version of its own finds it."""
    if not api_version:
        return endpoint
    quirks = msgspec.structs.replace(endpoint.quirks, api_version=api_version)
    return msgspec.structs.replace(endpoint, quirks=quirks)
