"""Settings by the names they have in other clients: each is answered with ours."""

from __future__ import annotations

from collections.abc import Iterable

from chatbench.core.errors import UnknownParameter

OURS = {
    "max_requests_per_minute": "limits=Limits(requests_per_minute=…)",
    "requests_per_minute": "limits=Limits(requests_per_minute=…)",
    "rpm": "limits=Limits(requests_per_minute=…)",
    "max_tokens_per_minute": "limits=Limits(tokens_per_minute=…)",
    "tokens_per_minute": "limits=Limits(tokens_per_minute=…)",
    "tpm": "limits=Limits(tokens_per_minute=…)",
    "max_concurrent_requests": "limits=Limits(concurrent=…)",
    "max_concurrency": "limits=Limits(concurrent=…)",
    "max_attempts": "retries=RetryPolicy(max_attempts=…)",
    "max_retries": "retries=RetryPolicy(max_attempts=…), which counts the first one too",
    "num_retries": "retries=RetryPolicy(max_attempts=…), which counts the first one too",
    "request_timeout": "timeouts=Timeouts(total=…)",
    "timeout": "timeouts=Timeouts(total=…)",
    "sampling_params": "parameters=…",
    "model": "models=…",
    "model_name": "models=…",
    "model_names": "models=…",
    "model_weights": "weights=…",
    "api_key": "key=…",
    "api_base": "base_url=…",
    "system_prompt": "system=…",
    "default_headers": "extra_headers=…",
    "default_query": "extra_query=…",
    "max_budget": "budget=…",
    "output_schema": "schema=…, with the call",
    "response_format": "schema=…, with the call, or json_mode=True",
    "response_model": "schema=…, with the call",
}
"""LM Deluge's names, and those of the vendors' own libraries and of others that many have used."""


def refuse_foreign(names: Iterable[str]) -> None:
    """Raises UnknownParameter, with our name, for one that only others use."""
    for name in names:
        if name in OURS:
            raise UnknownParameter(f"There is no parameter called {name!r}.", f"Here it is {OURS[name]}.")
