// A worker that computes the SHA-256 of a file as it reads it: the page stays quick, the memory flat.
import { sha256 } from "../vendor/noble-hashes/sha2.js";

const EVERY = 2 ** 24;

self.addEventListener("message", async ({ data: file }) => {
  const hash = sha256.create();
  let done = 0, said = 0;
  try {
    for (const reader = file.stream().getReader(); ;) {
      const { done: ended, value } = await reader.read();
      if (ended) break;
      hash.update(value);
      done += value.length;
      if (done - said < EVERY) continue;
      said = done;
      self.postMessage({ done });
    }
    const digest = [...hash.digest()].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    self.postMessage({ digest });
  } catch (error) {
    self.postMessage({ error: error.message });
  }
});
