"""What was used and what it cost, over time."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from chatbench.storage.conversations import ConversationStore
from chatbench.storage.spend import Breakdown

__all__ = ["Breakdown", "Spent", "UsageService"]


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """US dollars; `complete` is False where some calls have no known price ("≥")."""

    amount: Decimal
    complete: bool
    calls: int = 0


class UsageService:
    """Sums of the profile's spend ledger."""

    def __init__(self, store: ConversationStore) -> None:
        self._store = store

    async def today(self) -> Spent:
        """Since midnight of the user's own day."""
        local = datetime.now(UTC).astimezone()
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        return await self.since(midnight)

    async def since(self, moment: datetime) -> Spent:
        """Since an aware datetime."""
        total = await self._store.spent(int(moment.timestamp() * 1000))
        return Spent(amount=total.amount, complete=total.complete, calls=total.calls)

    async def of_conversation(self, conversation_id: str) -> Breakdown:
        """What one conversation used and cost, by kind of token."""
        return await self._store.breakdown(conversation_id)
