"""Values that travel as JSON."""

from __future__ import annotations

from typing import Any, Self

import msgspec

from chatbench.core.errors import FormatError


def plain(value: Any) -> Any:
    """As plain values that JSON takes; also a pydantic model, wherever it stands in it."""
    return msgspec.to_builtins(value, enc_hook=_dumped)


def _dumped(value: Any) -> Any:
    dump = getattr(value, "model_dump", None)
    if dump is None:
        raise TypeError(f"{type(value).__name__} has no plain form")
    return dump(mode="json")


class Plain:
    """What a value of msgspec's brings along to be written as plain values, and read again."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """As plain values that JSON takes; bytes in base64."""
        told: dict[str, Any] = msgspec.to_builtins(self)
        return told

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Back from `to_dict`. Raises FormatError, which names the place."""
        try:
            return msgspec.convert(values, cls)
        except (msgspec.ValidationError, ValueError) as error:
            raise FormatError(
                f"This is no {cls.__name__}: {error}", "Give what to_dict made, as it was."
            ) from error


class Written(
    Plain, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """A value that people write by hand: a field that it does not know is refused, not passed over."""
