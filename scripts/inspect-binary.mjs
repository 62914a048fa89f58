// What a binary says of itself, read from its own bytes: ELF, Mach-O and PE, 64 bit, little-endian.
// Every release is checked by it, so it throws on what it does not expect.

import { readFileSync } from "node:fs";

import { expect } from "./run.mjs";

const text = (bytes, at) => bytes.toString("latin1", at, bytes.indexOf(0, at));
const word = (bytes, at) => Number(bytes.readBigUInt64LE(at));

const newest = (versions) =>
  versions.sort((one, other) => one.localeCompare(other, "en", { numeric: true })).at(-1);

/** @returns {{ format: string, needs: string, exports: string[] }} */
function inspectElf(bytes) {
  const machine = { 62: "x86-64", 183: "AArch64" }[bytes.readUInt16LE(18)];
  expect(machine, "an ELF for an unknown machine");
  const start = word(bytes, 40);
  const sections = Array.from({ length: bytes.readUInt16LE(60) }, (_, index) => {
    const at = start + index * 64;
    return {
      type: bytes.readUInt32LE(at + 4),
      offset: word(bytes, at + 24),
      size: word(bytes, at + 32),
      link: bytes.readUInt32LE(at + 40),
      count: bytes.readUInt32LE(at + 44),
    };
  });
  const section = (type) => sections.find((one) => one.type === type);
  const stringsOf = ({ link }) => sections[link].offset;

  const dynamic = section(6);
  const libraries = [];
  let flags = 0;
  for (let at = dynamic.offset; at < dynamic.offset + dynamic.size; at += 16) {
    const tag = word(bytes, at);
    if (tag === 1) {
      libraries.push(text(bytes, stringsOf(dynamic) + word(bytes, at + 8)));
    } else if (tag === 0x6ffffffb) {
      flags = word(bytes, at + 8);
    }
  }
  const symbols = section(11);
  const exports = [];
  for (let at = symbols.offset; at < symbols.offset + symbols.size; at += 24) {
    if (bytes[at + 4] >> 4 === 1 && bytes.readUInt16LE(at + 6) !== 0) {
      exports.push(text(bytes, stringsOf(symbols) + bytes.readUInt32LE(at)));
    }
  }

  const versions = [];
  const needed = section(0x6ffffffe);
  for (let at = needed?.offset, left = needed?.count ?? 0; left > 0; left -= 1) {
    let auxiliary = at + bytes.readUInt32LE(at + 8);
    for (let count = bytes.readUInt16LE(at + 2); count > 0; count -= 1) {
      versions.push(text(bytes, stringsOf(needed) + bytes.readUInt32LE(auxiliary + 8)));
      auxiliary += bytes.readUInt32LE(auxiliary + 12);
    }
    at += bytes.readUInt32LE(at + 12);
  }
  // A library that is unloaded and loaded again would have lost its captures; musl unloads none.
  expect(versions.length === 0 || (flags & 8) !== 0, "linked without -z nodelete");
  const glibc = versions.filter((name) => /^GLIBC_[\d.]+$/.test(name)).map((name) => name.slice(6));
  return {
    format: `ELF ${machine}`,
    needs: glibc.length > 0 ? `glibc ${newest(glibc)}` : "musl",
    libraries,
    exports,
  };
}

function inspectMachO(bytes) {
  const machine = { 16777223: "x86-64", 16777228: "arm64" }[bytes.readUInt32LE(4)];
  expect(machine, "a Mach-O for an unknown machine");
  const found = { exports: [], libraries: [] };
  const version = (at) => {
    const number = bytes.readUInt32LE(at);
    return `${number >>> 16}.${(number >>> 8) & 255}`;
  };
  let at = 32;
  for (let left = bytes.readUInt32LE(16); left > 0; left -= 1) {
    const command = bytes.readUInt32LE(at);
    if (command === 0x32) {
      found.needs = `macOS ${version(at + 12)}`;
    } else if (command === 0x24) {
      found.needs = `macOS ${version(at + 8)}`;
    } else if (command === 0xc) {
      found.libraries.push(text(bytes, at + bytes.readUInt32LE(at + 8)));
    } else if (command === 2) {
      const symbols = bytes.readUInt32LE(at + 8);
      const strings = bytes.readUInt32LE(at + 16);
      for (let index = 0; index < bytes.readUInt32LE(at + 12); index += 1) {
        const entry = symbols + index * 16;
        // External, and defined in a section of this file.
        if ((bytes[entry + 4] & 0x0f) === 0x0f) {
          found.exports.push(text(bytes, strings + bytes.readUInt32LE(entry)).replace(/^_/, ""));
        }
      }
    }
    at += bytes.readUInt32LE(at + 4);
  }
  return { format: `Mach-O ${machine}`, ...found };
}

function inspectPe(bytes) {
  const header = bytes.readUInt32LE(0x3c);
  const machine = { 34404: "x86-64", 43620: "ARM64" }[bytes.readUInt16LE(header + 4)];
  expect(machine, "a PE for an unknown machine");
  const optional = header + 24;
  const sections = Array.from({ length: bytes.readUInt16LE(header + 6) }, (_, index) => {
    const at = optional + bytes.readUInt16LE(header + 20) + index * 40;
    const address = bytes.readUInt32LE(at + 12);
    return {
      address,
      end: address + Math.max(bytes.readUInt32LE(at + 8), bytes.readUInt32LE(at + 16)),
      offset: bytes.readUInt32LE(at + 20),
    };
  });
  const offset = (address) => {
    const section = sections.find((one) => address >= one.address && address < one.end);
    return section.offset + address - section.address;
  };
  const directory = (index) => offset(bytes.readUInt32LE(optional + 112 + index * 8));
  const table = directory(0);
  const names = offset(bytes.readUInt32LE(table + 32));
  const exports = Array.from({ length: bytes.readUInt32LE(table + 24) }, (_, index) =>
    text(bytes, offset(bytes.readUInt32LE(names + index * 4))),
  );
  const libraries = [];
  for (let at = directory(1); bytes.readUInt32LE(at + 12) !== 0; at += 20) {
    libraries.push(text(bytes, offset(bytes.readUInt32LE(at + 12))));
  }
  const major = bytes.readUInt16LE(optional + 48);
  const minor = bytes.readUInt16LE(optional + 50);
  return { format: `PE ${machine}`, needs: `Windows NT ${major}.${minor}`, libraries, exports };
}

/**
 * @param {string} path
 * @returns {{ format: string, needs: string, libraries: string[], exports: string[] }} `needs` is the
 *   lowest C library or system that it says it runs on
 */
export function inspectBinary(path) {
  const bytes = readFileSync(path);
  const magic = bytes.readUInt32BE(0);
  const inspect = { 2135247942: inspectElf, 3489328638: inspectMachO }[magic];
  const found = inspect ? inspect(bytes) : inspectPe(bytes);
  expect(
    found.exports.includes("napi_register_module_v1"),
    `${path} is no addon: it exports ${found.exports.join(", ")}`,
  );
  return found;
}
