"""`chatbench prompt`: one question, to one model or to several at once."""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from pathlib import Path
from typing import Any

import click
import msgspec

from chatbench.cli.asking import chosen_model, no_default_model, parameters_from
from chatbench.cli.attachments import (
    FORMS,
    PIPE,
    Attaching,
    Locked,
    attached,
    named_files,
    password_asked_for,
    piped_file,
    secret_in,
)
from chatbench.cli.printing import Asked, Face, print_answers
from chatbench.cli.session import Failed, Session, note, piped_input
from chatbench.core.conversations import Conversation, Draft
from chatbench.core.errors import ConfigurationError
from chatbench.core.messages import FileForm
from chatbench.core.models import ModelRef
from chatbench.core.params import Parameters
from chatbench.core.secrets import Secret
from chatbench.services import Services
from chatbench.services.chat import How
from chatbench.services.schemas import read_schema
from chatbench.services.templates import Template, template_of
from chatbench.services.turns import title_from


class _Options(msgspec.Struct, frozen=True, kw_only=True):
    """The command line, as it was given."""

    text: str
    piped: str
    models: tuple[str, ...]
    system: str | None
    attaching: Attaching
    fragments: tuple[str, ...]
    system_fragments: tuple[str, ...]
    parameters: Parameters
    schema: dict[str, Any] | None
    template: str | None
    variables: dict[str, str]
    key: Secret | None
    go_on: bool
    conversation: str | None
    stream: bool
    log: bool
    face: Face

    @property
    def words(self) -> str:
        """What is asked: what was piped in comes before TEXT."""
        piped = "" if PIPE in (*self.fragments, *self.system_fragments) else self.piped.rstrip("\n")
        return "\n\n".join(filter(None, (piped, self.text)))


