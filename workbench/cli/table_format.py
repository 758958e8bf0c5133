"""Option ``--format`` of the commands that print a table."""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.config.spec import SpecError
from workbench.config.suggestions import did_you_mean

TABLE = "table"
JSON = "json"
TableFormat = Annotated[str, typer.Option("--format", metavar="FORM", help="table, markdown, latex, csv or json.")]


def checked_format(form: str, *, json: bool) -> str:
    """Return the format asked for; ``--json`` is ``--format json``.

    Raises:
        SpecError: there is no such format.
    """
    from workbench.report import tables

    forms = (TABLE, *tables.FORMATS, JSON)
    if form not in forms:
        raise SpecError(f"--format {form}{did_you_mean(form, forms)}")
    return JSON if json else form
