"""Make the picture of the laboratory in a browser: ``python docs/make_browser_picture.py``.

``workbench serve`` is started on a free port, Chromium opens its page without a window, and the Poem screen writes with
the pretrained network. The picture is what Chromium painted, with fewer colours.
"""

from __future__ import annotations

import asyncio
import io
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "serve")]  # the tests' browser

from chromium import chromium  # noqa: E402
from served import serving  # noqa: E402

PICTURE = Path(__file__).with_name("pictures") / "browser.png"
SIZE = (1280, 800)  # pixels
COLORS = 64


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder, serving("--runs", str(Path(folder) / "runs")) as server:
        async with chromium(Path(folder) / "profile") as browser:
            tab = await browser.tab(*SIZE)
            await tab.open(server.address)
            await tab.until("Start")
            await tab.type("4")
            await tab.until("pretrained/poems-lstm", "F5 Write")
            await tab.type("月")
            await tab.press("F5", 116)
            await tab.until("Save", "Keep")
            drawn = await tab.picture()
            while (again := await tab.picture()) != drawn:
                drawn = again
        server.end()
    picture = Image.open(io.BytesIO(drawn)).convert("RGB").quantize(COLORS, dither=Image.Dither.NONE)
    picture.save(PICTURE, optimize=True)
    print(f"{PICTURE.name}: {PICTURE.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    asyncio.run(main())
