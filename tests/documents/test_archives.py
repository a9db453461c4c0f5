"""Archives listed and read in memory: names made safe, bombs refused, nothing unpacked."""

from __future__ import annotations

import gzip
import io
import stat
import tarfile
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.documents import bombs

from chatbench.core.errors import AttachmentRefused
from chatbench.documents import archives
from chatbench.documents.archives import Archive, Entry, list_archive, read_entry, safe_name
from chatbench.documents.confined import confined

FILES = {"a.txt": b"first", "folder/b.py": b"print(1)\n" * 200, "ü/c d.md": b""}
MIB = 1 << 20


def packed(form: str, files: dict[str, bytes]) -> bytes:
    return bombs.zipped(files) if form == "zip" else bombs.tarred(files, form)


FORMS = ["zip", "w:", "w:gz"]


@pytest.mark.parametrize("form", FORMS)
def test_every_file_is_listed_and_read(form: str) -> None:
    data = packed(form, FILES)
    listed = list_archive(data, "x")
    assert [(entry.name, entry.size, entry.refusal) for entry in listed.entries] == [
        (name, len(content), "") for name, content in FILES.items()
    ]
    assert listed.notes == ()
    assert [read_entry(data, entry.index, "x") for entry in listed.entries] == list(FILES.values())


def test_a_path_is_read_as_well(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(packed("zip", FILES))
    assert list_archive(tmp_path / "x.zip", "x") == list_archive(packed("zip", FILES), "x")
    assert read_entry(tmp_path / "x.zip", 0, "x") == b"first"


async def test_a_confined_process_does_it() -> None:
    data = packed("w:gz", FILES)
    listed = await confined("list_archive", data, "x.tar.gz")
    assert isinstance(listed, Archive)
    assert await confined("read_entry", data, listed.entries[1].index, "x.tar.gz") == FILES["folder/b.py"]


def test_one_file_behind_gzip() -> None:
    data = gzip.compress(b"log line\n" * 10, mtime=0)
    assert list_archive(data, "folder/server.log.gz").entries == (Entry(index=0, name="server.log", size=90),)
    assert read_entry(data, 0, "server.log.gz") == b"log line\n" * 10


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("index", [-1, 3, 10**6])
def test_an_entry_that_is_not_there(form: str, index: int) -> None:
    with pytest.raises(AttachmentRefused, match=f"x has no entry {index}"):
        read_entry(packed(form, FILES), index, "x")


def test_folders_links_and_devices_are_left_out() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        target.mkdir("folder")
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        target.writestr(link, "/etc/passwd")
        target.writestr("a.txt", "x")
    listed = list_archive(out.getvalue(), "x")
    assert [entry.name for entry in listed.entries] == ["a.txt"]
    assert listed.notes == ("1 links and devices were left out.",)

    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, kind in (("folder", tarfile.DIRTYPE), ("link", tarfile.SYMTYPE), ("dev", tarfile.CHRTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            tar.addfile(info)
    listed = list_archive(out.getvalue(), "x")
    assert (listed.entries, listed.notes) == ((), ("2 links and devices were left out.",))
    with pytest.raises(AttachmentRefused, match="no entry 1"):
        read_entry(out.getvalue(), 1, "x")


def test_what_cannot_be_read_says_why() -> None:
    encrypted = bytearray(bombs.zipped({"secret.txt": b"x" * 100}))
    for sign, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        encrypted[encrypted.index(sign) + at] |= 1
    data = bytes(encrypted)
    assert [entry.refusal for entry in list_archive(data, "x").entries] == ["it is encrypted"]
    with pytest.raises(AttachmentRefused, match=r"secret\.txt in x: it is encrypted"):
        read_entry(data, 0, "x")
    nested = bombs.zipped({"inner.zip": bombs.zipped(FILES), "inner.TAR.GZ": b"x"})
    assert {entry.refusal for entry in list_archive(nested, "x").entries} == {"it is an archive itself"}


def large() -> bytes:
    import random

    filler = random.Random(1).randbytes(3 * MIB)
    return bombs.zipped({"zeros": bytes(51 * MIB), "ratio": bytes(20 * MIB), "filler": filler})


def test_a_bomb_among_others_is_named_and_the_others_can_be_read() -> None:
    data = large()
    entries = list_archive(data, "x").entries
    assert [entry.refusal for entry in entries] == [
        "it unpacks to more than 50 MiB",
        "it unpacks to more than 100 times its size",
        "",
    ]
    for entry in entries[:2]:
        with pytest.raises(AttachmentRefused, match="it unpacks to more than"):
            read_entry(data, entry.index, "x")
    assert len(read_entry(data, entries[2].index, "x")) == 3 * MIB


def test_an_entry_that_lies_about_its_size_gives_no_more_than_it_said() -> None:
    data = bytearray(bombs.zipped({"liar": bytes(80 * MIB)}))
    for sign, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = data.index(sign) + at
        data[place : place + 4] = (1000).to_bytes(4, "little")
    with pytest.raises(AttachmentRefused, match="liar in x is damaged"):
        read_entry(bytes(data), 0, "x")


QUINE_OF_ZIPS = bombs.zipped({"again.zip": bombs.zipped({"again.zip": bombs.zipped({})})})


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: bombs.overlapping(9000, 10 * MIB), "x unpacks to far more than it weighs"),
        (lambda: bombs.overlapping(10_001, 10), "x holds more than 10,000 files"),
        (lambda: bombs.many_entries(400_000), "x holds more than 10,000 files"),
        (lambda: gzip.compress(bytes(200 * MIB), 9, mtime=0), "x unpacks to far more than it weighs"),
        (lambda: bombs.tarred({"zeros": bytes(200 * MIB)}), "x unpacks to far more than it weighs"),
        (lambda: bombs.tarred({f"{n}": b"" for n in range(10_001)}), "x holds more than 10,000 files"),
        (lambda: b"hello", "x is no archive that can be opened"),
        (lambda: b"PK\x03\x04" + bytes(100), "x cannot be opened"),
        (lambda: gzip.compress(b"hello" * 100, mtime=0)[:-12], "x is damaged or cut off"),
        (lambda: b"\x1f\x8b\x08\x00" + b"\xff" * 40, "x is damaged or cut off"),
    ],
)
def test_a_bomb_is_refused_in_a_moment(make: Callable[[], bytes], sentence: str) -> None:
    data = make()
    began = time.process_time()
    with pytest.raises(AttachmentRefused, match=sentence) as caught:
        list_archive(data, "x")
    assert caught.value.hint
    assert time.process_time() - began < 2


