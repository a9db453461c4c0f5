"""`python -m tests.loopback`: the loopback provider by itself, until it is interrupted."""

from __future__ import annotations

import argparse
import signal
import threading

from tests.loopback.server import WORDS, LoopbackServer


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.loopback", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 chooses a free one")
    parser.add_argument("--pace", type=float, default=0.0, help="tokens a second; 0 is as fast as can be")
    parser.add_argument("--words", type=int, default=27, help="how many words an answer has")
    chosen = parser.parse_args()
    ended = threading.Event()
    signal.signal(signal.SIGINT, lambda *_: ended.set())
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    with LoopbackServer(port=chosen.port) as server:
        words = WORDS.split()
        server.words = [f"{words[at % len(words)]} " for at in range(chosen.words)]
        server.pace = chosen.pace
        wires = ("openai_chat", "openai_responses", "anthropic", "gemini", "mistral", "cohere", "ollama")
        # In one write: whoever reads only the first line and leaves breaks no pipe.
        print("\n".join(f"{wire:17} {server.base_url(wire)}" for wire in wires), flush=True)
        ended.wait()


if __name__ == "__main__":
    main()
