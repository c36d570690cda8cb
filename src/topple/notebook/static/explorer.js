// The explorer in a notebook: draws what the kernel says, and tells the kernel what a person asks. Titles are text: nothing here reads markup.

const SOON = 200, LONG = 8000, AT_ONCE = 200, SEARCHED = 8, SLIDE = 160;
const LEGEND = [["target", "the recommendation"], ["leaves", "leaves the list"], ["enters", "enters the list"], ["stays", "stays in the list"]];
const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
const counted = (count, what) => `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`;

// An element with properties, listeners ("onclick") and children; children that are null or false are left out.
function h(name, properties = {}, ...children) {
  const made = document.createElement(name);
  // Jupyter would take the keys of what has the focus for commands of the notebook; it asks the element itself first.
  if (name === "button" || name === "input") made.setAttribute("data-lm-suppress-shortcuts", "true");
  for (const [key, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key === "class") made.className = value;
    else if (key === "checked" || key === "hidden") made[key] = value;
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const title = (text) => h("bdi", { class: "title" }, text);
const said = (parts) => parts.map((part, turn) => (turn % 2 ? title(part) : part));

class Explorer {
  constructor(model, el) {
    this.model = model;
    this.most = AT_ONCE;
    this.meaning = null; // the name of the proof whose meaning is shown
    this.rows = [];
    this.name = `topple-${Math.random().toString(36).slice(2)}`;
    this.build(el);
    this.draw = this.draw.bind(this);
    this.theme = this.theme.bind(this);
    model.on("change:shown", this.draw);
    model.on("change:asked", this.draw);
    this.sizes = new ResizeObserver(() => this.join());
    this.sizes.observe(this.pair);
    this.themes = new MutationObserver(this.theme);
    for (const one of [document.documentElement, document.body]) this.themes.observe(one, { attributes: true });
    this.night = matchMedia("(prefers-color-scheme: dark)");
    this.night.addEventListener("change", this.theme);
    this.history();
    this.draw();
    requestAnimationFrame(this.theme);
  }

  stop() {
    clearTimeout(this.soon);
    clearTimeout(this.long);
    this.sizes.disconnect();
    this.themes.disconnect();
    this.night.removeEventListener("change", this.theme);
    this.model.off("change:shown", this.draw);
    this.model.off("change:asked", this.draw);
  }

  build(el) {
    const id = (part) => `${this.name}-${part}`;
    this.count = h("p", { class: "count" });
    this.search = h("input", { type: "search", placeholder: "search in history", "aria-label": "search in history", oninput: () => { this.most = AT_ONCE; this.history(); } });
    this.list = h("ul", { class: "items", "aria-labelledby": id("history") });
    this.more = h("p", { class: "more" });
    this.restore = h("button", { type: "button", onclick: () => { this.list.querySelector("input")?.focus({ preventScroll: true }); this.ask({ off: [] }); } }, "restore all");
    this.headline = h("p", { class: "headline", role: "status" });
    this.trouble = h("p", { class: "trouble", role: "alert", hidden: true });
    this.today = h("ol", { "aria-label": "the list today" });
    this.then = h("ol", { "aria-label": "the changed list" });
    this.heading = h("h4", {});
    this.lines = svg("svg", { class: "lines", "aria-hidden": "true", focusable: "false" });
    this.pair = h("div", { class: "pair" }, h("div", { class: "list" }, h("h4", {}, "today"), this.today), this.lines, h("div", { class: "list then" }, this.heading, this.then));
    this.legend = h("ul", { class: "legend" });
    this.why = h("h3", { id: id("why") });
    this.answer = h("div", {});
    const part = (name, ...children) => h("section", { class: name, "aria-labelledby": id(name) }, ...children);
    this.root = h("div", { class: "topple-explorer", onkeydown: (event) => this.key(event) },
      h("div", { class: "columns" },
        part("history", h("h3", { id: id("history") }, "History"), this.search, this.list, this.more, this.count, this.restore),
        part("lists", h("h3", { id: id("lists"), class: "hidden" }, "Lists"), this.headline, this.trouble, this.pair, this.legend),
        part("why", this.why, this.answer)));
    el.append(this.root);
  }

  // What is asked and not answered yet, or null.
  get open() {
    const asked = this.model.get("asked");
    return asked.number !== this.model.get("shown").answered ? asked : null;
  }

  get off() {
    return this.open?.off ?? this.model.get("shown").off;
  }

  get target() {
    const { why } = this.model.get("shown");
    return this.open ? this.open.why : (why?.row ?? null);
  }

  ask({ why = this.target, off = this.off }) {
    const number = (this.model.get("asked").number ?? 0) + 1;
    this.model.set("asked", { number, why, off });
    this.model.save_changes();
    this.draw();
  }

  toggle(row) {
    const off = this.off;
    this.ask({ off: off.includes(row) ? off.filter((one) => one !== row) : [...off, row].sort((a, b) => a - b) });
  }

  // Arrow keys go from row to row; everything else is left to the browser.
  key(event) {
    const stops = [...(event.target.closest("ul, ol")?.querySelectorAll("button, input") ?? [])];
    const at = stops.indexOf(event.target);
    if (at < 0 || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) return;
    event.preventDefault();
    stops[Math.min(stops.length - 1, Math.max(0, at + (event.key === "ArrowDown" ? 1 : -1)))].focus();
  }

  // Fill anew; who had the focus has it again, by the key of the element.
  refill(container, ...children) {
    const focused = this.root.getRootNode().activeElement;
    const key = container.contains(focused) ? focused.dataset.key : undefined;
    container.replaceChildren(...children.flat(Infinity).filter(Boolean));
    if (key !== undefined) [...container.querySelectorAll("[data-key]")].find((one) => one.dataset.key === key)?.focus({ preventScroll: true });
  }

  history() {
    const items = this.model.get("items"), typed = this.search.value.trim().toLocaleLowerCase();
    const fitting = [...items.keys()].filter((row) => items[row].title.toLocaleLowerCase().includes(typed));
    const named = this.model.get("shown").named, first = fitting.filter((row) => named.includes(row));
    const chosen = new Set([...first, ...fitting.filter((row) => !named.includes(row))].slice(0, Math.max(this.most, first.length)));
    const left = fitting.length - chosen.size;
    this.search.hidden = items.length < SEARCHED;
    this.boxes = new Map();
    this.refill(this.list, [...chosen].map((row) => this.item(row, items[row])));
    this.refill(this.more, fitting.length ? null : "Nothing of the history is called so.",
      left > 0 ? h("button", { type: "button", "data-key": "more", onclick: () => { this.most += AT_ONCE; this.history(); } }, `show ${Math.min(left, AT_ONCE)} of ${left.toLocaleString("en")} more`) : null);
    this.led = named.join();
    this.switches();
  }

  item(row, { title: text, times }) {
    const box = h("input", { type: "checkbox", "data-key": `h${row}`, onchange: () => this.toggle(row) });
    const marks = h("span", { class: "marks" });
    const made = h("li", {}, h("label", {}, box, h("span", { class: "name" }, title(text), times > 1 ? h("small", {}, ` ${times} times`) : null), marks));
    this.boxes.set(row, { made, box, marks });
    return made;
  }

  switches() {
    const items = this.model.get("items"), named = new Set(this.model.get("shown").named), off = new Set(this.off);
    for (const [row, { made, box, marks }] of this.boxes) {
      box.checked = !off.has(row);
      made.className = [off.has(row) && "off", named.has(row) && "named"].filter(Boolean).join(" ");
      marks.textContent = [named.has(row) && "named", off.has(row) && "off"].filter(Boolean).join(", ");
    }
    this.count.textContent = counted(items.length, "item") + (off.size ? `, ${off.size.toLocaleString("en")} switched off` : "");
    this.restore.hidden = off.size === 0;
  }

  draw() {
    const shown = this.model.get("shown");
    if (this.led !== shown.named.join()) this.history();
    else this.switches();
    this.wait();
    if (!this.open) this.refill(this.headline, shown.headline.length ? said(shown.headline) : shown.trouble ? "" : "Switch an item off, or click a recommendation.");
    this.trouble.hidden = !shown.trouble;
    if (this.trouble.textContent !== shown.trouble) this.trouble.textContent = shown.trouble;
    this.drawLists(shown);
    this.drawWhy(shown.why);
  }

  // A person is told what takes longer than a moment.
  wait() {
    clearTimeout(this.soon);
    clearTimeout(this.long);
    this.root.setAttribute("aria-busy", this.open ? "true" : "false");
    if (!this.open) return;
    const tell = (text) => this.headline.replaceChildren(text);
    this.soon = setTimeout(tell, SOON, "The model is asked …");
    this.long = setTimeout(tell, LONG, "No answer yet. A kernel that runs another cell answers after that; where it was stopped or restarted, run the cells again.");
  }

  drawLists({ today, then, heading }) {
    const tops = new Map([...this.then.children].map((row) => [row.dataset.item, row.getBoundingClientRect().top]));
    const marks = new Set([...today, ...then].map((row) => row.mark));
    this.rows = { today, then };
    this.pair.classList.toggle("single", !then.length);
    this.heading.textContent = heading;
    this.refill(this.today, today.map((row, at) => this.row(row, at)));
    this.refill(this.then, then.map((row) => this.row(row, null)));
    this.refill(this.legend, then.length ? LEGEND.filter(([mark]) => marks.has(mark)).map(([mark, words]) => h("li", {}, sample(mark), words)) : []);
    this.join();
    if (!still()) this.slide(tops);
  }

  row(row, at) {
    const inner = [h("span", { class: "rank" }, row.rank), h("span", { class: "name" }, row.mark === "gap" ? row.title : title(row.title), row.more ? h("small", {}, ` ${row.more}`) : null), h("span", { class: "note" }, row.note)];
    const light = (key) => () => { for (const one of this.pair.querySelectorAll("[data-item]")) one.classList.toggle("lit", one.dataset.item === key); };
    const key = row.key === null ? null : String(row.key);
    const made = h("li", { class: row.mark, "data-item": key, onpointerenter: light(key), onpointerleave: light(null), onfocusin: light(key), onfocusout: light(null) });
    if (at === null) made.append(...inner);
    else made.append(h("button", { type: "button", "data-key": `r${at}`, "aria-pressed": row.mark === "target" ? "true" : "false", onclick: () => this.ask({ why: at, off: null }) }, ...inner, h("span", { class: "hidden" }, row.mark === "target" ? ", chosen" : ", ask why")));
    return made;
  }

  // Lines go from where an item was to where it is; a halo keeps crossings apart.
  join() {
    const box = this.lines.getBoundingClientRect();
    if (!this.rows.then?.length || !box.width) return this.lines.replaceChildren();
    this.lines.setAttribute("viewBox", `0 0 ${box.width} ${box.height}`);
    // Of the layout, and not of what is seen: rows may be sliding.
    const middles = (list) => new Map([...list.children].filter((row) => row.dataset.item).map((row) => [row.dataset.item, row.offsetTop + row.offsetHeight / 2]));
    const starts = middles(this.today), ends = middles(this.then), drawn = [];
    for (const { key, mark } of this.rows.today) {
      const from = starts.get(String(key)), to = ends.get(String(key));
      drawn.push(to === undefined ? line("leaves", key, from, from, 4, box.width * 0.4) : line(mark, key, from, to, 4, box.width - 4));
    }
    for (const { key, mark } of this.rows.then)
      if (mark !== "gap" && !starts.has(String(key))) drawn.push(line("enters", key, ends.get(String(key)), ends.get(String(key)), box.width * 0.6, box.width - 8));
    const order = ["stays", "leaves", "enters", "target"];
    drawn.sort((one, other) => order.indexOf(one.dataset.mark) - order.indexOf(other.dataset.mark));
    return this.lines.replaceChildren(...drawn);
  }

  slide(tops) {
    for (const row of this.then.children) {
      const by = (tops.get(row.dataset.item) ?? NaN) - row.getBoundingClientRect().top;
      if (Math.abs(by) > 1) row.animate([{ transform: `translateY(${by}px)` }, { transform: "none" }], { duration: SLIDE, easing: "ease-out" });
    }
  }

  drawWhy(why) {
    this.refill(this.why, "Why", why ? [" ", title(why.title)] : "");
    if (!why) return this.refill(this.answer, h("p", { class: "hint" }, "Click a recommendation of the list today to see what it hangs on."));
    if (why.trouble) return this.refill(this.answer, h("p", { class: "trouble", role: "alert" }, why.trouble));
    const told = why.proofs.find((one) => one.name === this.meaning);
    const meaning = h("p", { class: "meaning", id: `${this.name}-meaning`, hidden: !told }, told?.meaning ?? "");
    const badges = why.proofs.map(({ name }) => h("button", {
      type: "button", class: "badge", "data-key": `b${name}`, "aria-expanded": name === told?.name ? "true" : "false", "aria-controls": meaning.id,
      onclick: () => { this.meaning = this.meaning === name ? null : name; this.drawWhy(this.model.get("shown").why); },
    }, name));
    const again = why.again === 1 ? "show the one that is named" : `show the ${why.again} that are named`;
    return this.refill(this.answer,
      h("p", { class: "sentence" }, said(why.sentence)), h("p", { class: "badges" }, badges), meaning, h("p", { class: "work" }, why.work),
      why.again ? h("p", { class: "hint" }, "You have switched other items. ", h("button", { type: "button", "data-key": "again", onclick: () => this.ask({ why: why.row, off: null }) }, again)) : null);
  }

  // Light or dark as what stands behind it, whatever the notebook calls its themes.
  theme() {
    let behind = this.root.parentNode, colour = null;
    while (behind && !colour) {
      if (behind instanceof Element) {
        const [red, green, blue, alpha = 1] = (getComputedStyle(behind).backgroundColor.match(/[\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
        if (alpha > 0.5) colour = red * 0.3 + green * 0.59 + blue * 0.11;
      }
      behind = behind.parentNode ?? behind.host;
    }
    this.root.dataset.theme = (colour === null ? this.night.matches : colour < 128) ? "dark" : "light";
  }
}

function line(mark, key, from, to, x1, x2) {
  const path = `M${x1} ${from}L${x2} ${to}`;
  const group = svg("g", { class: `line ${mark}`, "data-item": key, "data-mark": mark }, svg("path", { d: path, class: "halo" }), svg("path", { d: path, class: "stroke" }));
  if (mark === "leaves") group.append(svg("path", { class: "end", d: `M${x2 - 4} ${to - 4}l8 8m0 -8l-8 8` }));
  if (mark === "enters") group.append(svg("path", { class: "tip", d: `M${x2} ${to - 4}l6 4l-6 4z` }));
  return group;
}

function sample(mark) {
  return svg("svg", { class: "lines sample", viewBox: "0 0 34 12", width: "34", height: "12", "aria-hidden": "true" }, line(mark, "", 6, 6, 2, mark === "leaves" ? 22 : 26));
}

export default {
  render({ model, el }) {
    const explorer = new Explorer(model, el);
    return () => explorer.stop();
  },
};
