"""The theme in force: resolves roles to Qt values and applies itself to the application."""

from __future__ import annotations

import sys
from typing import Literal, cast

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPalette
from PySide6.QtWidgets import QApplication, QToolTip, QWidget

from chatbench.ui.theme import tokens
from chatbench.ui.theme.focus import KeyboardFocus
from chatbench.ui.theme.fonts import make_font
from chatbench.ui.theme.motion import system_prefers_reduced_motion
from chatbench.ui.theme.stylesheet import build_stylesheet
from chatbench.ui.theme.tokens import ColorRole, ControlRole, CornerRole, FontRole, MotionRole

SchemePreference = Literal["system", "light", "dark"]
MotionPreference = Literal["system", "full", "reduced"]

_FOREGROUNDS: dict[QPalette.ColorRole, ColorRole] = {
    QPalette.ColorRole.WindowText: "text",
    QPalette.ColorRole.Text: "text",
    QPalette.ColorRole.ButtonText: "text",
    QPalette.ColorRole.BrightText: "danger",
    QPalette.ColorRole.HighlightedText: "text",
    QPalette.ColorRole.ToolTipText: "tooltiptext",
    QPalette.ColorRole.PlaceholderText: "text3",
    QPalette.ColorRole.Link: "accenttext",
    QPalette.ColorRole.LinkVisited: "accenttext",
}
_GROUNDS: dict[QPalette.ColorRole, ColorRole] = {
    QPalette.ColorRole.Window: "chrome",
    QPalette.ColorRole.Base: "page",
    QPalette.ColorRole.AlternateBase: "sunken",
    QPalette.ColorRole.Button: "raised",
    QPalette.ColorRole.Light: "raised",
    QPalette.ColorRole.Midlight: "hover",
    QPalette.ColorRole.Mid: "btnline",
    QPalette.ColorRole.Dark: "linectl",
    QPalette.ColorRole.Shadow: "pressed",
    QPalette.ColorRole.Highlight: "selbg",
    QPalette.ColorRole.Accent: "accent",
    QPalette.ColorRole.ToolTipBase: "tooltip",
}


