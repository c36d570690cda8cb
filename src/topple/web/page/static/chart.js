// A chart of ranks: lines that differ by dashes and by names at their ends, the end of the list as a line across.
import { h, svg } from "./dom.js";

const WIDE = 560, HIGH = 240, LEFT = 44, RIGHT = 120, TOP = 12, BOTTOM = 36;
const DASHES = ["", "7 3", "2 3", "9 3 2 3", "12 4"];

export function chart(lines, k) {
  const longest = Math.max(...lines.flatMap((line) => line.x), 1), worst = Math.max(...lines.flatMap((line) => line.y), k + 1);
  const x = (value) => LEFT + (value / longest) * (WIDE - LEFT - RIGHT);
  const y = (rank) => TOP + (Math.log(rank) / Math.log(worst)) * (HIGH - TOP - BOTTOM);
  const drawn = svg("svg", { class: "chart", viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": describe(lines, k) });
  const text = (at, down, words, anchor = "start", name = "") => {
    const made = svg("text", { x: at, y: down, "text-anchor": anchor, class: name });
    made.textContent = words;
    drawn.append(made);
  };
  for (const rank of [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 100000].filter((one) => one <= worst)) {
    drawn.append(svg("path", { class: "grid", d: `M${LEFT} ${y(rank)}H${WIDE - RIGHT}` }));
    text(LEFT - 6, y(rank) + 4, String(rank), "end");
  }
  drawn.append(svg("path", { class: "edge", d: `M${LEFT} ${(y(k) + y(k + 1)) / 2}H${WIDE - RIGHT}` }));
  text(WIDE - RIGHT - 4, (y(k) + y(k + 1)) / 2 - 4, `in the list of ${k}`, "end", "edge-name");
  text((LEFT + WIDE - RIGHT) / 2, HIGH - 4, "items removed", "middle");
  for (const part of [0, 0.5, 1]) text(x(Math.round(longest * part)), HIGH - 20, String(Math.round(longest * part)), "middle");
  let last = [];
  lines.forEach((line, number) => {
    const points = line.x.map((value, at) => `${x(value).toFixed(1)},${y(line.y[at]).toFixed(1)}`);
    drawn.append(svg("polyline", { class: `series s${number % DASHES.length}`, points: points.join(" "), "stroke-dasharray": DASHES[number % DASHES.length] }));
    let down = y(line.y.at(-1)) + 4;
    while (last.some((other) => Math.abs(other - down) < 14)) down += 14;
    last = [...last, down];
    text(WIDE - RIGHT + 6, Math.min(down, HIGH - 8), line.name, "start", `series-name s${number % DASHES.length}`);
  });
  return h("div", { class: "chart-area" }, drawn);
}

function describe(lines, k) {
  const out = lines.map((line) => {
    const at = line.y.findIndex((rank) => rank > k);
    return at < 0 ? `${line.name}: never out of the list of ${k}` : `${line.name}: out of the list of ${k} after ${line.x[at]} items`;
  });
  return `Rank by items removed. ${out.join("; ")}.`;
}
