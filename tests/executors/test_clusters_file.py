"""Descriptions of clusters: the user's file, a project's, and what is wrong in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.executors import clusters
from workbench.executors.clusters import ClusterUsageError, RayCluster, SlurmCluster


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "config" / "clusters.toml"
    file.parent.mkdir()
    monkeypatch.setattr(clusters, "user_file", lambda: file)
    return file


def test_slurm_and_ray_need_no_description(user: Path, tmp_path: Path) -> None:
    assert [(named.name, named.cluster) for named in clusters.every(tmp_path)] == [
        ("slurm", SlurmCluster()),
        ("ray", RayCluster()),
    ]


def test_a_project_replaces_single_keys(user: Path, tmp_path: Path) -> None:
    user.write_text('[clusters.big]\nexecutor = "slurm"\npartition = "gpu"\ntime = "4:00:00"\n')
    project = tmp_path / "project"
    (project / "deep").mkdir(parents=True)
    own = project / clusters.PROJECT_FILE
    own.write_text('[clusters.big]\ntime = "1-0"\n[clusters.slurm]\nmodules = ["cuda/12"]\n')
    found = {named.name: named for named in clusters.every(project / "deep")}
    assert found["big"].cluster == SlurmCluster(partition="gpu", time="1-0")
    assert found["big"].files == (user, own)
    assert found["slurm"].cluster == SlurmCluster(modules=("cuda/12",))
    assert found["slurm"].files == (own,)
    assert clusters.find("big", project).cluster == found["big"].cluster


def test_an_unknown_name(user: Path, tmp_path: Path) -> None:
    user.write_text('[clusters.helix]\nexecutor = "slurm"\n')
    with pytest.raises(ClusterUsageError, match=r"There is no cluster 'helx': did you mean 'helix'\? .*clusters\.toml"):
        clusters.find("helx", tmp_path)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[clusters", "is no TOML"),
        ("clusters = 3", r"clusters are tables, as \[clusters\.NAME\]"),
        ("[clusters.big]", "names no executor"),
        ("[clusters.big]\nexecutor = 'pbs'", "names no executor"),
        ("[clusters.big]\nexecutor = 'slurm'\npartitoin = 'x'", r"has no key 'partitoin': did you mean 'partition'\?"),
        ("[clusters.big]\nexecutor = 'slurm'\ntime = 'long'", r"\$\.time"),
        ("[clusters.big]\nexecutor = 'slurm'\ncpus = -1", r"\$\.cpus"),
        ("[clusters.big]\nexecutor = 'slurm'\nmodules = 'cuda'", r"\$\.modules"),
        ("[clusters.local]\nexecutor = 'slurm'", "cannot be called 'local'"),
        ("[clusters.'a b']\nexecutor = 'slurm'", "cannot be called 'a b'"),
    ],
)
def test_what_is_wrong_is_one_sentence_with_the_file(user: Path, tmp_path: Path, text: str, why: str) -> None:
    user.write_text(text)
    with pytest.raises(ClusterUsageError, match=why) as error:
        clusters.every(tmp_path)
    assert str(user) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_no_text(user: Path, tmp_path: Path) -> None:
    user.write_bytes(b"\xff\xfe")
    with pytest.raises(ClusterUsageError, match="is no TOML"):
        clusters.every(tmp_path)


def test_a_file_that_is_a_folder(user: Path, tmp_path: Path) -> None:
    user.mkdir()
    with pytest.raises(ClusterUsageError, match="cannot be read"):
        clusters.every(tmp_path)


def test_a_working_folder_that_is_gone_describes_nothing(
    user: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert clusters.described() == []


def test_a_file_that_is_nested_too_deeply(user: Path, tmp_path: Path) -> None:
    user.write_text(f"a = {'[' * 100_000}")
    with pytest.raises(ClusterUsageError, match="nested too deeply"):
        clusters.every(tmp_path)
