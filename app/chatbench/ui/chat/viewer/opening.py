"""Opening attached files: one window for each, however often it is opened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chatbench.ui.window.front import bring_to_front

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from chatbench.core.messages import MediaPart
    from chatbench.services import Services
    from chatbench.ui.chat.viewer.window import ViewerWindow


def open_attachment(
    services: Services, part: MediaPart, siblings: Sequence[MediaPart], parent: QWidget
) -> ViewerWindow:
    """A window that shows a stored file beside the window of `parent`; the one that shows it already comes
    to the front. `siblings` are the files of the same message: one turns from picture to picture."""
    from chatbench.ui.chat.viewer.window import ViewerWindow

    owner = parent.window()
    if isinstance(owner, ViewerWindow):
        owner = owner.owner
    for child in owner.children():
        if isinstance(child, ViewerWindow) and child.part == part:
            bring_to_front(child)
            return child
    made = ViewerWindow(services, part, siblings, owner)
    made.show()
    bring_to_front(made)
    return made
