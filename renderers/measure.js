// Where each word stands, from the layout engine itself: [text, x1, y1, x2, y2] in CSS pixels.
// A word is a run without white space; in Japanese and Chinese, what Intl.Segmenter says.
// A word that is broken across lines is one entry a line.
(lang) => {
  const unspaced = lang === "ja" || lang === "zh";
  const words = new Intl.Segmenter(lang, { granularity: "word" });
  const graphemes = new Intl.Segmenter(lang, { granularity: "grapheme" });
  const found = [];
  const range = document.createRange();
  const runs = (text) => unspaced
    ? [...words.segment(text)].map((s) => [s.index, s.segment])
    : [...text.matchAll(/\S+/g)].map((m) => [m.index, m[0]]);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    for (const [start, word] of runs(node.data)) {
      if (!word.trim()) continue;
      range.setStart(node, start);
      range.setEnd(node, start + word.length);
      const whole = [...range.getClientRects()].filter((r) => r.width > 0);
      if (whole.length === 1) {
        const r = whole[0];
        found.push([word, r.left, r.top, r.right, r.bottom]);
        continue;
      }
      let entry = null;
      for (const { index, segment } of graphemes.segment(word)) {
        range.setStart(node, start + index);
        range.setEnd(node, start + index + segment.length);
        const r = range.getBoundingClientRect();
        if (entry && Math.abs(entry[2] - r.top) < 2) {
          entry[0] += segment;
          entry[3] = Math.max(entry[3], r.right);
          entry[4] = Math.max(entry[4], r.bottom);
        } else {
          entry = [segment, r.left, r.top, r.right, r.bottom];
          found.push(entry);
        }
      }
    }
  }
  const page = document.documentElement;
  return JSON.stringify({
    width: Math.ceil(page.scrollWidth),
    height: Math.ceil(document.body.getBoundingClientRect().height),
    words: found,
  });
}
