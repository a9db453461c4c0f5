"""Full-text search: what is indexed, how a person's words become a query, what a hit shows.

Every Chinese, Japanese, Korean or South-East Asian character is a word of its own in the index,
because these are written without spaces; a run of them is looked for as a phrase. The index
holds no text, so snippets are cut from the message itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import apsw
import msgspec

from chatbench.storage import rows

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Myanmar, Khmer
    "\u1100-\u11ff\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035\u303b\u303c"
    "\u3041-\u30ff\u3105-\u312f\u3131-\u318e\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc\U00016fe0-\U00018aff\U0001aff0-\U0001b2ff"
    "\U00020000-\U0003ffff"
)
_NOT_AFTER_WORD = f"(?<![^\\W_{_UNSPACED}])"
_NOT_BEFORE_WORD = f"(?![^\\W_{_UNSPACED}])"
_TERM = re.compile(r'"([^"]*)"?|([^\s"]+)')
_BLANKS = str.maketrans("\n\r\t\f", "    ")
_SNIPPET_LENGTH = 160
_SLICE = 1 << 14
"""Characters that are looked at in one go."""
_OVERLAP = 1 << 10
"""What is found is looked for in stretches; so long it may be across two of them."""
_LEAD = 40


class SearchHit(msgspec.Struct, frozen=True, kw_only=True):
    """Where the words were found. `message_id` is None for a hit in the title; `file` names the
    attachment of the message whose words they are. `highlights` are [start, end) offsets into
    `snippet`; `created_at` is UTC milliseconds; `pinned` is the conversation."""

    conversation_id: str
    message_id: str | None
    title: str
    snippet: str
    highlights: tuple[tuple[int, int], ...]
    created_at: int
    file: str = ""
    pinned: bool = False


class Term(msgspec.Struct, frozen=True):
    """Words that stand together; `prefix`: the last may be the beginning of a longer one."""

    tokens: tuple[str, ...]
    prefix: bool = False


@cache
def _split() -> re.Pattern[str]:
    """Compiled when it is needed: whoever makes calls does not search, and it takes a while."""
    return re.compile(f"([{_UNSPACED}])")


@cache
def _token() -> re.Pattern[str]:
    return re.compile(f"[{_UNSPACED}]|[^\\W_{_UNSPACED}]+")


def index_message(connection: apsw.Connection, seq: int, words: str) -> None:
    """Puts a message's words into the index, in place of what was there."""
    connection.execute("DELETE FROM message_search WHERE rowid = ?", (seq,))
    if words:
        connection.execute("INSERT INTO message_search (rowid, text) VALUES (?, ?)", (seq, spaced(words)))


def index_title(connection: apsw.Connection, seq: int, title: str) -> None:
    """Puts a conversation's title into the index, in place of what was there."""
    connection.execute("DELETE FROM title_search WHERE rowid = ?", (seq,))
    connection.execute("INSERT INTO title_search (rowid, title) VALUES (?, ?)", (seq, spaced(title)))


def index_file(connection: apsw.Connection, seq: int, spaced_words: str) -> None:
    """Puts the words of an attached file into the index, in place of what was there. They are `spaced`
    already: that takes a while for a long document, and nobody who writes is to wait for it."""
    connection.execute("DELETE FROM file_search WHERE rowid = ?", (seq,))
    connection.execute("INSERT INTO file_search (rowid, text) VALUES (?, ?)", (seq, spaced_words))


def rebuild(connection: apsw.Connection) -> None:
    """Makes the index anew from the messages and the words of files."""
    for table in ("message_search", "title_search", "file_search"):
        connection.execute(f"INSERT INTO {table} ({table}) VALUES ('delete-all')")  # noqa: S608
    for seq, parts in connection.execute(
        "SELECT m.seq, c.parts FROM messages AS m JOIN contents AS c ON c.seq = m.seq "
        "WHERE m.state <> 'streaming'"
    ):
        index_message(connection, seq, rows.words_of(rows.parts_of(parts)))
    for seq, title in connection.execute("SELECT seq, title FROM conversations WHERE title <> ''"):
        index_title(connection, seq, title)
    for seq, text in connection.execute("SELECT seq, text FROM file_texts"):
        index_file(connection, seq, spaced(text))


