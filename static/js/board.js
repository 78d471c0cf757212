// Filters and sorts the table that the server sent.
"use strict";

(() => {
  const table = document.querySelector("table[data-sortable]");
  if (!table) return;
  const body = table.tBodies[0];
  const rows = [...body.rows];

  const filter = document.querySelector("[data-filter]");
  const none = document.querySelector("[data-filter-empty]");
  if (filter) {
    filter.hidden = false;
    filter.addEventListener("input", () => {
      const words = filter.value.toLowerCase().split(/\s+/);
      for (const row of rows) row.hidden = !words.every((word) => row.dataset.search.includes(word));
      none.hidden = rows.some((row) => !row.hidden);
    });
  }

  // A missing value stands last in either direction.
  function compare(a, b, sign) {
    if (a === "" || b === "") return (a === "") - (b === "");
    const [x, y] = [Number(a), Number(b)];
    return sign * (Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b) : x - y);
  }

  function sort(head) {
    const first = head.dataset.sort;
    const now = head.getAttribute("aria-sort");
    const wanted = now === first ? (first === "ascending" ? "descending" : "ascending") : first;
    for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", wanted);
    const value = (row) => row.cells[head.cellIndex].dataset.value ?? "";
    const sign = wanted === "ascending" ? 1 : -1;
    body.append(...[...rows].sort((a, b) => compare(value(a), value(b), sign)));
  }

  for (const head of table.tHead.rows[0].cells) {
    if (!head.dataset.sort) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(head));
    head.append(button);
  }
})();
