"""Named assistants: saved, listed, put on a lane, begun with."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from chatbench.core.changes import Changes
from chatbench.core.conversations import Conversation, Lane
from chatbench.core.errors import ConfigurationError
from chatbench.core.observe import Signal
from chatbench.core.presets import Preset
from chatbench.services.chat import ChatService
from chatbench.storage.conversations import ConversationStore
from chatbench.storage.presets import PresetStore

__all__ = ["Preset", "PresetService"]


class PresetService:
    """A lane takes a copy: a preset that is changed or deleted changes no conversation.

    All methods raise StorageError where there is no such preset.
    """

    def __init__(
        self,
        presets: PresetStore,
        conversations: ConversationStore,
        chat: ChatService,
        changes: Signal[Changes],
    ) -> None:
        self._presets = presets
        self._conversations = conversations
        self._chat = chat
        self._changes = changes

    async def all(self) -> tuple[Preset, ...]:
        """In the person's order."""
        return tuple(await self._presets.all())

    async def get(self, preset_id: str) -> Preset:
        return await self._presets.get(preset_id)

    async def save(self, preset: Preset) -> Preset:
        """Adds it (without an id) or changes it, and returns it with its id and place. Also undoes
        `delete`. Raises ConfigurationError without a name."""
        named = msgspec.structs.replace(preset, name=" ".join(preset.name.split()))
        if not named.name:
            raise ConfigurationError("A preset needs a name.", "Give it one.")
        saved = await self._presets.save(named)
        self._changes.emit(Changes(presets=True))
        return saved

    async def delete(self, preset_id: str) -> Preset:
        """Returns what was deleted: `save` brings it back to its place."""
        deleted = await self._presets.delete(preset_id)
        self._changes.emit(Changes(presets=True))
        return deleted

    async def arrange(self, ids: Sequence[str]) -> None:
        """Puts these first, in this order; the others follow as they stood."""
        await self._presets.arrange(ids)
        self._changes.emit(Changes(presets=True))

    async def apply(self, conversation_id: str, lane_id: str, preset_id: str) -> Lane:
        """From the next question on the lane asks with the preset: its system prompt and parameters,
        and its model where it names one. Returns the lane as it was: `HistoryService.update_lane`
        undoes it. Raises ConfigurationError where there is no such lane."""
        preset = await self._presets.get(preset_id)
        lane = (await self._conversations.tail(conversation_id, 1)).lane(lane_id)
        await self._conversations.update_lane(conversation_id, _with(lane, preset))
        self._changes.emit(Changes(conversations=frozenset({conversation_id})))
        return lane

    async def new_conversation(self, preset_id: str, *, temporary: bool = False) -> Conversation:
        """An empty conversation that asks with the preset; its model is the default where the
        preset names none. `temporary`: see `ChatService.new_conversation`."""
        preset = await self._presets.get(preset_id)
        conversation = await self._chat.new_conversation(
            preset.model, system=preset.system, temporary=temporary
        )
        lane = _with(conversation.lanes[0], preset)
        await self._conversations.update_lane(conversation.id, lane)
        return msgspec.structs.replace(conversation, lanes=(lane,))


def _with(lane: Lane, preset: Preset) -> Lane:
    return msgspec.structs.replace(
        lane, model=preset.model or lane.model, system=preset.system, parameters=preset.parameters
    )
