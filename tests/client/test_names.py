"""Aliases and default models: one file for the API, the terminal and the window."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from chatbench.client import names
from chatbench.client.defaults import set_default_environment
from chatbench.client.environment import Environment
from chatbench.core.errors import ConfigurationError, UnknownModel
from chatbench.core.models import GUIDE, ModelRef
from chatbench.core.observe import Signal
from chatbench.services.preferences import PreferencesStore

SONNET = "anthropic/claude-sonnet-4-5"


def test_an_alias_of_an_alias_is_the_model(environment: Environment) -> None:
    assert names.set_alias("fast", SONNET, environment=environment) == SONNET
    assert names.set_alias("faster", "fast", environment=environment) == SONNET
    names.remove_alias("fast", environment=environment)
    assert names.get_aliases(environment=environment) == {"faster": SONNET}
    assert names.resolve(environment, "faster") == ModelRef.parse(SONNET)
    with pytest.raises(KeyError):
        names.remove_alias("fast", environment=environment)
    with pytest.raises(UnknownModel):
        names.resolve(environment, "fast")


@pytest.mark.parametrize("alias", ["", "  ", "a/b", "two\nlines", "\x1b[31m"])
def test_what_is_no_alias(environment: Environment, alias: str) -> None:
    with pytest.raises(ConfigurationError):
        names.set_alias(alias, SONNET, environment=environment)
    assert names.get_aliases(environment=environment) == {}


def test_the_model_must_be_known(environment: Environment) -> None:
    with pytest.raises(UnknownModel):
        names.set_alias("fast", "nowhere/at-all", environment=environment)
    with pytest.raises(UnknownModel):
        names.set_default_model("nowhere/at-all", environment=environment)
    assert not environment.profile.preferences.exists()


def test_defaults(environment: Environment) -> None:
    with pytest.raises(UnknownModel) as caught:
        names.get_default_model(environment=environment)
    assert "chatbench models default" in caught.value.hint
    with pytest.raises(UnknownModel):
        names.resolve(environment, None)
    assert names.get_default_model(default=None, environment=environment) is None
    assert names.get_default_embedding_model("mine", environment=environment) == "mine"

    names.set_alias("fast", SONNET, environment=environment)
    names.set_default_model("fast", environment=environment)
    names.set_default_embedding_model("openai/text-embedding-3-small", environment=environment)
    assert names.get_default_model(default=None, environment=environment) == SONNET
    assert names.resolve(environment, None) == ModelRef.parse(SONNET)
    embedding = names.get_default_embedding_model(environment=environment)
    assert embedding == "openai/text-embedding-3-small"

    names.set_default_model(None, environment=environment)
    assert names.get_default_model(default=None, environment=environment) is None
    assert names.get_default_embedding_model(environment=environment) == embedding


def test_without_an_environment_the_programs_own_is_meant(environment: Environment) -> None:
    set_default_environment(environment)
    try:
        names.set_default_model(str(GUIDE))
        assert names.get_default_model() == str(GUIDE)
    finally:
        set_default_environment(None)
    assert names.get_default_model(environment=environment) == str(GUIDE)


def test_the_window_reads_the_same_names_and_loses_none(environment: Environment) -> None:
    path = environment.profile.preferences
    path.write_text('# mine\ntheme = "dark"\nx = 1\n[aliases]\n# for work\nw = "a/b"\n', encoding="utf-8")
    window = PreferencesStore(path, Signal())
    names.set_alias("fast", SONNET, environment=environment)
    window.replace(text_scale=1.5)
    assert window.current.aliases == {"w": "a/b", "fast": SONNET}
    names.set_default_model("fast", environment=environment)
    window.reload()
    assert window.current.default_model_ref == ModelRef.parse(SONNET)
    assert (window.current.theme, window.current.text_scale) == ("dark", 1.5)
    text = path.read_text(encoding="utf-8")
    assert "# mine\n" in text
    assert "# for work\n" in text
    assert "x = 1\n" in text


def test_many_at_once_lose_none(environment: Environment) -> None:
    """Each reads, changes and writes the whole file."""
    with ThreadPoolExecutor(8) as pool:
        for number in range(40):
            pool.submit(names.set_alias, f"a{number}", SONNET, environment=environment)
    assert len(names.get_aliases(environment=environment)) == 40


def test_a_broken_file_is_named_and_left_alone(environment: Environment) -> None:
    path = environment.profile.preferences
    path.write_text('[aliases]\nfast = "a/b\n', encoding="utf-8")
    for act in (
        lambda: names.get_default_model(None, environment=environment),
        lambda: names.set_alias("x", SONNET, environment=environment),
        lambda: names.resolve(environment, "x"),
    ):
        with pytest.raises(ConfigurationError, match="line 2"):
            act()
    assert path.read_text(encoding="utf-8") == '[aliases]\nfast = "a/b\n'
