// Asking the service. A key, where one is asked for, is kept for this tab alone and sent with each request.
import { byId, clean } from "./dom.js";

const KEPT = "topple-key";
const BIG = /("(?:[^"\\]|\\.)*")|(?<![\d.])(-?\d{16,})(?![\d.eE])/g;
const MARK = "\u0001int:";

export class Trouble extends Error {
  constructor(message, status = 0) {
    super(message);
    this.status = status;
  }
}

// Ids beyond 2^53 are no numbers of JavaScript: they are carried as marked texts, and sent as the numbers that they are.
export const read = (text) =>
  JSON.parse(/\d{16}/.test(text) ? text.replace(BIG, (all, quoted, digits) => quoted ?? bigOrNumber(digits)) : text);
const bigOrNumber = (digits) => (Number.isSafeInteger(Number(digits)) ? digits : JSON.stringify(MARK + digits));
export const write = (value) => JSON.stringify(value).replace(/"\\u0001int:(-?\d+)"/g, "$1");
export const big = (id) => typeof id === "string" && id.startsWith(MARK);
export const idText = (id) => (big(id) ? id.slice(MARK.length) : clean(id));
export const bigId = (digits) => MARK + digits;

// Ask, and return the JSON of the answer. A busy service is asked again a few times.
export async function ask(path, body, { signal, as = "json", tries = 3 } = {}) {
  const key = sessionStorage.getItem(KEPT);
  const headers = { ...(key ? { Authorization: `Bearer ${key}` } : {}), ...(body ? { "Content-Type": "application/json" } : {}) };
  let found;
  try {
    found = await fetch(`v1/${path}`, { method: body ? "POST" : "GET", headers, body: body && write(body), signal, credentials: "omit" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Trouble("The service does not answer. What you typed is kept; try again when it runs.");
  }
  if (found.status === 401) {
    await newKey(key);
    return ask(path, body, { signal, as, tries });
  }
  if ((found.status === 429 || found.status === 503) && tries > 1) {
    await later(1000 * Math.min(5, Number(found.headers.get("Retry-After")) || 1), signal);
    return ask(path, body, { signal, as, tries: tries - 1 });
  }
  const text = await found.text();
  if (!found.ok) throw new Trouble(told(text, found.status), found.status);
  return as === "json" ? read(text) : text;
}

function told(text, status) {
  try {
    return clean(JSON.parse(text).error.message);
  } catch {
    return `The service answered ${status} and did not say why.`;
  }
}

// Say what is being done where it takes longer than people take for at once.
const PATIENCE = 200; // milliseconds
export function patiently(work, waiting) {
  const timer = setTimeout(waiting, PATIENCE);
  return work.finally(() => clearTimeout(timer));
}

const later = (milliseconds, signal) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("", "AbortError"));
    });
  });

// Ask the person for a key, once however many requests wait for one.
let asking = null;
function newKey(refused) {
  if (refused !== sessionStorage.getItem(KEPT)) return Promise.resolve(); // another request has brought one meanwhile
  asking ??= new Promise((resolve) => {
    const dialog = byId("key");
    if (refused) byId("key-note").textContent = "That key was refused. Give another; it is kept until this tab is closed.";
    byId("key-value").value = "";
    dialog.oncancel = (event) => event.preventDefault();
    byId("key-form").onsubmit = () => {
      sessionStorage.setItem(KEPT, byId("key-value").value.trim());
      asking = null;
      resolve();
    };
    dialog.showModal();
  });
  return asking;
}
