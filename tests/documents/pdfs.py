"""Real PDFs of every layout, made in memory by reportlab, with the words as a person would read them.

Shared with the benchmarks: `book` makes documents of any length.
"""

from __future__ import annotations

import io
import itertools
import random
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from PIL import Image
from pypdf import PdfReader, PdfWriter
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate, Paragraph

WIDTH, HEIGHT = A4
MARGIN = 60.0
_VOWELS, _CONSONANTS = "aeiou", "bdfghklmnprstvw"


@dataclass(frozen=True)
class Made:
    """A document and what it says: one text a page, in the order in which it is read."""

    data: bytes
    pages: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n".join(self.pages)


class _Sheet:
    """A canvas that keeps what it makes in memory."""

    def __init__(self, size: tuple[float, float] = A4, title: str = "") -> None:
        self._out = io.BytesIO()
        self.canvas = Canvas(self._out, pagesize=size)
        self.canvas.setTitle(title)

    def lines(self, x: float, y: float, lines: list[str], font: str = "Helvetica", size: float = 10) -> float:
        """Draws lines downwards from a baseline; the baseline after the last."""
        self.canvas.setFont(font, size)
        for line in lines:
            self.canvas.drawString(x, y, line)
            y -= size * 1.3
        return y

    def data(self) -> bytes:
        self.canvas.showPage()
        self.canvas.save()
        return self._out.getvalue()


def prose(words: int, seed: int = 1) -> str:
    """So many words of no meaning, always the same."""
    chance = random.Random(seed)
    return " ".join(_word(chance) for _ in range(words))


def _word(chance: random.Random) -> str:
    count = chance.choice((1, 2, 2, 2, 3, 3, 4))
    return "".join(chance.choice(_CONSONANTS) + chance.choice(_VOWELS) for _ in range(count)) + "n" * (
        count % 2
    )


def wrapped(text: str, width: float, font: str = "Helvetica", size: float = 10) -> list[str]:
    lines: list[str] = []
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and pdfmetrics.stringWidth(longer, font, size) > width:
            lines.append(line)
            longer = word
        line = longer
    return [*lines, line]


def single() -> Made:
    """One column under a heading."""
    sheet = _Sheet(title="Report of the year")
    sheet.lines(MARGIN, HEIGHT - 80, ["Report of the year"], "Helvetica-Bold", 20)
    body = [prose(120, seed) for seed in range(4)]
    y = HEIGHT - 120
    for paragraph in body:
        y = sheet.lines(MARGIN, y, wrapped(paragraph, WIDTH - 2 * MARGIN)) - 10
    return Made(sheet.data(), ("\n".join(["Report of the year", *body]),))


def _columns(count: int = 2) -> tuple[list[list[str]], list[float]]:
    gap = 24.0
    width = (WIDTH - 2 * MARGIN - gap * (count - 1)) / count
    texts = [wrapped(prose(260 - 20 * number, 20 + number), width) for number in range(count)]
    return texts, [MARGIN + number * (width + gap) for number in range(count)]


def two_columns(count: int = 2) -> Made:
    """A title over columns, each drawn to its end before the next is begun."""
    sheet = _Sheet()
    columns, lefts = _columns(count)
    title = "An article about many things that are set in columns"
    sheet.lines(MARGIN, HEIGHT - 80, [title], "Helvetica-Bold", 16)
    for left, column in zip(lefts, columns, strict=True):
        sheet.lines(left, HEIGHT - 120, column)
    return Made(sheet.data(), ("\n".join([title, *(" ".join(column) for column in columns)]),))


def columns_by_rows(count: int = 2) -> Made:
    """The same, but drawn across: the first line of each column, then the second of each."""
    sheet = _Sheet()
    columns, lefts = _columns(count)
    title = "An article about many things that are set in columns"
    sheet.lines(MARGIN, HEIGHT - 80, [title], "Helvetica-Bold", 16)
    for row in range(max(map(len, columns))):
        for left, column in zip(lefts, columns, strict=True):
            sheet.lines(left, HEIGHT - 120 - row * 13, column[row : row + 1])
    return Made(sheet.data(), ("\n".join([title, *(" ".join(column) for column in columns)]),))


