"""Limits that a process sets itself before it reads what strangers wrote.

Memory, time, no files written, no processes and no threads started: by the system where it can, so that C
code keeps to it as well; connections, and what else only Python can name, are refused as they are tried.
"""

from __future__ import annotations

import math
import os
import sys
from contextlib import suppress
from typing import Any

from chatbench.documents.frames import Limits

OUT_OF_MEMORY = 77
"""The exit code of a process that had to be ended from within because it took too much memory."""

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_REFUSED_FAMILIES = ("socket.", "subprocess.", "shutil.", "tempfile.", "webbrowser.", "winreg.")
_REFUSED = frozenset(
    f"os.{call}"
    for call in (
        *("chflags", "chmod", "chown", "exec", "fork", "forkpty", "kill", "killpg", "link", "mkdir"),
        *("posix_spawn", "putenv", "remove", "rename", "rmdir", "setxattr", "spawn", "startfile"),
        *("startfile/2", "symlink", "system", "truncate", "unsetenv", "utime"),
    )
)


def confine(limits: Limits, *, threads: bool = False) -> None:
    """Holds this process to its limits from now on; there is no way back. `threads`: it may start some."""
    if sys.platform == "win32":
        _join_a_job(limits)
    else:
        _set_resource_limits(limits, threads=threads)
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open":
        flags = arguments[2]
        if isinstance(flags, int) and flags & _WRITES:
            raise PermissionError("A reader of documents writes no files.")
    elif event in _REFUSED or event.startswith(_REFUSED_FAMILIES):
        raise PermissionError(f"A reader of documents may not: {event}.")


if sys.platform != "win32":

    def _set_resource_limits(limits: Limits, *, threads: bool) -> None:
        import resource

        seconds = math.ceil(limits.seconds)
        wanted = [
            (resource.RLIMIT_CORE, 0, 0),
            (resource.RLIMIT_FSIZE, 0, 0),
            (resource.RLIMIT_CPU, seconds, seconds + 1),
        ]
        if sys.platform == "darwin":
            # It does not keep a process to its address space.
            _watch_memory(limits.memory)
        else:
            wanted.append((resource.RLIMIT_AS, limits.memory, limits.memory))
        # Linux counts threads as processes. Python starts no process all the same: see `_refuse`.
        if not threads or sys.platform != "linux":
            wanted.append((resource.RLIMIT_NPROC, 0, 0))
        for kind, soft, hard in wanted:
            # Where the one that started us was held tighter, that stays.
            with suppress(ValueError, OSError):
                resource.setrlimit(kind, (soft, hard))

    def _watch_memory(most: int) -> None:
        import resource
        import threading

        pause = threading.Event()

        def watch() -> None:
            while not pause.wait(0.05):
                if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > most:
                    os._exit(OUT_OF_MEMORY)

        threading.Thread(target=watch, daemon=True).start()

else:
    import ctypes
    from ctypes import wintypes

    class _Basic(ctypes.Structure):
        _fields_ = (
            ("process_time", ctypes.c_int64),
            ("job_time", ctypes.c_int64),
            ("flags", wintypes.DWORD),
            ("least_working_set", ctypes.c_size_t),
            ("most_working_set", ctypes.c_size_t),
            ("processes", wintypes.DWORD),
            ("affinity", ctypes.c_size_t),
            ("priority", wintypes.DWORD),
            ("scheduling", wintypes.DWORD),
        )

    class _Extended(ctypes.Structure):
        _fields_ = (
            ("basic", _Basic),
            ("io", ctypes.c_uint64 * 6),
            ("process_memory", ctypes.c_size_t),
            ("job_memory", ctypes.c_size_t),
            ("peak_process_memory", ctypes.c_size_t),
            ("peak_job_memory", ctypes.c_size_t),
        )

    def _join_a_job(limits: Limits) -> None:
        of_process_time, of_processes, of_memory = 0x2, 0x8, 0x100
        told = _Extended()
        told.basic.flags = of_process_time | of_processes | of_memory
        told.basic.process_time = math.ceil(limits.seconds * 10_000_000)  # in units of 100 ns
        told.basic.processes = 1
        told.process_memory = limits.memory
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.CreateJobObjectW.restype = wintypes.HANDLE
        kernel.GetCurrentProcess.restype = wintypes.HANDLE
        kernel.SetInformationJobObject.argtypes = (
            wintypes.HANDLE,
            ctypes.c_int,
            ctypes.c_void_p,
            wintypes.DWORD,
        )
        kernel.AssignProcessToJobObject.argtypes = (wintypes.HANDLE, wintypes.HANDLE)
        job = kernel.CreateJobObjectW(None, None)
        extended_limits = 9
        # Where it is refused, the parent's limits of time and of answers are left.
        if job and kernel.SetInformationJobObject(
            job, extended_limits, ctypes.byref(told), ctypes.sizeof(told)
        ):
            kernel.AssignProcessToJobObject(job, kernel.GetCurrentProcess())
