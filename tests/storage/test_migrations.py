"""Profiles made by earlier versions, opened by this one."""

from __future__ import annotations

import apsw

from chatbench.core.conversations import Draft, Lane
from chatbench.core.models import ModelRef
from chatbench.core.params import Parameters
from chatbench.storage.conversations import ConversationStore
from chatbench.storage.database import Database
from chatbench.storage.migrations import MIGRATIONS
from chatbench.storage.profile import Profile

BEFORE_LANES = 2
_AS_IT_WAS = """
INSERT INTO conversations (id, title, created_at, updated_at, message_count) VALUES ('c', 'Old', 1, 2, 2);
INSERT INTO lanes (id, conversation_id, position, provider, model, system, parameters, leaf) VALUES
    ('first', 'c', 0, 'anthropic', 'claude-opus-5-5', 'Be brief.', '{"temperature":0.5}', 'a'),
    ('second', 'c', 1, NULL, NULL, '', '{}', 'q');
INSERT INTO messages (seq, id, conversation_id, turn_id, role, state, created_at) VALUES
    (1, 'q', 'c', 't', 'user', 'done', 1);
INSERT INTO messages (seq, id, conversation_id, parent_id, turn_id, role, state, lane_id, provider, model,
                      created_at) VALUES
    (2, 'a', 'c', 'q', 't', 'assistant', 'done', 'first', 'anthropic', 'claude-opus-5-5', 2);
INSERT INTO contents (seq, parts, details) VALUES
    (1, '[{"type":"text","text":"Why?"}]', '{}'),
    (2, '[{"type":"text","text":"Because."}]', '{"attempts":1}');
INSERT INTO drafts (conversation_id, draft, updated_at) VALUES ('c', '{"text":"not sent"}', 3);
"""


async def test_lanes_and_messages_from_before_lanes_could_be_closed(profile: Profile) -> None:
    """All are there and open, and the copy from before the change is whole."""
    old = Database.open(profile.database, backups=profile.backups, migrations=MIGRATIONS[:BEFORE_LANES])
    await old.write(lambda c: c.execute(_AS_IT_WAS).fetchall())
    await old.close()

    database = Database.open(profile.database, backups=profile.backups)
    store = ConversationStore(database, profile.owner)
    conversation = await store.load("c")
    assert conversation.lanes == (
        Lane(
            id="first",
            model=ModelRef("anthropic", "claude-opus-5-5"),
            system="Be brief.",
            parameters=Parameters(temperature=0.5),
            leaf="a",
        ),
        Lane(id="second", position=1, leaf="q"),
    )
    assert conversation.closed_lanes == ()
    assert [(m.text, m.edited) for m in conversation.messages] == [("Why?", False), ("Because.", False)]
    assert conversation.draft == Draft(text="not sent")
    assert await store.close_lanes("c", ["second"]) == ["second"]
    assert await database.check() == []
    await database.close()

    (copy,) = profile.backups.iterdir()
    assert copy.name.startswith(f"before-v{len(MIGRATIONS)}-")
    with_copy = apsw.Connection(str(copy), flags=apsw.SQLITE_OPEN_READONLY)
    assert with_copy.pragma("user_version") == BEFORE_LANES
    assert with_copy.execute("SELECT count(*) FROM lanes").fetchone() == (2,)
    with_copy.close()


async def test_titles_from_before_models_could_give_them_are_a_person_s(profile: Profile) -> None:
    """No model writes over them."""
    old = Database.open(profile.database, backups=profile.backups, migrations=MIGRATIONS[:BEFORE_LANES])
    await old.write(lambda c: c.execute(_AS_IT_WAS).fetchall())
    await old.close()
    database = Database.open(profile.database, backups=profile.backups)
    store = ConversationStore(database, profile.owner)
    assert await store.titled_by("c") == "person"
    assert not await store.title_by_model("c", "New")
    head = await store.summary("c")
    assert head is not None
    assert head.title == "Old"
    await database.close()
