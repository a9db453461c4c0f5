"""A suite of 200 rows, two prompts, three models and ten kinds of check, and what a model would answer.

Imported by two interpreters: it imports nothing of the project. Every answer is a function of the question:
the place it asks for is taken from the question itself, so that what a template does to it shows.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any, NamedTuple

ROWS = 200
MODELS = ("gpt-4.1", "gpt-4.1-mini", "gpt-4o-mini")
PROMPTS = 2
CHECKS = (
    "icontains", "not-contains", "regex", "is-json", "word-count", "cost", "equals", "contains-all",
    "levenshtein", "rouge-n",
)  # fmt: skip
"""By promptfoo's names, in the order in which both sides have them."""
KINDS = (
    "right", "wrong city", "right", "elsewhere", "capitals", "right", "fenced", "prose", "missing", "right",
    "line break", "wordy", "right", "refusal", "nothing", "not answered",
)  # fmt: skip
"""What is wrong with an answer. `not answered`: an error that nobody tries again."""
FAILED = {
    "right": "",
    "wrong city": "icontains equals",
    "elsewhere": "icontains regex is-json equals contains-all levenshtein rouge-n",
    "capitals": "regex is-json equals levenshtein",
    "fenced": "regex is-json equals levenshtein",
    "prose": "regex is-json equals levenshtein rouge-n",
    "missing": "regex is-json equals contains-all levenshtein",
    "line break": "regex equals",
    "wordy": "regex is-json word-count equals levenshtein rouge-n",
    "refusal": "icontains not-contains regex is-json equals contains-all levenshtein rouge-n",
    "nothing": "icontains regex is-json word-count equals contains-all levenshtein rouge-n",
}
"""The checks that fail of each, by our reading of them; the dearest model's wordy answers cost too much."""
REFUSAL = "I'm sorry, but I can't help with that."
MOST_EDITS, MOST_WORDS, MOST_USD = 6, 30, 0.001
PROMPT_TOKENS, TOKENS, WORDY_TOKENS = 100, 40, 400
_SYSTEM = "Answer with one line of JSON and nothing else."
_QUESTIONS = (
    "Record {{number}}: which city is the seat of «{{place}}», and how many people live there?",
    "Give record {{number}} of «{{place}}» as JSON.",
)
_ASKED = re.compile(r"ecord (\d+)\b.*«(.*)»", re.DOTALL)
_PLACES = (
    "Vela", "Ober & Unter", 'The "Old" Reach', "Île d'Ys", "back\\slash", "<Mark>", "東の国", "{Brace}",
)  # fmt: skip
_CITIES = ("Orme", "Gießen", "Søndre", "Petra", "Kalvä", "Tunis Minor", "Ulm", "北港")
_WAVES = "🌊🌊🌊🌊"


class Row(NamedTuple):
    """`number` from 0; the answer that is expected has all of it."""

    number: int
    place: str
    city: str
    people: int

    @property
    def expected(self) -> str:
        return record(self.place, self.city, self.people)


class Where(NamedTuple):
    """A cell: `prompt` 0 or 1."""

    row: int
    prompt: int
    model: str


class Answer(NamedTuple):
    """An HTTP status, the text, and how many tokens it is said to have."""

    status: int
    text: str
    tokens: int = TOKENS


@cache
def rows() -> tuple[Row, ...]:
    """All rows; the city of every eighth ends in what JavaScript counts twice."""
    found = []
    for number in range(ROWS):
        city = f"{_CITIES[number % len(_CITIES)]} {number}"
        found.append(
            Row(
                number=number,
                place=f"{_PLACES[number * 3 % len(_PLACES)]} {number}",
                city=city + _WAVES if number % 8 == 7 else city,
                people=1_000 + 37 * number,
            )
        )
    return tuple(found)


def record(place: str, city: str, people: int) -> str:
    """The line that is asked for."""
    return json.dumps({"place": place, "city": city, "people": people}, ensure_ascii=False)


