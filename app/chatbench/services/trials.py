"""A prompt tried once: what is sent to each of a few models, and their answers while they are written."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal

import msgspec

from chatbench.client.call import AnswerStream
from chatbench.client.llm import LLMClient
from chatbench.client.strictness import strict_schema
from chatbench.core.changes import Changes
from chatbench.core.errors import ChatbenchError, ConfigurationError, ErrorReport
from chatbench.core.messages import TextPart, text_of
from chatbench.core.models import GUIDE, ModelRef
from chatbench.core.observe import Signal
from chatbench.core.params import Parameters
from chatbench.core.prompts import Prompt
from chatbench.core.requests import Request, Response
from chatbench.services.attachments import AttachmentService
from chatbench.services.prompts import PromptService

MOST_MODELS = 8
TrialState = Literal["waiting", "writing", "done", "stopped", "failed"]


class Trial:
    """One model's answer. It is pulled: `text()` and `seconds()` tell of this moment."""

    def __init__(self, model: ModelRef) -> None:
        self.model = model
        self.state: TrialState = "waiting"
        self.response: Response | None = None
        self.error: ErrorReport | None = None
        self._call: AnswerStream | None = None
        self._begun = time.monotonic()
        self._ended: float | None = None

    @property
    def is_over(self) -> bool:
        return self.state in ("done", "stopped", "failed")

    def text(self) -> str:
        """The words so far."""
        if self.response is not None:
            return self.response.text
        return "" if self._call is None else text_of(self._call.accumulator.parts())

    def seconds(self) -> float:
        """Since it was asked, or for as long as it took."""
        return (self._ended or time.monotonic()) - self._begun

    def cost(self) -> Decimal | None:
        """US dollars it took; None where that is unknown, or not known yet."""
        return None if self.response is None else self.response.spent

    def begin(self, call: AnswerStream) -> None:
        self._call = call
        self.state = "writing"

    def end(self, state: TrialState, error: ErrorReport | None = None) -> None:
        """What was written stays."""
        if self._call is not None:
            self.response = self._call.response(None)
        self.state, self.error = state, error
        self._ended = time.monotonic()


class TrialService:
    """Nothing of what is answered is kept; what it cost is counted as everything else."""

    def __init__(
        self,
        client: LLMClient,
        prompts: PromptService,
        attachments: AttachmentService,
        changes: Signal[Changes],
    ) -> None:
        """`client` counts what it spends."""
        self._client = client
        self._prompts = prompts
        self._attachments = attachments
        self._changes = changes
        self._running: dict[asyncio.Task[None], Trial] = {}

    async def start(
        self,
        prompt: Prompt,
        values: Mapping[str, Any],
        model: ModelRef,
        parameters: Parameters = Parameters(),
    ) -> Trial:
        """Asks one model. Raises as PromptService.filled; ConfigurationError for the guide. What the call
        fails of is in the trial."""
        if model == GUIDE:
            raise ConfigurationError("The guide is not a language model.", "Choose another model.")
        filled = await self._prompts.filled(prompt, dict(values))
        if not filled.messages:
            raise ConfigurationError("Nothing would be asked.", "Write a message of the user.")
        schema = prompt.response_schema
        request = Request(
            model=model,
            messages=filled.messages,
            system=filled.system,
            parameters=prompt.parameters.merged(parameters),
            tools=prompt.tools,
            response_schema=None if schema is None else strict_schema(schema),
        )
        trial = Trial(model)
        task = asyncio.get_running_loop().create_task(self._ask(trial, request))
        self._running[task] = trial
        task.add_done_callback(self._running.pop)
        return trial

    async def stop(self, trial: Trial) -> None:
        """What was written stays."""
        for task, running in tuple(self._running.items()):
            if running is trial:
                task.cancel()
                await asyncio.wait({task})

    async def wait(self, trial: Trial) -> None:
        """Returns when it is over."""
        tasks = {task for task, running in self._running.items() if running is trial}
        if tasks:
            await asyncio.wait(tasks)

    async def aclose(self) -> None:
        """Stops what is under way."""
        for task in tuple(self._running):
            task.cancel()
        if self._running:
            await asyncio.wait(tuple(self._running))

    async def _ask(self, trial: Trial, request: Request) -> None:
        try:
            if any(type(part) is not TextPart for one in request.messages for part in one.parts):
                info = self._client.environment.catalogue.info(request.model)
                ready = await self._attachments.ready(request.messages, info)
                request = msgspec.structs.replace(request, messages=tuple(ready.messages))
            call = self._client.stream(request)
            trial.begin(call)
            await call.complete()
        except ChatbenchError as error:
            trial.end("failed", error.report())
        except asyncio.CancelledError:
            trial.end("stopped")
        else:
            trial.end("done")
        ledger = self._client.environment.ledger
        if ledger is not None:
            await ledger.flush()
        self._changes.emit(Changes(usage=True))
