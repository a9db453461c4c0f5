"""Where a plan's prompts and rows come from: the library, files, or the plan itself."""

from __future__ import annotations

from collections.abc import AsyncIterator

from chatbench.core.errors import ConfigurationError
from chatbench.core.runs import Plan, PlanPrompt, RunRow
from chatbench.services.runs.columns import Found

EXPECTED = "expected"
_PIECE = 1000


class Sources:
    """Finds what a plan names."""

    async def prompt(self, wanted: PlanPrompt) -> Found:
        """The prompt meant. Raises ConfigurationError where a plan names none, and what reading raises."""
        if wanted.prompt is not None:
            return Found(wanted.prompt, wanted.name)
        raise ConfigurationError("A prompt of the plan names nothing.", "Give it text, name, id or file.")

    async def fragments(self, names: tuple[str, ...]) -> dict[str, str]:
        """Their texts by the names that stand in the prompt."""
        if names:
            raise ConfigurationError(f"There is no fragment {names[0]!r}.")
        return {}

    async def rows(self, plan: Plan) -> AsyncIterator[list[RunRow]]:
        """The rows of a plan in pieces; one without values where it names none."""
        data = plan.data
        rows = [_inline(place, values) for place, values in enumerate(data.rows)] or [RunRow(id="1")]
        for first in range(0, len(rows), _PIECE):
            yield rows[first : first + _PIECE]


def _inline(place: int, values: dict[str, object]) -> RunRow:
    rest = {name: value for name, value in values.items() if name != EXPECTED}
    return RunRow(id=str(place + 1), values=rest, expected=values.get(EXPECTED))
