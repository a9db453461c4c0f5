"""How alike an answer and an expected text are, 0–1.

Edit distance and longest common subsequence are rapidfuzz's; the counts of ROUGE and BLEU around them are
those of `rouge-score` and `sacrebleu`, which would bring numpy along. What would take more than a blink is
not compared.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Final

from chatbench.core.checks import Check, Subject
from chatbench.evaluation.findings import Finding, Unjudged, finding, text_against, texts_against

_MOST_PAIRS: Final = 4_000_000_000
_WORD = re.compile(r"[^\W_]+")
_BLEU_ORDER: Final = 4
# The tokens of mteval-v13a: most signs stand alone; points and commas unless digits are around them; dashes
# behind digits.
_BLEU_STEPS: Final = (
    (re.compile(r"([!-&(-+/:-@\[-`{-~])"), r" \1 "),
    (re.compile(r"(\D)([,.])", re.ASCII), r"\1 \2 "),
    (re.compile(r"([,.])(\D)", re.ASCII), r" \1 \2"),
    (re.compile(r"(\d)-", re.ASCII), r"\1 - "),
)


def levenshtein(check: Check, subject: Subject) -> Finding:
    """1 − edits / length of the longer; with `most_edits` their number decides."""
    from rapidfuzz.distance import Levenshtein

    wanted, text = text_against(check, subject), subject.text
    if check.options.get("ignore_case"):
        wanted, text = wanted.casefold(), text.casefold()
    _refuse_huge(wanted, text)
    edits = Levenshtein.distance(text, wanted)
    longest = max(len(text), len(wanted))
    score = 1 - edits / longest if longest else 1.0
    told = f"{edits:,} {'edit' if edits == 1 else 'edits'} away"
    most = check.options.get("most_edits")
    if most is not None:
        return Finding(
            score, finding(edits <= most, f"{told}.", f"{told}, more than {most}.").reason, edits <= most
        )
    return Finding(score, f"{told}: similarity {score:.2f}.")


def rouge(check: Check, subject: Subject) -> Finding:
    kind, measure = check.options.get("type", "rouge_l"), check.options.get("measure", "f1")
    best = max(
        (rouge_scores(subject.text, wanted, kind) for wanted in texts_against(check, subject)),
        key=lambda scores: scores[2],
    )
    score = best[("precision", "recall", "f1").index(measure)]
    names = {"rouge_1": "ROUGE-1", "rouge_2": "ROUGE-2", "rouge_l": "ROUGE-L"}
    return Finding(score, f"{names[kind]} {measure} {score:.2f}.")


def bleu(check: Check, subject: Subject) -> Finding:
    score = bleu_score(subject.text, texts_against(check, subject))
    return Finding(score, f"BLEU {score:.2f}.")


def rouge_scores(text: str, wanted: str, kind: str) -> tuple[float, float, float]:
    """Precision, recall and F1 of ROUGE-1, ROUGE-2 (n-grams of words) or ROUGE-L (longest common
    subsequence). Raises Unjudged for texts that are too long."""
    ours, theirs = _words(text), _words(wanted)
    if kind == "rouge_l":
        from rapidfuzz.distance import LCSseq

        _refuse_huge(ours, theirs)
        common, here, there = LCSseq.similarity(ours, theirs), len(ours), len(theirs)
    else:
        size = int(kind[-1])
        left, right = _grams(ours, size), _grams(theirs, size)
        common, here, there = (left & right).total(), left.total(), right.total()
    precision, recall = common / here if here else 0.0, common / there if there else 0.0
    return precision, recall, 2 * precision * recall / (precision + recall) if common else 0.0


def bleu_score(text: str, references: Sequence[str]) -> float:
    """BLEU of one sentence, to words of four at most, tokens by mteval-v13a, counts of zero smoothed
    exponentially, as sacrebleu does it; 0–1."""
    ours, others = _bleu_tokens(text), [_bleu_tokens(one) for one in references]
    logs, smoothing, orders = 0.0, 1.0, 0
    for size in range(1, _BLEU_ORDER + 1):
        grams = _grams(ours, size)
        total = grams.total()
        if not total:
            break
        most: Counter[Hashable] = Counter()
        for other in others:
            most |= _grams(other, size)
        hits: float = (grams & most).total()
        if not hits:
            if size == 1:
                return 0.0
            smoothing *= 2
            hits = 1 / smoothing
        logs += math.log(hits / total)
        orders += 1
    if not orders:
        return 0.0
    closest = min((abs(len(other) - len(ours)), len(other)) for other in others)[1]
    brevity = 1.0 if len(ours) >= closest else math.exp(1 - closest / len(ours))
    return brevity * math.exp(logs / orders)


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    """Of two vectors of the same length, −1 to 1; 0 where one is nothing. Raises Unjudged where the
    lengths differ."""
    if len(one) != len(other):
        raise Unjudged("The two embeddings are of different sizes.")
    lengths = math.hypot(*one) * math.hypot(*other)
    return sum(a * b for a, b in zip(one, other, strict=True)) / lengths if lengths else 0.0


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _grams(tokens: Sequence[str], size: int) -> Counter[Hashable]:
    return Counter(zip(*(tokens[at:] for at in range(size)), strict=False))


def _bleu_tokens(text: str) -> list[str]:
    for name, char in (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")):
        text = text.replace(name, char)
    text = f" {text.rstrip()} ".replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    for pattern, replacement in _BLEU_STEPS:
        text = pattern.sub(replacement, text)
    return text.split()


def _refuse_huge(one: Sequence[Hashable], other: Sequence[Hashable]) -> None:
    if len(one) * len(other) > _MOST_PAIRS:
        raise Unjudged("The texts are too long to be compared.")
