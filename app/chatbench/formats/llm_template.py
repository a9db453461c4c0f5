"""Templates of the terminal program llm, which are YAML: `prompt` and `system` with `$name` in them."""

from __future__ import annotations

import re
from typing import Any

from chatbench.core.errors import ConfigurationError, FormatError
from chatbench.core.params import Parameters
from chatbench.core.prompts import NamedPrompt, Prompt, PromptMessage, Variable
from chatbench.formats.imported import Imported

_DOLLAR = re.compile(r"\$(?:(?P<escaped>\$)|(?P<name>[A-Za-z_]\w*)|\{(?P<braced>[A-Za-z_]\w*)\})")
_PLACE = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}")
_OPENS = re.compile(r"\{[{%#]")
_KNOWN = {"name", "prompt", "system", "model", "defaults", "options", "schema_object"}
_TELLING = {
    "attachments": "attachments", "attachment_types": "attachments", "fragments": "fragments",
    "system_fragments": "fragments of the system prompt", "tools": "tools", "functions": "functions",
    "extract": "extract", "extract_last": "extract_last",
}  # fmt: skip


def read(value: Any, name: str = "") -> Imported:
    """From the decoded YAML; a text alone is a prompt. Raises FormatError for what is no template."""
    told = {"prompt": value} if isinstance(value, str) else value
    if not isinstance(told, dict) or not ({"prompt", "system"} & told.keys()):
        raise FormatError("This is no template of llm's.", "It wants prompt or system.")
    left = [f"{_TELLING.get(key, key)} ({key}) was left out." for key in told if key not in _KNOWN]
    system, prompt = str(told.get("system") or ""), str(told.get("prompt") or "")
    if "prompt" not in told:
        prompt = "$input"
    messages = (PromptMessage(role="system", text=_with_braces(system)),) if system else ()
    defaults = told.get("defaults") if isinstance(told.get("defaults"), dict) else {}
    model = told.get("model")
    return Imported(
        (
            NamedPrompt(
                name=str(told.get("name") or name),
                prompt=Prompt(
                    messages=(*messages, PromptMessage(text=_with_braces(prompt))),
                    variables=tuple(
                        Variable(name=str(key), default=default) for key, default in (defaults or {}).items()
                    ),
                    parameters=_parameters(told.get("options"), left),
                    response_schema=told.get("schema_object"),
                    models=(str(model),) if model else (),
                ),
            ),
        ),
        (),
        tuple(left),
    )


def _with_braces(text: str) -> str:
    """`$name` becomes `{{name}}`; braces that stood there mean themselves."""

    def place(found: re.Match[str]) -> str:
        return "$" if found["escaped"] else f"{{{{{found['name'] or found['braced']}}}}}"

    literal = _OPENS.sub(lambda found: f'{{{{ "{found[0]}" }}}}', text)
    return _DOLLAR.sub(place, literal)


def _parameters(value: Any, left: list[str]) -> Parameters:
    found: dict[str, Any] = {}
    for name, option in (value if isinstance(value, dict) else {}).items():
        ours = "max_output_tokens" if name == "max_tokens" else str(name)
        try:
            Parameters.from_dict({ours: option})
        except ConfigurationError:
            left.append(f"The option {name} was left out.")
        else:
            found[ours] = option
    return Parameters.from_dict(found)


def write(named: NamedPrompt) -> dict[str, Any]:
    """The values of a template. Raises FormatError for what it cannot hold."""
    prompt = named.prompt
    texts = {"system": "", "user": ""}
    for one in prompt.messages:
        if one.role not in texts or texts[one.role]:
            raise FormatError(
                "A template of llm's has one prompt.", "Messages of examples have no place in it."
            )
        if _OPENS.search(_PLACE.sub("", one.text)):
            raise FormatError("A template of llm's has no sections and loops.", "Export it as TOML.")
        texts[one.role] = _PLACE.sub(lambda found: f"${found[1]}", one.text.replace("$", "$$"))
    values: dict[str, Any] = {
        "name": named.name,
        "model": prompt.models[0] if prompt.models else "",
        "system": texts["system"],
        "prompt": texts["user"],
        "defaults": {one.name: one.default for one in prompt.variables if one.default is not None},
        "options": prompt.parameters.to_dict(),
        "schema_object": prompt.response_schema,
    }
    return {key: value for key, value in values.items() if value not in ("", None, {})}
