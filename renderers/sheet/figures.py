"""Figures, and problems that speak of one.

A problem that says "as in the figure" without the figure has no answer, so it
is not drawn. The patterns find mentions, not the words: a problem about three
paintings (그림 3점), one that asks to draw a figure, or to figure out, is fine.
All languages are looked for in every text, as labels of language are wrong at
times. Words around which a meaning turns are listed with the pattern.
"""

from __future__ import annotations

import base64
import io
import re
import warnings
from dataclasses import dataclass
from itertools import pairwise

from PIL import Image

from renderers.errors import Refused

#: Pixels of a figure, for it to be decoded.
MAX_FIGURE_PIXELS = 20_000_000
#: Formats that a page takes as they are.
_FORMATS = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif"}


@dataclass(frozen=True)
class Figure:
    """A picture that belongs to a problem."""

    #: PNG, JPEG, WebP or GIF.
    data: bytes
    alt: str = ""

    def size(self) -> tuple[int, int]:
        """Width and height in its own pixels. Raises Refused(bad_figure)."""
        return self._read()[1]

    def url(self) -> str:
        """The picture as a `data:` URL. Raises Refused(bad_figure)."""
        return f"data:{self._read()[0]};base64,{base64.b64encode(self.data).decode()}"

    def _read(self) -> tuple[str, tuple[int, int]]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", Image.DecompressionBombWarning)
                with Image.open(io.BytesIO(self.data), formats=list(_FORMATS)) as picture:
                    kind, size = picture.format or "", picture.size
        except (OSError, ValueError, SyntaxError, Warning, Image.DecompressionBombError) as error:
            raise Refused("bad_figure", str(error)[:200]) from error
        if size[0] * size[1] > MAX_FIGURE_PIXELS:
            raise Refused("bad_figure", f"{size[0]} x {size[1]} pixels")
        return _FORMATS[kind], size


