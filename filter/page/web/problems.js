import { byId, element } from "./dom.js";

/** Lists the problems of a text under its editor, each a button that goes there. */
export function showProblems(name, editor, problems) {
  const own = problems.filter((problem) => problem.text === name);
  const item = (problem) => element("li", { class: problem.severity },
    element("button", { type: "button", onclick: () => editor.go(problem) },
      element("b", {}, `${problem.severity}, line ${problem.line}`), " ", problem.message));
  byId(`${name}-problems`).replaceChildren(...own.map(item));
  editor.mark(own);
}
