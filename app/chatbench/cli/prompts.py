"""`chatbench prompts`: the library of prompts and its versions."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, get_args

import click

from chatbench.cli.asking import chosen_model, no_default_model, parameters_from
from chatbench.cli.session import Session, note, piped_input, safe, say, say_json
from chatbench.core.errors import ChatbenchError, ConfigurationError
from chatbench.core.prompts import NamedPrompt, Prompt, PromptMessage, PromptVersion
from chatbench.services import Services
from chatbench.services.exchange import iso

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _version(context: click.Context, parameter: click.Parameter, value: str | None) -> Any:
    """A number, `latest` or `production`; None where nothing is given."""
    if value in (None, "latest", "production"):
        return value
    if not str(value).isdecimal():
        raise click.BadParameter(f"{value!r} is no version: give a number, latest or production.")
    return int(str(value))


VERSION = click.option("--version", "which", callback=_version, default="latest", show_default=True,
                       metavar="VERSION", help="A number, latest or production.")  # fmt: skip


@click.group()
def prompts() -> None:
    """The library of prompts: named, with every version they had. Simple ones are `prompt -t NAME` too."""


@prompts.command("list")
@click.argument("words", required=False, default="")
@JSON
@click.pass_obj
def list_(session: Session, words: str, as_json: bool) -> None:
    """List prompts, or those that hold all of WORDS."""

    async def show(services: Services) -> None:
        await _told(services)
        library = services.prompts
        found = await (library.search(words) if words else library.entries())
        if as_json:
            say_json([{**one.to_dict(), "updated_at": iso(one.updated_at)} for one in found])
            return
        for one in found:
            mark = "" if one.production is None else f", {one.production} in production"
            tags = " ".join(f"#{tag}" for tag in one.tags)
            say(f"{one.path:<32} version {one.latest}{mark}  {tags}".rstrip())
        if not found:
            note(
                "Nothing found."
                if words
                else "There are no prompts: `chatbench prompts save NAME TEXT` makes one."
            )

    session.run(show)


@prompts.command()
@click.argument("name")
@VERSION
@JSON
@click.pass_obj
def show(session: Session, name: str, which: Any, as_json: bool) -> None:
    """Show a version of a prompt as a file of it would say it."""

    async def tell(services: Services) -> None:
        from chatbench.services.prompts.exchange import write

        entry = await services.prompts.find(name)
        version = await services.prompts.version(entry.id, which)
        if as_json:
            say_json({**version.to_dict(), "created_at": iso(version.created_at)})
            return
        named = await services.prompts.named(entry.id, which)
        say(write(NamedPrompt(tags=named.tags, prompt=named.prompt), "toml").rstrip("\n"))
        where = f", {entry.file}" if entry.file else ""
        note(f"{entry.path}, version {version.number} of {entry.latest}{where}")

    session.run(tell)


@prompts.command()
@click.argument("name")
@click.argument("text", required=False, default="")
@click.option("-s", "--system", default="", metavar="SYSTEM", help="The system prompt.")
@click.option("-m", "--model", "models", multiple=True, metavar="MODEL", help="Ask this model (repeatable).")
@click.option(
    "-o", "--option", "options", multiple=True, metavar="NAME=VALUE", help="A parameter (repeatable)."
)
@click.option("--file", "path", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Take it from a file of any format that `import` reads.")  # fmt: skip
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Give it this tag (repeatable).")
@click.option("--note", "remark", default="", metavar="NOTE", help="What this version is about.")
@click.pass_obj
def save(
    session: Session, name: str, text: str, system: str, models: tuple[str, ...], options: tuple[str, ...],
    path: Path | None, tags: tuple[str, ...], remark: str,
) -> None:  # fmt: skip
    """Save a prompt as NAME (FOLDER/NAME): a new one, or a new version. TEXT may be piped in."""
    piped = piped_input().rstrip("\n") if path is None else ""
    words = "\n\n".join(filter(None, (piped, text)))
    if path is not None and (words or system or models or options):
        raise click.UsageError("Give --file, or TEXT and its options.")
    if path is None and not (words or system):
        raise click.UsageError("There is nothing to save: give TEXT, pipe it in, or name a --file.")
    parameters = parameters_from(options)

    async def keep(services: Services) -> None:
        if path is not None:
            prompt = _only(path)
        else:
            above = (PromptMessage(role="system", text=system),) if system else ()
            below = (PromptMessage(text=words),) if words else ()
            prompt = Prompt(messages=(*above, *below), models=models, parameters=parameters)
        folder, _, last = name.rpartition("/")
        known = [one for one in await services.prompts.entries() if one.path == name]
        if known:
            before = known[0].latest
            saved = await services.prompts.save(known[0].id, prompt, tags=tags or None, note=remark)
            told = (
                f"version {saved.number}" if saved.number > before else f"no change: version {saved.number}"
            )
        else:
            saved = await services.prompts.save(
                None, prompt, name=last, folder=folder, tags=tags, note=remark
            )
            told = "version 1"
        note(f"Saved {name}, {told}.")

    session.run(keep)


def _only(path: Path) -> Prompt:
    from chatbench.services.prompts.exchange import read_file

    imported = read_file(path)
    for left in imported.left_out:
        note(f"Note: {left}")
    if len(imported.prompts) != 1:
        raise ConfigurationError(
            f"{path.name} holds {len(imported.prompts)} prompts.",
            "Take them all with `chatbench prompts import`.",
        )
    return imported.prompts[0].prompt


@prompts.command()
@click.argument("name")
@JSON
@click.pass_obj
def versions(session: Session, name: str, as_json: bool) -> None:
    """List the versions of a prompt, newest first."""

    async def tell(services: Services) -> None:
        entry = await services.prompts.find(name)
        found = await services.prompts.versions(entry.id)
        if as_json:
            say_json([{**one.to_dict(), "created_at": iso(one.created_at)} for one in found])
            return
        for one in found:
            mark = "  (production)" if one.number == entry.production else ""
            when = iso(one.created_at)[:16].replace("T", " ")
            say(f"{one.number:>4}  {when}  {one.sha256[:10]}  {one.note}{mark}".rstrip())

    session.run(tell)


@prompts.command()
@click.argument("name")
@click.argument("before", callback=_version, required=False)
@click.argument("after", callback=_version, required=False, default="latest")
@click.pass_obj
def diff(session: Session, name: str, before: Any, after: Any) -> int:
    """Show what differs between two versions, word by word; without them the last change.

    Exit code 0: nothing differs; 1: something does.
    """

    async def tell(services: Services) -> int:
        entry = await services.prompts.find(name)
        first = max(1, entry.latest - 1) if before is None else before
        found = await services.prompts.compare(entry.id, first, after)
        for one in found.messages:
            if not one.changed:
                continue
            roles = [told.role for told in (one.before, one.after) if told is not None]
            say(f"[{' → '.join(dict.fromkeys(roles))}]")
            click.echo("".join(_shown(piece.kind, safe(piece.text)) for piece in one.pieces).rstrip("\n"))
            if one.before and one.after and one.before.attachments != one.after.attachments:
                say("(other attachments)")
        for setting in found.settings:
            say(f"{setting.name}: {_plain(setting.before)} → {_plain(setting.after)}")
        return 1 if found.changed else 0

    return session.run(tell)


def _shown(kind: str, text: str) -> str:
    """As `git diff --word-diff` does, in colours on a terminal."""
    if kind == "same":
        return text
    marks = ("[-", "-]", "red") if kind == "removed" else ("{+", "+}", "green")
    bare = text.rstrip()
    marked = f"{marks[0]}{bare}{marks[1]}" if bare else bare
    return (click.style(marked, fg=marks[2]) if sys.stdout.isatty() else marked) + text[len(bare) :]


def _plain(value: Any) -> str:
    import msgspec

    return "-" if value is None else msgspec.json.encode(value).decode()


@prompts.command()
@click.argument("name")
@click.argument("number", type=int)
@click.pass_obj
def restore(session: Session, name: str, number: int) -> None:
    """Save an earlier version as the newest one."""

    async def bring_back(services: Services) -> PromptVersion:
        return await services.prompts.restore((await services.prompts.find(name)).id, number)

    note(f"{name} is version {number} again, as version {session.run(bring_back).number}.")


@prompts.command()
@click.argument("name")
@click.argument("number", type=int, required=False)
@click.pass_obj
def mark(session: Session, name: str, number: int | None) -> None:
    """Mark a version as the one in production; without NUMBER no one is."""

    async def set_mark(services: Services) -> None:
        await services.prompts.mark_production((await services.prompts.find(name)).id, number)

    session.run(set_mark)


@prompts.command()
@click.argument("name")
@click.pass_obj
def remove(session: Session, name: str) -> None:
    """Put a prompt into the trash, and its file away."""

    async def forget(services: Services) -> None:
        entry = await services.prompts.find(name)
        await services.prompts.delete(entry.id)
        say(f"Removed the prompt {entry.path}.")

    session.run(forget)


@prompts.command()
@click.argument("name")
@VERSION
@click.option("--format", "form", default="toml", show_default=True,
              type=click.Choice(["toml", "yaml", "openai", "llm", "promptfoo"]))  # fmt: skip
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Where to write; stdout if left out.")  # fmt: skip
@click.pass_obj
def export(session: Session, name: str, which: Any, form: Any, out: Path | None) -> None:
    """Write a prompt as a file."""

    async def write_it(services: Services) -> str:
        from chatbench.services.prompts.exchange import write

        entry = await services.prompts.find(name)
        return write(await services.prompts.named(entry.id, which), form)

    text = session.run(write_it)
    if out is None:
        click.echo(text, nl=False)
    else:
        session.known(lambda: _write(out, text))


@prompts.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--folder", default="", metavar="FOLDER", help="Where they stand in the library.")
@click.option("--plans", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
              help="Write what `chatbench run` takes of a configuration's tests here.")  # fmt: skip
@click.pass_obj
def import_(session: Session, files: tuple[Path, ...], folder: str, plans: Path | None) -> None:
    """Take prompts from FILES: ours (TOML, YAML), promptfoo's, OpenAI's JSON, llm's templates, plain text."""

    async def take(services: Services) -> None:
        from chatbench.services.prompts.exchange import read_file

        for file in files:
            imported = read_file(file)
            for left in imported.left_out:
                note(f"Note: {left}")
            for made in await services.prompts.add_all(imported.prompts, folder):
                say((await services.prompts.get(made.prompt_id)).path)
            if imported.plans and plans is None:
                note(f"{file.name} has tests too: --plans DIR writes them as plans for `chatbench run`.")
            for at, plan in enumerate(imported.plans if plans is not None else (), 1):
                target = Path(plans or "") / f"{file.stem}-{at}.toml"
                target.parent.mkdir(parents=True, exist_ok=True)
                _write(target, services.runs.dump_plan(plan))

    session.run(take)


