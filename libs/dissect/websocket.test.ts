import assert from 'node:assert/strict';
import { constants, createDeflateRaw, deflateRawSync } from 'node:zlib';
import { once } from 'node:events';
import { test } from 'node:test';
import { dissectStream, fieldsOf, openStream, type Packet } from './testing/packets.ts';
import { conversations, webSocketFrame } from './testing/samples.ts';

const handshake: Packet[] = [
  ['source', 'GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n'], ['destination', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n'],
];

test('messages put together from frames, unmasked and inflated, until both sides close', () => {
  const { messages } = dissectStream(conversations['websocket']!);
  assert.deepEqual(messages.slice(2).map((message) => [message.frame, message.sender, ...fieldsOf(message), message.payload?.toString() ?? '']), [
    [2, 'destination', 'websocket.json.user_id=(deflate)u1', ''],
    [3, 'source', 'websocket.json[0]=join', 'websocket.json[1].room_id=r1', ''],
    [3, 'source', 'b'.repeat(300)],
    [4, 'destination', 'hello'],
  ]);
});

test('a compressed message may refer to the ones before it', async () => {
  const texts = ['{"name":"a long and winding name"}', '{"name":"a long and winding name","id":"a long and winding id"}'];
  const deflate = createDeflateRaw();
  const frames: Packet[] = [];
  for (const text of texts) {
    const chunks: Buffer[] = [];
    const collect = (chunk: Buffer): number => chunks.push(chunk);
    deflate.on('data', collect);
    deflate.write(text);
    deflate.flush(constants.Z_SYNC_FLUSH);
    await once(deflate, 'data');
    await new Promise((resolve) => { setImmediate(resolve); });
    deflate.off('data', collect);
    frames.push(['destination', webSocketFrame(0xc1, Buffer.concat(chunks).subarray(0, -4))]);
  }
  const { messages } = dissectStream([...handshake, ...frames]);
  assert.deepEqual(
    messages.slice(2).flatMap((message) => fieldsOf(message)),
    [
      'websocket.json.name=(deflate)a long and winding name',
      'websocket.json.name=(deflate)a long and winding name',
      'websocket.json.id=(deflate)a long and winding id',
    ],
  );
  const second = dissectStream([...handshake, frames[1]!]);
  assert.equal(second.counters.get('websocket', 'malformed deflate'), 1);
});

test('a reference reaches back over messages longer and shorter than the window', () => {
  const noise = Array.from({ length: 9000 }, (_, index) => ((index * 7919) % 65_521).toString(36)).join('');
  const texts = [noise, noise.slice(0, 100), `{"name":"${noise.slice(-20_000)}"}`];
  let before = Buffer.alloc(0);
  const frames = texts.map((text): Packet => {
    const dictionary = before.subarray(-32 * 1024);
    const deflated = deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH, ...(dictionary.length > 0 && { dictionary }) });
    before = Buffer.concat([before, Buffer.from(text)]);
    return ['destination', webSocketFrame(0xc1, deflated.subarray(0, -4))];
  });
  const { messages, counters } = dissectStream([...handshake, ...frames]);
  assert.equal(counters.get('websocket', 'malformed deflate'), 0);
  assert.deepEqual(fieldsOf(messages.at(-1)), [`websocket.json.name=(deflate)${noise.slice(-20_000)}`]);
});

test('a gap loses the message at hand only', () => {
  const { dissector, result } = openStream();
  handshake.forEach(([sender, bytes], index) => dissector.data(sender, Buffer.from(bytes), index, index));
  const frame = webSocketFrame(0x81, Buffer.from('x'.repeat(50)));
  dissector.data('destination', frame.subarray(0, 20), 3, 3);
  dissector.gap('destination', 10);
  dissector.data('destination', Buffer.concat([frame.subarray(30), webSocketFrame(0x81, Buffer.from('next'))]), 4, 4);
  assert.deepEqual(result.messages.slice(2).map(({ payload }) => payload!.toString()), ['next']);
});

test('bounds: a long message, a bomb, and the handshakes of a tunnel', () => {
  const { messages, counters } = dissectStream(
    [...handshake, ['destination', webSocketFrame(0x81, Buffer.from(`{"a":"1","b":"${'x'.repeat(400)}"}`))]],
    { maxBodyBytes: 100 },
  );
  assert.deepEqual(messages.slice(2).map(fieldsOf), [['websocket.json.a=1']]);
  assert.equal(counters.get('websocket', 'bounded body'), 1);
  const tunnel = dissectStream([
    ...handshake,
    ['source', webSocketFrame(0x82, Buffer.from('SSH-2.0-x\r\n'))],
    ['source', webSocketFrame(0x82, Buffer.from('curve25519-sha256@libssh.org'))],
  ]);
  assert.deepEqual(
    tunnel.messages.slice(2).map(({ payload }) => payload),
    [null, null],
  );
});