class Theme(QObject):
    """Colours, fonts, sizes and durations for the scheme and text size in force.

    Returned ``QColor`` and ``QFont`` objects are shared: copy before changing one.
    """

    changed = Signal()

    def __init__(self, app: QApplication, *, is_fusion: bool = False) -> None:
        super().__init__(app)
        self._app = app
        self._scheme: SchemePreference = "system"
        self._motion: MotionPreference = "system"
        self._text_factor = 1.0
        self._touch = False
        self._dark = False
        self._scale = 1.0
        self._colors: dict[ColorRole, QColor] = {}
        self._fonts: dict[tuple[FontRole, int | None], QFont] = {}
        self._metrics: dict[tuple[FontRole, int | None], QFontMetrics] = {}
        if not is_fusion:
            app.setStyle("Fusion")
        self._focus = KeyboardFocus(app, self)
        self._resolve()
        self._paint_application()
        app.styleHints().colorSchemeChanged.connect(self._system_scheme_changed)

    @property
    def dark(self) -> bool:
        """Whether the dark colours are in force."""
        return self._dark

    @property
    def text_factor(self) -> float:
        """The reader's text size: 1.0 to 2.0."""
        return self._text_factor

    @property
    def touch(self) -> bool:
        """Whether controls are at least 36 px high."""
        return self._touch

    @property
    def reduced_motion(self) -> bool:
        """Whether nothing may move: the reader's setting, else the system's wish."""
        if self._motion == "system":
            return system_prefers_reduced_motion()
        return self._motion == "reduced"

    def color(self, role: ColorRole) -> QColor:
        """The colour of a role; shared, do not modify."""
        found = self._colors.get(role)
        if found is None:
            found = self._colors[role] = QColor(self.hex(role))
        return found

    def hex(self, role: ColorRole) -> str:
        """The colour of a role as ``#RRGGBB`` (``#AARRGGBB`` for ``scrim``), for rich text."""
        return (tokens.DARK if self._dark else tokens.LIGHT)[role]

    def font(self, role: FontRole, weight: int | None = None) -> QFont:
        """The font of a role; ``weight`` (400, 500, 600) replaces the role's own."""
        key = (role, weight)
        found = self._fonts.get(key)
        if found is None:
            found = self._fonts[key] = make_font(role, self._text_factor, weight)
        return found

    def metrics(self, role: FontRole, weight: int | None = None) -> QFontMetrics:
        """Metrics of ``font(role, weight)``."""
        key = (role, weight)
        found = self._metrics.get(key)
        if found is None:
            found = self._metrics[key] = QFontMetrics(self.font(role, weight))
        return found

    def line(self, role: FontRole) -> int:
        """Line height of a role in logical pixels, at the reader's text size."""
        return round(tokens.FONTS[role].line * self._scale)

    def control(self, role: ControlRole) -> int:
        """Height of a control: its given height, grown by what its line of text grew."""
        token = tokens.CONTROLS[role]
        grown = token.height + self.line(token.font) - tokens.FONTS[token.font].line
        height = max(token.height, grown)
        return max(height, tokens.TOUCH_HEIGHT) if self._touch and token.touch else height

    def scaled(self, pixels: float) -> int:
        """A length that grows with the text: paddings inside controls, text columns, widths."""
        return round(pixels * self._scale)

    def icon_size(self, pixels: int) -> int:
        """Edge of an icon: grows with its text, up to one and a half times."""
        return round(pixels * max(1.0, min(self._scale, tokens.ICON_GROWTH_LIMIT)))

    def breakpoint(self, pixels: int) -> int:
        """A breakpoint in real pixels: compare a width with this."""
        return round(pixels * self._scale)

    def corner(self, role: CornerRole) -> int:
        """A corner's radius."""
        return tokens.CORNERS[role]

    def duration(self, role: MotionRole) -> int:
        """Milliseconds of a movement; 0 when motion is reduced."""
        return 0 if self.reduced_motion else tokens.MOTION[role]

    def keyboard_focused(self, widget: QWidget) -> bool:
        """Whether ``widget`` has the focus because of the keyboard: then it shows a ring."""
        return self._focus.holds(widget)

    def show_keyboard_focus(self, widget: QWidget) -> None:
        """Shows the ring around ``widget``, which has the focus: a key has moved it there that Qt does
        not know as one that does."""
        self._focus.show_at(widget)

    def apply(
        self,
        *,
        scheme: SchemePreference | None = None,
        text_factor: float | None = None,
        touch: bool | None = None,
        motion: MotionPreference | None = None,
    ) -> None:
        """Put the reader's preferences in force; what is None stays. Emits ``changed`` where one differs:
        every widget is styled anew then, which takes a second where there are many."""
        before = self._preferred()
        if scheme is not None and scheme != self._scheme:
            self._scheme = scheme
            self._tell_system()
        if text_factor is not None:
            self._text_factor = min(2.0, max(0.8, text_factor))
        if touch is not None:
            self._touch = touch
        if motion is not None:
            self._motion = motion
        if self._preferred() != before:
            self._refresh()

    def _preferred(self) -> tuple[SchemePreference, float, bool, MotionPreference]:
        return self._scheme, self._text_factor, self._touch, self._motion

    def _tell_system(self) -> None:
        """Window frames drawn by the system follow the same scheme."""
        hints = self._app.styleHints()
        schemes = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}
        if self._scheme == "system":
            hints.unsetColorScheme()
        else:
            hints.setColorScheme(schemes[self._scheme])

    def _system_scheme_changed(self) -> None:
        if self._scheme == "system" and self._system_is_dark() != self._dark:
            self._refresh()

    def _system_is_dark(self) -> bool:
        return self._app.styleHints().colorScheme() == Qt.ColorScheme.Dark

    def _refresh(self) -> None:
        self._resolve()
        self._paint_application()
        self.changed.emit()

    def _resolve(self) -> None:
        self._dark = self._scheme == "dark" or (self._scheme == "system" and self._system_is_dark())
        screen = self._app.primaryScreen()
        points_are_pixels = sys.platform == "darwin" or screen is None
        dots = 96.0 if points_are_pixels else screen.logicalDotsPerInch()
        self._scale = self._text_factor * dots / 96.0
        self._colors.clear()
        self._fonts.clear()
        self._metrics.clear()

    def _paint_application(self) -> None:
        self._app.setFont(self.font("ui"))
        palette = self._palette()
        self._app.setPalette(palette)
        QToolTip.setPalette(palette)
        QToolTip.setFont(self.font("small"))
        # Where one replaces another, Qt styles each widget anew once for each widget it stands in; where
        # one goes and one comes, twice.
        self._app.setStyleSheet("")
        self._app.setStyleSheet(build_stylesheet(self))

    def _palette(self) -> QPalette:
        palette = QPalette()
        for qt_role, role in (*_FOREGROUNDS.items(), *_GROUNDS.items()):
            palette.setColor(qt_role, self.color(role))
        off = QPalette.ColorGroup.Disabled
        for qt_role in (
            QPalette.ColorRole.WindowText,
            QPalette.ColorRole.Text,
            QPalette.ColorRole.ButtonText,
            QPalette.ColorRole.PlaceholderText,
        ):
            palette.setColor(off, qt_role, self.color("disabled"))
        return palette


_installed: Theme | None = None


def install(app: QApplication) -> Theme:
    """Make the theme for ``app`` (once) and put it in force; returns the one there is."""
    global _installed
    if _installed is None or _installed.parent() is not app:
        _installed = Theme(app)
    return _installed


def make_application(program: str, kind: type[QApplication] = QApplication) -> QApplication:
    """Make the one application, in Fusion from its first moment, and install the theme.

    ``setStyle`` afterwards would do the same, but PySide then makes the Python side of every
    style there is (6 ms before the first paint).
    """
    global _installed
    app = kind([program, "-style", "Fusion"])
    _installed = Theme(app, is_fusion=True)
    return app


def theme() -> Theme:
    """The application's theme; installs it on first use.

    Raises RuntimeError before there is a QApplication.
    """
    if _installed is not None:
        return _installed
    app = QApplication.instance()
    if app is None:
        raise RuntimeError("the theme needs a QApplication")
    return install(cast(QApplication, app))
