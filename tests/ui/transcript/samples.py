"""Messages and living answers for the transcript's tests."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from chatbench.core.conversations import MessageState, TreeMessage
from chatbench.core.errors import ErrorReport
from chatbench.core.holds import Hold
from chatbench.core.messages import (
    FilePart,
    ImagePart,
    Part,
    RefusalPart,
    StoredFile,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
    UnknownPart,
)
from chatbench.core.models import ModelRef
from chatbench.core.usage import Cost, Timings, Usage
from chatbench.ui.chat.transcript.source import Entry, ListSource

MODEL = ModelRef("anthropic", "sonnet-4.5")
SHA = "ab" * 32

RICH = """It is real. The two charts use different axes, but the intervals do not touch:

| Deploy | Requests | p50 | p95 | 95 % interval of p95 |
|---|---|---|---|---|
| before cache | 4,812 | 182 ms | 611 ms | 588 – 640 ms |
| after cache | 4,790 | 121 ms | 498 ms | 479 – 524 ms |

A quantile estimated from *n* requests has the standard error

$$SE(\\hat{q}_p) = \\frac{1}{f(q_p)}\\sqrt{\\frac{p(1-p)}{n}}$$

The density $f$ is thin in the tail, so resample rather than assume a shape:

```python
def quantile_gap(before, after, q=0.95, draws=5_000, seed=7):
    rng = np.random.default_rng(seed)
    one = lambda x: np.quantile(rng.choice(x, len(x)), q)  # with replacement
    gaps = [one(after) - one(before) for _ in range(draws)]
    return np.percentile(gaps, [2.5, 97.5])
```
"""

KINDS = """# A heading of the first level
## Second level
### Third level

A paragraph with **bold**, *italic*, ~~struck~~ and `inline code`, a [link](https://example.com/a?b=c) and
an address https://chatbench.example/path that is long enough to wrap onto a second line of the column.

- [x] a finished task
- [ ] an open task
- a bullet that is long enough to wrap onto a second line, so that its indent can be seen to hold there
  - nested with `code`
  - and another

1. first
2. second with maths $a^2 + b^2 = c^2$ in it
   ```sh
   echo inside
   ```
10. tenth

> A quotation of *some* words,
> on two lines.
>
> - with a list

中文段落混排 English 与数字 123,句子应当按字符换行而不会撑破栏宽,因为没有空格可以断开。

هذه فقرة عربية تبدأ من اليمين وفيها كلمة English في الوسط.

עברית: תרגום חוזה שכירות

![A diagram](https://example.com/picture.png) and text after it.

---

| # | Name | A rather wide column of words | Another wide column | A third | A fourth one |
|--:|---|---|---|---|--:|
| 1 | alpha | some words that take room here | more words that take room | x | 10.5 |
| 2 | `beta` | **bold** and a [link](https://e.com) | short | y | 2,000 |

$$\\undefined{x$$
"""


def user(number: int, text: str, *media: Part, **more: Any) -> Entry:
    """A user message."""
    parts: tuple[Part, ...] = (*media, TextPart(text=text))
    message = TreeMessage(
        id=f"m{number}", conversation_id="c", parent_id=None, turn_id="t", role="user", parts=parts,
        created_at=1_760_000_000_000,
    )  # fmt: skip
    return Entry(message, "You", **more)


def answer(number: int, *parts: Part | str, state: MessageState = "done", entry: dict[str, Any] | None = None,
           **more: Any) -> Entry:  # fmt: skip
    """An answer of some parts; words become text parts."""
    made = tuple(TextPart(text=part) if isinstance(part, str) else part for part in parts)
    facts: dict[str, Any] = {
        "usage": Usage(input_tokens=228, output_tokens=618, reasoning_tokens=228),
        "cost": Cost(amount=Decimal("0.0229")),
        "timings": Timings(first_token_s=0.84, total_s=9.2),
    }
    message = TreeMessage(
        id=f"m{number}", conversation_id="c", parent_id=None, turn_id="t", role="assistant", parts=made,
        state=state, model=MODEL, created_at=1_760_000_060_000, **{**facts, **more},
    )  # fmt: skip
    return Entry(message, "Sonnet 4.5", "cloud", "Claude Sonnet 4.5 · Anthropic", **(entry or {}))


def image(name: str = "chart.png") -> ImagePart:
    """A stored picture."""
    return ImagePart(
        source=StoredFile(sha256=SHA), media_type="image/png", name=name, size=41_000, width=640, height=400
    )


def showcase() -> ListSource:
    """Every kind of thing a transcript shows."""
    thinking = ThinkingPart(text="First the axes.\nThen the intervals.", seconds=3.1)
    call = ToolCallPart(
        call_id="1", name="query_table", arguments='{"file": "checkout.csv", "group_by": "deploy"}'
    )
    result = ToolResultPart(call_id="1", parts=(TextPart(text='{"rows": 2}'),))
    sheet = FilePart(source=StoredFile(sha256=SHA), media_type="text/csv", name="checkout.csv", size=412_000)
    error = ErrorReport(
        kind="RateLimited", message="Anthropic asks to slow down.",
        hint="Nothing was charged. Try again in a minute, or with another model.",
        raw='{"type":"error","error":{"type":"rate_limit_error","message":"Too many"}}',
    )  # fmt: skip
    return ListSource(
        [
            user(0, "Same traffic before and after the cache. Is the p95 drop real, or is it noise?",
                 image("before.png"), image("after.png"), sheet),
            answer(1, thinking, call, result, RICH, entry={"position": 2, "count": 3}),
            user(2, "Show me everything you can.\n\nAnd keep my line breaks."),
            answer(3, KINDS),
            user(4, "And what goes wrong?"),
            answer(5, "Half a sentence that", state="stopped"),
            answer(6, RefusalPart(text="I cannot help."), UnknownPart(kind="hologram", data=[1])),
            answer(7, ThinkingPart(redacted=True), "Some words came before it broke", state="interrupted"),
            answer(8, state="failed", error=error, usage=None, cost=None),
        ]
    )  # fmt: skip


class Growing:
    """A living answer whose words the test adds."""

    def __init__(self) -> None:
        self.version = 0
        self.output_tokens: int | None = None
        self.retry_at: float | None = None
        self.waiting_for: ErrorReport | None = None
        self.held: Hold | None = None
        self._parts: tuple[Part, ...] = ()
        self._text = ""

    def parts(self) -> tuple[Part, ...]:
        return self._parts

    def set(self, *parts: Part) -> None:
        """Replace everything."""
        self._parts = parts
        self.version += 1

    def add(self, words: str) -> None:
        """More words."""
        self._text += words
        self.set(TextPart(text=self._text))


def streaming(number: int = 1, before: int = 0) -> tuple[ListSource, Growing]:
    """A conversation whose last message is being written."""
    growing = Growing()
    entries = [user(1000 + at, f"Question {at} with some words in it.") for at in range(before)]
    source = ListSource([*entries, answer(number, state="streaming", usage=None, cost=None)])
    source.living[f"m{number}"] = growing
    return source, growing
