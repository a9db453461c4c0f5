"""The rows there are: what each one is called, promises, and is measured by."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field

X = "x"
MS = "ms"
MIB = "MiB"
PERCENT = "%"
VERDICTS = "verdicts"


@dataclass(frozen=True)
class Measured:
    """A row's number, with the other numbers that were promised beside it: by name, the value and
    the largest that is acceptable. `notes` are shown, and promise nothing."""

    value: float
    besides: dict[str, tuple[float, float]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """One number and its promise: the largest value that is acceptable, or the smallest where
    `at_least`.

    `module` is a module of this package, in which a function has the row's name; it takes nothing
    and returns the number. `peers`: it runs other programs.
    """

    name: str
    promise: float
    unit: str
    module: str
    at_least: bool = False
    peers: bool = False

    def measure(self) -> Measured:
        """To be called once, in a process that has done nothing else."""
        function: Callable[[], float | Measured] = getattr(
            importlib.import_module(f"tests.benchmarks.{self.module}"), self.name
        )
        found = function()
        return found if isinstance(found, Measured) else Measured(found)

    def holds(self, measured: Measured) -> bool:
        """Whether everything that was promised is so."""
        kept = measured.value >= self.promise if self.at_least else measured.value <= self.promise
        return kept and all(value <= most for value, most in measured.besides.values())


ROWS = (
    Row("first_paint_vs_empty", 2, X, "starting"),
    Row("open_10000_vs_1000", 2, X, "opening"),
    Row("flush_last_vs_first_tenth", 1.3, X, "streaming"),
    Row("stream_vs_append", 8, X, "streaming"),
    Row("stall_four_streams_ms", 16, MS, "streaming"),
    Row("stall_huge_block_ms", 50, MS, "streaming"),
    Row("stall_eight_lanes_ms", 16, MS, "lanes"),
    Row("stall_eight_lanes_huge_block_ms", 50, MS, "lanes"),
    Row("open_1000_turns_eight_lanes_vs_100", 2, X, "lanes"),
    Row("stall_first_send_ms", 50, MS, "sending"),
    Row("paste_5mb_stall_ms", 100, MS, "pasting"),
    Row("idle_cpu_percent", 0.1, PERCENT, "idling"),
    Row("rss_10000_messages_mib", 150, MIB, "memory"),
    Row("rss_first_answer_mib", 230, MIB, "memory"),
    Row("rss_eight_lanes_mib", 300, MIB, "lanes"),
    Row("delta_vs_floor", 3, X, "calls"),
    Row("first_delta_vs_floor", 5, X, "calls"),
    Row("import_ms", 30, MS, "importing"),
    Row("diff_5000_words_vs_difflib", 1, X, "comparing"),
    Row("pdf_text_vs_library", 1.25, X, "reading"),
    Row("photo_12mp_vs_library", 1.2, X, "reading"),
    Row("stall_pdf_300_pages_ms", 16, MS, "viewing"),
    Row("open_500_images_vs_none", 1.3, X, "viewing"),
    Row("drop_200_images_rss_mib", 300, MIB, "dropping"),
    Row("dataset_scroll_frame_ms", 16, MS, "scrolling"),
    Row("run_grid_frame_ms", 16, MS, "watching"),
    Row("run_stall_ms", 16, MS, "watching"),
    Row("open_run_100000_vs_1000", 3, X, "watching"),
    Row("run_statistics_vs_numpy", 3, X, "summing"),
    Row("sink_100000_vs_1000", 1.2, X, "sinking"),
    Row("run_cells_vs_process_prompts", 0.7, X, "running", at_least=True),
    Row("run_rss_mib", 300, MIB, "running"),
    Row("calls_500_in_flight_vs_lm_deluge", 1.05, X, "beside", at_least=True, peers=True),
    Row("calls_500_in_flight_vs_aiohttp", 0.97, X, "beside", at_least=True, peers=True),
    Row("instant_50_vs_lm_deluge", 1, X, "beside", at_least=True, peers=True),
    Row("instant_200_vs_lm_deluge", 1, X, "beside", at_least=True, peers=True),
    Row("instant_500_vs_lm_deluge", 1, X, "beside", at_least=True, peers=True),
    Row("stream_cpu_vs_lm_deluge", 0.35, X, "beside", peers=True),
    Row("stream_cpu_vs_anthropic", 0.25, X, "beside", peers=True),
    Row("first_delta_vs_lm_deluge", 1, X, "beside", peers=True),
    Row("first_call_ready_vs_lm_deluge_import", 0.5, X, "importing", peers=True),
    Row("suite_vs_promptfoo_cells_per_s", 3, X, "suite", at_least=True, peers=True),
    Row("suite_vs_promptfoo_memory", 0.5, X, "suite", peers=True),
    Row("suite_vs_promptfoo_verdicts", 0, VERDICTS, "suite", peers=True),
    Row("open_vs_web", 0.33, X, "web", peers=True),
    Row("memory_vs_web", 0.33, X, "web", peers=True),
    Row("stream_cpu_vs_web", 1, X, "web", peers=True),
    Row("stall_vs_web", 1, X, "web", peers=True),
)
