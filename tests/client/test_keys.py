"""Where a key comes from, in which order, and to which address it may go."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import keyring
import keyring.errors
import pytest
from tests.conftest import MemoryKeyring

from chatbench.client.environment import Environment
from chatbench.client.keys import Keys
from chatbench.core.endpoints import Endpoint
from chatbench.core.errors import KeyringLocked, MissingKey, NoKeyring
from chatbench.core.secrets import Secret
from chatbench.providers.registry import Registry
from chatbench.storage.database import Database
from chatbench.storage.keyring import KeyStore

Make = Callable[..., Keys]
OWN = Endpoint(
    id="mine", name="Mine", wire="openai_chat", base_url="https://a.example/v1", key_env=("MINE_KEY",)
)


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    """Keys over one store, with the environment variables given."""
    database = Database.open(tmp_path / "chatbench.db")
    store = KeyStore(database)
    folder = tmp_path / "providers"
    folder.mkdir()

    def keys(**environ: str) -> Keys:
        return Keys(store, Registry(folder), environ)

    yield keys
    await database.close()


def shipped(endpoint_id: str, folder: Path) -> Endpoint:
    found = Registry(folder).shipped(endpoint_id)
    assert found is not None
    return found


def moved(endpoint: Endpoint, url: str) -> Endpoint:
    import msgspec

    return msgspec.structs.replace(endpoint, base_url=url, shipped=False)


async def text_of(keys: Keys, endpoint: Endpoint) -> str:
    found = await keys.find(keys.effective(endpoint))
    assert found is not None
    return found.secret.reveal()


async def test_order_session_then_keyring_then_environment(make: Make) -> None:
    keys = make(MINE_KEY=" from-environment ")
    assert await text_of(keys, OWN) == "from-environment"
    await keys.set(OWN, Secret("from-keyring"))
    assert await text_of(keys, OWN) == "from-keyring"
    await keys.set(OWN, Secret("from-session"), session=True)
    assert await text_of(keys, OWN) == "from-session"
    assert keys.state(OWN).place == "session"
    await keys.remove(OWN.id)
    assert await text_of(keys, OWN) == "from-environment"


async def test_a_stored_key_stays_with_its_address(make: Make) -> None:
    """Another host, port or scheme asks again; another path does not."""
    keys = make()
    await keys.set(OWN, Secret("secret-1"))
    assert await text_of(keys, moved(OWN, "https://A.example:443/other")) == "secret-1"
    for url in ("https://b.example/v1", "https://a.example:8443/v1", "http://a.example/v1"):
        elsewhere = moved(OWN, url)
        assert keys.state(elsewhere).state == "other_origin"
        with pytest.raises(MissingKey, match=r"was given for https://a\.example:443") as caught:
            await keys.find(elsewhere)
        assert "chatbench keys confirm mine" in caught.value.hint
        assert "secret-1" not in str(vars(caught.value))


async def test_a_session_key_stays_with_its_address_too(make: Make) -> None:
    keys = make()
    await keys.set(OWN, Secret("secret-1"), session=True)
    with pytest.raises(MissingKey, match="was given for"):
        await keys.find(moved(OWN, "https://b.example/v1"))


async def test_confirming_binds_it_to_the_new_address(make: Make) -> None:
    keys = make()
    await keys.set(OWN, Secret("secret-1"))
    elsewhere = moved(OWN, "https://b.example/v1")
    await keys.confirm(elsewhere)
    assert await text_of(keys, elsewhere) == "secret-1"
    with pytest.raises(MissingKey):
        await keys.find(OWN)


async def test_confirming_keeps_a_session_key_in_the_session(
    make: Make, memory_keyring: MemoryKeyring
) -> None:
    keys = make()
    await keys.set(OWN, Secret("secret-1"), session=True)
    await keys.confirm(moved(OWN, "https://b.example/v1"))
    assert memory_keyring.passwords == {}


async def test_there_is_nothing_to_confirm_without_a_stored_key(make: Make) -> None:
    with pytest.raises(MissingKey, match="no stored key for Mine"):
        await make(MINE_KEY="x").confirm(OWN)


async def test_a_vendors_variable_goes_to_the_vendor(make: Make, tmp_path: Path) -> None:
    openai = shipped("openai", tmp_path)
    assert await text_of(make(OPENAI_API_KEY="sk-1"), openai) == "sk-1"


async def test_a_variable_goes_with_the_address_from_the_same_environment(make: Make, tmp_path: Path) -> None:
    openai = shipped("openai", tmp_path)
    keys = make(OPENAI_API_KEY="sk-1", OPENAI_BASE_URL="http://127.0.0.1:9/v1")
    assert keys.effective(openai).base_url == "http://127.0.0.1:9/v1"
    assert await text_of(keys, openai) == "sk-1"


async def test_a_vendors_variable_goes_nowhere_else(make: Make, tmp_path: Path) -> None:
    """Not to an address in a file of the user's, be it for the vendor's own id or another."""
    keys = make(OPENAI_API_KEY="sk-1")
    overriding = moved(shipped("openai", tmp_path), "https://proxy.example/v1")
    for endpoint in (overriding, Endpoint(
        id="other", name="Other", wire="openai_chat", base_url="https://proxy.example/v1",
        key_env=("OPENAI_API_KEY",),
    )):  # fmt: skip
        assert keys.state(endpoint).state == "other_origin"
        with pytest.raises(MissingKey, match=r"OPENAI_API_KEY holds the key for https://api\.openai") as no:
            await keys.find(endpoint)
        assert f"chatbench keys set {endpoint.id}" in no.value.hint


async def test_the_environments_address_does_not_get_the_stored_key(make: Make, tmp_path: Path) -> None:
    openai = shipped("openai", tmp_path)
    await make().set(openai, Secret("sk-stored"))
    keys = make(OPENAI_BASE_URL="https://elsewhere.example/v1")
    with pytest.raises(MissingKey, match=r"given for https://api.openai.com:443.*elsewhere.example"):
        await keys.find(keys.effective(openai))


async def test_a_file_of_the_users_is_not_moved_by_the_environment(make: Make, tmp_path: Path) -> None:
    own = moved(shipped("openai", tmp_path), "https://gateway.example/v1")
    keys = make(OPENAI_BASE_URL="https://elsewhere.example/v1")
    assert keys.effective(own) == own


async def test_a_locked_keyring_is_not_a_missing_key(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in what is known without opening it, nor when the key is wanted."""
    await make().set(OWN, Secret("secret-1"))

    def locked(*_: object) -> str:
        raise keyring.errors.KeyringLocked

    monkeypatch.setattr(MemoryKeyring, "get_password", locked)
    keys = make()
    assert keys.state(OWN).state == "ready"
    with pytest.raises(KeyringLocked):
        await keys.find(OWN)


