"""What is known of each model: the user's rows over the provider's live list over the shipped table.

A live list may still name parameters that its models have come to refuse, so of two answers about them only
what both accept is sent. A model that none of the three knows gets the careful default row (source
"default"). A dated snapshot is looked up by its family, `vendor/model` by the vendor's own row.
resources/models.json is read when a row is first asked for, and of it only the providers asked for.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Protocol

import msgspec

from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import UnknownModel
from chatbench.core.models import GUIDE, Effort, ImageLimits, Modality, ModelInfo, ModelRef
from chatbench.core.params import CAREFUL
from chatbench.core.resources import resource

log = logging.getLogger(__name__)

_MODEST = frozenset({"temperature", "top_p", "max_output_tokens", "stop"})
_CHAT = _MODEST | {"presence_penalty", "frequency_penalty", "seed"}
_FIXED = frozenset({"max_output_tokens", "stop"})
PROFILES: dict[str, frozenset[str]] = {
    "openai": frozenset({"temperature", "top_p", "max_output_tokens", "verbosity"}),
    "openai-fixed": frozenset({"max_output_tokens", "verbosity"}),
    "openai-o": frozenset({"max_output_tokens"}),
    "openai-plain": _CHAT,
    "anthropic": _MODEST | {"top_k"},
    "anthropic-fixed": _FIXED,
    "gemini": _CHAT | {"top_k"},
    "gemini-fixed": _FIXED | {"seed"},
    "groq": _MODEST | {"seed"},
    "mistral": _CHAT | {"top_k"},
    "cohere": _CHAT | {"top_k"},
    "deepseek": _CHAT - {"seed"},
    "deepseek-fixed": _FIXED,
    "xai": _MODEST | {"seed"},
    "together": _CHAT,
    "fireworks": _CHAT,
    "cerebras": _MODEST | {"seed"},
    "perplexity": _MODEST,
}
"""Parameters by the name that rows of models.json use."""

_WIRES: dict[str, frozenset[str]] = {
    "openai_responses": frozenset({"temperature", "top_p", "max_output_tokens", "verbosity", "extra_body"}),
    "anthropic": PROFILES["anthropic"] | {"extra_body"},
    "openai_chat": _CHAT | {"verbosity", "extra_body"},
    "mistral": _CHAT | {"top_k", "extra_body"},
    "cohere": _CHAT | {"top_k", "extra_body"},
    "ollama": _CHAT | {"top_k", "extra_body"},
}
"""What a wire has a field for; the others have one for everything a row names."""

_VENDORS = {
    "openai": "openai",
    "anthropic": "anthropic",
    "google": "gemini",
    "gemini": "gemini",
    "mistralai": "mistral",
    "mistral": "mistral",
    "cohere": "cohere",
    "x-ai": "xai",
    "xai": "xai",
    "deepseek": "deepseek",
    "deepseek-ai": "deepseek",
    "perplexity": "perplexity",
}
_BARE_VENDORS = ("openai", "anthropic", "gemini", "mistral", "xai", "deepseek", "cohere")
_SUFFIXES = (
    re.compile(r"(:)[a-z\d-]+\Z"),
    re.compile(r"[-@](\d{8}|\d{4}-\d{2}-\d{2})\Z"),
    re.compile(r"-preview-(\d{2}-\d{2,4})\Z"),
    re.compile(r"-(latest|preview|exp|\d{3,4})\Z"),
)

GUIDE_INFO = ModelInfo(
    ref=GUIDE,
    name="Guide",
    inputs=frozenset({"text", "image"}),
    tools=False,
    thinking="optional",
    efforts=("none", "medium"),
    parameters=frozenset(),
    local=True,
    source="catalogue",
)


class Endpoints(Protocol):
    """Where endpoints come from: the registry."""

    def get(self, endpoint_id: str, /) -> Endpoint | None: ...

    def endpoints(self) -> Iterable[Endpoint]: ...


class _Row(msgspec.Struct, frozen=True):
    """A row of models.json; `inputs` and `outputs` are those beside text."""

    id: str
    name: str = ""
    context_window: int | None = None
    max_output_tokens: int | None = None
    inputs: tuple[Modality, ...] = ()
    outputs: tuple[Modality, ...] = ()
    tools: bool | None = None
    thinking: str | None = None
    efforts: tuple[Effort, ...] = ()
    thinking_budget: bool = False
    parameters: str = ""
    sampling_only_without_thinking: bool = False
    images: ImageLimits = ImageLimits()
    shutdown_on: str = ""

    def info(self, provider: str) -> ModelInfo:
        fields = {name: getattr(self, name) for name in self.__struct_fields__[1:]}
        fields["inputs"] = frozenset({"text", *self.inputs})
        fields["outputs"] = frozenset({"text", *self.outputs})
        fields["parameters"] = PROFILES.get(self.parameters)
        return ModelInfo(ref=ModelRef(provider, self.id), source="catalogue", **fields)


class _Models(msgspec.Struct, frozen=True):
    models: tuple[_Row, ...]


class _Shipped(msgspec.Struct, frozen=True):
    date: str
    providers: dict[str, msgspec.Raw]


class _Table:
    """The shipped rows of one provider, in their order, found by id or by family."""

    def __init__(self, provider: str, rows: Sequence[_Row]) -> None:
        self.infos = tuple(row.info(provider) for row in rows)
        self.places = {_plain(info.ref.id): place for place, info in enumerate(self.infos)}

    def find(self, model_id: str) -> ModelInfo | None:
        for spelling, snapshot in families(model_id):
            place = self.places.get(_plain(spelling))
            if place is not None:
                info = self.infos[place]
                if snapshot and info.name:
                    return msgspec.structs.replace(info, name=f"{info.name} ({snapshot})")
                return info
        return None


class Catalogue:
    """Rows of every model of every endpoint. `cache` is a file that keeps the live lists."""

    def __init__(self, endpoints: Endpoints, cache: Path | None = None) -> None:
        self._endpoints = endpoints
        self._cache = cache
        self._tables: dict[str, _Table] = {}
        self._merged: dict[ModelRef, tuple[Endpoint | None, ModelInfo]] = {}

    @property
    def catalogue_of(self) -> str:
        """ISO date of the shipped table."""
        return self._shipped.date

    def info(self, ref: ModelRef) -> ModelInfo:
        """The row of any model, known or not."""
        if ref == GUIDE:
            return GUIDE_INFO
        endpoint = self._endpoints.get(ref.provider)
        cached = self._merged.get(ref)
        if cached is None or cached[0] is not endpoint:
            cached = self._merged[ref] = (endpoint, self._merge(ref, endpoint))
        return cached[1]

    def models(self, provider: str, on: date | None = None) -> tuple[ModelInfo, ...]:
        """A provider's chat models, newest first; those shut down before `on` (today) left out.

        What the user named by hand comes alone; else the live list; without one, the shipped rows.
        """
        if provider == GUIDE.provider:
            return (GUIDE_INFO,)
        endpoint = self._endpoints.get(provider)
        today = (on or datetime.now(UTC).date()).isoformat()
        live = self._live.get(provider)
        named = dict.fromkeys(endpoint.models) if endpoint else {}
        if not named and live is not None:
            named = dict.fromkeys(self._ordered(provider, live))
        elif not named:
            named = dict.fromkeys(info.ref.id for info in self._table(provider).infos)
        named |= dict.fromkeys(row.ref.id for row in endpoint.rows) if endpoint else {}
        infos = (self.info(ModelRef(provider, model_id)) for model_id in named)
        return tuple(
            info
            for info in infos
            if "text" in info.outputs
            and (not info.shutdown_on or info.shutdown_on >= today or (live and info.ref.id in live))
        )

    def update_live(self, provider: str, rows: Iterable[ModelInfo]) -> None:
        """Takes over a provider's own list, and writes it to the cache if there is one."""
        self._live[provider] = {row.ref.id: row for row in rows}
        self._merged.clear()
        if self._cache is None:
            return
        lists = {name: tuple(table.values()) for name, table in self._live.items()}
        partial = self._cache.with_name(f"{self._cache.name}.{os.getpid()}.part")
        try:
            partial.write_bytes(msgspec.json.encode(lists))
            partial.chmod(0o600)
            partial.replace(self._cache)
        except OSError as error:
            log.warning("the list of models could not be kept for the next start: %s", error)

    def resolve(
        self, text: str, aliases: Mapping[str, str] | None = None, preferred: Collection[str] = ()
    ) -> ModelRef:
        """The model meant by `provider/model-id`, an alias, or a bare id that is unique.

        After a known provider any id passes (see `note`). `preferred` names the providers that
        decide where a bare id is offered by several. Raises UnknownModel with similar names.
        """
        text = text.strip()
        aliases = aliases or {}
        if text in aliases:
            return self.resolve(aliases[text], {k: v for k, v in aliases.items() if k != text}, preferred)
        provider, slash, model_id = text.partition("/")
        guide = provider == GUIDE.provider  # which has one model, and nobody to ask of another
        if text == str(GUIDE) or (slash and model_id and not guide and self._endpoints.get(provider)):
            return ModelRef(provider, model_id)
        found = self._offering(text) if text else []
        chosen = [ref for ref in found if ref.provider in preferred] or found
        if len(chosen) == 1:
            return chosen[0]
        if chosen:
            names = tuple(str(ref) for ref in chosen)
            raise UnknownModel(
                f"{text!r} is offered by {len(names)} providers.",
                f"Say which: {', '.join(names)}.",
                near=names,
            )
        near = (str(GUIDE),) if guide else self.near(text, aliases)
        hint = f"Did you mean {', '.join(near)}?" if near else "See `chatbench models`."
        raise UnknownModel(f"There is no model called {text!r}.", hint, near=near)

    def near(self, text: str, aliases: Iterable[str] = ()) -> tuple[str, ...]:
        """Up to three names like `text`, best first."""
        import difflib

        names: dict[str, str] = {alias.lower(): alias for alias in aliases}
        for ref in self._all():
            names.setdefault(ref.id.lower(), str(ref))
            names.setdefault(str(ref).lower(), str(ref))
        close = difflib.get_close_matches(text.lower(), names, n=6, cutoff=0.6)
        return tuple(dict.fromkeys(names[name] for name in close))[:3]

    def note(self, ref: ModelRef) -> str:
        """What to tell the user of a model that nobody described; "" for one that is known."""
        if self.info(ref).source != "default":
            return ""
        return f"{ref} is not in the catalogue; it is sent as it is, with careful settings."

    def _offering(self, text: str) -> list[ModelRef]:
        """Every model whose id is `text`; failing that, the vendors whose family it belongs to."""
        exact = [ref for ref in self._all() if ref.id.lower() == text.lower()]
        if exact:
            return exact
        known = (endpoint.id for endpoint in self._endpoints.endpoints() if endpoint.id in _BARE_VENDORS)
        return [ModelRef(vendor, text) for vendor in known if self._table(vendor).find(text)]

    def _all(self) -> Iterator[ModelRef]:
        yield GUIDE
        for endpoint in self._endpoints.endpoints():
            for info in self.models(endpoint.id):
                if info.ref != GUIDE:
                    yield info.ref

    def _merge(self, ref: ModelRef, endpoint: Endpoint | None) -> ModelInfo:
        info = ModelInfo(ref=ref)
        local = endpoint is not None and endpoint.local
        shipped = None if local else self._table(ref.provider).find(ref.id)
        for row in () if local else (self._vendor_row(ref), shipped):
            info = info if row is None else _over(info, row)
        live = self._live.get(ref.provider, {}).get(ref.id)
        if live is not None:
            info = _over(info, live, source="live")
            if shipped is not None and shipped.parameters is not None and live.parameters is not None:
                info = msgspec.structs.replace(info, parameters=shipped.parameters & live.parameters)
        for row in endpoint.rows if endpoint else ():
            if row.ref.id == ref.id:
                info = _over(info, row, source="user")
        takes = _WIRES.get(endpoint.wire) if endpoint else None
        if takes is not None and not (info.parameters or CAREFUL) <= takes:
            info = msgspec.structs.replace(info, parameters=(info.parameters or CAREFUL) & takes)
        # A local server may itself pass a model on to a cloud, and says so.
        here = local and (live is None or live.local)
        return msgspec.structs.replace(info, local=True) if here else info

    def _vendor_row(self, ref: ModelRef) -> ModelInfo | None:
        """The row of whoever made the model, for a provider that resells it under their name."""
        vendor, slash, rest = ref.id.partition("/")
        if slash:
            tables = [_VENDORS[vendor.lower()]] if vendor.lower() in _VENDORS else []
        else:
            rest = ref.id
            tables = [] if ref.provider in self._shipped.providers else list(_BARE_VENDORS)
        for provider in tables:
            row = self._table(provider).find(rest) if provider != ref.provider else None
            if row is not None:
                return msgspec.structs.replace(row, shutdown_on="", thinking_budget=False)
        return None

    def _ordered(self, provider: str, live: Iterable[str]) -> list[str]:
        """Known models as shipped, then the provider's own order, then snapshots of the former."""
        places = self._table(provider).places

        def place(model_id: str) -> int:
            own = places.get(_plain(model_id))
            if own is not None:
                return own
            family = any(_plain(name) in places for name, _ in families(model_id))
            return len(places) + family

        return sorted(live, key=place)

    @cached_property
    def _shipped(self) -> _Shipped:
        return msgspec.json.decode(resource("models.json").read_bytes(), type=_Shipped)

    def _table(self, provider: str) -> _Table:
        if provider not in self._tables:
            raw = self._shipped.providers.get(provider)
            rows = msgspec.json.decode(raw, type=_Models).models if raw else ()
            self._tables[provider] = _Table(provider, rows)
        return self._tables[provider]

    @cached_property
    def _live(self) -> dict[str, dict[str, ModelInfo]]:
        if self._cache is None:
            return {}
        try:
            content = self._cache.read_bytes()
            lists = msgspec.json.decode(content, type=dict[str, tuple[ModelInfo, ...]])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.MsgspecError) as error:
            log.info("the kept lists of models cannot be read and are asked for anew: %s", error)
            return {}
        return {provider: {row.ref.id: row for row in rows} for provider, rows in lists.items()}


