// Runs once in the browser's page. `vlmforgeShow` puts a document there and says how large it
// is; `vlmforgeMeasure` says where each of its characters stands. Lengths are in 1/64 pixel, the
// engine's unit. Words, lines and blocks are made of this in `layout.py`, whose `Measured` it is.
((maxText, maxElements, maxTex, maxExpand, maxSize) => {
  const DROPPED = "script,meta,link,base,iframe,frame,object,embed,template";
  class Refused extends Error {
    constructor(reason, detail) { super(detail); this.reason = reason; }
  }
  // Whatever is drawn as text is text of the document: see `page.py`. What is important in a
  // layer is stronger than all that is important outside of one.
  const truth = new CSSStyleSheet();
  truth.replaceSync(`
    @layer truth {
      *, *::before, *::after { hyphens: none !important; text-transform: none !important;
        text-overflow: clip !important; animation: none !important; transition: none !important; }
      :not(.katex *)::before, :not(.katex *)::after { content: none !important; }
      .katex-eqn-num::before, .katex-mml-eqn-num::before { content: none !important; }
      * { list-style: none !important; }
      q { quotes: none !important; }
      input, select, textarea, button, progress, meter, video, audio, canvas {
        display: none !important; }
    }
    html { text-rendering: geometricPrecision; }
    .katex { white-space: nowrap; }
    .katex, .katex :is(.hangul_fallback, .cjk_fallback) {
      font-family: KaTeX_Main, var(--text-font); }`);
  document.adoptedStyleSheets.push(truth);
  // Elements that do not end a word.
  const INLINE = new Set(["A", "ABBR", "B", "BDI", "BDO", "CITE", "CODE", "DEL", "DFN", "EM", "I",
    "INS", "KBD", "MARK", "Q", "S", "SAMP", "SMALL", "SPAN", "STRONG", "SUB", "SUP", "TIME", "U",
    "VAR", "WBR", "tspan", "textPath"]);
  const NOT_TEXT = new Set(["STYLE", "SCRIPT", "TEMPLATE", "TITLE", "HEAD", "desc", "title"]);
  const unit = (x) => Math.round(x * 64);
  const box = (r) => [unit(r.left), unit(r.top), unit(r.right), unit(r.bottom)];

  function swap(html, lang, scale) {
    const parsed = new DOMParser().parseFromString(html, "text/html");
    for (const e of parsed.querySelectorAll(DROPPED)) e.remove();
    const size = parsed.body.textContent.length;
    if (size > maxText) throw new Refused("too_long", `${size} characters`);
    const elements = parsed.getElementsByTagName("*").length;
    if (elements > maxElements) throw new Refused("too_long", `${elements} elements`);
    const root = parsed.documentElement;
    root.lang = lang;
    root.style.zoom = scale;
    document.replaceChild(document.adoptNode(root), document.documentElement);
  }

  function typeset() {
    const formulas = document.querySelectorAll("[data-tex]");
    // What KaTeX's fonts lack, as Hangul, is drawn in the page's own.
    if (formulas.length) {
      const families = getComputedStyle(document.body).fontFamily;
      document.documentElement.style.setProperty("--text-font", families);
    }
    for (const span of formulas) {
      const tex = span.dataset.tex;
      const displayMode = "display" in span.dataset;
      try {
        if (tex.length > maxTex) throw new Error(`longer than ${maxTex} characters`);
        katex.render(tex, span, {
          displayMode, output: "html", throwOnError: true, maxExpand, maxSize, strict: "ignore",
          trust: ({ command }) => { throw new Error(`${command} is not allowed`); },
        });
      } catch (error) {
        throw new Refused("tex_error", `${error.message} in ${tex}`.slice(0, 500));
      }
    }
  }

  // Chromium keeps its fonts by size, in hundredths of a pixel and again in 1/64, and takes the
  // first that came for all that are as good as equal: what was drawn before would decide
  // where letters stand. Of sizes in 1/32 pixel of the picture, no two are taken for one.
  function snapFonts(scale) {
    const snapped = [];
    for (const element of document.querySelectorAll("html, body, body *")) {
      const size = parseFloat(getComputedStyle(element).fontSize) * scale;
      const wanted = Math.round(size * 32) / 32;
      if (Math.abs(size - wanted) > 1e-5) snapped.push([element, wanted / scale]);
    }
    for (const [element, size] of snapped) element.style.fontSize = `${size}px`;
  }

  function parseColour(css) {
    const n = css.match(/[\d.]+/g).map(Number);
    return [n[0], n[1], n[2], n.length > 3 ? n[3] : 1];
  }

  function content() {
    return [unit(document.documentElement.scrollWidth),
      unit(document.body.getBoundingClientRect().bottom)];
  }

  function measure() {
    const lang = document.documentElement.lang;
    const unspaced = lang === "ja" || lang === "zh";
    const graphemes = new Intl.Segmenter(lang, { granularity: "grapheme" });
    const segmenter = unspaced ? new Intl.Segmenter(lang, { granularity: "word" }) : null;
    const out = { content: content(), chars: [], boxes: [], words: [], spaces: [], runs: [], styles: [], blocks: [],
      formulas: [], clips: [], hidden: [] };
    const { chars, boxes, words, spaces, runs } = out;
    const styleIndex = new Map(), facts = new Map(), blockIndex = new Map(), backs = new Map();
    const formulaIndex = new Map(), clipIndex = new Map();

    function background(element) {
      if (!element) return [255, 255, 255];
      let found = backs.get(element);
      if (found !== undefined) return found;
      const css = getComputedStyle(element);
      const [r, g, b, a] = parseColour(css.backgroundColor);
      if (css.backgroundImage !== "none") found = null;
      else if (a === 1) found = [r, g, b];
      else {
        found = background(element.parentElement);
        if (found && a > 0) found = [r, g, b].map((c, k) => Math.round(c * a + found[k] * (1 - a)));
      }
      backs.set(element, found);
      return found;
    }

    function blockOf(element, kind) {
      let index = blockIndex.get(element);
      if (index !== undefined) return index;
      const around = element.parentElement?.closest("[data-block]");
      const parent = around ? blockOf(around) : -1;
      const ordered = element.closest("[data-order]");
      const order = ordered ? Number(ordered.dataset.order) || 0 : 0;
      index = out.blocks.length;
      out.blocks.push([kind ?? element.dataset.block, order, parent,
        box(element.getBoundingClientRect())]);
      blockIndex.set(element, index);
      return index;
    }

    // The box outside of which the text of an element is cut, as an index; -1 for none.
    function clipOf(element, css) {
      if (!element || element === document.documentElement) return -1;
      let index = clipIndex.get(element);
      if (index !== undefined) return index;
      css ??= getComputedStyle(element);
      index = css.position === "absolute" ? clipOf(element.offsetParent)
        : clipOf(element.parentElement);
      const cuts = css.overflowX !== "visible" || css.clipPath !== "none";
      if (cuts && element !== document.body && css.display !== "inline") {
        const own = box(element.getBoundingClientRect());
        if (index >= 0) {
          const [x1, y1, x2, y2] = out.clips[index];
          own[0] = Math.max(own[0], x1); own[1] = Math.max(own[1], y1);
          own[2] = Math.min(own[2], x2); own[3] = Math.min(own[3], y2);
        }
        index = out.clips.length;
        out.clips.push(own);
      }
      clipIndex.set(element, index);
      return index;
    }

    function factsOf(element) {
      let found = facts.get(element);
      if (found) return found;
      const css = getComputedStyle(element);
      const [r, g, b, a] = parseColour(element.namespaceURI.endsWith("svg") ? css.fill.startsWith("rgb") ? css.fill : css.color : css.color);
      const back = background(element);
      const ink = a < 1 && back ? [r, g, b].map((c, k) => Math.round(c * a + back[k] * (1 - a)))
        : [r, g, b];
      const style = [css.fontFamily, parseFloat(css.fontSize), Number(css.fontWeight),
        css.fontStyle !== "normal", ink, back];
      const key = JSON.stringify(style);
      let index = styleIndex.get(key);
      if (index === undefined) {
        index = out.styles.length;
        out.styles.push(style);
        styleIndex.set(key, index);
      }
      const span = element.closest("[data-tex]");
      let container = span ?? element;
      while (INLINE.has(container.tagName) && !container.dataset?.block && container.parentElement) {
        container = container.parentElement;
      }
      const block = container.closest("[data-block]");
      const reason = a === 0 ? "transparent"
        : element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) ? null
        : "hidden";
      found = {
        style: index, container, reason, formula: span ? formulaIndex.get(span) : -1,
        block: reason ? -1 : block ? blockOf(block) : blockOf(container, "text"),
        clip: clipOf(element, css),
      };
      facts.set(element, found);
      return found;
    }

    for (const element of document.querySelectorAll("[data-block]")) blockOf(element);
    for (const span of document.querySelectorAll("[data-tex]")) {
      const around = span.closest("[data-block]") ?? span.parentElement;
      let x1 = Infinity, y1 = Infinity, x2 = -Infinity, y2 = -Infinity;
      for (const base of span.querySelectorAll(".katex-base")) {
        const r = base.getBoundingClientRect();
        x1 = Math.min(x1, r.left); y1 = Math.min(y1, r.top);
        x2 = Math.max(x2, r.right); y2 = Math.max(y2, r.bottom);
      }
      if (x2 < x1) continue;
      formulaIndex.set(span, out.formulas.length);
      out.formulas.push([span.dataset.tex, "display" in span.dataset, blockOf(around, "text"),
        box({ left: x1, top: y1, right: x2, bottom: y2 })]);
    }

    const range = document.createRange();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
    let space = true, container = null;
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (node.nodeType === 1) {
        if (node.tagName === "BR") space = true;
        continue;
      }
      const text = node.data, element = node.parentElement;
      if (!/\S/.test(text)) { space = true; continue; }
      if (NOT_TEXT.has(element.tagName)) continue;
      const fact = factsOf(element);
      if (fact.container !== container) { space = true; container = fact.container; }
      if (fact.reason) {
        // A formula's phantoms are there to be left out.
        if (fact.formula < 0) out.hidden.push([text.slice(0, 200), fact.reason]);
        continue;
      }
      runs.push([chars.length, fact.style, fact.block, fact.formula ?? -1, fact.clip]);
      const cut = new Set();
      if (unspaced && fact.formula < 0) {
        for (const s of segmenter.segment(text)) cut.add(s.index);
      }
      const simple = /^[\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\u2010-\u2027\u3000-\u3029\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff\uac00-\ud7a3]*$/.test(text);
      const parts = simple ? text : Array.from(graphemes.segment(text), (s) => s.segment);
      let at = 0, lost = "";
      for (const part of parts) {
        const start = at;
        at += part.length;
        if (!part.trim()) { space = true; continue; }
        range.setStart(node, start);
        range.setEnd(node, at);
        const r = range.getBoundingClientRect();
        if (r.width === 0 || r.height === 0) {
          if (!/^[\p{Cf}\p{Mn}\p{Cc}]+$/u.test(part)) lost += part;
          continue;
        }
        if (space) { spaces.push(chars.length); space = false; }
        else if (cut.has(start)) words.push(chars.length);
        chars.push(part);
        boxes.push(unit(r.left), unit(r.top), unit(r.right), unit(r.bottom));
      }
      if (lost) out.hidden.push([lost.slice(0, 200), "hidden"]);
    }
    return out;
  }

  async function fill(html, lang, scale) {
    swap(html, lang, scale);
    typeset();
    await Promise.all(Array.from(document.images, (image) => image.decode().catch(() => {
      throw new Refused("broken_image", image.src.slice(0, 100));
    })));
    snapFonts(scale);
    document.body.getBoundingClientRect();
    if (document.fonts.status === "loading") await document.fonts.ready;
  }

  let painted;

  globalThis.vlmforgeShow = async (html, lang, scale) => {
    try {
      await fill(html, lang, scale);
    } catch (error) {
      if (error instanceof Refused) return JSON.stringify({ refused: [error.reason, error.message] });
      throw error;
    }
    // The task after the one that paints the document's first frame.
    painted = new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    return JSON.stringify({ content: content() });
  };

  globalThis.vlmforgeMeasure = async (whenPainted) => {
    if (whenPainted) await painted;
    return JSON.stringify(measure());
  };
})
