import { element } from "./dom.js";
import { pieces } from "./syntax.js";

/** A text area over a coloured copy of its text, with line numbers, in which problems are underlined. */
export class Editor {
  constructor(area, changed) {
    this.area = area;
    this.syntax = area.parentElement.dataset.syntax;
    this.copy = element("pre", { "aria-hidden": "true" });
    this.gutter = element("div", { class: "gutter", "aria-hidden": "true" });
    this.marks = [];
    Object.assign(area, { spellcheck: false, autocomplete: "off", wrap: "off" });
    area.setAttribute("autocapitalize", "off");
    area.parentElement.prepend(this.gutter, this.copy);
    area.addEventListener("input", () => { this.marks = []; this.draw(); changed(); });
    area.addEventListener("scroll", () => this.follow());
  }

  get text() {
    return this.area.value;
  }

  set text(text) {
    this.area.value = text;
    this.area.scrollTop = 0;
    this.marks = [];
    this.draw();
  }

  /** Underlines problems, which have `from`, `to`, `line` and `severity`. */
  mark(problems) {
    this.marks = problems;
    this.area.setAttribute("aria-invalid", String(problems.some((problem) => problem.severity === "error")));
    this.draw();
  }

  /** Puts the cursor where a problem is. */
  go({ from, to }) {
    this.area.focus();
    this.area.setSelectionRange(from, Math.max(from, to));
    const line = this.text.slice(0, from).split("\n").length - 1;
    this.area.scrollTop = line * parseFloat(getComputedStyle(this.area).lineHeight) - this.area.clientHeight / 2;
  }

  draw() {
    this.copy.replaceChildren(...this.coloured(), "\n");
    const lines = this.text.split("\n").length;
    const wrong = new Set(this.marks.filter((mark) => mark.severity === "error").map((mark) => mark.line));
    const number = (_, at) => element("span", { class: wrong.has(at + 1) ? "wrong" : null }, `${at + 1}`);
    this.gutter.replaceChildren(...Array.from({ length: lines }, number));
    this.follow();
  }

  /** The text in pieces, each with one colour and the worst mark over it. */
  coloured() {
    const text = this.text;
    const colours = pieces(this.syntax, text);
    const marks = this.marks.map((mark) => [`mark-${mark.severity}`, mark.from, visible(text, mark)]);
    const cuts = new Set([0, text.length, ...[...colours, ...marks].flatMap(([, from, to]) => [from, to])]);
    const places = [...cuts].sort((a, b) => a - b);
    const covering = (from, to) => ([, start, end]) => start <= from && to <= end;
    return places.slice(1).map((to, at) => {
      const from = places[at];
      const names = [...colours, ...marks].filter(covering(from, to)).map(([name]) => name);
      const piece = text.slice(from, to);
      return names.length ? element("span", { class: names.join(" ") }, piece) : piece;
    });
  }

  follow() {
    this.copy.style.transform = `translate(${-this.area.scrollLeft}px, ${-this.area.scrollTop}px)`;
    this.gutter.style.transform = `translateY(${-this.area.scrollTop}px)`;
  }
}

/** The end of a mark: at least a character, and on one line. */
function visible(text, { from, to }) {
  const end = text.indexOf("\n", from);
  return Math.min(Math.max(to, from + 1), end < 0 ? text.length : Math.max(end, from));
}