def zip_whose_list_says(place: int, told: bytes) -> bytes:
    """A zip file with these bytes in the record of its only entry, whose name is said to be UTF-8."""
    data = bytearray(bombs.zipped({"a": b"x"}))
    record = data.rfind(b"PK\x01\x02")
    data[record + 9] |= 0x08
    data[record + place : record + place + len(told)] = told
    return bytes(data)


def tar_with_holes(told: str) -> bytes:
    """A tar whose only entry is said to have holes there."""
    info = tarfile.TarInfo("a")
    info.pax_headers = {"GNU.sparse.map": told}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as target:
        target.addfile(info)
    return out.getvalue()


def tar_far_away() -> bytes:
    """A tar whose second entry lies where no file reaches."""
    info = tarfile.TarInfo("a")
    head = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    head[124:136] = b"\x80" + b"\x7f" * 11
    head[148:156] = b"%06o\x00 " % (sum(head[:148]) + 256 + sum(head[156:]))
    return bytes(head) + info.tobuf(tarfile.GNU_FORMAT) + bytes(1024)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (zip_whose_list_says(6, b"\xb5"), "x cannot be opened: its list of contents is broken"),
        (zip_whose_list_says(46, b"\xff"), "x cannot be opened: its list of contents is broken"),
        (tar_with_holes("here,there"), "x is damaged"),
        (tar_far_away(), "x is damaged"),
    ],
)
def test_a_list_that_is_broken_in_whatever_way_is_refused(data: bytes, sentence: str) -> None:
    with pytest.raises(AttachmentRefused, match=sentence):
        list_archive(data, "x")


def test_a_zip_of_itself_is_not_opened_again() -> None:
    (entry,) = list_archive(QUINE_OF_ZIPS, "x").entries
    assert entry.refusal == "it is an archive itself"


@pytest.mark.parametrize("form", FORMS)
def test_one_that_is_cut_anywhere_is_refused_or_read(form: str) -> None:
    data = packed(form, {"a.txt": b"0123456789" * 300, "b.txt": bytes(range(256)) * 8})
    for end in range(0, len(data), 100):
        with suppress(AttachmentRefused):
            for entry in list_archive(data[:end], "x").entries:
                read_entry(data[:end], entry.index, "x")


@pytest.mark.parametrize("form", FORMS)
@given(seed=st.randoms(use_true_random=False))
def test_one_that_is_broken_anywhere_is_refused_or_read(form: str, seed: Any) -> None:
    data = bytearray(packed(form, {"a.txt": b"0123456789" * 30, "b.txt": bytes(range(256))}))
    for _ in range(6):
        data[seed.randrange(len(data))] = seed.randrange(256)
    with suppress(AttachmentRefused):
        for entry in list_archive(bytes(data), "x").entries:
            read_entry(bytes(data), entry.index, "x")


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("a/b.txt", "a/b.txt"),
        ("../../etc/passwd", "etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("C:\\Windows\\evil.exe", "Windows/evil.exe"),
        ("\\\\server\\share\\x", "server/share/x"),
        ("a//./b/../c", "a/b/c"),
        ("CON.txt", "_CON.txt"),
        ("x/nul", "x/_nul"),
        ("name. . ", "name"),
        ("a\x00b\x1b[31m\u202ecod.txt", "ab[31mcod.txt"),
        ('q?u*e"s<t>i|o:n', "q_u_e_s_t_i_o_n"),
        ("..", "file"),
        ("", "file"),
        ("x" * 300 + ".txt", "x" * 196 + ".txt"),
    ],
)
def test_a_name_is_made_safe(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("./\\: \x00CONnul")), max_size=400))
@example("C:")
@example("C:C:x")
@example("a/ ../b")
@example(".. ./x")
@example("com1.. ")
def test_no_name_leads_anywhere_else(name: str) -> None:
    safe = safe_name(name)
    target = Path("/target")
    assert (target / safe).resolve().is_relative_to(target)
    windows = PureWindowsPath(safe)
    assert not windows.drive
    assert not windows.root
    for part in PurePosixPath(safe).parts:
        assert part not in ("..", ".")
        assert 0 < len(part.encode("utf-8", "surrogatepass")) <= 255
        assert not PureWindowsPath(part).is_reserved()
        assert part.isprintable() or " " in part
        assert part == part.strip(" ").rstrip(".")
    assert safe_name(safe) == safe


def test_a_name_with_tricks_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    data = bombs.zipped({"../evil.txt": b"x", str(tmp_path / "abs.txt"): b"x", "C:\\w.txt": b"x"})
    for entry in list_archive(data, "x").entries:
        assert read_entry(data, entry.index, "x") == b"x"
    assert list(tmp_path.iterdir()) == []
    assert not (tmp_path.parent / "evil.txt").exists()


def test_a_path_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(AttachmentRefused, match=r"x\.zip cannot be read: No such file"):
        archives.content_of(tmp_path / "0f3a", "x.zip")
