"""How alike texts are, held against the libraries by which BLEU and ROUGE are usually told."""

from __future__ import annotations

import random

import pytest

from chatbench.core.checks import Check, Subject
from chatbench.evaluation.checks import judge
from chatbench.evaluation.findings import Unjudged
from chatbench.evaluation.similarity import bleu_score, cosine, rouge_scores

PAIRS = [
    ("the cat sat on the mat", "the cat sat on the mat"),
    ("the cat is on the mat", "the cat sat on the mat"),
    ("The cat, it sat on 3.5 mats (at most); why?", "The cat - it sat on 3.5 mats at most."),
    ("on the mat the cat sat", "the cat sat on the mat"),
    ("cat", "the cat sat on the mat"),
    ("the the the the", "the cat"),
    ("dog", "the cat"),
    ("", "the cat"),
    ("It costs $1,000.50 today - or 3-4 more & \"so\" on.", "It costs $1,000.50, or 3-4 more &amp; so on."),
    ("Line one\nline two-\nthree", "Line one line twothree"),
    ("don't stop 10th_of May", "do not stop 10th of May"),
]  # fmt: skip


def sentences() -> list[tuple[str, str]]:
    drawn = random.Random(5)
    words = ("a", "bee,", "cat", "dog.", "eat", "4", "2.5", "six-pack", "(seven)", "eight's", "nine;")
    texts = [" ".join(drawn.choices(words, k=drawn.randint(1, 25))) for _ in range(60)]
    return [*PAIRS, *zip(texts[::2], texts[1::2], strict=True)]


@pytest.fixture(scope="module")
def sacrebleu() -> object:
    from sacrebleu.metrics.bleu import BLEU

    return BLEU(effective_order=True)


def test_bleu_is_sacrebleus(sacrebleu: object) -> None:
    for text, wanted in sentences():
        theirs = sacrebleu.sentence_score(text, [wanted]).score / 100  # type: ignore[attr-defined]
        assert bleu_score(text, [wanted]) == pytest.approx(theirs, abs=1e-9), (text, wanted)


def test_bleu_of_several_references_is_sacrebleus(sacrebleu: object) -> None:
    texts = [text for pair in sentences() for text in pair]
    for at in range(0, len(texts) - 3, 2):
        text, *references = texts[at : at + 4]
        theirs = sacrebleu.sentence_score(text, references).score / 100  # type: ignore[attr-defined]
        assert bleu_score(text, references) == pytest.approx(theirs, abs=1e-9)


def test_rouge_is_rouge_scores() -> None:
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=False)
    for text, wanted in sentences():
        theirs = scorer.score(wanted, text)
        for kind, name in (("rouge_1", "rouge1"), ("rouge_2", "rouge2"), ("rouge_l", "rougeL")):
            assert rouge_scores(text, wanted, kind) == pytest.approx(tuple(theirs[name])), (
                text,
                wanted,
                kind,
            )


def test_words_of_other_scripts_count() -> None:
    assert rouge_scores("Größe über alles", "größe ÜBER nichts", "rouge_1")[2] == pytest.approx(2 / 3)
    assert rouge_scores("кот сидел", "кот сидел", "rouge_l")[2] == 1


@pytest.mark.parametrize(("measure", "score"), [("precision", 1.0), ("recall", 0.5), ("f1", 2 / 3)])
def test_which_measure_of_rouge_is_chosen(measure: str, score: float) -> None:
    check = Check(kind="rouge", value="a b c d", options={"type": "rouge_1", "measure": measure})
    assert judge(check, Subject(text="a b")).score == pytest.approx(score)


def test_the_best_of_several_references_counts() -> None:
    check = Check(kind="rouge", value=["nothing alike", "a b"])
    assert judge(check, Subject(text="a b")).passed is True


def test_the_threshold_is_the_checks_own_or_the_kinds() -> None:
    text, value = "a b c d e f g h", "a b c d e f x y"
    assert judge(Check(kind="rouge", value=value), Subject(text=text)).passed is True
    assert judge(Check(kind="rouge", value=value, threshold=0.8), Subject(text=text)).passed is False
    assert judge(Check(kind="bleu", value=value, threshold=0.9), Subject(text=text)).passed is False


def test_the_cosine_of_vectors() -> None:
    assert cosine([1, 0], [0, 1]) == 0
    assert cosine([1, 2], [2, 4]) == pytest.approx(1)
    assert cosine([1, 0], [-1, 0]) == -1
    assert cosine([0, 0], [1, 0]) == 0
    with pytest.raises(Unjudged, match="different sizes"):
        cosine([1], [1, 2])
