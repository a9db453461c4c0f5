"""Where the calls to a model go, as far as it is known by now: address, key, wire and limits."""

from __future__ import annotations

import time
from typing import NamedTuple

import msgspec

from chatbench.client.calling import Calling
from chatbench.client.environment import Environment
from chatbench.client.limits import Bucket
from chatbench.core.endpoints import Endpoint
from chatbench.core.models import ModelInfo, ModelRef
from chatbench.core.secrets import Secret
from chatbench.providers.wire import Wire

_FRESH_S = 0.5


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


async def target_of(
    environment: Environment,
    calling: Calling,
    model: ModelRef,
    source: Endpoint,
    info: ModelInfo,
    api_version: str,
    key: Secret | None,
) -> Target:
    """Looked up anew after half a second, after a refusal, and where its endpoint or a key was
    changed. `key` is sent in place of the one that is kept. Raises whatever finding the key raises."""
    own = key is not None or calling.endpoint is not None or bool(api_version)
    version = environment.keys.version
    if not own:
        known: Target | None = environment.targets.get((model, calling.limits))
        if (
            known is not None
            and known.until > time.monotonic()
            and known.source is source
            and known.keys_version == version
        ):
            return known
    effective = with_version(environment.keys.effective(source), api_version)
    endpoint = environment.learned.endpoint(effective, model)
    if key is None:
        found = await environment.keys.find(endpoint)
        key = found.secret if found else None
    bucket = environment.limiter.bucket(
        endpoint.id,
        key.digest() if key else "",
        model.id,
        calling.limits or endpoint.limits,
        own=calling.limits is not None,
    )
    target = Target(
        source=source,
        endpoint=endpoint,
        info=environment.learned.info(info),
        key=key,
        wire=environment.registry.wire(endpoint.wire),
        bucket=bucket,
        keys_version=version,
        until=time.monotonic() + _FRESH_S,
    )
    if not own:
        environment.targets[model, calling.limits] = target
    return target


def with_version(endpoint: Endpoint, api_version: str) -> Endpoint:
    """The endpoint as a request with an API version of its own finds it."""
    if not api_version:
        return endpoint
    quirks = msgspec.structs.replace(endpoint.quirks, api_version=api_version)
    return msgspec.structs.replace(endpoint, quirks=quirks)
