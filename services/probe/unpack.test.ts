import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { crc32, gzipSync, zstdCompressSync } from 'node:zlib';
import { unpacked } from './unpack.ts';

const text = Buffer.from(Array.from({ length: 2000 }, (_, index) => `line ${index * index}\n`).join(''));
const [first, second] = [text.subarray(0, 9000), text.subarray(9000)];
const zeros = Buffer.alloc(600);
const garbage = Buffer.from('something else');
/** A skippable frame (RFC 8878, section 3.1.2). */
const skipped = Buffer.from('502a4d1804000000ffffffff', 'hex');

/** What is unpacked from input in chunks of this many bytes, which are overwritten when the next is requested; and the error. */
async function unpack(packed: Buffer, chunkBytes: number): Promise<{ out: Buffer; problem: string }> {
  async function* chunks(): AsyncGenerator<Buffer> {
    const chunk = Buffer.alloc(chunkBytes);
    for (let at = 0; at < packed.length; at += chunkBytes) yield chunk.subarray(0, packed.copy(chunk, 0, at));
  }
  const out: Buffer[] = [];
  let problem = '';
  try {
    for await (const chunk of unpacked(chunks(), 4096)) out.push(Buffer.from(chunk));
  } catch (error) {
    problem = (error as Error).message;
  }
  return { out: Buffer.concat(out), problem };
}

/** A gzip member with all optional header fields. */
function gzipWithHeader(bytes: Buffer): Buffer {
  const head = Buffer.concat([Buffer.from('1f8b081e0000000000ff0300616263', 'hex'), Buffer.from('capture.pcap\0a comment\0')]);
  const checksum = Buffer.alloc(2);
  checksum.writeUInt16LE(crc32(head) & 0xffff);
  return Buffer.concat([head, checksum, gzipSync(bytes).subarray(10)]);
}

for (const chunkBytes of [1, 1000, 1 << 20]) {
  describe(`in chunks of ${chunkBytes} bytes`, () => {
    for (const [name, packed] of Object.entries({
      'plain bytes': text,
      gzip: gzipSync(text),
      'gzip with a long header': gzipWithHeader(text),
      'gzip of several members': Buffer.concat([gzipSync(first), gzipWithHeader(second)]),
      'gzip with zeros behind it': Buffer.concat([gzipSync(text), zeros]),
      'gzip, then zstd': Buffer.concat([gzipSync(first), zstdCompressSync(second)]),
      zstd: zstdCompressSync(text),
      'zstd of several frames': Buffer.concat([skipped, zstdCompressSync(first), skipped, zstdCompressSync(second), skipped]),
    })) {
      test(`${name} is read as a whole`, async () => {
        const { out, problem } = await unpack(packed, chunkBytes);
        assert.equal(problem, '');
        assert.ok(out.equals(text));
      });
    }

    test('what stands before garbage is read, and garbage told with its place', async () => {
      for (const packed of [gzipSync(text), zstdCompressSync(text)]) {
        const { out, problem } = await unpack(Buffer.concat([packed, garbage]), chunkBytes);
        assert.ok(out.equals(text));
        assert.match(problem, /something else follows the compressed data|Unknown frame descriptor/);
      }
    });

    test('a checksum that differs is told behind the bytes', async () => {
      const packed = gzipSync(text);
      packed[packed.length - 8]! ^= 1;
      const { out, problem } = await unpack(packed, chunkBytes);
      assert.ok(out.equals(text));
      assert.match(problem, new RegExp(`checksum.*\\(at byte ${packed.length}\\)`));
    });
  });
}

test('cut anywhere, its beginning is read, and that it is cut is told', async () => {
  for (const packed of [gzipWithHeader(text), zstdCompressSync(text)]) {
    for (let bytes = 4; bytes < packed.length; bytes += 97) {
      const { out, problem } = await unpack(packed.subarray(0, bytes), 512);
      assert.ok(text.subarray(0, out.length).equals(out));
      assert.match(problem, /it ends early|unexpected end of file/);
    }
  }
  const { out } = await unpack(gzipSync(text).subarray(0, 4000), 512);
  assert.ok(out.length > text.length / 3, `${out.length} of ${text.length} bytes`);
});

test('bytes that end before any magic number are handed out as they are', async () => {
  for (const bytes of ['', 'a', 'abc']) assert.deepEqual(await unpack(Buffer.from(bytes), 1), { out: Buffer.from(bytes), problem: '' });
});
