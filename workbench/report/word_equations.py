"""Equations of Word (Office Math, ISO/IEC 29500-1 §22.1) from LaTeX, by way of MathML."""

from __future__ import annotations

from xml.etree import ElementTree

from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement

_MATHML = "{http://www.w3.org/1998/Math/MathML}"
# of a MathML element with as many parts: the Office Math element, and the names of its parts in their order
_STRUCTURES = {
    "msub": ("sSub", ("e", "sub")),
    "msup": ("sSup", ("e", "sup")),
    "msubsup": ("sSubSup", ("e", "sub", "sup")),
}
_ACCENTS = {"~": "\u0303", "^": "\u0302", "→": "\u20d7", "←": "\u20d6"}  # Word wants the combining characters


def equation(latex: str) -> BaseOxmlElement | None:
    """Return an equation that Word shows and edits; ``None`` where it is no LaTeX."""
    from latex2mathml.converter import convert

    try:
        tree = ElementTree.fromstring(convert(latex))
    except Exception:  # the library has no common base of its errors, and an own cell's docstring may hold anything
        return None
    return _element("oMathPara", _element("oMath", *_converted(tree)))


def _converted(node: ElementTree.Element) -> list[BaseOxmlElement]:
    """Return a MathML element as Office Math; of one that is not known its parts."""
    kind = node.tag.removeprefix(_MATHML)
    if kind == "mover" and len(node) == 2:
        mark = "".join(node[1].itertext()).strip()
        properties = _element("accPr", _valued("chr", _ACCENTS.get(mark, mark)))
        return [_element("acc", properties, _element("e", *_converted(node[0])))]
    name, parts = _STRUCTURES.get(kind, ("", ()))
    if name and len(parts) == len(node):
        return [_element(name, *(_element(part, *_converted(of)) for part, of in zip(parts, node, strict=True)))]
    if len(node):
        return [one for part in node for one in _converted(part)]
    return [_run(node.text)] if node.text else []


def _run(text: str) -> BaseOxmlElement:
    """Return signs or a name; a name of several letters stands upright."""
    shown = _element("t")
    shown.text = text
    upright = [_element("rPr", _valued("sty", "p"))] if len(text) > 1 else []
    return _element("r", *upright, shown)


def _valued(name: str, value: str) -> BaseOxmlElement:
    found = _element(name)
    found.set(qn("m:val"), value)
    return found


def _element(name: str, *parts: BaseOxmlElement) -> BaseOxmlElement:
    found: BaseOxmlElement = OxmlElement(f"m:{name}")
    found.extend(parts)
    return found
