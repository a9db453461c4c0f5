"""Models as a person chooses among them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
from tests.loopback import openai_chat, replies
from tests.loopback.server import LoopbackServer
from tests.services.conftest import MODEL, SIGHTED, Open, loop

from chatbench.core.changes import Changes
from chatbench.core.endpoints import Quirks
from chatbench.core.errors import Authentication, ConfigurationError, UnknownModel
from chatbench.core.messages import user
from chatbench.core.models import GUIDE, ModelInfo, ModelRef
from chatbench.core.observe import Signal
from chatbench.core.params import Parameters
from chatbench.services import Services
from chatbench.services.preferences import PreferencesStore


@pytest.fixture
async def keyed(opened: Open, server: LoopbackServer) -> AsyncIterator[Services]:
    """With a key for Groq in the environment, and Groq at the loopback provider."""
    async with opened(GROQ_API_KEY="gsk-0123456789", GROQ_BASE_URL="http://127.0.0.1:9") as services:
        services.endpoints.save(loop(server))
        yield services


def test_groups_usable_ones_first_and_the_guide_last_of_them(keyed: Services) -> None:
    groups = keyed.models.groups()
    usable = [group.endpoint.id for group in groups if group.rows[0].usable]
    assert {"groq", "loop"} <= set(usable)
    assert usable[-1] == GUIDE.provider
    assert [group.endpoint.id for group in groups][: len(usable)] == usable
    anthropic = next(group for group in groups if group.endpoint.id == "anthropic")
    assert anthropic.key.state == "missing"
    assert any(row.rates is not None for row in anthropic.rows)
    mine = next(group for group in groups if group.endpoint.id == "loop")
    assert [row.info.ref.id for row in mine.rows] == ["m", "other", "sighted"]
    assert all(row.rates is None for row in mine.rows)


def test_default_and_favourites_are_kept(services: Services, heard: list[Changes]) -> None:
    assert services.models.default() is None
    services.models.set_default(MODEL)
    assert services.models.default() == MODEL
    assert services.models.toggle_favourite(SIGHTED)
    rows = [row for group in services.models.groups() for row in group.rows if row.favourite]
    assert [row.info.ref for row in rows] == [SIGHTED]
    assert not services.models.toggle_favourite(SIGHTED)
    services.models.set_default(None)
    assert services.models.default() is None
    assert all(change.preferences for change in heard)


def test_names(services: Services) -> None:
    services.preferences.replace(aliases={"quick": "loop/other", "again": "quick", "round": "round"})
    resolve = services.models.resolve
    assert resolve("loop/anything/at:all") == ModelRef("loop", "anything/at:all")
    assert resolve("sighted") == SIGHTED
    assert resolve("again") == ModelRef("loop", "other")
    assert resolve("chatbench/guide") == GUIDE
    for text in ("nowhere/at-all", "sihgted", "", "/", "loop/", "round"):
        with pytest.raises(UnknownModel):
            resolve(text)
    with pytest.raises(UnknownModel) as caught:
        resolve("sihgted")
    assert "loop/sighted" in caught.value.near


def test_a_note_is_for_what_nobody_named(services: Services) -> None:
    """Not for a model of the user's own list, or one that the catalogue knows."""
    assert services.models.note(MODEL) == ""
    assert services.models.note(GUIDE) == ""
    assert "loop/new is not in the catalogue" in services.models.note(ModelRef("loop", "new"))


async def test_a_live_list_is_taken_over(
    services: Services, server: LoopbackServer, heard: list[Changes]
) -> None:
    services.endpoints.save(loop(server, models=(), rows=()))
    heard.clear()
    assert await services.models.refresh("loop") == 1
    assert heard == [Changes(models=True)]
    (row,) = next(g for g in services.models.groups() if g.endpoint.id == "loop").rows
    assert row.info.ref == ModelRef("loop", "gpt-4.1")