def families(model_id: str) -> Iterator[tuple[str, str]]:
    """The id, then the ids of the families it is a snapshot or variant of, each with what was cut off.

    `gpt-4o-2024-08-06` gives itself and `gpt-4o`; a fine-tuned `ft:BASE:…` gives its base.
    """
    yield model_id, ""
    name = model_id.split(":")[1] if model_id.startswith("ft:") and model_id.count(":") > 1 else model_id
    if name != model_id:
        yield name, "fine-tuned"
    for pattern in _SUFFIXES:
        match = pattern.search(name)
        if match:
            name = name[: match.start()]
            yield name, model_id[len(name) :].lstrip("-@:")


def _plain(model_id: str) -> str:
    return model_id.lower().replace(".", "-")


_UNSAID = ModelInfo(ref=GUIDE)


def _over(base: ModelInfo, top: ModelInfo, source: str = "catalogue") -> ModelInfo:
    """`base` with everything that `top` says. A field at its default says nothing.

    Only a row that knows a context window or parameters is believed where it says "text only".
    """
    changes = {
        name: value
        for name in ModelInfo.__struct_fields__
        if (value := getattr(top, name)) != getattr(_UNSAID, name)
    }
    if top.context_window is not None and top.parameters is not None:
        changes |= {"inputs": top.inputs, "outputs": top.outputs}
    return msgspec.structs.replace(base, **{**changes, "ref": base.ref, "source": source})
