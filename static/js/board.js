// Sorts and filters the table that the server sent; the address and the downloads follow.
"use strict";

(() => {
  const table = document.querySelector("table[data-sortable]");
  if (!table) return;
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const heads = [...table.tHead.querySelectorAll("a")];
  // Looked for once: what they lead to is changed below.
  const links = document.querySelectorAll("[data-downloads] a, .seg a[href^='?'], .seg a[href='.'], a[data-asked]");

  function put(address, name, value) {
    if (value) address.searchParams.set(name, value);
    else address.searchParams.delete(name);
    return address.search.replaceAll("%2C", ",").replaceAll("%3A", ":");
  }

  // The address says what is shown: to share it, for downloads of exactly that, and for every switch.
  function tell(name, value) {
    const here = new URL(location.href);
    history.replaceState(null, "", here.pathname + put(here, name, value) + here.hash);
    for (const link of name === "sort" ? links : [...links, ...heads]) {
      link.search = put(new URL(link.href), name, value);
    }
    for (const form of document.querySelectorAll("form[data-asked]")) keep(form, name, value);
  }

  // A form that asks for it itself, as the filter does, has a field that is not hidden.
  function keep(form, name, value) {
    let field = form.elements.namedItem(name);
    if (field && field.type !== "hidden") return;
    if (!field) {
      field = Object.assign(document.createElement("input"), { type: "hidden", name });
      form.append(field);
    }
    field.value = value;
  }

  // A rule stands above the first row that is shown of each tie group, while rows stand by rank.
  function rule() {
    const byRank = table.querySelector("[aria-sort]")?.matches("[data-key=rank][aria-sort=ascending]") ?? true;
    let before = null;
    for (const row of body.rows) {
      if (row.hidden) continue;
      row.classList.toggle("new-group", byRank && before !== null && before !== row.dataset.group);
      before = row.dataset.group;
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
      rule();
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
    rule();
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