async def test_every_usable_provider_is_asked_once(opened: Open, server: LoopbackServer) -> None:
    """Those that failed are asked again the next time; one failure stops no other."""
    async with opened(BAD_KEY="wrong-0123456789") as services:
        for row in services.endpoints.rows():
            if row.endpoint.local:
                services.endpoints.save(loop(server, id=row.endpoint.id, name="x", models=(), rows=()))
        services.endpoints.save(loop(server, id="bad", auth="bearer", key_env=("BAD_KEY",)))
        count = sum(row.key.state in ("ready", "not_needed") for row in services.endpoints.rows())
        refused = replies.data(openai_chat.error_body("invalid_api_key", None, "no"), 401)
        server.script(*[refused] * count)
        errors = await services.models.refresh_usable()
        assert len(errors) == len(server.asked) == count
        assert isinstance(errors["bad"], Authentication)
        assert await services.models.refresh_usable() == {}
        assert len(server.asked) == 2 * count
        assert await services.models.refresh_usable() == {}
        assert len(server.asked) == 2 * count


def test_estimates(services: Services) -> None:
    """Tokens always; money only where the price is known; nothing is free but what is."""
    question = [user("word " * 1000)]
    known = services.models.estimate(ModelRef("openai", "gpt-4o-mini"), question)
    assert 800 < known.tokens < 1600
    assert known.cost is not None
    assert Decimal("0.00005") < known.cost < Decimal("0.01")
    assert known.share is not None
    assert 0 < known.share < 0.1
    assert not known.free
    unknown = services.models.estimate(MODEL, question, on_top_of=500)
    assert unknown.cost is None
    assert unknown.share is None
    assert unknown.tokens > 1300
    assert services.models.estimate(GUIDE, question).free
    nobody = services.models.estimate(ModelRef("gone", "x"), question)
    assert (nobody.cost, nobody.free) == (None, False)


def test_a_model_that_ollama_passes_on_to_its_cloud_is_not_free(
    services: Services, server: LoopbackServer
) -> None:
    here, cloud = ModelRef("loop", "llama3.2:3b"), ModelRef("loop", "gpt-oss:120b-cloud")
    services.endpoints.save(loop(server, wire="ollama", local=True, models=(here.id, cloud.id), rows=()))
    group = next(group for group in services.models.groups() if group.endpoint.id == "loop")
    assert {row.info.ref: row.free for row in group.rows} == {here: True, cloud: False}
    question = [user("Why?")]
    assert services.models.estimate(here, question).free
    assert not services.models.estimate(cloud, question).free


def test_the_key_of_a_provider(services: Services) -> None:
    state = services.models.key("openai")
    assert state is not None
    assert state.state == "missing"
    assert services.models.key("gone") is None


def test_aliases_are_changed_in_the_file_as_it_is_now(services: Services, heard: list[Changes]) -> None:
    """Another program may have added one meanwhile."""
    other = PreferencesStore(services.profile.folder / "preferences.toml", Signal())
    other.replace(aliases={"theirs": "loop/m"})
    assert services.models.set_alias("mine", "loop/other") == ModelRef("loop", "other")
    assert services.models.aliases() == {"theirs": "loop/m", "mine": "loop/other"}
    assert services.models.set_alias("again", "mine") == ModelRef("loop", "other")
    services.models.remove_alias("mine")
    assert services.models.resolve("again") == ModelRef("loop", "other")
    with pytest.raises(KeyError):
        services.models.remove_alias("mine")
    with pytest.raises(ConfigurationError):
        services.models.set_alias("a/b", "loop/m")
    assert all(change.preferences for change in heard)
    assert len(heard) == 3


def test_the_default_for_embeddings_stands_beside_the_other(services: Services) -> None:
    services.models.set_default(MODEL)
    services.models.set_default_embedding(SIGHTED)
    assert (services.models.default(), services.models.default_embedding()) == (MODEL, SIGHTED)
    services.models.set_default_embedding(None)
    assert (services.models.default(), services.models.default_embedding()) == (MODEL, None)


def test_which_parameters_a_model_is_sent(services: Services, server: LoopbackServer) -> None:
    thinker = ModelInfo(
        ref=ModelRef("loop", "thinker"), efforts=("none", "low", "high"), sampling_only_without_thinking=True,
        parameters=frozenset({"temperature", "max_output_tokens"}),
    )  # fmt: skip
    services.endpoints.save(loop(server, rows=(thinker,), quirks=Quirks(refused=("user",))))
    told = services.models.options(thinker.ref)
    assert set(told) == set(Parameters.__struct_fields__)
    assert told["max_output_tokens"] == told["reasoning_effort"] == told["metadata"] == ""
    assert told["temperature"] == "taken only with reasoning effort none"
    assert told["user"] == "not taken by this provider"
    assert told["top_k"] != ""
