import { byId, element } from "./dom.js";
import { headerLine } from "./result.js";

/** What Envoy itself writes, removes or counts on each connection; the filter has no say in it. */
const PLUMBING = /^(:.*|connection|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade|content-length|x-forwarded-.*|x-envoy-.*|x-request-id)$/;

/** Where the playground runs that serves this page; `null` on a static host. */
export async function findPlayground() {
  const response = await fetch("playground.json");
  return response.ok ? response.json() : null;
}

/** Why the request cannot be sent as the explanation takes it; empty if it can. */
export function whyNot(playground, question, answer) {
  if (!answer.whole) return "There are errors to mend first.";
  const { token, peer, direction, cluster, route, caller } = question.request;
  const runs = JSON.stringify(playground.configurations);
  const shown = JSON.stringify(answer.instances.map((instance) => instance.configuration));
  if (runs !== shown) return "These Envoys run the configuration of the example “The playground”; choose it to send.";
  if (token.trim() || peer !== "known" || direction || cluster || route || caller) return "The playground has no tokens, and its listeners say no direction and its nodes no workload: leave these empty to send.";
  return "";
}

export async function send(head) {
  const response = await fetch("send", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ head }) });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

function comparable(lines) {
  return lines.filter(([name]) => !PLUMBING.test(name)).map(([name, value]) => `${name}: ${value}`).sort();
}

function without(lines, others) {
  const left = [...others];
  return lines.filter((line) => {
    const at = left.indexOf(line);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

/** What the explanation and the service disagree about: lines that only one of them has. */
export function differences(whole, answer) {
  if (whole.status !== 200 || answer.lines === null) {
    const same = whole.status === answer.status && (whole.body ?? "") === answer.body.trim();
    return same ? [] : [`explained: ${whole.status} ${whole.body ?? ""}`, `answered: ${answer.status} ${answer.body.trim()}`];
  }
  const upstream = whole.lines.filter((line) => line.change !== "stripped").map((line) => [line.name, line.value]);
  const host = upstream.filter(([name]) => name === ":authority").map(([, value]) => ["host", value]);
  const expected = comparable([...host, ...upstream]);
  const real = comparable(answer.lines);
  return [...without(expected, real).map((line) => `explained only: ${line}`),
    ...without(real, expected).map((line) => `answered only: ${line}`)];
}

/** Shows what the real Envoys answered, beside the explanation. */
export function showReal(whole, answer) {
  const differing = differences(whole, answer);
  const verdict = differing.length ? "They differ from the explanation" : "As explained";
  const by = answer.lines ? `${answer.status}, answered by ${answer.service}` : `${answer.status} ${answer.body}`;
  const line = ([name, value]) => headerLine({ change: "kept", name, value });
  byId("answered").replaceChildren(
    element("p", { class: `verdict ${differing.length ? "differs" : "agrees"}` }, element("b", {}, verdict), ` · ${by}`),
    element("ul", { class: "differences" }, ...differing.map((text) => element("li", {}, text))),
    element("ul", { class: "lines" }, ...(answer.lines ?? []).map(line)));
}
