"""The one stylesheet: what Qt draws itself (fields, menus, scroll bars, tooltips, splitters)."""

from __future__ import annotations

from string import Template
from typing import TYPE_CHECKING, Final

from chatbench.ui.theme.tokens import LIGHT

if TYPE_CHECKING:
    from chatbench.ui.theme.current import Theme

_TEMPLATE: Final = Template("""
QToolTip { background: $tooltip; color: $tooltiptext; border: 0; padding: ${pad4}px ${pad8}px; }

QLineEdit, QPlainTextEdit, QTextEdit, QSpinBox, QDoubleSpinBox, QComboBox {
    background: $raised; color: $text; border: 1px solid $linectl; border-radius: 6px;
    padding: 0 8px; selection-background-color: $selbg; selection-color: $text;
    placeholder-text-color: $text3; min-height: ${field}px;
}
QPlainTextEdit, QTextEdit { padding: 5px 7px; }
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus,
QComboBox:focus { border: 2px solid $accent; padding: 0 7px; }
QPlainTextEdit:focus, QTextEdit:focus { padding: 4px 6px; }
QLineEdit:disabled, QPlainTextEdit:disabled, QTextEdit:disabled, QSpinBox:disabled,
QDoubleSpinBox:disabled, QComboBox:disabled { color: $disabled; }
QLineEdit[search="true"] { border-color: $btnline; padding: 0 2px; }
QLineEdit[search="true"]:focus { border-color: $accent; padding: 0 1px; }
QLineEdit[bare="true"], QPlainTextEdit[bare="true"], QTextEdit[bare="true"],
QLineEdit[bare="true"]:focus, QPlainTextEdit[bare="true"]:focus, QTextEdit[bare="true"]:focus {
    background: transparent; border: 0; border-radius: 0; padding: 0; min-height: 0;
}
QComboBox { padding-right: 26px; }
QComboBox:focus { padding-right: 25px; }
QComboBox::drop-down { border: 0; width: 26px; }
QComboBox::down-arrow { image: none; width: 0; height: 0; }
QComboBox QAbstractItemView {
    background: $raised; color: $text; border: 1px solid $btnline; padding: 4px;
    selection-background-color: $selected; selection-color: $text; outline: 0;
}
QComboBox QAbstractItemView::item { min-height: ${menurow}px; padding: 0 8px; border-radius: 6px; }

QSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::up-button, QDoubleSpinBox::down-button {
    width: 0; border: 0;
}

QMenu {
    background: $raised; color: $text; border: 1px solid $btnline; border-radius: 8px; padding: 5px;
}
QMenu::item { min-height: ${menurow}px; padding: 0 24px 0 10px; border-radius: 6px; }
QMenu::icon { left: 10px; }
QMenu::item:selected { background: $hover; }
QMenu::item:disabled { color: $disabled; }
QMenu::separator { height: 1px; background: $line; margin: 5px 6px; }
QMenu::indicator { width: 14px; height: 14px; left: 8px; }

QScrollBar { background: transparent; border: 0; }
QScrollBar:vertical { width: 10px; margin: 0; }
QScrollBar:horizontal { height: 10px; margin: 0; }
QScrollBar::handle { background: $btnline; border-radius: 3px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 32px; }
QScrollBar::handle:horizontal { min-width: 32px; }
QScrollBar::handle:hover, QScrollBar::handle:pressed {
    background: $linectl; border-radius: 4px; margin: 1px;
}
QScrollBar::handle:disabled { background: transparent; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; border: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QSplitter::handle { background: $line; }
QSplitter::handle:hover { background: $linectl; }

QAbstractItemView { outline: 0; }
QTableView { gridline-color: $line; }
QTableCornerButton::section { background: $sunken; border: 0; border-bottom: 1px solid $linectl; }
QHeaderView::section {
    background: $sunken; color: $text2; border: 0; border-bottom: 1px solid $linectl;
    padding: 4px 10px;
}
""")


def build_stylesheet(theme: Theme) -> str:
    """The stylesheet for the theme's present colours and text size."""
    values: dict[str, str] = {role: theme.hex(role) for role in LIGHT if role.isalnum()}
    values.update(
        field=str(theme.control("field") - 2),
        menurow=str(theme.control("menu-row")),
        pad4=str(4),
        pad8=str(8),
    )
    return _TEMPLATE.substitute(values)