@prompts.command()
@click.argument("name")
@click.option("--as", "form", default="curl", show_default=True, metavar="FORM",
              help="curl, python-httpx, -sdk or -chatbench, javascript-fetch or -sdk.")  # fmt: skip
@click.option("-m", "--model", "model", default="", metavar="MODEL", help="For this model.")
@click.option("-p", "--param", "variables", nargs=2, multiple=True, metavar="NAME VALUE",
              help="Fill in a variable (repeatable).")  # fmt: skip
@VERSION
@click.pass_obj
def code(
    session: Session, name: str, form: str, model: str, variables: tuple[tuple[str, str], ...], which: Any
) -> None:
    """Write a prompt as a program; the key is a variable of the environment."""

    async def write_it(services: Services) -> str:
        from chatbench.services.prompts.code import CodeForm

        if form not in get_args(CodeForm):
            raise ConfigurationError(f"There is no {form}.", f"There are {', '.join(get_args(CodeForm))}.")
        entry = await services.prompts.find(name)
        version = await services.prompts.version(entry.id, which)
        wanted = model or next(iter(version.prompt.models), "")
        ref = chosen_model(services, wanted) if wanted else services.models.default()
        if ref is None:
            raise no_default_model()
        values: dict[str, object] = dict(variables)
        told: Any = form
        return await services.prompts.code(version.prompt, values, ref, told)

    click.echo(session.run(write_it), nl=False)


