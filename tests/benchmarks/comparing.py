"""What it costs to find the words in which two answers differ."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from difflib import SequenceMatcher

from tests.benchmarks.measuring import interleaved, median
from tests.benchmarks.rows import Measured

from chatbench.rendering.differences import differences

ROUNDS = 15
WORDS = 5_000
_VOCABULARY = 4_000
_PARAGRAPH = 80


def diff_5000_words_vs_difflib() -> Measured:
    """CPU time for two texts of 5,000 words, to that of difflib's opcodes over their words, its
    quicker form; the dearer of texts that have little in common and of one rewritten here and there."""
    shuffled = random.Random(7)
    vocabulary = [_word(shuffled) for _ in range(_VOCABULARY)]
    first, other = _text(shuffled, vocabulary), _text(shuffled, vocabulary)
    rewritten = " ".join(
        word if shuffled.random() > 0.1 else shuffled.choice(vocabulary) for word in first.split(" ")
    )
    found = {"little in common": _ratio(first, other), "rewritten": _ratio(first, rewritten)}
    notes = tuple(f"{name}: {ratio:.2f} ({ours * 1000:.1f} to {theirs * 1000:.1f} ms)"
                  for name, (ratio, ours, theirs) in found.items())  # fmt: skip
    return Measured(max(ratio for ratio, _, _ in found.values()), notes=notes)


def _ratio(a: str, b: str) -> tuple[float, float, float]:
    assert "".join(piece.text for piece in differences(a, b) if piece.kind != "removed") == b
    ours, theirs = interleaved(
        ROUNDS,
        lambda: _spent(lambda: differences(a, b)),
        lambda: _spent(lambda: SequenceMatcher(None, a.split(), b.split()).get_opcodes()),
    )
    return median(ours) / median(theirs), median(ours), median(theirs)


def _spent(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _word(shuffled: random.Random) -> str:
    return "".join(shuffled.choices("etaoinshrdlu", k=shuffled.randint(2, 9)))


def _text(shuffled: random.Random, vocabulary: list[str]) -> str:
    """Paragraphs of words that are as unevenly used as in a language."""
    weights = [1 / (rank + 1) for rank in range(len(vocabulary))]
    words = shuffled.choices(vocabulary, weights, k=WORDS)
    paragraphs = [words[at : at + _PARAGRAPH] for at in range(0, WORDS, _PARAGRAPH)]
    return "\n\n".join(" ".join(paragraph) + "." for paragraph in paragraphs)
