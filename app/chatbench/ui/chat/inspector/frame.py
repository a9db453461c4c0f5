"""The inspector's two views in one frame."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Signal

from chatbench.core.conversations import Conversation, Lane, TreeMessage
from chatbench.services import Services
from chatbench.ui.chat.inspector.conversation import ConversationInspector
from chatbench.ui.chat.inspector.message import MessageInspector
from chatbench.ui.window.inspector import InspectorFrame


class ChatInspector(InspectorFrame):
    """Views "conversation" and "message"; `lane_changed(Lane)` is the reader's change, `context_wanted()`
    the wish to see all that will be sent."""

    lane_changed = Signal(object)
    context_wanted = Signal()

    def __init__(self, services: Services) -> None:
        self.conversation = ConversationInspector(services)
        self.message = MessageInspector(services)
        translate = QCoreApplication.translate
        super().__init__(
            [
                ("conversation", translate("ChatInspector", "Conversation"), self.conversation),
                ("message", translate("ChatInspector", "Message"), self.message),
            ]
        )
        self.conversation.lane_changed.connect(self.lane_changed)
        self.conversation.context_wanted.connect(self.context_wanted)

    def show_conversation(
        self, conversation: Conversation | None, lane: Lane | None, letter: str = ""
    ) -> None:
        """What the conversation's view shows; a message of another conversation, or of one whose models'
        names are hidden, is let go."""
        self.conversation.show_conversation(conversation, lane, letter)
        self.message.follow(conversation if lane is not None else None)

    def show_message(self, message: TreeMessage, place: int = 1, of: int = 1) -> None:
        """Shows a message, the `place`-th `of` its siblings, and turns to its view."""
        self.message.show_message(message, place, of)
        self.show_view("message")


def inspector_frame(services: Services) -> ChatInspector:
    """The inspector of the chats."""
    return ChatInspector(services)