async def test_without_a_keyring_it_says_so(make: Make) -> None:
    import keyring.backends.fail

    keyring.set_keyring(keyring.backends.fail.Keyring())
    with pytest.raises(NoKeyring) as caught:
        await make().set(OWN, Secret("secret-1"))
    assert "session" in caught.value.hint


async def test_a_key_that_left_the_keyring_is_asked_for_again(
    make: Make, memory_keyring: MemoryKeyring
) -> None:
    keys = make()
    await keys.set(OWN, Secret("secret-1"))
    memory_keyring.passwords.clear()
    with pytest.raises(MissingKey, match="no longer in the keyring"):
        await keys.find(OWN)


async def test_a_key_is_read_once_and_again_after_another_process_changed_it(
    make: Make, memory_keyring: MemoryKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys, other = make(), make()
    await keys.set(OWN, Secret("secret-1"))
    assert await text_of(keys, OWN) == "secret-1"
    monkeypatch.setattr("chatbench.storage.keyring.now_ms", lambda: 2_000_000_000_000)
    await other.set(OWN, Secret("secret-2"))
    assert await text_of(keys, OWN) == "secret-2"
    memory_keyring.passwords.clear()
    assert await text_of(keys, OWN) == "secret-2"


async def test_an_endpoint_without_a_key_needs_none(make: Make) -> None:
    import msgspec

    local = msgspec.structs.replace(OWN, auth="none")
    keys = make(MINE_KEY="x")
    assert await keys.find(local) is None
    assert keys.state(local).state == "not_needed"


def test_an_environment_without_an_address_is_no_crash(
    open_environment: Callable[..., Environment],
) -> None:
    """A base URL from the environment may be anything."""
    for url in ("http://[", "http://x:port/v1", "localhost:1234", "\x00"):
        environment = open_environment(OPENAI_API_KEY="sk-1", OPENAI_BASE_URL=url)
        endpoint = environment.registry.get("openai")
        assert endpoint is not None
        assert environment.keys.state(endpoint).place == "environment"


@pytest.mark.parametrize(
    ("variable", "address", "local"),
    [
        ("1.2.3.4", "http://1.2.3.4:11434", False),
        (":56789", "http://127.0.0.1:56789", True),
        ("0.0.0.0", "http://127.0.0.1:11434", True),
        ("0.0.0.0:8000", "http://127.0.0.1:8000", True),
        ("http://0.0.0.0:8000/", "http://127.0.0.1:8000", True),
        ("localhost", "http://localhost:11434", True),
        ("gpu.example/ollama/", "http://gpu.example:11434/ollama", False),
        ("https://gpu.example", "https://gpu.example", False),
        ("http://localhost:11434/v1", "http://localhost:11434/v1", True),
        ("[::1]:56789", "http://[::1]:56789", True),
        ("[::]", "http://127.0.0.1:11434", True),
    ],
)
def test_a_local_servers_variable_may_be_half_an_address(
    make: Make, tmp_path: Path, variable: str, address: str, local: bool
) -> None:
    """As Ollama's own client reads OLLAMA_HOST; what is elsewhere no longer counts as local."""
    ollama = make(OLLAMA_HOST=variable).effective(shipped("ollama", tmp_path))
    assert (ollama.base_url, ollama.local) == (address, local)
    assert ollama.origin


def test_a_local_servers_variable_may_be_nonsense(make: Make, tmp_path: Path) -> None:
    ollama = make(OLLAMA_HOST="http://[half").effective(shipped("ollama", tmp_path))
    assert ollama.origin == ""
