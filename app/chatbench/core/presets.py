"""Named assistants: what a conversation asks with, under a name and an icon."""

from __future__ import annotations

import msgspec

from chatbench.core.models import ModelRef
from chatbench.core.params import Parameters


class Preset(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A system prompt, a model (None: whichever is chosen) and parameters. `icon` is an emoji or the
    name of one of the program's icons; presets are listed by `position`. An empty `id` is a new one.
    """

    name: str
    id: str = ""
    icon: str = ""
    system: str = ""
    model: ModelRef | None = None
    parameters: Parameters = Parameters()
    position: int = 0