#: Mentions of a figure that must be there.
_MENTIONS = (
    # Korean. 그림자, 그림책 … are other words; 그려라, 완성 ask for it.
    r"(?:(?:오른|왼)쪽|(?<![가-힣])(?:다음|아래|위|옆|윗|앞))(?:의|에\s?있는|에\s?제시된)?\s?"
    r"(?:그림|그래프|도표|도형|전개도|사진|지도|회로도?|입체도형|수직선|벤\s?다이어그램)"
    r"(?!자|책|물감|일기|대회|\s?(?:카드|그리기))"
    r"(?!(?:의\s?개형)?[을를]\s?(?:그[리려]|완성|작성|나타내))",
    r"그림(?:과|처럼)\s?같(?:이|은)|그림처럼|그림(?:에서|\s?\d+[은는의과에])(?!\s?그리)",
    r"그래프(?:가|는|와)\s?(?:다음과|그림과|아래와)?\s?같(?:이|은|다)(?!\s?변)",
    r"<\s?(?:그림|사진)\s?\d*\s?>|\[\s?(?:그림|사진)\s?\d*\s?\]",
    # English.
    r"\b(?:in|from|on|see|to|by|of)\sthe\s(?:(?!signif)\w+\s)?(?:figure|diagram)s?\b(?!\s(?:out|skat))",
    r"\b(?:this|that|these|the)\s(?:figure|diagram|picture|image)s?\s(?:shows?|represents?|"
    r"illustrates?|depicts?)\b",
    r"\b(?:figure|diagram|picture|graph|image|chart|drawing|sketch|illustration|map|plot|"
    r"histogram|number\sline|spinner)s?\s(?:is\s|are\s)?(?:(?:shown|given|pictured|depicted)\b(?!\s(?:by|as|that))|"
    r"(?:below|above)(?!\s?(?:the|its|zero|[a-z]\b|\$|\\))|(?:at|to|on)\s(?:the\s)?(?:right|left)\b)",
    r"\b(?:following|accompanying|attached|adjacent)\s(?:figure|diagram|picture|graph|image|"
    r"chart|drawing|sketch|illustration|map|plot|histogram)s?\b",
    r"\bgiven\s(?:figure|diagram|picture|chart|illustration|histogram)s?\b",
    r"\b(?:as\s)?(?:shown|pictured|depicted|illustrated)\s(?:below|above|here|(?:at|to|on)\s(?:the\s)?"
    r"(?:right|left))\b",
    r"\b(?:see|refer\sto|in|shown\sin)\s(?:figure|fig\.)\s?\d|\bFigure\s\d+\sshows\b",
    r"\b(?:shown|depicted|pictured|illustrated)\sin\sthe\s(?:\w+\s)?(?:picture|image|graph|chart|map)\b",
    # Spanish.
    r"\b(?:en|de|según|observa|mira)\s(?:la|el)\s(?:siguiente\s)?(?:figura|gráfica|gráfico|imagen|"
    r"diagrama|dibujo|esquema)\b(?!\s(?:de\s(?:una?|la|las|los|sus?|f|y|\$)|pater|públic|\$))",
    r"\b(?:siguientes?|adjunt[ao]s?)\s(?:figura|gráfica|gráfico|imagen|diagrama|dibujo|esquema)s?\b",
    r"\b(?:figura|gráfica|gráfico|imagen|diagrama|dibujo|esquema)\s(?:siguiente|adjunt[ao]|anterior|"
    r"mostrad[ao]|de\sla\s(?:derecha|izquierda)|de\s(?:abajo|arriba)|muestra)\b",
    # German. In mathematics, "die Abbildung f" is a map.
    r"\b(?:in|siehe|aus)\s(?:der\s)?(?:folgenden\s|nebenstehenden\s)?(?:Abbildung|Abb\.|Skizze|Figur|"
    r"Zeichnung|Grafik)(?:\s\d|\b)(?!\s(?:\$|[a-zA-Z]\b|\\))",
    r"\b(?:folgende|nebenstehende|abgebildete|obige|untenstehende|gezeigte|dargestellte)[nrsm]?\s"
    r"(?:Abbildung|Figur|Skizze|Grafik|Zeichnung|Diagramm|Bild|Graph|Schaubild|Karte)(?:en|s|e)?\b",
    r"\bdie\s(?:Abbildung|Skizze|Grafik|Zeichnung)\szeigt\b|\b(?:wie\s(?:abgebildet|skizziert)|"
    r"im\s(?:Bild|Schaubild|Diagramm)\b)|\bdas\s(?:Bild|Diagramm|Schaubild)\szeigt\b",
    # Japanese. 図書, 図鑑 are books; かけ, 描け ask for it.
    r"(?:右|左|下|上|次)の(?:図形?|グラフ|写真|地図|展開図|回路図)(?![書鑑画])"
    r"(?!を(?:か[かきけい]|描|書|完成|作))",
    r"図(?:のよう[なに]|に示|で示|は[、，,\s]?|において|\s?[0-9０-９①-⑨]+(?:[のはに、]))",
    # Vietnamese. Hình vuông, hình tròn … are shapes.
    r"\bhình\s(?:vẽ|bên|dưới|trên|sau|minh\shọa|ảnh)\b|\b(?:như|theo|quan\ssát|xem)\shình\b"
    r"(?!\s(?:vuông|tròn|chữ|thang|thoi|bình|tam|hộp|cầu|nón|trụ|chóp|lập|lăng|học))",
    r"\b(?:biểu\sđồ|đồ\sthị|sơ\sđồ|bản\sđồ|bức\stranh)\s(?:sau|bên|dưới|trên|như\shình)\b",
)
#: Just before a mention: the problem asks for it to be drawn.
_ASKED = re.compile(
    r"\b(?:draw|sketch|construct|plot|make|create|complete|dibuja[rd]?|traza|representa|"
    r"zeichne|skizziere|erstelle|vẽ|dựng|hãy\svẽ)\b[^.?!\n]{0,25}$",
    re.I,
)
_TABLE_MENTIONS = (
    r"(?:다음|아래|위|(?:오른|왼)쪽)(?:의)?\s?(?:도수분포)?표(?=[는은와의에를로\s])"
    r"(?!를\s?(?:만들|그리|완성|작성))",
    r"\b(?:in|from|to|of)\sthe\s(?:\w+\s)?table\s(?:below|above)\b|\bthe\stable\s(?:below|above|shows?)\b|"
    r"\b(?:following|accompanying|given)\stable\b(?!\sof\scontents)|\bas\sshown\sin\sthe\stable\b|"
    r"\bgrid\s(?:shown|below|above)\b",
    r"\b(?:siguiente\stabla|tabla\s(?:siguiente|adjunta|muestra))\b",
    r"\b(?:folgende[nr]?|nebenstehende[nr]?|obige[nr]?)\sTabelle\b|\bin\sder\sTabelle\b",
    r"(?:右|左|下|上|次)の(?:度数分布)?表(?=[はをのにか])(?!を(?:完成|作|か[きけ]))",
    r"\bbảng\s(?:sau|bên|dưới)\b",
)
#: A row of columns, or of a grid; two of them one below the other are a table, as is TeX's.
_ROW = re.compile(r"\S(?:\t+| {2,}| *\| *)\S|^\S{1,3}(?: \S{1,3}){2,}$")
_TEX_TABLE = re.compile(r"\\begin\{(?:array|tabular|[bpv]?matrix)\}")
#: Characters after a mention in which it may say where the figure stands.
_PLACE_AFTER = 14
#: Where a mention says that the figure stands.
_PLACES = (
    (
        "beside",
        re.compile(r"오른쪽|\b(?:at|to|on)\s(?:the\s)?right\b|derecha|nebenstehend|右|bên", re.I),
    ),
    ("below", re.compile(r"아래|\bbelow\b|abajo|untenstehend|下|dưới", re.I)),
    ("above", re.compile(r"(?<![가-힣])위|\babove\b|arriba|anterior|obige|上|trên", re.I)),
)
_FIGURE = re.compile("|".join(f"(?:{p})" for p in _MENTIONS), re.I)
_TABLE = re.compile("|".join(f"(?:{p})" for p in _TABLE_MENTIONS), re.I)


def is_mentioned(text: str) -> str:
    """The words by which a text speaks of a figure that must be there; "" if it does not."""
    return _first(_FIGURE, text)


def stated_place(text: str) -> str:
    """Where a text says that its figure stands: `beside` (right), `below`, `above`; "" if not."""
    mention = is_mentioned(text)
    # "shown" is one before it says where.
    start = text.find(mention)
    window = text[start : start + len(mention) + _PLACE_AFTER] if mention else ""
    return next((place for place, said in _PLACES if said.search(window)), "")


def is_table_mentioned(text: str) -> str:
    """The words by which a text speaks of a table that is not in it; "" if it does not."""
    return "" if _has_table(text) else _first(_TABLE, text)


def _has_table(text: str) -> bool:
    rows = [bool(_ROW.search(line)) for line in text.split("\n")]
    return bool(_TEX_TABLE.search(text)) or any(a and b for a, b in pairwise(rows))


def _first(pattern: re.Pattern[str], text: str) -> str:
    for found in pattern.finditer(text):
        if not _ASKED.search(text[max(0, found.start() - 60) : found.start()]):
            return found[0].strip()
    return ""
