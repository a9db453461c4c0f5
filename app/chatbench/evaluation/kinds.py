"""The kinds of checks there are: what `value` and `options` of each mean, for the window's form, for whoever
writes a plan, and to find what is wrong before a run."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final, Literal, get_args

import msgspec

from chatbench.core.checks import Check, CheckKind, ModelGradedKind
from chatbench.core.errors import ConfigurationError
from chatbench.evaluation.levels import CATEGORIES, levels_problem

FieldType = Literal["text", "long_text", "texts", "number", "integer", "boolean", "choice", "json", "any"]
"""`texts` is one text or a list of them; `json` an object or its JSON; `any` any value."""
GRADED: Final = frozenset(get_args(ModelGradedKind))


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A value that a check takes. `required`: it has none by default; for a check's `value`, that the
    row's expected answer does not stand in for it. `least` and `most` bound a number."""

    name: str
    type: FieldType
    label: str
    description: str = ""
    choices: tuple[str, ...] = ()
    default: Any = None
    required: bool = False
    least: float | None = None
    most: float | None = None


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """`value` None: the check takes none. `threshold` is where a check with a score passes if it sets
    none itself; None: it only passes or fails. `group` is the heading it stands under."""

    name: CheckKind
    title: str
    description: str
    group: Literal["Text", "JSON and tools", "Similarity", "Limits", "Model-graded", "Code"]
    value: Field | None = None
    options: tuple[Field, ...] = ()
    threshold: float | None = None

    @property
    def is_graded(self) -> bool:
        """Whether a model is asked."""
        return self.name in GRADED


def problems(check: Check) -> list[str]:
    """What is wrong with a check, in sentences; nothing for a good one. No answer is needed for it."""
    kind = KINDS.get(check.kind)
    if kind is None:
        return [f"There is no check {check.kind!r}."]
    found = [*_of_value(kind, check), *_of_options(kind, check), *_of_numbers(kind, check)]
    if kind.is_graded and not check.grader:
        found.append("No model is named to grade (grader).")
    if not found and check.kind in _CLOSER:
        found += _CLOSER[check.kind](check)
    return [f"{check.title}: {one}" for one in found]


def threshold_of(check: Check) -> float:
    """From which score on it passes."""
    if check.threshold is not None:
        return check.threshold
    default = KINDS[check.kind].threshold
    return 1.0 if default is None else default


def _of_value(kind: Kind, check: Check) -> list[str]:
    empty = check.value is None or check.value == "" or check.value == []
    if kind.value is None:
        return [] if empty else ["It takes no value."]
    if empty:
        return ["It needs a value."] if kind.value.required else []
    return _wrong(kind.value, check.value, "Its value")


def _of_options(kind: Kind, check: Check) -> list[str]:
    known = {field.name: field for field in kind.options}
    found = [
        f"It has no option {name!r}; {f'there are {_listed(known)}' if known else 'it has none'}."
        for name in check.options
        if name not in known
    ]
    for name, field in known.items():
        if name in check.options:
            found += _wrong(field, check.options[name], f"Its option {name}")
        elif field.required:
            found.append(f"It needs the option {name}.")
    return found


def _of_numbers(kind: Kind, check: Check) -> list[str]:
    found = []
    if check.threshold is not None and not 0 <= check.threshold <= 1:
        found.append("Its threshold is not between 0 and 1.")
    if not math.isfinite(check.weight) or check.weight < 0:
        found.append("Its weight is negative.")
    if check.repeats < 1 or check.repeats > 25:
        found.append("It is repeated 1 to 25 times.")
    return found


def _wrong(field: Field, value: Any, what: str) -> list[str]:
    allowed, words = _TYPES[field.type]
    if not isinstance(value, allowed) or (isinstance(value, bool) and field.type not in ("boolean", "any")):
        return [f"{what} is not {words}."]
    if field.choices and value not in field.choices:
        return [f"{what} is none of {_listed(field.choices)}."]
    if (
        field.type == "texts"
        and isinstance(value, list | tuple)
        and not all(isinstance(v, str) for v in value)
    ):
        return [f"{what} is not {words}."]
    if isinstance(value, int | float) and not isinstance(value, bool):
        if field.least is not None and not value >= field.least:
            return [f"{what} is below {field.least:g}."]
        if field.most is not None and not value <= field.most:
            return [f"{what} is above {field.most:g}."]
    return []


