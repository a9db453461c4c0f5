"""Every error a person can do something about, named by what that is.

    ChatbenchError
    ├── ProviderError
    │   ├── MissingKey               no key for this provider: add one
    │   ├── Authentication           the key was refused: replace it
    │   ├── PermissionDenied         the key may not do this
    │   ├── RateLimited              too many requests: wait `retry_after`
    │   ├── QuotaExhausted           no money or quota left: top up
    │   ├── Overloaded               the provider has no capacity now: try again
    │   ├── ContextWindowExceeded    the conversation is too long for the model
    │   ├── PayloadTooLarge          the request is too big in bytes
    │   ├── ContentPolicy            the provider will not answer this
    │   ├── BadRequest               the provider did not understand it
    │   ├── NotFound                 no such address or model at the provider
    │   ├── Timeout                  no answer within the limit
    │   ├── Unreachable              the address did not answer
    │   │   └── UntrustedCertificate its certificate is not trusted
    │   ├── StreamInterrupted        the answer broke off
    │   ├── InvalidResponse          what came back is not the protocol
    │   ├── EndpointNotSupported     the provider has no such endpoint
    │   └── ServerError              the provider failed: try again
    ├── UnknownModel                 no model of that name; `near` lists similar names
    ├── BudgetExceeded
    ├── HookRejected
    ├── HookFailed                   a hook is broken; the message says which
    ├── ToolError
    ├── StorageError
    │   ├── DiskFull
    │   ├── ReadOnly                 the profile cannot be written
    │   ├── DatabaseTooNew           written by a later version
    │   ├── DatabaseCorrupt
    │   ├── DatabaseClosed           the program is closing
    │   ├── KeyringLocked            unlock it and try again; never "no key"
    │   └── NoKeyring                this system has none that keeps secrets
    ├── FormatError                  a file is not what it should be
    │   └── AttachmentRefused        a picture or file that cannot be sent, and why
    │       ├── PasswordNeeded       it is encrypted: give its password
    │       └── HoldsFiles           a folder or an archive: choose files from it
    ├── SchemaMismatch               the answer is not what its schema asked for
    └── ConfigurationError           a setting, an argument or a TOML file is wrong
        ├── InvalidHeader
        ├── UnknownParameter         no parameter of that name; the hint lists similar ones
        ├── InvalidSchema            what was given is not JSON Schema
        └── LimitUnattainable        a limit below what this one call needs

Anything else that is raised is a bug.
"""

from __future__ import annotations

from typing import Any

import msgspec


class ErrorReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An error as a value, for storing and showing: `kind` is the class name.

    `raw` is the provider's own text, cut to 4,000 characters, keys masked.
    """

    kind: str
    message: str
    hint: str = ""
    status: int | None = None
    raw: str = ""
    request_id: str = ""
    retryable: bool = False
    retry_after: float | None = None


class ChatbenchError(Exception):
    """Base: `message` says what happened, `hint` what to do about it."""

    retryable = False

    def __init__(self, message: str, hint: str = "", **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        for name, value in details.items():
            setattr(self, name, value)

    def report(self) -> ErrorReport:
        return ErrorReport(
            kind=type(self).__name__,
            message=self.message,
            hint=self.hint,
            status=getattr(self, "status", None),
            raw=getattr(self, "raw", "")[:4000],
            request_id=getattr(self, "request_id", ""),
            retryable=self.retryable,
            retry_after=getattr(self, "retry_after", None),
        )


class ProviderError(ChatbenchError):
    """The call failed. `status` is the HTTP status if there was one, `raw` the body's text.

    `should_retry` carries the provider's own x-should-retry verdict and overrides `retryable`.
    """

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        provider: str = "",
        status: int | None = None,
        raw: str = "",
        request_id: str = "",
        retry_after: float | None = None,
        should_retry: bool | None = None,
        param: str = "",
    ) -> None:
        super().__init__(message, hint)
        self.provider = provider
        self.status = status
        self.raw = raw
        self.request_id = request_id
        self.retry_after = retry_after
        self.param = param
        if should_retry is not None:
            self.retryable = should_retry


class MissingKey(ProviderError):
    """No key is known for the provider."""


class Authentication(ProviderError):
    """The provider refused the key."""


class PermissionDenied(ProviderError):
    """The key is valid and may not do this."""


class RateLimited(ProviderError):
    """Too many requests; `retry_after` in seconds if the provider said."""

    retryable = True


class QuotaExhausted(ProviderError):
    """The account has no money or quota left. Retrying does not help."""


class Overloaded(ProviderError):
    """The provider has no capacity at the moment."""

    retryable = True


class ContextWindowExceeded(ProviderError):
    """More tokens than the model can hold."""


class PayloadTooLarge(ProviderError):
    """More bytes than the provider takes in one request."""


class ContentPolicy(ProviderError):
    """The provider's rules forbid the question or the answer."""


