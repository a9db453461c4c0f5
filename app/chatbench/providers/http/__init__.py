"""The one HTTP seam: httpx values over connections of our own (see `transport`), imported when needed.

No redirects (a key must not travel), no cookies, the system's certificates, proxies from the
environment. Every error of the library becomes one of ours in `faults`.
"""

from chatbench.providers.http.client import Http
from chatbench.providers.http.headers import check_headers
from chatbench.providers.http.values import Fetched, HttpAnswer, HttpClient, HttpRequest, Timeouts

__all__ = [
    "Fetched",
    "Http",
    "HttpAnswer",
    "HttpClient",
    "HttpRequest",
    "Timeouts",
    "check_headers",
]
