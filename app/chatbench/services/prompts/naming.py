"""Names and folders of the library, and how a prompt is found by what a person writes."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from chatbench.core.errors import ConfigurationError
from chatbench.core.prompts import Prompt, PromptEntry

_LONGEST = 200


def named(name: str) -> str:
    """The name as it is kept. Raises ConfigurationError for what is none."""
    told = " ".join(name.split())
    if not told:
        raise ConfigurationError("A prompt needs a name.", "Give it one.")
    if "/" in told or not told.isprintable() or len(told) > _LONGEST:
        raise ConfigurationError(
            f"{told[:60]!r} cannot be the name of a prompt.",
            f"Use at most {_LONGEST} characters, and no /: folders have their own field.",
        )
    return told


def usable(name: str) -> str:
    """A name from elsewhere as one that can be kept."""
    plain = "".join(one if one.isprintable() and one != "/" else " " for one in name)
    return " ".join(plain.split())[:_LONGEST].strip() or "Prompt"


def free(entries: Sequence[PromptEntry], name: str, folder: str) -> str:
    """The name, with a number behind it where the folder has one of that name."""
    taken = {one.name for one in entries if one.folder == folder}
    count, found = 1, name
    while found in taken:
        count += 1
        found = f"{name} {count}"
    return found


def in_folder(folder: str) -> str:
    """The folder as it is kept: names with "/" between them. Raises ConfigurationError."""
    return "/".join(named(one) for one in folder.split("/") if one.strip())


def tagged(tags: Sequence[str]) -> tuple[str, ...]:
    """Each tag once, without white space around it."""
    return tuple(dict.fromkeys(told for one in tags if (told := " ".join(one.split()))))


def find(entries: Sequence[PromptEntry], wanted: str) -> PromptEntry:
    """By id, by folder and name, or by a name that only one has; letter case counts only where it must.
    Raises ConfigurationError, with near ones."""
    for chosen in (
        [one for one in entries if one.id == wanted],
        [one for one in entries if one.path == wanted],
        [one for one in entries if one.path.casefold() == wanted.casefold()],
        [one for one in entries if one.name.casefold() == wanted.casefold()],
    ):
        if len(chosen) == 1:
            return chosen[0]
        if chosen:
            raise ConfigurationError(
                f"Several prompts are called {wanted!r}.",
                f"Name the folder too: {', '.join(one.path for one in chosen[:5])}.",
            )
    near = difflib.get_close_matches(wanted, [one.path for one in entries], 3)
    hint = f"Did you mean {', '.join(near)}?" if near else "See `chatbench prompts list`."
    raise ConfigurationError(f"There is no prompt called {wanted!r}.", hint)


def search(entries: Sequence[tuple[PromptEntry, Prompt]], words: str) -> list[PromptEntry]:
    """Those that hold every one of the words in name, folder, tags or text; where all stand in the name
    first. Letter case aside."""
    wanted = words.casefold().split()
    found: list[tuple[bool, str, PromptEntry]] = []
    for entry, prompt in entries:
        name = entry.path.casefold()
        texts = "\n".join((name, *entry.tags, *(one.text for one in prompt.messages))).casefold()
        if all(word in texts for word in wanted):
            found.append((not all(word in name for word in wanted), name, entry))
    return [entry for *_, entry in sorted(found, key=lambda one: one[:2])]
