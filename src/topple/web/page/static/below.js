// What is below the answer and the lists: more to ask, ways to keep the answer, and the panels, each closed at first.
import { Compare } from "./compare.js";
import { byId, clean, h } from "./dom.js";
import { Matrix } from "./matrix.js";
import { More } from "./more.js";
import { asCard, asJson, asPicture, picture } from "./save.js";

// `page` has view(), shown, base(), fresh(), go(change), off(), models(), menu(model), toggle(item), switchOff(set), panel(name, open).
export function below(page) {
  const more = new More(page);
  byId("asking").append(keeping(page));
  const panels = [new Matrix(page), new Compare(page)].map((part) => {
    const toggled = () => box.open !== page.view().open.includes(part.name) && page.panel(part.name, box.open);
    const box = h("details", { class: "panel", id: `panel-${part.name}`, ontoggle: toggled }, h("summary", {}, part.title), part.body);
    byId("panels").append(box);
    return { part, box };
  });
  const drawPanels = () => {
    byId("panels").hidden = false;
    for (const { part, box } of panels) {
      box.open = page.view().open.includes(part.name);
      if (box.open) part.refresh();
    }
  };
  return { more, drawPanels };
}

function keeping(page) {
  const drawn = () => {
    const { list, changed, answer } = page.shown;
    return picture(list.list, changed, page.view().why, answer.sentence.replaceAll("*", ""), byId("pair").querySelector(".then h3").textContent);
  };
  return h("p", { class: "saving", id: "saving" }, h("span", {}, "keep it as "),
    button("JSON", () => asJson(page.view(), page.base())),
    button("picture", () => asPicture(drawn())),
    button("page", () => asCard(page.view(), page.base())));
}

function button(words, save) {
  const made = h("button", { type: "button", onclick: async () => {
    try {
      await save();
    } catch (error) {
      made.textContent = clean(error.message);
      setTimeout(() => (made.textContent = words), 4000);
    }
  } }, words);
  return made;
}
