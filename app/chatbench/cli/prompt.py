"""`chatbench prompt`: one question, one answer."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from chatbench.cli.asking import (
    answer_object,
    attached,
    chosen_model,
    follow,
    no_default_model,
    parameters_from,
    raise_error_of,
)
from chatbench.cli.session import STOPPED, Session, piped_input
from chatbench.core.conversations import Conversation, Draft
from chatbench.core.errors import ConfigurationError
from chatbench.core.params import Parameters
from chatbench.services import Services
from chatbench.services.chat import How


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    text: str
    model: str | None
    system: str | None
    files: tuple[Path, ...]
    parameters: Parameters
    go_on: bool
    conversation: str | None
    as_json: bool
    stream: bool
    log: bool


@click.command()
@click.argument("text", required=False, default="")
@click.option("-m", "--model", metavar="MODEL", help="provider/model-id, an alias, or a unique id.")
@click.option("-s", "--system", metavar="SYSTEM", help="The system prompt.")
@click.option(
    "-a", "--attach", "files", multiple=True, metavar="FILE", help="Attach a file (repeatable).",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)  # fmt: skip
@click.option("-o", "--option", "options", multiple=True, metavar="NAME=VALUE",
              help="A parameter, such as temperature=0.2 (repeatable).")  # fmt: skip
@click.option("-c", "--continue", "go_on", is_flag=True, help="Go on in the newest conversation.")
@click.option("--cid", metavar="ID", help="Go on in this conversation.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--no-stream", is_flag=True, help="Ask the provider for one whole answer.")
@click.option("--no-log", is_flag=True, help="Leave nothing in the history.")
@click.pass_obj
def prompt(
    session: Session, text: str, model: str | None, system: str | None, files: tuple[Path, ...],
    options: tuple[str, ...], go_on: bool, cid: str | None, as_json: bool, no_stream: bool,
    no_log: bool,
) -> int:  # fmt: skip
    """Ask one question. Text piped in comes before TEXT."""
    parameters = parameters_from(options)
    words = "\n\n".join(filter(None, (piped_input().rstrip("\n"), text)))
    if not words and not files:
        raise click.UsageError("There is nothing to ask: give TEXT, or pipe it in.")
    asked = _Asked(
        text=words,
        model=model,
        system=system,
        files=files,
        parameters=parameters,
        go_on=go_on,
        conversation=cid,
        as_json=as_json,
        stream=not no_stream,
        log=not no_log,
    )
    return session.run(lambda services: _ask(services, asked))


async def _ask(services: Services, asked: _Asked) -> int:
    earlier = await _earlier(services, asked)
    lane = earlier.lanes[0] if earlier else None
    model = chosen_model(services, asked.model) if asked.model or lane is None else lane.model
    if model is None:
        raise no_default_model()
    files = await attached(services, asked.files, model, store=asked.log)
    draft = Draft(text=asked.text, attachments=files)
    system = asked.system if asked.system is not None else lane.system if lane else ""
    parameters = lane.parameters.merged(asked.parameters) if lane else asked.parameters
    how = How(stream=asked.stream)
    conversation_id: str | None = None
    if asked.log:
        if earlier is None:
            earlier = await services.chat.new_conversation(model, system=system)
        conversation_id = earlier.id
        turn = await services.chat.send(
            conversation_id, draft, model=model, system=system, parameters=parameters,
            how=how,
        )  # fmt: skip
    else:
        turn = await services.chat.ask(
            draft, model=model, system=system, parameters=parameters, how=how,
            after=earlier,
        )  # fmt: skip
    message = await follow(turn.answers[0], services.chat.wait(turn), show=not asked.as_json)
    if asked.as_json and (message.parts or message.error is None):
        click.echo(msgspec.json.encode(answer_object(message, conversation_id)).decode())
    raise_error_of(message)
    return STOPPED if message.state == "stopped" else 0


async def _earlier(services: Services, asked: _Asked) -> Conversation | None:
    if asked.conversation:
        return await services.history.outline(asked.conversation)
    if not asked.go_on:
        return None
    newest = await services.history.summaries(1)
    if not newest:
        raise ConfigurationError("There is no conversation to go on with.", "Leave out -c.")
    return await services.history.outline(newest[0].id)
