"""What the signs in the composer offer: `@` models, `/` prompts, `#` past conversations."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from PySide6.QtCore import QCoreApplication

from chatbench.core.errors import ChatbenchError
from chatbench.core.models import GUIDE, ModelRef
from chatbench.services import Services
from chatbench.services.models import ModelGroup, ModelRow
from chatbench.services.templates import Template
from chatbench.ui.chat.composer.completion import PROMPTS
from chatbench.ui.chat.sidebar.rows import local_moment, when
from chatbench.ui.palette.sources import PaletteRow

_LISTED: Final = 500
_HITS: Final = 20


def _tr(text: str) -> str:
    return QCoreApplication.translate("Composer", text)


class ModelOffers:
    """Every model; one that lacks a key only for the words that name it, and then the key is asked for."""

    prefix = "@"

    def __init__(
        self,
        services: Services,
        take: Callable[[ModelRef], object],
        key_wanted: Callable[[str], object],
    ) -> None:
        self.title = _tr("Add a model")
        self._services = services
        self._take = take
        self._key_wanted = key_wanted
        self._groups: tuple[ModelGroup, ...] = ()

    def begin(self) -> None:
        self._groups = self._services.models.groups()

    def rows(self, query: str) -> Sequence[PaletteRow]:
        """The favourites first."""
        wanted = query.casefold()
        offered = [
            (group, row)
            for group in self._groups
            for row in group.rows
            if row.info.ref != GUIDE and (row.usable or wanted)
        ]
        offered.sort(key=lambda one: (not one[1].usable, not one[1].favourite))
        return [self._row(group, row, wanted) for group, row in offered]

    def _row(self, group: ModelGroup, row: ModelRow, wanted: str) -> PaletteRow:
        ref = row.info.ref
        if row.usable:
            do, detail = partial(self._take, ref), str(ref)
        else:
            do, detail = partial(self._key_wanted, ref.provider), f"{_tr('No key yet')} · {ref}"
        return PaletteRow(
            row.info.title,
            do,
            icon="hard-drive" if group.endpoint.local else "cloud",
            detail=detail,
            found=bool(wanted) and wanted in str(ref).casefold(),
        )


class PromptOffers:
    """The saved prompts, and below them the ways to save one."""

    prefix = PROMPTS

    def __init__(
        self,
        services: Services,
        words: Callable[[], str],
        take: Callable[[str, Template], object],
        save: Callable[[], object],
        create: Callable[[], object],
    ) -> None:
        self._services = services
        self._words = words
        self._take = take
        self._save = save
        self._create = create
        self._known: list[tuple[str, Template | ChatbenchError]] | None = None

    @property
    def title(self) -> str:
        """Says that there are none, where there are none."""
        return _tr("Prompts") if self._known else _tr("Prompts: none saved yet")

    def begin(self) -> None:
        self._known = None

    def _read(self) -> list[tuple[str, Template | ChatbenchError]]:
        found: list[tuple[str, Template | ChatbenchError]] = []
        for name in self._services.templates.names():
            try:
                found.append((name, self._services.templates.get(name)))
            except ChatbenchError as error:
                found.append((name, error))
        return found

    async def _read_linked(self) -> list[tuple[str, Template | ChatbenchError]]:
        """Those of linked folders."""
        try:
            offered = await self._services.prompts.offered()
        except ChatbenchError as error:
            return [(_tr("Linked folders"), error)]
        known = [(one.name, one.template or one.error) for one in offered]
        return [(name, one) for name, one in known if one is not None]

    async def rows(self, query: str) -> Sequence[PaletteRow]:
        """A broken one is there, behind the others, and says what is wrong when it is chosen."""
        if self._known is None:
            known = [*await asyncio.to_thread(self._read), *await self._read_linked()]
            self._known = sorted(known, key=lambda one: isinstance(one[1], ChatbenchError))
        rows = []
        for name, template in self._known:
            if isinstance(template, ChatbenchError):
                tell = partial(self._services.notifier.error, template)
                rows.append(PaletteRow(name, tell, icon="circle-alert", detail=template.message))
            else:
                detail = " ".join((template.prompt or template.system)[:200].split())
                take = partial(self._take, name, template)
                rows.append(PaletteRow(name, take, icon="book-open", detail=detail))
        return [*rows, *self._ways(query)]

    def _ways(self, query: str) -> Iterator[PaletteRow]:
        """How a prompt comes to be: what there is to read while there is none."""
        if words := self._words().strip().removesuffix(f"/{query}").strip():
            first = " ".join(words[:200].split())
            yield PaletteRow(
                _tr("Save this text as a prompt…"), self._save, icon="bookmark-plus", detail=first
            )
        about = _tr("Text you use again: / and its name put it in")
        yield PaletteRow(_tr("New prompt…"), self._create, icon="plus", detail=about)


class ConversationOffers:
    """Past conversations: by their titles, and by the words that were said in them."""

    prefix = "#"

    def __init__(self, services: Services, conversation_id: str, take: Callable[[str, str], object]) -> None:
        self.title = _tr("Attach a chat")
        self._history = services.history
        self._own = conversation_id
        self._take = take
        self._listed: list[tuple[str, str, int]] | None = None

    def begin(self) -> None:
        self._listed = None

    async def rows(self, query: str) -> Sequence[PaletteRow]:
        if self._listed is None:
            summaries = await self._history.summaries(_LISTED)
            self._listed = [
                (one.id, one.title or _tr("New chat"), one.updated_at)
                for one in summaries
                if one.message_count and one.id != self._own
            ]
        rows = [self._row(*one) for one in self._listed]
        if query:
            named = {id_ for id_, title, _ in self._listed if query.casefold() in title.casefold()}
            for hit in await self._history.search(query, _HITS):
                if hit.conversation_id not in named | {self._own}:
                    named.add(hit.conversation_id)
                    title = hit.title or _tr("New chat")
                    rows.append(self._row(hit.conversation_id, title, hit.created_at, hit.snippet))
        return rows

    def _row(self, id_: str, title: str, at: int, snippet: str = "") -> PaletteRow:
        return PaletteRow(
            title,
            partial(self._take, id_, title),
            icon="message-square",
            detail=snippet or when(local_moment(at), datetime.now().astimezone().date()),
            found=bool(snippet),
        )
