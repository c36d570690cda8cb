// The page: what is chosen is a view, which the address holds; what is shown is what the service answers to it.
import { ask, patiently } from "./api.js";
import { bar } from "./bar.js";
import { below } from "./below.js";
import { byId, clean, counted, h, refill } from "./dom.js";
import { History } from "./history.js";
import { Known } from "./known.js";
import { Lists } from "./lists.js";
import { changeBody, fromAddress, listBody, toAddress, whyBody } from "./view.js";
import { Why } from "./why.js";
import "./window.js";
import { headline } from "./words.js";

const PREVIEW = 150;
const NARROW = matchMedia("(max-width: 62em)");

let view = fromAddress(location.hash);
let models = [];
const shown = { list: null, changed: null, answer: null, keys: {} };
const running = {};
const answered = new Known();

const base = () => `models/${encodeURIComponent(view.model)}`;

// Ask for one thing; an earlier question for the same thing is given up. Returns undefined where a later one has taken over.
async function fresh(what, path, body) {
  running[what]?.abort();
  const control = (running[what] = new AbortController());
  try {
    const found = await ask(path, body, { signal: control.signal });
    return running[what] === control ? found : undefined;
  } catch (error) {
    if (error.name === "AbortError" || running[what] !== control) return undefined;
    throw error;
  }
}

// ---- what the view asks for

const known = () => view.user !== null || (view.history?.length ?? 0) > 0;
const listKey = () => idsKey([view.model, view.user, view.history, view.k, view.rule, view.only, view.never]);
const whyKey = (item = view.why) => idsKey([listKey(), item, view.goal, view.effort, view.method, view.sets, view.largest, view.lock, view.groups, view.prices, view.verb]);
const idsKey = (value) => JSON.stringify(value);

// The sets that an answer names; the first is the answer itself.
const setsOf = (answer) => (answer?.items.length ? [answer.items, ...answer.alternatives] : []);
const itemsOf = () => shown.list?.items ?? [];

// What is switched off: what the person has switched, else what the answer names (of a set that keeps it alone: everything else).
function offNow() {
  const has = new Set(itemsOf().map((one) => one.item));
  if (view.off !== null) return [...new Set(view.off)].filter((item) => has.has(item));
  const set = setsOf(shown.answer)[0];
  return set ? offOf(set) : [];
}

function offOf(set) {
  if (view.goal !== "sufficient") return [...set];
  const kept = new Set(set);
  return itemsOf().map((one) => one.item).filter((item) => !kept.has(item));
}

const same = (one, other) => one.length === other.length && one.every((item) => other.includes(item));
function chosenSet() {
  const off = offNow();
  const at = setsOf(shown.answer).findIndex((set) => same(offOf(set), off));
  return at < 0 ? null : at;
}

// ---- changing the view

export function go(change, { replace = false } = {}) {
  const other = ["model", "user", "history"].some((name) => name in change && idsKey(change[name]) !== idsKey(view[name]));
  if (other) change = { why: null, off: null, lock: [], groups: [], prices: [], ...change };
  view = { ...view, ...change };
  const address = toAddress(view);
  if (replace) history.replaceState(null, "", address);
  else if (address !== location.hash) history.pushState(null, "", address);
  return refresh();
}

addEventListener("popstate", () => {
  view = fromAddress(location.hash);
  if (!models.some((one) => one.key === view.model)) view.model = models[0]?.key ?? "";
  refresh();
});

let refreshing = 0;
async function refresh() {
  const turn = ++refreshing;
  byId("main").setAttribute("aria-busy", "true");
  try {
    await refreshed();
  } finally {
    if (turn === refreshing) byId("main").setAttribute("aria-busy", "false");
  }
}

async function refreshed() {
  byId("trouble").hidden = true;
  controls();
  try {
    if (!known()) return await nothingChosen();
    byId("empty").hidden = true;
    if (shown.keys.list !== listKey() && !(await newList())) return undefined;
    byId("columns").hidden = false;
    if (shown.keys.why !== whyKey()) await newAnswer();
    await newChange();
    drawPanels();
    await more.refresh();
  } catch (error) {
    trouble(error);
  }
  return undefined;
}

