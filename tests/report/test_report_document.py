"""Documents: one HTML file without a network, Markdown and LaTeX as they are read, and figures from the run alone."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest
from engine.toy_runs import copied, toy, trained
from hostile_run import hostile_run, obeyed
from runs.event_makers import sample
from studies.made_studies import group, made, toy_plan

from tasks.views import Confusion, Table, Text
from workbench.config import spec
from workbench.report import content, fonts, pictures, theme, writing
from workbench.report.content import Subject, Unwritten
from workbench.report.document import Format
from workbench.report.words import Language
from workbench.report.writing import ReportError
from workbench.runs import store
from workbench.runs.events import Finished, decode, encode
from workbench.runs.run import Run
from workbench.studies.plan import Published
from workbench.studies.study import Study

MARKUP = [
    "<script>alert(1)</script>",
    "]]>",
    "a|b",
    r"\end{Verbatim}\input{x}",
    "```",
    "`tick`",
    "&lt;",
    "\x1b[2J",
    "$x$",
    "# h",
]
FORMS: tuple[Format, ...] = ("html", "markdown", "latex")
VOID = {"meta", "img", "source", "br", "link"}


class Page(HTMLParser):
    """Tags, attributes and shown text of a page; it must close every tag that it opens."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.text += data

    def __getitem__(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(autouse=True)
def undrawn(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures are empty files, unless a test asks for them: drawing takes a second each."""

    def empty(runs: Any, kind: str, style: Any, path: Path, labels: Any = ()) -> list[str]:
        path.write_bytes({".svg": b"<svg/>", ".png": b"\x89PNG", ".pdf": b"%PDF"}[path.suffix])
        return []

    if "drawn" not in request.fixturenames:
        monkeypatch.setattr(pictures, "draw", empty)


@pytest.fixture
def drawn() -> None:
    """The pictures are drawn."""


@pytest.fixture(scope="module")
def trained_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = toy(tmp_path_factory.mktemp("reports"), {"train.epochs": 2})
    trained(run)
    return run


@pytest.fixture
def run(trained_run: Run, runs_folder: Path) -> Run:
    return copied(trained_run, runs_folder, "toy-rnn-one")


def report(subject: Subject | Run, folder: Path, form: Format = "html", language: Language = "en") -> str:
    """Write a report into a folder and return its text."""
    subject = Subject([subject]) if isinstance(subject, Run) else subject
    drawn = folder / "drawn"
    drawn.mkdir(parents=True)
    document = content.build(subject, form, language, drawn)
    return writing.write(document, form, folder / ("r.html" if form == "html" else "r")).read_text(encoding="utf-8")


def changed(run: Run, **fields: Any) -> Run:
    """Change what a finished run's last event holds."""
    *lines, last = run.events_file.read_bytes().splitlines(keepends=True)
    ended = decode(last)
    assert isinstance(ended, Finished)
    run.events_file.write_bytes(b"".join([*lines, encode(msgspec.structs.replace(ended, **fields))]))
    return run


@pytest.mark.usefixtures("drawn")
@pytest.mark.parametrize("language", ["en", "zh"])
def test_html_is_one_file_that_asks_for_nothing(run: Run, tmp_path: Path, language: Language) -> None:
    text = report(run, tmp_path / "a", language=language)
    page = Page(text)
    assert {*page.tags[0][1].values()} == {language}
    assert not {"script", "link", "iframe", "object", "base"} & {tag for tag, _ in page.tags}
    for _, attributes in page.tags:
        for name in {"src", "srcset", "href", "action", "data", "poster"} & attributes.keys():
            assert str(attributes[name]).startswith("data:image/svg+xml;base64,")
        assert not [name for name in attributes if name.startswith("on")]
    style = text.partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style
    assert len(page["math"]) == 1  # of the RNN
    assert page["math"][0]["display"] == "block"
    assert len(page["img"]) == len(page["source"]) == 3  # curves, confusion matrix, classes
    for light, dark in zip(page["img"], page["source"], strict=True):
        assert "prefers-color-scheme: dark" in str(dark["media"])
        assert light["src"] != dark["srcset"]
        for address in (light["src"], dark["srcset"]):
            root = ElementTree.fromstring(base64.b64decode(str(address).partition(",")[2]))
            assert root.tag == "{http://www.w3.org/2000/svg}svg"
            assert not [one for one in root.iter() if "href" in str(one.attrib) and "http" in str(one.attrib.values())]


def test_every_figure_is_that_of_the_run(run: Run, tmp_path: Path) -> None:
    history = [decode(line) for line in run.events_file.read_bytes().splitlines()]
    ended = history[-1]
    assert isinstance(ended, Finished)
    before = Page(report(run, tmp_path / "before")).text
    assert f"{ended.test['accuracy']:.4f}" in before
    assert "0.1234" not in before
    table = Table(
        title="per symbol",
        columns=["symbol", "precision", "recall", "f1", "support"],
        rows=[["zero", 0.5, 0.25, 0.3333, 7_001]],
    )
    counts = Confusion(title="confusion", labels=["zero", "one"], counts=[[9, 1], [3, 1]])
    after = Page(
        report(changed(run, test={"accuracy": 0.1234, "macro_f1": 0.4321}, views=[counts, table]), tmp_path / "after")
    ).text
    assert f"{ended.test['accuracy']:.4f}" not in after
    for figure in ("0.1234", "0.4321", "0.2500", "0.3333", "7,001"):
        assert figure in after, figure
    assert "The class that is recognised least is one (25.0 %), most often taken for zero." in after
    assert "F1 of each class: from zero (0.3333) to zero (0.3333)." in after
    behind = (
        "reaches accuracy 0.1234 on the test rows, and is not ahead of the strongest baseline, majority, with 0.4000"
    )
    assert f"{run.id} {behind}" in after


def test_a_run_in_training_is_told_as_of_its_step_and_its_best_is_not_called_tested(run: Run, tmp_path: Path) -> None:
    *lines, _ = run.events_file.read_bytes().splitlines(keepends=True)
    run.events_file.write_bytes(b"".join(lines))
    text = Page(report(run, tmp_path)).text
    step = max(event.step for event in map(decode, lines) if hasattr(event, "step"))
    assert f"Run {run.id} is lost: this report shows it as of step {step:,}." in text
    assert "the best evaluation so far has accuracy" in text
    assert "which was tested" not in text
    assert "Validation" in text


def marked(run: Run) -> Run:
    """A run whose every text is markup of some format."""
    labels = [f"{one} {at}" for at, one in enumerate(MARKUP)]
    size = len(labels)
    counts = [[int(i == j) + 1 for j in range(size)] for i in range(size)]
    rows = [[label, 0.5, 0.5, 0.5, 3] for label in labels]
    views = [
        Confusion(title="t", labels=labels, counts=counts),
        Table(title="t", columns=["class", "precision", "recall", "f1", "support"], rows=rows),
    ]
    changed(run, views=views, test={"accuracy": 0.5, **dict.fromkeys(MARKUP, 0.5)})
    run.network_file.write_text("\n".join(MARKUP), encoding="utf-8")
    *before, last = run.events_file.read_bytes().splitlines(keepends=True)
    written = msgspec.structs.replace(sample(1), view=Text(title="t", text="\n".join(MARKUP), note=MARKUP[0]))
    run.events_file.write_bytes(b"".join([*before, encode(written), last]))
    return run


def test_nothing_of_a_run_is_markup_of_html(run: Run, tmp_path: Path) -> None:
    text = report(marked(run), tmp_path)
    page = Page(text)
    assert "script" not in {tag for tag, _ in page.tags}
    for one in MARKUP:
        assert one.replace("\x1b", "�") in page.text
    assert "\x1b" not in text


def test_nothing_of_a_run_is_markup_of_markdown(run: Run, tmp_path: Path) -> None:
    text = report(marked(run), tmp_path, "markdown")
    assert "\x1b" not in text
    outside, inside = "", ""
    fence = ""
    for line in text.splitlines():
        if fence:
            fence, inside = ("" if line == fence else fence), inside + line + "\n"
        elif line.startswith("```"):
            fence = line
            assert {*line} == {"`"}
        else:
            outside += line + "\n"
    assert fence == ""
    assert inside.count("<script>") == 2  # network and sample, as they are
    assert "<script>" not in outside.replace(r"\<script", "")
    assert not re.search(r"(?<!\\)[`<]", outside)
    assert not re.search(r"(?<!\\)\$(?!\$)", outside.replace("$$", ""))
    heads = [line for line in text.splitlines() if line.startswith("| method")]
    (head,) = heads
    columns = len(re.split(r"(?<!\\)\|", head))
    at = text.splitlines().index(head)
    assert [len(re.split(r"(?<!\\)\|", line)) for line in text.splitlines()[at : at + 4]] == [columns] * 4


def test_nothing_of_a_run_is_markup_of_latex(run: Run, tmp_path: Path) -> None:
    text = report(marked(run), tmp_path, "latex")
    assert "\x1b" not in text
    assert text.count(r"\begin{Verbatim}") == text.count(r"\end{Verbatim}")
    plain = re.sub(r"\\begin{Verbatim}.*?\n\\end{Verbatim}", "", text, flags=re.S)
    assert r"\input" not in plain
    assert r"\textbackslash{}input\{x\}" in plain
    body = plain.partition(r"\begin{document}")[2].replace(r"\{", "").replace(r"\}", "")
    assert body.count("{") == body.count("}")
    assert not re.search(r"\\\\\s*\n?\[", body.replace(r"\\[.4em]", ""))
    assert not re.search(r"(?<!\\)[#&](?!.*\\\\$)", body, re.M)


@pytest.mark.parametrize("form", FORMS)
def test_a_hostile_run_is_reported_without_what_a_terminal_obeys(run: Run, tmp_path: Path, form: Format) -> None:
    text = report(hostile_run(run, tmp_path), tmp_path / form, form)
    assert obeyed(text) == set()
    assert "network" in text


@pytest.mark.usefixtures("drawn")
def test_pictures_of_a_hostile_run_hold_nothing_that_a_terminal_obeys(run: Run, tmp_path: Path) -> None:
    page = Page(report(hostile_run(run, tmp_path), tmp_path / "a"))
    assert page["img"]
    for one in page["img"]:
        assert obeyed(base64.b64decode(str(one["src"]).partition(",")[2]).decode()) == set()


@pytest.mark.parametrize(
    ("counts", "rows"),
    [
        ([[1], [2, 3, 4]], [["a", 0.5, None, 1e300, 3]]),
        ([], [["b"]]),
        ([[10**18, -5], [0, 0]], []),
        ([[1, 2], [3, 4]], [["a", "b", "c", "d", "e"]]),
    ],
)
@pytest.mark.usefixtures("drawn")
def test_views_that_do_not_fit_together_leave_a_note_or_nothing(run: Run, tmp_path: Path, counts, rows) -> None:
    columns = ["class", "precision", "recall", "f1", "support"]
    views = [Confusion(title="m", labels=["x", "y"], counts=counts), Table(title="t", columns=columns, rows=rows)]
    text = report(changed(run, views=views, test={"accuracy": 0.0625}), tmp_path, "markdown")
    assert "0.0625" in text
    assert text.count("A picture is left out: ") == (len(counts) != 2 or len(counts[0]) != 2) + (
        rows[:1] == [[*"abcde"]]
    )


def test_a_huge_run_is_cut_and_says_how_much_is_left_out(run: Run, tmp_path: Path) -> None:
    rows = [[f"class {n}", 0.5, 0.5, 0.5, 1] for n in range(1_203)]
    table = Table(title="t", columns=["class", "precision", "recall", "f1", "support"], rows=rows)
    run.network_file.write_text("x" * 5_000 + "\nline" * 1_000)
    text = report(changed(run, views=[table]), tmp_path, "markdown")
    assert "1,003 more classes are left out here" in text
    assert "[601 more lines are left out.]" in text
    assert max(map(len, text.splitlines())) < 1_100
    assert len(text) < 50_000


def test_markdown_has_blank_lines_round_tables_and_pictures_and_its_pictures_beside_it(
    run: Run, tmp_path: Path
) -> None:
    text = report(run, tmp_path, "markdown")
    lines = text.splitlines()
    for at, line in enumerate(lines):
        if line.startswith("| ---"):
            assert lines[at - 2] == ""
            end = next(n for n in range(at, len(lines)) if not lines[n].startswith("|"))
            assert lines[end] == ""
        if line.startswith("!["):
            assert lines[at - 1] == lines[at + 1] == ""
            name = line.rpartition("(")[2].rstrip(")")
            assert (tmp_path / "r" / name).read_bytes().startswith(b"\x89PNG")
            assert (tmp_path / "r" / name).with_suffix(".svg").exists()
        if line.startswith("#"):
            assert lines[at + 1] == ""
            assert at == 0 or lines[at - 1] == ""
    assert text.count("$$") == 2
    assert "\n\n\n\n" not in text


def test_latex_has_its_pictures_beside_it_and_no_empty_list(run: Run, tmp_path: Path) -> None:
    text = report(run, tmp_path, "latex")
    names = re.findall(r"\\includegraphics\[[^]]*\]{([^}]*)}", text)
    assert len(names) == 3
    for name in names:
        assert (tmp_path / "r" / name).read_bytes().startswith(b"%PDF")
    assert not re.search(r"\\begin{(itemize|description)}\s*\\end", text)
    for kind in ("itemize", "description", "center", "figure", "gather*", "Verbatim", "document"):
        assert text.count(rf"\begin{{{kind}}}") == text.count(rf"\end{{{kind}}}")


def test_two_tasks_are_not_ranked_and_make_no_common_picture(run: Run, runs_folder: Path, tmp_path: Path) -> None:
    scribe = store.create(runs_folder, spec.make("scribe", "gru"))
    text = Page(report(Subject([run, scribe]), tmp_path)).text
    assert "The runs are of different tasks (toy, scribe): their figures are not ranked" in text
    assert "Loss and validation curves of" not in text
    assert "toy · scribe: rnn · gru" in text
    assert f"Run {scribe.id} is lost: this report shows it as of step 0." in text


def test_of_many_runs_it_is_said_which_are_not_shown_in_full(run: Run, runs_folder: Path, tmp_path: Path) -> None:
    runs = [run, *(copied(run, runs_folder, f"toy-rnn-{n}") for n in range(5))]
    text = Page(report(Subject(runs), tmp_path)).text
    assert "The first 4 runs are shown in full here; 2 more stand in the table alone." in text


def labelled(runs_folder: Path, trained_run: Run, **more: Any) -> Study:
    """A study of two labelled groups, whose runs are copies of a trained one."""
    groups = [
        group("rnn", label="small, slow", label_zh="小而慢", note="No clipping.", note_zh="不裁剪。"),
        group("rnn", label="wide", set={"cell.hidden": 12}),
    ]
    study = made(runs_folder, toy_plan(*groups, **more), "labelled")
    for number in (1, 2):
        started = study.begin(number)
        started.events_file.write_bytes(trained_run.events_file.read_bytes())
    return study


def runs_of(study: Study) -> Subject:
    return Subject([member.run for member in study.members()], study)


def test_labels_and_notes_of_a_study_are_in_the_language_of_the_report(
    runs_folder: Path, trained_run: Run, tmp_path: Path
) -> None:
    published = [
        Published(
            where={"label": "small, slow"},
            metric="test.accuracy",
            value=0.75,
            about=True,
            protocol="p",
            protocol_zh="协议一",
        )
    ]
    study = labelled(
        runs_folder,
        trained_run,
        published=published,
        title="A title",
        title_zh="题目",
        question="Why?",
        source="S",
        source_zh="来源一",
    )
    english = report(runs_of(study), tmp_path / "en", "markdown")
    chinese = report(runs_of(study), tmp_path / "zh", "markdown", "zh")
    accuracy = next(m.summary.test["accuracy"] for m in study.members() if m.summary)
    assert f"| small, slow | test accuracy | ≈ 0.7500 | {accuracy:.4f} | p |" in english
    assert f"| 小而慢 | 测试准确率 | ≈ 0.7500 | {accuracy:.4f} | 协议一 |" in chinese
    assert "- small, slow: No clipping." in english
    assert "- 小而慢: 不裁剪。" in chinese
    assert chinese.startswith("# 题目\n")
    assert "来源一" in chinese
    assert "Why?" in chinese  # no other is given
    assert "small" not in chinese
    assert "### wide" in chinese
    assert "| rnn |" in chinese  # a cell's name stays
    assert "已完成" in chinese
    assert "| label | test accuracy |" in english
    assert "| 设置 | 测试准确率 |" in chinese


def test_two_groups_with_one_chinese_label_stay_two(runs_folder: Path, trained_run: Run, tmp_path: Path) -> None:
    groups = [group("rnn", label=f"l{n}", label_zh="同", set={"cell.hidden": 9 + n}) for n in range(2)]
    study = made(runs_folder, toy_plan(*groups))
    for number in (1, 2):
        study.begin(number).events_file.write_bytes(trained_run.events_file.read_bytes())
    text = report(runs_of(study), tmp_path, "markdown", "zh")
    assert "| l0 |" in text
    assert "| l1 |" in text


def test_a_plan_chooses_the_sections(runs_folder: Path, trained_run: Run, tmp_path: Path) -> None:
    study = labelled(runs_folder, trained_run, shows=["table"])
    text = report(runs_of(study), tmp_path, "markdown")
    assert "| label | test accuracy |" in text
    assert "![" not in text
    assert "## Equations" not in text
    assert "precision" not in text
    assert "SequenceClassifier" not in text


def test_settings_in_words_are_translated_and_names_stay(runs_folder: Path, trained_run: Run, tmp_path: Path) -> None:
    study = made(
        runs_folder, toy_plan(group("rnn", "gru", grid={"cell.layers": [1, 2], "cell.bidirectional": [False, True]}))
    )
    for member in study.members():
        study.begin(member.number).events_file.write_bytes(trained_run.events_file.read_bytes())
    text = report(runs_of(study), tmp_path, "markdown", "zh")
    assert "| 层数 · 方向 | rnn | gru |" in text
    assert "| 层数 2, 双向 |" in text


def test_a_study_whose_cell_is_gone_is_still_reported(runs_folder: Path, trained_run: Run, tmp_path: Path) -> None:
    study = labelled(runs_folder, trained_run)
    study.study_file.write_bytes(
        study.study_file.read_bytes()
        .replace(b'"cell":"rnn"', b'"cell":"gone"')
        .replace(b'"cell": "rnn"', b'"cell": "gone"')
    )
    for member in study.members():
        member.run.spec_file.write_bytes(member.run.spec_file.read_bytes().replace(b'"cell": "rnn"', b'"cell": "gone"'))
    fresh = Study(study.path)
    text = report(runs_of(fresh), tmp_path, "markdown")
    assert "--cell gone" in text
    assert "## Equations" not in text


def test_a_run_that_cannot_be_read_costs_the_study_nothing_but_itself(
    runs_folder: Path, trained_run: Run, tmp_path: Path
) -> None:
    study = labelled(runs_folder, trained_run)
    study.run(2).spec_file.write_text("{")
    text = report(runs_of(study), tmp_path / "one", "markdown")
    assert "> A run is left out: Run labelled-02: spec.json is damaged" in text
    assert "small, slow" in text
    study.run(1).spec_file.write_text("{")
    with pytest.raises(ReportError, match=r"^No run of the study can be read: Run labelled-01: spec.json is damaged"):
        report(runs_of(study), tmp_path / "none")


def test_an_older_run_without_protocol_notes_settings_and_correctness(run: Run, tmp_path: Path) -> None:
    kept = ("protocol", "notes", "settings", "correctness", "train", "kept")
    events = [msgspec.json.decode(line) for line in run.events_file.read_bytes().splitlines()]
    assert any("correctness" in event for event in events)
    older = [{key: value for key, value in event.items() if key not in kept} for event in events]
    run.events_file.write_bytes(b"".join(msgspec.json.encode(event) + b"\n" for event in older))
    run.network_file.unlink()
    text = Page(report(run, tmp_path)).text
    assert "examples train." in text
    assert "Network" not in text


def test_a_text_that_could_not_be_written_is_a_sentence(run: Run, tmp_path: Path) -> None:
    subject = Subject([run], passages=[content.Passage("rnn", "春", "length yes"), Unwritten("gru", "No weights.")])
    text = Page(report(subject, tmp_path)).text
    assert "rnn. length yes" in text
    assert "gru wrote nothing for this report: No weights." in text


@pytest.mark.usefixtures("drawn")
@pytest.mark.parametrize("language", ["en", "zh"])
def test_without_a_chinese_font_it_is_said_once(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: Language
) -> None:
    for module in (fonts, pictures, theme):
        monkeypatch.setattr(module, "chinese_font", lambda: "")
    text = report(run, tmp_path, "markdown", language)
    assert text.count("fonts-noto-cjk") == (language == "zh")
    assert ("本机没有含汉字的字体" in text) is (language == "zh")
    assert text.count("![") == 3


def test_an_equation_that_is_no_latex_is_shown_as_it_is() -> None:
    page = Page(str(writing._mathml(r"\frac{<b>")))
    assert [tag for tag, _ in page.tags] in (["pre"], ["math", "mrow"]) or page["math"]
    assert not page["b"]


def test_what_was_there_stays_where_a_report_cannot_be_written(run: Run, tmp_path: Path) -> None:
    place = tmp_path / "is-a-file"
    place.write_text("mine")
    drawn = tmp_path / "drawn"
    drawn.mkdir()
    document = content.build(Subject([run]), "markdown", "en", drawn)
    with pytest.raises(ReportError, match=re.escape(f"The report cannot be written to {place}: File exists.")):
        writing.write(document, "markdown", place)
    assert place.read_text() == "mine"
    with pytest.raises(ReportError, match=r"cannot be written to .*nowhere/r.html: No such file or directory."):
        writing.write(document._replace(sections=[]), "html", tmp_path / "nowhere" / "r.html")


@pytest.mark.usefixtures("drawn")
def test_the_width_of_the_pictures_is_what_was_asked_for(run: Run, tmp_path: Path) -> None:
    for width in (10.0, 20.0):
        drawn = tmp_path / str(width)
        drawn.mkdir()
        content.build(Subject([run]), "latex", "en", drawn, width)
        box = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+)", (drawn / "run-1-curves.pdf").read_bytes())
        assert box
        assert float(box[1]) / 72 * 2.54 == pytest.approx(width, abs=0.1)
