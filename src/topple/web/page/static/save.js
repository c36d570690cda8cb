// Taking the answer away: JSON, a picture, and a page that opens without the service.
import { ask } from "./api.js";
import { clean, h, plainTitle } from "./dom.js";
import { rowsOf } from "./lists.js";
import { whyBody } from "./view.js";

export function download(name, content, type) {
  const address = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

export const asJson = async (view, base) =>
  download("why.json", await ask(`${base}/explain`, whyBody(view), { as: "text" }), "application/json");

export const asCard = async (view, base) => download("why.html", await ask(`${base}/card`, whyBody(view), { as: "text" }), "text/html");

// ---- the picture: drawn as SVG, made a PNG by the browser

const WIDE = 960, ROW = 30, MARGIN = 24, SCALE = 2;
const INK = "#1c232b", GREY = "#54616e", NAMED = "#a9381a", ENTERS = "#1a6644";
const COLOURS = { target: NAMED, leaves: NAMED, enters: ENTERS, stays: GREY, gap: GREY };
const escaped = (text) => clean(text).replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`);
const short = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

function wrapped(text, most) {
  const lines = [""];
  for (const word of text.split(/\s+/)) {
    if (`${lines.at(-1)} ${word}`.length > most) lines.push(short(word, most));
    else lines[lines.length - 1] = `${lines.at(-1)} ${word}`.trim();
  }
  return lines.slice(0, 8);
}

export function picture(list, changed, target, sentence, heading) {
  const { before, after } = rowsOf(list, changed, target);
  const said = wrapped(sentence, 108);
  const top = MARGIN + 22 * said.length + 48, left = 400, right = WIDE - 400;
  const y = (at) => top + ROW * at;
  const write = (x, down, text, { colour = INK, anchor = "start", bold = false, size = 15 } = {}) =>
    `<text x="${x}" y="${down}" fill="${colour}" text-anchor="${anchor}" font-size="${size}" font-weight="${bold ? 700 : 400}">${escaped(text)}</text>`;
  const parts = said.map((line, at) => write(MARGIN, MARGIN + 16 + 22 * at, line, { size: 17 }));
  parts.push(write(left, top - 26, "today", { anchor: "end", bold: true }), write(right, top - 26, after.length ? heading : "", { bold: true }));
  const name = (row) => short(row.gap ? row.title : plainTitle(row), 44);
  before.forEach((row, at) => {
    parts.push(write(left - 28, y(at), name(row), { anchor: "end", colour: COLOURS[row.mark], bold: row.mark === "target" }), write(left, y(at), String(row.rank), { anchor: "end", colour: COLOURS[row.mark] }));
    const to = after.findIndex((one) => one.item === row.item);
    if (to >= 0) parts.push(`<path d="M${left + 8} ${y(at) - 5}L${right - 8} ${y(to) - 5}" stroke="${COLOURS[row.mark]}" stroke-width="${row.mark === "target" ? 3.2 : 1.3}"/>`);
    else if (after.length) parts.push(`<path d="M${left + 8} ${y(at) - 5}h36m-4 -4l8 8m0 -8l-8 8" fill="none" stroke="${NAMED}" stroke-width="1.5"/>`);
  });
  const was = new Set(before.map((row) => row.item));
  after.forEach((row, at) => {
    parts.push(write(right + 22, y(at), row.gap ? "⋮" : String(row.rank ?? "–"), { anchor: "end", colour: COLOURS[row.mark] }), write(right + 34, y(at), name(row), { colour: COLOURS[row.mark], bold: row.mark === "target" }));
    if (!row.gap && !was.has(row.item)) parts.push(`<path d="M${right - 44} ${y(at) - 5}h34" stroke="${ENTERS}" stroke-width="1.6" stroke-dasharray="2 3"/><path d="M${right - 10} ${y(at) - 9}l7 4l-7 4z" fill="${ENTERS}"/>`);
  });
  const high = y(Math.max(before.length, after.length)) + MARGIN;
  return { high, text: `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDE}" height="${high}" viewBox="0 0 ${WIDE} ${high}" font-family="system-ui, sans-serif"><rect width="100%" height="100%" fill="#fff"/>${parts.join("")}</svg>` };
}

export async function asPicture(drawn) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(drawn.text)}`;
  await image.decode();
  const canvas = h("canvas", { width: WIDE * SCALE, height: drawn.high * SCALE });
  const pen = canvas.getContext("2d");
  pen.drawImage(image, 0, 0, canvas.width, canvas.height);
  download("why.png", await new Promise((resolve) => canvas.toBlob(resolve, "image/png")));
}
