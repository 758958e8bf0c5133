"""A process that trains a run beside its worker, which starts it.

``python -P -m workbench.follower RUN_DIR RANK SIZE PORT [DEVICE]``; it ends when its stdin does, whose other end the
worker alone holds.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback

import workbench.descriptors  # before any file is opened

# isort: split
import workbench.own_packages  # noqa: F401  ends the process where cells or tasks are another's

# isort: split
from pathlib import Path

from workbench.distributed.ending import end_process
from workbench.distributed.place import ConnectionLost, Place
from workbench.runs.launch import ENDING_SIGNALS
from workbench.runs.run import Run

_LAST = 60.0  # seconds


def main() -> int:
    """Follow the worker named on the command line.

    Returns:
        the exit code; 0: it ordered the end, 1: failed, with one sentence on stdout.
    """
    channel = os.dup(1)
    os.dup2(2, 1)  # whatever is printed goes to the run's log
    threading.Thread(target=_end_with_worker, daemon=True).start()
    path, rank, size, port, *device = sys.argv[1:]
    place = Place(int(rank), int(size), int(rank), int(size), int(port))
    code, sentence = follow(Run(Path(path)), place, "".join(device))
    if sentence:
        os.write(channel, sentence.encode())
    sys.stderr.flush()
    return code


def follow(run: Run, place: Place, device: str) -> tuple[int, str]:
    """Train beside rank 0 until it orders the end; it alone answers the signals that end a program.

    Returns:
        the exit code, and the sentence on an error.
    """
    for number in ENDING_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    from workbench.engine.distributed.world import World
    from workbench.engine.errors import explain
    from workbench.engine.following import follow as train
    from workbench.engine.state import TrainingState

    state = TrainingState()
    try:
        train(run, state, device, World(place))
    except ConnectionLost as error:
        if not place.by_torchrun:
            time.sleep(_LAST)  # whoever died is named by the worker, and this process ends with it
        return 1, str(error)
    except (Exception, SystemExit) as error:  # a user's cell or task may end the program as well
        traceback.print_exc()
        return 1, explain(error, run, state)
    return 0, ""


def _end_with_worker() -> None:
    while os.read(0, 1024):
        pass
    os._exit(1)


if __name__ == "__main__":
    end_process(main())
