"""Text: its encoding told, tables of values, JSON, source code."""

from __future__ import annotations

import codecs
import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbench.core.errors import AttachmentRefused
from chatbench.documents.markdown.convert import convert
from chatbench.documents.markdown.encodings import decoded
from chatbench.documents.markdown.languages import language_of
from chatbench.documents.markdown.plain import MAX_COLUMNS, MAX_ROWS
from chatbench.documents.markdown.writing import MAX_CHARACTERS

SAMPLES = {
    "cp1252": "Der Käse für Frau Müller kostet 3 €. Ein naïver Café-Besitzer sagte: „Ça va, señor?“",
    "cp1250": "Zażółć gęślą jaźń. Příliš žluťoučký kůň úpěl ďábelské ódy.",
    "cp1251": "Привет, как дела? Это проверка кодировки текста. Москва, Россия.",
    "koi8-r": "Съешь же ещё этих мягких французских булок, да выпей чаю.",
    "cp866": "Старые файлы из ДОС до сих пор лежат на дисках.",
    "cp1253": "Καλημέρα κόσμε, τι κάνετε σήμερα; Όλα καλά.",
    "cp1255": "שלום עולם, מה שלומך היום? הכל בסדר גמור.",
    "cp1256": "مرحبا بالعالم، كيف حالك اليوم؟ كل شيء على ما يرام.",
    "shift_jis": "これは日本語の文章です。会議は明日の午後三時から始まります。カタカナも。",
    "euc_jp": "これは日本語の文章です。会議は明日の午後三時から始まります。",
    "gb18030": "今天天气很好，我们去公园吧。这是一个测试，请不要担心。",
    "big5": "今天天氣很好，我們去公園吧。這是一個測試，請不要擔心。",
    "euc_kr": "안녕하세요. 이것은 한국어 문장입니다. 내일 회의가 있습니다.",
    "cp874": "สวัสดีชาวโลก วันนี้อากาศดีมาก",
    "iso2022_jp": "これは日本語の文章です。",
}
SHORT = {
    "cp1252": [
        "Müller",
        "Preis: 5 €",
        "“quoted” – text…",
        "£100 & §5",
        "20°C",
        "© 2020",
        "ÄRGER",
        "Straße",
        "Café",
    ],
    "cp1250": ["Škoda", "Zażółć gęślą jaźń", "Příliš žluťoučký kůň"],
    "cp1251": ["Москва", "ТЕКСТ ЗАГЛАВНЫМИ БУКВАМИ", "Цена: 100 рублей", "Файл не найден"],
    "koi8-r": ["Москва", "Здравствуйте, уважаемый клиент"],
    "cp932": ["こんにちは", "株式会社テスト", "東京都千代田区"],
    "gb18030": ["中文", "你好世界", "公司名称,价格"],
    "big5": ["公司名稱,價格", "測試資料，請勿刪除"],
    "cp949": ["한국어", "회사 이름, 가격"],
    "cp1254": ["Şişli ve Beyoğlu ığdır"],
    "cp1255": ["שלום עולם"],
    "cp1253": ["Καλημέρα κόσμε"],
    "cp874": ["ภาษาไทย"],
}
UNICODE = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]


@pytest.mark.parametrize("encoding", SAMPLES)
def test_an_encoding_is_told_by_the_text(encoding: str) -> None:
    text = SAMPLES[encoding]
    assert decoded(text.encode(encoding))[0] == text
    within = f"Plain words come first, line after line.\n{text}\nand last, too.\n"
    assert decoded(within.encode(encoding))[0] == within
    assert decoded((text * 300).encode(encoding))[0] == text * 300


@pytest.mark.parametrize(
    ("encoding", "text"), [(one, text) for one, texts in SHORT.items() for text in texts]
)
def test_a_few_words_are_enough(encoding: str, text: str) -> None:
    assert decoded(text.encode(encoding))[0] == text


@pytest.mark.parametrize("encoding", UNICODE)
def test_unicode_is_told_with_and_without_a_mark(encoding: str) -> None:
    text = "Plain words, Füße, naïve; enough of them to tell.\n"
    assert decoded(text.encode(encoding))[0] == text


@given(st.text())
def test_a_mark_is_believed(text: str) -> None:
    text = text.encode("utf-8", "ignore").decode()
    for mark, encoding in (
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
        (codecs.BOM_UTF8, "utf-8"),
    ):
        if encoding == "utf-16-le" and text.startswith("\x00"):
            continue  # The same bytes as the mark of UTF-32.
        assert decoded(mark + text.encode(encoding))[0] == text


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"])))
def test_utf_8_is_never_taken_for_another(text: str) -> None:
    assert decoded(text.encode())[0] == text.removeprefix("\ufeff")


