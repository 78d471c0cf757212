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
      backColor: [0, 0, 0, 1], crosshairColor: [0.95, 0.62, 0.1, 0.9], crosshairWidth: 1, crosshairWidthUnit: "percent", isRadiologicalConvention: true,
      isOrientCube: false, isColorbar: false, dragAndDropEnabled: false, loadingText: "", logLevel: "silent",
      multiplanarLayout: niivue.MULTIPLANAR_TYPE.GRID, multiplanarShowRender: niivue.SHOW_RENDER.NEVER, sagittalNoseLeft: true, show3Dcrosshair: false, textHeight: 0.05,
    };
  }

  async function viewer(canvas, image, labels) {
    const made = new niivue.Niivue(options());
    await made.attachToCanvas(canvas);
    made.setSliceType(made.sliceTypeMultiplanar);
    const volumes = [{ url: image, name: "image.nii.gz", colormap: "gray", cal_min: 0, cal_max: 255 }];
    if (labels) volumes.push({ url: labels, name: "labels.nii.gz", opacity: 0.4 });
    await made.loadVolumes(volumes);
    if (labels) {
      made.volumes[1].setColormapLabel(colours());
      made.updateGLVolume();
    }
    return made;
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
    const fixed = await viewer(find("fixed"), parts.fixed, parts.fixedLabels);
    const morph = await viewer(find("morph"), parts.morph, parts.labels);
    const both = [fixed, morph];
    fixed.broadcastTo([morph], { "2d": true, "3d": true });
    morph.broadcastTo([fixed], { "2d": true, "3d": true });
    for (const one of both) one.onLocationChange = (where) => tell(fixed, where);
    find("way").addEventListener("input", () => warp(morph));
    warp(morph);
    if (parts.labels) {
      find("labels").hidden = false;
      find("opacity").addEventListener("input", () => fade(both));
    }
    for (const one of both) one.canvas.addEventListener("keydown", (event) => step(event, one, both));
    section.viewers = both;
    section.dataset.ready = "";
  }

  // The propagated labels belong to the end of the way: elsewhere they are hidden.
  function warp(morph) {
    const frame = Number(find("way").value);
    morph.setFrame4D(morph.volumes[0].id, frame);
    const share = (frame / STEPS).toFixed(2);
    find("way-words").textContent = share;
    find("title").textContent = frame === STEPS ? "Warped" : frame === 0 ? "Moving" : `Warped by ${share} of the field`;
    if (parts.labels) morph.setOpacity(1, frame === STEPS ? Number(find("opacity").value) : 0);
  }

  function fade(both) {
    const opacity = Number(find("opacity").value);
    find("opacity-words").textContent = opacity.toFixed(2);
    both[0].setOpacity(1, opacity);
    if (Number(find("way").value) === STEPS) both[1].setOpacity(1, opacity);
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
    const number = parts.labels ? fixed.volumes[1].getValue(...voxel) : 0;
    const name = number ? `, ${parts.names[number - 1]}` : "";
    const place = [x, y, z].map((value) => value.toFixed(1)).join(", ");
    find("place").textContent = `${place} mm (right, anterior, superior)${name}`;
  }
})();
