"""What a call may take, and what it took: refused where it cannot be, reserved, and counted once."""

from __future__ import annotations

from chatbench.client.budget import Reservation
from chatbench.client.calling import Calling
from chatbench.client.environment import Environment
from chatbench.client.estimate import estimate_tokens
from chatbench.client.outcome import counted
from chatbench.client.routing import Router
from chatbench.client.underway import Underway
from chatbench.core.errors import ChatbenchError, ContextWindowExceeded, ProviderError
from chatbench.core.messages import TextPart
from chatbench.core.requests import Request, Response
from chatbench.core.streams import Reset


class Accounted(Underway):
    """A call within its model's window, its budgets and the ledger."""

    __slots__ = ("_reservation", "_settled", "_whole_response")

    def __init__(
        self, environment: Environment, request: Request, calling: Calling, router: Router | None = None
    ) -> None:
        super().__init__(environment, request, calling, router)
        self._reservation: Reservation | None = None
        self._settled = False
        self._whole_response: Response | None = None

    async def _admit(self) -> None:
        """Refuses, before anything is sent, what cannot fit or would pass a budget."""
        self._refuse_too_long()
        calling = self._calling
        if calling.budgets is not None:
            self._reservation = await self._in_time(
                calling.budgets.acquire(
                    self.request, self.info, self.endpoint, conversation=calling.conversation, run=calling.run
                )
            )

    async def _readmit(self, error: ProviderError) -> None:
        """Asks the budget anew: another model, to which `error` led, may cost more."""
        if self._reservation is not None:
            self._reservation.settle(None)
            self._reservation = None
            try:
                await self._admit()
            except ChatbenchError as refusal:
                raise refusal from error

    def _refuse_too_long(self) -> None:
        """A prompt that cannot fit by any way of counting is not sent."""
        window = self.info.context_window
        if window is None:
            return
        size = len(self.request.system)
        for message in self.request.messages:
            for part in message.parts:
                size += len(part.text) if isinstance(part, TextPart) else window
        if size * 2 <= window:
            return
        tokens = estimate_tokens(self.request.messages, self.request.system, self.info)
        if tokens * 0.75 > window:
            raise ContextWindowExceeded(
                f"The prompt is about {tokens:,} tokens; {self.info.title} takes {window:,}.",
                "Shorten it, leave out attachments, or choose a model with a larger context window.",
                provider=self.endpoint.id,
            )

    def _void(self) -> None:
        """The attempt is made again. It was used, and is paid for, as far as it came."""
        if self.accumulator.usage is not None or self.accumulator.has_visible_text:
            lost = self._last_attempt()
            if lost.usage is None:
                lost = counted(lost, self.request, self.info, self.endpoint, self._environment.pricing)
            self._besides(lost)
            if self._reservation is not None:
                self._reservation.add(lost)
            if self._calling.ledger is not None:
                self._calling.ledger.record(lost)
        self.accumulator.apply(Reset())

    def _settle(self) -> None:
        """What was used is counted, once, also where the call was stopped or failed."""
        reservation, ledger = self._reservation, self._calling.ledger
        if self._settled or (reservation is None and ledger is None):
            return
        self._settled = True
        self._reservation = None
        response = self._whole_response
        if response is None and self.attempts:
            response = self._last_attempt()
        # Nothing may be awaited between the two: budgets read the ledger, and know what is theirs in it.
        if reservation is not None:
            reservation.settle(response)
        if ledger is not None and response is not None:
            ledger.record(response)
