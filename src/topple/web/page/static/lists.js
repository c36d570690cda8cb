// The list today and the changed list, joined by lines.
import { byId, h, refill, svg, titled } from "./dom.js";
import { idOut } from "./view.js";

const STILL = matchMedia("(prefers-reduced-motion: reduce)");
const SLIDE = 160;
const LEGEND = [["target", "the recommendation"], ["leaves", "leaves the list"], ["enters", "enters the list"], ["stays", "stays in the list"]];

// The rows of both lists: what becomes of each item, in words too.
export function rowsOf(list, changed, target) {
  const then = new Map(changed?.after.map((one) => [one.item, one]) ?? []);
  const gone = new Map(changed?.left.map((one) => [one.item, one]) ?? []);
  const before = list.map((one) => {
    const now = then.get(one.item);
    const mark = one.item === target ? "target" : changed && !now ? "leaves" : "stays";
    return { ...one, mark, note: !changed ? "" : now ? (now.rank === one.rank ? "" : `then ${now.rank}`) : leaving(gone.get(one.item), list.length) };
  });
  if (!changed) return { before, after: [] };
  const first = new Map(list.map((one) => [one.item, one]));
  const after = changed.after.map((one) => {
    const was = first.get(one.item);
    return { ...one, mark: one.item === target ? "target" : was ? "stays" : "enters", note: !was ? "new" : was.rank === one.rank ? "" : `was ${was.rank}` };
  });
  const out = gone.get(target);
  if (out) {
    const last = after.length;
    if (out.after !== null && out.after > last + 1)
      after.push({ gap: true, mark: "gap", title: out.after === last + 2 ? `rank ${last + 1} is not shown` : `ranks ${last + 1} to ${out.after - 1} are not shown` });
    const level = out.after !== null && out.after <= list.length;
    after.push({ rank: level ? null : out.after, item: out.item, title: out.title, mark: "target", note: out.after === null ? "cannot be listed" : level ? "left: nothing speaks for it any more" : "left the list" });
  }
  return { before, after };
}

// An item may leave and be level with all that is listed: then the rank alone would not tell that it is gone.
const leaving = (moved, k) => (!moved?.after ? "leaves" : moved.after > k ? `leaves, then ${moved.after}` : "leaves: nothing speaks for it any more");

export class Lists {
  // `choose(item)` is told of a click on a recommendation, `point(item or null)` of one that is pointed at or has the focus.
  constructor(choose, point) {
    this.choose = choose;
    this.point = point;
    this.pair = byId("pair");
    this.lines = svg("svg", { class: "lines", "aria-hidden": "true", focusable: "false" });
    this.today = h("ol", { "data-arrows": true, "aria-label": "the list today" });
    this.then = h("ol", { "aria-label": "the changed list" });
    this.left = h("div", { class: "list" }, h("h3", {}, "today"), this.today);
    this.right = h("div", { class: "list then" }, this.heading = h("h3", {}), this.then);
    this.pair.append(this.left, this.lines, this.right);
    new ResizeObserver(() => this.join()).observe(this.pair);
  }

  show({ list, changed, target, heading, busy }) {
    this.point(null); // a row that goes tells nobody that the pointer has left it
    const { before, after } = rowsOf(list, changed, target);
    const places = new Map([...this.then.children].map((row) => [row.dataset.item, row.getBoundingClientRect().top]));
    this.pair.classList.toggle("single", !changed);
    this.pair.setAttribute("aria-busy", busy ? "true" : "false");
    this.heading.textContent = heading;
    refill(this.today, before.map((row) => this.row(row, true)));
    refill(this.then, after.map((row) => this.row(row, false)));
    this.rows = { before, after };
    const marks = new Set([...before, ...after].map((row) => row.mark));
    refill(byId("legend"), changed ? LEGEND.filter(([mark]) => marks.has(mark)).map(([mark, words]) => h("li", { class: mark }, sample(mark), words)) : []);
    this.join();
    if (!STILL.matches) this.slide(places);
  }

