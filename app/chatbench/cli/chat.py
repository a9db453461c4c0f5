"""`chatbench chat`: a conversation in the terminal."""

from __future__ import annotations

import asyncio
import sys

import click

from chatbench.cli.asking import chosen_model, follow, parameters_from, tell_left_out
from chatbench.cli.session import Session, note, say
from chatbench.core.conversations import Draft
from chatbench.core.errors import ChatbenchError
from chatbench.core.models import GUIDE
from chatbench.services import Services

_HELP = "/model NAME changes the model, /quit ends (also Ctrl+D); Ctrl+C stops an answer."


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
        say(f"{services.models.info(current).title} ({current}). {_HELP}")
        while (line := await _read_line()) is not None:
            if line in ("/quit", "/exit"):
                return
            if line.startswith("/model"):
                try:
                    current = chosen_model(services, line[6:].strip() or None) or current
                    note(f"Now {current}.")
                except ChatbenchError as error:
                    note(f"{error.message} {error.hint}")
            elif line:
                turn = await services.chat.send(
                    conversation.id, Draft(text=line), model=current,
                    parameters=parameters if options else None,
                )  # fmt: skip
                try:
                    answer = await follow(turn.answers[0], services.chat.wait(turn), show=True)
                    tell_left_out(answer)
                except ChatbenchError as error:
                    note(f"Error: {error.message}\n  {error.hint}")

    session.run(talk)


async def _read_line() -> str | None:
    """A line of input without its end; None at the end of input."""
    if sys.stdin.isatty():
        sys.stdout.write("> ")
        sys.stdout.flush()
    line = await asyncio.to_thread(sys.stdin.readline)
    return line.strip() if line else None
