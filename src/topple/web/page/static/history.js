// What the user did: each item of the history can be switched off, and those that the answer names are lit.
import { byId, clean, counted, h, plainTitle, refill, titled } from "./dom.js";
import { idOut } from "./view.js";

const AT_ONCE = 200;

export class History {
  // `act` has toggle(item), preview(item or null), lock(item), price(item, cost), remove(item).
  constructor(act) {
    this.act = act;
    this.rows = new Map();
    this.lit = new Set(); // what the recommendation hangs on that is pointed at
    this.most = AT_ONCE;
    this.search = byId("history-search");
    this.search.addEventListener("input", () => {
      this.most = AT_ONCE;
      this.draw();
    });
  }

  // `state`: items [{item, title, times}], off and named (sets), lock, prices (map), detailed (locks and prices are shown), typed, alone.
  show(state, who) {
    if (state.items !== this.state?.items) {
      this.most = AT_ONCE;
      this.rows.clear();
    }
    this.state = state;
    refill(byId("who"), ...who);
    this.draw();
  }

  light(items) {
    const before = this.lit;
    this.lit = new Set(items);
    for (const one of this.state?.items ?? []) if (before.has(one.item) !== this.lit.has(one.item) && this.rows.has(one.item)) this.update(one);
  }

  draw() {
    const { items, named, off } = this.state;
    const typed = this.search.value.trim().toLocaleLowerCase();
    this.search.parentElement.hidden = items.length < 8;
    const fitting = typed ? items.filter((one) => plainTitle(one).toLocaleLowerCase().includes(typed) || clean(one.item) === typed) : items;
    const first = fitting.filter((one) => named.has(one.item));
    const rest = fitting.filter((one) => !named.has(one.item));
    const shown = [...first, ...rest].slice(0, Math.max(this.most, first.length));
    const hidden = shown.length < fitting.length ? fitting.filter((one) => off.has(one.item) && !shown.includes(one)).slice(0, AT_ONCE) : [];
    const every = [...shown, ...hidden];
    const list = byId("items");
    for (const one of every) this.rows.has(one.item) ? this.update(one) : this.make(one);
    const rows = every.map((one) => this.rows.get(one.item).row);
    if (rows.length !== list.children.length || rows.some((row, at) => list.children[at] !== row)) {
      refill(list, rows);
      list.scrollTop = 0;
    }
    this.more(fitting.length - every.length, typed && !fitting.length);
    this.count();
  }

  more(left, nothing) {
    refill(byId("history-more"),
      nothing ? h("span", {}, "Nothing of the history is called so.") : null,
      left > 0 ? h("button", { type: "button", onclick: () => { this.most += AT_ONCE; this.draw(); } }, `show ${Math.min(left, AT_ONCE)} of ${counted(left, "more item")}`) : null);
  }

  count() {
    const { items, off } = this.state;
    byId("count").textContent = off.size ? `${counted(items.length, "item")}, ${off.size.toLocaleString("en")} switched off` : counted(items.length, "item");
    byId("restore").hidden = off.size === 0;
  }

  make(one) {
    const key = idOut(one.item);
    const box = h("input", { type: "checkbox", "data-key": `h${key}`, "data-stop": true, onchange: () => this.act.toggle(one.item) });
    const marks = h("span", { class: "marks" });
    const row = h("li", {
      onpointerenter: () => this.act.preview(one.item), onpointerleave: () => this.act.preview(null),
      onfocusin: (event) => event.target.matches(":focus-visible") && this.act.preview(one.item), onfocusout: () => this.act.preview(null),
    }, h("label", {}, box, h("span", { class: "name" }, titled(one), one.times > 1 ? h("small", {}, ` ${one.times} times`) : null), marks));
    this.rows.set(one.item, { row, box, marks });
    this.update(one);
  }

  // Lock, price and removal, made when they are first asked for.
  extras(one, made) {
    if (made.lock) return;
    const title = plainTitle(one);
    made.lock = h("button", { type: "button", class: "lock", "data-key": `l${idOut(one.item)}`, onclick: () => this.act.lock(one.item), "aria-label": `lock ${title}: it may not be named` });
    made.price = h("input", { type: "number", min: "0.001", step: "any", class: "price", placeholder: "price 1", "aria-label": `price of ${title}`, onchange: (event) => this.act.price(one.item, event.target.value) });
    made.remove = h("button", { type: "button", class: "remove", "aria-label": `take ${title} out of the history`, onclick: () => this.act.remove(one.item) }, "remove");
    made.row.append(h("span", { class: "extras" }, made.lock, made.price, made.remove));
  }

  update(one) {
    const { named, off, lock, prices, detailed, typed, alone } = this.state;
    const made = this.rows.get(one.item);
    const isOff = off.has(one.item), isNamed = named.has(one.item), locked = lock.has(one.item), lit = this.lit.has(one.item);
    made.box.checked = !isOff;
    made.row.className = [isOff && "off", isNamed && "named", locked && "locked", lit && "lit"].filter(Boolean).join(" ");
    made.marks.textContent = [isNamed && (alone ? "keeps it" : "named"), lit && !isNamed && (alone ? "would keep it" : "named for it"), isOff && "off", locked && "locked"].filter(Boolean).join(", ");
    if (detailed || locked || prices.has(one.item) || (typed && isOff)) this.extras(one, made);
    if (!made.lock) return;
    made.lock.hidden = !detailed && !locked;
    made.lock.textContent = locked ? "unlock" : "lock";
    made.lock.setAttribute("aria-pressed", locked ? "true" : "false");
    made.price.hidden = !detailed && !prices.has(one.item);
    if (document.activeElement !== made.price) made.price.value = prices.get(one.item) ?? "";
    made.remove.hidden = !(typed && (detailed || isOff));
  }
}
