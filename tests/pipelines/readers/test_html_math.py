from __future__ import annotations

import pytest

from tests.pipelines.readers.reading import png, read

KATEX = (
    '<span class="katex"><span class="katex-mathml"><math xmlns="http://www.w3.org/1998/Math/MathML"{}>'
    "<semantics><mrow><mi>a</mi><mo>&lt;</mo><mi>b</mi></mrow>"
    '<annotation encoding="application/x-tex">{}</annotation></semantics></math></span>'
    '<span class="katex-html" aria-hidden="true"><span class="base"><span class="mord mathnormal">a</span>'
    '<span class="mrel">&lt;</span><span class="mord mathnormal">b</span></span></span></span>'
)
WIKIPEDIA = (
    '<span class="mwe-math-element"><span class="mwe-math-mathml-inline mwe-math-mathml-a11y" '
    'style="display: none;"><math alttext="{{\\displaystyle E}}"><semantics><mi>E</mi>'
    '<annotation encoding="application/x-tex">{0}</annotation></semantics></math></span>'
    '<img src="https://wikimedia.example/svg/1" class="mwe-math-fallback-image-inline" '
    'aria-hidden="true" alt="{0}"></span>'
)


def text_of(root, body):
    (root / "p.html").write_text(f"<!doctype html><html><body><main>{body}</main></body></html>")
    items = read(root, "p.html", "html")
    assert len(items) == 1, items
    return "\n\n".join(part.text for part in items[0].parts if part.text)


def test_tex_comes_out_to_the_byte(tmp_path):
    tex = r"\frac{a}{b} & a<b \\ \text{“é”}  \% #1 *x* _y_ |z|"
    written = tex.replace("&", "&amp;").replace("<", "&lt;")
    body = f'<p>As <span class="math notranslate nohighlight">\\({written}\\)</span> says.</p>'
    assert text_of(tmp_path, body) == f"As ${tex}$ says."


@pytest.mark.parametrize(
    ("formula", "tex"),
    [
        (KATEX.format("", "a&lt;b"), "a<b"),
        (WIKIPEDIA.format(r"{\displaystyle E=mc^{2}}"), r"{\displaystyle E=mc^{2}}"),
        ('<img class="mwe-math-fallback-image-inline" src="x.svg" alt="x^2">', "x^2"),
        ('<img class="math" src="_images/math/1.png" alt="a &lt; b"/>', "a < b"),
        ('<img src="_images/math/1.png" alt="a > b" class="math" style="x"/>', "a > b"),
        ('<script type="math/tex">a < b & \\c</script>', "a < b & \\c"),
        ('<script type="math/tex">% <![CDATA[\na < b %]]></script>', "a < b"),
        (
            '<span class="MathJax_Preview">a&lt;b</span><span class="MathJax"><nobr aria-hidden="true">'
            '<span class="math"><span>a&lt;b</span></span></nobr><span class="MJX_Assistive_MathML"><math>'
            '<mi>a</mi></math></span></span><script type="math/tex" id="MathJax-Element-1">a<b</script>',
            "a<b",
        ),
        (
            '<mjx-container class="MathJax" jax="CHTML"><mjx-math aria-hidden="true">a</mjx-math>'
            "<mjx-assistive-mml><math><semantics><mi>a</mi>"
            '<annotation encoding="TeX">a_1</annotation></semantics></math></mjx-assistive-mml></mjx-container>',
            "a_1",
        ),
        ('<span class="math inline">\\(x_i\\)</span>', "x_i"),
    ],
    ids=lambda value: value[:24],
)
def test_each_way_of_writing_a_formula_gives_its_tex_once(tmp_path, formula, tex):
    assert text_of(tmp_path, f"<p>Here {formula} is <b>bold</b>.</p>") == f"Here ${tex}$ is bold."


