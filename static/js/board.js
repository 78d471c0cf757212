// Sorts and filters the table that the server sent; the address and the downloads follow.
"use strict";

(() => {
  const table = document.querySelector("table[data-sortable]");
  if (!table) return;
  const body = table.tBodies[0];
  const rows = [...body.rows];

  // The address says what is shown: to share it, and for downloads of exactly that.
  function tell(name, value) {
    const here = new URL(location.href);
    if (value) here.searchParams.set(name, value);
    else here.searchParams.delete(name);
    const query = here.search.replaceAll("%2C", ",").replaceAll("%3A", ":");
    history.replaceState(null, "", here.pathname + query + here.hash);
    for (const link of document.querySelectorAll("[data-downloads] a")) link.search = query;
    for (const link of document.querySelectorAll(".seg a[href^='?'], .seg a[href='.']")) {
      const there = new URL(link.href);
      if (value) there.searchParams.set(name, value);
      else there.searchParams.delete(name);
      link.search = there.search.replaceAll("%2C", ",").replaceAll("%3A", ":");
    }
  }

  const form = document.querySelector("[data-filter-form]");
  const filter = form?.querySelector("[data-filter]");
  const none = document.querySelector("[data-filter-empty]");
  if (filter && !new URLSearchParams(location.search).get("q")) {
    // Where the server has filtered, only it knows the other rows.
    filter.addEventListener("input", () => {
      const words = filter.value.toLowerCase().split(/\s+/);
      for (const row of rows) row.hidden = !words.every((word) => row.dataset.search.includes(word));
      none.hidden = rows.some((row) => !row.hidden);
      tell("q", filter.value.trim());
    });
    form.addEventListener("submit", (event) => { if (event.submitter?.form !== form) event.preventDefault(); });
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
    const byRank = head.dataset.key === "rank" && wanted === "ascending";
    table.toggleAttribute("data-ungrouped", !byRank);
    tell("sort", byRank ? "" : `${wanted === first ? "" : "-"}${head.dataset.key}`);
  }

  for (const head of table.tHead.rows[0].cells) {
    head.querySelector("a")?.addEventListener("click", (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      sort(head);
    });
  }
})();
