// A field that finds: suggestions as somebody types, chosen by pointer or keys (the combobox pattern of ARIA).
import { counted, h, refill } from "./dom.js";

const WAIT = 90; // milliseconds after the last key

// `suggest(text, signal)` resolves to groups [{name, found: [{label, note, choose, disabled}]}]; `submit(text)` is told of Enter without a choice.
export function finder({ id, label, placeholder, suggest, submit, keep = false }) {
  const input = h("input", {
    id, type: "text", role: "combobox", autocomplete: "off", spellcheck: false, placeholder, maxLength: 200, "aria-label": label,
    "aria-expanded": "false", "aria-controls": `${id}-list`, "aria-autocomplete": "list",
  });
  const list = h("div", { id: `${id}-list`, class: "suggestions", role: "listbox", "aria-label": label, hidden: true });
  const state = h("span", { class: "hidden", role: "status" });
  let options = [], at = -1, timer = 0, running = null;

  const close = () => {
    list.hidden = true;
    options = [];
    at = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const mark = (to) => {
    options[at]?.element.setAttribute("aria-selected", "false");
    at = to;
    const chosen = options[at]?.element;
    chosen?.setAttribute("aria-selected", "true");
    chosen?.scrollIntoView({ block: "nearest" });
    if (chosen) input.setAttribute("aria-activedescendant", chosen.id);
  };
  const choose = (option) => {
    if (option.disabled) return;
    close();
    if (!keep) input.value = "";
    option.choose();
  };
  const show = (groups) => {
    options = [];
    const drawn = groups.filter((group) => group.found.length).map((group, number) =>
      h("div", { role: "group", "aria-labelledby": `${id}-g${number}` },
        h("div", { class: "group", id: `${id}-g${number}` }, group.name),
        group.found.map((option) => {
          const element = h("div", {
            id: `${id}-o${options.length}`, role: "option", "aria-selected": "false", "aria-disabled": option.disabled ? "true" : null,
            onpointerdown: (event) => {
              event.preventDefault(); // the field keeps the focus
              choose(option);
            },
          }, option.label, option.note ? h("small", {}, ` ${option.note}`) : null);
          options.push({ ...option, element });
          return element;
        })));
    refill(list, drawn.length ? drawn : [h("div", { class: "group" }, "Nothing is called so. Try a part of a title, or an id.")]);
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    state.textContent = counted(options.length, "suggestion");
    if (options.length) mark(0);
  };
  const look = async () => {
    running?.abort();
    const text = input.value.trim();
    if (!text) return close();
    running = new AbortController();
    try {
      show(await suggest(text, running.signal));
    } catch (error) {
      if (error.name !== "AbortError") show([{ name: error.message, found: [] }, { name: error.message, found: [{ label: error.message, disabled: true, choose: () => null }] }]);
    }
  };
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, WAIT);
  });
  input.addEventListener("blur", close);
  input.addEventListener("focus", () => input.value.trim() && look());
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return close();
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) return look();
      if (options.length) mark((at + (event.key === "ArrowDown" ? 1 : options.length - 1)) % options.length);
      return undefined;
    }
    if (event.key !== "Enter") return undefined;
    event.preventDefault();
    clearTimeout(timer);
    if (!list.hidden && options[at]) return choose(options[at]);
    return submit ? submit(input.value.trim()) : look();
  });
  return { element: h("div", { class: "finder" }, input, list, state), input, close };
}
