// The viewer of a case: loaded when asked for, two linked canvases, labels on top, a slider that warps.
"use strict";

(() => {
  const section = document.querySelector("[data-viewer]");
  if (!section) return;
  const program = document.currentScript.dataset.niivue;
  const find = (name) => section.querySelector(`[data-${name}]`);
  const parts = JSON.parse(document.getElementById("viewer-data").textContent);
  const say = (words) => { find("say").textContent = words; };
  const start = find("start");
  const STEPS = 6;

  if (!hasWebGL()) {
    say("This browser has no WebGL 2, which the viewer needs. The pictures above show the same volumes.");
    return;
  }
  start.hidden = false;
  start.querySelector("button").addEventListener("click", open, { once: true });

  function hasWebGL() {
    return Boolean(document.createElement("canvas").getContext("webgl2"));
  }

  async function open() {
    start.hidden = true;
    say("Loading …");
    try {
      await load();
      find("stage").hidden = false;
      await show();
      say("");
    } catch (error) {
      find("stage").hidden = true;
      say("The viewer could not be loaded. The pictures above show the same volumes.");
      console.warn(error);
    }
  }

  function load() {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = program;
      script.onload = resolve;
      script.onerror = () => reject(new Error("the program did not load"));
      document.head.append(script);
    });
  }

  function options() {
    return {
      backColor: [0, 0, 0, 1], crosshairColor: [0.44, 0.76, 0.79, 0.9], crosshairWidth: 1, crosshairWidthUnit: "percent", isRadiologicalConvention: true,
      isOrientCube: false, isColorbar: false, dragAndDropEnabled: false, loadingText: "", logLevel: "silent",
      multiplanarLayout: niivue.MULTIPLANAR_TYPE.GRID, multiplanarShowRender: niivue.SHOW_RENDER.NEVER, sagittalNoseLeft: true, show3Dcrosshair: false, textHeight: 0.05,
    };
  }

  async function viewer(canvas) {
    const made = new niivue.Niivue(options());
    await made.attachToCanvas(canvas);
    made.setSliceType(made.sliceTypeMultiplanar);
    return made;
  }

  // Each file is fetched once, whichever canvases it is shown in.
  const kept = new Map();
  function bytes(url) {
    if (!kept.has(url)) {
      const coming = fetch(url).then((answer) => {
        if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
        return answer.arrayBuffer();
      });
      coming.catch(() => kept.delete(url));
      kept.set(url, coming);
    }
    return kept.get(url);
  }

  // Images from below to above, then labels; what was there before goes.
  async function fill(made, images, labels) {
    const volumes = [];
    for (const url of images) {
      volumes.push({ url: await bytes(url), name: "image.nii.gz", colormap: "gray", cal_min: 0, cal_max: 255 });
    }
    if (labels) volumes.push({ url: await bytes(labels), name: "labels.nii.gz" });
    const place = [...made.scene.crosshairPos];
    await made.loadVolumes(volumes);
    made.scene.crosshairPos = place;
    if (labels) made.volumes.at(-1).setColormapLabel(colours());
    made.updateGLVolume();
  }

  // Number 0 is nothing; the others have the colours of the pictures.
  function colours() {
    const channel = (at) => [0, ...parts.colours.map((hex) => parseInt(hex.slice(at, at + 2), 16))];
    const numbers = parts.colours.map((_, number) => number + 1);
    return {
      R: channel(1), G: channel(3), B: channel(5), A: [0, ...numbers.map(() => 255)],
      I: [0, ...numbers], labels: ["", ...parts.names],
    };
  }

  async function show() {
    const [fixed, morph] = [await viewer(find("fixed")), await viewer(find("morph"))];
    const both = [fixed, morph];
    await look(fixed, morph);
    fixed.broadcastTo([morph], { "2d": true, "3d": true });
    morph.broadcastTo([fixed], { "2d": true, "3d": true });
    for (const one of both) one.onLocationChange = () => tell(fixed);
    for (const name of ["way", "over", "opacity"]) {
      find(name)?.addEventListener("input", () => set(fixed, morph));
    }
    find("entry").addEventListener("change", () => change(fixed, morph));
    for (const one of both) one.canvas.addEventListener("keydown", (event) => step(event, one, both));
    tell(fixed);
    section.viewers = both;
    section.dataset.ready = "";
  }

  let shown = "";

  async function look(fixed, morph) {
    const of = parts.entries[find("entry").value];
    // All there before anything that is shown goes.
    await Promise.all([parts.fixed, of.morph, parts.fixedLabels, of.labels].filter(Boolean).map(bytes));
    shown = find("entry").value;
    await fill(fixed, [parts.fixed, of.morph], parts.fixedLabels);
    await fill(morph, [of.morph], of.labels);
    set(fixed, morph);
  }

  // One change at a time: nothing is moved while volumes come and go.
  async function change(fixed, morph) {
    find("controls").disabled = true;
    say("Loading …");
    try {
      await look(fixed, morph);
      say("");
    } catch (error) {
      say("The volumes of that entry could not be loaded.");
      find("entry").value = shown;
      console.warn(error);
    }
    find("controls").disabled = false;
    tell(fixed);
  }

  // The propagated labels belong to the end of the way: elsewhere they are hidden.
  function set(fixed, morph) {
    const [frame, over] = [Number(find("way").value), Number(find("over").value)];
    const share = (frame / STEPS).toFixed(2);
    const words = frame === STEPS ? "Warped" : frame === 0 ? "Moving" : `Warped by ${share} of the field`;
    fixed.setFrame4D(fixed.volumes[1].id, frame);
    morph.setFrame4D(morph.volumes[0].id, frame);
    fixed.setOpacity(1, over);
    if (parts.fixedLabels) {
      const opacity = Number(find("opacity").value);
      fixed.setOpacity(2, opacity);
      morph.setOpacity(1, frame === STEPS ? opacity : 0);
      find("opacity-words").textContent = opacity.toFixed(2);
    }
    find("way-words").textContent = share;
    find("over-words").textContent = over.toFixed(2);
    find("title").textContent = words;
    find("fixed-title").textContent = over === 0 ? "Fixed" : `${words} over fixed`;
  }

  const KEYS = { ArrowLeft: [1, 0, 0], ArrowRight: [-1, 0, 0], ArrowUp: [0, 1, 0], ArrowDown: [0, -1, 0], PageUp: [0, 0, 1], PageDown: [0, 0, -1] };

  function step(event, one, both) {
    const by = KEYS[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    one.moveCrosshairInVox(...by);
    for (const other of both) {
      other.scene.crosshairPos = [...one.scene.crosshairPos];
      other.drawScene();
    }
    tell(both[0]);
  }

  function tell(fixed) {
    const [x, y, z] = fixed.frac2mm(fixed.scene.crosshairPos);
    const voxel = fixed.frac2vox(fixed.scene.crosshairPos);
    const number = parts.fixedLabels ? fixed.volumes[2].getValue(...voxel) : 0;
    const name = number ? `, ${parts.names[number - 1]}` : "";
    const place = [x, y, z].map((value) => value.toFixed(1)).join(", ");
    find("place").textContent = `${place} mm (right, anterior, superior)${name}`;
  }
})();
