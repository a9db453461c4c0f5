"""What is wrong with a template, and where."""

from __future__ import annotations

from chatbench.core.errors import FormatError


class TemplateError(FormatError):
    """A template that cannot be read or filled in: at `line` and `column`, both from 1; `is_endless` where it
    was given up because it took too long."""

    def __init__(
        self, what: str, hint: str = "", *, text: str = "", at: int = 0, is_endless: bool = False
    ) -> None:
        self.what, self.is_endless = what, is_endless
        self.line = text.count("\n", 0, at) + 1
        self.column = at - text.rfind("\n", 0, at)
        super().__init__(f"Line {self.line}, column {self.column}: {what}", hint)


class Fault(Exception):
    """What is wrong at a place (characters from 0) of a text that is not known here."""

    def __init__(self, at: int, what: str, hint: str = "", *, is_endless: bool = False) -> None:
        super().__init__(what)
        self.at, self.what, self.hint, self.is_endless = at, what, hint, is_endless

    def of(self, text: str) -> TemplateError:
        """The error, of the text it is found in."""
        return TemplateError(self.what, self.hint, text=text, at=self.at, is_endless=self.is_endless)
