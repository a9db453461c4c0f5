"""A cell of a run handed on: as a chat that goes on from it, or as a row of a data set."""

from __future__ import annotations

from chatbench.core.conversations import Lane, TreeMessage
from chatbench.core.errors import ConfigurationError
from chatbench.core.ids import new_id
from chatbench.core.messages import Message, TextPart
from chatbench.core.models import ModelRef
from chatbench.core.runs import Cell, CellKey
from chatbench.services.chat import ChatService
from chatbench.services.datasets import DatasetService
from chatbench.services.runs.service import RunService


async def cell_as_chat(runs: RunService, chat: ChatService, run_id: str, key: CellKey) -> str:
    """A new conversation that begins with what was sent and what came; its id. Raises FormatError for
    values that do not fill the prompt."""
    run, cell = await runs.get(run_id), await _cell(runs, run_id, key)
    asked = await runs.sent(run_id, key)
    talk = list(asked.messages)
    if cell.messages:
        talk = [Message(role=one["role"], parts=_words(str(one["text"]))) for one in cell.messages]
    elif cell.text:
        talk.append(Message(role="assistant", parts=_words(cell.text)))
    column = run.columns[key.column]
    lane = Lane(
        id=new_id(), model=ModelRef.parse(column.model), system=asked.system, parameters=asked.parameters
    )
    known = TreeMessage(
        id="", conversation_id="", parent_id=None, turn_id="", role="assistant",
        usage=cell.usage, error=cell.error, attempts=cell.tries,
    )  # fmt: skip
    title = f"{column.label}, run {run.number}, row {key.row + 1}"
    return (await chat.begin_with(title, lane, talk, source=run_id, last=known)).id


async def cell_to_dataset(
    runs: RunService, datasets: DatasetService, run_id: str, key: CellKey
) -> tuple[str, str]:
    """The answer becomes what is expected in the row that the cell was made from, or in a new row where that
    is gone; the ids of data set and row. A plan with rows of its own has its data set made."""
    run, cell = await runs.get(run_id), await _cell(runs, run_id, key)
    (row,) = await runs.rows(run_id, key.row, 1)
    data = run.plan.data
    if data.id or data.name:
        dataset = await (datasets.get(data.id) if data.id else datasets.find(data.name))
    else:
        dataset = await datasets.create(run.plan.name or f"Run {run.number}")
    expected = next((column.name for column in dataset.columns if column.role == "expected"), "")
    if row.id and expected and await datasets.by_id(dataset.id, [row.id]):
        await datasets.set_values(dataset.id, {row.id: {expected: cell.text}})
        return dataset.id, row.id
    return dataset.id, await datasets.add_row(dataset.id, row.values, cell.text)


async def _cell(runs: RunService, run_id: str, key: CellKey) -> Cell:
    found = await runs.cells(run_id, [key])
    if not found:
        raise ConfigurationError("There is no answer in this cell.", "It has not been asked yet.")
    return found[0]


def _words(text: str) -> tuple[TextPart, ...]:
    return (TextPart(text=text),)