def word_by_word() -> Made:
    """Two columns in which every word is placed on its own."""
    sheet = _Sheet()
    columns, lefts = _columns()
    sheet.canvas.setFont("Helvetica", 10)
    for left, column in zip(lefts, columns, strict=True):
        for row, line in enumerate(column):
            x = left
            for word in line.split():
                sheet.canvas.drawString(x, HEIGHT - 80 - row * 13, word)
                x += pdfmetrics.stringWidth(word + " ", "Helvetica", 10)
    return Made(sheet.data(), (" ".join(word for column in columns for word in column),))


ROWS = (
    ("Item", "Quantity", "Price"),
    ("Paper, white", "12", "3.50"),
    ("Ink | black", "4", "17.20"),
    ("Staples", "", "0.99"),
    ("Envelopes with a window", "250", "21.00"),
)


def table(*, by_columns: bool = False, to_the_right: bool = True) -> Made:
    """A table between two paragraphs, drawn row by row or column by column."""
    sheet = _Sheet()
    before, after = prose(60, 3), prose(60, 4)
    y = sheet.lines(MARGIN, HEIGHT - 80, wrapped(before, WIDTH - 2 * MARGIN)) - 14
    cells = [(row, column) for row in range(len(ROWS)) for column in range(3)]
    for row, column in sorted(cells, key=lambda cell: cell[::-1] if by_columns else cell):
        place, text = y - row * 18, ROWS[row][column]
        if column and to_the_right:
            sheet.canvas.drawRightString(MARGIN + 180 + 100 * column, place, text)
        else:
            sheet.canvas.drawString(MARGIN + 140 * column, place, text)
    sheet.lines(MARGIN, y - len(ROWS) * 18 - 20, wrapped(after, WIDTH - 2 * MARGIN))
    words = "\n".join(" ".join(cell for cell in row if cell) for row in ROWS)
    return Made(sheet.data(), ("\n".join([before, words, after]),))


FRUIT = (("Fruit", "Colour", "Taste"), ("Lemon", "yellow", "sour"), ("Cherry", "red", "sweet"))


def bare_table(rows: tuple[tuple[str, str, str], ...] = ROWS) -> bytes:
    """Nothing but a table, drawn column by column."""
    sheet = _Sheet()
    for column in range(3):
        sheet.lines(MARGIN + 140 * column, HEIGHT - 80, [row[column] or "-" for row in rows])
    return sheet.data()


def header_and_footer() -> Made:
    """Three pages whose headers and footers are drawn after what is between them."""
    sheet, pages = _Sheet(), []
    for number in range(1, 4):
        body = prose(200, number)
        sheet.lines(MARGIN, HEIGHT - 100, wrapped(body, WIDTH - 2 * MARGIN))
        sheet.lines(MARGIN, 40, [f"Page {number} of 3"], size=8)
        sheet.lines(MARGIN, HEIGHT - 50, ["Minutes of the meeting"], size=8)
        pages.append(f"Minutes of the meeting\n{body}\nPage {number} of 3")
        if number < 3:
            sheet.canvas.showPage()
    return Made(sheet.data(), tuple(pages))


def footnotes() -> Made:
    """Two columns with notes below both, drawn before the second column."""
    sheet = _Sheet()
    columns, lefts = _columns()
    notes = wrapped("1 " + prose(30, 50), WIDTH - 2 * MARGIN, size=8)
    sheet.lines(lefts[0], HEIGHT - 80, columns[0])
    sheet.lines(MARGIN, 80, notes, size=8)
    sheet.lines(lefts[1], HEIGHT - 80, columns[1])
    return Made(sheet.data(), (" ".join([*columns[0], *columns[1], *notes]),))


