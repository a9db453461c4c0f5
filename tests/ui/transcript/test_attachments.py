"""Files in a message: what is said of them, where they stand, what can be pressed."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication

from chatbench.core.messages import AudioPart, FilePart, ImagePart, InlineData, StoredFile
from chatbench.ui.chat.transcript.boxes.attachments import AttachmentsBox, sent_as, words_of
from chatbench.ui.chat.transcript.boxes.base import Context, OpenFile
from chatbench.ui.chat.transcript.boxes.controls import isolated
from chatbench.ui.chat.transcript.source import Sent
from chatbench.ui.filefacts import facts_of, time_of

PICTURE = ImagePart(
    source=StoredFile(sha256="a"), media_type="image/png", name="a.png", width=1200, height=900
)
REPORT = FilePart(
    source=StoredFile(sha256="b"), media_type="application/pdf", name="b.pdf", size=1_400_000, page_count=12
)
CODE = FilePart(source=StoredFile(sha256="c"), media_type="text/x-python", name="c.py", size=690)
LOOSE = FilePart(source=InlineData(data=b"x"), media_type="text/plain", name="d.txt")


def box(*, rtl: bool = False, width: float = 600.0) -> AttachmentsBox:
    made = AttachmentsBox(Context(rtl=rtl), ("m", "media"), (PICTURE, REPORT, CODE, LOOSE))
    made.fit(width)
    made.settle()
    return made


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ((), ""),
        ((("b", "", "text"),), "sent as text"),
        ((("b", "A", "native"), ("b", "B", "native")), "sent as it is"),
        ((("b", "A", "native"), ("b", "B", "text"), ("a", "B", "picture")), "A as it is · B as text"),
        (
            (("b", "A", "pages"), ("b", "B", "text"), ("b", "C", "pages")),
            "A, C as pictures of its pages · B as text",
        ),
    ],
)
def test_how_a_file_was_sent_is_said_by_lanes_where_they_differ(sent: Sent, words: str) -> None:
    assert sent_as(REPORT, sent) == words
    assert sent_as(LOOSE, sent) == ""


def test_what_is_known_of_a_file_is_said() -> None:
    assert facts_of(PICTURE) == "PNG · 1,200 × 900"
    assert facts_of(REPORT) == "PDF · 12 pages · 1.4 MB"
    assert facts_of(CODE) == "PY · 690 bytes"
    assert facts_of(LOOSE) == "Text"
    sound = AudioPart(source=StoredFile(sha256="e"), media_type="audio/mp4", name="e.m4a", seconds=0.4)
    assert facts_of(sound) == "M4A · 0.4 s"
    assert [time_of(one) for one in (0, 7, 59.6, 3_599, 3_729.4)] == [
        "0:00",
        "0:07",
        "1:00",
        "59:59",
        "1:02:09",
    ]
    words = words_of(REPORT, (("b", "", "text"),))
    assert words == f"{isolated('b.pdf')}, PDF · 12 pages · 1.4 MB, sent as text"


def test_stored_files_can_be_pressed(qapp: QApplication) -> None:
    made = box()
    spots = made.hotspots()
    assert [spot.key for spot in spots] == ["file:0", "file:1", "file:2"]
    assert made.activate("file:1") == OpenFile(REPORT, (PICTURE, REPORT, CODE, LOOSE))
    at = made.file_at(spots[2].rects[0].center())
    assert at is not None
    assert at.part == CODE
    last = made._rects[3].center()
    assert made.file_at(last) is None
    assert "d.txt" in made.tip(last)


def test_from_right_to_left_the_first_stands_at_the_right(qapp: QApplication) -> None:
    left, right = box(), box(rtl=True)
    for one, other in zip(left._rects, right._rects, strict=True):
        assert other.left() == left.width - one.right()
        assert (other.size(), other.top()) == (one.size(), one.top())
