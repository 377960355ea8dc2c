import { element } from "./dom.js";

/** Headers that the filter does not touch, of which the picture says nothing. */
function touched(hops) {
  const changed = hops.flatMap((hop) => hop.lines).filter((line) => line.change !== "kept");
  return new Set(changed.map((line) => line.name));
}

/** What a hop hands on of the headers that matter, or got of them. */
function carried(lines, names, changes) {
  return lines.filter((line) => names.has(line.name) && changes.includes(line.change));
}

function chips(lines, title) {
  const chip = (line) => element("li", { class: `chip ${line.change}`, title: `${line.name}: ${line.value}` },
    element("b", {}, line.name), " ", line.value);
  const none = element("li", { class: "chip none" }, "no context");
  return element("ul", { class: "carried", "aria-label": title }, ...(lines.length ? lines.map(chip) : [none]));
}

function node(name, role) {
  return element("span", { class: "node" }, name, element("small", {}, role));
}

/** Draws client → instances → service, with what each part of the way carries; `choose` gets the number of a hop. */
export function drawWay(place, { hops, whole, instances }, chosen, choose) {
  const names = touched(hops);
  const steps = [element("li", {}, node("client", "outside"))];
  const first = hops[0]?.lines ?? [];
  // The host is context too, if a tenant comes from it.
  const sent = carried(first, new Set([":authority", ...names]), ["kept", "stripped"]);
  if (first.length) steps.push(element("li", { class: "edge" }, chips(sent, "From the client")));
  instances.forEach((instance, at) => {
    const hop = hops[at];
    const refuses = hop && hop.status !== 200;
    const button = element("button", { type: "button", class: `node ${refuses ? "refuses" : ""}`, disabled: !hop,
      "aria-pressed": String(chosen === at), title: "Show what this instance changes", onclick: () => choose(at) },
    instance.name, element("small", {}, refuses ? `answers ${hop.status}` : instance.role));
    steps.push(element("li", {}, button));
    if (hop && !refuses) {
      steps.push(element("li", { class: "edge" }, chips(carried(hop.lines, names, ["kept", "written"]), `From ${instance.name}`)));
    }
  });
  const reaches = whole?.status === 200;
  steps.push(element("li", { class: reaches ? "" : "unreached" }, node("service", reaches ? "upstream" : "not reached")));
  place.replaceChildren(element("ol", {}, ...steps));
}