def rotated(angle: int) -> Made:
    """A landscape table and paragraph on a page that is turned by `angle` degrees to be read."""
    sheet = _Sheet(landscape(A4))  # reportlab swaps the sides for a quarter turn
    canvas = sheet.canvas
    canvas.setPageRotation(angle)
    if angle == 90:
        canvas.translate(WIDTH, 0)
    elif angle == 180:
        canvas.translate(HEIGHT, WIDTH)
    elif angle == 270:
        canvas.translate(0, HEIGHT)
    canvas.rotate(angle)
    body = prose(150, 9)
    sheet.lines(MARGIN, 500, wrapped(body, HEIGHT - 2 * MARGIN))
    sheet.lines(MARGIN, 540, ["A wide page"], "Helvetica-Bold", 16)
    return Made(sheet.data(), (f"A wide page\n{body}",))


def turned(angle: int) -> Made:
    """The same on a page that says nothing of it: the text runs up (90) or down (270)."""
    sheet = _Sheet()
    canvas = sheet.canvas
    canvas.translate(*{90: (WIDTH, 0), 270: (0, HEIGHT)}[angle])
    canvas.rotate(angle)
    body = prose(150, 9)
    sheet.lines(MARGIN, 500, wrapped(body, HEIGHT - 2 * MARGIN))
    sheet.lines(MARGIN, 540, ["A wide page"], "Helvetica-Bold", 16)
    return Made(sheet.data(), (f"A wide page\n{body}",))


def letter_by_letter() -> Made:
    """Every letter is placed on its own, and blanks are not drawn at all."""
    sheet = _Sheet()
    body = prose(200, 14)
    sheet.canvas.setFont("Helvetica", 10)
    for row, line in enumerate(wrapped(body, WIDTH - 2 * MARGIN)):
        for at, letter in enumerate(line):
            if letter != " ":
                x = MARGIN + pdfmetrics.stringWidth(line[:at], "Helvetica", 10)
                sheet.canvas.drawString(x, HEIGHT - 80 - row * 13, letter)
    return Made(sheet.data(), (body,))


def strewn(placed: list[tuple[int, int, int, int, str]], rotation: int) -> bytes:
    """Words anywhere: left, baseline, size, angle, text."""
    sheet = _Sheet()
    sheet.canvas.setPageRotation(rotation)
    for left, baseline, size, angle, text in placed:
        sheet.canvas.saveState()
        sheet.canvas.translate(left, baseline)
        sheet.canvas.rotate(angle)
        sheet.lines(0, 0, [text], size=size)
        sheet.canvas.restoreState()
    return sheet.data()


def sideways() -> Made:
    """A line along the left margin, upwards, beside an upright page."""
    sheet = _Sheet()
    body = prose(250, 12)
    sheet.canvas.saveState()
    sheet.canvas.translate(30, 200)
    sheet.canvas.rotate(90)
    sheet.lines(0, 0, ["preprint of the first of May"], size=14)
    sheet.canvas.restoreState()
    sheet.lines(MARGIN, HEIGHT - 80, wrapped(body, WIDTH - 2 * MARGIN))
    return Made(sheet.data(), (f"preprint of the first of May\n{body}",))


def hyphenated() -> Made:
    """Words that are cut at the end of a line, one that keeps its hyphen, and ligatures."""
    _embedded()
    sheet = _Sheet()
    lines = [
        "The govern-", "ment finds the well-known of\ufb01ce in a state-",
        "of-the-art building, where a re\ufb02ection", "of every docu-", "ment is made. The well-",
        "known one is di\ufb00erent.",
    ]  # fmt: skip
    sheet.lines(MARGIN, HEIGHT - 80, lines, "DejaVu", 11)
    said = (
        "The government finds the well-known office in a state-of-the-art building, where a reflection"
        " of every document is made. The well-known one is different."
    )
    return Made(sheet.data(), (said,))


ARABIC = ("اللغة العربية جميلة", "هذا تقرير عن السنة 2024 في المدينة", "كتبه أحمد مع Chatbench أمس")


