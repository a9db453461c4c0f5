"""Why there is no picture of the screen."""

from __future__ import annotations


class ScreenshotRefused(Exception):
    """`words` say why, in a sentence for people."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words