class _Apart(dict[int, str]):
    """Characters of unspaced writing with spaces around them; the others as they are."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        self[code] = f" {letter} " if _split().match(letter) else letter
        return self[code]


_APART = _Apart()


def spaced(text: str) -> str:
    """The text as it is indexed: characters of unspaced writing stand alone."""
    whole = rows.plain(text).replace("\0", " ")
    # In slices, between which other threads have their turn.
    slices = (whole[at : at + _SLICE] for at in range(0, len(whole), _SLICE))
    return "".join(one.translate(_APART) if _split().search(one) else one for one in slices)


def parse(query: str) -> list[Term]:
    """Any text is a valid query: words that must all occur, "quoted words" beside each other."""
    query = rows.plain(query)
    found = list(_TERM.finditer(query))
    terms: list[Term] = []
    for number, match in enumerate(found, 1):
        quoted, bare = match.groups()
        tokens = tuple(_token().findall(quoted if bare is None else bare))
        if tokens:
            open_end = number == len(found) and bare is not None and query.endswith(tokens[-1])
            terms.append(Term(tokens, prefix=open_end))
    return terms


def expression(terms: list[Term]) -> str:
    """The terms in FTS5's own language; tokens hold letters and digits only."""
    return " AND ".join(f'"{" ".join(term.tokens)}"{" *" if term.prefix else ""}' for term in terms)


def find(connection: apsw.Connection, query: str, limit: int) -> list[SearchHit]:
    """Titles, messages and attached files with all the words, newest first; the trash is not
    searched. A message whose own words are found is not told again for its files."""
    terms = parse(query)
    if not terms or limit < 1:
        return []
    wanted, pattern = expression(terms), _pattern(terms)
    hits = [
        *_in_titles(connection, wanted, pattern, limit),
        *_in_messages(connection, wanted, pattern, limit),
    ]
    told = {hit.message_id for hit in hits}
    hits += [hit for hit in _in_files(connection, wanted, pattern, limit) if hit.message_id not in told]
    hits.sort(key=lambda hit: (hit.created_at, hit.conversation_id), reverse=True)  # ids rise with time
    return hits[:limit]


def _in_titles(
    connection: apsw.Connection, wanted: str, pattern: re.Pattern[str], limit: int
) -> Iterator[SearchHit]:
    for conversation_id, title, pinned, updated_at in connection.execute(
        "SELECT v.id, v.title, v.pinned, v.updated_at FROM title_search AS s "
        "CROSS JOIN conversations AS v ON v.seq = s.rowid "
        "WHERE title_search MATCH ? AND v.trashed_at IS NULL ORDER BY s.rowid DESC LIMIT ?",
        (wanted, limit),
    ):
        snippet, highlights = _cut(title, pattern)
        yield SearchHit(
            conversation_id=conversation_id,
            message_id=None,
            title=title,
            snippet=snippet,
            highlights=highlights,
            created_at=updated_at,
            pinned=bool(pinned),
        )


def _in_messages(
    connection: apsw.Connection, wanted: str, pattern: re.Pattern[str], limit: int
) -> Iterator[SearchHit]:
    for conversation_id, message_id, title, pinned, parts, created_at in connection.execute(
        "SELECT m.conversation_id, m.id, v.title, v.pinned, c.parts, m.created_at FROM message_search AS s "
        "CROSS JOIN messages AS m ON m.seq = s.rowid "
        "CROSS JOIN conversations AS v ON v.id = m.conversation_id "
        "CROSS JOIN contents AS c ON c.seq = m.seq "
        "WHERE message_search MATCH ? AND m.deleted_at IS NULL AND v.trashed_at IS NULL "
        "ORDER BY s.rowid DESC LIMIT ?",
        (wanted, limit),
    ):
        snippet, highlights = _cut(rows.words_of(rows.parts_of(parts)), pattern)
        yield SearchHit(
            conversation_id=conversation_id,
            message_id=message_id,
            title=title,
            snippet=snippet,
            highlights=highlights,
            created_at=created_at,
            pinned=bool(pinned),
        )