def arabic() -> Made:
    """Arabic and Latin lines, as word processors write them: shaped letters from left to right."""
    _embedded()
    sheet = _Sheet()
    sheet.canvas.setFont("DejaVu", 14)
    y = HEIGHT - 80
    for line in ("An Arabic report", *ARABIC, "The end of it"):
        if line in ARABIC:
            sheet.canvas.drawRightString(WIDTH - MARGIN, y, _visual(line))
        else:
            sheet.canvas.drawString(MARGIN, y, line)
        y -= 24
    return Made(sheet.data(), ("\n".join(["An Arabic report", *ARABIC, "The end of it"]),))


CJK = (
    ("STSong-Light", "人工智能正在改变我们的生活方式。"),
    ("HeiseiKakuGo-W5", "昨日は友人と一緒に東京の美術館へ行きました。"),
    ("HYSMyeongJo-Medium", "인공지능 기술은 빠르게 발전하고 있으며"),
)


def cjk() -> Made:
    """Chinese, Japanese and Korean in fonts that are not in the file."""
    sheet = _Sheet()
    y = HEIGHT - 80
    for font, line in CJK:
        pdfmetrics.registerFont(UnicodeCIDFont(font))
        y = sheet.lines(MARGIN, y, [line], font, 14)
    return Made(sheet.data(), ("\n".join(line for _, line in CJK),))


def scan(pages: int = 1, *, words: str = "") -> Made:
    """Pages that are pictures only; with `words` under them that cannot be seen."""
    sheet = _Sheet()
    picture = ImageReader(Image.effect_noise((248, 350), 60).convert("RGB"))
    for number in range(pages):
        sheet.canvas.drawImage(picture, 0, 0, WIDTH, HEIGHT)
        if words:
            text = sheet.canvas.beginText(MARGIN, HEIGHT - 80)
            text.setFont("Helvetica", 10)
            text.setTextRenderMode(3)
            text.textLines("\n".join(wrapped(words, WIDTH - 2 * MARGIN)))
            sheet.canvas.drawText(text)
        if number + 1 < pages:
            sheet.canvas.showPage()
    return Made(sheet.data(), (words,) * pages)


def form() -> Made:
    """A form that somebody filled in: what they wrote is in its fields."""
    sheet = _Sheet()
    for row, (label, value) in enumerate((("Name", "Ada Lovelace"), ("City", "London"))):
        y = round(HEIGHT) - 100 - row * 40
        sheet.lines(MARGIN, y, [label])
        sheet.canvas.acroForm.textfield(
            name=label, value=value, x=140, y=y - 6, width=200, height=20, fontSize=10, borderWidth=0
        )
    return Made(sheet.data(), ("Name Ada Lovelace City London",))


def blank(pages: int = 1) -> bytes:
    """Pages with nothing on them."""
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(200, 300)
    return written(writer)


def book(pages: int = 300, columns: int = 1, seed: int = 1) -> bytes:
    """A long text, justified as a word processor does it, with the number of each page at its foot."""
    out = io.BytesIO()
    style = ParagraphStyle("body", fontSize=10, leading=13, alignment=4, spaceAfter=7)
    document = BaseDocTemplate(out, pagesize=A4, invariant=True)
    gap = 20.0
    width = (document.width - gap * (columns - 1)) / columns
    frames = [
        Frame(document.leftMargin + number * (width + gap), document.bottomMargin, width, document.height,
              leftPadding=0, rightPadding=0)
        for number in range(columns)
    ]  # fmt: skip

    def numbered(canvas: Canvas, _document: BaseDocTemplate) -> None:
        canvas.setFont("Helvetica", 8)
        canvas.drawCentredString(WIDTH / 2, 40, str(canvas.getPageNumber()))

    document.addPageTemplates([PageTemplate(frames=frames, onPageEnd=numbered)])
    document.build([Paragraph(prose(90, seed + number), style) for number in range(pages * 8)])
    reader = PdfReader(io.BytesIO(out.getvalue()))
    writer = PdfWriter()
    for page in reader.pages[:pages]:
        writer.add_page(page)
    assert len(writer.pages) == pages, "the words do not fill so many pages"
    return written(writer)


