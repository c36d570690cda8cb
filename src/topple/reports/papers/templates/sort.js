"use strict";
for (const table of document.querySelectorAll("table.sorts")) {
  table.querySelectorAll("thead th").forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const numbers = head.classList.contains("number");
      const before = head.getAttribute("aria-sort");
      const down = before ? before === "ascending" : numbers;
      const key = (row) => {
        const cell = row.cells[column];
        const told = cell.dataset.sort === undefined ? cell.textContent : cell.dataset.sort;
        return numbers ? (told === "" ? -Infinity : Number(told)) : told;
      };
      const order = (one, other) => numbers ? (one < other ? -1 : one > other ? 1 : 0) : one.localeCompare(other, undefined, { numeric: true });
      const body = table.tBodies[0];
      const rows = Array.from(body.rows, (row, at) => ({ row, at, key: key(row) }));
      rows.sort((one, other) => (down ? order(other.key, one.key) : order(one.key, other.key)) || one.at - other.at);
      body.append(...rows.map((each) => each.row));
      for (const each of table.querySelectorAll("thead th")) each.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
    });
  });
}
