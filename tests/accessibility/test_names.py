"""Every control of the chat, the lanes, the palette, the picker and the settings says what it is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QAbstractButton, QWidget
from tests.accessibility.surfaces import Surface, beginnings, dialogs, interfaces, menus, surfaces
from tests.loopback.server import LoopbackServer
from tests.scenarios.window import opened

from chatbench.ui.session import Session

Look = Callable[[Session, LoopbackServer], AsyncIterator[Surface]]
Run = Callable[[Coroutine[Any, Any, None]], None]
ROLE = QAccessible.Role
CONTROLS = {
    ROLE.Button, ROLE.CheckBox, ROLE.RadioButton, ROLE.ComboBox, ROLE.EditableText, ROLE.SpinBox, ROLE.Slider,
    ROLE.Link, ROLE.List, ROLE.ListItem, ROLE.Tree, ROLE.TreeItem, ROLE.PageTab, ROLE.MenuItem,
    ROLE.ButtonMenu, ROLE.Dialog, ROLE.Switch,
}  # fmt: skip


@pytest.mark.parametrize("looked_at", [surfaces, beginnings, dialogs, menus])
def test_every_control_has_a_name(
    run_async: Run, tmp_path: Path, server: LoopbackServer, looked_at: Look
) -> None:
    async def scenario() -> None:
        unnamed: set[str] = set()
        seen: set[str] = set()
        async with opened(tmp_path / "profile") as session:
            async for surface in looked_at(session, server):
                seen.add(surface.name)
                for node in interfaces(surface.root):
                    if node.role() in CONTROLS and not node.text(QAccessible.Text.Name).strip():
                        unnamed.add(f"{surface.name}: {node.role().name} {_whose(node.object())}")
                bare = [one for one in _focusable(surface.root) if not _name(one)]
                unnamed |= {f"{surface.name}: {_whose(one)}" for one in bare}
        wanted = {"chat", "lanes", "palette", "picker", "settings: about"}
        assert wanted <= seen if looked_at is surfaces else len(seen) > 3, seen
        assert not unnamed, "\n".join(sorted(unnamed))

    run_async(scenario())


def _focusable(root: QWidget) -> list[QWidget]:
    """What the keyboard can be given to, and what can be pressed."""
    return [
        one
        for one in root.findChildren(QWidget)
        if one.isVisible()
        and one.focusProxy() is None
        and (one.focusPolicy().value & 1 or isinstance(one, QAbstractButton))
    ]


def _name(widget: QWidget) -> str:
    return QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name).strip()


def _whose(found: object) -> str:
    return type(found).__name__
