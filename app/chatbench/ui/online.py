"""Whether this computer has a network, as far as the system says. Never a timer, never a request."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtNetwork import QNetworkInformation

from chatbench.ui.window import StatusBar

_REACHABLE = (
    QNetworkInformation.Reachability.Online,
    QNetworkInformation.Reachability.Site,
)


class Online(QObject):
    """Keeps the status bar's word true. Where the system tells nothing, nothing is shown."""

    def __init__(self, status: StatusBar) -> None:
        super().__init__(status)
        self._status = status
        if not QNetworkInformation.loadBackendByFeatures(QNetworkInformation.Feature.Reachability):
            return
        information = QNetworkInformation.instance()
        information.reachabilityChanged.connect(self._show)
        self._show(information.reachability())

    def _show(self, reachability: QNetworkInformation.Reachability) -> None:
        if reachability != QNetworkInformation.Reachability.Unknown:
            self._status.set_online(reachability in _REACHABLE)