async function newList() {
  const key = listKey();
  const found = await patiently(fresh("list", `${base()}/recommend`, listBody(view)), () => busy("Ranking all items for this history …"));
  if (!found || key !== listKey()) return false;
  const events = new Map();
  for (const one of found.history) events.set(one.item, { ...one, times: (events.get(one.item)?.times ?? 0) + 1 });
  Object.assign(shown, { list: { ...found, items: [...events.values()].reverse() }, answer: null, changed: null });
  shown.keys = { list: key };
  draw();
  return true;
}

async function newAnswer() {
  const key = whyKey();
  Object.assign(shown, { answer: null });
  shown.keys.why = key;
  running.why?.abort();
  if (view.why === null) {
    why.nothing("Choose a recommendation: it is said why it is in the list, and what would be there without it.");
    return;
  }
  const target = shown.list.list.find((one) => one.item === view.why);
  if (!target) {
    why.trouble({ item: view.why }, `It is not among the ${view.k} of this list: there is nothing to explain. Choose one that is listed.`);
    return;
  }
  try {
    const words = view.effort === "proof" ? "Looking for the smallest set, and for a proof: up to half a minute …" : "Looking for the smallest set …";
    const found = await patiently(fresh("why", `${base()}/explain`, whyBody(view)), () => why.waiting(target, words));
    if (found) answered.put(key, found.explanations[0]);
    if (found && key === whyKey()) shown.answer = found.explanations[0];
    else if (shown.keys.why === key) shown.keys.why = null;
  } catch (error) {
    why.trouble(target, clean(error.message), view.effort === "proof" ? { name: "ask for less", change: { effort: "instant" } } : null);
  }
}

async function newChange() {
  const off = offNow(), items = itemsOf().map((one) => one.item);
  const key = idsKey([listKey(), off]);
  draw(shown.keys.change !== key && off.length > 0);
  if (shown.keys.change === key) return;
  shown.keys.change = key;
  running.change?.abort();
  if (!off.length) {
    shown.changed = null;
    draw();
    return;
  }
  try {
    const found = await patiently(fresh("change", `${base()}/what-if`, changeBody(view, items, off)), () => (byId("headline").textContent = "Ranking all items again …"));
    if (!found) return;
    shown.changed = found;
    draw();
  } catch (error) {
    shown.keys.change = null;
    throw error;
  }
}

// ---- showing

function draw(waits = false) {
  const off = new Set(offNow());
  const answer = shown.answer;
  const named = new Set(answer ? (setsOf(answer)[chosenSet() ?? 0] ?? []) : []);
  const alone = view.goal === "sufficient" && off.size > named.size;
  historyPart.show({
    items: itemsOf(), named, off, lock: new Set(view.lock), prices: new Map(view.prices), detailed: view.open.includes("more"),
    typed: view.user === null, alone: view.goal === "sufficient",
  }, view.user === null ? ["typed here; add more above"] : ["of user ", h("bdi", {}, clean(view.user))]);
  const changed = off.size ? shown.changed : null;
  lists.show({ list: shown.list.list, changed, target: view.why, busy: waits, heading: alone ? `with ${counted(itemsOf().length - off.size, "item")} alone` : `without ${counted(off.size, "item")}` });
  if (!off.size) byId("headline").textContent = view.why === null ? "Choose one to see why it is here, or switch items of the history off." : "";
  else if (changed && !waits) byId("headline").textContent = headline(changed, [...off], itemsOf(), alone);
  byId("saving").hidden = !answer;
  byId("more").hidden = view.why === null;
  if (answer) why.show(answer, view, itemsOf(), setsOf(answer).length ? chosenSet() : 0);
}

function busy(words) {
  byId("trouble").hidden = true;
  byId("headline").textContent = words;
  refill(byId("examples"), h("span", { role: "status" }, words));
}