  row(row, today) {
    if (row.gap) return h("li", { class: "gap" }, h("span", { class: "rank", "aria-hidden": "true" }, "⋮"), h("span", { class: "name" }, row.title));
    const key = idOut(row.item);
    const inner = [h("span", { class: "rank" }, row.rank === null ? "–" : String(row.rank)), h("span", { class: "name" }, titled(row), " ", tied(row)), h("span", { class: "note" }, row.note)];
    const light = { onpointerenter: () => this.light(key, row.item), onpointerleave: () => this.light(null), onfocusin: () => this.light(key, row.item), onfocusout: () => this.light(null) };
    if (!today) return h("li", { class: row.mark, "data-item": key, ...light }, inner);
    const pressed = row.mark === "target";
    return h("li", { class: row.mark, "data-item": key, ...light },
      h("button", { type: "button", "data-key": `r${key}`, "data-stop": true, "aria-pressed": pressed ? "true" : "false", onclick: () => this.choose(row.item) },
        inner, h("span", { class: "hidden" }, pressed ? ", chosen" : ", ask why")));
  }

  // Lines go from where an item was to where it is; a halo keeps crossings apart.
  join() {
    if (!this.rows?.after.length) return this.lines.replaceChildren();
    const box = this.lines.getBoundingClientRect();
    if (!box.width) return undefined;
    this.lines.setAttribute("viewBox", `0 0 ${box.width} ${box.height}`);
    const above = box.top - this.pair.getBoundingClientRect().top;
    const middle = (element) => element.offsetTop + element.offsetHeight / 2 - above; // where a row comes to rest, also while it slides
    const ends = new Map([...this.then.children].filter((row) => row.dataset.item).map((row) => [row.dataset.item, middle(row)]));
    const starts = new Map([...this.today.children].map((row) => [row.dataset.item, middle(row)]));
    const drawn = [];
    for (const row of this.rows.before) {
      const key = idOut(row.item), from = starts.get(key), to = ends.get(key);
      drawn.push(line(to === undefined ? "leaves" : row.mark, key, from, to ?? from, 4, to === undefined ? box.width * 0.4 : box.width - 4));
    }
    for (const row of this.rows.after)
      if (!row.gap && !starts.has(idOut(row.item))) drawn.push(line("enters", idOut(row.item), ends.get(idOut(row.item)), ends.get(idOut(row.item)), box.width * 0.6, box.width - 6));
    const order = ["stays", "leaves", "enters", "target"];
    drawn.sort((one, other) => order.indexOf(one.dataset.mark) - order.indexOf(other.dataset.mark));
    this.lines.replaceChildren(...drawn);
    return undefined;
  }

  light(key, item = null) {
    this.point(item);
    for (const element of this.pair.querySelectorAll("[data-item]")) element.classList.toggle("lit", key !== null && element.dataset.item === key);
  }

  slide(places) {
    for (const row of this.then.children) {
      const was = places.get(row.dataset.item);
      if (was === undefined) continue;
      const by = was - row.getBoundingClientRect().top;
      if (Math.abs(by) > 1) row.animate([{ transform: `translateY(${by}px)` }, { transform: "none" }], { duration: SLIDE, easing: "ease-out" });
    }
  }
}

const tied = (row) => (row.evidence === false ? h("small", {}, "nothing in the history speaks for it") : row.tied ? h("small", {}, `level with ${row.tied} more`) : "");

function line(mark, key, from, to, x1, x2) {
  const path = `M${x1} ${from}L${x2} ${to}`;
  const group = svg("g", { class: `line ${mark}`, "data-item": key, "data-mark": mark }, svg("path", { d: path, class: "halo" }), svg("path", { d: path, class: "stroke" }));
  if (mark === "leaves") group.append(svg("path", { class: "end", d: `M${x2 - 4} ${to - 4}l8 8m0 -8l-8 8` }));
  if (mark === "enters") group.append(svg("path", { class: "tip", d: `M${x2} ${to - 4}l6 4l-6 4z` }));
  return group;
}

function sample(mark) {
  const drawn = svg("svg", { class: "lines sample", viewBox: "0 0 34 12", width: "34", height: "12", "aria-hidden": "true" });
  drawn.append(line(mark, "", 6, 6, 2, mark === "leaves" ? 22 : 26));
  return drawn;
}
