// What holds up the list: how far the removal of each single item pushes each recommendation.
import { counted, h, joined, refill, titled } from "./dom.js";
import { listBody, idOut } from "./view.js";

const FIRST = 25;
const LONG = 1000; // items of a history from which on it is asked first

export class Matrix {
  // `page` has view, shown, base(), fresh(), toggle(item), open(panel, is), off().
  constructor(page) {
    this.page = page;
    this.name = "matrix";
    this.body = h("div", { class: "panel-body" });
    this.all = false;
    this.key = null;
  }

  title = "What holds up the list?";

  async refresh() {
    const { shown, fresh, base } = this.page;
    const key = shown.keys.list;
    if (key === this.key) return this.found ? this.draw() : undefined;
    Object.assign(this, { key, found: null, all: false });
    const count = shown.list.history.length;
    if (count > LONG && this.sure !== key) {
      refill(this.body, h("p", {}, `This ranks all items ${count.toLocaleString("en")} times. `), h("button", { type: "button", onclick: () => { this.sure = key; this.key = null; this.refresh(); } }, "do it"));
      return undefined;
    }
    refill(this.body, h("p", { class: "working" }, `Removing each of ${counted(count, "item")} in turn …`));
    try {
      const found = await fresh("matrix", `${base()}/influence`, listBody(this.page.view()));
      if (!found || key !== this.key) return undefined;
      this.found = found;
      this.draw();
    } catch (error) {
      this.key = null;
      refill(this.body, h("p", { class: "trouble", role: "alert" }, error.message));
    }
    return undefined;
  }

  draw() {
    const { list, ranks, topples } = this.found;
    const off = new Set(this.page.off());
    const rows = this.found.units.map((unit, at) => ({ unit, ranks: ranks[at], topples: topples[at] }));
    const weight = (row) => row.topples.filter(Boolean).length * 1000 + row.ranks.reduce((sum, rank, at) => sum + Math.max(0, Math.min(50, rank - list[at].rank)), 0);
    rows.sort((one, other) => weight(other) - weight(one));
    const alone = rows.filter((row) => row.topples.some(Boolean));
    const shown = this.all ? rows : rows.slice(0, Math.max(FIRST, 1));
    refill(this.body,
      h("p", {}, alone.length
        ? [`${alone.length} of ${counted(rows.length, "item")} ${alone.length > 1 ? "hold up a recommendation each" : "holds up a recommendation"} alone: `, joined(alone.map((row) => titled(row.unit[0])), 6), "."]
        : "No single item of the history holds up a recommendation: each stays listed, whichever one item is removed."),
      h("div", { class: "scroll", tabIndex: 0, role: "region", "aria-label": "history by list" },
        h("table", { class: "matrix" },
          h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "without"), list.map((one) => h("th", { scope: "col" }, `${one.rank} `, titled(one))))),
          h("tbody", { "data-arrows": true }, shown.map((row) => this.row(row, list, off))))),
      rows.length > shown.length ? h("button", { type: "button", onclick: () => { this.all = true; this.draw(); } }, `show all ${counted(rows.length, "item")}`) : null,
      h("p", { class: "hint" }, "A number says how many ranks the recommendation falls (+) or rises (−) without the item; “out” means that it leaves the list. A click switches the item off."));
  }

  row({ unit, ranks, topples }, list, off) {
    const item = unit[0].item;
    return h("tr", { class: off.has(item) ? "off" : "" },
      h("th", { scope: "row" }, titled(unit[0]), off.has(item) ? h("small", {}, " off") : null),
      ranks.map((rank, at) => {
        const by = rank - list[at].rank;
        const size = topples[at] ? "out" : by > 2 ? "much" : by > 0 ? "more" : by < 0 ? "less" : "none";
        const words = topples[at] ? `out, ${rank}` : by > 0 ? `+${by}` : by < 0 ? `−${-by}` : "0";
        return h("td", { class: size }, h("button", {
          type: "button", "data-key": `m${idOut(item)}.${at}`, "data-stop": at === 0, onclick: () => this.page.toggle(item),
          "aria-label": `without ${unit[0].title}: ${list[at].title} ${topples[at] ? `leaves the list, rank ${rank}` : by === 0 ? "stays where it is" : `moves from ${list[at].rank} to ${rank}`}`,
        }, words));
      }));
  }
}
