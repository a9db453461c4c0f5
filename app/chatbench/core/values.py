"""Values that travel as JSON."""

from __future__ import annotations

from typing import Any, Self

import msgspec

from chatbench.core.errors import FormatError


class Plain:
    """What a value of msgspec's brings along to be written as plain values, and read again."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """As plain values that JSON takes; bytes in base64."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Back from `to_dict`. Raises FormatError, which names the place."""
        try:
            return msgspec.convert(values, cls)
        except (msgspec.ValidationError, ValueError) as error:
            raise FormatError(
                f"This is no {cls.__name__}: {error}", "Give what to_dict made, as it was."
            ) from error
