// Finds what is wrong with a zip of fields before it is uploaded, by the rules of the server's check.
// Only slices of the file are read: its table of contents, and the beginning of each field.
"use strict";

const preflight = (() => {
  const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const LATIN = new TextDecoder("latin1");
  // Names that are not marked as UTF-8 are in code page 437, whose upper half browsers do not know.
  const DOS = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0";
  const END = 22, LOCATOR = 20, END64 = 56, ENTRY = 46, LOCAL = 30;
  const TAIL = 65_535 + END;
  const HEAD = 65_536;
  const NIFTI = 352;
  const AT_ONCE = 8;
  const LONGEST_NAME = 255;
  // By a password, strongly, with a masked table of contents.
  const ENCRYPTED = 0x1 | 0x40 | 0x2000;

  // A fault with the server's code; the page tells it in the server's words.
  class Fault extends Error {
    constructor(code, file = "", facts = {}) {
      super(code);
      Object.assign(this, { code, file, facts });
    }
  }

  const bytes = async (blob, start, end) => new Uint8Array(await blob.slice(start, end).arrayBuffer());
  const view = (data) => new DataView(data.buffer, data.byteOffset, data.byteLength);
  const is = (data, at, text) => [...text].every((letter, n) => data[at + n] === letter.charCodeAt(0));
  // As the server writes such numbers.
  const float = (n) => (Number.isSafeInteger(n) ? n.toFixed(1) : String(n).toLowerCase().replace("infinity", "inf"));
  const times = (shape) => shape.join(" x ");

  function same(shape, other) {
    return shape.length === other.length && shape.every((n, axis) => n === other[axis]);
  }

  // --- The zip's table of contents -------------------------------------------------------------

  async function directory(file, limits) {
    if (!is(await bytes(file, 0, 2), 0, "PK")) throw new Fault("archive_not_zip");
    const from = Math.max(0, file.size - TAIL - LOCATOR - END64);
    const tail = await bytes(file, from, file.size);
    let at = tail.length - END;
    while (at >= 0 && !is(tail, at, "PK\x05\x06")) at -= 1;
    if (at < 0) throw new Fault("archive_corrupt", "", { reason: "it has no table of contents" });
    let { size, offset, end } = ending(tail, at);
    size = Number(size);
    if (size > limits.directory_bytes) throw new Fault("archive_directory", "", { size, limit: limits.directory_bytes });
    const start = from + end - size;
    // What stands before the zip moves everything in it.
    const moved = start - Number(offset);
    if (start < 0 || moved < 0) throw new Fault("archive_corrupt", "", { reason: "its table of contents is out of place" });
    return { members: entries(await bytes(file, start, start + size), moved), start };
  }

  function ending(tail, at) {
    const data = view(tail);
    const plain = { size: data.getUint32(at + 12, true), offset: data.getUint32(at + 16, true), end: at };
    const before = at - LOCATOR - END64;
    if (before < 0 || !is(tail, at - LOCATOR, "PK\x06\x07") || !is(tail, before, "PK\x06\x06")) return plain;
    return { size: data.getBigUint64(before + 40, true), offset: data.getBigUint64(before + 48, true), end: before };
  }

  function decoded(raw, flags) {
    try {
      if (flags & 0x800) return UTF8.decode(raw);
      return Array.from(raw, (byte) => (byte < 128 ? String.fromCharCode(byte) : DOS[byte - 128])).join("");
    } catch {
      throw new Fault("archive_corrupt", "", { reason: "a name in it is no UTF-8" });
    }
  }

  function entries(table, moved) {
    const data = view(table);
    const found = [];
    for (let at = 0; at < table.length;) {
      if (at + ENTRY > table.length || !is(table, at, "PK\x01\x02")) {
        throw new Fault("archive_corrupt", "", { reason: "its table of contents is damaged" });
      }
      const [named, extra, comment] = [28, 30, 32].map((field) => data.getUint16(at + field, true));
      const flags = data.getUint16(at + 8, true);
      const raw = table.subarray(at + ENTRY, at + ENTRY + named);
      const member = {
        raw, flags, whole: decoded(raw, flags),
        method: data.getUint16(at + 10, true), packed: data.getUint32(at + 20, true), size: data.getUint32(at + 24, true),
        mode: data.getUint16(at + 40, true), offset: data.getUint32(at + 42, true),
      };
      member.name = member.whole.split("\0")[0];
      large(member, table.subarray(at + ENTRY + named, at + ENTRY + named + extra));
      member.offset += moved;
      found.push(member);
      at += ENTRY + named + extra + comment;
    }
    return found;
  }

  // Sizes beyond 4 GiB stand in an extra field, those only that need it.
  function large(member, extra) {
    const data = view(extra);
    for (let at = 0; at + 4 <= extra.length; at += 4 + data.getUint16(at + 2, true)) {
      if (data.getUint16(at, true) !== 1) continue;
      let value = at + 4;
      for (const field of ["size", "packed", "offset"]) {
        if (member[field] !== 0xffffffff || value + 8 > extra.length) continue;
        member[field] = Number(data.getBigUint64(value, true));
        value += 8;
      }
    }
  }

  // --- The rules for the zip as a whole --------------------------------------------------------

  const parts = (name) => name.split("/").filter((part) => part && part !== ".");
  const folder = (name) => parts(name).slice(0, -1).join("/") || ".";
  const ignored = (name) => parts(name).some((part) => part === "__MACOSX" || (part.startsWith(".") && part !== ".."));

  const ascii = (text) => JSON.stringify(text).slice(1, -1)
    .replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);

  function plain(name) {
    const odd = name.startsWith("/") || parts(name).includes("..") || /[\\:]|[^\P{C}]|[^\P{Z} ]/u.test(name);
    return parts(name).length > 0 && [...name].length <= LONGEST_NAME && !odd;
  }

  function checkMember(member, limits) {
    const { name, whole, size, packed, method } = member;
    if (!plain(whole)) throw new Fault("member_name", ascii(whole).slice(0, 120) || "(no name)");
    if (member.flags & ENCRYPTED) throw new Fault("member_encrypted", name);
    if (![0, 0o100000].includes(member.mode & 0o170000)) throw new Fault("member_link", name);
    if (method !== 0 && method !== 8) throw new Fault("member_method", name, { method });
    if (size > limits.member_bytes) throw new Fault("member_size", name, { size, limit: limits.member_bytes });
    if (size > limits.ratio * Math.max(packed, 1)) {
      throw new Fault("member_ratio", name, { ratio: Math.floor(size / Math.max(packed, 1)), limit: limits.ratio });
    }
  }

  function checkOverlap(all, start) {
    let end = 0;
    for (const member of [...all].sort((a, b) => a.offset - b.offset)) {
      if (member.offset < end) throw new Fault("archive_overlap");
      end = member.offset + LOCAL + member.raw.length + member.packed;
    }
    if (end > start) throw new Fault("archive_overlap");
  }

  // name, relative to the one folder that holds the fields -> member
  function relative(members, suffixes) {
    if (!members.length) throw new Fault("archive_empty");
    const fields = members.filter(({ name }) => suffixes.some((suffix) => name.endsWith(suffix)));
    const folders = [...new Set(fields.map(({ name }) => folder(name)))].sort();
    if (folders.length > 1) throw new Fault("archive_folders", "", { folders: folders.slice(0, 5).join(", ") });
    const home = folders[0] ?? ".";
    const named = new Map();
    for (const member of members) {
      const path = parts(member.name);
      const short = folder(member.name) === home ? path.at(-1) : path.join("/");
      if (named.has(short)) throw new Fault("duplicate", "", { names: short });
      named.set(short, member);
    }
    return named;
  }

  async function openZip(file, { limits, suffixes }) {
    const { members, start } = await directory(file, limits);
    const wanted = members.filter(({ name }) => !name.endsWith("/") && !ignored(name));
    if (wanted.length > limits.members) throw new Fault("archive_members", "", { count: wanted.length, limit: limits.members });
    for (const member of wanted) checkMember(member, limits);
    const seen = new Set();
    for (const { name } of wanted) {
      if (seen.has(name)) throw new Fault("duplicate", "", { names: name });
      seen.add(name);
    }
    const size = wanted.reduce((sum, member) => sum + member.size, 0);
    if (size > limits.total_bytes) throw new Fault("archive_size", "", { size, limit: limits.total_bytes });
    checkOverlap(members, start);
    return relative(wanted, suffixes);
  }

  // --- Names -----------------------------------------------------------------------------------

  function checkNames(names, { pairs, suffixes }) {
    const given = new Set(names), left = new Set(given);
    const faults = [], missing = [], found = [];
    // One file may serve the pairs of several datasets.
    for (const pair of new Map(pairs.map((pair) => [pair.names.join(), pair])).values()) {
      const own = pair.names.flatMap((stem) => suffixes.map((suffix) => stem + suffix)).filter((name) => given.has(name));
      for (const name of own) left.delete(name);
      if (own.length > 1) faults.push(new Fault("duplicate", own[0], { names: own.join(", ") }));
      if (own.length) found.push({ pair, name: own[0] });
      else missing.push(pair);
    }
    for (const pair of missing) {
      const canonical = pair.names[0] + suffixes[0];
      const alias = [...left].sort().find((name) => means(name, pair.subjects));
      left.delete(alias);
      faults.push(alias === undefined ? new Fault("missing", canonical) : new Fault("misnamed", alias, { canonical }));
    }
    return { faults: [...faults, ...[...left].sort().map((name) => new Fault("unexpected", name))], found };
  }

  function means(name, [fixed, moving]) {
    const base = name.split("/").at(-1).toLowerCase();
    const at = base.indexOf(fixed.toLowerCase());
    return at >= 0 && base.indexOf(moving.toLowerCase(), at + fixed.length) > 0 && /\.(nii\.gz|nii|npz|npy|gz)$/.test(base);
  }

  // --- Fields ----------------------------------------------------------------------------------

  // The first `wanted` bytes that come out of the beginning of compressed data; `broken` where they cannot.
  // Never closed: the end of what is given is not the end of the stream.
  async function inflate(format, data, wanted) {
    const stream = new DecompressionStream(format);
    const writer = stream.writable.getWriter();
    const reader = stream.readable.getReader();
    const idle = writer.write(data).then(() => ({ done: true }));
    idle.catch(() => {});
    const out = new Uint8Array(wanted);
    let size = 0, broken = false;
    try {
      while (size < wanted) {
        const { done, value } = await Promise.race([reader.read(), idle]);
        if (done) break;
        out.set(value.subarray(0, wanted - size), size);
        size += Math.min(value.length, wanted - size);
      }
    } catch {
      broken = true;
    }
    reader.cancel().catch(() => {});
    writer.abort().catch(() => {});
    return { data: out.subarray(0, size), broken: broken && size < wanted };
  }

  // Whether gzip data, of which little comes out, reach their end.
  async function isWhole(packed) {
    const out = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(out).arrayBuffer().then(() => true, () => false);
  }

  // The first bytes of a member as it was put into the zip.
  async function beginning(file, name, member, wanted) {
    const local = await bytes(file, member.offset, member.offset + LOCAL + member.raw.length);
    const own = local.subarray(LOCAL);
    if (!is(local, 0, "PK\x03\x04") || own.length !== member.raw.length || own.some((byte, n) => byte !== member.raw[n])) {
      throw new Fault("member_corrupt", name, { reason: "BadZipFile" });
    }
    const header = view(local);
    const start = member.offset + LOCAL + header.getUint16(26, true) + header.getUint16(28, true);
    const packed = await bytes(file, start, start + Math.min(wanted, member.packed));
    if (member.method === 0) return packed;
    const { data, broken } = await inflate("deflate-raw", packed, Math.min(wanted, member.size));
    if (broken) throw new Fault("member_corrupt", name, { reason: "error" });
    return data;
  }

  async function niftiHead(file, name, member) {
    // A kilobyte is enough but for odd gzip headers; much more might come out of a whole one.
    for (const wanted of [1024, HEAD]) {
      const packed = await beginning(file, name, member, wanted);
      if (packed[0] !== 0x1f || packed[1] !== 0x8b) throw new Fault("not_gzip", name);
      // Without the trailer: it speaks of the whole content.
      const { data, broken } = await inflate("gzip", packed.length < wanted ? packed.subarray(0, -8) : packed, NIFTI);
      if (broken) throw new Fault("gzip_corrupt", name);
      if (data.length === NIFTI) return data;
      if (packed.length < wanted || wanted === HEAD) throw new Fault(await isWhole(packed) ? "not_nifti" : "gzip_truncated", name);
    }
  }

  function niftiShape(head, name, expected) {
    const data = view(head);
    const little = head[0] !== 0;
    const size = data.getInt32(0, little);
    const bad = (reason) => { throw new Fault("bad_header", name, { reason }); };
    if (size === 540) throw new Fault("nifti2", name);
    if (size !== 348 || !(is(head, 344, "n+1\0") || is(head, 344, "ni1\0"))) throw new Fault("not_nifti", name);
    if (is(head, 344, "ni1\0")) throw new Fault("nifti_pair", name);
    const dim = Array.from({ length: 8 }, (_, n) => data.getInt16(40 + 2 * n, little));
    const shape = dim.slice(1, dim[0] + 1);
    if (dim[0] < 1 || dim[0] > 7 || Math.min(...shape) < 1) bad(`dimensions (${dim.join(", ")})`);
    const type = data.getInt16(70, little);
    if (!expected.types.includes(type)) {
      throw new Fault("wrong_type", name, { dtype: expected.type_names[type] ?? `type number ${type}` });
    }
    const [offset, slope, inter] = [108, 112, 116].map((at) => data.getFloat32(at, little));
    if (!Number.isInteger(offset) || offset < NIFTI || offset > expected.largest_offset) bad(`data offset ${float(offset)}`);
    if (slope !== 0 && Number.isFinite(slope) && !Number.isFinite(inter)) throw new Fault("bad_scaling", name);
    return shape;
  }

  // The shape of a numpy archive's first array; null where only the server's whole reading can tell.
  async function npzShape(file, name, member) {
    const data = await beginning(file, name, member, HEAD);
    if (data.length < LOCAL || !is(data, 0, "PK\x03\x04")) return null;
    const header = view(data);
    const start = LOCAL + header.getUint16(26, true) + header.getUint16(28, true);
    const packed = data.subarray(start);
    const array = header.getUint16(8, true) === 8 ? (await inflate("deflate-raw", packed, 4096)).data : packed;
    if (!is(array, 0, "\x93NUMPY") || array[6] > 3) return null;
    const text = LATIN.decode(array.subarray(array[6] === 1 ? 10 : 12, 4096)).split("\n")[0];
    const dtype = text.match(/'descr': *'([^']*)'/)?.[1];
    const shape = text.match(/'shape': *\(([-\d, ]*)\)/)?.[1];
    if (dtype === undefined || shape === undefined) return null;
    if (dtype.includes("O")) throw new Fault("npz_pickled", name);
    const unread = { c8: "complex64", c16: "complex128", b1: "bool" }[dtype.slice(1)];
    if (unread) throw new Fault("wrong_type", name, { dtype: unread });
    if (!/^[<>|=]?[fiu][1248]$/.test(dtype)) return null;
    return shape.split(",").filter((n) => n.trim()).map(Number);
  }

  function checkShape(shape, wanted, name) {
    const [x, y, z] = wanted;
    if (same(shape, wanted) || same(shape, [3, x, y, z]) || same(shape, [x, y, z, 1, 3])) return;
    const grids = [];
    if (same(shape.slice(3), [3])) grids.push(shape.slice(0, 3));
    if (shape[0] === 3 && shape.length === 4) grids.push(shape.slice(1));
    const half = (n, axis) => n === Math.floor(wanted[axis] / 2) || n === Math.floor((wanted[axis] + 1) / 2);
    const code = grids.some((grid) => grid.every(half)) ? "half_resolution" : "wrong_shape";
    throw new Fault(code, name, { shape: times(shape), expected_shape: times(wanted) });
  }

  async function checkField(file, name, member, pair, expected) {
    if (!member.size) throw new Fault("empty_file", name);
    const shape = name.endsWith(".npz")
      ? await npzShape(file, name, member)
      : niftiShape(await niftiHead(file, name, member), name, expected);
    if (shape) checkShape(shape, pair.shape, name);
  }

  // --- All together ----------------------------------------------------------------------------

  function told({ code, file, facts }, expected, zip) {
    const fill = (text) => text.replace(/\{(\w+)\}/g, (_, fact) => facts[fact]);
    const { found, expected: wanted, remedy, severity } = expected.words[code];
    const parts = { code, file: file || zip, found: fill(found), expected: fill(wanted), remedy: fill(remedy), severity };
    return { ...parts, message: `${parts.file}: ${parts.found}; expected ${parts.expected}. ${parts.remedy}` };
  }

  function faultOf(error) {
    if (error instanceof Fault) return error;
    throw error;
  }

  // Every problem that can be told without the whole file, as the server would tell it.
  // `expected` is the phase's preflight.json; `progress(done, all)` is called after some fields.
  async function check(file, expected, progress = () => {}) {
    let members;
    try {
      members = await openZip(file, expected);
    } catch (error) {
      return [told(faultOf(error), expected, file.name)];
    }
    const { faults, found } = checkNames(members.keys(), expected);
    for (let start = 0; start < found.length; start += AT_ONCE) {
      const some = found.slice(start, start + AT_ONCE).map(({ pair, name }) =>
        checkField(file, name, members.get(name), pair, expected).then(() => null, faultOf));
      faults.push(...(await Promise.all(some)).filter(Boolean));
      progress(Math.min(start + AT_ONCE, found.length), found.length);
    }
    return faults.map((fault) => told(fault, expected, file.name));
  }

  return { check };
})();
