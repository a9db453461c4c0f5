"""What is shipped may be shipped: the licence of every package in the lock of the program."""

from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path

import pytest

LOCK = Path(__file__).resolve().parent.parent / "packaging" / "locks" / "run.lock"
SHIPPED = sorted(set(re.findall(r"^([a-z0-9._-]+)==", LOCK.read_text(encoding="utf-8"), re.MULTILINE)))

PERMITTED = {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "LGPL-3.0-only", "MIT", "MIT-0"} | {
    "MIT-CMU",
    "MPL-2.0",
    "PSF-2.0",
    "Unlicense",
    "CNRI-Python",
    "Zlib",
    "any-OSI",
}
SPDX = {
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
# Read in the package itself, because its metadata does not say or it is installed elsewhere only: on
# Windows, or under Python 3.11.
READ = {
    "backports-tarfile": "MIT",
    "importlib-metadata": "Apache-2.0",
    "iregexp-check": "MIT",
    "lazy-importer": "Apache-2.0",
    "pypdfium2": "Apache-2.0 AND BSD-3-Clause",
    "pywin32-ctypes": "BSD-3-Clause",
    "resvg-py": "MIT",
    "zipp": "MIT",
}


def licence(package: str) -> str:
    """The package's licence as an SPDX expression; what its metadata says if that is not one."""
    if package in READ:
        return READ[package]
    metadata = importlib.metadata.metadata(package).json
    classifiers = [line.rpartition(" :: ")[2] for line in metadata.get("classifier", [])]
    named = [SPDX[line] for line in classifiers if line in SPDX]
    free_text = str(metadata.get("license", ""))
    return str(
        metadata.get("license_expression") or SPDX.get(free_text, free_text) or " AND ".join(named),
    )


def is_permitted(expression: str) -> bool:
    """Whether one alternative of an SPDX expression (without brackets) holds permitted licences only."""
    return any(
        all(one.strip() in PERMITTED for one in alternative.split(" AND "))
        for alternative in expression.split(" OR ")
    )


@pytest.mark.parametrize("package", SHIPPED)
def test_the_licence_of_a_shipped_package_permits_shipping(package: str) -> None:
    assert is_permitted(licence(package)), f"{package}: {licence(package)!r}"


@pytest.mark.parametrize(
    ("expression", "permitted"),
    [
        ("GPL-3.0-only", False),
        ("AGPL-3.0-or-later", False),
        ("MIT AND GPL-2.0-only", False),
        ("", False),
        ("LGPL-3.0-only OR GPL-2.0-only", True),
        ("Apache-2.0 AND MIT", True),
    ],
)
def test_a_copyleft_licence_is_refused(expression: str, permitted: bool) -> None:
    assert is_permitted(expression) is permitted


def test_the_lock_is_read() -> None:
    assert {"pyside6-essentials", "httpx", "apsw"} <= set(SHIPPED)
