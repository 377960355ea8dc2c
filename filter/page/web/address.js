/** The state of the page in the fragment of its address: deflated JSON in base64url (RFC 4648 §5). */

/** The most characters of state that an address may open. */
const LIMIT = 1_000_000;

async function through(bytes, stream) {
  const reader = new Blob([bytes]).stream().pipeThrough(stream).getReader();
  const parts = [];
  let size = 0;
  for (let part; !(part = await reader.read()).done; parts.push(part.value)) {
    size += part.value.length;
    if (size > LIMIT) throw new Error("the address holds too much");
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

export async function toFragment(state) {
  const bytes = await through(new TextEncoder().encode(JSON.stringify(state)), new CompressionStream("deflate-raw"));
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The state of an address; throws if it holds none. */
export async function fromFragment(fragment) {
  const text = atob(fragment.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
  const state = JSON.parse(new TextDecoder().decode(await through(bytes, new DecompressionStream("deflate-raw"))));
  if (typeof state?.documents !== "string" || typeof state.request?.head !== "string") throw new Error("no state");
  return state;
}
