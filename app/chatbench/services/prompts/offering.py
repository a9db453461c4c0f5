"""Prompts of linked folders as one question can be made of them, beside the templates of the profile."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from chatbench.core.errors import ChatbenchError
from chatbench.services.prompts import promptfiles
from chatbench.services.prompts.promptfiles import NoPrompt
from chatbench.services.templates import Template, template_of


class Offered(NamedTuple):
    """A prompt by its folder and name; without a `template`, `error` says what is wrong with its file."""

    name: str
    template: Template | None = None
    error: ChatbenchError | None = None


def offered(linked: Mapping[Path, str]) -> list[Offered]:
    """What these folders hold, by name; of the profile's own (the one without a name) what is no template
    already. Reads files; a folder that cannot be read has none."""
    found: list[Offered] = []
    for root, inside in linked.items():
        if not root.is_dir():
            continue
        try:
            files = promptfiles.find(root, inside)
        except ChatbenchError:
            continue
        for file in files:
            if inside or file.path.suffix != promptfiles.SUFFIX:
                found += _of_file(file)
    return sorted(found, key=lambda one: one.name.casefold())


def _of_file(file: promptfiles.InFolder) -> list[Offered]:
    name = f"{file.folder}/{file.path.stem}".lstrip("/")
    try:
        if file.problem is not None:
            raise file.problem
        named = promptfiles.decoded(file.path, file.data)
    except NoPrompt:
        return []
    except ChatbenchError as error:
        return [Offered(name, error=error)]
    return [Offered(f"{file.folder}/{named.name}".lstrip("/"), template_of(named.prompt))]
