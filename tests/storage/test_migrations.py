"""Profiles made by earlier versions, opened by this one."""

from __future__ import annotations

from decimal import Decimal

import apsw

from chatbench.core.conversations import Draft, Lane
from chatbench.core.models import ModelRef
from chatbench.core.params import Parameters
from chatbench.storage.conversations import ConversationStore
from chatbench.storage.database import Database
from chatbench.storage.migrations import MIGRATIONS
from chatbench.storage.profile import Profile
from chatbench.storage.runs import RunStore

BEFORE_LANES = 2
BEFORE_SCALES = 12
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


_RATED = """
INSERT INTO runs (number, id, plan, columns, state, rows, created_at) VALUES
    (1, 'r', '{}', '[{"index":0,"label":"","model":"a/b"}]', 'done', 4, 1);
INSERT INTO run_cells VALUES
    (4294967296, 1, '', 1, '', NULL, -1, '0.10', 5, 6, 7, 8),
    (4294967297, 1, '', 1, '', NULL, 1, NULL, 1, 1, 1, 1),
    (4294967298, 1, '', 1, '', NULL, 4, NULL, 1, 1, 1, 1),
    (4294967299, 1, '', 1, '', NULL, NULL, NULL, 1, 1, 1, 1);
INSERT INTO run_answers VALUES
    (4294967296, '{"key":{"row":0,"column":0,"repeat":0},"text":"a","rating":-1,"cost":"0.10","note":"n"}'),
    (4294967297, '{"key":{"row":1,"column":0,"repeat":0},"text":"b","rating":1}'),
    (4294967298, '{"key":{"row":2,"column":0,"repeat":0},"text":"c","rating":4}'),
    (4294967299, '{"key":{"row":3,"column":0,"repeat":0},"text":"d"}');
"""


async def test_ratings_of_cells_from_before_they_had_a_scale(profile: Profile) -> None:
    """Thumbs down is that; the window's worst mark is that, and not thumbs up."""
    old = Database.open(profile.database, backups=profile.backups, migrations=MIGRATIONS[:BEFORE_SCALES])
    await old.write(lambda c: c.execute(_RATED).fetchall())
    await old.close()
    database = Database.open(profile.database, backups=profile.backups)
    store = RunStore(database, profile.owner)
    (run,) = await store.all()
    cells = await store.cells(run, 0, 4)
    assert [(cell.text, cell.rating) for cell in cells] == [("a", "down"), ("b", 1), ("c", 4), ("d", None)]
    assert (cells[0].note, cells[0].cost) == ("n", Decimal("0.10"))
    figures = await store.figures(run)
    assert [one.rating for one in figures] == ["down", "1", "4", None]
    assert figures[0][-5:] == ("0.10", 5, 6, 7, 8)
    await store.rate(run, 0, "up", "")
    assert (await store.cells(run, 0, 1))[0].rating == "up"
    await database.close()
