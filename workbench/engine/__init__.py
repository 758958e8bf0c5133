"""The engine: trains a run, evaluates it, asks it. Knows torch and no terminal."""

from __future__ import annotations

import gc
import importlib


def _import_torch() -> None:
    """Import torch without collecting garbage meanwhile, and leave what is there then out of later collections.

    Torch makes some 250,000 objects that live as long as the process. To look through them at every collection, and
    once more at the end, takes a third of the processor time of a short command.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        importlib.import_module("torch")
    finally:
        gc.freeze()
        if enabled:
            gc.enable()


_import_torch()
