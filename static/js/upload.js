// Shows how far an upload is; without this script the form does the same, silently.
"use strict";

(() => {
  const form = document.querySelector("form[data-upload]");
  if (!form) return;
  const box = form.querySelector("[data-upload-progress]");
  const bar = box.querySelector("progress");
  const text = box.querySelector("p");
  const button = form.querySelector("button:not([type=button])");

  const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

  function told(event) {
    if (!event.lengthComputable) return;
    bar.value = (100 * event.loaded) / event.total;
    text.textContent = event.loaded < event.total
      ? `${megabytes(event.loaded)} of ${megabytes(event.total)}`
      : "Uploaded; waiting for the answer.";
  }

  function failed(words) {
    box.hidden = true;
    button.disabled = false;
    button.setCustomValidity(words);
    button.reportValidity();
    button.setCustomValidity("");
  }

  // The server leads to the submission's page, or answers with the form and what is wrong with it.
  function answered(request) {
    if (new URL(request.responseURL).pathname !== location.pathname) return location.assign(request.responseURL);
    const page = new DOMParser().parseFromString(request.responseText, "text/html");
    const answer = page.querySelector("form[data-upload]");
    if (request.status >= 400 || !answer) return failed(`The upload was not taken (${request.status}). Try again.`);
    for (const field of answer.querySelectorAll(".field")) {
      const control = field.querySelector("[name]");
      const errors = field.querySelector(".errorlist");
      const own = form.elements[control?.name]?.closest?.(".field");
      own?.querySelector(".errorlist")?.remove();
      if (own && errors) own.append(errors);
    }
    form.querySelector(":scope > [role=alert]")?.remove();
    const alert = answer.querySelector(":scope > [role=alert]");
    if (alert) form.prepend(alert);
    box.hidden = true;
    button.disabled = false;
    (form.querySelector(".errorlist")?.closest(".field, [role=alert]") ?? form).scrollIntoView({ block: "center" });
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", told);
    request.addEventListener("load", () => answered(request));
    request.addEventListener("error", () => failed("The connection broke. Nothing was sent; try again."));
    request.open("POST", location.href);
    request.send(new FormData(form));
    bar.value = 0;
    text.textContent = "";
    box.hidden = false;
    button.disabled = true;
  });
})();
