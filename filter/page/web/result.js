import { byId, element } from "./dom.js";

const SIGNS = { kept: " ", stripped: "−", written: "+" };

/** How a screen reader hears it. */
const SPOKEN = { kept: "kept", stripped: "stripped", written: "written" };

/** One header line, with what became of it and why. */
export function headerLine({ change, name, value, reasons = [] }) {
  return element("li", { class: change },
    element("span", { class: "sign", "aria-hidden": "true" }, SIGNS[change]),
    element("span", { class: "hidden" }, `${SPOKEN[change]}: `),
    element("code", {}, element("b", {}, name), ": ", value),
    reasons.length ? element("ul", { class: "reasons" }, ...reasons.map((reason) => element("li", {}, reason))) : null);
}

function banner({ status, body }, name) {
  if (status === 302) return ["passed", `Redirected by ${name}: ${status}`];
  if (status !== 200) return ["refused", `Refused by ${name}: ${status} ${body ?? ""}`.trim()];
  return ["passed", "Passes"];
}

function count(lines, change) {
  return lines.filter((line) => line.change === change).length;
}

/** Shows what became of the request on the whole way, or at the chosen instance. */
export function showResult({ whole, hops, problems }, chosen) {
  const outcome = byId("outcome");
  const part = chosen === null ? whole : hops[chosen];
  byId("result-title").textContent = part?.status === 302 ? "The client gets" : chosen === null ? "Upstream gets" : `What ${hops[chosen].instance} hands on`;
  byId("result").classList.toggle("stale", !part);
  if (!part) {
    const errors = problems.filter((problem) => problem.blocks).length;
    outcome.className = "outcome wrong";
    outcome.textContent = `${errors} ${errors === 1 ? "error" : "errors"} to mend first`;
    byId("lines").replaceChildren();
    byId("events").replaceChildren();
    return;
  }
  const refuser = hops.find((hop) => hop.status !== 200)?.instance;
  const [kind, text] = banner(part, refuser);
  outcome.className = `outcome ${kind}`;
  const { lines = [] } = part;
  const changes = part.status === 200 ? `, ${count(lines, "stripped")} stripped, ${count(lines, "written")} written` : "";
  outcome.textContent = text + changes;
  byId("lines").replaceChildren(...lines.map(headerLine));
  showEvents(chosen === null ? hops : [hops[chosen]]);
}

function showEvents(hops) {
  const item = (event) => element("li", { class: `event ${event.event}` }, element("small", {}, event.instance), " ", event.text);
  byId("events").replaceChildren(...hops.flatMap((hop) => hop.events).map(item));
}