class _Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked, of whom, and how: everything is known, and nothing sent."""

    text: str
    title: str
    system: str
    models: tuple[ModelRef, ...]
    parameters: Parameters
    how: How
    earlier: Conversation | None


@click.command()
@click.argument("text", required=False, default="")
@click.option("-m", "--model", "models", multiple=True, metavar="MODEL",
              help="provider/model-id, an alias, or a unique id; repeated, all are asked.")  # fmt: skip
@click.option("-s", "--system", metavar="SYSTEM", help="The system prompt.")
@click.option("-a", "--attach", "paths", multiple=True, metavar="FILE|URL|-",
              help="Attach a file of any kind (repeatable); one in an archive as ARCHIVE!NAME.")  # fmt: skip
@click.option("--attachment-type", "--at", "typed", nargs=2, multiple=True, metavar="FILE|URL|- TYPE",
              help="Attach a file of this media type, whatever it looks like (repeatable).")  # fmt: skip
@click.option("--attach-as", "form", type=click.Choice(FORMS), default=None,
              help="Send PDFs as they are, as text, or as pictures of their pages.")  # fmt: skip
@click.option("--pages", metavar="PAGES", default="", help="Send only these pages of PDFs: 1-3,7,-1")
@click.option("--attach-password", metavar="VARIABLE",
              help="Open encrypted files with the password in this environment variable.")  # fmt: skip
@click.option("-f", "--fragment", "fragments", multiple=True, metavar="FILE|URL|-",
              help="Put this text before the question (repeatable).")  # fmt: skip
@click.option("--system-fragment", "system_fragments", multiple=True, metavar="FILE|URL|-",
              help="Put this text before the system prompt (repeatable).")  # fmt: skip
@click.option("-o", "--option", "options", multiple=True, metavar="NAME=VALUE",
              help="A parameter, such as temperature=0.2 (repeatable); see `models --options`.")  # fmt: skip
@click.option("--schema", metavar="SCHEMA",
              help="Answer in JSON: fields ('name, age int, bio'), a JSON Schema, or its file.")  # fmt: skip
@click.option("--schema-multi", metavar="SCHEMA", help="The same, for a list of such objects.")
@click.option("-t", "--template", metavar="NAME", help="Ask with a saved template.")
@click.option("-p", "--param", "variables", nargs=2, multiple=True, metavar="NAME VALUE",
              help="Fill in a variable of the template (repeatable).")  # fmt: skip
@click.option("--save", metavar="NAME", help="Ask nothing: save all this as a template.")
@click.option("--key", metavar="VARIABLE", help="Use the key in this environment variable.")
@click.option("-c", "--continue", "go_on", is_flag=True, help="Go on in the newest conversation.")
@click.option("--cid", metavar="ID", help="Go on in this conversation.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per model, each on a line.")
@click.option("-x", "--extract", is_flag=True, help="Print only the first code block of the answer.")
@click.option("--usage", is_flag=True, help="Tell tokens, money and time on stderr.")
@click.option("--no-stream", is_flag=True, help="Ask the provider for one whole answer.")
@click.option("--no-log", is_flag=True, help="Leave nothing in the history.")
@click.pass_obj
def prompt(
    session: Session, text: str, models: tuple[str, ...], system: str | None, paths: tuple[str, ...],
    typed: tuple[tuple[str, str], ...], form: FileForm | None, pages: str, attach_password: str | None,
    fragments: tuple[str, ...], system_fragments: tuple[str, ...], options: tuple[str, ...],
    schema: str | None, schema_multi: str | None, template: str | None,
    variables: tuple[tuple[str, str], ...], save: str | None, key: str | None, go_on: bool,
    cid: str | None, as_json: bool, extract: bool, usage: bool, no_stream: bool, no_log: bool,
) -> int:  # fmt: skip
    """Ask one question. Text piped in comes before TEXT, or where - stands."""
    if schema and schema_multi:
        raise click.UsageError("Give --schema or --schema-multi, not both.")
    if extract and (as_json or schema or schema_multi or len(models) > 1):
        raise click.UsageError("-x is for one answer in text.")
    if variables and not template and not save:
        raise click.UsageError("-p fills in a template: name one with -t.")
    parameters = parameters_from(options)
    attaching = Attaching(
        named=named_files(paths, typed), form=form or "", pages=pages,
        password=secret_in("--attach-password", attach_password),
    )  # fmt: skip
    attaching, piped = _piped_in(attaching, (*fragments, *system_fragments))
    asked = _Options(
        text=text, piped=piped, models=models, system=system, attaching=attaching,
        fragments=fragments, system_fragments=system_fragments, parameters=parameters,
        schema=session.known(lambda: _schema(schema, schema_multi)),
        template=template, variables=dict(variables), key=secret_in("--key", key),
        go_on=go_on, conversation=cid, stream=not no_stream, log=not no_log,
        face=Face(as_json=as_json, usage=usage, extract=extract),
    )  # fmt: skip
    if save is not None:
        saved = _saved(asked)
        session.run(lambda services: _save(services, save, saved))
        return 0
    if not (asked.words.strip() or attaching.named or fragments or template):
        raise click.UsageError("There is nothing to ask: give TEXT, or pipe it in.")
    return _asked(session, asked)


def _piped_in(attaching: Attaching, texts: tuple[str, ...]) -> tuple[Attaching, str]:
    """What was piped in: with the files, where it is one of them, or as text."""
    if (*texts, *(one.source for one in attaching.named)).count(PIPE) > 1:
        raise click.UsageError("Only one fragment or attachment can be piped in.")
    if attaching.takes_pipe:
        return msgspec.structs.replace(attaching, piped=piped_file()), ""
    piped = piped_input()
    if PIPE in texts and not piped:
        raise click.UsageError("Nothing was piped in for the fragment -.")
    return attaching, piped


def _asked(session: Session, options: _Options) -> int:
    """Asks, and before that on a terminal for the password of each encrypted file, while no loop runs:
    Ctrl+C must end the question."""
    while True:
        try:
            return session.run(partial(_ask, options=options))
        except Failed as failed:
            locked = failed.__cause__
            if not isinstance(locked, Locked) or not sys.stdin.isatty():
                raise
            attaching = options.attaching.knowing(locked.source, password_asked_for(locked))
            options = msgspec.structs.replace(options, attaching=attaching)


def _schema(schema: str | None, multi: str | None) -> dict[str, Any] | None:
    if multi is not None:
        return read_schema(multi, multi=True)
    return None if schema is None else read_schema(schema)


async def _ask(services: Services, options: _Options) -> int:
    question = await _question(services, options)
    parts = await attached(services, options.attaching, question.models, store=options.log)
    draft = Draft(text=question.text, attachments=parts)
    start = _start_logged if options.log else _start_unlogged
    asked = await start(services, question, draft)
    return await print_answers(asked, options.face, question.how.schema)


async def _question(services: Services, options: _Options) -> _Question:
    """Everything that can be wrong is found here, before anything is sent."""
    template = Template() if options.template is None else await _template(services, options.template)
    earlier = await _earlier(services, options)
    lane = earlier.lanes[0] if earlier else None
    named = options.models or ((template.model,) if template.model else ())
    models = [chosen_model(services, name) for name in named]
    if not models:
        models = [lane.model if lane and lane.model else services.models.default()]
    if None in models:
        raise no_default_model()
    if options.key and len({ref.provider for ref in models if ref}) > 1:
        raise ConfigurationError(
            "One key does not go to several providers.", "Ask models of one provider, or leave out --key."
        )
    shared = await services.prompts.texts_named(template.shared)
    system, words = template.filled(options.words, options.variables, shared)
    if template.left_out:
        note(f"Left out of the prompt {options.template}: {', '.join(template.left_out)}.")
    system = options.system if options.system is not None else system
    pieces = await _texts(services, (*template.fragments, *options.fragments), options.piped)
    above = await _texts(services, (*template.system_fragments, *options.system_fragments), options.piped)
    if not system and not above and lane:
        system = lane.system
    base = lane.parameters if lane else Parameters()
    return _Question(
        text="\n\n".join(filter(None, (*pieces, words))),
        title=words,
        system="\n\n".join(filter(None, (*above, system))),
        models=tuple(ref for ref in models if ref),
        parameters=base.merged(Parameters.from_dict(template.parameters)).merged(options.parameters),
        how=How(stream=options.stream, schema=options.schema or template.schema, key=options.key),
        earlier=earlier,
    )


async def _template(services: Services, name: str) -> Template:
    """A template's file, else a prompt of the library, which may stand in a linked folder. Raises
    ConfigurationError where there is neither."""
    if name not in services.templates.names():
        try:
            entry = await services.prompts.find(name)
        except ConfigurationError:
            return services.templates.get(name)
        return template_of((await services.prompts.version(entry.id)).prompt)
    return services.templates.get(name)


async def _texts(services: Services, sources: tuple[str, ...], piped: str) -> list[str]:
    async def read(source: str) -> str:
        return (piped if source == PIPE else await services.fragments.read(source)).strip("\n")

    return list(await asyncio.gather(*map(read, sources)))


async def _earlier(services: Services, options: _Options) -> Conversation | None:
    if options.conversation is not None:
        return await services.history.outline(options.conversation)
    if not options.go_on:
        return None
    newest = await services.history.summaries(1)
    if not newest:
        raise ConfigurationError("There is no conversation to go on with.", "Leave out -c.")
    return await services.history.outline(newest[0].id)


async def _start_logged(services: Services, question: _Question, draft: Draft) -> list[Asked]:
    """In one conversation: the question, and an answer of each model beside the others."""
    chat, first = services.chat, question.models[0]
    earlier = question.earlier
    if earlier is None:
        title = title_from(msgspec.structs.replace(draft, text=question.title))
        earlier = await chat.new_conversation(first, system=question.system, title=title)
    turn = await chat.send(
        earlier.id, draft, model=first, system=question.system, parameters=question.parameters,
        how=question.how,
    )  # fmt: skip
    asked = [Asked(turn.answers[0], asyncio.ensure_future(chat.wait(turn)), earlier.id)]
    for model in question.models[1:]:
        more = await chat.regenerate(
            earlier.id, turn.user_message_id, model=model, parameters=question.parameters, how=question.how
        )
        asked.append(Asked(more.answers[0], asyncio.ensure_future(chat.wait(more)), earlier.id))
    return asked


async def _start_unlogged(services: Services, question: _Question, draft: Draft) -> list[Asked]:
    asked = []
    for model in question.models:
        turn = await services.chat.ask(
            draft, model=model, system=question.system, parameters=question.parameters, how=question.how,
            after=question.earlier,
        )  # fmt: skip
        asked.append(Asked(turn.answers[0], asyncio.ensure_future(services.chat.wait(turn)), None))
    return asked


def _saved(options: _Options) -> Template:
    """The command line as a template. Raises click.UsageError for what none can hold."""
    kept_out = {
        "-t": options.template, "-a": options.attaching.named, "--key": options.key, "-c": options.go_on,
        "--cid": options.conversation, "more than one -m": len(options.models) > 1,
        "a fragment that is piped in": PIPE in (*options.fragments, *options.system_fragments),
    }  # fmt: skip
    if found := [name for name, given in kept_out.items() if given]:
        raise click.UsageError(f"A template does not keep {found[0]}.")
    template = Template(
        model="".join(options.models),
        system=options.system or "",
        prompt=options.words,
        variables=options.variables,
        fragments=tuple(map(_lasting, options.fragments)),
        system_fragments=tuple(map(_lasting, options.system_fragments)),
        parameters=options.parameters.to_dict(),
        schema=options.schema,
    )
    if template == Template():
        raise click.UsageError("There is nothing to save: give TEXT, or an option.")
    if strange := [name for name in options.variables if name not in template.names]:
        raise click.UsageError(f"-p {strange[0]}: {{{{{strange[0]}}}}} stands nowhere in the template.")
    return template


def _lasting(source: str) -> str:
    """A fragment's place, whatever folder the template is used in."""
    return source if "://" in source else str(Path(source).resolve())


async def _save(services: Services, name: str, template: Template) -> None:
    if template.model:
        services.models.resolve(template.model)
    await _texts(services, (*template.fragments, *template.system_fragments), "")
    note(f"Saved in {services.templates.save(name, template)}.")
