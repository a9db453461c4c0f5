"""Chatbench: a chat and prompt workbench for language models.

    import chatbench

    client = chatbench.LLMClient("anthropic/claude-sonnet-5-5")
    response = await client.complete("Five surprising names for a pet pelican")
    print(response.text, response.cost)

Asynchronous first; every asynchronous method has a twin that ends in `_sync`. Importing this
package imports nothing heavy: each name is looked up when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from chatbench.client.budget import Budget as Budget
    from chatbench.client.cache import LevelDBCache as LevelDBCache
    from chatbench.client.cache import MappingCache as MappingCache
    from chatbench.client.cache import MemoryCache as MemoryCache
    from chatbench.client.cache import SqliteCache as SqliteCache
    from chatbench.client.conversation import Conversation as Conversation
    from chatbench.client.custom import CustomProvider as CustomProvider
    from chatbench.client.custom import register_custom_provider as register_custom_provider
    from chatbench.client.custom import unregister_custom_provider as unregister_custom_provider
    from chatbench.client.defaults import aclose as aclose
    from chatbench.client.defaults import close as close
    from chatbench.client.defaults import default_environment as default_environment
    from chatbench.client.defaults import open_environment as open_environment
    from chatbench.client.environment import Environment as Environment
    from chatbench.client.lazy import LazyResponse as LazyResponse
    from chatbench.client.llm import LLMClient as LLMClient
    from chatbench.client.many import PromptItem as PromptItem
    from chatbench.client.media import File as File
    from chatbench.client.media import Image as Image
    from chatbench.client.models import Model as Model
    from chatbench.client.models import get_model as get_model
    from chatbench.client.models import get_models as get_models
    from chatbench.client.names import get_aliases as get_aliases
    from chatbench.client.names import get_default_embedding_model as get_default_embedding_model
    from chatbench.client.names import get_default_model as get_default_model
    from chatbench.client.names import remove_alias as remove_alias
    from chatbench.client.names import set_alias as set_alias
    from chatbench.client.names import set_default_embedding_model as set_default_embedding_model
    from chatbench.client.names import set_default_model as set_default_model
    from chatbench.client.profilejobs import cancel_batch_job as cancel_batch_job
    from chatbench.client.profilejobs import cancel_batch_job_sync as cancel_batch_job_sync
    from chatbench.client.profilejobs import list_batches as list_batches
    from chatbench.client.profilejobs import list_batches_sync as list_batches_sync
    from chatbench.client.profilejobs import submit_batch_job as submit_batch_job
    from chatbench.client.profilejobs import submit_batch_job_sync as submit_batch_job_sync
    from chatbench.client.profilejobs import wait_for_batch_job as wait_for_batch_job
    from chatbench.client.profilejobs import wait_for_batch_job_sync as wait_for_batch_job_sync
    from chatbench.client.progress import Progress as Progress
    from chatbench.client.retries import RetryPolicy as RetryPolicy
    from chatbench.client.schemas import schema_dsl as schema_dsl
    from chatbench.client.session import Session as Session
    from chatbench.client.sinks import JsonlSink as JsonlSink
    from chatbench.client.sinks import SqliteSink as SqliteSink
    from chatbench.core import errors as errors
    from chatbench.core import streams as streams
    from chatbench.core.endpoints import Endpoint as Endpoint
    from chatbench.core.endpoints import Limits as Limits
    from chatbench.core.messages import Message as Message
    from chatbench.core.models import ModelInfo as ModelInfo
    from chatbench.core.models import ModelRef as ModelRef
    from chatbench.core.params import Parameters as Parameters
    from chatbench.core.requests import Request as Request
    from chatbench.core.requests import Response as Response
    from chatbench.core.runs import Plan as Plan
    from chatbench.core.tools import ToolDefinition as ToolDefinition
    from chatbench.core.usage import Cost as Cost
    from chatbench.core.usage import Usage as Usage
    from chatbench.main import run_plan as run_plan
    from chatbench.main import run_plan_sync as run_plan_sync
    from chatbench.providers.http import Timeouts as Timeouts

_PLACES = {
    "client.budget": ("Budget",),
    "client.cache": ("LevelDBCache", "MappingCache", "MemoryCache", "SqliteCache"),
    "client.conversation": ("Conversation", "Message"),
    "client.custom": ("CustomProvider", "register_custom_provider", "unregister_custom_provider"),
    "client.defaults": ("aclose", "close", "default_environment", "open_environment"),
    "client.environment": ("Environment",),
    "client.lazy": ("LazyResponse",),
    "client.llm": ("LLMClient",),
    "client.many": ("PromptItem",),
    "client.media": ("File", "Image"),
    "client.models": ("Model", "get_model", "get_models"),
    "client.names": (
        "get_aliases", "get_default_embedding_model", "get_default_model", "remove_alias",
        "set_alias", "set_default_embedding_model", "set_default_model",
    ),
    "client.profilejobs": (
        "cancel_batch_job", "cancel_batch_job_sync", "list_batches", "list_batches_sync", "submit_batch_job",
        "submit_batch_job_sync", "wait_for_batch_job", "wait_for_batch_job_sync",
    ),
    "client.progress": ("Progress",),
    "client.retries": ("RetryPolicy",),
    "client.schemas": ("schema_dsl",),
    "client.session": ("Session",),
    "client.sinks": ("JsonlSink", "SqliteSink"),
    "core.endpoints": ("Endpoint", "Limits"),
    "core.models": ("ModelInfo", "ModelRef"),
    "core.params": ("Parameters",),
    "core.requests": ("Request", "Response"),
    "core.runs": ("Plan",),
    "core.tools": ("ToolDefinition",),
    "core.usage": ("Cost", "Usage"),
    "main": ("run_plan", "run_plan_sync"),
    "providers.http": ("Timeouts",),
}  # fmt: skip
"""Module → the names it gives to this package."""
_MODULES = {name: place for place, names in _PLACES.items() for name in names}
_SUBMODULES = {"errors": "core.errors", "streams": "core.streams"}

__all__ = ["__version__", *_MODULES, *_SUBMODULES]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        found: Any = importlib.import_module(f"chatbench.{_SUBMODULES[name]}")
    elif name in _MODULES:
        found = getattr(importlib.import_module(f"chatbench.{_MODULES[name]}"), name)
    else:
        raise AttributeError(f"module 'chatbench' has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES, *_SUBMODULES})
