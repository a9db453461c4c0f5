"""Finding words again."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import apsw
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.storage import samples

from chatbench.core.ids import new_id
from chatbench.core.messages import FilePart, StoredFile
from chatbench.storage import search
from chatbench.storage.conversations import ConversationStore
from chatbench.storage.database import Database
from chatbench.storage.files import FileStore
from chatbench.storage.owners import Owner
from chatbench.storage.profile import Profile
from chatbench.storage.renditions import RenditionStore

TEXTS = {
    "weather": "今天北京的天气很好，我们去公园吧。",
    "paris": "The café in PARIS has GPT-5.4 on the menu; prix fixe 12.50.",
    "kana": "東京タワーへ行きましょう。한국어 문장도 있습니다.",
    "thai": "สวัสดีครับ โลก",
    "code": "def snake_case(x): return x*2  # C++ and 'quotes'",
}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("天", {"weather"}), ("天气", {"weather"}), ("北京的天", {"weather"}), ("气天", set()),
        ("京", {"weather", "kana"}), ("タワー", {"kana"}), ("한국", {"kana"}), ("สวัส", {"thai"}),
        ("cafe", {"paris"}), ("CAFÉ", {"paris"}), ("paris menu", {"paris"}), ("menu paris nowhere", set()),
        ("par", {"paris"}), ("par ", set()), ("par menu", set()), ("par menu par", set()),
        ("menu par", {"paris"}),
        ('"in paris"', {"paris"}), ('"paris in"', set()), ('"in par', set()), ("gpt-5.4", {"paris"}),
        ("snake_ca", {"code"}), ("C++", {"code"}), ("天气 公园", {"weather"}), ("天气 paris", set()),
        ("", set()), ("   ", set()), ('"', set()), ("*", set()), ("AND OR NOT", set()), ("NEAR(", set()),
    ],
)  # fmt: skip
async def test_queries(store: ConversationStore, query: str, found: set[str]) -> None:
    names = {}
    for name, text in TEXTS.items():
        conversation = await store.create("", samples.lane())
        await samples.exchange(store, conversation, text, "…")
        names[conversation.id] = name
    assert {names[hit.conversation_id] for hit in await store.search(query)} == found


async def test_newest_first_titles_too_and_a_limit(store: ConversationStore) -> None:
    old = await store.create("apple pie", samples.lane())
    asked = await samples.exchange(store, old, "an apple", "two apples")
    new = await store.create("", samples.lane())
    newest = await samples.exchange(store, new, "about apple trees", "no fruit")
    hits = await store.search("apple")
    assert (hits[0].conversation_id, hits[0].message_id is None) == (new.id, False)
    assert {hit.message_id for hit in hits if hit.conversation_id == old.id} == {
        None, asked.id, (await store.load(old.id)).messages[0].id,
    }  # fmt: skip
    assert [hit.created_at for hit in hits] == sorted((hit.created_at for hit in hits), reverse=True)
    assert len(await store.search("apple", 2)) == 2
    assert await store.search("apple", 0) == []
    assert newest.id not in {hit.message_id for hit in hits}


async def test_a_snippet_shows_the_words(store: ConversationStore) -> None:
    conversation = await store.create("Titre", samples.lane())
    text = "blah " * 200 + "un Café\nau lait " + "blah " * 200
    await samples.exchange(store, conversation, text, "…")
    (hit,) = await store.search("cafe lai")
    marked = [hit.snippet[start:end] for start, end in hit.highlights]
    assert marked == ["Café", "lai"]
    assert "\n" not in hit.snippet
    assert hit.snippet.startswith("…blah")
    assert hit.snippet.endswith("blah…")
    assert len(hit.snippet) <= 162
    (hit,) = await store.search("titre")
    assert (hit.snippet, hit.highlights, hit.message_id) == ("Titre", ((0, 5),), None)


async def test_words_inside_others_are_not_marked(store: ConversationStore) -> None:
    conversation = await store.create("", samples.lane())
    await samples.exchange(store, conversation, "concatenate the cat scat 天cat气", "…")
    (hit,) = await store.search("cat the ")
    assert [hit.snippet[start:end] for start, end in hit.highlights] == ["the", "cat", "cat"]


def test_any_text_is_a_query_and_finds_itself(tmp_path: Path) -> None:
    runner = asyncio.Runner()
    database = runner.run(_open(tmp_path / "chatbench.db"))
    owner = Owner(tmp_path)
    store = ConversationStore(database, owner)

    async def store_and_find(text: str) -> None:
        conversation = await store.create("", samples.lane())
        await samples.exchange(store, conversation, text, "…")
        for query in (text, text[: len(text) // 2], f'"{text}', text[::-1]):
            for hit in await store.search(query, 5):
                for start, end in hit.highlights:
                    assert 0 <= start < end <= len(hit.snippet)
        words = [word for word in text.split() if word.isalpha() and word.isascii()]
        if words:
            found = await store.search(f'"{words[0]}"', 1000)
            assert conversation.id in {hit.conversation_id for hit in found}
        await store.trash(conversation.id)

    @settings(max_examples=150)
    @given(st.text(max_size=40) | st.text(alphabet='ab "*()^:+-{}天気\0\ud800.', max_size=30))
    @example('NEAR("a b", 2) {x}: ^a* AND -b')
    @example("İstanbul ﬃ ß")
    def every_text(text: str) -> None:
        runner.run(store_and_find(text))

    try:
        every_text()
    finally:
        runner.run(database.close())
        owner.close()
        runner.close()


async def _open(path: Path) -> Database:
    return Database.open(path)


async def test_what_came_in_the_same_instant_is_in_the_order_of_its_chats(
    store: ConversationStore, database: Database
) -> None:
    """The clock has milliseconds; several writes fit into one."""
    old = await store.create("apple pie", samples.lane())
    while new_id()[:12] == old.id[:12]:
        pass  # for less than a millisecond: within one, ids are in no order
    new = await store.create("", samples.lane())
    await samples.exchange(store, new, "about apple trees", "no fruit")

    def stop_the_clock(connection: apsw.Connection) -> None:
        connection.execute("UPDATE conversations SET updated_at = 1")
        connection.execute("UPDATE messages SET created_at = 1")

    await database.write(stop_the_clock)
    hits = await store.search("apple")
    assert [hit.conversation_id for hit in hits] == [new.id, old.id]


def test_long_texts_are_searched_in_stretches_as_if_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Words may lie across two stretches, begin or end with one, and go on behind it."""
    pattern = search._pattern(search.parse('okapi "zebra crossing" 斑马'))
    texts = [
        before + found + after
        for found in ("okapi", "zebra  crossing", "斑马", "okapis zebra okapi", "xokapi okapi")
        for before in ("", *(" x" * n + " " * (n % 3) for n in range(40)))
        for after in ("", "s", " tail " * 20, "斑")
    ]
    whole = [search._cut(text, pattern) for text in texts]
    assert {bool(marks) for _, marks in whole} == {True, False}
    monkeypatch.setattr(search, "_SLICE", 32)
    monkeypatch.setattr(search, "_OVERLAP", 20)
    assert [search._cut(text, pattern) for text in texts] == whole
    text = "".join(TEXTS.values()) * 3
    assert search.spaced(text) == search._split().sub(r" \1 ", text)


