"""The one finder of shipped data: `chatbench/resources` when installed, `resources` in a checkout."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def resources_folder() -> Path:
    """The folder with providers/, models.json, prices.json, icons/.

    Raises FileNotFoundError where neither place has it (a broken installation).
    """
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "resources", package.parent.parent / "resources"):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"chatbench's resources are missing beside {package}")


def resource(*names: str) -> Path:
    """The path of one shipped file or folder; it need not exist."""
    return resources_folder().joinpath(*names)