def cells() -> list[Where]:
    """All of them."""
    return [Where(row, prompt, model) for row in range(ROWS) for prompt in range(PROMPTS) for model in MODELS]


def kind_of(cell: Where) -> str:
    """What is wrong with the answer of a cell."""
    place = cell.row * 5 + MODELS.index(cell.model) * 3 + cell.prompt * 7 + cell.row // 16
    return KINDS[place % len(KINDS)]


def failed_of(cell: Where) -> frozenset[str] | None:
    """The checks that fail in a cell; None: it has no answer."""
    kind = kind_of(cell)
    if kind == "not answered":
        return None
    dear = kind == "wordy" and cell.model == MODELS[0]
    return frozenset(FAILED[kind].split()) | ({"cost"} if dear else set())


def text_of(cell: Where) -> str:
    """The answer of a cell that has one."""
    return _said(kind_of(cell), rows()[cell.row])


def answer(model: str, question: str, system: str) -> Answer:
    """What a model says. Raises ValueError for what none of the prompts asks."""
    asked = _ASKED.search(question)
    if asked is None:
        raise ValueError(question)
    row = rows()[int(asked[1])]._replace(place=asked[2])
    kind = kind_of(Where(row.number, 1 if system == _SYSTEM else 0, model))
    if kind == "not answered":
        return Answer(400, "The model has no such record.")
    return Answer(200, _said(kind, row), WORDY_TOKENS if kind == "wordy" else TOKENS)


def _said(kind: str, row: Row) -> str:
    bare = row.city.removesuffix(_WAVES)
    wrong = bare if bare != row.city else f"Q{bare[1:]}"
    return {
        "right": row.expected,
        "wrong city": record(row.place, wrong, row.people),
        "elsewhere": record("Elsewhere", "Nowhere", 7),
        "capitals": row.expected.upper(),
        "fenced": f"```json\n{row.expected}\n```",
        "prose": f"{row.city} is the seat of {row.place}; {row.people} people live there.",
        "missing": json.dumps({"place": row.place, "city": row.city}, ensure_ascii=False),
        "line break": f"{row.expected}\n",
        "wordy": f"{row.expected}{' as far as anybody knows' * 8}",
        "refusal": REFUSAL,
        "nothing": "",
    }[kind]


def configuration(count: int = ROWS) -> dict[str, Any]:
    """The first rows of the suite as promptfoo has it: some checks are templates for all, some with each."""
    schema = {
        "type": "object",
        "required": ["place", "city", "people"],
        "properties": {"people": {"type": "integer", "minimum": 1_000}},
    }
    shared = [
        {"type": "icontains", "value": "{{city}}"},
        {"type": "not-contains", "value": "sorry"},
        {"type": "regex", "value": '"people": {{people}}\\}$'},
        {"type": "is-json", "value": schema},
        {"type": "word-count", "value": {"min": 3, "max": MOST_WORDS}},
        {"type": "cost", "threshold": MOST_USD},
    ]
    chat = [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": _QUESTIONS[1]}]
    return {
        "description": "Seats",
        "prompts": [_QUESTIONS[0], json.dumps(chat, ensure_ascii=False)],
        "providers": [f"openai:chat:{model}" for model in MODELS],
        "defaultTest": {"assert": shared},
        "tests": [_test(row) for row in rows()[:count]],
    }


def lines(count: int = ROWS) -> str:
    """The first rows as JSON Lines, for suite.toml."""
    told = ({**row._asdict(), "expected": row.expected} for row in rows()[:count])
    return "".join(f"{json.dumps(one, ensure_ascii=False)}\n" for one in told)


def _test(row: Row) -> dict[str, Any]:
    return {
        "vars": row._asdict(),
        "assert": [
            {"type": "equals", "value": row.expected},
            {"type": "contains-all", "value": [str(row.number), str(row.people)]},
            {"type": "levenshtein", "value": row.expected, "threshold": MOST_EDITS},
            {"type": "rouge-n", "value": row.expected},
        ],
    }
