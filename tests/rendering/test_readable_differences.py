"""Two answers to one question as models really give them: what of the difference a reader sees.

Each pair says what a person who lays the answers beside each other wants to be shown. Words that happen
to be the same in the middle of something else are no help, however many a longest common subsequence
finds; so there are never more changes than in difflib's account of the words, and mostly fewer.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import NamedTuple

import pytest

from chatbench.rendering.comparison import Pair, Text, aligned
from chatbench.rendering.differences import differences
from chatbench.rendering.document import normalized, parse


class Case(NamedTuple):
    """`wanted`: from `a` to `b`, with [-removed-] and {+added+} around each piece."""

    a: str
    b: str
    wanted: str


CASES = {
    "rewritten: the phrases that were kept, not each small word": Case(
        "A unique index is the only reliable way to prevent duplicate orders. Checking first and "
        "inserting later leaves a gap in which a second request can slip through, and under load that "
        "gap is hit within minutes.",
        "To prevent duplicate orders reliably, add a unique index. Checking first and inserting "
        "afterwards leaves a window in which another request can slip through, and in production that "
        "window is hit sooner than you expect.",
        "[-A unique index is the only reliable way to-] {+To+} prevent duplicate orders {+reliably, add "
        "a unique index+}. Checking first and inserting [-later-] {+afterwards+} leaves a [-gap-] "
        "{+window+} in which [-a second-] {+another+} request can slip through, and [-under load that "
        "gap is hit within minutes-]{+in production that window is hit sooner than you expect+}.",
    ),
    "six words of ten are the same: still one sentence beside the other": Case(
        "The service keeps a small cache of recent results and refreshes each entry after ten minutes, "
        "so that most requests never touch the database.",
        "Our backend maintains a small store of recent answers and regenerates every record after ten "
        "minutes; most lookups therefore never touch the disk.",
        "[-The service keeps-] {+Our backend maintains+} a small [-cache-] {+store+} of recent "
        "[-results and refreshes each entry-] {+answers and regenerates every record+} after ten "
        "minutes[-, so that most requests-] {+; most lookups therefore+} never touch the "
        "[-database-]{+disk+}.",
    ),
    "a sentence put between: that sentence, whole": Case(
        "The first request takes the lock. The third one waits.",
        "The first request takes the lock. The second one fails at once. The third one waits.",
        "The first request takes the lock. {+The second one fails at once.+} The third one waits.",
    ),
    "a sentence put before all others: that sentence, whole": Case(
        "The third one waits. Nobody else does.",
        "The second one fails. The third one waits. Nobody else does.",
        "{+The second one fails.+} The third one waits. Nobody else does.",
    ),
    "a line put between: that line, whole": Case(
        "Dear Ms Hill\nwith thanks for all\nyours, A",
        "Dear Ms Hill\nwith love and\nwith thanks for all\nyours, A",
        "Dear Ms Hill\n{+with love and+}\nwith thanks for all\nyours, A",
    ),
    "a sentence left out: that sentence, whole": Case(
        "Keep it small. Keep it in memory. Keep a copy of it.",
        "Keep it small. Keep a copy of it.",
        "Keep it small. [-Keep it in memory.-] Keep a copy of it.",
    ),
    "longer: what came to the few words there were": Case(
        "Use a queue.",
        "Use a queue, since the web server then answers at once while a worker does the slow part.",
        "Use a queue{+, since the web server then answers at once while a worker does the slow part+}.",
    ),
    "one phrase in common: two paragraphs": Case(
        "Caches fill up over time, so a job in the background removes whatever was not asked for lately.",
        "Nobody waits: mail goes out in the background, and each bounce is noted beside its address.",
        "[-Caches fill up over time, so a job in the background removes whatever was not asked for "
        "lately.-]{+Nobody waits: mail goes out in the background, and each bounce is noted beside its "
        "address.+}",
    ),
    "one phrase of a short paragraph stands in a long one: two paragraphs": Case(
        "A queue helps here, as said before.",
        "Mail is slow, and so is every call of a printer: a queue helps here since the web server goes on "
        "while a worker waits for whatever it takes.",
        "[-A queue helps here, as said before.-]{+Mail is slow, and so is every call of a printer: a queue "
        "helps here since the web server goes on while a worker waits for whatever it takes.+}",
    ),
    "another statement on a line of code: the line": Case(
        "```\n    return total\n```",
        "```\n    return fetch(url, retries, timeout)\n```",
        "```\n[-    return total-]\n{+    return fetch(url, retries, timeout)+}\n```",
    ),
    "other facts in one skeleton: the facts": Case(
        "The capital of France is Paris, which has about two million inhabitants and lies on the Seine.",
        "The capital of Austria is Vienna, which has almost two million residents and lies on the Danube.",
        "The capital of [-France is Paris-]{+Austria is Vienna+}, which has [-about-] {+almost+} two "
        "million [-inhabitants-] {+residents+} and lies on the [-Seine-]{+Danube+}.",
    ),
    "shorter: what was said with fewer words": Case(
        "You should use a queue, because a queue lets the web server answer at once while a worker does "
        "the slow part in the background, and because it survives a restart.",
        "Use a queue: the web server answers at once, a worker does the slow part, and it survives a "
        "restart.",
        "[-You should use a queue, because a queue lets-] {+Use a queue:+} the web server [-answer-] "
        "{+answers+} at once[-while-] {+,+} a worker does the slow part[-in the background, and "
        "because-] {+, and+} it survives a restart.",
    ),
    "a renamed variable: each place of it": Case(
        "```python\ndef total(items):\n    result = 0\n    for item in items:\n        result += item.price"
        "\n    return result\n```",
        "```python\ndef total(items):\n    amount = 0\n    for item in items:\n        amount += item.price"
        "\n    return amount\n```",
        "```python\ndef total(items):\n    [-result-]{+amount+} = 0\n    for item in items:\n"
        "        [-result-]{+amount+} += item.price\n    return [-result-]{+amount+}\n```",
    ),
    "another language: two paragraphs, no word by word": Case(
        "The moon is a rock that circles the earth in a month. It has no air, and no weather.",
        "Der Mond ist ein Fels, der die Erde in einem Monat umkreist. Er hat keine Luft, kein Wetter.",
        "[-The moon is a rock that circles the earth in a month. It has no air, and no weather.-]"
        "{+Der Mond ist ein Fels, der die Erde in einem Monat umkreist. Er hat keine Luft, kein Wetter.+}",
    ),
    "another answer: two paragraphs, though is, for, you and it are in both": Case(
        "I would use Postgres here: it is the default for a reason, and you can hire people who know it.",
        "Start with SQLite. A single file is enough for the load that you describe, and a backup is a "
        "copy of it.",
        "[-I would use Postgres here: it is the default for a reason, and you can hire people who know "
        "it.-]{+Start with SQLite. A single file is enough for the load that you describe, and a backup "
        "is a copy of it.+}",
    ),
    "a cell of a table: that cell": Case(
        "| Model | Price |\n|---|---|\n| small | 0.15 |\n| large | 2.50 |\n",
        "| Model | Price |\n|---|---|\n| small | 0.15 |\n| large | 3.00 |\n",
        "| Model | Price |\n|---|---|\n| small | 0.15 |\n| large | [-2.50-] {+3.00+} |\n",
    ),
    "other line breaks: nothing": Case(
        "Every request carries an id of its own, so that the server knows one that it has seen before.",
        "Every request carries an id of its own,\nso that the server knows one\nthat it has seen before.",
        "Every request carries an id of its own,\nso that the server knows one\nthat it has seen before.",
    ),
    "numbers of a list: the numbers, and the item that is new": Case(
        "1. Hosting: 20 euros a month\n2. Domain: 12 euros a year\n",
        "1. Hosting: 35 euros a month\n2. Domain: 12 euros a year\n3. Backup: 5 euros a month\n",
        "1. Hosting: [-20-] {+35+} euros a month\n2. Domain: 12 euros a year\n"
        "{+3. Backup: 5 euros a month+}\n",
    ),
    "written without spaces: the characters": Case(
        "データベースに一意のインデックスを追加すると、重複した注文を防ぐことができます。",
        "データベースに一意の制約を追加すれば、重複する注文を確実に防ぐことができます。",
        "データベースに一意の[-インデックス-]{+制約+}を追加す[-ると-]{+れば+}、重複[-した-]{+する+}"
        "注文を{+確実に+}防ぐことができます。",
    ),
}  # fmt: skip


def marked(a: str, b: str) -> str:
    """Without the white space a piece ends with inside its marks."""
    signs = {"same": ("", ""), "added": ("{+", "+}"), "removed": ("[-", "-]")}
    out: list[str] = []
    for piece in differences(a, b):
        words = piece.text.rstrip()
        left, right = signs[piece.kind]
        out.append(f"{left}{words}{right}{piece.text[len(words) :]}")
    return "".join(out)


def changes(a: str, b: str) -> int:
    """Places at which a reader is stopped."""
    kinds = [piece.kind == "same" for piece in differences(a, b)]
    return sum(not same and (at == 0 or kinds[at - 1]) for at, same in enumerate(kinds))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_reader_sees_what_differs(case: Case) -> None:
    assert marked(case.a, case.b) == case.wanted


@pytest.mark.parametrize(
    ("same", "shown"),
    [
        ("of the", False),
        ("important", False),
        ("commercial", True),
        ("as it is", True),
        ("of , the", False),
        ("a long way", True),
    ],
)
def test_a_short_word_or_two_amid_larger_changes_count_as_changed(same: str, shown: bool) -> None:
    frame = "Whoever has read so far knows what it is about. {} Nothing more is to be said of this today."
    a = frame.format(f"Twenty brown herrings {same} seventeen young millers.")
    b = frame.format(f"Grandmother bakes every {same} yesterday without asking.")
    kept = [piece.text.strip() for piece in differences(a, b) if piece.kind == "same"]
    assert (same in kept) is shown
    assert len(kept) == (3 if shown else 2)


@pytest.mark.parametrize(
    ("a", "b"),
    [("Twenty brown herrings", "Hi"), ("Hi", "Twenty brown herrings")],
)
def test_a_word_beside_a_small_change_stays(a: str, b: str) -> None:
    text = "We know this. {} of the {} and nothing else came of it in all those years."
    for one, other in ((a, b), (b, a)):
        kinds = [piece.kind for piece in differences(text.format("X", one), text.format("Y", other))]
        assert kinds == ["same", "removed", "added", "same", "removed", "added", "same"]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_there_are_no_more_changes_than_difflib_finds_between_the_words(case: Case) -> None:
    if " " in case.a:
        found = SequenceMatcher(None, case.a.split(), case.b.split(), autojunk=False).get_opcodes()
        assert changes(case.a, case.b) <= sum(code[0] != "equal" for code in found)


_APART = ("another", "one phrase")


@pytest.mark.parametrize("name", [name for name in CASES if not name.startswith(_APART)])
def test_what_is_worth_a_comparison_is_laid_beside_each_other(name: str) -> None:
    a, b, _ = CASES[name]
    pairs = aligned(Text(normalized(b), parse(b)), Text(normalized(a), parse(a)))
    assert pairs == [Pair(0, 0)]
