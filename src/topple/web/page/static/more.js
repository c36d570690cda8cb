// Ask for more: everything here has a plain name, with the technical term in small print.
import { ask } from "./api.js";
import { byId, clean, h, plainTitle, refill, titled } from "./dom.js";
import { finder } from "./find.js";
import { EFFORTS, GOALS } from "./words.js";

const VERBS = ["liked", "bought", "played", "read", "viewed", "watched", "heard", "rated"];

export class More {
  // `page` has view, shown, base(), go(change), menu(model), off().
  constructor(page) {
    this.page = page;
    this.names = new Map(); // titles of items that were found by name
    this.details = h("details", { class: "more", id: "more", ontoggle: () => {
      const open = this.details.open;
      if (open !== page.view().open.includes("more")) page.panel("more", open);
    } }, h("summary", {}, "ask for more"), this.form());
    byId("asking").append(this.details);
  }

  form() {
    const { go } = this.page;
    const radios = (name, choices) => choices.map(([value, words, small]) => h("label", { class: "radio" },
      h("input", { type: "radio", name, value, onchange: () => go({ [name]: value, off: null }) }), h("span", {}, words, " ", h("small", {}, small))));
    this.largest = h("input", { type: "number", min: 1, max: 9999, id: "largest", placeholder: "any", onchange: () => go({ largest: Number(this.largest.value) || null, off: null }) });
    this.sets = h("input", { type: "number", min: 1, max: 20, id: "sets", onchange: () => go({ sets: Math.min(20, Math.max(1, Number(this.sets.value) || 1)), off: null }) });
    this.verb = h("select", { id: "verb", onchange: () => go({ verb: this.verb.value }) }, VERBS.map((verb) => h("option", { value: verb }, verb)));
    this.method = h("select", { id: "method", onchange: () => go({ method: this.method.value, off: null }) });
    this.locks = h("div", { class: "chips" });
    this.groups = h("div", { class: "chips" });
    this.only = h("div", { class: "chips" });
    this.never = h("div", { class: "chips" });
    const field = (label, control, small) => h("p", { class: "field" }, h("label", { htmlFor: control.id }, label), " ", control, " ", h("small", {}, small));
    return h("div", { class: "form" },
      h("fieldset", {}, h("legend", {}, "the items are such that the recommendation …"), radios("goal", GOALS)),
      h("fieldset", {}, h("legend", {}, "how long it may take"), radios("effort", EFFORTS)),
      field("at most so many items", this.largest, "largest set"),
      field("so many different sets", this.sets, "sets of one size"),
      field("method", this.method, "what looks for the set"),
      field("people have", this.verb, "the word of the sentence"),
      h("fieldset", {}, h("legend", {}, "locked ", h("small", {}, "may not be named; protected")), this.locks),
      h("fieldset", {}, h("legend", {}, "named together or not at all ", h("small", {}, "groups")), this.groups),
      h("p", { class: "hint" }, "While this is open, each item of the history has a lock and a price: dear items are named last (item costs)."),
      h("fieldset", {}, h("legend", {}, "only these may be listed ", h("small", {}, "candidates")), this.only, this.chooser("only", "only these may be listed: a title").element),
      h("fieldset", {}, h("legend", {}, "these may not be listed ", h("small", {}, "excluded")), this.never, this.chooser("never", "may not be listed: a title").element));
  }

  chooser(name, label) {
    return finder({
      id: `choose-${name}`, label, placeholder: "a title, or an id",
      suggest: async (text, signal) => {
        const { items } = await ask(`${this.page.base()}/items?q=${encodeURIComponent(text)}&limit=8`, null, { signal });
        return [{ name: "items", found: items.map((one) => ({
          label: h("bdi", {}, plainTitle(one)), disabled: this.page.view()[name].includes(one.item), note: this.page.view()[name].includes(one.item) ? "is chosen" : "",
          choose: () => {
            this.names.set(one.item, one.title);
            this.page.go({ [name]: [...this.page.view()[name], one.item], off: null });
          },
        })) }];
      },
    });
  }

  async refresh() {
    const view = this.page.view(), { shown, go } = this.page;
    this.details.open = view.open.includes("more");
    if (!this.details.open) return;
    const titles = new Map([...this.names, ...shown.list.list.map((one) => [one.item, one.title]), ...shown.list.items.map((one) => [one.item, one.title])]);
    const chip = (items, words, change) => h("button", { type: "button", class: "chip", onclick: () => go({ ...change, off: null }), "aria-label": `${words}: ${items.map((item) => clean(titles.get(item) ?? item)).join(", ")}` },
      items.flatMap((item, at) => [at ? " + " : "", titled({ item, title: titles.get(item) })]), h("small", {}, ` ${words}`));
    for (const name of ["goal", "effort"])
      for (const input of this.details.querySelectorAll(`input[name=${name}]`)) {
        input.checked = input.value === view[name];
        if (name === "effort") input.disabled = view.method !== "auto";
      }
    if (document.activeElement !== this.largest) this.largest.value = view.largest ?? "";
    if (document.activeElement !== this.sets) this.sets.value = view.sets;
    this.verb.value = view.verb;
    refill(this.locks, view.lock.length ? view.lock.map((item) => chip([item], "unlock", { lock: view.lock.filter((one) => one !== item) })) : h("small", {}, "nothing"));
    refill(this.groups, view.groups.map((group, at) => chip(group, "separate", { groups: view.groups.filter((_, number) => number !== at) })), this.newGroup(view));
    for (const name of ["only", "never"]) refill(this[name], view[name].map((item) => chip([item], "take away", { [name]: view[name].filter((one) => one !== item) })));
    await this.methods(view);
  }

  // What is switched off may be made a group.
  newGroup(view) {
    const taken = new Set(view.groups.flat());
    const free = this.page.off().filter((item) => !taken.has(item));
    if (free.length < 2) return h("small", {}, "Switch two or more items off, and make them a group here.");
    return h("button", { type: "button", onclick: () => this.page.go({ groups: [...view.groups, free], off: null }) }, `name the ${free.length} that are switched off together`);
  }

  async methods(view) {
    const menu = (await this.page.menu(view.model)).filter((one) => (one.fits && !one.learns) || one.explainer === view.method);
    refill(this.method, menu.map((one) => h("option", { value: one.explainer }, one.explainer)));
    this.method.value = view.method;
  }
}