def _in_files(
    connection: apsw.Connection, wanted: str, pattern: re.Pattern[str], limit: int
) -> Iterator[SearchHit]:
    cut: dict[int, tuple[str, tuple[tuple[int, int], ...]]] = {}
    for conversation_id, message_id, title, pinned, seq, original, parts, created_at in connection.execute(
        "SELECT m.conversation_id, m.id, v.title, v.pinned, t.seq, t.original, c.parts, m.created_at "
        "FROM file_search AS s "
        "CROSS JOIN file_texts AS t ON t.seq = s.rowid "
        "CROSS JOIN file_references AS r ON r.sha256 = t.original "
        "CROSS JOIN messages AS m ON m.seq = r.message_seq "
        "CROSS JOIN contents AS c ON c.seq = m.seq "
        "CROSS JOIN conversations AS v ON v.id = m.conversation_id "
        "WHERE file_search MATCH ? AND m.deleted_at IS NULL AND v.trashed_at IS NULL "
        "ORDER BY m.seq DESC LIMIT ?",
        (wanted, limit),
    ):
        if seq not in cut:
            ((text,),) = connection.execute("SELECT text FROM file_texts WHERE seq = ?", (seq,))
            cut[seq] = _cut(str(text), pattern)
        snippet, highlights = cut[seq]
        yield SearchHit(
            conversation_id=conversation_id,
            message_id=message_id,
            title=title,
            snippet=snippet,
            highlights=highlights,
            created_at=created_at,
            file=rows.name_of_file(rows.parts_of(parts), original),
            pinned=bool(pinned),
        )


class _Folds(dict[int, str]):
    """One character for one, without case and accents, so that offsets stay what they were."""

    def __missing__(self, code: int) -> str:
        import unicodedata

        folded = unicodedata.normalize("NFD", chr(code))[0].lower()
        self[code] = folded if len(folded) == 1 else chr(code)
        return self[code]


_FOLDS = _Folds()


def _pattern(terms: list[Term]) -> re.Pattern[str]:
    alternatives: list[str] = []
    for term in terms:
        words = [re.escape(token.translate(_FOLDS)) for token in term.tokens]
        first, last = term.tokens[0], term.tokens[-1]
        before = "" if _split().match(first) else _NOT_AFTER_WORD
        after = "" if term.prefix or _split().match(last) else _NOT_BEFORE_WORD
        alternatives.append(before + r"[\W_]*".join(words) + after)
    return re.compile("|".join(alternatives))


def _cut(text: str, pattern: re.Pattern[str]) -> tuple[str, tuple[tuple[int, int], ...]]:
    """A piece of the text with the first place where the words were found, and all of them in it."""
    first = _first(text, pattern)
    start = max(0, first[0] - _LEAD) if first else 0
    if start:
        blank = text.find(" ", start, first[0] if first else None)
        start = blank + 1 if blank >= 0 else start
    end = start + _SNIPPET_LENGTH
    if end < len(text):
        blank = text.rfind(" ", first[1] if first else start, end)
        end = blank if blank > start else end
    lead, tail = "…" if start else "", "…" if end < len(text) else ""
    piece = text[start:end].translate(_BLANKS)
    # With the character before, which may say that this is no beginning of a word.
    before = min(1, start)
    folded = text[start - before : end].translate(_FOLDS)
    shift = len(lead) - before
    marks = tuple(
        (match.start() + shift, match.end() + shift)
        for match in pattern.finditer(folded, before)
        if match.end() > match.start()
    )
    return f"{lead}{piece}{tail}", marks


def _first(text: str, pattern: re.Pattern[str]) -> tuple[int, int] | None:
    """Where the pattern is found first; in a long text by stretches that overlap."""
    for at in range(0, len(text), _SLICE):
        begin, end = max(0, at - _OVERLAP), at + _SLICE
        for match in pattern.finditer(text[begin:end].translate(_FOLDS), min(1, begin)):
            # What ends where the stretch ends may go on behind it.
            if begin + match.end() < end or end >= len(text):
                return begin + match.start(), begin + match.end()
    return None
