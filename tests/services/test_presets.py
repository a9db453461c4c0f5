"""Presets: kept, put on lanes as a copy, begun with, deleted and brought back."""

from __future__ import annotations

import msgspec
import pytest
from tests.loopback.server import LoopbackServer
from tests.services.conftest import MODEL, Open

from chatbench.core.changes import Changes
from chatbench.core.conversations import Draft
from chatbench.core.errors import ConfigurationError, StorageError
from chatbench.core.models import ModelRef
from chatbench.core.params import Parameters
from chatbench.core.presets import Preset
from chatbench.services import Services

OTHER = ModelRef("loop", "other")
PIRATE = Preset(
    name="Pirate",
    icon="🏴‍☠️",
    system="Talk like a pirate.",
    model=OTHER,
    parameters=Parameters(temperature=1.5),
)
BRIEF = Preset(name="Brief", icon="scissors", system="Be brief.")


async def names(services: Services) -> list[str]:
    return [preset.name for preset in await services.presets.all()]


async def test_a_preset_is_kept_as_it_was(opened: Open) -> None:
    async with opened() as services:
        saved = await services.presets.save(PIRATE)
        assert saved.id
        assert msgspec.structs.replace(saved, id="") == PIRATE
    async with opened() as services:
        assert await services.presets.all() == (saved,)
        assert await services.presets.get(saved.id) == saved


async def test_presets_stand_in_the_order_of_the_person(services: Services) -> None:
    first, second, third = [
        await services.presets.save(Preset(name=name)) for name in ("first", "second", "third")
    ]
    await services.presets.arrange([third.id, first.id])
    assert await names(services) == ["third", "first", "second"]
    await services.presets.delete(second.id)
    await services.presets.save(Preset(name="fourth"))
    assert await names(services) == ["third", "first", "fourth"]


async def test_a_change_is_written_and_announced(services: Services, heard: list[Changes]) -> None:
    saved = await services.presets.save(BRIEF)
    changed = await services.presets.save(
        msgspec.structs.replace(saved, name="  Very \n brief ", model=MODEL)
    )
    assert (changed.id, changed.name, changed.model) == (saved.id, "Very brief", MODEL)
    assert await services.presets.all() == (changed,)
    await services.presets.delete(saved.id)
    assert [change.presets for change in heard] == [True, True, True]


async def test_a_deleted_preset_is_brought_back_to_its_place(services: Services) -> None:
    first = await services.presets.save(PIRATE)
    await services.presets.save(BRIEF)
    deleted = await services.presets.delete(first.id)
    assert await names(services) == ["Brief"]
    assert await services.presets.save(deleted) == first
    assert await names(services) == ["Pirate", "Brief"]


async def test_a_lane_asks_with_it_from_then_on(services: Services, server: LoopbackServer) -> None:
    preset = await services.presets.save(PIRATE)
    conversation = await services.chat.new_conversation(MODEL, system="Be kind.")
    lane = conversation.lanes[0]
    assert await services.presets.apply(conversation.id, lane.id, preset.id) == lane
    await services.presets.delete(preset.id)
    await services.chat.wait(await services.chat.send(conversation.id, Draft(text="Hi")))
    sent = server.asked[-1].json
    assert (sent["model"], sent["temperature"]) == ("other", 1.5)
    assert sent["messages"][0]["content"] == "Talk like a pirate."
    after = (await services.history.load(conversation.id)).lanes[0]
    assert after.leaf is not None
    await services.history.update_lane(conversation.id, lane)
    undone = (await services.history.load(conversation.id)).lanes[0]
    assert undone == msgspec.structs.replace(lane, leaf=after.leaf)


async def test_a_preset_without_a_model_leaves_the_lane_its_own(services: Services) -> None:
    preset = await services.presets.save(BRIEF)
    conversation = await services.chat.new_conversation(OTHER)
    await services.presets.apply(conversation.id, conversation.lanes[0].id, preset.id)
    (lane,) = (await services.history.load(conversation.id)).lanes
    assert (lane.model, lane.system) == (OTHER, "Be brief.")


async def test_a_chat_begins_with_a_preset(services: Services, server: LoopbackServer) -> None:
    preset = await services.presets.save(PIRATE)
    conversation = await services.presets.new_conversation(preset.id)
    assert await services.history.load(conversation.id) == conversation
    await services.chat.wait(await services.chat.send(conversation.id, Draft(text="Hi")))
    assert server.asked[-1].json["temperature"] == 1.5
    temporary = await services.presets.new_conversation(preset.id, temporary=True)
    assert temporary.summary.temporary
    assert temporary.lanes[0].system == PIRATE.system


async def test_what_is_not_there_is_told(services: Services) -> None:
    conversation = await services.chat.new_conversation(MODEL)
    preset = await services.presets.save(BRIEF)
    for wrong in (services.presets.get("x"), services.presets.delete("x"),
                  services.presets.new_conversation("x"),
                  services.presets.apply(conversation.id, conversation.lanes[0].id, "x"),
                  services.presets.apply("x", "y", preset.id)):  # fmt: skip
        with pytest.raises(StorageError):
            await wrong
    with pytest.raises(ConfigurationError):
        await services.presets.apply(conversation.id, "x", preset.id)
    with pytest.raises(ConfigurationError):
        await services.presets.save(Preset(name=" "))
