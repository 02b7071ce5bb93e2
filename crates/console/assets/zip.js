// A ZIP archive without compression: pictures are compressed already.

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value >>> 0;
});

function crc32(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = TABLE[(value ^ byte) & 255] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

// Two-byte and four-byte numbers, in turn as `layout` says: "2" or "4" for each.
function record(layout, numbers) {
  const view = new DataView(new ArrayBuffer([...layout].reduce((sum, size) => sum + Number(size), 0)));
  let at = 0;
  numbers.forEach((number, index) => {
    if (layout[index] === "2") view.setUint16(at, number, true);
    else view.setUint32(at, number, true);
    at += Number(layout[index]);
  });
  return new Uint8Array(view.buffer);
}

// `files` is a list of {name, blob}; names that come twice get a number.
export async function zip(files) {
  const parts = [];
  const directory = [];
  const used = new Set();
  let offset = 0;
  for (const { name, blob } of files) {
    const bytes = new Uint8Array(await blob.arrayBuffer());
    const encoded = new TextEncoder().encode(unused(name, used));
    // Version 2.0, UTF-8 names, stored, 1 January 1980.
    const common = [20, 0x800, 0, 0, 33, crc32(bytes), bytes.length, bytes.length, encoded.length, 0];
    const local = record("42222244422", [0x04034b50, ...common]);
    directory.push(
      record("422222244422222" + "44", [0x02014b50, 20, ...common, 0, 0, 0, 0, offset]), encoded);
    parts.push(local, encoded, bytes);
    offset += local.length + encoded.length + bytes.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const end = record("42222442", [0x06054b50, 0, 0, files.length, files.length, size, offset, 0]);
  return new Blob([...parts, ...directory, end], { type: "application/zip" });
}

function unused(name, used) {
  let free = name;
  for (let count = 2; used.has(free); count += 1) free = name.replace(/(\.[^.]*)?$/, `-${count}$1`);
  used.add(free);
  return free;
}
