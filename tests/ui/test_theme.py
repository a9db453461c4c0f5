"""The theme: contrast computed from the colours, sizes that grow with the text, the focus ring."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QFont, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QLineEdit, QVBoxLayout, QWidget

import chatbench.ui
from chatbench.ui.theme import ColorRole, theme
from chatbench.ui.theme.fonts import families
from chatbench.ui.theme.tokens import CONTROLS, DARK, FONTS, LIGHT, MOTION, FontRole, MotionRole
from chatbench.ui.widgets import Button, Label

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from chatbench.ui.theme import Theme

SURFACES: tuple[ColorRole, ...] = (
    "rail", "chrome", "page", "sunken", "raised", "hover", "pressed", "selected",
)  # fmt: skip
WORDS: tuple[ColorRole, ...] = ("text", "text2", "text3", "accenttext", "success", "warning", "danger")
PAIRS: tuple[tuple[ColorRole, ColorRole, float], ...] = (
    ("onaccent", "accent", 4.5),
    ("onaccent", "accenthover", 4.5),
    ("onaccent", "accentpressed", 4.5),
    ("accent", "page", 3),
    ("accent", "chrome", 3),
    ("accent", "selected", 3),
    ("linectl", "page", 3),
    ("linectl", "chrome", 3),
    ("linectl", "sunken", 3),
    ("success", "successsoft", 4.5),
    ("warning", "warningsoft", 4.5),
    ("danger", "dangersoft", 4.5),
    ("text", "successsoft", 4.5),
    ("text", "warningsoft", 4.5),
    ("text", "dangersoft", 4.5),
    ("text2", "dangersoft", 4.5),
    ("text", "selbg", 4.5),
    ("text", "hit", 4.5),
    ("text", "addbg", 4.5),
    ("success", "addbg", 4.5),
    ("text2", "rembg", 4.5),
    ("danger", "rembg", 4.5),
    ("tooltiptext", "tooltip", 4.5),
    ("knob", "accent", 3),
    ("knob", "linectl", 3),
)
CODE: tuple[ColorRole, ...] = (
    "code-plain", "code-keyword", "code-string", "code-number",
    "code-comment", "code-function", "code-type",
)  # fmt: skip
CHARTS: tuple[ColorRole, ...] = ("chart-1", "chart-2", "chart-3", "chart-4", "chart-5")


def luminance(color: str) -> float:
    """WCAG 2.2 relative luminance of ``#RRGGBB``."""
    channels = (int(color[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


SCHEMES = pytest.mark.parametrize("colors", [LIGHT, DARK], ids=["light", "dark"])


def test_contrast_formula_gives_the_known_extremes() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


@SCHEMES
@pytest.mark.parametrize("words", WORDS)
def test_words_are_readable_on_every_surface(colors: dict[ColorRole, str], words: ColorRole) -> None:
    assert min(contrast(colors[words], colors[surface]) for surface in SURFACES) >= 4.5


@SCHEMES
@pytest.mark.parametrize(("front", "back", "limit"), PAIRS)
def test_pairs_keep_their_limit(
    colors: dict[ColorRole, str], front: ColorRole, back: ColorRole, limit: float
) -> None:
    assert contrast(colors[front], colors[back]) >= limit


@SCHEMES
def test_code_and_charts_are_readable(colors: dict[ColorRole, str]) -> None:
    assert min(contrast(colors[role], colors["sunken"]) for role in CODE) >= 4.5
    assert min(contrast(colors[role], colors["page"]) for role in CHARTS) >= 3


def test_design_figures_are_those_of_the_colours() -> None:
    """Spot checks against the numbers the design states."""
    assert contrast(LIGHT["onaccent"], LIGHT["accent"]) == pytest.approx(6.20, abs=0.005)
    assert contrast(DARK["danger"], DARK["dangersoft"]) == pytest.approx(6.14, abs=0.005)
    assert contrast(LIGHT["code-keyword"], LIGHT["sunken"]) == pytest.approx(6.67, abs=0.005)


def test_both_schemes_know_every_role() -> None:
    roles = set(get_args(ColorRole))
    assert set(LIGHT) == roles
    assert set(DARK) == roles


def test_only_the_theme_names_colours_and_fonts() -> None:
    root = Path(chatbench.ui.__file__).parent
    owned = re.compile(r"#[0-9A-Fa-f]{6}\b|\bQFont\(\s*[\"']|setPixelSize|GlobalColor\.(?!transparent)")
    offenders = [
        f"{path.relative_to(root)}: {found.group()}"
        for path in sorted(root.rglob("*.py"))
        if path.relative_to(root).parts[0] != "theme"
        for found in owned.finditer(path.read_text(encoding="utf-8"))
    ]
    assert offenders == []


def test_a_change_of_scheme_reaches_palette_widgets_and_listeners(plain_theme: Theme, qtbot: QtBot) -> None:
    label = Label("words", color="text3")
    qtbot.addWidget(label)
    light = label.palette().color(label.foregroundRole())
    with qtbot.waitSignal(plain_theme.changed):
        plain_theme.apply(scheme="dark")
    assert plain_theme.dark
    assert QApplication.palette().color(QPalette.ColorRole.Base).name() == DARK["page"].lower()
    assert label.palette().color(label.foregroundRole()).name() == DARK["text3"].lower()
    assert light.name() == LIGHT["text3"].lower()


def test_what_is_in_force_already_paints_nothing_anew(plain_theme: Theme, qtbot: QtBot) -> None:
    plain_theme.apply(scheme="dark", text_factor=1.5, touch=True, motion="reduced")
    with qtbot.assertNotEmitted(plain_theme.changed):
        plain_theme.apply(scheme="dark", text_factor=1.5, touch=True, motion="reduced")
        plain_theme.apply()
    for other in ({"scheme": "light"}, {"text_factor": 1.0}, {"touch": False}, {"motion": "system"}):
        with qtbot.waitSignal(plain_theme.changed):
            plain_theme.apply(**other)


def test_text_at_200_percent_grows_lines_controls_and_breakpoints(plain_theme: Theme) -> None:
    small = {role: plain_theme.control(role) for role in CONTROLS}
    plain_theme.apply(text_factor=2.0)
    assert all(plain_theme.line(role) == 2 * FONTS[role].line for role in FONTS)
    for role, token in CONTROLS.items():
        assert small[role] == token.height
        assert plain_theme.control(role) >= plain_theme.line(token.font) + min(
            8, token.height - FONTS[token.font].line
        )
    assert plain_theme.control("button") == 48
    assert plain_theme.icon_size(16) == 24
    assert plain_theme.breakpoint(720) == 1440
    assert plain_theme.corner("card") == 8


def test_touch_makes_every_target_at_least_36_high(plain_theme: Theme) -> None:
    plain_theme.apply(touch=True)
    assert all(plain_theme.control(role) >= 36 for role, token in CONTROLS.items() if token.touch)
    assert plain_theme.control("status-bar") == 24


@pytest.mark.parametrize("role", get_args(FontRole))
def test_figures_are_tabular_except_in_prose(plain_theme: Theme, role: FontRole) -> None:
    prose = role in {"prose", "h1", "h2", "h3", "h4"}
    assert plain_theme.font(role).isFeatureSet(QFont.Tag("tnum")) is not prose
    assert plain_theme.font(role).families() == list(families(FONTS[role].mono))


def test_weights_replace_the_roles_own(plain_theme: Theme) -> None:
    assert plain_theme.font("ui", 600).weight() == QFont.Weight.DemiBold
    assert plain_theme.font("ui").weight() == QFont.Weight.Normal
    assert plain_theme.metrics("ui", 600).horizontalAdvance("words") > plain_theme.metrics(
        "ui"
    ).horizontalAdvance("words")


@pytest.mark.parametrize("role", get_args(MotionRole))
def test_reduced_motion_takes_no_time(plain_theme: Theme, role: MotionRole) -> None:
    assert plain_theme.duration(role) == 0
    plain_theme.apply(motion="full")
    assert plain_theme.duration(role) == MOTION[role]


class Form(QWidget):
    """Two buttons and a field, as any view has them."""

    def __init__(self) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(16)
        self.first, self.second, self.field = Button("First"), Button("Second"), QLineEdit()
        for widget in (self.first, self.second, self.field):
            column.addWidget(widget)


def ring_pixels(form: Form, widget: QWidget) -> int:
    """How much of the accent is drawn just outside ``widget``."""
    image = form.grab().toImage()
    row = widget.geometry().top() - 3
    accent = theme().color("accent").rgb()
    return sum(
        image.pixel(x, row) == accent for x in range(widget.geometry().left(), widget.geometry().right())
    )


def test_the_ring_shows_for_keyboard_focus_only(qtbot: QtBot) -> None:
    form = Form()
    qtbot.addWidget(form)
    form.show()
    form.activateWindow()
    qtbot.waitUntil(form.isActiveWindow)
    form.first.setFocus(Qt.FocusReason.OtherFocusReason)
    assert not theme().keyboard_focused(form.first)
    QTest.keyClick(form.first, Qt.Key.Key_Tab)
    assert theme().keyboard_focused(form.second)
    assert ring_pixels(form, form.second) > 20
    form.first.setFocus(Qt.FocusReason.OtherFocusReason)
    assert not theme().keyboard_focused(form.first)
    QTest.keyClick(form.first, Qt.Key.Key_Tab)
    form.first.setFocus(Qt.FocusReason.MouseFocusReason)
    assert form.first.hasFocus()
    assert not theme().keyboard_focused(form.first)
    assert ring_pixels(form, form.first) == ring_pixels(form, form.second) == 0


def test_a_native_control_draws_no_second_ring(qtbot: QtBot) -> None:
    form = Form()
    box = QCheckBox("Native", form)
    form.layout().addWidget(box)  # type: ignore[union-attr]
    qtbot.addWidget(form)
    form.show()
    form.activateWindow()
    qtbot.waitUntil(form.isActiveWindow)
    before = box.grab().toImage()
    form.field.setFocus(Qt.FocusReason.OtherFocusReason)
    QTest.keyClick(form.field, Qt.Key.Key_Tab)
    assert theme().keyboard_focused(box)
    assert box.grab().toImage() == before


def test_the_ring_survives_the_end_of_its_widget(qtbot: QtBot) -> None:
    form = Form()
    qtbot.addWidget(form)
    form.show()
    form.activateWindow()
    qtbot.waitUntil(form.isActiveWindow)
    form.first.setFocus(Qt.FocusReason.OtherFocusReason)
    QTest.keyClick(form.first, Qt.Key.Key_Tab)
    form.second.setParent(None)
    form.second.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    form.field.setFocus(Qt.FocusReason.TabFocusReason)
    assert form.field.hasFocus()


def test_a_change_of_theme_styles_each_widget_only_twice(plain_theme: Theme, qtbot: QtBot) -> None:
    top = inner = QWidget()
    for _ in range(12):
        column = QVBoxLayout(inner)
        inner = QWidget()
        column.addWidget(inner)
    field = QLineEdit(inner)
    qtbot.addWidget(top)
    top.show()
    styled = 0

    class Counting(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            nonlocal styled
            styled += watched is field and event.type() == QEvent.Type.StyleChange
            return False

    counting = Counting()
    field.installEventFilter(counting)
    plain_theme.apply(scheme="dark")
    assert 1 <= styled <= 2
    assert field.grab().toImage().pixelColor(6, field.height() // 2).name() == DARK["raised"].lower()
