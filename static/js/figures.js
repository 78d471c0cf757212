// Draws the page's figures with Plotly, in the colours of the theme; saves them as SVG, PNG and CSV.
"use strict";

(() => {
  const root = document.documentElement;
  const TOKEN = "token:";
  const CONFIG = { displayModeBar: false, scrollZoom: false, doubleClick: false, showTips: false };
  const FONT_SIZE = 12;
  const LETTER = 6.2; // pixels, on average
  const BESIDE = 15; // pixels between an axis' words and what is around them
  const pen = document.createElement("canvas").getContext("2d");

  // Asking for a computed colour lays styles out anew: once for each token and theme.
  const palette = new Map();
  let probe = null;
  let family = "";

  function colour(name) {
    if (!palette.has(name)) {
      probe.style.color = `var(--${name})`;
      palette.set(name, getComputedStyle(probe).color);
    }
    return palette.get(name);
  }

  function coloured(value) {
    if (typeof value === "string") return value.startsWith(TOKEN) ? colour(value.slice(TOKEN.length)) : value;
    if (Array.isArray(value)) return value.map(coloured);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, coloured(inner)]));
  }

  function template(letters = family) {
    const axis = {
      color: colour("ink-3"), gridcolor: colour("line"), linecolor: colour("line"), zerolinecolor: colour("line"),
      tickfont: { color: colour("ink-2"), size: FONT_SIZE }, title: { font: { color: colour("ink-3"), size: FONT_SIZE }, standoff: 8 },
    };
    const font = { family: letters, color: colour("ink"), size: FONT_SIZE };
    return { layout: {
      font, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", dragmode: false, hovermode: "closest",
      hoverlabel: { bgcolor: colour("card"), bordercolor: colour("line-3"), align: "left", font }, xaxis: axis, yaxis: axis,
    } };
  }

  // Plotly draws all anew where words beside or above take more room than a margin has: they are measured before.
  function roomy(data, layout) {
    const margin = { ...layout.margin };
    for (const [name, axis] of Object.entries(layout)) {
      const [, letter, number] = name.match(/^([xy])axis(\d*)$/) ?? [];
      const upright = letter === "y" || (axis.side === "top" && axis.tickangle === -90);
      if (!letter || !axis.automargin || axis.showticklabels === false || !upright) continue;
      const own = data.filter((trace) => (trace[`${letter}axis`] ?? letter) === `${letter}${number}`);
      const words = new Set(axis.ticktext ?? axis.categoryarray ?? own.flatMap((trace) => trace[letter] ?? []));
      const side = letter === "y" ? "l" : "t";
      margin[side] = Math.max(margin[side] ?? 0, widest(words, axis.tickfont?.size ?? FONT_SIZE) + BESIDE);
    }
    return margin;
  }

  function widest(words, size) {
    pen.font = `${size}px ${family}`;
    const lines = [...words].flatMap((word) => (typeof word === "string" ? word.split("<br>") : []));
    return Math.ceil(Math.max(0, ...lines.map((line) => pen.measureText(line).width)));
  }

  class Figure {
    constructor(element) {
      this.element = element;
      this.plot = element.querySelector("[data-plot]");
      this.buttons = [...element.querySelectorAll("[data-view]")];
      this.tables = [...element.querySelectorAll("details[data-table]")];
      this.shown = 0;
      this.state = "waiting";
      this.buttons.forEach((button, number) => button.addEventListener("click", () => this.choose(number)));
      for (const button of element.querySelectorAll("[data-save]")) {
        button.addEventListener("click", () => this.save(button.dataset.save));
      }
      element.addEventListener("click", (event) => {
        const link = event.target.closest('a[href^="#"]')?.getAttribute("href");
        if (!link) return;
        event.preventDefault();
        this.open(link);
        element.querySelector(link).focus();
      });
    }

    // Read when it is drawn: a page may have megabytes of figures below what is seen first.
    get spec() {
      this.read ??= JSON.parse(this.element.querySelector('script[type="application/json"]').textContent);
      return this.read;
    }

    get isInSight() {
      const { top, bottom } = this.plot.getBoundingClientRect();
      return bottom > 0 && top < innerHeight;
    }

    choose(number) {
      this.told = null;
      const open = this.tables.some((table) => table.open);
      this.shown = number;
      this.buttons.forEach((button, at) => button.setAttribute("aria-pressed", at === number));
      this.tables.forEach((table, at) => {
        table.toggleAttribute("data-later", at !== number);
        table.open = open && at === number;
      });
      if (this.state === "drawn") this.draw();
    }

    // One figure that fails leaves the others alone, and its reader the table.
    async draw() {
      try {
        await this.paint();
        this.state = "drawn";
      } catch (error) {
        this.fail(error);
      }
    }

    fail(error) {
      console.warn(`${this.element.dataset.figure}:`, error);
      this.state = "failed";
      this.plot.hidden = true;
      this.element.querySelector("[data-undrawn]").hidden = false;
      for (const button of this.element.querySelectorAll("[data-save]")) button.hidden = button.dataset.save !== "csv";
      this.tables[this.shown].open = true;
    }

    async paint() {
      const { data, layout } = this.spec.views[this.shown];
      const { minWidth, maxWidth, square } = this.spec;
      this.plot.querySelector(":scope > .space")?.remove();
      this.plot.style.minWidth = `${minWidth}px`;
      if (maxWidth) this.plot.style.maxWidth = `${Math.max(maxWidth, minWidth)}px`;
      this.plot.style.zoom = "";
      const room = this.plot.parentElement.clientWidth;
      const width = this.plot.clientWidth;
      const height = square ? Math.min(layout.height, width + 16) : layout.height;
      this.plot.style.height = `${height}px`;
      this.room = room;
      const given = { ...coloured(layout), margin: roomy(data, layout), width, height, template: template() };
      const shown = Plotly.react(this.plot, coloured(data), given, CONFIG);
      if (isOnPaper()) this.plot.style.zoom = Math.min(1, room / width);
      await shown;
      if (this.state === "drawn") return;
      this.plot.addEventListener("pointerdown", (event) => { this.finger = event.pointerType === "touch"; this.before = this.told; }, true);
      this.plot.on("plotly_click", ({ points }) => this.follow(points[0]));
      this.plot.on("plotly_hover", ({ points }) => this.plot.classList.toggle("opens", Boolean(leading(points[0]))));
      this.plot.on("plotly_unhover", () => this.plot.classList.remove("opens"));
    }

    // A finger cannot hover: its first tap tells, its second one opens. Plotly tells of each tap twice.
    follow(point) {
      const link = point && leading(point);
      this.told = point && `${point.curveNumber}/${point.pointNumber}`;
      if (link && (!this.finger || this.before === this.told)) this.open(link);
    }

    // A page, or (#) another view of this figure.
    open(link) {
      if (link.startsWith("#")) this.choose(this.tables.findIndex((table) => table.querySelector(link)));
      else location.assign(seen(link));
    }

    get name() {
      const view = this.spec.views.length > 1 ? `-${this.spec.views[this.shown].name}` : "";
      return `${this.spec.key}${view}`.toLowerCase().replace(/[^a-z0-9]+/g, "-");
    }

    async save(format) {
      if (format === "csv") return this.saveRows();
      if (this.state !== "drawn") return;
      const { data, layout } = this.spec.views[this.shown];
      const width = this.plot.clientWidth;
      const told = this.captioned(coloured(layout), width);
      await Plotly.downloadImage(
        { data: coloured(data), layout: { ...told, template: template("sans-serif"), paper_bgcolor: colour("paper") } },
        { format, width, height: told.height, scale: format === "png" ? 2 : 1, filename: this.name },
      );
    }

    // A picture leaves its page, and the page's font: what it is, how it is read and what it was made of go with it.
    captioned(layout, width) {
      const reading = folded(this.element.querySelector("figcaption p").textContent, width / LETTER);
      const name = this.element.querySelector("figcaption h2").textContent;
      const view = this.buttons[this.shown]?.textContent ?? "";
      const drawn = this.plot._fullLayout._size;
      const above = 44 + 16 * reading.length;
      const below = 24;
      const small = { size: FONT_SIZE, color: colour("ink-3") };
      const title = {
        text: view && !name.toLowerCase().includes(view.toLowerCase()) ? `${name}: ${view}` : name, font: { size: 16 }, subtitle: { text: reading.join("<br>"), font: small },
        x: 0, xref: "container", xanchor: "left", y: 1, yref: "container", yanchor: "top", pad: { l: 10, t: 10 },
      };
      const source = {
        text: origin(), font: { ...small, size: 11 }, showarrow: false, x: 1, xref: "paper", xanchor: "right",
        y: 0, yref: "paper", yanchor: "bottom", yshift: 4 - drawn.b - below,
      };
      return {
        ...layout, title, annotations: [...(layout.annotations ?? []), source], height: layout.height + above + below,
        margin: { ...layout.margin, t: drawn.t + above, b: drawn.b + below },
      };
    }

    // The server has every row with every digit; where it shows no files, what the page itself says is saved.
    async saveRows() {
      const view = this.spec.views[this.shown];
      if (view.csv) return location.assign(seen(view.csv));
      const there = new URL(location.href);
      there.searchParams.set("figure", this.spec.key);
      there.searchParams.set("view", view.name);
      const answer = await fetch(there).catch(() => null);
      const isFile = answer?.ok && answer.headers.get("Content-Type").startsWith("text/csv");
      download(isFile ? await answer.blob() : new Blob([this.csv()], { type: "text/csv" }), `${this.name}.csv`);
    }

    csv() {
      // No cell that a spreadsheet takes for a formula: what begins like one is a whole number, or is quoted.
      const inert = (text) => (/^[=+\-@\t\r\n＝＋－＠]/.test(text) && !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? `'${text}` : text);
      const quoted = (text) => `"${inert(text.trim()).replaceAll('"', '""')}"`;
      const rows = [...this.tables[this.shown].querySelectorAll("tr")];
      return rows.map((row) => [...row.cells].map((cell) => quoted(cell.textContent)).join(",")).join("\r\n");
    }
  }

  // Where a mark leads: by itself, or by the address that its trace has, with the names of its place filled in.
  function leading({ customdata, data, pointNumber }) {
    if (customdata) return customdata;
    const { link, entries, columns } = data?.meta ?? {};
    const [row, column] = [pointNumber].flat();
    if (columns) return columns[column];
    const names = { text: data?.text?.[row], row: entries?.[row], column: entries?.[column] };
    return link?.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(names[name]));
  }

  // Organizers who look through others' eyes go on doing so.
  function seen(link) {
    const eyes = new URLSearchParams(location.search).get("as");
    const there = new URL(link, location.href);
    if (eyes) there.searchParams.set("as", eyes);
    return there.href;
  }

  // The words in lines of so many letters at most.
  function folded(text, letters) {
    const lines = [""];
    for (const word of text.trim().split(/\s+/)) {
      if (lines.at(-1) && lines.at(-1).length + word.length >= letters) lines.push("");
      lines.push(`${lines.pop()} ${word}`.trim());
    }
    return lines;
  }

  function origin() {
    const snapshot = document.querySelector("[data-snapshot]")?.dataset.snapshot;
    return [`${location.host}${location.pathname}`, ...(snapshot ? [`snapshot ${snapshot}`] : [])].join(", ");
  }

  function download(blob, name) {
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
    link.click();
    URL.revokeObjectURL(link.href);
  }

  function isOnPaper() {
    return "paper" in root.dataset;
  }

  // This script stands before Plotly's, and deferred scripts run in their order: neither event is missed.
  function arrival() {
    const program = document.querySelector("script[data-plotly]");
    return new Promise((resolve, reject) => {
      program.addEventListener("load", resolve);
      program.addEventListener("error", () => reject(new Error("Plotly did not load")));
    });
  }

  // Labels are measured as they are drawn: only the one font that they are drawn in is waited for.
  function letters() {
    return document.fonts.load(`${FONT_SIZE}px ${family}`).catch(() => null);
  }

  // In sight first, the page answering in between.
  async function drawAll(figures) {
    const first = figures.filter((figure) => figure.isInSight);
    for (const figure of new Set([...first, ...figures])) {
      await figure.draw();
      await new Promise((resolve) => setTimeout(resolve));
    }
  }

  function redraw(figures) {
    palette.clear();
    for (const figure of figures) if (figure.state === "drawn") figure.draw();
  }

  // Told of every step of a window that is drawn wider: the last one counts.
  function followWidth(figures) {
    let later;
    const watch = new ResizeObserver(() => {
      clearTimeout(later);
      later = setTimeout(() => {
        for (const figure of figures) {
          if (figure.state === "drawn" && figure.room !== figure.plot.parentElement.clientWidth) figure.draw();
        }
      }, 80);
    });
    for (const figure of figures) watch.observe(figure.plot.parentElement);
  }

  // Paper is light, whatever the screen is, and has a width of its own, which is not known before it is laid out.
  function followPaper(figures, watch) {
    let theme;
    addEventListener("beforeprint", () => {
      theme = root.dataset.theme;
      root.dataset.theme = "light";
      root.dataset.paper = "";
      watch.takeRecords();
      redraw(figures);
    });
    addEventListener("afterprint", () => {
      delete root.dataset.paper;
      if (theme) root.dataset.theme = theme;
      else delete root.dataset.theme;
      watch.takeRecords();
      redraw(figures);
    });
  }

  async function start() {
    const figures = [...document.querySelectorAll("[data-figure]")].map((element) => new Figure(element));
    if (!figures.length) return;
    probe = document.body.appendChild(Object.assign(document.createElement("span"), { hidden: true }));
    family = getComputedStyle(document.body).fontFamily;
    try {
      await Promise.all([arrival(), letters()]);
    } catch (error) {
      for (const figure of figures) figure.fail(error);
      return;
    }
    await drawAll(figures);
    const watch = new MutationObserver(() => redraw(figures));
    watch.observe(root, { attributes: true, attributeFilter: ["data-theme"] });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => redraw(figures));
    followWidth(figures);
    followPaper(figures, watch);
  }

  start();
})();
