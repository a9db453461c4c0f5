"""Files beside a question on the terminal: where they come from, in which form they go."""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple, TypedDict, get_args

import click
import msgspec

from chatbench.cli.session import note
from chatbench.core.errors import AttachmentRefused, HoldsFiles, PasswordNeeded
from chatbench.core.messages import FileForm, FilePart, MediaPart
from chatbench.core.models import ModelInfo, ModelRef
from chatbench.core.secrets import Secret
from chatbench.services import Services
from chatbench.services.attachments import Form
from chatbench.services.attachments.takes import MAX_FILM_BYTES, PDF

PIPE = "-"
Chosen = Literal["native", "text", "pages"]
FORMS: tuple[Chosen, ...] = get_args(Chosen)
_WEB = ("http://", "https://")
_SHOWN_NAMES = 5
_HOW_TO_OPEN = "Put it into an environment variable, and name that one with --attach-password."
_SENT_AS = {
    "picture": "as a picture", "native": "as it is", "text": "as text", "pages": "as pictures of its pages",
    "sound": "as sound", "film": "as film",
}  # fmt: skip


class Named(NamedTuple):
    """A file as it was named: a path, one in an archive as ARCHIVE!NAME, an address of the web, or `-`.
    `media_type` is what it is said to be, "" where its bytes are to tell."""

    source: str
    media_type: str = ""


