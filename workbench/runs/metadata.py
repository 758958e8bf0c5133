"""Metadata of a run that people and studies give it: name, note, tags, study; kept in ``metadata.json``. No torch."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated

import msgspec
from msgspec import Meta

from tasks.shared import files
from tasks.shared.decoding import decode
from workbench.render.text import printable, readable, stripped
from workbench.runs import folder
from workbench.runs.folder import RunError
from workbench.runs.locations import LATEST
from workbench.runs.run import Run

_LARGEST = 1 << 20  # bytes
LONGEST_NAME, LONGEST_NOTE, LONGEST_TAG, MOST_TAGS = 200, 20_000, 60, 50
_Tag = Annotated[str, Meta(pattern=r"^[^\s,]+\Z", max_length=LONGEST_TAG)]


class MetadataError(RunError):
    """Words that no run can be given. The message is one plain sentence."""


class RunMetadata(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Words by which people tell runs apart: they change no figure, and may be changed at any time."""

    name: Annotated[str, Meta(max_length=LONGEST_NAME)] = ""
    note: Annotated[str, Meta(max_length=LONGEST_NOTE)] = ""
    tags: tuple[_Tag, ...] = ()
    study: Annotated[str, Meta(max_length=200)] = ""  # id of the study that the run is of

    @property
    def label(self) -> str:
        """Words that tell the run apart: ``STUDY: NAME``, its name, or none."""
        return f"{self.study}: {self.name}" if self.study and self.name else self.name


def read(run: Run) -> RunMetadata:
    """Return a run's metadata; empty where it has none, or they are damaged.

    Raises:
        RunError: the file is a link, or no regular file.
    """
    try:
        return decode(folder.read(run.metadata_file, _LARGEST), RunMetadata)
    except (OSError, msgspec.MsgspecError):
        return RunMetadata()


def write(run: Run, metadata: RunMetadata) -> None:
    """Replace a run's metadata.

    Raises:
        MetadataError: as ``check``.
        RunError: the run came with the program, or they cannot be written; one sentence says why.
    """
    check(metadata)
    run.refuse_shipped()
    try:
        files.write(run.metadata_file, encode(metadata))
    except OSError as error:
        raise RunError(f"{run.metadata_file} cannot be written: {error.strerror}.") from None


def encode(metadata: RunMetadata) -> bytes:
    """Return the content of ``metadata.json``."""
    return msgspec.json.format(msgspec.json.encode(metadata), indent=2) + b"\n"


def edited(
    metadata: RunMetadata,
    *,
    name: str | None = None,
    note: str | None = None,
    add: Collection[str] = (),
    remove: Collection[str] = (),
) -> RunMetadata:
    """Return metadata with words that were entered; what is ``None`` stays as it is.

    Args:
        add: tags to be added after those that it has, each once.
        remove: tags to be taken away.

    Raises:
        MetadataError: as ``check``.
    """
    for kind, text in (("name", name), ("note", note), *(("tag", tag) for tag in add)):
        if text is not None and readable(text) != text:
            raise MetadataError(f"The {kind} {printable(text, 60)} is not UTF-8: enter it anew.")
    tags = [tag for tag in metadata.tags if tag not in remove]
    changed = msgspec.structs.replace(
        metadata,
        name=metadata.name if name is None else stripped(name),
        note=metadata.note if note is None else note.strip(),
        tags=tuple(dict.fromkeys([*tags, *map(stripped, add)])),
    )
    check(changed)
    return changed


def check(metadata: RunMetadata) -> None:
    """Check words that a run is to be given.

    Raises:
        MetadataError: one of them is too long, or is no name or no tag.
    """
    for kind, text, most in (("name", metadata.name, LONGEST_NAME), ("note", metadata.note, LONGEST_NOTE)):
        if len(text) > most:
            raise MetadataError(f"The {kind} has {len(text):,} characters: a run's {kind} has {most:,} at most.")
    if printable(metadata.name) != metadata.name:
        raise MetadataError("The name holds a line break or another control character: a run's name is one line.")
    if metadata.name == LATEST:
        raise MetadataError(f"The name {LATEST} is always that of the newest run: choose another.")
    for tag in metadata.tags:
        shown = repr(printable(tag, LONGEST_TAG))
        if not tag or "," in tag or len(tag.split()) != 1 or printable(tag) != tag:
            raise MetadataError(f"The tag {shown} is no single word: a tag has no blanks, commas or line breaks.")
        if len(tag) > LONGEST_TAG:
            raise MetadataError(f"The tag {shown} has {len(tag):,} characters: a tag has {LONGEST_TAG} at most.")
    if len(metadata.tags) > MOST_TAGS:
        raise MetadataError(f"These are {len(metadata.tags):,} tags: a run has {MOST_TAGS} at most.")


def facts(metadata: RunMetadata) -> dict[str, object]:
    """Return metadata as plain data, those that are empty too."""
    return {"name": metadata.name, "study": metadata.study, "tags": list(metadata.tags), "note": metadata.note}
