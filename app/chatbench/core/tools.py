"""Tools as a model is told of them. Execution belongs to a higher floor."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from chatbench.core.values import Plain


class ToolDefinition(Plain, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`parameters` is a JSON Schema object; `strict` asks the provider to enforce it."""

    name: str
    description: str = ""
    parameters: dict[str, Any] = {}
    strict: bool = False


class NamedTool(msgspec.Struct, frozen=True):
    """A choice that forces one tool."""

    name: str


ToolChoice = Literal["auto", "none", "required"] | NamedTool