class Attaching(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be attached, and how. `form` and `pages` are for PDFs; `piped` is what `-` stands for."""

    named: tuple[Named, ...] = ()
    form: FileForm = ""
    pages: str = ""
    piped: bytes = b""
    password: Secret | None = None
    """Of every file that is encrypted."""
    passwords: tuple[tuple[str, Secret], ...] = ()
    """Of single ones, by what they were named."""

    @property
    def takes_pipe(self) -> bool:
        return any(one.source == PIPE for one in self.named)

    def password_of(self, named: Named) -> str:
        secret = dict(self.passwords).get(named.source, self.password)
        return secret.reveal() if secret is not None else ""

    def knowing(self, source: str, password: Secret) -> Attaching:
        """The same with the password of one more file."""
        others = tuple(one for one in self.passwords if one[0] != source)
        return msgspec.structs.replace(self, passwords=(*others, (source, password)))


class Locked(PasswordNeeded):
    """The file that was named `source` needs a password."""

    source = ""


def named_files(paths: Iterable[str], typed: Iterable[tuple[str, str]]) -> tuple[Named, ...]:
    """Raises click.UsageError for a file that is not there and a type that is none."""
    found = [Named(path) for path in paths]
    for path, media_type in typed:
        if media_type.count("/") != 1:
            raise click.UsageError(f"--attachment-type: {media_type!r} is no type; write one like text/csv.")
        found.append(Named(path, media_type.lower()))
    for one in found:
        if not (_is_elsewhere(one.source) or Path(one.source).exists() or _in_archive(one.source)):
            raise click.UsageError(f"-a: there is no file {one.source!r}.")
    return tuple(found)


def secret_in(option: str, variable: str | None) -> Secret | None:
    """What a variable holds. What is secret is never an argument: others on this computer see those.
    Raises click.UsageError where it holds nothing."""
    if variable is None:
        return None
    value = os.environ.get(variable, "").strip()
    if not value:
        raise click.UsageError(
            f"{option} wants the name of an environment variable that holds it, not the thing itself."
        )
    return Secret(value)


def piped_file() -> bytes:
    """Everything on stdin, up to one byte more than any file may have. Raises click.UsageError."""
    if sys.stdin is None or sys.stdin.closed or sys.stdin.isatty():
        raise click.UsageError("Nothing was piped in for the attachment -.")
    data = sys.stdin.buffer.read(MAX_FILM_BYTES + 1)
    if not data:
        raise click.UsageError("Nothing was piped in for the attachment -.")
    return data


def password_asked_for(locked: Locked) -> Secret:
    """Asks on the terminal. Raises click.Abort where that is ended."""
    return Secret(click.prompt(f"{locked.message} Password", hide_input=True, err=True))


async def attached(
    services: Services, wanted: Attaching, models: Sequence[ModelRef], *, store: bool
) -> tuple[MediaPart, ...]:
    """The files as parts which all of the models take, and on stderr what each gets of them. Raises
    AttachmentRefused, Locked."""
    if not wanted.named:
        return ()
    infos = [services.models.info(model) for model in models]
    parts = [await _one(services, wanted, one, infos[0], store=store) for one in wanted.named]
    if (wanted.form or wanted.pages) and not any(part.media_type == PDF for part in parts):
        raise AttachmentRefused(
            "--attach-as and --pages are for PDFs, and none is attached.", "Leave them out."
        )
    for info in infos:
        for part in parts:
            told = await what_is_sent(services, part, info)
            note(f"{info.ref}: {told}" if len(infos) > 1 else told)
    return tuple(parts)


async def attach_named(services: Services, line: str, info: ModelInfo, conversation_id: str) -> MediaPart:
    """One file for a conversation, named on a line of its own. Raises AttachmentRefused."""
    wanted = Attaching()
    return await _one(services, wanted, Named(_unquoted(line)), info, conversation_id=conversation_id)


async def what_is_sent(services: Services, part: MediaPart, info: ModelInfo) -> str:
    """In which form a model gets a file, and what it takes of its window. Raises AttachmentRefused where
    it gets it in none, or not in the one that was asked for."""
    outlook = await services.attachments.outlook(part, info)
    form = outlook.chosen
    asked = part.form if isinstance(part, FilePart) and part.media_type == PDF else ""
    if form is None or asked not in ("", form.sent_as):
        missing = next((one for one in outlook.forms if one.sent_as == asked), outlook.forms[0])
        hint = f"{' or '.join(outlook.models)} would." if outlook.models else "Choose another model."
        possible = [one.sent_as for one in outlook.forms if not one.why_not]
        if possible:
            hint = f"It can be sent with --attach-as {' or '.join(possible)}."
        raise AttachmentRefused(f"{part.name}: {missing.why_not}", hint, models=outlook.models)
    return f"{part.name or 'The file'}: {_in_words(part, form)}."


def _in_words(part: MediaPart, form: Form) -> str:
    pages = f", pages {part.pages}" if isinstance(part, FilePart) and part.pages else ""
    tokens = "tokens unknown" if form.tokens is None else f"about {form.tokens:,} tokens"
    uploaded = ", uploaded first" if form.uploaded else ""
    return f"sent {_SENT_AS[form.sent_as]}{pages}{uploaded}, {tokens}"


class _How(TypedDict):
    """Of one file: whether the profile is to hold it, for which conversation, its password, and what it is
    said to be."""

    store: bool
    conversation_id: str
    password: str
    media_type: str


async def _one(
    services: Services,
    wanted: Attaching,
    named: Named,
    info: ModelInfo,
    *,
    store: bool = True,
    conversation_id: str = "",
) -> MediaPart:
    how = _How(
        store=store,
        conversation_id=conversation_id,
        password=wanted.password_of(named),
        media_type=named.media_type,
    )
    try:
        if named.source == PIPE:
            part = await services.attachments.attach_bytes(wanted.piped, "piped in", info, **how)
        else:
            part = await _fetched(services, named.source, info, how)
    except PasswordNeeded as error:
        locked = Locked(error.message, _HOW_TO_OPEN)
        locked.source = named.source
        raise locked from error
    if isinstance(part, FilePart) and part.media_type == PDF:
        return msgspec.structs.replace(part, form=wanted.form, pages=wanted.pages)
    return part


async def _fetched(services: Services, source: str, info: ModelInfo, how: _How) -> MediaPart:
    attachments = services.attachments
    if source.lower().startswith(_WEB):
        return await attachments.attach_url(source, info, **how)
    path, inner = _in_archive(source) or (Path(source), "")
    if not inner:
        try:
            return await attachments.attach_path(path, info, **how)
        except HoldsFiles as error:
            raise AttachmentRefused(error.message, await _files_in(services, path)) from error
    entries = (await attachments.list_archive(path)).entries
    entry = next((one for one in entries if one.name == inner), None)
    if entry is None:
        raise AttachmentRefused(
            f"{path.name} holds no file {inner}.", _choose(f"{path}!", (one.name for one in entries))
        )
    return await attachments.attach_entry(path, entry, info, **how)


async def _files_in(services: Services, path: Path) -> str:
    """How to name a file in a folder or an archive."""
    if await asyncio.to_thread(path.is_dir):
        folder = await services.attachments.list_folder(path)
        return _choose("", (str(path / file.path) for file in folder.files))
    listed = await services.attachments.list_archive(path)
    return _choose(f"{path}!", (one.name for one in listed.entries))


def _choose(before: str, names: Iterable[str]) -> str:
    """How to name a file, with the first names there are."""
    first = list(islice(names, _SHOWN_NAMES + 1))
    if not first:
        return "There is no file in it."
    shown = [f"-a {shlex.quote(before + name)}" for name in first[:_SHOWN_NAMES]]
    return f"Name files in it: {', '.join(shown)}{', …' if len(first) > _SHOWN_NAMES else ''}"


def _is_elsewhere(source: str) -> bool:
    return source == PIPE or source.lower().startswith(_WEB)


def _in_archive(source: str) -> tuple[Path, str] | None:
    """ARCHIVE!NAME in its two parts; None for what is a file itself, and where there is no such archive."""
    if Path(source).exists():
        return None
    for at, character in enumerate(source):
        if character == "!" and source[at + 1 :] and Path(source[:at]).is_file():
            return Path(source[:at]), source[at + 1 :]
    return None


def _unquoted(line: str) -> str:
    """A name as it is, or as a terminal writes it where a file is dropped on it: quoted or escaped. Raises
    AttachmentRefused where nothing has that name."""
    line = line.strip()
    if _is_there(line):
        return line
    try:
        words = shlex.split(line, posix=os.name != "nt")
    except ValueError:
        words = []
    name = words[0].strip("\"'") if len(words) == 1 else ""
    if not name or not _is_there(name):
        raise AttachmentRefused(f"There is no file {line!r}.", "Give its path, or an address of the web.")
    return name


def _is_there(source: str) -> bool:
    web = source.lower().startswith(_WEB)
    return bool(source) and (web or Path(source).exists() or _in_archive(source) is not None)
