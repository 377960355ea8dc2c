import { fromFragment, toFragment } from "./address.js";
import { loadCore } from "./core.js";
import { byId, element } from "./dom.js";
import { Editor } from "./editor.js";
import { showProblems } from "./problems.js";
import { findPlayground, send, showReal, whyNot } from "./real.js";
import { showResult } from "./result.js";
import { setUpTheme } from "./theme.js";
import { drawWay } from "./way.js";

const [core, examples, playground] = await Promise.all([
  loadCore(), fetch("examples.json").then((response) => response.json()), findPlayground()]);
const editors = Object.fromEntries(["documents", "head", "token"].map((name) => [name, new Editor(byId(name), later)]));
const facts = ["peer", "direction", "cluster", "route", "caller"];

/** The instance that is looked at; `null` for the whole way. */
let chosen = null;
let answer;
let timer;

function question() {
  const known = Object.fromEntries(facts.map((name) => [name, byId(name).value]));
  return { documents: editors.documents.text, request: { head: editors.head.text, token: editors.token.text, ...known } };
}

function fill({ documents, request }) {
  editors.documents.text = documents;
  editors.head.text = request.head;
  editors.token.text = request.token ?? "";
  byId("peer").value = request.peer ?? "known";
  byId("direction").value = request.direction ?? "";
  byId("cluster").value = request.cluster ?? "";
  byId("route").value = request.route ?? "";
  byId("caller").value = request.caller ?? "";
  chosen = null;
  explain();
}

function later() {
  document.documentElement.dataset.ready = "false";
  clearTimeout(timer);
  timer = setTimeout(explain, 120);
}

function explain() {
  clearTimeout(timer);
  const { documents, request } = question();
  // Seals end; a link to the page does not hold when it was opened.
  answer = core({ documents, request: { ...request, time: Math.floor(Date.now() / 1000) } });
  for (const [name, editor] of Object.entries(editors)) showProblems(name, editor, answer.problems);
  const count = answer.instances.length;
  byId("instances").textContent = `${count} ${count === 1 ? "instance" : "instances"}`;
  if (chosen !== null && !answer.hops[chosen]) chosen = null;
  byId("answered").replaceChildren();
  draw();
  document.documentElement.dataset.ready = "true";
  remember();
}

function draw() {
  drawWay(byId("way"), answer, chosen, (at) => {
    chosen = chosen === at ? null : at;
    draw();
    byId("way").querySelectorAll("button")[at].focus();
  });
  showResult(answer, chosen);
  if (!playground) return;
  const reason = whyNot(playground, question(), answer);
  byId("real").hidden = false;
  byId("send").disabled = reason !== "";
  byId("send-note").textContent = reason || `to the gateway at ${playground.gateway}`;
}

async function remember() {
  history.replaceState(null, "", `#${await toFragment(question())}`);
}

async function sendNow() {
  explain();
  const asked = answer;
  try {
    showReal(asked.whole, await send(editors.head.text));
  } catch (error) {
    byId("answered").replaceChildren(element("p", { class: "verdict differs" }, `Not sent: ${error.message}`));
  }
}

async function copyLink() {
  await remember();
  // A browser has no clipboard for a page that came without TLS; the address bar has the link too.
  await navigator.clipboard?.writeText(location.href);
  byId("copy").textContent = navigator.clipboard ? "Copied" : "See the address";
  setTimeout(() => { byId("copy").textContent = "Copy link"; }, 1500);
}

function offerExamples() {
  const option = (group, request) => element("option", { value: JSON.stringify([group, request]) }, examples[group].requests[request].name);
  byId("example").append(element("option", { value: "" }, "choose one"), ...examples.map((group, at) =>
    element("optgroup", { label: group.title }, ...group.requests.map((_, request) => option(at, request)))));
}

function choose(value) {
  if (!value) return;
  const [group, request] = JSON.parse(value);
  fill({ documents: examples[group].documents, request: examples[group].requests[request] });
}

async function open() {
  try {
    fill(await fromFragment(location.hash.slice(1)));
  } catch {
    byId("example").value = "[0,0]";
    choose("[0,0]");
  }
}

offerExamples();
setUpTheme(byId("theme"));
byId("example").addEventListener("change", (event) => choose(event.target.value));
for (const name of facts) byId(name).addEventListener("input", later);
byId("send").addEventListener("click", sendNow);
byId("copy").addEventListener("click", copyLink);
addEventListener("hashchange", open);
addEventListener("keydown", (event) => {
  if (event.altKey && event.code === "KeyC") copyLink();
  else if (event.altKey && event.code === "KeyD") byId("theme").click();
  else if (event.ctrlKey && event.key === "Enter" && playground && !byId("send").disabled) sendNow();
  else return;
  event.preventDefault();
});
await open();
