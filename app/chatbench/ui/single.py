"""One program a profile: a second start hands over what it was asked for, and ends.

The message is data and nothing else: which files to attach, whether the quick chat is wanted. Its
length is bounded, it is read into a type, and only this user's own processes can reach the socket.
"""

from __future__ import annotations

import logging
import os
import socket
import struct
import sys
from functools import partial
from typing import Final, Protocol

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from chatbench.ui.wish import Wish

LARGEST: Final = 256 * 1024
"""Bytes of a message; one that says it is longer is not read."""
MOST_AT_ONCE: Final = 4
CONNECT_MS: Final = 500
ANSWER_MS: Final = 2000
PATIENCE_MS: Final = 3000
"""How long a message may take to arrive."""

_LENGTH: Final = struct.Struct(">I")
_TAKEN: Final = b"taken"
_log = logging.getLogger(__name__)


class Meeting(Protocol):
    """`storage.meeting.Meeting`, handed in."""

    address: str

    @property
    def occupied(self) -> bool: ...
    def claim(self) -> bool: ...
    def close(self) -> None: ...


def hand_over(meeting: Meeting, wish: Wish) -> bool:
    """Gives `wish` to the program that has this profile open; False where none answers.

    Blocks, for two and a half seconds at most where a program has the place and does not answer.
    """
    link = QLocalSocket()
    try:
        link.connectToServer(meeting.address)
        if not link.waitForConnected(CONNECT_MS) or not _is_ours(link):
            return False
        body = msgspec.msgpack.encode(wish)
        link.write(_LENGTH.pack(len(body)) + body)
        while link.bytesToWrite():
            if not link.waitForBytesWritten(ANSWER_MS):
                return False
        answer = b""
        while len(answer) < len(_TAKEN) and (link.bytesAvailable() or link.waitForReadyRead(ANSWER_MS)):
            answer += bytes(link.read(len(_TAKEN)).data())
        return answer == _TAKEN
    finally:
        link.abort()


class Listener(QObject):
    """Hears what later starts ask for: `asked(Wish)`."""

    asked = Signal(object)

    def __init__(self, meeting: Meeting) -> None:
        super().__init__()
        self._meeting = meeting
        self._server: QLocalServer | None = None
        self._links: set[_Link] = set()

    def listen(self) -> bool:
        """Takes the place, with what a program that died has left there; False where another
        program has it, or nobody can listen."""
        if not self._meeting.claim():
            return False
        # The place is ours: a socket that is still there is a dead program's.
        QLocalServer.removeServer(self._meeting.address)
        server = QLocalServer(self)
        server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        server.setMaxPendingConnections(MOST_AT_ONCE)
        server.newConnection.connect(self._take)
        if not server.listen(self._meeting.address):
            _log.warning("later starts cannot be heard: %s", server.errorString())
            self._meeting.close()
            return False
        self._server = server
        return True

    def close(self) -> None:
        """Hears nothing more, and gives the place up."""
        for link in list(self._links):
            link.end()
        if self._server is not None:
            self._server.close()
            self._server = None
        self._meeting.close()

    def _take(self) -> None:
        while self._server is not None and (found := self._server.nextPendingConnection()) is not None:
            if not _is_ours(found) or len(self._links) >= MOST_AT_ONCE:
                found.abort()
                found.deleteLater()
                continue
            link = _Link(found, self)
            self._links.add(link)
            link.heard.connect(self.asked)
            link.ended.connect(partial(self._links.discard, link))
            link.read()


class _Link(QObject):
    """One later start, from its connecting to its answer."""

    heard = Signal(object)
    ended = Signal()

    def __init__(self, found: QLocalSocket, parent: QObject) -> None:
        super().__init__(parent)
        self._socket = found
        found.setParent(self)
        found.setReadBufferSize(LARGEST + _LENGTH.size)
        found.readyRead.connect(self.read)
        found.disconnected.connect(self.end)
        self._patience = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._patience.timeout.connect(self.end)
        self._patience.start()
        self._over = False

    def read(self) -> None:
        """Looks whether the whole message is there."""
        if self._over or self._socket.bytesAvailable() < _LENGTH.size:
            return
        (length,) = _LENGTH.unpack(self._socket.peek(_LENGTH.size).data())
        if length > LARGEST:
            _log.warning("a message of %d bytes from a later start was refused", length)
            self.end()
        elif self._socket.bytesAvailable() >= _LENGTH.size + length:
            self._finish(bytes(self._socket.read(_LENGTH.size + length).data())[_LENGTH.size :])

    def _finish(self, body: bytes) -> None:
        try:
            wish = msgspec.msgpack.decode(body, type=Wish)
        except (msgspec.DecodeError, ValueError):
            _log.warning("a message from a later start could not be read")
            self.end()
            return
        self._socket.write(_TAKEN)
        self._socket.flush()
        self.heard.emit(wish)
        self._socket.disconnectFromServer()
        self.end()

    def end(self) -> None:
        """Lets go of the connection."""
        if not self._over:
            self._over = True
            self._patience.stop()
            self.ended.emit()
            self.deleteLater()


def _is_ours(link: QLocalSocket) -> bool:
    """Whether the process at the other end is this user's, where the system tells. (Elsewhere only
    the folder's and the socket's own permissions keep others out.)"""
    if sys.platform != "linux":
        return True
    with socket.socket(fileno=os.dup(int(link.socketDescriptor()))) as plain:
        found = plain.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _pid, user, _group = struct.unpack("3i", found)
    return bool(user == os.geteuid())
