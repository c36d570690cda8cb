// What is chosen before anything is asked: the model, whose history, how long a list, and what may be listed.
import { ask } from "./api.js";
import { byId, clean, h, plainTitle, refill } from "./dom.js";
import { finder } from "./find.js";
import { RULES } from "./words.js";

const LENGTHS = [3, 5, 10, 20, 50, 100];
const option = (value, words = String(value)) => h("option", { value }, words);

// `page` has view(), shown, base(), go(change), models(). Returns what shows the view in the controls.
export function bar(page) {
  const { go } = page;
  const model = byId("model"), k = byId("k"), rule = byId("rule");
  model.addEventListener("change", () => go({ model: model.value, why: page.view().why, off: null }));
  k.addEventListener("change", () => go({ k: Number(k.value) }));
  rule.addEventListener("change", () => go({ rule: rule.value }));
  refill(rule, RULES.map(([value, words]) => option(value, words)));
  byId("find-area").append(search(page));
  return () => {
    const view = page.view(), models = page.models();
    if (model.options.length !== models.length) refill(model, models.map((one) => option(one.key)));
    model.value = view.model;
    model.disabled = models.length < 2;
    const lengths = [...new Set([...LENGTHS, view.k])].sort((one, other) => one - other);
    if (k.options.length !== lengths.length || !lengths.every((one, at) => k.options[at].value === String(one))) refill(k, lengths.map((one) => option(one)));
    k.value = String(view.k);
    rule.value = view.rule;
    document.title = view.why !== null && page.shown.list ? "topple: why" : "topple";
  };
}

// A user, or one more title of a history: that of the user who is shown is not added to, a new one begins.
function search(page) {
  const { go, base } = page;
  const words = "find a user, or type what somebody liked";
  const find = finder({
    id: "find", label: words, placeholder: words,
    suggest: async (text, signal) => {
      const q = `q=${encodeURIComponent(text)}&limit=8`;
      const [{ users }, { items }] = await Promise.all([ask(`${base()}/users?${q}`, null, { signal }), ask(`${base()}/items?${q}`, null, { signal })]);
      const { user: shown, history } = page.view();
      const has = new Set(history ?? []);
      const adds = shown === null && has.size > 0;
      return [
        { name: "users", found: users.map((user) => ({ label: h("bdi", {}, clean(user)), choose: () => go({ user, history: null }) })) },
        { name: adds ? "add to the history" : "begin a history", found: items.map((one) => ({
          label: h("bdi", {}, plainTitle(one)), note: has.has(one.item) ? "is in the history" : "", disabled: has.has(one.item),
          choose: () => {
            go({ user: null, history: [...(adds ? history : []), one.item] });
            find.input.focus();
          },
        })) },
      ];
    },
  });
  return find.element;
}
