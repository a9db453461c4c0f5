"""The guide's first page, in the place of the words of an empty chat with the guide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QStackedLayout

from chatbench.core.conversations import Draft
from chatbench.core.models import GUIDE
from chatbench.ui.chat.transcript.links import ask_before_opening

if TYPE_CHECKING:
    from chatbench.ui.chat.conversation.aligning import FootAligning
    from chatbench.ui.chat.conversation.view import ConversationView
    from chatbench.ui.chat.welcome import WelcomeView


class FirstPage(QObject):
    """Made when it is first shown."""

    def __init__(self, view: ConversationView, place: QStackedLayout, foot: FootAligning) -> None:
        super().__init__(view)
        self._view = view
        self._place = place
        self._foot = foot
        self._page: WelcomeView | None = None

    def show(self) -> None:
        """Shows it, or the lanes where something was said or another model is to be asked."""
        view = self._view
        wanted = view.lanes.alone and view.lane.model == GUIDE and not view.source.ids()
        if wanted and self._page is None:
            self._page = self._made()
            self._place.addWidget(self._page)
        if self._page is not None:
            self._place.setCurrentWidget(self._page if wanted else view.lanes)
            self._foot.stand_under(self._page if wanted else None)

    def _made(self) -> WelcomeView:
        from chatbench.ui.chat.welcome import WelcomeView

        view = self._view
        page = WelcomeView(view.services, view)
        page.model_chosen.connect(view.choose_model)
        page.question_asked.connect(lambda text: view.questions.ask_with(Draft(text=text)))
        page.provider_wanted.connect(view.provider_wanted)
        page.link_activated.connect(self._ask_about)
        page.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        return page

    def _ask_about(self, url: str) -> None:
        dialog = ask_before_opening(url, url, self._view)
        if dialog is not None:
            dialog.chosen.connect(self._view.open_address)
