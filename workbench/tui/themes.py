"""Themes whose colors stay apart for the color-blind: dark, light and high contrast, after Okabe and Ito.

The tests measure them: text by WCAG's contrast ratio, color pairs as seen without one kind of cone.
"""

from __future__ import annotations

from dataclasses import replace

from textual.theme import BUILTIN_THEMES, Theme

NAMES = ("primary", "secondary", "accent", "warning", "error", "success")
DARK = Theme(
    name="workbench-dark",
    primary="#3C8EEA",  # sky blue
    secondary="#DE9FBF",  # reddish purple
    accent="#DD9A08",  # orange
    warning="#F4E53C",  # yellow
    error="#EB704E",  # vermillion
    success="#1BD08A",  # bluish green
    foreground="#E4E6E8",
    background="#121417",
    surface="#1A1D21",
    panel="#23272D",
    variables={"foreground-muted": "#E4E6E8B0", "text-muted": "auto 75%", "text-disabled": "auto 70%"},
)
LIGHT = Theme(
    name="workbench-light",
    primary="#0563DB",
    secondary="#D6327F",
    accent="#8A5600",
    warning="#A98106",
    error="#7F2118",
    success="#006456",
    foreground="#1B1F23",
    background="#F4F4F2",
    surface="#FFFFFF",
    panel="#E2E5E8",
    dark=False,
    variables={"foreground-muted": "#1B1F23C4", "text-muted": "auto 75%", "text-disabled": "auto 70%"},
)
CONTRAST = Theme(
    name="workbench-contrast",
    primary="#57A8FF",
    secondary="#FEC6F2",
    accent="#F58A10",
    warning="#F2F04D",
    error="#FF9C78",
    success="#43E0A8",
    foreground="#FFFFFF",
    background="#000000",
    surface="#161616",
    panel="#262626",
    variables={
        "foreground-muted": "#D8D8D8",
        "text-muted": "auto 87%",
        "text-disabled": "auto 70%",
        "frame": "#B0B0B0",
    },
)


def _ansi_theme(name: str) -> Theme:
    """Return Textual's theme of a terminal's own 16 colors, with readable text on its backgrounds."""
    theme = BUILTIN_THEMES[name]
    backgrounds = ("blue", "magenta", "yellow", "yellow", "red", "green")
    bright = {f"{name}-muted": f"ansi_bright_{color}" for name, color in zip(NAMES, backgrounds, strict=True)}
    text = {f"on-{name}": "ansi_black" for name in NAMES}
    return replace(theme, variables={**theme.variables, **bright, **text})


ANSI_DARK, ANSI_LIGHT = _ansi_theme("ansi-dark"), _ansi_theme("ansi-light")
THEMES = (DARK, LIGHT, CONTRAST, ANSI_DARK, ANSI_LIGHT)
