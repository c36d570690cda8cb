// Two methods, or two models, on the same question: sets, sizes, truth, bars of what each item counts for, and curves.
import { ask } from "./api.js";
import { chart } from "./chart.js";
import { clean, h, joined, refill, titled } from "./dom.js";
import { idOut, whyBody } from "./view.js";
import { proofs } from "./words.js";

const FIRST = ["auto", "greedy", "leave-one-out"];
const MOST_BARS = 10;

export class Compare {
  constructor(page) {
    this.page = page;
    this.name = "compare";
    this.choices = h("fieldset", { class: "choices" }, h("legend", {}, "methods and models"));
    this.results = h("div", { "aria-live": "polite" });
    this.body = h("div", { class: "panel-body" }, this.choices, this.results);
    this.found = new Map(); // answers, by question
    this.pending = new Map(); // promises of answers, by question
  }

  title = "Compare methods and models";

  async refresh() {
    const view = this.page.view();
    if (view.why === null) return refill(this.results, h("p", { class: "hint" }, "Choose a recommendation first: methods are compared on why it is listed."));
    try {
      this.menu = await this.page.menu(view.model);
    } catch (error) {
      return refill(this.results, h("p", { class: "trouble", role: "alert" }, error.message));
    }
    this.choose(view);
    const asked = this.asked(view);
    const missing = asked.filter((one) => !this.found.has(one.key));
    this.draw(view, asked);
    for (const one of missing) {
      if (this.page.view() !== view) return undefined; // another question is asked meanwhile
      if (!this.pending.has(one.key)) this.pending.set(one.key, this.answer(one));
      this.found.set(one.key, await this.pending.get(one.key));
      this.pending.delete(one.key);
      if (this.page.view() === view) this.draw(view, asked);
    }
    return undefined;
  }

  // The questions: a method each of this model, and the chosen method of each other model.
  asked(view) {
    const methods = this.methods(view);
    const of = (model, method) => {
      const body = whyBody(view, method);
      return { model, method, body, path: `models/${encodeURIComponent(model)}/curves`, key: JSON.stringify([model, body]) };
    };
    return [...methods.map((method) => of(view.model, method)), ...view.models.map((model) => of(model, view.method))];
  }

  methods(view) {
    const known = this.menu.filter((one) => one.fits && !one.learns).map((one) => one.explainer);
    return (view.methods.length ? view.methods : FIRST).filter((one) => known.includes(one));
  }

  async answer(one) {
    try {
      const found = await ask(one.path, one.body);
      return { answer: found.explanations[0], curves: found.curves[0] };
    } catch (error) {
      return { trouble: clean(error.message) };
    }
  }

  choose(view) {
    const methods = this.methods(view), others = this.page.models().map((one) => one.key).filter((key) => key !== view.model);
    const unfit = this.menu.filter((one) => !one.fits || one.learns).map((one) => one.explainer);
    const box = (name, checked, change) => h("label", {}, h("input", { type: "checkbox", checked, "data-key": `c${name}`, onchange: change }), ` ${name}`);
    const flip = (list, name) => (list.includes(name) ? list.filter((one) => one !== name) : [...list, name]);
    refill(this.choices, h("legend", {}, "methods and models"),
      this.menu.filter((one) => one.fits && !one.learns).map((one) => {
        const label = box(one.explainer, methods.includes(one.explainer), () => this.page.go({ methods: flip(methods, one.explainer) }));
        label.title = one.does;
        return label;
      }),
      others.map((key) => box(`model ${key}`, view.models.includes(key), () => this.page.go({ models: flip(view.models, key) }))),
      unfit.length ? h("small", {}, `Not for this model, or to be fitted first: ${unfit.join(", ")}.`) : null);
  }

  draw(view, asked) {
    const rows = asked.map((one) => ({ ...one, ...(this.found.get(one.key) ?? { waits: true }) }));
    const name = (row) => (row.model === view.model ? row.method : `${row.method} on ${row.model}`);
    const titles = new Map(this.page.shown.list.items.map((one) => [one.item, one]));
    refill(this.results,
      h("div", { class: "scroll", tabIndex: 0, role: "region", "aria-label": "answers" }, h("table", { class: "answers" },
        h("thead", {}, h("tr", {}, ["method", "names", "size", "true?", "proven", "histories", "ms", ""].map((text) => h("th", { scope: "col" }, text || h("span", { class: "hidden" }, "show"))))),
        h("tbody", {}, rows.map((row) => h("tr", {}, h("th", { scope: "row" }, name(row)), this.cells(row, view, titles)))))),
      this.bars(rows.filter((row) => row.answer?.attributions.length), name, titles),
      this.curves(rows.filter((row) => row.curves), name, view));
  }