@pytest.mark.parametrize(
    "formula",
    [
        f'<span class="katex-display">{KATEX.format(" display=&quot;block&quot;".replace("&quot;", chr(34)), "x")}</span>',
        '<script type="math/tex; mode=display">x</script>',
        '</p><div class="math notranslate nohighlight">\n\\[x\\]</div><p>',
        '</p><div class="math"><p><img src="i.png" alt="x"/></p>\n</div><p>',
        '<span class="math display">\\[x\\]</span>',
        '<img class="mwe-math-fallback-image-display" src="x.svg" alt="x">',
    ],
    ids=lambda value: value[:24],
)
def test_displayed_formulas_stand_on_their_own_lines(tmp_path, formula):
    text = text_of(tmp_path, f"<p>The rule {formula} holds in general.</p>")
    assert text == "The rule\n\n$$x$$\n\nholds in general."


def test_the_number_of_an_equation_stays_beside_it(tmp_path):
    number = '<span class="eqno">(3)<a class="headerlink" href="#e">¶</a></span>'
    body = f'<p>Now look:</p><div class="math" id="e">\n{number}\\[a\\]</div><p>Then more text.</p>'
    assert text_of(tmp_path, body).split("\n\n")[:3] == ["Now look:", "$$a$$", "(3)"]


def test_several_lines_of_tex_stay_as_they_are(tmp_path):
    tex = "\\begin{split}a\n\n  &= b \\\\\n  &= c\\end{split}"
    body = f'<p>See:</p><div class="math">\n\\[{tex.replace("&", "&amp;")}\\]</div>'
    assert text_of(tmp_path, body * 2) == f"See:\n\n$${tex}$$\n\nSee:\n\n$${tex}$$"


def test_mathml_without_tex_stays_text(tmp_path):
    body = "<p>So <math><semantics><mi>x</mi><mo>=</mo><mn>1</mn><annotation encoding='StarMath 5.0'>x{1}</annotation></semantics></math> holds.</p>"
    assert text_of(tmp_path, body) == "So x=1 holds."


def test_equal_formulas_in_a_row_are_all_kept(tmp_path):
    image = '<img class="mwe-math-fallback-image-inline" src="x.svg" alt="x">'
    assert text_of(tmp_path, f"<p>So {image}, {image} and again {image}.</p>") == (
        "So $x$, $x$ and again $x$."
    )


def test_images_beside_formulas_keep_their_places(tmp_path):
    (tmp_path / "a.png").write_bytes(png())
    body = '<p>A <span class="math">\\(a\\)</span> b.</p><p><img src="a.png" alt="plot"></p><p>C <span class="math">\\(c\\)</span>.</p>'
    (tmp_path / "p.html").write_text(f"<html><body><main>{body}</main>")
    (draft,) = read(tmp_path, "p.html", "html")
    assert [p.text for p in draft.parts] == ["A $a$ b.", None, "C $c$."]
    assert [i.alt for i in draft.images] == ["plot"]


@pytest.mark.parametrize("number", ["&#xe003;0&#57348;", "&#xE003;0&#xe004", "\ue0030\ue004"])
def test_a_page_cannot_write_marks_of_ours(tmp_path, number):
    assert text_of(tmp_path, f"<p>Some text {number} and more.</p>") == "Some text 0 and more."


def test_formulas_of_real_pages_are_those_of_their_sources(samples):
    root = samples / "scikit-learn"
    for page in ("svm", "linear_model", "gaussian_process"):
        source = (root / "_sources" / "modules" / f"{page}.rst.txt").read_text()
        draft = read(root, f"modules/{page}.html", "html")[-1]
        text = "\n".join(p.text for p in draft.parts if p.text)
        wanted = [piece.split("`")[0] for piece in source.split(":math:`")[1:]]
        wanted = [" ".join(tex.replace("\\\\", "\\").split()) for tex in wanted]
        missing = [tex for tex in wanted if f"${tex}$" not in " ".join(text.split())]
        assert len(wanted) > 30
        assert len(missing) <= 0.03 * len(wanted), missing
        assert "\\(" not in text