def _listed(names: Any) -> str:
    return ", ".join(map(str, names))


_TYPES: Final[dict[FieldType, tuple[Any, str]]] = {
    "text": (str, "a text"),
    "long_text": (str, "a text"),
    "texts": ((str, list, tuple), "a text or a list of texts"),
    "number": ((int, float, str), "a number"),
    "integer": (int, "a whole number"),
    "boolean": (bool, "true or false"),
    "choice": (str, "a text"),
    "json": ((dict, str), "an object"),
    "any": (object, "a value"),
}


def _closer_regex(check: Check) -> list[str]:
    from chatbench.evaluation.patterns import expression

    try:
        expression(str(check.value or ""))
    except ConfigurationError as error:
        return [error.message]
    return []


def _closer_path(check: Check) -> list[str]:
    from chatbench.evaluation.jsontexts import path_problem

    wrong = path_problem(str(check.options["path"]))
    return [wrong] if wrong else []


def _closer_schema(check: Check) -> list[str]:
    from chatbench.evaluation.jsonschemas import schema_problem

    wrong = schema_problem(check.value) if check.value not in (None, "") else ""
    return [wrong] if wrong else []


def _closer_number(check: Check) -> list[str]:
    from chatbench.evaluation.numerals import numeral

    if (
        isinstance(check.value, str)
        and check.value
        and "{{" not in check.value
        and numeral(check.value) is None
    ):
        return ["Its value is not a number."]
    return []


def _closer_limit(check: Check) -> list[str]:
    if isinstance(check.value, str):
        return ["Its value is not a number."]
    return [] if math.isfinite(check.value) and check.value >= 0 else ["Its value is below 0."]


def _closer_length(check: Check) -> list[str]:
    least, most = check.options.get("min"), check.options.get("max")
    if least is None and most is None:
        return ["It needs the option min or max."]
    return ["Its min is above its max."] if least is not None and most is not None and least > most else []


def _closer_language(check: Check) -> list[str]:
    from chatbench.evaluation.languages import language_named

    if check.value and "{{" not in str(check.value) and not language_named(str(check.value)):
        return [
            f"{check.value!r} is not a language that can be told; write a code as de, or its English name."
        ]
    return []


def _closer_rubric(check: Check) -> list[str]:
    wrong = levels_problem(check.options.get("levels"))
    return [wrong] if wrong else []


def _closer_factuality(check: Check) -> list[str]:
    wrong = levels_problem(check.options.get("scores"), tuple(CATEGORIES))
    return [wrong] if wrong else []


_CLOSER: Final[dict[str, Callable[[Check], list[str]]]] = {
    "regex": _closer_regex,
    "json_path": _closer_path,
    "json_schema": _closer_schema,
    "number": _closer_number,
    "cost": _closer_limit,
    "latency": _closer_limit,
    "tokens": _closer_limit,
    "length": _closer_length,
    "language": _closer_language,
    "rubric": _closer_rubric,
    "factuality": _closer_factuality,
}

_CASE = Field(name="ignore_case", type="boolean", label="Ignore case", default=False)
_SPACE = Field(
    name="ignore_whitespace", type="boolean", label="Ignore white space", default=False,
    description="Several spaces or line breaks count as one, those at the ends not at all.",
)  # fmt: skip
_PUNCTUATION = Field(name="ignore_punctuation", type="boolean", label="Ignore punctuation", default=False)
_LENIENT = (_CASE, _SPACE, _PUNCTUATION)
_FENCE = Field(
    name="fence", type="boolean", label="Also in a code fence", default=False,
    description="Of an answer with a ```json fence in it, the fence is read.",
)  # fmt: skip
_WITHIN = Field(
    name="within", type="boolean", label="Also within other words", default=False,
    description="Of an answer that is more than JSON, each object in it is read; one is enough.",
)  # fmt: skip
_TEXT = Field(name="value", type="text", label="Text", description="Empty: the row's expected answer.")
_ANY = Field(name="value", type="any", label="Value", description="Empty: the row's expected answer.")
_TEXTS = Field(
    name="value", type="texts", label="Texts", description="One a line. Empty: the row's expected answer."
)
_REFERENCE = Field(
    name="value", type="long_text", label="Reference", description="Empty: the row's expected answer."
)
_REFERENCES = msgspec.structs.replace(_TEXTS, label="References")
_EXPECTED = msgspec.structs.replace(_REFERENCE, label="Expected answer")

