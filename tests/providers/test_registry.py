"""Endpoint files: the shipped ones, the user's over them, broken ones, and how they are written."""

from __future__ import annotations

import re
import stat
import tomllib
from pathlib import Path

import msgspec
import pytest

from chatbench.core.endpoints import Endpoint, Limits, Quirks, origin_of
from chatbench.core.errors import ConfigurationError, InvalidHeader, StorageError
from chatbench.core.models import ModelInfo, ModelRef
from chatbench.core.resources import resource
from chatbench.providers.registry import Registry

ISSUED = {
    "openai", "anthropic", "gemini", "azure", "groq", "openrouter", "mistral", "deepseek", "xai", "together",
    "fireworks", "cerebras", "perplexity", "cohere", "litellm", "ollama", "lmstudio", "llamacpp", "vllm",
    "jan",
}  # fmt: skip
FULL = Endpoint(
    id="mine",
    name="Mine – 世界",
    wire="openai_chat",
    base_url="https://llm.example.net/v1",
    auth="header:x-key",
    key_env=("MY_KEY",),
    headers={"X-Team": "a"},
    models=("m1", "m2"),
    limits=Limits(concurrent=2),
    quirks=Quirks(tools=False),
    rows=(ModelInfo(ref=ModelRef("mine", "m1"), inputs=frozenset({"text", "image"}), source="user"),),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "providers"


@pytest.fixture
def registry(folder: Path) -> Registry:
    folder.mkdir()
    return Registry(folder)


def write(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_every_shipped_endpoint_is_there_and_sound(registry: Registry) -> None:
    shipped = registry.endpoints()
    assert {endpoint.id for endpoint in shipped} == ISSUED | {"chatbench"}
    for endpoint in shipped:
        assert endpoint.shipped
        assert registry.wire(endpoint.wire).id == endpoint.wire
        if endpoint.wire == "guide":
            continue
        assert re.match(r"https://|http://127\.0\.0\.1:\d+(/|\Z)", endpoint.base_url), endpoint.id
        assert endpoint.docs.startswith("https://")
        assert (endpoint.auth == "none") == endpoint.local
        assert bool(endpoint.key_env) == endpoint.needs_key
        assert all(re.fullmatch(r"[A-Z0-9_]+_KEY", name) for name in endpoint.key_env)


def test_shipped_files_say_nothing_that_nobody_reads() -> None:
    tables = {"quirks": Quirks, "limits": Limits}
    for path in resource("providers").glob("*.toml"):
        told = tomllib.loads(path.read_text("utf-8"))
        assert set(told) <= set(Endpoint.__struct_fields__), path.name
        for name, kind in tables.items():
            assert set(told.get(name, {})) <= set(kind.__struct_fields__), path.name


def test_vendors_own_clients_ask_at_the_same_addresses(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    import anthropic
    import openai

    shipped = {endpoint.id: endpoint for endpoint in registry.endpoints()}
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.setenv(name, "k")
    with openai.OpenAI() as one, anthropic.Anthropic() as other:
        assert origin_of(str(one.base_url)) == shipped["openai"].origin
        assert origin_of(str(other.base_url)) == shipped["anthropic"].origin
    for name in (*shipped["openai"].base_url_env, *shipped["anthropic"].base_url_env):
        monkeypatch.setenv(name, "http://127.0.0.1:9/x")
    with openai.OpenAI() as one, anthropic.Anthropic() as other:
        assert {one.base_url.host, other.base_url.host} == {"127.0.0.1"}


def test_vendors_of_other_wires_name_the_same_addresses(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cohere.environment import ClientEnvironment
    from mistralai.client.sdkconfiguration import SERVERS
    from ollama import Client

    monkeypatch.delenv("OLLAMA_HOST", raising=False)
    shipped = {endpoint.id: endpoint for endpoint in registry.endpoints()}
    assert shipped["mistral"].base_url in SERVERS.values()
    assert shipped["cohere"].base_url == ClientEnvironment.PRODUCTION.value
    with Client() as one:
        assert origin_of(str(one._client.base_url)) == shipped["ollama"].origin


@pytest.mark.parametrize("name", ["mistral", "ollama"])
def test_a_file_saved_before_the_own_wire_keeps_its_way(registry: Registry, folder: Path, name: str) -> None:
    """Whoever wrote down the OpenAI-compatible address goes on with it."""
    shipped = registry.get(name)
    assert shipped is not None
    before = msgspec.structs.replace(shipped, wire="openai_chat", base_url=f"{shipped.base_url}/v1")
    registry.save(before)
    (kept,) = [e for e in Registry(folder).endpoints() if e.id == name]
    assert (kept.wire, kept.base_url, kept.origin) == ("openai_chat", before.base_url, shipped.origin)


def test_the_address_that_must_be_filled_in_belongs_to_nobody(registry: Registry) -> None:
    azure = registry.get("azure")
    assert azure is not None
    assert azure.origin == "https://your-resource.invalid:443"


def test_saved_and_read_again(registry: Registry, folder: Path) -> None:
    registry.save(FULL)
    assert registry.get("mine") == FULL
    again = Registry(folder)
    assert again.get("mine") == FULL
    assert again.problems == []
    path = folder / "mine.toml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(folder.iterdir()) == [path]


def test_a_users_file_overrides_and_gives_way_again(registry: Registry, folder: Path) -> None:
    shipped = registry.get("groq")
    assert shipped is not None
    changed = msgspec.structs.replace(shipped, base_url="https://proxy.example.net/v1", shipped=False)
    registry.save(changed)
    assert Registry(folder).get("groq") == changed
    assert registry.shipped("groq") == shipped
    assert len(registry.endpoints()) == len(ISSUED) + 1
    assert registry.remove("groq") == changed
    assert registry.get("groq") == shipped
    assert Registry(folder).get("groq") == shipped


def test_saving_keeps_what_a_person_wrote_beside_it(registry: Registry, folder: Path) -> None:
    registry.save(FULL)
    path = folder / "mine.toml"
    path.write_text("# my own server\n" + path.read_text("utf-8"), "utf-8")
    registry.save(msgspec.structs.replace(FULL, name="Renamed", headers={}))
    text = path.read_text("utf-8")
    assert text.startswith("# my own server\n")
    assert "X-Team" not in text
    found = Registry(folder).get("mine")
    assert found is not None
    assert (found.name, found.headers) == ("Renamed", {})


HEAD = 'id = "bad"\nname = "Bad"\nwire = "openai_chat"\nbase_url = "http://x"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('id = "bad"\nname = "Bad\nwire = 1\n', r"bad\.toml.*line 2"),
        (HEAD.replace('"http://x"', "5"), r"bad\.toml, line 4: Expected `str`"),
        (HEAD + '\n[quirks]\nstream_usage = "no"\n', r"bad\.toml, line 7: Expected `bool`"),
        (HEAD + "[[rows]]\nref = 5\n", r"bad\.toml, line 6: "),
        ('name = "Bad"\n', r"bad\.toml: .*missing required field"),
        (HEAD.replace('"bad"', '"other"'), r"bad\.toml, line 1: the id is 'other'"),
        (HEAD.replace("openai_chat", "telegraph"), r"bad\.toml.*no wire called 'telegraph'"),
        (HEAD.replace("openai_chat", "guide"), r"bad\.toml.*no wire called 'guide'"),
        (HEAD + 'auth = "basic"\n', r"bad\.toml, line 5: 'basic' is no way"),
        (HEAD + 'auth = "header:"\n', r"bad\.toml.*not a header name"),
        (HEAD + '[headers]\n"X Y" = "z"\n', r"bad\.toml, line 5: 'X Y' is not a header name"),
        (HEAD.encode() + b'docs = "\xff"\n', r"bad\.toml, line 5: not UTF-8"),
        ("[" * 5000, r"bad\.toml"),
        (b"", r"bad\.toml"),
    ],
)
def test_a_broken_file_is_named_with_its_line_and_takes_no_other_down(
    folder: Path, text: str | bytes, said: str
) -> None:
    folder.mkdir()
    write(folder, "bad.toml", text)
    write(folder, "good.toml", HEAD.replace('"bad"', '"good"'))
    registry = Registry(folder)
    (problem,) = registry.problems
    assert isinstance(problem, ConfigurationError)
    assert re.search(said, problem.message), problem.message
    assert problem.hint
    assert registry.get("bad") is None
    assert registry.get("good") is not None
    assert registry.get("openai") is not None


def test_a_secret_in_a_header_is_in_no_problem(folder: Path) -> None:
    folder.mkdir()
    write(folder, "bad.toml", HEAD + '[headers]\nX-Key = "hush\\u0000hush"\n')
    (problem,) = Registry(folder).problems
    assert isinstance(problem, InvalidHeader)
    assert "hush" not in problem.message + problem.hint


def test_a_mended_file_is_read_on_reload(registry: Registry, folder: Path) -> None:
    path = write(folder, "bad.toml", "nonsense")
    registry.reload()
    assert len(registry.problems) == 1
    path.write_text(HEAD, "utf-8")
    registry.reload()
    assert registry.problems == []
    assert registry.get("bad") is not None
    path.unlink()
    registry.reload()
    assert registry.get("bad") is None


def test_what_cannot_be_removed(registry: Registry) -> None:
    with pytest.raises(ConfigurationError, match="comes with Chatbench"):
        registry.remove("openai")
    with pytest.raises(ConfigurationError, match="no provider called"):
        registry.remove("nobody")
    with pytest.raises(ConfigurationError, match="no wire"):
        registry.wire("telegraph")


def test_an_id_is_no_path(registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        registry.save(msgspec.structs.replace(FULL, id="../evil"))
    assert not (tmp_path / "evil.toml").exists()


@pytest.mark.parametrize("auth", ["bearer", "none", "header:x-api-key"])
def test_ways_to_send_a_key(registry: Registry, auth: str) -> None:
    registry.check_headers(msgspec.structs.replace(FULL, auth=auth))


@pytest.mark.parametrize("auth", ["", "basic", "bearer:x", "header", "header:", "header:a b"])
def test_ways_there_are_not(registry: Registry, auth: str) -> None:
    with pytest.raises(ConfigurationError):
        registry.check_headers(msgspec.structs.replace(FULL, auth=auth))


def test_a_folder_that_cannot_be_written(registry: Registry, folder: Path) -> None:
    """A file where the folder should be stands for every reason a folder cannot be written to."""
    folder.rmdir()
    folder.write_bytes(b"")
    with pytest.raises(StorageError, match="could not be used"):
        registry.save(FULL)
    assert registry.get("mine") is None