  cells(row, view, titles) {
    if (row.waits) return [h("td", { colSpan: 7 }, h("span", { class: "working" }, "asking …"))];
    if (row.trouble) return [h("td", { colSpan: 7 }, row.trouble)];
    const { answer } = row;
    const truth = !answer.items.length ? "no set" : answer.proof ? "true" : "refuted";
    const told = proofs(answer).map((one) => one.name);
    const best = told.filter((one) => one !== "checked" && one !== "refuted").at(-1) ?? "–";
    return [
      h("td", { class: "names" }, answer.items.length ? joined(answer.items.map((item, at) => titled(titles.get(item) ?? { item, title: answer.item_titles[at] })), 6) : "–"),
      h("td", { class: "number" }, answer.items.length ? String(answer.items.length) : "–"),
      h("td", { class: truth === "refuted" ? "refuted" : "" }, truth === "refuted" ? `refuted: still listed, rank ${answer.goal === "sufficient" ? answer.rank_alone : answer.rank_after}` : truth),
      h("td", {}, answer.items.length && !answer.proof ? "–" : best),
      h("td", { class: "number" }, answer.cost.toLocaleString("en")),
      h("td", { class: "number" }, (1000 * answer.seconds).toPrecision(3)),
      h("td", {}, answer.items.length && row.model === view.model ? h("button", { type: "button", "data-key": `t${row.key}`, onclick: () => this.page.switchOff(answer.items) }, "show") : ""),
    ];
  }

  bars(rows, name, titles) {
    if (!rows.length) return null;
    return h("div", { class: "bar-charts" }, h("h3", {}, "What each item counts for (filled: holds the recommendation up; hollow: pushes it down)"), rows.map((row) => {
      const { answer } = row;
      const named = new Set(answer.items);
      const values = answer.attributions.map((value, at) => ({ value, item: answer.history[at] })).filter((one) => one.value !== null);
      const chosen = [...values].sort((one, other) => Math.abs(other.value) - Math.abs(one.value)).slice(0, MOST_BARS).sort((one, other) => other.value - one.value);
      const largest = Math.max(...chosen.map((one) => Math.abs(one.value)), Number.MIN_VALUE);
      return h("figure", { class: "bars" }, h("figcaption", {}, name(row), values.length > chosen.length ? `: the ${chosen.length} largest of ${values.length}` : ""),
        h("table", {}, h("tbody", {}, chosen.map(({ value, item }) => {
          const bar = h("span", { class: `bar${value < 0 ? " below" : ""}${named.has(item) ? " named" : ""}` });
          bar.style.width = `${(100 * Math.abs(value)) / largest}%`;
          return h("tr", { "data-item": idOut(item) }, h("th", { scope: "row" }, titled(titles.get(item) ?? { item }), named.has(item) ? h("small", {}, " named") : null),
            h("td", { class: "track" }, bar), h("td", { class: "number" }, value.toPrecision(3)));
        }))));
    }));
  }

  curves(rows, name, view) {
    if (!rows.length) return null;
    const lines = rows.map((row) => ({ name: name(row), x: row.curves.deletion.lengths, y: row.curves.deletion.ranks }));
    return h("figure", { class: "curve" },
      h("figcaption", {}, "Deletion curve: the rank of the recommendation as items are removed, what counts for most first"),
      chart(lines, view.k),
      h("details", {}, h("summary", {}, "as numbers"), h("div", { class: "scroll", tabIndex: 0, role: "region", "aria-label": "curves as numbers" }, h("table", { class: "answers" },
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "removed"), lines.map((line) => h("th", { scope: "col" }, line.name)))),
        h("tbody", {}, lines[0].x.map((length, at) => h("tr", {}, h("th", { scope: "row" }, String(length)), lines.map((line) => h("td", { class: "number" }, String(line.y[at]))))))))));
  }
}
