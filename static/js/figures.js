// Draws the page's figures with Plotly, in the colours of the theme; saves them as SVG, PNG and CSV.
"use strict";

(() => {
  const source = document.currentScript.dataset.plotly;
  const root = document.documentElement;
  const TOKEN = "token:";
  // Plotly leaves its style sheets out where elements with these ids stand: the site's own CSS has the
  // rules, and a style element would break the Content-Security-Policy. The second is MapLibre's, which
  // the bundle carries and no figure here uses.
  const STYLE_IDS = ["plotly.js-style-global", "9f215cf04c5486422605d13261cb87401f4e7763b6296af81e98efbc0130da53"];
  const CONFIG = { displayModeBar: false, responsive: true, scrollZoom: false, doubleClick: false, showTips: false };

  let probe = null;

  function colour(name) {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  }

  function coloured(value) {
    if (typeof value === "string") return value.startsWith(TOKEN) ? colour(value.slice(TOKEN.length)) : value;
    if (Array.isArray(value)) return value.map(coloured);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, coloured(inner)]));
  }

  function template() {
    const axis = {
      color: colour("ink-3"), gridcolor: colour("line"), linecolor: colour("line"), zerolinecolor: colour("line"),
      tickfont: { color: colour("ink-2"), size: 12 }, title: { font: { color: colour("ink-3"), size: 12 }, standoff: 8 },
    };
    const label = { bgcolor: colour("card"), bordercolor: colour("line-3"), align: "left" };
    return { layout: {
      font: { family: getComputedStyle(document.body).fontFamily, color: colour("ink"), size: 12 },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", dragmode: false, hovermode: "closest",
      hoverlabel: { ...label, font: { family: getComputedStyle(document.body).fontFamily, color: colour("ink"), size: 12 } }, xaxis: axis, yaxis: axis,
    } };
  }

  function load() {
    for (const id of STYLE_IDS) {
      const place = document.createElement("meta");
      place.id = id;
      place.className = "no-inline-styles";
      document.head.append(place);
    }
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = source;
      script.onload = resolve;
      script.onerror = reject;
      document.head.append(script);
    });
  }

  class Figure {
    constructor(element) {
      this.element = element;
      this.plot = element.querySelector("[data-plot]");
      this.spec = JSON.parse(element.querySelector('script[type="application/json"]').textContent);
      this.tables = [...element.querySelectorAll("details[data-table]")];
      this.shown = 0;
      this.plot.style.minWidth = `${this.spec.minWidth}px`;
      if (this.spec.maxWidth) this.plot.style.maxWidth = `max(${this.spec.maxWidth}px, ${this.spec.minWidth}px)`;
      this.addTools();
      this.choose(0);
    }

    addTools() {
      const tools = this.element.querySelector("[data-tools]");
      if (this.spec.views.length > 1) {
        const group = tools.appendChild(make("div", { className: "seg" }));
        group.setAttribute("role", "group");
        group.setAttribute("aria-label", "Metric");
        this.buttons = this.spec.views.map((view, number) => {
          const button = group.appendChild(make("button", { type: "button", textContent: view.name }));
          button.addEventListener("click", () => { this.choose(number); this.draw(); });
          return button;
        });
      }
      const save = tools.appendChild(make("div", { className: "save" }));
      for (const format of ["svg", "png", "csv"]) {
        const button = save.appendChild(make("button", { type: "button", textContent: format.toUpperCase() }));
        button.setAttribute("aria-label", `Save as ${format.toUpperCase()}`);
        button.addEventListener("click", () => this.save(format));
      }
    }

    choose(number) {
      this.shown = number;
      this.buttons?.forEach((button, at) => button.setAttribute("aria-pressed", at === number));
      const open = this.tables.some((table) => table.open);
      this.tables.forEach((table, at) => { table.hidden = at !== number; table.open = open && at === number; });
    }

    async draw() {
      const { data, layout } = this.spec.views[this.shown];
      this.plot.querySelector(":scope > .space")?.remove();
      const height = this.spec.square ? Math.min(layout.height, this.plot.clientWidth + 16) : layout.height;
      this.plot.style.height = `${height}px`;
      await Plotly.react(this.plot, coloured(data), { ...coloured(layout), height, template: template() }, CONFIG);
      if (this.drawn) return;
      this.drawn = true;
      this.plot.on("plotly_click", (event) => {
        const link = event.points[0]?.customdata;
        if (typeof link === "string") location.assign(seen(link));
      });
    }

    get name() {
      const view = this.spec.views.length > 1 ? `-${this.spec.views[this.shown].name}` : "";
      return `${this.spec.key}${view}`.toLowerCase().replace(/[^a-z0-9]+/g, "-");
    }

    async save(format) {
      if (format === "csv") return download(new Blob([this.csv()], { type: "text/csv" }), `${this.name}.csv`);
      const { data, layout } = this.spec.views[this.shown];
      const paper = { ...coloured(layout), template: template(), paper_bgcolor: colour("paper") };
      const width = Math.max(this.plot.clientWidth, this.spec.minWidth);
      await Plotly.downloadImage(
        { data: coloured(data), layout: paper }, { format, width, height: layout.height, scale: format === "png" ? 2 : 1, filename: this.name },
      );
    }

    csv() {
      const quoted = (text) => `"${text.replace(/^([=+@-](?!\d|$))/, "'$1").replaceAll('"', '""')}"`;
      const rows = [...this.tables[this.shown].querySelectorAll("tr")];
      return rows.map((row) => [...row.cells].map((cell) => quoted(cell.textContent)).join(",")).join("\r\n");
    }
  }

  // Organizers who look through others' eyes go on doing so.
  function seen(link) {
    const eyes = new URLSearchParams(location.search).get("as");
    const there = new URL(link, location.href);
    if (eyes) there.searchParams.set("as", eyes);
    return there.href;
  }

  function make(tag, properties) {
    return Object.assign(document.createElement(tag), properties);
  }

  function download(blob, name) {
    const link = make("a", { href: URL.createObjectURL(blob), download: name });
    link.click();
    URL.revokeObjectURL(link.href);
  }

  // Paper is light, whatever the screen is.
  function printLight(redraw) {
    let kept;
    addEventListener("beforeprint", () => {
      kept = root.dataset.theme;
      root.dataset.theme = "light";
      redraw();
    });
    addEventListener("afterprint", () => {
      if (kept) root.dataset.theme = kept;
      else delete root.dataset.theme;
    });
  }

  async function start() {
    const elements = [...document.querySelectorAll("[data-figure]")];
    if (!elements.length) return;
    probe = document.body.appendChild(make("span", { hidden: true }));
    const figures = elements.map((element) => new Figure(element));
    await Promise.all([load(), document.fonts.ready]);
    const redraw = () => figures.forEach((figure) => figure.draw());
    for (const figure of figures) await figure.draw();
    new MutationObserver(redraw).observe(root, { attributes: true, attributeFilter: ["data-theme"] });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
    printLight(redraw);
  }

  start();
})();
