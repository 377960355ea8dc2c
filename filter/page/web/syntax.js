/** Colours: a text as pieces `[class, from, to]`, in order. What no piece covers has no colour. */

const RULES = {
  yaml: /(?<comment>(?<=^|\s)#.*$)|(?<string>"(?:[^"\\]|\\.)*"(?!\s*:)|'[^']*'(?!\s*:))|(?<key>"(?:[^"\\]|\\.)*"(?=\s*:)|[\w$@.\-/]+(?=:(?:\s|$)))|(?<number>\b\d+(?:\.\d+)?\b)|(?<mark>^---)/gm,
  http: /(?<word>^[A-Z]+(?= ))|(?<comment> HTTP\/1\.1$)|(?<key>^[^\s:]+(?=:))/gm,
};

export function pieces(syntax, text) {
  const found = [];
  for (const match of text.matchAll(RULES[syntax])) {
    const [kind] = Object.entries(match.groups).find(([, value]) => value !== undefined);
    found.push([kind, match.index, match.index + match[0].length]);
  }
  return found;
}