@prompts.command()
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--as", "inside", default="", metavar="NAME", help="The folder's name in the library.")
@click.option("--remove", "off", is_flag=True, help="Take the folder out again; its prompts stay.")
@click.pass_obj
def link(session: Session, folder: Path | None, inside: str, off: bool) -> None:
    """Make a FOLDER of TOML and YAML files part of the library; without one, list those that are."""

    async def connect(services: Services) -> None:
        library = services.prompts
        if folder is None:
            for path, name in (await library.folders()).items():
                say(f"{name or '(top)':<24} {path}")
        elif off:
            await library.unlink_folder(folder)
        else:
            found = await library.link_folder(folder, inside)
            _problems(found.problems)
            say(f"{len(found.added)} prompts.")

    session.run(connect)


async def _told(services: Services) -> None:
    """Reads the linked folders, and says what could not be read."""
    found = await services.prompts.sync()
    _problems(found.problems)
    for prompt_id in found.both:
        entry = await services.prompts.get(prompt_id)
        note(f"Note: {entry.path} was changed here and in {entry.file}; both are as they were.")


def _problems(problems: tuple[ChatbenchError, ...]) -> None:
    for problem in problems:
        note(f"Note: {problem.message} {problem.hint}".rstrip())


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror}.", "Choose another place."
        ) from error
    note(f"Wrote {path}.")
