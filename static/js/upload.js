// Uploads a file in pieces by tus: checked first, shown as it goes, paused and gone on with.
// What is unfinished stands in the page as the server knows it: nothing is kept in the browser.
// Without this script the form does the same in one go.
"use strict";

(() => {
  const form = document.querySelector("form[data-upload]");
  if (!form) return;
  const PIECE = 16 * 2 ** 20;
  const DELAYS = [500, 1000, 2000, 5000, 10_000, ...Array(240).fill(15_000)];
  const SPEED_OVER = 5000;
  const SHOWN = 200;
  const part = (name) => document.querySelector(`[data-${name}]`);
  const [findings, summary, details, progress, said, numbers] =
    ["findings", "summary", "details", "progress", "said", "numbers"].map(part);
  const bar = progress.querySelector("progress");
  const [pause, cancel] = ["pause", "cancel"].map(part);
  const fields = part("fields");
  const button = form.querySelector("button[type=submit]");
  const chooser = form.elements.file;
  const rules = { url: form.dataset.rules, loaded: null };
  let chosen = null;
  let upload = null;

  // --- Words -----------------------------------------------------------------------------------

  const whole = (n) => n.toLocaleString("en-GB");

  function size(bytes) {
    const unit = bytes < 2 ** 30 ? [2 ** 20, "MB"] : [2 ** 30, "GB"];
    return `${(bytes / unit[0]).toFixed(1)} ${unit[1]}`;
  }

  function span(seconds) {
    if (seconds < 60) return `${Math.ceil(seconds)} s`;
    const minutes = Math.ceil(seconds / 60);
    return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  }

  function make(tag, text = "", more = {}) {
    return Object.assign(document.createElement(tag), { textContent: text }, more);
  }

  // --- A chosen file: what is wrong with it, its hash, whether it goes on with an upload -----------

  class Chosen {
    constructor(file) {
      this.file = file;
      this.insisted = false;
      this.read = 0;
      this.problems = this.check();
      this.digest = this.hash();
      const same = ({ dataset }) => dataset.name === file.name && Number(dataset.size) === file.size;
      this.unfinished = [...document.querySelectorAll("[data-unfinished]")].find(same) ?? null;
    }

    async check() {
      if (!("DecompressionStream" in window)) return [];
      try {
        rules.loaded ??= await (await fetch(rules.url)).json();
        return await preflight.check(this.file, rules.loaded, (done, all) => {
          if (chosen === this) tell([], make("p", `Looking into the file: ${whole(done)} of ${whole(all)} fields.`));
        });
      } catch {
        return null;
      }
    }

    // Its hash lets an upload end after the deadline, and tells that what arrives is what was sent.
    hash() {
      const digest = new Promise((resolve) => {
        this.hasher = new Worker(form.dataset.hasher, { type: "module" });
        this.hasher.addEventListener("error", () => resolve(""));
        this.hasher.addEventListener("message", ({ data }) => {
          if (data.done === undefined) return resolve(data.digest ?? "");
          this.read = data.done;
          if (upload === "reading" && chosen === this) show(this.read, this.file.size);
        });
        this.hasher.postMessage(this.file);
      });
      // A browser that cannot uploads without a hash.
      return digest.catch(() => "").finally(() => this.forget());
    }

    forget() {
      this.hasher?.terminate();
    }
  }

  // What is read out at once, and what stands below it.
  function tell(spoken, ...more) {
    findings.hidden = false;
    summary.replaceChildren(...spoken);
    details.replaceChildren(...more);
  }

  async function choose() {
    chosen?.forget();
    findings.hidden = true;
    chosen = chooser.files.length ? new Chosen(chooser.files[0]) : null;
    label();
    if (!chosen) return;
    const own = chosen;
    tell([], make("p", "Looking into the file."));
    const problems = await own.problems;
    if (chosen === own) report(own, problems);
  }

  function label() {
    const going = chosen?.unfinished;
    fields.hidden = Boolean(going);
    button.textContent = chosen?.insisted ? "Upload anyway" : going ? "Go on with the upload" : "Upload and score";
  }

  function report(own, problems) {
    const going = own.unfinished
      ? [make("p", `This file goes on with the upload for ${own.unfinished.dataset.entry}: ${own.unfinished.dataset.percent} % has arrived.`)] : [];
    if (problems === null) return tell([...going, make("p", "The file could not be looked into here; the server checks it.")]);
    if (!problems.length) {
      if (!rules.loaded) return tell(going);
      const all = rules.loaded.pairs.length;
      const fine = `All ${whole(all)} fields are there, named, shaped and typed as asked. Their values are checked after the upload.`;
      return tell([...going, make("p", fine, { className: "fine" })]);
    }
    const count = `${whole(problems.length)} problem${problems.length > 1 ? "s" : ""} in ${own.file.name}`;
    const rest = problems.length > SHOWN ? [make("p", `And ${whole(problems.length - SHOWN)} more.`)] : [];
    tell([...going, make("h2", count), make("p", "Nothing is uploaded yet. As it is, the file would be invalid.")],
      list(problems.slice(0, SHOWN)), ...rest);
  }

  function list(problems) {
    const items = problems.map(({ file, found, expected, remedy }) => {
      const facts = document.createElement("dl");
      facts.append(make("dt", "found"), make("dd", found), make("dt", "expected"), make("dd", expected));
      const item = document.createElement("li");
      item.append(make("div", file, { className: "mono" }), facts, make("div", remedy, { className: "muted" }));
      return item;
    });
    const made = make("ul", "", { tabIndex: 0, ariaLabel: "Problems" });
    made.append(...items);
    return made;
  }

  // --- The upload ------------------------------------------------------------------------------

  const samples = [];
  let sofar = "";

  function show(sent, all) {
    bar.value = sent / all;
    const now = performance.now();
    samples.push([now, sent]);
    while (samples.length > 2 && now - samples[0][0] > SPEED_OVER) samples.shift();
    const [time, before] = samples[0];
    const speed = (1000 * (sent - before)) / (now - time);
    const pace = speed > 0 && Number.isFinite(speed) ? `, ${size(speed)}/s, about ${span((all - sent) / speed)} left` : "";
    sofar = `${size(sent)} of ${size(all)} (${Math.floor((100 * sent) / all)} %)`;
    numbers.textContent = sofar + pace;
  }

  function say(words) {
    said.textContent = words;
    numbers.textContent = sofar;
    samples.length = 0;
  }

  // Field errors stand at their fields, everything else above the form.
  function refuse(words, errors = {}) {
    upload = null;
    progress.hidden = true;
    button.hidden = button.disabled = chooser.disabled = fields.inert = false;
    form.querySelectorAll(".errorlist, :scope > [role=alert]").forEach((old) => old.remove());
    for (const [name, messages] of Object.entries(errors)) {
      const list = make("ul", "", { className: "errorlist" });
      list.append(...messages.map((message) => make("li", message)));
      form.elements[name]?.closest(".field")?.append(list);
    }
    const alert = make("div", "", { className: "errorlist", role: "alert" });
    alert.append(make("p", words));
    form.prepend(alert);
    alert.scrollIntoView({ block: "center" });
  }

  function answerOf(error) {
    try {
      return JSON.parse(error.originalResponse.getBody());
    } catch {
      return {};
    }
  }

  function failed(error) {
    const { code, message, fields: errors } = answerOf(error);
    if (code === "csrf" || code === "unknown") {
      return refuse("You were logged out meanwhile. Load this page again and choose the file: the upload goes on where it stopped.");
    }
    refuse(message ?? "The server cannot be reached. What has arrived is kept: load this page again later and choose the file to go on.", errors);
  }

  function mayRetry(error) {
    const status = error.originalResponse?.getStatus() ?? 0;
    const again = status === 0 || status === 409 || status === 423 || (status >= 500 && status !== 507);
    if (again) {
      say("The line is broken. It goes on by itself; nothing that has arrived is lost.");
      bar.dataset.broken = "";
    }
    return again;
  }

  function metadata(digest) {
    const facts = [...new FormData(form)].filter(([name, value]) => typeof value === "string" && value && name !== "csrfmiddlewaretoken");
    return { ...Object.fromEntries(facts), filename: chosen.file.name, phase: form.dataset.phase, sha256: digest };
  }

  function begin(digest) {
    const own = chosen.unfinished;
    if (own && own.dataset.sha256 && own.dataset.sha256 !== digest) {
      chosen.unfinished = null;
      label();
      return refuse("This is another file than the unfinished one of the same name. Discard that one above, or upload this one anew.");
    }
    say("Uploading. You may leave this page: come back and choose the same file to go on.");
    pause.hidden = false;
    pause.textContent = "Pause";
    pause.classList.add("plain");
    upload = new tus.Upload(chosen.file, {
      endpoint: form.dataset.upload,
      uploadUrl: own?.dataset.unfinished ?? null,
      chunkSize: PIECE,
      retryDelays: DELAYS,
      storeFingerprintForResuming: false,
      metadata: metadata(digest),
      headers: { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
      onShouldRetry: mayRetry,
      onProgress: (sent, all) => {
        if ("broken" in bar.dataset) {
          delete bar.dataset.broken;
          say("Uploading.");
        }
        show(sent, all);
      },
      onError: failed,
      onSuccess: () => location.assign(upload.url.replace("/uploads/", "/submissions/")),
    });
    upload.start();
  }

  async function submit() {
    button.disabled = true;
    const own = chosen;
    const problems = await own.problems;
    if (chosen !== own) return;
    button.disabled = false;
    if (problems?.length && !own.insisted) {
      own.insisted = true;
      label();
      findings.scrollIntoView({ block: "nearest" });
      return;
    }
    button.hidden = chooser.disabled = fields.inert = true;
    progress.hidden = false;
    pause.hidden = true;
    sofar = "";
    upload = "reading";
    say("Reading the file: its hash is declared before the upload.");
    show(own.read, own.file.size);
    const digest = await own.digest;
    if (upload === "reading") begin(digest);
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (chosen && !button.disabled && !upload) submit();
  });
  chooser.addEventListener("change", choose);

  pause.addEventListener("click", async () => {
    const paused = pause.textContent === "Pause";
    pause.textContent = paused ? "Go on" : "Pause";
    pause.classList.toggle("plain", !paused);
    say(paused ? "Paused. What has arrived is kept." : "Uploading.");
    if (paused) await upload.abort();
    else upload.start();
  });

  cancel.addEventListener("click", async () => {
    const begun = upload;
    refuse("The upload is cancelled.");
    if (!begun || begun === "reading") return;
    try {
      await begun.abort(Boolean(begun.url));
    } catch {
      refuse("The upload is stopped, but the server could not be told. Load this page again to discard what has arrived.");
    }
  });

  // The network is back: do not wait for the next try.
  addEventListener("online", async () => {
    if (!("broken" in bar.dataset) || !(upload instanceof tus.Upload)) return;
    await upload.abort();
    upload.start();
  });

  for (const hint of document.querySelectorAll("[data-needs-script]")) hint.hidden = false;
  // A file that the browser has kept over a reload.
  if (chooser.files.length) choose();
})();