_ALL: Final = (
    Kind(name="equals", title="Equals", group="Text", value=_ANY, options=_LENIENT,
         description="The answer is this, no more and no less."),
    Kind(name="contains", title="Contains", group="Text", value=_ANY, options=_LENIENT,
         description="The text is somewhere in the answer."),
    Kind(name="contains_any", title="Contains any of", group="Text", value=_TEXTS, options=_LENIENT,
         description="At least one of the texts is in the answer; negated: none of them."),
    Kind(name="contains_all", title="Contains all of", group="Text", value=_TEXTS, options=_LENIENT,
         description="Every one of the texts is in the answer; its score is the share that is."),
    Kind(name="regex", title="Regular expression", group="Text",
         value=Field(name="value", type="text", label="Expression",
                     description="As in Python. Empty: the row's expected answer."),
         options=(
             _CASE,
             Field(name="whole", type="boolean", label="The whole answer matches", default=False),
             Field(name="multiline", type="boolean", label="^ and $ at every line", default=False),
             Field(name="dot_all", type="boolean", label="A point also matches line breaks", default=False),
         ),
         description="Something in the answer matches the expression. A search may take a second."),
    Kind(name="starts_with", title="Starts with", group="Text", value=_TEXT, options=_LENIENT,
         description="The answer begins with the text."),
    Kind(name="ends_with", title="Ends with", group="Text", value=_TEXT, options=_LENIENT,
         description="The answer ends with the text."),
    Kind(name="length", title="Length", group="Text", description="The answer is neither shorter nor longer.",
         options=(
             Field(name="min", type="integer", label="At least", least=0),
             Field(name="max", type="integer", label="At most", least=0),
             Field(name="unit", type="choice", label="Counted in", default="characters",
                   choices=("characters", "words", "lines", "tokens")),
         )),
    Kind(name="language", title="Language", group="Text",
         value=Field(name="value", type="text", label="Language",
                     description="A code as de, or its English name. Empty: the row's expected answer."),
         description="The answer is written in this language."),
    Kind(name="refusal", title="Refusal", group="Text",
         description="The model refused: the provider says so, or the answer begins as refusals do. "
                     "Negate it where it should answer."),
    Kind(name="number", title="Number", group="Text",
         value=Field(name="value", type="number", label="Number",
                     description="Empty: the row's expected answer."),
         options=(
             Field(name="tolerance", type="number", label="May differ by", default=0, least=0),
             Field(name="relative_tolerance", type="number", label="May differ by this share", default=0,
                   least=0),
             Field(name="which", type="choice", label="Of the answer's numbers", default="last",
                   choices=("last", "first", "any")),
             Field(name="decimal", type="choice", label="Decimal sign", default="", choices=("", ".", ","),
                   description="Empty: 1,234 may mean either."),
         ),
         description="A number in the answer is this one."),
    Kind(name="is_json", title="JSON", group="JSON and tools", description="The answer is valid JSON.",
         options=(_FENCE, _WITHIN, Field(name="type", type="choice", label="Of type", default="",
                                choices=("", "object", "array")))),
    Kind(name="json_schema", title="JSON schema", group="JSON and tools", options=(_FENCE, _WITHIN),
         value=Field(name="value", type="json", label="Schema", required=True),
         description="The answer is JSON that fits the schema."),
    Kind(name="json_path", title="JSON path", group="JSON and tools", value=_ANY,
         options=(
             Field(name="path", type="text", label="Path", required=True,
                   description="As in $.items[0].name (RFC 9535)."),
             Field(name="op", type="choice", label="Is", default="==",
                   choices=("==", "!=", "<", "<=", ">", ">=", "contains", "regex", "exists")),
             Field(name="tolerance", type="number", label="May differ by", default=0, least=0),
             Field(name="every", type="boolean", label="Everything the path finds", default=False),
             _FENCE,
         ),
         description="A value in the answer's JSON compares so."),
    Kind(name="tool_called", title="Tool called", group="JSON and tools",
         value=Field(name="value", type="text", label="Tool",
                     description="Empty: the row's expected answer."),
         options=(
             Field(name="arguments", type="json", label="With at least these arguments"),
             Field(name="times", type="integer", label="This often", least=0),
         ),
         description="The model called the tool."),
    Kind(name="levenshtein", title="Edit distance", group="Similarity", value=_REFERENCE, threshold=0.8,
         options=(_CASE, Field(name="most_edits", type="integer", label="At most this many edits", least=0)),
         description="How few characters would have to change, as a share of the longer text."),
    Kind(name="rouge", title="ROUGE", group="Similarity", value=_REFERENCES, threshold=0.75,
         options=(
             Field(name="type", type="choice", label="Of", default="rouge_l",
                   choices=("rouge_l", "rouge_1", "rouge_2"),
                   description="The longest common subsequence of words, words, or pairs of words."),
             Field(name="measure", type="choice", label="Measure", default="f1",
                   choices=("f1", "recall", "precision")),
         ),
         description="How many of the words are shared."),
    Kind(name="bleu", title="BLEU", group="Similarity", value=_REFERENCES, threshold=0.5,
         description="How many runs of up to four words are shared, brevity punished."),
    Kind(name="embedding", title="Same meaning", group="Similarity", value=_REFERENCE, threshold=0.8,
         options=(Field(name="model", type="text", label="Embedding model",
                        description="Empty: the default embedding model."),),
         description="How close the meaning of both texts is, by an embedding model (cosine)."),
    Kind(name="cost", title="Cost", group="Limits", description="The answer cost no more.",
         value=Field(name="value", type="number", label="US dollars", required=True, least=0)),
    Kind(name="latency", title="Time", group="Limits", description="The answer took no longer.",
         value=Field(name="value", type="number", label="Milliseconds", required=True, least=0)),
    Kind(name="tokens", title="Tokens", group="Limits", description="The answer took no more tokens.",
         value=Field(name="value", type="number", label="Tokens", required=True, least=0),
         options=(Field(name="of", type="choice", label="Counted", default="output",
                        choices=("output", "input", "total")),)),
    Kind(name="rubric", title="Rubric", group="Model-graded", threshold=0.5,
         value=Field(name="value", type="long_text", label="What a good answer is", required=True),
         options=(Field(name="levels", type="json", label="Levels",
                        description='Name of a level → score from 0 to 1, as {"poor": 0, "good": 1}.'),),
         description="A model grades the answer by what you write."),
    Kind(name="closed_question", title="Closed question", group="Model-graded",
         value=Field(name="value", type="long_text", label="Question", required=True,
                     description="One that is answered with yes or no; yes passes."),
         description="A model answers a question about the answer with yes or no."),
    Kind(name="compare", title="Same as expected", group="Model-graded", value=_EXPECTED, threshold=0.5,
         description="A model says whether the answer agrees with the expected one."),
    Kind(name="preference", title="Preferred to", group="Model-graded", value=_EXPECTED, threshold=0.75,
         options=(Field(name="criteria", type="long_text", label="What makes one better"),),
         description="A model says which of two answers is better, asked in both orders: better passes, "
                     "a tie counts half and does not."),
    Kind(name="factuality", title="Factuality", group="Model-graded", value=_EXPECTED, threshold=0.5,
         options=(Field(name="scores", type="json", label="Scores",
                        description="Category → score: A subset, B superset, C the same, D disagrees, "
                                    "E differs without mattering."),),
         description="A model says how the facts of the answer relate to those of the expected one."),
    Kind(name="python", title="Python", group="Code", threshold=0.5,
         value=Field(name="value", type="long_text", label="Code", required=True,
                     description="With a function check(answer, row) that returns true or false, a score "
                                 "from 0 to 1, or {pass, score, reason}; in a plan also a .py file."),
         description="A function of yours, run without keys, files and network once you allow it."),
)  # fmt: skip

KINDS: Final[dict[str, Kind]] = {kind.name: kind for kind in _ALL}
"""Every kind, in the order in which they are offered."""
