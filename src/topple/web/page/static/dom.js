// Making elements. Text is always text: nothing here reads markup.

// What would act on a terminal or turn the direction of what follows is written out, as everywhere in topple.
const UNSAFE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

export function clean(text) {
  return String(text).replace(UNSAFE, (one) => {
    const code = one.charCodeAt(0);
    return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

// An element with properties, listeners ("onclick") and children; null children are left out.
export function h(name, properties = {}, ...children) {
  const made = document.createElement(name);
  fill(made, properties);
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

const SVG = "http://www.w3.org/2000/svg";
export function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function fill(made, properties) {
  for (const [key, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key === "class") made.className = value;
    else if (key in made && !key.includes("-") && key !== "list" && key !== "form") made[key] = value;
    else made.setAttribute(key, value === true ? "" : value);
  }
}

// A title, which keeps its direction whatever stands around it; an item without one is called by its id.
export function titled(one, name = "bdi") {
  const text = clean(one.title ?? "").trim();
  return h(name, { class: "title" }, text || `item ${clean(one.item)}`);
}

export function plainTitle(one) {
  return clean(one.title ?? "").trim() || `item ${clean(one.item)}`;
}

// Fill a container anew; who had the focus has it again, by the key of the element.
export function refill(container, ...children) {
  const focused = document.activeElement;
  const key = container.contains(focused) ? focused.dataset.key : undefined;
  container.replaceChildren(...children.flat(Infinity).filter(Boolean));
  if (key !== undefined) container.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}

export const byId = (id) => document.getElementById(id);
export const counted = (count, one, several = `${one}s`) => `${count.toLocaleString("en")} ${count === 1 ? one : several}`;

export function named(titles, most = 3) {
  if (titles.length > most) return `${titles.slice(0, most - 1).join(", ")} and ${titles.length - most + 1} more`;
  return titles.length < 2 ? titles.join("") : `${titles.slice(0, -1).join(", ")} and ${titles.at(-1)}`;
}

// Words and titles in turn, the titles as elements of their own: "Without {} and {}" is [text, element, text, element].
export function joined(elements, most = 3) {
  const shown = elements.length > most ? elements.slice(0, most - 1) : elements;
  const rest = elements.length - shown.length;
  return shown.flatMap((one, at) => {
    const last = at === shown.length - 1 && rest === 0;
    return [at === 0 ? "" : last ? " and " : ", ", one];
  }).concat(rest ? [` and ${rest} more`] : []);
}

// Arrow keys go from row to row of whatever is marked with data-arrows.
document.addEventListener("keydown", (event) => {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const area = event.target.closest?.("[data-arrows]");
  if (!area || event.target.matches("select, input:not([type=checkbox])")) return;
  const stops = [...area.querySelectorAll("[data-stop]")];
  const at = stops.indexOf(event.target.closest("[data-stop]"));
  if (at < 0) return;
  event.preventDefault();
  stops[Math.min(stops.length - 1, Math.max(0, at + (event.key === "ArrowDown" ? 1 : -1)))].focus();
});
