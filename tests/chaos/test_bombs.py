"""Small files that become huge: archives, names, networks. One sentence within bounds of memory, or it works."""

from __future__ import annotations

import gzip
import io
import os
import resource
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from chaos.programs import Program, Told, one_sentence, plain
from chaos.tally import Tally, amount, whole

from tasks.shared.datasets import locations
from workbench.runs.run import Run

GB = 1 << 30
MB = 1 << 20
MOST = 4 * GB  # address space that a process may take beyond what it has: a bomb that is let off ends it, no other
BOUND = 2 * GB  # resident bytes at the peak that a command on a small file may need; torch and the libraries take 0.5
SIZE = (1 if not amount(0, 1) else 3) * GB  # what a bomb becomes


def bounded() -> None:
    """The command line, with bounds on memory, that writes its peak and its worker's into CHAOS_PEAK."""
    from workbench import worker
    from workbench.cli import main

    train = worker.main

    def bound() -> None:
        here = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (here + MOST, resource.RLIM_INFINITY))

    def tell() -> None:
        with Path(os.environ["CHAOS_PEAK"]).open("a") as file:
            used = resource.getrusage(resource.RUSAGE_SELF)
            file.write(f"{used.ru_maxrss * 1024} {used.ru_utime + used.ru_stime}\n")

    def bounded_worker() -> int:
        bound()
        try:
            return train()
        finally:
            tell()

    worker.main = bounded_worker
    bound()
    try:
        main()
    finally:
        tell()


def zeros(write: Callable[[bytes], object], size: int = SIZE, block: bytes = b"a" * MB) -> None:
    for _ in range(size // len(block)):
        write(block)


def zip_bomb(path: Path, name: str) -> None:
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open(name, "w", force_zip64=True) as file,
    ):
        zeros(file.write)


def gzip_bomb(path: Path, name: str) -> None:
    with gzip.open(path, "wb", compresslevel=1) as file:
        zeros(file.write)


def tar_bomb(path: Path, name: str) -> None:
    class Zeros(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            return b"a" * max(0, size)

    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        member = tarfile.TarInfo(name)
        member.size = SIZE
        archive.addfile(member, Zeros())


def tell_bounds(
    program: Program, tmp_path: Path, *words: object, input: bytes = b"", **env: str
) -> tuple[Told, int, float]:
    """Run a command within bounds; what it told, the peak of memory of it and its worker, seconds of computing."""
    peaks = tmp_path / f"peak-{len(list(tmp_path.iterdir()))}"
    told = program.call(*words, function=f"{__name__}:bounded", limit=240, input=input, CHAOS_PEAK=str(peaks), **env)
    used = [line.split() for line in peaks.read_text().splitlines()]
    return told, max(int(peak) for peak, _ in used), max(float(seconds) for _, seconds in used)


def survived(told: Told, peak: int, _: float) -> None:
    plain(told, 0, 1, 2)
    if told.code:
        one_sentence(told)
        assert "batch" not in told.sentences[0] or "read" not in told.sentences[0], str(told)
    assert peak < BOUND, f"took {peak / GB:.1f} GB\n{told}"


def climate(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "climate"
    shutil.copytree(locations.starter("climate"), folder)
    return folder


def names(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "names"
    shutil.copytree(locations.starter("names"), folder)
    return folder


TRAIN = ("--headless", "--max-steps", "2", "--hidden", "4")


def own_table(make: Callable[[Path, str], None], suffix: str) -> Callable[[Path], tuple[object, ...]]:
    def put(tmp_path: Path) -> tuple[object, ...]:
        path = tmp_path / f"own{suffix}"
        make(path, "own.csv")
        return "train", "climate", *TRAIN, "--set", f"task.csv={path}"

    return put


def climate_zip(tmp_path: Path) -> tuple[object, ...]:
    folder = climate(tmp_path)
    for file in folder.iterdir():
        if file.suffix == ".zip":
            zip_bomb(file, f"{file.stem}.csv")
    return "train", "climate", *TRAIN, "--data", folder.parent


def imdb_tar(tmp_path: Path) -> tuple[object, ...]:
    folder = tmp_path / "data" / "imdb"
    folder.mkdir(parents=True)
    tar_bomb(folder / "aclImdb_v1.tar.gz", "aclImdb/train/pos/0_9.txt")
    return "train", "imdb", *TRAIN, "--data", folder.parent


def long_name(tmp_path: Path) -> tuple[object, ...]:
    folder = names(tmp_path)
    with (folder / "Greek.txt").open("a") as file:
        file.write("a" * 100_000 + "\n")
    return "train", "names", *TRAIN, "--data", folder.parent


def many_names(tmp_path: Path) -> tuple[object, ...]:
    folder = names(tmp_path)
    with (folder / "Greek.txt").open("a") as file:
        for _ in range(20):
            file.write("a" * 1_000_000 + "\n")
    return "train", "names", *TRAIN, "--data", folder.parent


def huge_network(tmp_path: Path) -> tuple[object, ...]:
    return "train", "toy", "--headless", "--max-steps", "1", "--hidden", "8192", "--layers", "16"


def word_vectors(tmp_path: Path) -> tuple[object, ...]:
    path = tmp_path / "vectors.txt.gz"
    gzip_bomb(path, "")
    folder = tmp_path / "data" / "reviews"
    shutil.copytree(locations.starter("reviews"), folder)
    return "train", "reviews", *TRAIN, "--set", f"task.vectors={path}", "--data", folder.parent


BOMBS = {
    "a CSV in a zip": own_table(zip_bomb, ".zip"),
    "a CSV, gzipped": own_table(gzip_bomb, ".csv.gz"),
    "climate's zip": climate_zip,
    "imdb's tar": imdb_tar,
    "a name of 100,000 characters": long_name,
    "20 names of a million characters": many_names,
    "a network of 8192 × 16": huge_network,
    "word vectors, gzipped": word_vectors,
}


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize("bomb", list(BOMBS) if amount(0, 1) else ["a network of 8192 × 16"])
def test_a_bomb(tally: Tally, program: Program, tmp_path: Path, bomb: str) -> None:
    words = BOMBS[bomb](tmp_path)
    with tally.attempt("a bomb", bomb):
        survived(*tell_bounds(program, tmp_path, *words))


@whole
@pytest.mark.parametrize("command", ["predict", "show", "eval"])
def test_a_strangers_huge_network(tally: Tally, program: Program, finished: Run, tmp_path: Path, command: str) -> None:
    spec = msgspec.json.decode(finished.spec_file.read_bytes())
    spec["options"].update(hidden=8192, layers=16)
    finished.spec_file.write_bytes(msgspec.json.encode(spec))
    with tally.attempt("a spec of 8192 × 16 layers in a run folder", command):
        survived(*tell_bounds(program, tmp_path, command, finished.id, *["012"] * (command == "predict")))


@whole
def test_a_megabyte_of_text(tally: Tally, program: Program, finished: Run, tmp_path: Path) -> None:
    with tally.attempt("1 MB of text to predict", "predict"):
        text = b"012" * 350_000 + b"\n"
        told, _, seconds = tell_bounds(program, tmp_path, "predict", finished.id, input=text)
        plain(told, 0, 1)
        assert seconds < 12, f"computed for {seconds:.0f} s\n{told}"  # two of answering, the rest of starting
        if told.code:
            one_sentence(told, 1)
