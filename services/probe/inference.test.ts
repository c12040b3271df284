import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { CaptureBuilder, type Endpoint } from '#capture';
import { probeCapture } from '../../test/support/scan.ts';

const start = 1_775_217_600_000_000;
const second = 1_000_000;
const server: Endpoint = { ip: '198.51.100.7', port: 24_100 };

/** Bytes that look random but are the same each time. */
function noise(seed: string, length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, i) => createHash('sha256').update(`${seed} ${i}`).digest());
  return Buffer.concat(blocks).subarray(0, length);
}

function u32(value: number, order: 'be' | 'le'): Buffer {
  const bytes = Buffer.alloc(4);
  return order === 'be' ? (bytes.writeUInt32BE(value), bytes) : (bytes.writeUInt32LE(value), bytes);
}

function u64(value: bigint, order: 'be' | 'le'): Buffer {
  const bytes = Buffer.alloc(8);
  return order === 'be' ? (bytes.writeBigUInt64BE(value), bytes) : (bytes.writeBigUInt64LE(value), bytes);
}

function text(value: string): Buffer {
  return Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);
}

/** Who is where, and when: each session is a separate flow. */
interface Session {
  readonly subject: string;
  readonly user: bigint;
  readonly room: bigint;
  readonly at: number;
  readonly seed: string;
}

const users = [1_840_273_651n, 1_840_991_207n, 1_912_004_466n, 1_866_120_930n, 1_903_558_714n];
const rooms = [3_004_118_275n, 3_517_940_622n, 3_210_765_498n];
/** Rooms of the five users in three rounds. */
const plan = [[0, 0, 1, 1, 2], [1, 0, 0, 2, 2], [0, 2, 1, 0, 1]];

const sessions: Session[] = plan.flatMap((round, number) => round.map((room, user) => ({
  subject: `10.20.0.${11 + user}`, user: users[user]!, room: rooms[room]!, at: start + (number * 180 + user * 7) * second, seed: `${number} ${user}`,
})));

/** A packet of the protocol, given its number in the session. */
type Layout = (session: Session, packet: number) => Buffer;

const time = ({ at }: Session, packet: number): bigint => BigInt(Math.floor(at / 1000) + packet * 20);

/** Each has a constant, a counter, a clock, the client's address and a nonce beside the two ids. */
const layouts: Record<string, { layout: Layout; user: string; room: string; userId?: (user: bigint) => bigint }> = {
  'fixed offsets, network order': {
    user: 'u32be', room: 'u32be', // The high half of the room's u64 is zero, which cannot be told from padding.
    layout: (session, packet) => Buffer.concat([
      Buffer.from('c35a0102', 'hex'), u32(packet + 1, 'be'), u64(time(session, packet), 'be'), u32(Number(session.user), 'be'),
      u64(session.room, 'be'),
      Buffer.from(session.subject.split('.').map(Number)), noise(`${session.seed} ${packet}`, 60),
    ]),
  },
  'fixed offsets, little-endian, no alignment': {
    user: 'u64le', room: 'u32le', userId: (user) => user * 1_234_577n,
    layout: (session, packet) => Buffer.concat([
      Buffer.from('7e', 'hex'), noise(`${session.seed} ${packet}`, 12), u64(session.user * 1_234_577n, 'le'), Buffer.from('0003', 'hex'),
      u32(Number(session.room), 'le'),
      u32(packet, 'le'), noise(`${session.seed} tail ${packet}`, 20),
    ]),
  },
  'behind a text of any length': {
    user: 'u32be', room: 'length-prefixed',
    layout: (session, packet) => Buffer.concat([
      Buffer.from([0x51, packet]), text(noise(session.seed, 8 + (Number(session.user) + packet) % 9).toString('hex')),
      u32(Number(session.user), 'be'),
      noise(`${session.seed} ${packet}`, 8), text(`lobby-${session.room}`), noise(`${session.seed} tail ${packet}`, 40),
    ]),
  },
  'types and lengths in changing order': {
    user: 'u32le', room: 'u64be',
    layout: (session, packet) => {
      const parts = [
        Buffer.concat([Buffer.from([0x11, 4]), u32(Number(session.user), 'le')]),
        Buffer.concat([Buffer.from([0x12, 0, 8]), u64(session.room, 'be')]),
        Buffer.concat([Buffer.from([0x13, 16]), noise(`${session.seed} ${packet}`, 16)]),
        Buffer.concat([Buffer.from([0x14, 8]), u64(time(session, packet), 'be')]),
      ];
      const turn = (Number(session.user % 4n) + packet + session.seed.length) % 4;
      return Buffer.concat([Buffer.from([0x5a, 1]), ...parts.slice(turn), ...parts.slice(0, turn)]);
    },
  },
  'one kind of message joins, others carry voice': {
    user: 'length-prefixed', room: 'u32be',
    layout: (session, packet) => (packet % 2 === 1 ? Buffer.concat([Buffer.from([0xb2, 7]), noise(`${session.seed} ${packet}`, 90)]) : Buffer.concat([
      Buffer.from([0xb2, 1]), text(`usr_${session.user}`), noise(`${session.seed} ${packet}`, 6), Buffer.from([0, 0, 0]),
      u32(Number(session.room), 'be'), noise(`${session.seed} tail`, 9),
    ])),
  },
};

