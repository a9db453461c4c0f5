"""`chatbench chat`: a conversation in the terminal."""

from __future__ import annotations

import re
import sys

import click

from chatbench.cli.asking import chosen_model, follow, parameters_from, raise_error_of
from chatbench.cli.attachments import attach_named, what_is_sent
from chatbench.cli.lines import LineReader
from chatbench.cli.session import Session, note, say
from chatbench.core.conversations import Draft
from chatbench.core.errors import ChatbenchError
from chatbench.core.messages import Part
from chatbench.core.models import GUIDE, ModelRef
from chatbench.services import Services

_HELP = (
    "/model NAME changes the model, !attach FILE sends a file with the next message, /quit ends (also "
    "Ctrl+D); Ctrl+C stops an answer."
)


@click.command()
@click.option("-m", "--model", metavar="MODEL", help="provider/model-id, an alias, or a unique id.")
@click.option("-s", "--system", metavar="SYSTEM", default="", help="The system prompt.")
@click.option("-o", "--option", "options", multiple=True, metavar="NAME=VALUE",
              help="A parameter (repeatable).")  # fmt: skip
@click.option("--cid", metavar="ID", help="Go on in this conversation.")
@click.pass_obj
def chat(session: Session, model: str | None, system: str, options: tuple[str, ...], cid: str | None) -> None:
    """Talk to a model, or to the built-in guide if none is set."""
    parameters = parameters_from(options)

    async def talk(services: Services) -> None:
        ref = chosen_model(services, model)
        if cid is None:
            conversation = await services.chat.new_conversation(ref or GUIDE, system=system)
        else:
            conversation = await services.history.outline(cid)
        current = ref or conversation.lanes[0].model or GUIDE
        if ref is None and await services.ratings.hides_names(conversation):
            say(f"A blind chat: its models are named when its answers are rated. {_HELP}")
        else:
            say(f"{services.models.info(current).title} ({current}). {_HELP}")
        lines = LineReader()
        files: list[Part] = []
        while (line := await _next(lines)) is not None:
            if line in ("/quit", "/exit"):
                return
            try:
                if line.split(maxsplit=1)[:1] == ["/model"]:
                    current = chosen_model(services, line[6:].strip() or None) or current
                    note(f"Now {current}.")
                elif line.split(maxsplit=1)[:1] in (["!attach"], ["/attach"]):
                    files.append(await _attached(services, line[7:], current, conversation.id))
                elif re.fullmatch(r"/[a-z]*", line):
                    # A slip of the fingers is not worth a call; a path or a sentence is sent.
                    note(_HELP)
                elif line:
                    turn = await services.chat.send(
                        conversation.id, Draft(text=line, attachments=tuple(files)), model=current,
                        parameters=parameters if options else None,
                    )  # fmt: skip
                    files.clear()
                    raise_error_of(await follow(turn.answers[0], services.chat.wait(turn), show=True))
            except ChatbenchError as error:
                note(f"Error: {error.message}\n  {error.hint}")

    session.run(talk)


async def _attached(services: Services, name: str, model: ModelRef, conversation_id: str) -> Part:
    """A file for the next message. Raises AttachmentRefused."""
    info = services.models.info(model)
    part = await attach_named(services, name, info, conversation_id)
    note(await what_is_sent(services, part, info))
    return part


async def _next(lines: LineReader) -> str | None:
    if sys.stdin.isatty():
        sys.stdout.write("> ")
        sys.stdout.flush()
    line = await lines.next()
    return line if line is None else line.strip()