class BadRequest(ProviderError):
    """The provider rejected the request; `param` names the field if it said."""


class NotFound(ProviderError):
    """The provider knows no such address, model or object."""


class Timeout(ProviderError):
    """A limit on connecting, reading or the whole call passed."""

    retryable = True


class Unreachable(ProviderError):
    """No connection: unknown host, refused, reset, or no network."""

    retryable = True


class UntrustedCertificate(Unreachable):
    """TLS failed: the certificate is self-signed, expired or for another host."""

    retryable = False


class StreamInterrupted(ProviderError):
    """The stream ended before its end marker."""

    retryable = True


class InvalidResponse(ProviderError):
    """HTML, broken JSON, invalid UTF-8 or an event larger than the cap."""


class EndpointNotSupported(ProviderError):
    """The provider has no such endpoint."""


class ServerError(ProviderError):
    """The provider failed (5xx)."""

    retryable = True


class UnknownModel(ChatbenchError):
    """No model of that name. `near` holds similar names."""

    def __init__(self, message: str, hint: str = "", *, near: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint)
        self.near = near


class BudgetExceeded(ChatbenchError):
    """The call would pass a limit the user set; nothing was sent. Of `unit` ("USD" or "tokens"),
    `limit` are allowed, `spent` are gone, `reserved` may be taken by calls in flight, and this call
    may take `needed` (Decimals or ints; None where a price is unknown)."""


class HookRejected(ChatbenchError):
    """A hook refused the request."""


class HookFailed(ChatbenchError):
    """A hook raised an error of its own, or returned what it may not. `hook` is its name; where an
    answer had come before, `response` is that answer."""


class ToolError(ChatbenchError):
    """A tool failed."""


class StorageError(ChatbenchError):
    """The profile's files cannot be read or written."""


class DiskFull(StorageError):
    """No space left where the profile lives."""


class ReadOnly(StorageError):
    """The profile, or its database, cannot be written."""


class DatabaseTooNew(StorageError):
    """The database was written by a later version of Chatbench."""


class DatabaseCorrupt(StorageError):
    """The database is damaged, or the file is not one of ours."""


class DatabaseClosed(StorageError):
    """The program is closing, and this came too late."""


class KeyringLocked(StorageError):
    """The system's keyring is locked; whether it holds a key is not known."""


class NoKeyring(StorageError):
    """There is no keyring that keeps secrets on this system."""


class SchemaMismatch(ChatbenchError):
    """The answer does not fit its schema: at `path` ("$.items[0].age"), for the `reason` given.
    `text` is the beginning of the answer."""

    path = "$"
    reason = ""
    text = ""


class FormatError(ChatbenchError):
    """A file is not what it should be."""


class AttachmentRefused(FormatError):
    """A file cannot be attached. `models` names models that would take it."""

    def __init__(self, message: str, hint: str = "", *, models: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint)
        self.models = models


class PasswordNeeded(AttachmentRefused):
    """A document opens with a password only, and none or a wrong one was given."""


class HoldsFiles(AttachmentRefused):
    """A folder or an archive: files from it are attached, not all of it as one."""


class ConfigurationError(ChatbenchError):
    """A setting, a command or a TOML file is wrong; the message names file and line."""


class UnknownParameter(ConfigurationError):
    """There is no parameter of that name."""


class InvalidSchema(ConfigurationError):
    """Not a JSON Schema, or one that no answer can be asked for with; `path` is where."""

    path = "$"


class LimitUnattainable(ConfigurationError):
    """One call alone needs more than a limit allows, so waiting would never end."""


class InvalidHeader(ConfigurationError):
    """A header name or value that HTTP does not allow."""
