import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openStream } from './testing/packets.ts';

/** The work per byte is bounded. Each of these takes a few milliseconds; where it grew with the bytes that wait, it took 4 seconds or more. */
const mostMillis = 2000;

function splitAt(size: number, bytes: Buffer): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
}

const inputs: Record<string, Buffer[]> = {
  'empty lines': splitAt(1460, Buffer.alloc(70_000, '\n')),
  'a SIP message with a long head, and a body byte by byte': [
    Buffer.from(`OPTIONS sip:a@b SIP/2.0\r\n${'X: y\r\n'.repeat(8000)}Content-Length: 4000\r\n\r\n`), ...splitAt(1, Buffer.alloc(4000, 'A')),
  ],
  'status lines that end in white space, but not quite': [
    Buffer.from('OPTIONS sip:a@b SIP/2.0\r\n\r\n'),
    ...splitAt(1460, Buffer.from(`SIP/2.0 200 ${' '.repeat(1000)}\r${' '.repeat(1000)}x\n`.repeat(1500))),
  ],
};

describe('hostile input', () => {
  for (const [name, packets] of Object.entries(inputs)) {
    test(name, () => {
      const { dissector } = openStream();
      const start = performance.now();
      for (const [index, bytes] of packets.entries()) if (!dissector.done) dissector.data('source', bytes, index + 1, index + 1);
      dissector.end();
      assert.ok(performance.now() - start < mostMillis, `${Math.round(performance.now() - start)} ms`);
    });
  }
});
