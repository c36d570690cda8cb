// Why: the sentence, the proof in words, and what to ask next.
import { byId, counted, h, joined, refill, titled } from "./dom.js";
import { proofs, sentence, tries, work } from "./words.js";

export class Why {
  // `act` has go(change), pick(set number), open(panel).
  constructor(act) {
    this.act = act;
    this.box = byId("answer");
    this.said = null; // the badge whose meaning is shown
  }

  nothing(text) {
    this.answer = null;
    refill(this.box, h("p", { class: "hint" }, text));
    byId("why-name").replaceChildren("Why");
  }

  head(target) {
    byId("why-name").replaceChildren("Why ", titled(target));
  }

  waiting(target, words) {
    this.head(target);
    refill(this.box, h("p", { class: "hint working" }, words));
  }

  trouble(target, message, change) {
    this.head(target);
    refill(this.box, h("p", { class: "trouble", role: "alert" }, message), change ? h("button", { type: "button", onclick: () => this.act.go(change.change) }, change.name) : null);
  }

  // `chosen`: which of the sets is switched off, as a number; null where the person has switched others.
  show(answer, view, history, chosen) {
    this.answer = answer;
    this.head({ item: answer.target, title: answer.target_title });
    const told = proofs(answer);
    if (!told.some((one) => one.name === this.said)) this.said = null;
    const meaning = h("p", { class: "meaning", id: "meaning", hidden: this.said === null }, told.find((one) => one.name === this.said)?.meaning ?? "");
    const badges = told.map((one) => h("button", {
      type: "button", class: "badge", "data-key": `b${one.name}`, "aria-expanded": one.name === this.said ? "true" : "false", "aria-controls": "meaning",
      onclick: () => {
        this.said = this.said === one.name ? null : one.name;
        this.show(answer, view, history, chosen);
      },
    }, one.name));
    refill(this.box,
      sentence(answer, history),
      h("p", { class: "badges", "aria-label": "what is proven" }, badges),
      meaning,
      h("p", { class: "work" }, work(answer)),
      this.back(answer, chosen),
      this.attempts(answer, view),
      this.others(answer, history, chosen),
      this.next(answer, view));
  }

  // What was switched by hand since: the answer is still that of the whole history.
  back(answer, chosen) {
    if (chosen !== null || !answer.items.length) return null;
    return h("p", { class: "hint" }, "You have switched other items. ", h("button", { type: "button", "data-key": "again", onclick: () => this.act.pick(0) }, `show the ${answer.items.length === 1 ? "one" : answer.items.length} that ${answer.items.length === 1 ? "is" : "are"} named`));
  }

  attempts(answer, view) {
    const found = tries(answer, view);
    return found.length ? h("p", { class: "tries" }, "What to try: ", found.map((one) => h("button", { type: "button", onclick: () => this.act.go({ ...one.change, off: null }) }, one.name))) : null;
  }

  others(answer, history, chosen) {
    if (!answer.alternatives.length) return null;
    const titles = new Map(history.map((one) => [one.item, one]));
    const sets = [answer.items, ...answer.alternatives];
    return h("div", { class: "sets" }, h("h3", {}, `${counted(sets.length, "set")} of this size`),
      h("ol", {}, sets.map((set, number) => h("li", {}, h("button", {
        type: "button", "data-key": `s${number}`, "aria-pressed": number === chosen ? "true" : "false", onclick: () => this.act.pick(number),
      }, joined(set.map((item) => titled(titles.get(item) ?? { item })), 9))))));
  }

  next(answer, view) {
    const proven = answer.proof === "minimum" || answer.status === "impossible" || answer.status === "invalid";
    const asked = view.sets > 1 || !answer.items.length || !answer.proof;
    return h("p", { class: "next" },
      !proven && answer.status === "found" && view.method === "auto" && view.effort !== "proof" ? h("button", { type: "button", "data-key": "prove", onclick: () => this.act.go({ effort: "proof", off: null }) }, "look for a proof") : null,
      asked ? null : h("button", { type: "button", "data-key": "others", onclick: () => this.act.go({ sets: 4, off: null }) }, "other sets"),
      h("button", { type: "button", "data-key": "compare", onclick: () => this.act.open("compare") }, "compare methods"),
      view.sets > 1 && !answer.alternatives.length && answer.proof ? h("span", { class: "hint" }, "No other set of this size was found.") : null);
  }
}
