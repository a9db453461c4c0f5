"""Bakes resources/models.json and resources/prices.json from public package data.

Prices come from genai-prices (installed with the test tools), capabilities from the JSON inside the
litellm wheel, which is downloaded and read but never imported. What neither knows stands, by hand, in
catalogue.toml beside this file. The same inputs give the same bytes; the date changes only with the rows.

    python3 packaging/dev.py catalogue [--litellm WHEEL] [--check]
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from catalogue_models import model_rows
from catalogue_prices import price_tables

HERE = Path(__file__).resolve().parent
RESOURCES = HERE.parent / "resources"
DATA = "litellm/model_prices_and_context_window_backup.json"


class Source:
    """A package's name, version and licence text, as the header of a baked file names them."""

    def __init__(self, name: str, version: str, licence: str) -> None:
        self.name = name
        self.version = version
        self.notice = licence.strip()
        if "MIT License" not in self.notice:
            raise SystemExit(f"{name} {version} is no longer under the MIT licence; look before you bake")

    def header(self) -> dict[str, str]:
        return {"package": self.name, "version": self.version, "licence": "MIT", "notice": self.notice}


def read_litellm(wheel: Path) -> tuple[Source, dict[str, Any]]:
    """The model table and the licence inside one litellm wheel."""
    with zipfile.ZipFile(wheel) as archive:
        table = json.loads(archive.read(DATA))
        licence = next(name for name in archive.namelist() if name.endswith("dist-info/licenses/LICENSE"))
        notice = archive.read(licence).decode()
    return Source("litellm", wheel.name.split("-")[1], notice), table


def download_litellm(folder: Path) -> Path:
    """Fetches the newest wheel into `folder` with pip, without its dependencies."""
    if importlib.util.find_spec("pip") is None:
        raise SystemExit("no pip here: download a wheel of litellm and name it with --litellm")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    subprocess.run([*command, "--dest", str(folder), "litellm"], check=True)
    return next(folder.glob("litellm-*.whl"))


def genai_prices_source() -> Source:
    distribution = metadata.distribution("genai-prices")
    licence = next(path for path in distribution.files or [] if path.name == "LICENSE")
    return Source("genai-prices", distribution.version, Path(str(licence.locate())).read_text("utf-8"))


def write(path: Path, sources: list[Source], providers: dict[str, Any], *, check: bool) -> bool:
    """Writes one file if its rows differ from what is there; returns whether they do."""
    old = json.loads(path.read_text("utf-8")) if path.exists() else {}
    headers = [source.header() for source in sources]
    plain = json.loads(json.dumps(providers))
    if old.get("providers") == plain and old.get("sources") == headers:
        return False
    if not check:
        content = {"date": datetime.now(UTC).date().isoformat(), "sources": headers, "providers": providers}
        path.write_text(_render(content), "utf-8", newline="\n")
    return True


def _render(content: dict[str, Any]) -> str:
    """JSON with one line a model, so that a refresh reads well as a diff."""
    tables = []
    for provider, table in content["providers"].items():
        rows = ",\n".join(_compact(row) for row in table["models"])
        rest = {key: value for key, value in table.items() if key != "models"}
        start = _compact(rest)[:-1] + ("," if rest else "")
        tables.append(f'{_compact(provider)}:{start}"models":[\n{rows}\n]}}')
    head = f'"date":{_compact(content["date"])},\n"sources":{_compact(content["sources"])}'
    return f'{{{head},\n"providers":{{\n' + ",\n".join(tables) + "\n}}\n"


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--litellm", type=Path, help="a wheel that is at hand, instead of a download")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 if the files would change"
    )
    options = parser.parse_args()
    by_hand = tomllib.loads((HERE / "catalogue.toml").read_text("utf-8"))
    with tempfile.TemporaryDirectory() as scratch:
        litellm, table = read_litellm(options.litellm or download_litellm(Path(scratch)))
    genai_prices = genai_prices_source()
    sources = [genai_prices, litellm]
    changed = False
    for name, rows in (
        ("models.json", model_rows(table, by_hand)),
        ("prices.json", price_tables(table, by_hand)),
    ):
        differs = write(RESOURCES / name, sources, rows, check=options.check)
        changed = changed or differs
        count = sum(len(provider["models"]) for provider in rows.values())
        size = (RESOURCES / name).stat().st_size / 1000
        state = "new" if differs else "as it was"
        print(f"{name}: {count} models, {len(rows)} providers, {size:.0f} kB, {state}")
    return 1 if options.check and changed else 0


if __name__ == "__main__":
    sys.exit(main())
