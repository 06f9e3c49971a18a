"""KaTeX, which sets formulas: found on this machine, loaded into the page once.

`scripts/setup` puts the package into the virtual environment. Its fonts are
given to the page as bytes, so that nothing is loaded while a picture is drawn.
"""

from __future__ import annotations

import base64
import json
import os
import re
import sys
from functools import cache
from pathlib import Path

from renderers.errors import KatexMissing

#: Characters of one formula's TeX.
MAX_TEX = 2000
#: Macro expansions of one formula (KaTeX's own default; it stops loops).
MAX_EXPAND = 1000
#: Em: sizes that the TeX asks for, as by `\\rule`.
MAX_SIZE = 20.0

_SCRIPTS = ("katex.min.js", "contrib/mhchem.min.js")


@cache
def find_katex() -> Path:
    """The folder with katex.min.js, katex.min.css, contrib/ and fonts/; or KatexMissing."""
    folder = Path(os.environ.get("VLMFORGE_KATEX") or Path(sys.prefix) / "share" / "katex")
    if (folder / "katex.min.js").is_file() and (folder / "fonts").is_dir():
        return folder
    raise KatexMissing(
        f"no KaTeX in {folder}: run scripts/setup, or set VLMFORGE_KATEX to its dist folder"
    )


def katex_fonts() -> dict[tuple[str, bool, bool], Path]:
    """KaTeX's fonts by (family, bold, italic)."""
    fonts = {}
    for path in sorted((find_katex() / "fonts").glob("*.woff2")):
        family, _, style = path.stem.partition("-")
        fonts[family, "Bold" in style, "Italic" in style] = path
    return fonts


@cache
def katex_script() -> str:
    """JavaScript that defines `katex`, its fonts and its style sheet in a page; a promise."""
    folder = find_katex()
    css = re.sub(r"@font-face\{[^}]*\}", "", (folder / "katex.min.css").read_text("utf-8"))
    fonts = [
        [family, bold, italic, base64.b64encode(path.read_bytes()).decode()]
        for (family, bold, italic), path in katex_fonts().items()
    ]
    scripts = [(folder / name).read_text("utf-8") for name in _SCRIPTS]
    return f"""(async () => {{
      {scripts[0]};
      {scripts[1]};
      const sheet = new CSSStyleSheet();
      sheet.replaceSync({json.dumps(css)});
      document.adoptedStyleSheets.push(sheet);
      for (const [family, bold, italic, data] of {json.dumps(fonts)}) {{
        const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
        const font = new FontFace(family, bytes,
          {{ weight: bold ? "700" : "400", style: italic ? "italic" : "normal" }});
        document.fonts.add(await font.load());
      }}
    }})()"""
