"""The command `chatbench`: its global options and its commands."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from chatbench import __version__
from chatbench.cli.aliases import aliases
from chatbench.cli.batch import batch
from chatbench.cli.chat import chat
from chatbench.cli.datasets import datasets
from chatbench.cli.files import files
from chatbench.cli.history import history
from chatbench.cli.jobs import jobs
from chatbench.cli.keys import keys
from chatbench.cli.models import models
from chatbench.cli.prompt import prompt
from chatbench.cli.prompts import prompts
from chatbench.cli.providers import providers
from chatbench.cli.run import run
from chatbench.cli.runs import runs
from chatbench.cli.session import STOPPED, Build, Session
from chatbench.cli.templates import templates
from chatbench.cli.window import Commands, quick, self_test


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--profile",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Keep everything in this folder (also: CHATBENCH_HOME).",
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    help="How much goes to the profile's log (also: CHATBENCH_LOG).",
)
@click.version_option(__version__, prog_name="chatbench")
@click.pass_context
def chatbench(context: click.Context, profile: Path | None, log_level: str | None) -> None:
    """Chat with language models. Without a command the window opens.

    `chatbench FILE...` attaches files, a hundred at most, to the chat in view; a file whose name has no
    dot is written ./NAME. A window that is open on the profile already takes them over.
    """
    context.obj = Session(context.obj, profile, log_level or "")


for _command in (
    aliases,
    batch,
    chat,
    datasets,
    files,
    history,
    jobs,
    keys,
    models,
    prompt,
    prompts,
    providers,
    run,
    runs,
    templates,
    quick,
    self_test,
):
    chatbench.add_command(_command)


def main(arguments: Sequence[str], build: Build) -> int:
    """Runs one command line; the exit code is 0, 1 (a known error) or 2 (usage)."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        result = chatbench.main(list(arguments), prog_name="chatbench", standalone_mode=False, obj=build)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return STOPPED
    return result if isinstance(result, int) else 0
