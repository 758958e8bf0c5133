"""Memory at hand, and the refusal of what would need more. No torch."""

from __future__ import annotations

import os
import re
import resource
from contextlib import suppress
from pathlib import Path
from typing import Final

from tasks.base import DataError

VARIABLE: Final = "WORKBENCH_MEMORY_LIMIT"
_FORM = re.compile(r"(\d+(?:\.\d+)?)\s*(?:([kmgt])(i?)b?)?", re.IGNORECASE)
_POWERS = {"k": 1, "m": 2, "g": 3, "t": 4}
_CGROUP = Path("/sys/fs/cgroup")
_UNLIMITED = 1 << 60  # bytes: cgroup version 1 writes a number near 2^63 for none


class MemoryLimitError(DataError):
    """More memory is needed than is at hand. The message is one plain sentence."""


def set_limit() -> int | None:
    """Return the bytes that ``WORKBENCH_MEMORY_LIMIT`` allows; ``None`` where it is not set.

    Raises:
        DataError: it holds neither a number of gigabytes (``64``, ``500MB``) nor ``none``.
    """
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return None
    if text.lower() == "none":
        return _UNLIMITED
    found = _FORM.fullmatch(text)
    if not found:
        raise DataError(f"{VARIABLE}={text[:40]!r} is no amount of memory: give gigabytes (64), or none for no limit.")
    return int(float(found[1]) * (1024 if found[3] else 1000) ** _POWERS[(found[2] or "g").lower()])


def at_hand() -> int:
    """Return the bytes of memory that this process may still take.

    The least of what the machine has available, its control groups leave (version 1 or 2), and ``ulimit -v`` leaves.
    """
    found = [_available(), *_left_by_groups()]
    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    if most != resource.RLIM_INFINITY:
        import psutil

        found.append(most - int(psutil.Process().memory_info().vms))
    return max(0, min(found))


def require(need: int, what: str, cure: str, *, have: int | None = None, where: str = "") -> None:
    """Refuse what needs more memory than is at hand, before it takes any.

    Args:
        need: bytes.
        what: subject of the sentence: ``The network's training``.
        cure: words after the colon: ``lower cell.hidden``.
        have: bytes of another device's memory; none: this machine's, or what the variable allows.
        where: that device, in words.

    Raises:
        MemoryLimitError: it needs more.
    """
    chosen = set_limit()
    lift = f"say what may be used with {VARIABLE} (gigabytes, or none for no limit)"
    if have is not None:  # gigabytes are this machine's
        lift = f"lift this bound with {VARIABLE}=none"
        chosen, have = (chosen, chosen) if chosen == _UNLIMITED else (None, have)
    else:
        have = at_hand() if chosen is None else chosen
    if need > have:
        there = (
            f"{amount(have)} are at hand{f' {where}' if where else ''}"
            if chosen is None
            else f"{VARIABLE} allows {amount(have)}"
        )
        raise MemoryLimitError(f"{what} needs about {amount(need)} of memory, and {there}: {cure}, or {lift}.")


def amount(number: float) -> str:
    """Return a number of bytes in words: ``1.5 GB``, ``300 MB``."""
    for unit, size in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6)):
        if number >= size:
            return f"{number / size:.3g} {unit}" if number < 1000 * size else f"{number / size:,.0f} {unit}"
    return f"{number / 1000:.3g} kB"


def _available() -> int:
    """Return the bytes that the machine has available: as Linux says, else as psutil does, a heavy import."""
    with suppress(OSError, ValueError):
        for line in Path("/proc/meminfo").read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name == "MemAvailable":
                return int(value.removesuffix("kB")) * 1024
    import psutil

    return int(psutil.virtual_memory().available)


def _left_by_groups() -> list[int]:
    """Return the bytes that each of this process's control groups leaves it; none where there is no limit."""
    left: list[int] = []
    with suppress(OSError, ValueError):
        for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers == "":
                names, root = ("memory.max", "memory.current", "inactive_file"), _CGROUP
            elif "memory" in controllers.split(","):
                names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
                root = _CGROUP / "memory"
            else:
                continue
            folder = root / path.strip("/")
            for group in (folder, *folder.parents):
                left += _left(group, *names)
                if group == root:
                    break
    return left


def _left(group: Path, most: str, used: str, reclaimable: str) -> list[int]:
    """Return a control group's limit less what it uses; what the kernel can take back at once is not used."""
    with suppress(OSError, ValueError):
        allowed = int((group / most).read_text())  # "max" is no number
        if allowed < _UNLIMITED:
            taken = int((group / used).read_text())
            for line in (group / "memory.stat").read_text().splitlines():
                name, _, value = line.partition(" ")
                if name == reclaimable:
                    taken -= int(value)
            return [allowed - taken]
    return []
