"""What the workbench asks of the rest of the window, which it does not know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from chatbench.core.models import ModelRef

    PickModel = Callable[[QWidget, ModelRef | None, Callable[[ModelRef], None]], None]


@dataclass(frozen=True)
class Hands:
    """`pick_model(anchor, current, chosen)` lets the reader choose a model beside a widget and calls back
    with it; `open_chat(conversation_id)` shows a chat."""

    pick_model: PickModel
    open_chat: Callable[[str], None]