function again() {
  shown.keys = {};
  return models.length ? refresh() : start();
}

function trouble(error) {
  if (error.name === "AbortError") return;
  byId("panels").hidden = !shown.list;
  const box = byId("trouble");
  refill(box, clean(error.message), " ", h("button", { type: "button", onclick: again }, "try again"));
  box.hidden = false;
  byId("headline").textContent = "";
}

async function nothingChosen() {
  Object.assign(shown, { list: null, changed: null, answer: null, keys: {} });
  byId("columns").hidden = true;
  byId("empty").hidden = false;
  byId("panels").hidden = true;
  const { users } = await ask(`${base()}/users?limit=5`);
  refill(byId("examples"), users.length ? ["For example user ", users.map((user) => h("button", { type: "button", onclick: () => go({ user, history: null }) }, h("bdi", {}, clean(user))))] : "This model knows no users: type titles above.");
}

// ---- the parts

const lists = new Lists((item) => {
  const shownThen = go({ why: view.why === item ? null : item, off: null });
  if (NARROW.matches) shownThen.then(() => byId("why").scrollIntoView({ block: "start" })); // the sentence comes first there
}, (item) => historyPart.light(item === null ? [] : (setsOf(answered.get(whyKey(item)))[0] ?? [])));
const why = new Why({
  go,
  open: (name) => {
    go({ open: [...new Set([...view.open, name])] });
    byId(`panel-${name}`).scrollIntoView({ block: "start" });
  },
  pick: (number) => go({ off: number === 0 ? null : offOf(setsOf(shown.answer)[number]) }),
});
let previewing = 0;
const historyPart = new History({
  toggle(item) {
    const off = offNow();
    preview(null);
    go({ off: off.includes(item) ? off.filter((one) => one !== item) : [...off, item] });
  },
  preview,
  lock: (item) => go({ lock: flip(view.lock, item), off: null }),
  price: (item, cost) => go({ prices: [...view.prices.filter(([one]) => one !== item), ...(Number(cost) > 0 && Number(cost) !== 1 ? [[item, Number(cost)]] : [])], off: null }),
  remove: (item) => go({ history: view.history.filter((one) => one !== item), why: view.why, off: view.off?.filter((one) => one !== item) ?? null }),
});
const flip = (items, item) => (items.includes(item) ? items.filter((one) => one !== item) : [...items, item]);

// What would happen if one more item were switched, said before anybody does it.
function preview(item) {
  clearTimeout(previewing);
  running.preview?.abort();
  byId("preview").textContent = "";
  if (item === null || !shown.list) return;
  previewing = setTimeout(async () => {
    const off = flip(offNow(), item), items = itemsOf();
    if (!off.length) return;
    try {
      const found = await fresh("preview", `${base()}/what-if`, changeBody(view, items.map((one) => one.item), off));
      if (found) byId("preview").textContent = `Preview. ${headline(found, off, items, false)}`;
    } catch {
      byId("preview").textContent = ""; // the click itself will say what is wrong
    }
  }, PREVIEW);
}

byId("restore").addEventListener("click", () => go({ off: [] }));

// ---- what is below the lists, each closed at first

const menus = new Map();
const page = {
  view: () => view, shown, base, fresh, go, off: offNow, models: () => models,
  toggle: (item) => go({ off: flip(offNow(), item) }),
  switchOff: (set) => go({ off: offOf(set) }),
  panel: (name, open) => go({ open: open ? [...view.open, name] : view.open.filter((one) => one !== name) }),
  async menu(model) {
    if (!menus.has(model)) menus.set(model, (await ask(`models/${encodeURIComponent(model)}/methods`)).methods);
    return menus.get(model);
  },
};
const controls = bar(page);
const { more, drawPanels } = below(page);

// ---- start

async function start() {
  try {
    ({ models } = await ask("models"));
  } catch (error) {
    byId("main").setAttribute("aria-busy", "false");
    return trouble(error);
  }
  if (!models.some((one) => one.key === view.model)) view.model = models[0].key;
  return refresh();
}
start();
