import { readFileSync } from 'node:fs';
import { CaptureCounters, CaptureReader, PacketView, decodePacket } from '#capture';

/** A payload counts as text from this share of printable bytes among the first 512. */
const textShare = 0.85;

/** The TCP and UDP payloads of a capture's packets, as they are. */
export function payloadsOf(capture: string): Buffer[] {
  const counters = new CaptureCounters();
  const reader = new CaptureReader(counters);
  reader.push(readFileSync(capture));
  reader.finish();
  const payloads: Buffer[] = [];
  const view = new PacketView();
  while (reader.next(view)) {
    if (!decodePacket(view, counters) || (view.transport !== 6 && view.transport !== 17) || view.payloadEnd <= view.payloadStart) continue;
    payloads.push(Buffer.from(view.data.subarray(view.payloadStart, view.payloadEnd)));
  }
  return payloads;
}

export function isText(payload: Buffer): boolean {
  const sample = payload.subarray(0, 512);
  let printable = 0;
  for (const byte of sample) if ((byte >= 0x20 && byte < 0x7f) || byte === 9 || byte === 10 || byte === 13) printable++;
  return printable >= sample.length * textShare;
}

/** The excerpts, each after its length as a little-endian u32, as run.ts and hyperscan.c read them. */
export function packed(excerpts: readonly Buffer[]): Buffer {
  return Buffer.concat(excerpts.flatMap((excerpt) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(excerpt.length);
    return [length, excerpt];
  }));
}

export function unpacked(file: Buffer): Buffer[] {
  const excerpts: Buffer[] = [];
  for (let at = 0; at < file.length;) {
    const length = file.readUInt32LE(at);
    excerpts.push(file.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return excerpts;
}
