"""A check, made when this module is imported: ``cells`` and ``tasks`` are Workbench's own packages.

Both names are common, and a folder on PYTHONPATH may hold packages or modules of the same name. Import this module
before anything that imports them: it ends the process with one plain sentence where they are another's.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent


def foreign() -> str:
    """Return the sentence on a package that hides Workbench's; empty: there is none."""
    for name in ("cells", "tasks"):
        spec = importlib.util.find_spec(name)
        places = [spec.origin] if spec and spec.origin else [*(spec.submodule_search_locations or [])] if spec else []
        if not places:
            return f"Workbench's package {name} is missing beside {_ROOT / 'workbench'}: install Workbench anew."
        package = Path(places[0])
        package = package.parent if package.name == "__init__.py" else package
        if package.resolve().parent != _ROOT:
            return (
                f"{package} hides Workbench's own package {name!r}: take {package.parent} out of PYTHONPATH, "
                "or rename it there."
            )
    return ""


if sentence := foreign():
    print(f"workbench: {sentence}", file=sys.stderr)
    sys.exit(1)
