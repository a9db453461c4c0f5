"""A key that must be found nowhere but on the wire and in the keyring."""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from tests.harness import program
from tests.harness.program import Ran
from tests.loopback import openai_chat, replies
from tests.loopback.replies import Reply
from tests.loopback.server import LoopbackServer

# It looks like no vendor's: nothing is to know it by its shape.
CANARY = "kanarienvogel+7/Xy0123456789"
FORMS = tuple(
    form.encode()
    for form in (
        CANARY, quote(CANARY), quote(CANARY, safe=""), base64.b64encode(CANARY.encode()).decode(),
        CANARY[::-1], CANARY[4:-4],
    )
)  # fmt: skip


class Watched:
    """Runs commands, and keeps all they said and all the arguments they were seen with."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.env = program.environment(home / "keyring.json", CHATBENCH_LOG="debug")
        self.said: list[bytes] = []
        self._seen: set[bytes] = set()

    def run(self, *arguments: str, stdin: str = "", **more: str) -> Ran:
        process = subprocess.Popen(
            program.command(*arguments), env={**self.env, **more}, cwd=program.ROOT, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        ended = threading.Event()
        watch = threading.Thread(target=self._watch, args=(process.pid, ended), name="fixture:watch")
        watch.start()
        out, err = process.communicate(stdin.encode(), timeout=60)
        ended.set()
        watch.join()
        self.said += [out, err]
        return Ran(process.returncode, out.decode(), err.decode())

    def _watch(self, pid: int, ended: threading.Event) -> None:
        """What `ps` would show of it, again and again."""
        while not ended.wait(0.005):
            try:
                self._seen.add(Path(f"/proc/{pid}/cmdline").read_bytes())
            except OSError:
                return

    def places(self) -> dict[str, bytes]:
        """Everything that is left behind, by name; the keyring is where the key belongs."""
        files = {
            str(path): path.read_bytes()
            for path in self.home.rglob("*")
            if path.is_file() and path.name != "keyring.json"
        }
        return {**files, "said": b"\n".join(self.said), "arguments": b"\n".join(self._seen)}


@pytest.fixture
def watched(home: Path) -> Watched:
    return Watched(home)


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer() as running:
        yield running


def echo(status: int) -> Reply:
    """An error that quotes the key, in its words, in its code and in a header."""
    body = openai_chat.error_body(None, None, f"Incorrect API key provided: {CANARY} ({CANARY})", CANARY)
    return replies.data(body, status, {"x-request-id": CANARY, "retry-after-ms": "1"})


def adventures(watched: Watched, server: LoopbackServer, **variables: str) -> None:
    """Success, refusals that quote it, retries, a cut stream, a time-out, the check, and the way out."""
    (watched.home / "profile" / "preferences.toml").write_text("read_timeout_s = 0.3\nmax_attempts = 2\n")
    ask = ("prompt", "Hi", "-m", "loop/m")
    assert watched.run(*ask, **variables).code == 0
    for status in (400, 401, 403, 404, 429, 500):
        server.script(*[echo(status)] * (2 if status in (429, 500) else 1))
        # A 429 that says when to come back is come back to as often as it says so.
        assert watched.run(*ask, "--json", **variables).code == (status != 429)
    server.script(replies.events(openai_chat.broken("server_error", f"your key {CANARY}")))
    assert watched.run(*ask, **variables).code == 1
    server.script(replies.redirect(f"https://elsewhere.invalid/?key={CANARY}"))
    assert watched.run(*ask, **variables).code == 1
    server.script(replies.events([f'data: {{"broken {CANARY}\n\n'.encode()]))
    assert watched.run(*ask, **variables).code == 1
    server.script(Reply(first_byte_s=5), Reply(first_byte_s=5))
    assert watched.run(*ask, **variables).code == 1
    server.script(Reply(never=True), Reply(never=True))
    assert watched.run(*ask, **variables).code == 1
    server.script(replies.data({}), echo(401))
    assert watched.run("providers", "check", "loop", **variables).code == 1
    assert watched.run("providers", "check", "loop", "-m", "m", **variables).code == 0
    assert watched.run("models", "--provider", "loop", "--refresh", "--json", **variables).code == 0
    conversations = watched.run("history", "list", "--json", **variables).json
    for listed in conversations:
        target = watched.home / f"{listed['id']}.json"
        watched.run("history", "export", listed["id"], "--format", "json", "--out", str(target))
    watched.run("history", "show", conversations[0]["id"])
    watched.run("keys", "list", **variables)
    watched.run("providers", "list", "--json", **variables)


def found_nowhere(watched: Watched, server: LoopbackServer) -> None:
    header = server.asked[0].headers
    assert CANARY in {header.get("authorization", "").removeprefix("Bearer "), header.get("x-key")}
    places = watched.places()
    assert any(name.endswith("chatbench.db") for name in places)
    assert b"DEBUG" in next(data for name, data in places.items() if name.endswith("chatbench.log"))
    places["addresses"] = b"\n".join(asked.target.encode() for asked in server.asked)
    places["bodies"] = b"\n".join(asked.body for asked in server.asked)
    assert [name for name, data in places.items() if any(form in data for form in FORMS)] == []


def test_a_stored_key_is_found_nowhere(watched: Watched, server: LoopbackServer) -> None:
    url = server.base_url("openai_chat")
    added = ("providers", "add", "loop", "--wire", "openai_chat", "--base-url", url, "--model", "m")
    assert watched.run(*added).code == 0
    assert watched.run("keys", "set", "loop", stdin=f"{CANARY}\n").code == 0
    adventures(watched, server)
    assert watched.run("keys", "confirm", "loop").code == 0
    found_nowhere(watched, server)
    watched.run("keys", "remove", "loop")
    assert CANARY not in (watched.home / "keyring.json").read_text()


def test_a_key_from_the_environment_is_found_nowhere(watched: Watched, server: LoopbackServer) -> None:
    folder = watched.home / "profile" / "providers"
    folder.mkdir(parents=True)
    (folder / "loop.toml").write_text(
        f'id = "loop"\nname = "Loop"\nwire = "openai_chat"\nbase_url = "{server.base_url("openai_chat")}"\n'
        'auth = "header:x-key"\nkey_env = ["LOOP_KEY"]\nmodels = ["m"]\n'
    )
    adventures(watched, server, LOOP_KEY=CANARY)
    found_nowhere(watched, server)


@pytest.mark.parametrize("wire", ["anthropic", "gemini", "openai_responses"])
def test_on_the_other_wires_it_is_found_nowhere(watched: Watched, server: LoopbackServer, wire: str) -> None:
    """Gemini's own clients used to write it into the address."""
    auth = {"anthropic": "header:x-api-key", "gemini": "header:x-goog-api-key"}.get(wire, "bearer")
    watched.run(
        "providers", "add", "loop", "--wire", wire, "--base-url", server.base_url(wire), "--auth", auth,
        "--model", "m",
    )  # fmt: skip
    watched.run("keys", "set", "loop", stdin=f"{CANARY}\n")
    assert watched.run("prompt", "Hi", "-m", "loop/m").code == 0
    server.script(echo(401), echo(500), echo(500), echo(500), echo(500))
    assert watched.run("prompt", "Hi", "-m", "loop/m").code == 1
    assert watched.run("prompt", "Hi", "-m", "loop/m").code == 1
    places = watched.places()
    places["addresses"] = b"\n".join(asked.target.encode() for asked in server.asked)
    assert any(CANARY in value for value in server.asked[0].headers.values())
    assert [name for name, data in places.items() if any(form in data for form in FORMS)] == []


def test_the_environment_is_not_written_down(watched: Watched, server: LoopbackServer) -> None:
    """A proxy's password is as secret as a key."""
    proxy = f"http://user:{quote(CANARY, safe='')}@127.0.0.1:{server.port}"
    watched.run(
        "providers", "add", "loop", "--wire", "openai_chat", "--base-url", "http://far.invalid/v1", "--auth",
        "none", "--model", "m",
    )  # fmt: skip
    server.script(replies.data({}, 407), replies.data({}, 407), replies.data({}, 407), replies.data({}, 407))
    assert watched.run("prompt", "Hi", "-m", "loop/m", http_proxy=proxy).code == 1
    assert watched.run("providers", "check", "loop", http_proxy=proxy).code in (0, 1)
    expected = base64.b64encode(f"user:{CANARY}".encode()).decode()
    assert server.asked[0].headers["proxy-authorization"] == f"Basic {expected}"
    assert not os.environ.get("http_proxy")
    assert [name for name, data in watched.places().items() if any(form in data for form in FORMS)] == []
