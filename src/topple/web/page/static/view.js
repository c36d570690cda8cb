// The view: all that decides what the screen shows, and the address that holds it. It stands behind the #, which browsers send to
// nobody: what people did is in no log.
import { big, bigId, idText } from "./api.js";

export const BLANK = Object.freeze({
  model: "", user: null, history: null, k: 5, rule: "unseen_before", why: null, off: null, goal: "necessary", effort: "instant",
  method: "auto", sets: 1, largest: null, lock: [], groups: [], prices: [], only: [], never: [], verb: "liked", open: [], methods: [],
  models: [],
});
const CHOICES = {
  rule: ["unseen_before", "unseen_after", "all"],
  goal: ["necessary", "sufficient", "both"],
  effort: ["instant", "balanced", "proof"],
  verb: ["liked", "bought", "played", "read", "viewed", "watched", "heard", "rated"],
};
const TEXTS = ["model", "method"];
const NUMBERS = ["k", "sets", "largest"];
const IDS = ["history", "off", "lock", "only", "never"];
const WORDS = ["open", "methods", "models"];

// A number is written as it is; a text that looks like one, or begins like a marked one, has an apostrophe before it.
export const idOut = (id) => {
  if (typeof id === "number" || big(id)) return idText(id);
  return (/^('|-?\d+$)/.test(id) ? "'" : "") + id.replace(/[%~:!]/g, (one) => `%${one.charCodeAt(0).toString(16).padStart(2, "0")}`);
};
export const idIn = (text) => {
  if (/^-?\d+$/.test(text)) return Number.isSafeInteger(Number(text)) ? Number(text) : bigId(text);
  return text.replace(/^'/, "").replace(/%([0-9a-fA-F]{2})/g, (_, code) => String.fromCharCode(parseInt(code, 16)));
};
const listOut = (ids) => ids.map(idOut).join("~");
const listIn = (text) => (text === "" ? [] : text.split("~").map(idIn));

export function toAddress(view) {
  const told = new URLSearchParams();
  const put = (name, text, blank) => (text === blank ? null : told.set(name, text));
  for (const name of [...TEXTS, ...Object.keys(CHOICES)]) put(name, view[name], BLANK[name]);
  for (const name of NUMBERS) put(name, view[name] === null ? "" : String(view[name]), String(BLANK[name] ?? ""));
  for (const name of ["user", "why"]) if (view[name] !== null) told.set(name, idOut(view[name]));
  for (const name of IDS) if (view[name] !== null && (view[name].length || BLANK[name] === null)) told.set(name, listOut(view[name]));
  for (const name of WORDS) put(name, view[name].join("~"), "");
  if (view.groups.length) told.set("groups", view.groups.map(listOut).join("!"));
  if (view.prices.length) told.set("prices", view.prices.map(([item, cost]) => `${idOut(item)}:${cost}`).join("~"));
  const text = told.toString().replace(/%7E/g, "~").replace(/%2C/g, ",").replace(/%3A/g, ":").replace(/%21/g, "!");
  return text ? `#${text}` : location.pathname;
}

// What cannot be read stays as it is in a blank view: an address is typed, cut and sent by people.
export function fromAddress(hash) {
  const told = new URLSearchParams(hash.replace(/^#/, ""));
  const view = { ...BLANK };
  for (const name of TEXTS) view[name] = told.get(name) ?? BLANK[name];
  for (const [name, known] of Object.entries(CHOICES)) if (known.includes(told.get(name))) view[name] = told.get(name);
  for (const name of NUMBERS) if (/^[1-9]\d{0,3}$/.test(told.get(name) ?? "")) view[name] = Number(told.get(name));
  for (const name of ["user", "why"]) if (told.get(name)) view[name] = idIn(told.get(name));
  for (const name of IDS) if (told.has(name)) view[name] = listIn(told.get(name));
  for (const name of WORDS) if (told.get(name)) view[name] = told.get(name).split("~");
  if (told.get("groups")) view.groups = told.get("groups").split("!").map(listIn).filter((group) => group.length);
  if (told.get("prices")) {
    const pairs = told.get("prices").split("~").map((pair) => pair.split(":"));
    view.prices = pairs.filter(([, cost]) => Number(cost) > 0).map(([item, cost]) => [idIn(item), Number(cost)]);
  }
  if (view.user !== null) view.history = null;
  return view;
}

// The body of a question about the list.
export function listBody(view) {
  const who = view.user === null ? { history: view.history } : { user: view.user };
  return {
    ...who, k: view.k, rule: view.rule,
    ...(view.only.length ? { candidates: view.only } : {}),
    ...(view.never.length ? { exclude: view.never } : {}),
  };
}

// The body of a question why.
export function whyBody(view, method = view.method) {
  return {
    ...listBody(view), targets: [view.why], goal: view.goal, because: view.verb, sets: view.sets, method,
    ...(method === "auto" ? { effort: view.effort } : {}),
    ...(view.largest ? { largest: view.largest } : {}),
    ...(view.lock.length ? { protected: view.lock } : {}),
    ...(view.groups.length ? { groups: view.groups } : {}),
    ...(view.prices.length ? { item_costs: view.prices } : {}),
    ...(view.effort === "proof" ? { deadline: 30 } : {}),
  };
}

// The body of a question what would be listed without some items; of nearly all items it is said what is kept.
export function changeBody(view, history, off) {
  const gone = new Set(off);
  const kept = [...new Set(history)].filter((item) => !gone.has(item));
  return { ...listBody(view), ...(kept.length < off.length ? { only: kept } : { without: off }) };
}
