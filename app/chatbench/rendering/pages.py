"""Pages for a browser from what a model wrote: closed in, without network, marked for what they are."""

from __future__ import annotations

import re
from base64 import b64encode
from html import escape
from typing import Final

POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'unsafe-inline'",
        "style-src 'unsafe-inline'",
        "img-src data: blob:",
        "media-src data: blob:",
        "font-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "webrtc 'block'",
    )
)
"""Nothing is fetched. A frame made from its own source inherits all of it, and as no frame may be
loaded, it cannot lead itself elsewhere either."""
STILL: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
)
"""For pages without scripts."""
_HINTS = re.compile(r"(?is)<link\b[^>]*>|<meta\b[^>]*http-equiv[^>]*>|<base\b[^>]*>")
"""What makes a browser look names up or go elsewhere without a fetch that the policy would stop."""
_STYLE: Final = (
    ":root{color-scheme:light dark}html,body{margin:0;height:100%;font:14px system-ui,sans-serif}"
    "body{display:flex;flex-direction:column;color:CanvasText;background:Canvas}"
    "header{padding:8px 14px;border-bottom:1px solid GrayText}"
    "iframe{flex:1;border:0;width:100%}pre{margin:0;padding:14px;overflow:auto;white-space:pre-wrap}"
    "main{flex:1;overflow:auto;text-align:center}img{max-width:100%;margin:14px auto}"
)


def page(code: str, language: str, *, title: str, notice: str) -> str:
    """A whole HTML page that shows ``code``.

    HTML runs in a frame of an origin of its own, scripts included, without any way out: no network,
    no storage, no dialogs, no new windows. SVG is shown as a picture, in which nothing runs. Anything
    else is shown as it was written. ``title`` and ``notice`` stand above it, so that nobody takes the
    page for something else.
    """
    if language in ("html", "htm", "xhtml"):
        body, policy = _frame(code), POLICY
    elif language == "svg":
        data = b64encode(code.encode("utf-8", "replace")).decode()
        body, policy = f'<main><img alt="" src="data:image/svg+xml;base64,{data}"></main>', STILL
    else:
        body, policy = f"<pre>{escape(code)}</pre>", STILL
    return (
        "<!DOCTYPE html>\n"
        f'<html><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta http-equiv="x-dns-prefetch-control" content="off"><meta name="referrer" content="no-referrer">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><header>{escape(notice)}</header>{body}</body></html>\n"
    )


def _frame(code: str) -> str:
    inner = f'<meta http-equiv="x-dns-prefetch-control" content="off">{_HINTS.sub("", code)}'
    return f'<iframe sandbox="allow-scripts" referrerpolicy="no-referrer" srcdoc="{escape(inner)}"></iframe>'
