"""Whether the system asks programs to keep still."""

from __future__ import annotations

import sys
from functools import lru_cache


@lru_cache(maxsize=1)
def system_prefers_reduced_motion() -> bool:
    """The system's wish, read once; False where the system has no such setting.

    Windows: "Show animations" (SPI_GETCLIENTAREAANIMATION). macOS: "Reduce motion".
    Linux: ``gtk-enable-animations`` of GTK 4 and 3 (GNOME, Xfce and others write it), or
    Plasma's animation speed "instant".
    """
    if sys.platform == "win32":
        import ctypes

        get_client_area_animation = 0x1042
        animated = ctypes.c_int(1)
        ctypes.windll.user32.SystemParametersInfoW(get_client_area_animation, 0, ctypes.byref(animated), 0)
        return not animated.value
    if sys.platform == "darwin":
        from PySide6.QtCore import QSettings

        return bool(QSettings("com.apple.universalaccess").value("reduceMotion", False, bool))
    return _linux()


def _linux() -> bool:
    from PySide6.QtCore import QSettings, QStandardPaths

    config = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericConfigLocation)
    ini = QSettings.Format.IniFormat
    for version in ("gtk-4.0", "gtk-3.0"):
        wish = QSettings(f"{config}/{version}/settings.ini", ini).value("Settings/gtk-enable-animations")
        if wish is not None:
            return str(wish).lower() in {"0", "false"}
    speed = QSettings(f"{config}/kdeglobals", ini).value("KDE/AnimationDurationFactor")
    return speed is not None and str(speed) in {"0", "0.0"}
