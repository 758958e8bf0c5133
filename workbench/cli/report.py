"""Command ``report``: a document on runs, a study or a lab."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import msgspec
import typer

from workbench.cli import completion
from workbench.cli.options import Json, Runs, find
from workbench.config.fields import as_typed
from workbench.config.spec import SpecError
from workbench.config.suggestions import did_you_mean
from workbench.render.streams import narrate, print_json
from workbench.runs import store as runs_store
from workbench.runs.folder import RunError, holds
from workbench.runs.locations import LATEST, root
from workbench.runs.run import Run

if TYPE_CHECKING:
    from workbench.report.content import Passage, Subject, Unwritten
    from workbench.report.words import Language
    from workbench.studies.study import Study

_WRITING_SECONDS = 600  # of all texts of one network
_FILES = {".html": "html", ".htm": "html", ".docx": "docx"}  # formats of one file
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="PATH", help="The HTML or Word file; the folder of the other formats."),
]
Form = Annotated[
    str,
    typer.Option(
        "--format", metavar="FORM", help="html, docx (Word), markdown or latex; without it as PATH ends, else html."
    ),
]
Lang = Annotated[str, typer.Option("--lang", metavar="LANG", help="Language: en or zh.")]
Width = Annotated[float, typer.Option("--width", metavar="CM", help="Width of the pictures: 15 for a Word column.")]


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: workbench report last -o report.html")(report)


def report(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN…|STUDY|LAB", help="Runs, or a study, or a lab.", autocompletion=completion.reported
        ),
    ],
    output: Output = None,
    form: Form = "",
    lang: Lang = "en",
    quick: Annotated[bool, typer.Option("--quick", help="Of a lab, its quick form.")] = False,
    runs_folder: Runs = None,
    width: Width = 15,
    json: Json = False,
) -> None:
    """Write a report: network, curves, heat map, tables, published figures, commands to do it again."""
    from workbench.report import content, pictures, writing
    from workbench.report.document import Format
    from workbench.report.words import LANGUAGES

    form = form or _ending(output)
    for given, options, flag in ((form, get_args(Format), "--format"), (lang, LANGUAGES, "--lang")):
        if given not in options:
            raise SpecError(f"{flag} {given}{did_you_mean(given, options)}")
    pictures.check_width(width)
    _check_ending(output, form)
    subject, name = _subject(names, root(runs_folder), lang, quick=quick)  # type: ignore[arg-type]
    path = output or _free(name, f".{form}" if form in writing.SINGLE_FILES else "")
    if form in writing.SINGLE_FILES and path.is_dir():
        path = path / writing.NAMES[form]
    with writing.scratch() as folder:
        document = content.build(subject, form, lang, Path(folder), width)  # type: ignore[arg-type]
        written = writing.write(document, form, path)  # type: ignore[arg-type]
    for remark in document.remarks:
        narrate(remark)
    print_json({"report": str(written.absolute())}) if json else print(written)


def _ending(output: Path | None) -> str:
    """Return the format of a file that is named so; html where its name does not tell."""
    return _FILES.get(output.suffix.lower(), "html") if output and not output.is_dir() else "html"


def _check_ending(output: Path | None, form: str) -> None:
    """Check that a file's name does not promise another format.

    Raises:
        SpecError: it does.
    """
    ending = output.suffix.lower() if output and not output.is_dir() else ""
    if ending in (".pdf", ".doc", ".odt"):
        raise SpecError(
            f"-o {output}: a report is no {ending[1:]}; print the HTML one from a browser, or give -o NAME.docx."
        )
    if ending in (".md", ".tex") and form in _FILES.values():
        folder = "markdown" if ending == ".md" else "latex"
        raise SpecError(f"-o {output}: that is a folder with pictures: give --format {folder}, and -o its folder.")
    if form in _FILES.values() and _FILES.get(ending, form) != form:
        raise SpecError(f"-o {output} is no name of a file with --format {form}: choose one of them.")


def _subject(names: Sequence[str], folder: Path, language: Language, *, quick: bool) -> tuple[Subject, str]:
    """Return what a report is on: a study or a lab of that name, else the runs; and a name for its file.

    Raises:
        NoSuchRun, StudyError: there is none.
    """
    from workbench.report.content import Subject

    study = _study(names[0], folder, quick=quick) if len(names) == 1 else None
    if study is None:
        if quick:
            raise SpecError("--quick is of a lab: `workbench lab list` names them.")
        runs = list({run.path: run for run in (find(name, folder) for name in names)}.values())
        return Subject(runs), "-".join(
            [runs[0].id.replace("/", "-"), *([f"and-{len(runs) - 1}-more"] if runs[1:] else [])]
        )
    runs = [member.run for member in study.members() if member.summary]
    if not runs:
        raise RunError(f"Study {study.id} has no run yet: `workbench study run {study.id}` trains them.")
    return Subject(runs, study, _passages(study, language)), study.id


def _study(name: str, folder: Path, *, quick: bool) -> Study | None:
    """Return the study of that name, or of the lab; ``None`` where a run has the name, or nothing has."""
    from workbench.studies import labs, store
    from workbench.studies.study import NoSuchStudy

    known = {one.id: one for one in store.listing(folder)}
    if name in known and not quick:
        return known[name]
    if holds(folder / name) or name == LATEST:
        return None
    lab = None
    try:
        lab = labs.find(name)
    except NoSuchStudy:
        if quick:
            raise
    for wanted in dict.fromkeys((quick, True)):
        if lab is not None and (one := known.get(lab.study(quick=wanted))):
            return one
    if lab is None or not (quick or name in (lab.name, str(lab.path))):  # the beginning of one that was not trained
        return store.find(name, folder) if _begins_studies_alone(name, folder, [*known]) else None
    form = " --quick" * quick
    raise RunError(f"Nothing of the lab {lab.name} was trained yet: `workbench lab run {lab.name}{form}` does it.")


def _begins_studies_alone(name: str, folder: Path, studies: Sequence[str]) -> bool:
    """Return whether studies begin with a name, and no runs but theirs."""
    begun = [study for study in studies if name and study.startswith(name)]
    runs = [run.id for run in runs_store.listing(folder) if run.id.startswith(name)]
    return bool(begun) and all(any(run.startswith(f"{study}-") for study in begun) for run in runs)


def _free(name: str, suffix: str) -> Path:
    """Return a new path in the working folder; an existing one is never named."""
    for number in range(1, 10_000):
        path = Path(f"{name}-report{f'-{number}' * (number > 1)}{suffix}")
        if not path.exists():
            return path
    raise RunError(f"There are too many reports of {name} here: name another with -o.")


def _passages(study: Study, language: Language) -> list[Passage | Unwritten]:
    """Let the study's finished networks write from the beginnings that its plan names."""
    from workbench.report.content import Passage, Unwritten
    from workbench.report.translation import members_in
    from workbench.studies import table

    beginnings = study.content.plan.beginnings
    written: list[Passage | Unwritten] = []
    if not beginnings:
        return written
    for setting in table.settings(members_in(study.members(), study.content.plan, language)):
        done = [member for member in setting.members if member.state == "finished"]
        if not done:
            continue
        narrate(f"{done[0].run.id} writes from {' '.join(beginnings)}.")
        try:
            written += [Passage(setting.label, *text) for text in _written(done[0].run, beginnings)]
        except RunError as error:  # the report has all else
            written.append(Unwritten(setting.label, str(error)))
    return written


def _written(run: Run, beginnings: Sequence[str]) -> list[tuple[str, str]]:
    """Return a text from each beginning, which a run's network writes in a process of its own, and the rules' checks.

    Raises:
        RunError: it writes nothing; one sentence says why.
    """
    command = [sys.executable, "-P", "-m", "workbench.cli", "poem", str(run.path), "--seed", "0", "--json"]
    lines = "".join(f"{beginning}\n" for beginning in beginnings).encode()
    try:
        done = subprocess.run(command, input=lines, capture_output=True, timeout=_WRITING_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise RunError(f"It took more than {_WRITING_SECONDS:,} seconds.") from None
    except OSError as error:
        raise RunError(f"It cannot be started: {error.strerror}.") from None
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().splitlines()
        raise RunError(reason[-1].removeprefix("workbench: ") if reason else f"{run.id} ended without a word.")
    return [(told["text"], _checks(told["checks"])) for told in map(msgspec.json.decode, done.stdout.splitlines())]


def _checks(checks: dict[str, object]) -> str:
    """Return what the rules say of a text, as words."""
    told = {name.replace("_", " "): value for name, value in checks.items() if isinstance(value, bool | str)}
    return ", ".join(f"{name} {as_typed(value)}" for name, value in told.items() if value != "")