function conversation(layout: Layout, of: readonly Session[] = sessions, packets = 6): Buffer {
  const capture = new CaptureBuilder();
  for (const [i, session] of of.entries()) {
    const flow = capture.udp({ client: { ip: session.subject, port: 50_000 + i }, server, at: session.at, stepMicros: 20_000 });
    for (let packet = 0; packet < packets; packet++) flow.send(layout(session, packet)).receive(noise(`${session.seed} answer ${packet}`, 70));
  }
  return capture.pcap();
}

/** Kind, value and encoding of the inferred identifiers, each once, with the number of flows. */
function inferredIn(capture: Buffer): Map<string, number> {
  const { records, recognised } = probeCapture(capture);
  const values = new Map(recognised.map(({ observable, value }) => [observable.token, value]));
  const counts = new Map<string, number>();
  for (const { kind, token, encoding } of records.flatMap((record) => record['telltale.observables'])) {
    const key = `${kind} ${values.get(token)} ${encoding}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

describe('ids in formats that nobody knows', () => {
  for (const [name, { layout, user, room, userId = (id: bigint) => id }] of Object.entries(layouts)) {
    test(name, () => {
      const userText = (id: bigint): string => (user === 'length-prefixed' ? `usr_${id}` : String(userId(id)));
      const roomText = (id: bigint): string => (room === 'length-prefixed' ? `lobby-${id}` : String(id));
      const expected = [
        ...users.map((id) => [`inferred_user_id ${userText(id)} ${user}`, sessions.filter((session) => session.user === id).length]),
        ...rooms.map((id) => [`inferred_room_id ${roomText(id)} ${room}`, sessions.filter((session) => session.room === id).length]),
      ];
      assert.deepEqual([...inferredIn(conversation(layout))].toSorted(), expected.toSorted());
    });
  }
});

test('an inferred id rests on evidence, is told as inferred, and its value stays in the probe', () => {
  const { records, recognised } = probeCapture(conversation(layouts['fixed offsets, network order']!.layout));
  const told = records.filter((record) => record['telltale.observables'].length > 0);
  assert.ok(told.every((record) => record['telltale.flow.state'] === 'end' && record['telltale.encryption.verdict'] === 'opaque'));
  assert.deepEqual(told.map((record) => record['telltale.inference'].length), told.map((record) => record['telltale.observables'].length));
  const first = told.find((record) => record['telltale.subject.ip'] === '10.20.0.11')!;
  assert.deepEqual(
    first['telltale.observables'].map(({ kind, path, encoding, sender, frame, visibility }) => ({
      kind, path, encoding, sender, frame, visibility,
    })),
    [
      { kind: 'inferred_user_id', path: 'udp.payload@16', encoding: 'u32be', sender: 'source', frame: 1, visibility: 'cleartext' },
      { kind: 'inferred_room_id', path: 'udp.payload@24', encoding: 'u32be', sender: 'source', frame: 1, visibility: 'cleartext' },
    ],
  );
  assert.ok(first['telltale.observables'].every(({ confidence }) => confidence >= 40 && confidence <= 70));
  assert.equal(
    first['telltale.inference'][0],
    'inferred_user_id udp.payload@16 u32be, 4 bytes; in 3 flows of 1 subject over 360 s (capture.pcap#1, capture.pcap#61, '
      + 'capture.pcap#121); 4 other subjects have values of their own there',
  );
  for (const { value } of recognised) assert.ok(!JSON.stringify(records).includes(value));
});

test('the first packets of a binary TCP stream are looked at too', () => {
  const capture = new CaptureBuilder();
  for (const [i, session] of sessions.entries()) {
    capture
      .tcp({ client: { ip: session.subject, port: 50_000 + i }, server, at: session.at })
      .handshake()
      .send(layouts['fixed offsets, network order']!.layout(session, 0))
      .receive(noise(session.seed, 70))
      .send(noise(`${session.seed} more`, 900))
      .close();
  }
  // A connection is reported when it closes, with what is known by then: in the second round if others came twice before, else in the third.
  const inferred = [...inferredIn(capture.pcap())].filter(([one]) => one.startsWith('inferred_user_id'));
  assert.deepEqual(inferred.toSorted(), users.map((id, i) => [`inferred_user_id ${id} u32be`, i < 2 ? 1 : 2]).toSorted());
});

describe('nothing is inferred', () => {
  const silent: Record<string, Buffer> = {
    'of noise': conversation((session, packet) => noise(`${session.seed} ${packet}`, 20 + (packet * 37) % 200)),
    'of noise behind constants and a counter': conversation((session, packet) => Buffer.concat([
      Buffer.from('c35a0102deadbeef', 'hex'), u32(packet + 77_777, 'be'), noise(`${session.seed} ${packet}`, 60),
    ])),
    'of a clock': conversation((session, packet) => Buffer.concat([
      Buffer.from([0x41, 1]), u64(time(session, packet), 'be'), u32(Math.floor(session.at / 1e6), 'le'), Buffer.alloc(20),
    ])),
    'of the time at which somebody logged in': conversation((session) => Buffer.concat([
      Buffer.from([0x41, 1]), u32(Number(session.user % 1_000_000n) + 1_774_000_000, 'be'), Buffer.alloc(20),
    ])),
    'of the addresses of both sides': conversation((session) => Buffer.concat([
      Buffer.from([0x41, 1]), Buffer.from(session.subject.split('.').map(Number)), Buffer.from([198, 51, 100, 7]), Buffer.alloc(20),
    ])),
    'of what is drawn for each session': conversation((session) => Buffer.concat([
      Buffer.from([0x41, 1]), noise(session.seed, 8), text(noise(`${session.seed} token`, 8).toString('hex')), Buffer.alloc(20),
    ])),
    'of a key that stays with its client': conversation((session) => Buffer.concat([
      Buffer.from([0x41, 1]), noise(session.subject, 32), Buffer.alloc(20),
    ])),
    'of versions, languages and names of models': conversation((session) => Buffer.concat([
      Buffer.from([0x41, 1]), text(session.user % 2n === 0n ? '4.18.2' : '4.17.11'), text(session.user % 3n === 0n ? 'en_US' : 'zh_CN'),
      u32(Number(session.user % 7n) + 30_000, 'be'), Buffer.alloc(20),
    ])),
    'of regions that several share and keep': conversation((session) => Buffer.concat([
      Buffer.from([0x41, 1]), u32(0x51d7a3 + Number(session.user % 2n) * 0x1f2e3d, 'be'), Buffer.alloc(20),
    ])),
    'of a subject that is alone': conversation(
      layouts['fixed offsets, network order']!.layout, sessions.filter(({ subject }) => subject === '10.20.0.11'),
    ),
    'of users who come once': conversation(layouts['fixed offsets, network order']!.layout, sessions.slice(0, 5)),
    'of connections that an application opens at once': conversation(
      (session, packet) => Buffer.concat([Buffer.from([0x41, 1]), noise(session.subject, 4), noise(`${session.seed} ${packet}`, 30)]),
      sessions.map((session, i) => ({ ...session, at: start + i * 100_000 })),
    ),
  };
  for (const [name, capture] of Object.entries(silent)) test(name, () => assert.deepEqual([...inferredIn(capture)], []));
});