@given(
    st.binary(max_size=300), st.sampled_from(["", "utf-8", "latin-1", "nonsense", "\x00", "shift_jis", "hex"])
)
def test_any_bytes_become_some_text(data: bytes, told: str) -> None:
    text, encoding = decoded(data, told)
    assert isinstance(text, str)
    assert codecs.lookup(encoding)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("Füß".encode()[:-1], "Fü\ufffd"),
        (b"a\xffb\xfe\x81", None),
    ],
)
def test_damage_is_shown_as_such(data: bytes, text: str | None) -> None:
    found, _ = decoded(data)
    assert text is None or found == text


def written(rows: list[list[str]], delimiter: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue()


ROWS = [["Name", "Note", "Sum"], ["Müller, A", 'said "no"; left', "1,5"], ["b|c", "two\nlines\tand", ""]]
TABLE = (
    "| Name | Note | Sum |\n| --- | --- | --- |\n"
    '| Müller, A | said "no"; left | 1,5 |\n| b\\|c | two<br>lines\tand |  |\n'
)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_values_are_cut_where_they_are_cut_alike(delimiter: str, encoding: str, name: str) -> None:
    assert convert(written(ROWS, delimiter).encode(encoding), name).markdown == TABLE


def test_what_a_spreadsheet_says_of_its_separator_is_believed() -> None:
    assert convert(b"sep=;\r\na,b;c\r\n", "a.csv").markdown == "| a,b | c |\n| --- | --- |\n"


def test_a_single_column_is_a_table() -> None:
    assert convert(b"a\nb\n", "a.csv").markdown == "| a |\n| --- |\n| b |\n"


def test_a_long_table_is_cut_and_says_so() -> None:
    made = convert(b"a,b\n" * (MAX_ROWS + 10), "a.csv")
    assert made.notes == (f"{MAX_ROWS:,} of about {MAX_ROWS + 11:,} rows were taken.",)
    wide = convert(b",".join([b"x"] * 600) + b"\n", "a.csv")
    assert wide.notes == (f"{MAX_COLUMNS} of 600 columns were taken.",)


def test_json_is_laid_out() -> None:
    data = {"name": "Füße", "n": 1e400, "list": [1, {"a": None}]}
    made = convert(json.dumps(data).replace("Infinity", "123456789012345678901234567890").encode(), "a.json")
    assert made.markdown == (
        '```json\n{\n  "name": "F\\u00fc\\u00dfe",\n  "n": 123456789012345678901234567890,\n'
        '  "list": [\n    1,\n    {\n      "a": null\n    }\n  ]\n}\n```\n'
    )


@pytest.mark.parametrize("text", ["{'a': 1}", '{"a": 1', "[" * 5000])
def test_json_that_is_none_stays_as_it_is(text: str) -> None:
    made = convert(text.encode(), "a.json")
    assert made.markdown == f"```json\n{text}\n```\n"
    assert made.notes == ("It is no valid JSON, or nested too deeply to be laid out.",)


def test_deep_json_gets_no_indents() -> None:
    text = "[" * 100 + '"[[["' + "]" * 100
    assert convert(text.encode(), "a.json").markdown == f"```json\n{text}\n```\n"


def test_large_json_is_cut_and_says_so() -> None:
    made = convert(b'["' + b"x" * (5 * MAX_CHARACTERS) + b'"]', "a.json")
    assert "Only its beginning was taken." in made.notes
    assert len(made.markdown) <= MAX_CHARACTERS + 20


@pytest.mark.parametrize(
    ("name", "beginning", "language"),
    [
        ("a.py", "", "python"),
        ("src/x.test.ts", "", "typescript"),
        ("Dockerfile", "", "dockerfile"),
        ("a.PY", "", "python"),
        ("run", "#!/usr/bin/env python3\n", "python"),
        ("run", "#!/bin/sh -e\n", "bash"),
        ("run", "#!/usr/bin/env -S node --x\n", "javascript"),
        ("notes.txt", "", ""),
        ("README.md", "", ""),
    ],
)
def test_a_language_is_told(name: str, beginning: str, language: str) -> None:
    assert language_of(name, beginning) == language


def test_source_code_stands_in_a_fence() -> None:
    assert (
        convert(b"def f():\r\n    return 1\r\n", "a.py").markdown
        == "```python\ndef f():\n    return 1\n```\n"
    )


@pytest.mark.parametrize("name", ["notes.txt", "README.md", "x", "a.log"])
def test_other_text_stays_as_it_is(name: str) -> None:
    text = "# Not ours\n\n| to | change |\n\n```\nx\n"
    assert convert(text.encode(), name).markdown == text


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(AttachmentRefused, match=r"a\.txt holds no text that can be read"):
        convert(bytes(range(256)) * 10, "a.txt")