def joined(*documents: bytes) -> bytes:
    """All their pages in one document."""
    writer = PdfWriter()
    for data in documents:
        writer.append(stream(data))
    return written(writer)


def encrypted(data: bytes, algorithm: str, user: str, owner: str = "owner") -> bytes:
    """With passwords, by one of RC4-40, RC4-128, AES-128, AES-256-R5 and AES-256."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    writer.encrypt(user, owner, algorithm=algorithm)
    return written(writer)


def written(writer: PdfWriter) -> bytes:
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


LAYOUTS: dict[str, Callable[[], Made]] = {
    "single": single,
    "two columns": two_columns,
    "three columns": lambda: two_columns(3),
    "two columns by rows": columns_by_rows,
    "three columns by rows": lambda: columns_by_rows(3),
    "word by word": word_by_word,
    "table": table,
    "table by columns": lambda: table(by_columns=True),
    "header and footer": header_and_footer,
    "footnotes": footnotes,
    "rotated by 90": lambda: rotated(90),
    "rotated by 180": lambda: rotated(180),
    "rotated by 270": lambda: rotated(270),
    "upwards": lambda: turned(90),
    "downwards": lambda: turned(270),
    "letter by letter": letter_by_letter,
    "sideways line": sideways,
    "hyphenated": hyphenated,
    "arabic": arabic,
    "cjk": cjk,
    "scan with words": lambda: scan(words=prose(150, 8)),
    "form": form,
}


@cache
def _embedded() -> None:
    """A font that is in the file, with Arabic letters and ligatures."""
    font = files("ziafont").joinpath("fonts", "DejaVuSans.ttf")
    pdfmetrics.registerFont(TTFont("DejaVu", str(font)))


def _visual(line: str) -> str:
    """A right-to-left line as its glyphs stand from left to right."""
    words = [_shaped(word) if _is_arabic(word) else word for word in reversed(line.split())]
    return " ".join(words)


def _is_arabic(word: str) -> bool:
    return any(unicodedata.bidirectional(letter) == "AL" for letter in word)


def _shaped(word: str) -> str:
    """Each letter in the form that its neighbours ask for, reversed."""
    forms = _forms()
    shaped = []
    for at, letter in enumerate(word):
        joins_before = at > 0 and "initial" in forms.get(word[at - 1], {})
        joins_after = at + 1 < len(word) and "final" in forms.get(word[at + 1], {})
        own = forms.get(letter, {})
        wanted = {(True, True): "medial", (True, False): "final", (False, True): "initial"}
        form = wanted.get((joins_before, joins_after), "isolated")
        fallback = own.get("final" if joins_before else "isolated", letter)
        shaped.append(own.get(form, fallback))
    return "".join(reversed(shaped))


@cache
def _forms() -> dict[str, dict[str, str]]:
    """Of each Arabic letter its presentation forms by their name."""
    found: dict[str, dict[str, str]] = {}
    for code in range(0xFE80, 0xFEFD):
        kind, _, letter = unicodedata.decomposition(chr(code)).partition(" ")
        if " " not in letter:
            found.setdefault(chr(int(letter, 16)), {})[kind.strip("<>")] = chr(code)
    return found


def pairs(text: str) -> list[tuple[str, str]]:
    """Adjacent words; of scripts without spaces, adjacent characters."""
    words = list(_words(text))
    return list(itertools.pairwise(words))


def _words(text: str) -> Iterator[str]:
    for word in text.split():
        if any("\u3040" <= letter <= "\u9fff" for letter in word):
            yield from word
        else:
            yield word


def word_order(found: str, meant: str) -> float:
    """The share of adjacent word pairs of `meant` that are adjacent in `found` too, 0 to 1."""
    there, wanted = Counter(pairs(found)), Counter(pairs(meant))
    return (there & wanted).total() / wanted.total()


def stream(data: bytes) -> io.BytesIO:
    """For readers that want a file."""
    return io.BytesIO(data)
