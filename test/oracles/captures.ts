import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** Folder of real captures beside the project, or below the one that TELLTALE_SHARED names. */
export const capturesFolder = join(process.env['TELLTALE_SHARED'] ?? resolve(import.meta.dirname, '../../../../shared'), 'captures');

/** The reason to skip what needs them, or false. */
export function withoutCaptures(): string | false {
  return existsSync(capturesFolder) ? false : 'SKIPPED: no real captures; set TELLTALE_SHARED to the folder that holds captures/';
}

/** Files below `folder` that begin like a capture, in order of name, relative to it. */
export function listCaptures(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)).filter((name) => isCapture(join(folder, name))).toSorted();
}

/** The bytes of a capture, unpacked. */
export function readCapture(path: string): Buffer {
  const bytes = readFileSync(path);
  return isGzip(bytes) ? gunzipSync(bytes) : bytes;
}

/** pcap in either byte order, of µs and ns, and its relatives; pcapng; and what is compressed. */
const magics = new Set([0xa1b2c3d4, 0xd4c3b2a1, 0xa1b23c4d, 0x4d3cb2a1, 0x0a0d0d0a, 0xa1b2cd34, 0x34cdb2a1]);

function isCapture(path: string): boolean {
  const start = Buffer.alloc(4);
  const file = openSync(path, 'r');
  try {
    return readSync(file, start) === 4 && (magics.has(start.readUInt32BE(0)) || isGzip(start));
  } finally {
    closeSync(file);
  }
}

function isGzip(bytes: Buffer): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}
