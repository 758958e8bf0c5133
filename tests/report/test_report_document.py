"""Documents: one HTML file without a network, Markdown and LaTeX as they are read, and figures from the run alone."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest
from engine.toy_runs import copied
from hostile_run import hostile_run, obeyed
from made_reports import Page, changed, report
from markdown_it import MarkdownIt
from markdown_it.token import Token
from runs.event_makers import sample

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
pytestmark = pytest.mark.usefixtures("undrawn")
FORMS: tuple[Format, ...] = ("html", "markdown", "latex")


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
    assert len(page["img"]) == len(page["source"]) == 4  # curves, confusion matrix, classes, gradient
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
    assert len(names) == 4
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


def test_an_older_run_without_protocol_notes_settings_and_correctness(run: Run, tmp_path: Path) -> None:
    kept = ("protocol", "notes", "settings", "correctness", "train", "kept")
    events = [msgspec.json.decode(line) for line in run.events_file.read_bytes().splitlines()]
    assert any("correctness" in event for event in events)
    older = [{key: value for key, value in event.items() if key not in kept} for event in events]
    run.events_file.write_bytes(b"".join(msgspec.json.encode(event) + b"\n" for event in older))
    run.network_file.unlink()
    text = Page(report(run, tmp_path)).text
    assert "training examples." in text
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
    assert text.count("![") == 4


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
    content.build(Subject([run]), "latex", "en", tmp_path, 20.0)
    box = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+)", (tmp_path / "run-1-curves.pdf").read_bytes())
    assert box
    assert float(box[1]) / 72 * 2.54 == pytest.approx(20, abs=0.1)


def test_markdown_is_read_as_it_was_meant(run: Run, tmp_path: Path) -> None:
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(report(marked(run), tmp_path, "markdown"))
    inline = [inner for token in tokens if token.type == "inline" for inner in token.children or []]
    kinds = {token.type for token in (*tokens, *inline)}
    assert not {"html_block", "html_inline", "code_inline", "code_block", "link_open"} & kinds
    assert {"h1", "h2"} == {token.tag for token in tokens if token.type == "heading_open"}
    for at, one in enumerate(MARKUP):
        assert any(f"{one} {at}".replace("\x1b", "�") == text for text in joined(tokens)), one
    rows = [sum(token.type == "tr_open" for token in table) for table in tables(tokens)]
    assert rows == [3, 1 + len(MARKUP), 2]  # network and baseline; the classes; the gradient; each with a head
    assert sum(token.type == "fence" for token in tokens) == 3  # sample, network, commands


def joined(tokens: Sequence[Token]) -> list[str]:
    """Text of each block, as it is shown."""
    return ["".join(c.content for c in token.children or []) for token in tokens if token.type == "inline"]


def tables(tokens: Sequence[Token]) -> list[list[Token]]:
    kinds = [token.type for token in tokens]
    starts = [at for at, kind in enumerate(kinds) if kind == "table_open"]
    return [[*tokens[at : kinds.index("table_close", at)]] for at in starts]
