"""Finished cells on their way into the database: in groups, each one transaction, none lost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from chatbench.core.errors import StorageError
from chatbench.core.runs import Run
from chatbench.services.runs.talks import Talk
from chatbench.storage.runs import DONE, FAILED, REFUSED, UNCHECKED, Finished, RunStore, Tally

log = logging.getLogger(__name__)
_GROUP = 200
_EVERY_S = 0.05
_ROOM = 2000
_ANSWERED = (DONE, UNCHECKED)
_WITHOUT = (FAILED, REFUSED)


class _Paid(NamedTuple):
    """A cell, a talk that is not at its end, or both (the cell has failed in the middle of it); and what they
    took besides what has been written of them before."""

    finished: Finished | None
    talk: Talk | None
    cost: Decimal
    unpriced: int

    def after(self, before: _Paid | None) -> _Paid:
        """With what came of the same cell before."""
        if before is None:
            return self
        return _Paid(
            self.finished or before.finished,
            self.talk or before.talk,
            self.cost + before.cost,
            self.unpriced + before.unpriced,
        )


class Writer:
    """Takes cells and writes them, soon and together. What could not be written is kept, and tried again by
    the next `flush`."""

    def __init__(
        self,
        run: Run,
        stored: bytearray,
        store: RunStore,
        written: Callable[[], None],
        failed: Callable[[StorageError], None],
    ) -> None:
        """`stored` is the state of every cell as the database has it; `written` is called after each group,
        `failed` at once when one cannot be written."""
        self._run, self._stored, self._store = run, stored, store
        self._written, self._failed = written, failed
        self._waiting: dict[int, _Paid] = {}
        self._under_way: dict[int, _Paid] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._room = asyncio.Event()
        self._room.set()
        self.error: StorageError | None = None

    def put(self, finished: Finished, cost: Decimal, unpriced: int) -> None:
        """Takes a cell over; it is written within some 50 ms."""
        self._take(finished.place, _Paid(finished, None, cost, unpriced))

    def keep(self, place: int, talk: Talk) -> None:
        """Takes over how far the talk of a cell has come; it is written as soon."""
        cost, unpriced = talk.taken()
        self._take(place, _Paid(None, talk.kept(), cost, unpriced))

    def _take(self, place: int, paid: _Paid) -> None:
        self._waiting[place] = paid.after(self._waiting.get(place))
        if len(self._waiting) >= _ROOM:
            self._room.clear()
        if len(self._waiting) >= _GROUP:
            self._begin()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_EVERY_S, self._begin)

    def find(self, place: int) -> Finished | None:
        """A cell that is not in the database yet."""
        for found in (self._waiting.get(place), self._under_way.get(place)):
            if found is not None and found.finished is not None:
                return found.finished
        return None

    async def room(self) -> None:
        """Returns when not too many cells wait to be written, or none can be."""
        await self._room.wait()

    async def flush(self) -> None:
        """Returns when everything is written. Raises StorageError where it cannot be; it is kept then."""
        self._stop_timer()
        if self._task is not None:
            await asyncio.wait({self._task})
        self.error = None
        while self._waiting:
            await self._write_group()
            if self.error is not None:
                raise self.error

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _begin(self) -> None:
        self._stop_timer()
        if self._task is None and self.error is None:
            self._task = asyncio.get_running_loop().create_task(self._write_full_groups())
            self._task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """What came while a group was being written is the next."""
        self._task = None
        if self._waiting and self._timer is None and self.error is None and not task.cancelled():
            self._timer = asyncio.get_running_loop().call_later(_EVERY_S, self._begin)

    async def _write_full_groups(self) -> None:
        await self._write_group()
        while len(self._waiting) >= _GROUP and self.error is None:
            await self._write_group()

    async def _write_group(self) -> None:
        self._under_way, self._waiting = self._waiting, {}
        cells = [one.finished for one in self._under_way.values() if one.finished is not None]
        try:
            await self._store.put(self._run, cells, self._tally(), self._talks())
        except StorageError as error:
            self._keep(error)
        except Exception:
            # A bug of ours: what was paid for must stay to be written all the same.
            log.exception("writing cells of a run failed")
            self._keep(StorageError("The cells could not be written.", "The log says more."))
        else:
            for cell in cells:
                self._stored[cell.place] = cell.state
            self._written()
        self._under_way = {}
        if len(self._waiting) < _ROOM or self.error is not None:
            self._room.set()

    def _keep(self, error: StorageError) -> None:
        self.error = error
        for place, paid in self._under_way.items():
            after = self._waiting.get(place)
            self._waiting[place] = paid if after is None else after.after(paid)
        self._failed(error)

    def _talks(self) -> dict[int, Talk | None]:
        """What is to be gone on with; None where a talk has come to its end."""
        found: dict[int, Talk | None] = {}
        if self._run.plan.user is not None:
            for place, (finished, talk, _, _) in self._under_way.items():
                if finished is not None and finished.state in _ANSWERED:
                    found[place] = None
                elif talk is not None:
                    found[place] = talk
        return found

    def _tally(self) -> Tally:
        done = failed = unpriced = 0
        cost = Decimal(0)
        for one in self._under_way.values():
            cost += one.cost
            unpriced += one.unpriced
            if one.finished is None:
                continue
            before, now = self._stored[one.finished.place], one.finished.state
            done += (now in _ANSWERED) - (before in _ANSWERED)
            failed += (now in _WITHOUT) - (before in _WITHOUT)
        return Tally(done, failed, cost, unpriced)