async def test_others_have_their_turn_while_a_long_document_is_looked_through() -> None:
    text = "ápple tree " * 2_000_000 + "okapi"
    looking = asyncio.ensure_future(
        asyncio.to_thread(search._cut, text, search._pattern(search.parse("okapi")))
    )
    longest, before = 0.0, time.monotonic()
    while not looking.done():
        await asyncio.sleep(0)
        now = time.monotonic()
        longest, before = max(longest, now - before), now
    assert looking.result()[0].endswith("okapi")
    assert longest < 0.3


async def test_words_in_a_file_are_told_with_the_name_it_has_in_that_message(
    store: ConversationStore, database: Database, profile: Profile
) -> None:
    """The same file under two names, in two messages; its words are read once."""
    files = FileStore(profile.files, database)
    sha256 = await files.put(b"one file", name="first name.pdf")
    await RenditionStore(files, database).keep_text(sha256, "x " * 50_000 + "okapi")
    for name in ("first.pdf", "second.pdf"):
        conversation = await store.create("", samples.lane())
        part = FilePart(source=StoredFile(sha256=sha256), media_type="application/pdf", name=name)
        asked = samples.question(conversation.id, "Look", None, part)
        await store.begin_turn(conversation.id, [asked], [], [])
    hits = await store.search("okapi")
    assert [hit.file for hit in hits] == ["second.pdf", "first.pdf"]
    assert {hit.snippet[start:end] for hit in hits for start, end in hit.highlights} == {"okapi"}
