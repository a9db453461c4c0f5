"""What is slow to have and is had when a first request needs it: the library, the system's certificates."""

from __future__ import annotations

import ssl
import sys


def system_trust() -> ssl.SSLContext:
    """A context that trusts what the system trusts.

    Where OpenSSL finds the system's bundle it is read once, here; truststore would read it anew
    for every connection (20 ms), on the thread of the event loop.
    """
    if ssl.get_default_verify_paths().cafile and sys.platform not in ("win32", "darwin"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_default_certs()
        return context
    import truststore

    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def import_library() -> None:
    """Imports the HTTP library, and what we have of our own above it."""
    # httpx imports its own command line (200 ms more) where click and rich are installed.
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
    import chatbench.providers.transport  # noqa: F401  # with it come its libraries
