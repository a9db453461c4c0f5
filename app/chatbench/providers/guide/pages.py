"""What the guide can say: its pages, as Markdown, and which words of a question lead to each."""

from __future__ import annotations

from typing import NamedTuple


class Page(NamedTuple):
    """`words` are stems in lower case, set apart by spaces: a word of the question that begins
    with one speaks for the page."""

    id: str
    title: str
    words: str
    text: str


WELCOME = Page(
    "welcome",
    "What is Chatbench?",
    "hi hello hallo hey welcome chatbench start begin who guide help",
    """\
# Welcome to Chatbench

I am the guide that comes with the program. I am not a language model: I answer from a fixed set of \
pages, and nothing you type here leaves this computer.

To talk to a real model, use one on this computer, or add a key:

1. **A model on this computer.** If Ollama, LM Studio, llama.cpp, vLLM or Jan is running, Chatbench \
finds it at its usual address. It costs nothing, and nothing leaves the computer.
2. **A provider with a key.** OpenAI, Anthropic, Google, Mistral, Groq, OpenRouter and others: paste \
the key once, and it is kept in the keyring of your system.

Then choose the model under the box where you type.

Ask me about any of these:

{pages}
""",
)

PAGES: tuple[Page, ...] = (
    WELCOME,
    Page(
        "privacy",
        "What stays on this computer?",
        "privacy private stay leave store storage save history where data file send sent telemetry "
        "track computer backup delete",
        """\
## What stays on this computer?

Everything, except what you send to a provider.

| What | Where it is |
| --- | --- |
| Conversations, drafts, costs | one SQLite file, `chatbench.db`, in your data folder |
| Pictures and files you attach | the folder `files` beside it |
| Settings and your own providers | small text files you can read |
| Keys | the keyring of your system, never in a file of ours |

When you send a message to a provider, it gets what that conversation needs: the messages of the \
branch you are on, the system prompt, and the pictures attached to them. Their metadata, such as where \
a photo was taken, is removed before. What the provider keeps is up to its own terms; with OpenAI's \
models Chatbench asks it not to store the answer.

With a model on this computer, and with me, nothing is sent to anybody. Chatbench itself reports \
nothing to anyone, and it loads nothing from the network because a model wrote a link or a picture.
""",
    ),
    Page(
        "cost",
        "What will it cost me?",
        "cost price pay money expensive cheap free charge bill budget dollar",
        """\
## What will it cost me?

Chatbench is free. I am free, and so is a model that runs on this computer. A provider charges your \
account there, by the *token*: a piece of a word, about four letters of English.

What a call costs is

$$
\\text{cost} = \\frac{n_\\text{in} \\cdot p_\\text{in} + n_\\text{out} \\cdot p_\\text{out}}{1{,}000{,}000}
$$

where $n$ counts tokens and $p$ is the price of a million. Two things are easily missed:

- The whole conversation is sent again with each message, so a long one costs more with every turn. \
Many providers charge less for the part they have seen just before.
- Thinking counts as output, even where you do not see it.

Beside each answer stands what it cost. If the provider itself names a cost, that figure is used; \
otherwise it is worked out from a table of prices that comes with the program. Where no price is known, you \
read "unknown", never zero.
""",
    ),
    Page(
        "keys",
        "How do I add a key?",
        "key api token account login sign password keyring secret provider openai anthropic claude "
        "gemini google gpt chatgpt mistral groq openrouter azure",
        """\
## How do I add a key?

1. Make a key at the provider: its page is linked beside the field.
2. In **Settings → Providers**, choose the provider and paste the key.
3. Chatbench checks the connection step by step and shows what it found.

In a terminal, `chatbench keys set openai` asks for it without showing it.

The key is kept in the keyring of your system and bound to the provider's address. If the address \
changes, you are asked before the key is sent there. Where there is no keyring, the key can be kept \
in memory until you quit.

A key in the environment is found as well: `OPENAI_API_KEY`, `ANTHROPIC_API_KEY`, `GEMINI_API_KEY` \
and the others that the providers' own tools read.

> A key is like a purse: whoever has it spends your money. Chatbench never writes one into a log, an \
export or a conversation.
""",
    ),
    Page(
        "local",
        "How do I use a model on this computer?",
        "local ollama lm studio llama llamacpp vllm jan offline server own gpu qwen run",
        """\
## How do I use a model on this computer?

Start the server, load a model in it, and press **Look again**. Chatbench asks these addresses:

| Server | Address |
| --- | --- |
| Ollama | `http://127.0.0.1:11434` |
| LM Studio | `http://127.0.0.1:1234/v1` |
| llama.cpp | `http://127.0.0.1:8080/v1` |
| vLLM | `http://127.0.0.1:8000/v1` |
| Jan | `http://127.0.0.1:1337/v1` |

With Ollama, for example:

```sh
ollama pull qwen3
ollama serve
```

Any other server that speaks OpenAI's Chat Completions can be added in **Settings → Providers**, or \
in a terminal:

```sh
chatbench providers add my-server --wire openai_chat --base-url http://127.0.0.1:9000/v1 --auth none
```
""",
    ),
    Page(
        "markdown",
        "Show me what an answer can look like",
        "markdown format table code list quote heading math formula latex link render look show demo example",
        """\
# What an answer can look like

Models write Markdown. This page has one of each kind.

## Words

Some are **bold**, some *italic*, some ~~struck out~~, and some are `code`. A link shows where it \
leads before it opens: [CommonMark](https://commonmark.org/).

## Lists

- Bread
- Cheese
  - a soft one
  - a hard one

1. Read the question.
2. Read it again.
3. Answer.

- [x] Open Chatbench
- [ ] Choose a model

## A table

| Planet | Moons | Day in hours |
| :--- | ---: | ---: |
| Earth | 1 | 23.9 |
| Mars | 2 | 24.6 |
| Neptune | 16 | 16.1 |

## Code

```python
def fibonacci(count: int) -> list[int]:
    numbers = [0, 1]
    while len(numbers) < count:
        numbers.append(numbers[-1] + numbers[-2])
    return numbers[:count]
```

## A quotation

> If I have seen further, it is by standing on the shoulders of giants.
>
> — Isaac Newton, in a letter of 1675

## Mathematics

Euler's identity $e^{i\\pi} + 1 = 0$ fits in a line. A sum has a line of its own:

$$
\\sum_{k=1}^{n} k = \\frac{n (n + 1)}{2}
$$

---

That was the last kind: a rule across the page.
""",
    ),
    Page(
        "thinking",
        "Show me thinking",
        "think thought reason effort",
        """\
## Thinking

Above this answer stands a block called thinking; a click opens it. I filled it with how I chose this \
page, which is all the thinking I do.

A reasoning model writes down a longer train of thought before it answers. How much it may think is \
set by the **reasoning effort** under the box where you type, where a model offers it. More effort is \
slower and costs more: thinking counts as output. Some providers show it in full, some as a summary, \
some not at all.
""",
    ),
    Page(
        "pictures",
        "What happens to a picture or a file I attach?",
        "picture image photo screenshot png jpeg jpg webp gif attach drop paste upload vision file document "
        "pdf word excel docx xlsx pptx epub csv zip archive folder audio sound film video",
        """\
## What happens to a picture or a file I attach?

Drop it anywhere on the chat, paste it, or use the paper clip. Of a picture a copy is sent: made smaller \
where the model takes no larger one, and without the metadata of the camera. The original stays with the \
conversation on this computer.

A PDF goes as it is, as text, or as pictures of its pages: what the model takes, and what you choose. \
Office files, books, mails, notebooks and code go as text. Of folders and archives you choose the files. \
Sound and film go to models that take them. The inspector tells of each answer what was sent.

Attach one and send it to me: I cannot see what it shows, but I will tell you its format, its size in \
pixels, and its size in bytes, as a model would get it.
""",
    ),
    Page(
        "work",
        "How do I work with a conversation?",
        "regenerate edit branch retry search find export shortcut keyboard palette conversation tab "
        "copy draft",
        """\
## How do I work with a conversation?

- **Stop** keeps what has arrived. Switching to another chat stops nothing.
- **Regenerate** makes a second answer beside the first; ‹1/2› switches between them.
- **Edit** a message you sent, and a new branch begins there. The old one stays.
- **Export** writes a conversation as Markdown or JSON.
- What you have typed but not sent is still there tomorrow.

| Keys | What they do |
| --- | --- |
| Ctrl+K | every command, chat and model by name |
| Ctrl+N | a new chat |
| Ctrl+F | find in this chat |
| Ctrl+Shift+F | search all chats |
| Ctrl+M | choose a model |
| Ctrl+. | stop the answer |
""",
    ),
    Page(
        "terminal",
        "How do I use the terminal?",
        "terminal command shell cli prompt script json pipe console",
        """\
## How do I use the terminal?

The window and the terminal share everything: models, keys and conversations.

```sh
chatbench prompt "Name three rivers" -m openai/gpt-6-luna
git diff | chatbench prompt "Review this" --json
chatbench chat
chatbench models
chatbench history search rivers
```

`chatbench --help` lists the rest, and every command has a `--help` of its own.
""",
    ),
    Page(
        "stop",
        "Let me try Stop",
        "stop long count cancel slow interrupt",
        "",
    ),
)

COUNT_TO = 500
_STOPPABLE = """\
## Something to stop

I count to {count}. Press **Stop** whenever you like: what has arrived is kept.

{numbers}

That was all of it. You had the patience of a machine.
"""
_UNKNOWN = """\
I have no page about that, and I am not a language model: I cannot think of an answer. A real model \
can. Choose one under the box where you type.

My pages are:

{pages}
"""


def page_list() -> str:
    """The pages' titles, as a list."""
    return "\n".join(f"- {page.title}" for page in PAGES[1:])


def text_of(page: Page | None) -> str:
    """A page's words; for None, the admission that there is no page."""
    if page is None:
        return _UNKNOWN.format(pages=page_list())
    if page.id == "stop":
        numbers = ", ".join(str(number) for number in range(1, COUNT_TO + 1))
        return _STOPPABLE.format(count=COUNT_TO, numbers=numbers + ".")
    if page.id == "welcome":
        return page.text.format(pages=page_list())
    return page.text
