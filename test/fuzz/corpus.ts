import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { CaptureCounters, CaptureError, CaptureReader, PacketView } from '#capture';
import { demonstrationCapture } from '../../services/probe/demonstration.ts';

/** A few consecutive packets of a capture, few enough to be read in well under a millisecond. */
export interface Seed {
  /** Name of the capture, relative to the corpus folder; `built` for the demonstration. */
  readonly name: string;
  readonly packets: readonly SeedPacket[];
  /** The first bytes of the file, for damage to the file format. */
  readonly file: Buffer;
}

export interface SeedPacket {
  readonly micros: number;
  readonly linkType: number;
  readonly bytes: Buffer;
}

const packetsPerSeed = 8;
const fileBytes = 8 * 1024;

/**
 * Seeds from every capture below `folder`, at most `perCapture` of each, spread over it; without a folder from the demonstration.
 * Captures that cannot be read still contribute their first bytes.
 */
export function loadCorpus(folder: string | null, perCapture: number): Seed[] {
  const built = seedsOf('built', demonstrationCapture(1_700_000_000_000_000), 64);
  if (folder === null) return built;
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(p?cap(ng)?|trace)(\.gz)?$/.test(name)).toSorted();
  const seeds = files.flatMap((name) => seedsOf(name, read(join(folder, name)), perCapture));
  return [...built, ...seeds];
}

function read(path: string): Buffer {
  const bytes = readFileSync(path);
  if (!path.endsWith('.gz')) return bytes;
  try {
    return gunzipSync(bytes);
  } catch {
    return bytes;
  }
}

function seedsOf(name: string, capture: Buffer, limit: number): Seed[] {
  const packets = packetsOf(capture);
  const file = Buffer.from(capture.subarray(0, fileBytes));
  const windows = Math.max(1, Math.min(limit, Math.ceil(packets.length / packetsPerSeed)));
  return Array.from({ length: windows }, (_, index) => {
    const start = Math.floor((index * packets.length) / windows);
    return { name, file, packets: packets.slice(start, start + packetsPerSeed) };
  });
}

function packetsOf(capture: Buffer): SeedPacket[] {
  const packets: SeedPacket[] = [];
  const reader = new CaptureReader(new CaptureCounters());
  const view = new PacketView();
  reader.push(capture);
  reader.finish();
  try {
    while (reader.next(view)) {
      const bytes = Buffer.from(view.data.subarray(view.start, view.start + Math.min(view.capturedLength, 2048)));
      packets.push({ micros: view.micros, linkType: view.linkType, bytes });
    }
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
  }
  return packets;
}

/** A pcap file with the packets of one link type: https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-06.html */
export function writePackets(packets: readonly SeedPacket[]): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(262_144, 16);
  header.writeUInt32LE(packets[0]?.linkType ?? 1, 20);
  return Buffer.concat([header, ...packets.flatMap(({ micros, bytes }) => {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(Math.floor(micros / 1e6) >>> 0, 0);
    record.writeUInt32LE(micros % 1e6, 4);
    record.writeUInt32LE(bytes.length, 8);
    record.writeUInt32LE(bytes.length, 12);
    return [record, bytes];
  })]);
}
