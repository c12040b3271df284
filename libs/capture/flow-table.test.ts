import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CaptureBuilder } from './builder.ts';
import { communityId } from './community-id.ts';
import { CaptureCounters } from './counters.ts';
import { decodePacket } from './decode.ts';
import { FlowTable } from './flow-table.ts';
import { CaptureReader } from './reader.ts';
import { PacketView } from './view.ts';
import { replay } from './testing/replay.ts';

const client = { ip: '10.0.0.1', port: 40_000 };
const server = { ip: '192.0.2.1', port: 80 };
const at = 1_700_000_000_000_000;

test('a flow knows its ends, counters, times and id', () => {
  const builder = new CaptureBuilder({ vlans: [100, 200] });
  builder.tcp({ client, server, at, roundTripMicros: 30_000 }).handshake().send('hello').receive('answer').close();
  const { flows, counters, packets } = replay(builder.pcapng());
  assert.equal(flows.length, 1);
  const { flow, end } = flows[0]!;
  assert.deepEqual([flow.sourceIp, flow.sourcePort, flow.destinationIp, flow.destinationPort], ['10.0.0.1', 40_000, '192.0.2.1', 80]);
  assert.deepEqual([flow.transport, flow.ipVersion, end], ['tcp', 4, 'fin']);
  assert.equal(
    flow.communityId,
    communityId({ transport: 6, sourceIp: client.ip, sourcePort: 40_000, destinationIp: server.ip, destinationPort: 80 }),
  );
  assert.deepEqual([flow.sourcePackets, flow.destinationPackets, flow.sourceBytes, flow.destinationBytes], [6, 4, 6 * 40 + 5, 4 * 40 + 6]);
  assert.deepEqual([flow.startMicros, flow.lastFrame, packets], [at, 10, 10]);
  assert.equal(flow.lastMicros, builder.frames().at(-1)!.micros);
  assert.equal(flow.rttMicros, 30_000);
  assert.deepEqual([counters.flowsStarted, counters.flowsEnded, counters.packets, counters.decoded], [1, 1, 10, 10]);
});

test('the round trip of a handshake whose SYN was repeated is unknown', () => {
  const builder = new CaptureBuilder();
  builder.tcp({ client, server, at: at - 1_000_000 }).handshake();
  builder.tcp({ client, server, at }).handshake();
  const capture = builder.pcap();
  const { flows } = replay(capture);
  assert.equal(flows.length, 1);
  assert.equal(flows[0]!.flow.rttMicros, 20_000); // the first handshake preceded the retransmission

  const repeated = new CaptureBuilder();
  const [syn, ...rest] = builder.frames().slice(0, 3);
  repeated.frame(at - 3_000_000, syn!.bytes);
  for (const frame of [syn!, ...rest]) repeated.frame(frame.micros, frame.bytes);
  assert.equal(replay(repeated.pcap()).flows[0]!.flow.rttMicros, 0);
});

test('a SYN-ACK seen first tells the destination', () => {
  const builder = new CaptureBuilder();
  builder.tcp({ client: { ip: '10.0.0.1', port: 1000 }, server: { ip: '10.0.0.2', port: 50_000 }, at }).handshake().receive('x');
  const answer = new CaptureBuilder();
  for (const frame of builder.frames().slice(1)) answer.frame(frame.micros, frame.bytes);
  const { flow } = replay(answer.pcap()).flows[0]!;
  assert.deepEqual([flow.sourceIp, flow.destinationPort], ['10.0.0.1', 50_000]);
});

test('without a handshake, ports tell the server, else the first packet', () => {
  const sourceOf = (from: number, to: number) => {
    const builder = new CaptureBuilder();
    builder.udp({ client: { ip: '10.0.0.1', port: from }, server: { ip: '10.0.0.2', port: to }, at }).send(Buffer.from('x'));
    return replay(builder.pcap()).flows[0]!.flow.sourceIp;
  };
  assert.equal(sourceOf(50_000, 53), '10.0.0.1');
  assert.equal(sourceOf(53, 50_000), '10.0.0.2');
  assert.equal(sourceOf(8801, 50_000), '10.0.0.2');
  assert.equal(sourceOf(5353, 5353), '10.0.0.1');
  assert.equal(sourceOf(5060, 8801), '10.0.0.1');
  assert.equal(sourceOf(50_000, 60_000), '10.0.0.1');
});

test('datagrams go to the handler with direction and frame', () => {
  const builder = new CaptureBuilder({ link: 'raw' });
  builder.udp({ client: { ip: '2001:db8::1', port: 5000 }, server: { ip: '2001:db8::2', port: 53 }, at })
    .send(Buffer.from('ask')).receive(Buffer.from('answer')).send(Buffer.alloc(0)).send(Buffer.from('again'));
  const { flows } = replay(builder.pcap());
  assert.deepEqual(flows[0]!.chunks.map(({ sender, bytes, frame }) => [sender, bytes.toString(), frame]), [
    ['source', 'ask', 1], ['destination', 'answer', 2], ['source', 'again', 4],
  ]);
  assert.deepEqual([flows[0]!.flow.ipVersion, flows[0]!.flow.transport, flows[0]!.end], [6, 'udp', 'finish']);
});

test('ICMP: question and answer are one flow, an error is its own', () => {
  const builder = new CaptureBuilder();
  const icmp = (micros: number, sourceIp: string, destinationIp: string, type: number, code: number) => (
    builder.ip({ at: micros, sourceIp, destinationIp, transport: 1, payload: Buffer.from([type, code, 0, 0, 0, 1, 0, 1, 0x61]) })
  );
  icmp(at, '192.168.0.1', '192.168.0.89', 0, 0);
  icmp(at + 1, '192.168.0.89', '192.168.0.1', 8, 0);
  icmp(at + 2, '192.168.0.1', '192.168.0.89', 3, 1);
  icmp(at + 3, '192.168.0.89', '192.168.0.1', 3, 1);
  const { flows } = replay(builder.pcap());
  assert.deepEqual(flows.map(({ flow }) => [flow.sourceIp, flow.sourcePackets, flow.destinationPackets, flow.sourcePort]), [
    ['192.168.0.89', 1, 1, 0], ['192.168.0.1', 1, 0, 0], ['192.168.0.89', 1, 0, 0],
  ]);
  assert.equal(flows[0]!.flow.communityId, '1:X0snYXpgwiv9TZtqg64sgzUn6Dk='); // vector of the specification
});

test('a SYN with another sequence number is another flow', () => {
  const builder = new CaptureBuilder();
  builder.tcp({ client, server, at }).handshake().send('first').close();
  builder.tcp({ client, server, at: at + 1_000_000, clientSequence: 70_000, serverSequence: 90_000 }).handshake().send('second');
  builder.tcp({ client, server, at: at + 2_000_000, clientSequence: 170_000, serverSequence: 190_000 }).handshake().send('third');
  const { flows } = replay(builder.pcap());
  assert.deepEqual(flows.map((recorded) => [recorded.text('source'), recorded.end]), [['first', 'fin'], ['second', 'timeout'], ['third', 'finish']]);
});

test('a SYN-ACK with another sequence number: a new flow behind payload, another try before', () => {
  const builder = new CaptureBuilder();
  builder.tcp({ client, server, at }).handshake().receive('first');
  builder.tcp({ client, server, at: at + 1_000_000, clientSequence: 70_000, serverSequence: 90_000 }).handshake().receive('second');
  const lostSyn = new CaptureBuilder();
  for (const [index, frame] of builder.frames().entries()) if (index !== 5) lostSyn.frame(frame.micros, frame.bytes);
  assert.deepEqual(replay(lostSyn.pcap()).flows.map((recorded) => recorded.text('destination')), ['first', 'second']);

  const retry = new CaptureBuilder();
  for (const [index, frame] of builder.frames().entries()) if (index < 2 || index > 5) retry.frame(frame.micros, frame.bytes);
  assert.deepEqual(replay(retry.pcap()).flows.map((recorded) => recorded.text('destination')), ['second']);
});

test('the late SYN of a connection whose payload overtook it is no new flow', () => {
  const builder = new CaptureBuilder();
  builder.tcp({ client, server, at }).handshake().send('payload');
  const [syn, ...rest] = builder.frames();
  const overtaken = new CaptureBuilder();
  for (const [index, frame] of [rest[2]!, syn!, ...rest.slice(3)].entries()) overtaken.frame(at + index, frame.bytes);
  assert.deepEqual(replay(overtaken.pcap()).flows.map((recorded) => recorded.text('source')), ['payload']);
});

test('late packets of a closed connection belong to it; a reset ends it; a forged reset does not', () => {
  const closed = new CaptureBuilder();
  closed.tcp({ client, server, at }).handshake().send('ab').close().pause(1e6).segment('source', 0, 'ab').pause(60e6).keepAlive();
  const { flows } = replay(closed.pcap());
  assert.deepEqual(flows.map(({ end, flow }) => [end, flow.sourcePackets]), [['fin', 6], ['finish', 1]]);

  const reset = new CaptureBuilder();
  reset.tcp({ client, server, at }).handshake().send('ab').reset().pause(60e6);
  assert.deepEqual(replay(reset.pcap()).flows.map(({ end }) => end), ['rst']);

  const forged = new CaptureBuilder();
  forged.tcp({ client, server, at }).handshake().send('ab').reset().receive('still here').pause(60e6).send('me too').close();
  const survivors = replay(forged.pcap()).flows;
  assert.deepEqual(survivors.map((flow) => [flow.text('source'), flow.text('destination'), flow.end]), [['abme too', 'still here', 'fin']]);
});

test('timeouts follow the time of the packets', () => {
  const builder = new CaptureBuilder();
  const udp = builder
    .udp({ client, server, at })
    .send(Buffer.from('a'))
    .receive(Buffer.from('A'))
    .pause(200e6)
    .send(Buffer.from('b'))
    .pause(301e6)
    .send(Buffer.from('c'));
  builder.udp({ client: { ip: '10.0.0.9', port: 9 }, server, at }).send(Buffer.from('x'));
  assert.ok(udp.clock > at + 500e6);
  const { flows } = replay(builder.pcap(), { activeTimeoutMicros: 60e6 });
  assert.deepEqual(flows.map((recorded) => [recorded.text('source'), recorded.end, recorded.updates]), [
    ['ab', 'timeout', 1], ['x', 'timeout', 0], ['c', 'finish', 0],
  ]);
});

test('what has no answer ends sooner than what has one, and that sooner than a connection', () => {
  const silentFor = (seconds: number): string[] => {
    const builder = new CaptureBuilder();
    const from = (port: number) => ({ client: { ip: '10.0.0.1', port }, server, at });
    builder.udp(from(1)).send(Buffer.from('asked')).pause(seconds * 1e6).send(Buffer.from('again'));
    builder.udp(from(2)).send(Buffer.from('asked')).receive(Buffer.from('told')).pause(seconds * 1e6).send(Buffer.from('again'));
    builder.tcp(from(4)).handshake().pause(seconds * 1e6).send('late');
    builder.tcp(from(5)).segment('source', 0, 'one direction').pause(seconds * 1e6).segment('source', 13, 'late');
    const unanswered = new CaptureBuilder();
    unanswered.tcp(from(3)).handshake();
    const syn = unanswered.frames()[0]!;
    builder.frame(at, syn.bytes);
    builder.frame(at + seconds * 1e6, syn.bytes);
    const { flows } = replay(builder.pcap());
    return flows.filter(({ end }) => end === 'timeout').map(({ flow }) => `${flow.transport} ${flow.sourcePort}`).toSorted();
  };
  assert.deepEqual(silentFor(59), []);
  assert.deepEqual(silentFor(61), ['tcp 3', 'udp 1']);
  assert.deepEqual(silentFor(301), ['tcp 3', 'udp 1', 'udp 2']);
  assert.deepEqual(silentFor(601), ['tcp 3', 'tcp 4', 'tcp 5', 'udp 1', 'udp 2']);
});

test('a time that jumps back harms nothing', () => {
  const builder = new CaptureBuilder();
  builder.udp({ client, server, at }).send(Buffer.from('a')).send(Buffer.from('b')).send(Buffer.from('c'));
  const jumping = new CaptureBuilder();
  for (const frame of builder.frames()) jumping.frame(at, frame.bytes);
  const capture = jumping.pcap();
  capture.writeUInt32LE(1_000_000_000, 24 + 16 + 43); // seconds of the second packet
  const { flows } = replay(capture);
  assert.deepEqual(flows.map((recorded) => recorded.text('source')), ['abc']);
  assert.equal(flows[0]!.flow.lastMicros, at);
});

test('a full table gives up the flow silent for longest, closed ones first', () => {
  const builder = new CaptureBuilder();
  const from = (host: number) => ({ ip: `10.0.0.${host}`, port: 40_000 });
  builder.udp({ client: from(1), server, at }).send(Buffer.from('1')).pause(500_000).send(Buffer.from('1'));
  builder.tcp({ client: from(2), server, at: at + 100_000 }).handshake().close();
  builder.udp({ client: from(3), server, at: at + 200_000 }).send(Buffer.from('3'));
  builder.udp({ client: from(4), server, at: at + 300_000 }).send(Buffer.from('4'));
  builder.udp({ client: from(5), server, at: at + 600_000 }).send(Buffer.from('5'));
  const { flows, counters } = replay(builder.pcap(), { maxFlows: 3 });
  assert.deepEqual(flows.map(({ flow, end }) => [flow.sourceIp, end]), [
    ['10.0.0.1', 'finish'], ['10.0.0.2', 'fin'], ['10.0.0.3', 'evicted'], ['10.0.0.4', 'finish'], ['10.0.0.5', 'finish'],
  ]);
  assert.equal(counters.get('flow/evicted'), 1);
});

test('many flows are all found again', () => {
  const builder = new CaptureBuilder({ link: 'raw' });
  for (let host = 0; host < 5000; host++) {
    const address = host % 2 ? `2001:db8::${host.toString(16)}` : `10.1.${host >> 8}.${host & 255}`;
    const peer = host % 2 ? '2001:db8:1::1' : '192.0.2.1';
    builder.udp({ client: { ip: address, port: 40_000 }, server: { ip: peer, port: 53 }, at }).send(Buffer.from('q')).receive(Buffer.from('a'));
  }
  const { flows } = replay(builder.pcap());
  assert.equal(flows.length, 5000);
  assert.ok(flows.every(({ flow }) => flow.sourcePackets === 1 && flow.destinationPackets === 1));
});

test('fragments become one datagram of one flow', () => {
  for (const [clientIp, serverIp] of [['10.0.0.1', '192.0.2.1'], ['2001:db8::1', '2001:db8::2']] as const) {
    const payload = Buffer.from(Array.from({ length: 3000 }, (_, index) => index % 251));
    const builder = new CaptureBuilder({ mtu: 600 });
    builder.udp({ client: { ip: clientIp, port: 5000 }, server: { ip: serverIp, port: 53 }, at }).send(payload);
    const frames = builder.frames();
    const orders = [frames, frames.toReversed(), [frames[1]!, frames[1]!, ...frames]];
    for (const order of orders) {
      const shuffled = new CaptureBuilder();
      for (const [index, frame] of order.entries()) shuffled.frame(at + index, frame.bytes);
      const { flows, counters } = replay(shuffled.pcap());
      assert.equal(flows.length, 1);
      const { chunks, flow } = flows[0]!;
      assert.deepEqual(chunks.map(({ bytes, frame }) => [bytes.equals(payload), frame]), [[true, order.length]]);
      assert.deepEqual([flow.sourceIp, flow.sourcePort, flow.sourcePackets], [clientIp, 5000, order.length]);
      assert.equal(flow.sourceBytes, order.reduce((sum, frame) => sum + frame.bytes.length - 14, 0));
      assert.equal(counters.get('fragment/reassembled'), 1);
      assert.equal(counters.heldBytes, 0);
    }
  }
});

test('fragments: incomplete ones expire, too many give way, impossible ones are refused', () => {
  const builder = new CaptureBuilder({ mtu: 600 });
  for (let id = 0; id < 4; id++) builder.udp({ client, server, at: at + id }).send(Buffer.alloc(1000));
  const incomplete = new CaptureBuilder();
  for (const [index, frame] of builder.frames().entries()) if (index % 2 === 0) incomplete.frame(at + index, frame.bytes);
  const whole = replay(incomplete.pcap());
  assert.deepEqual([whole.flows.length, whole.counters.get('fragment/expired'), whole.counters.heldBytes], [0, 4, 0]);
  const bounded = replay(incomplete.pcap(), { maxFragmentBytes: 3000 });
  assert.deepEqual([bounded.counters.get('fragment/evicted'), bounded.counters.get('fragment/expired')], [2, 2]);

  const impossible = new CaptureBuilder();
  const beyond = Buffer.from(builder.frames()[0]!.bytes);
  beyond.writeUInt16BE(0x1fff, 14 + 6);
  impossible.frame(at, beyond);
  assert.equal(replay(impossible.pcap()).counters.get('fragment/bad'), 1);
});

test('a first fragment that the capture cut is used as far as it goes', () => {
  const builder = new CaptureBuilder({ mtu: 600 });
  builder.udp({ client, server, at }).send(Buffer.from('begin'.padEnd(1000, '.')));
  const file = Buffer.from(builder.pcap());
  const captured = file.readUInt32LE(24 + 8) - 100;
  const cut = Buffer.concat([file.subarray(0, 24 + 16 + captured), file.subarray(24 + 16 + captured + 100)]);
  cut.writeUInt32LE(captured, 24 + 8);
  const { flows, counters } = replay(cut);
  assert.deepEqual([flows.length, counters.get('fragment/cut'), flows[0]?.text('source').slice(0, 5)], [1, 1, 'begin']);
});

test('overlapping fragments: of IPv4 the first bytes stand, an IPv6 datagram is dropped', () => {
  for (const [clientIp, serverIp] of [['10.0.0.1', '192.0.2.1'], ['2001:db8::1', '2001:db8::2']] as const) {
    const builder = new CaptureBuilder({ mtu: 600 });
    builder.udp({ client: { ip: clientIp, port: 5000 }, server: { ip: serverIp, port: 53 }, at }).send(Buffer.alloc(1000, 'a'));
    const frames = builder.frames();
    const other = Buffer.from(frames[0]!.bytes);
    other.fill('b', other.length - 100);
    const overlapped = new CaptureBuilder();
    for (const [index, bytes] of [frames[0]!.bytes, other, frames[1]!.bytes].entries()) overlapped.frame(at + index, bytes);
    const { flows, counters } = replay(overlapped.pcap());
    assert.equal(counters.get('fragment/overlap'), 1);
    assert.equal(counters.heldBytes, 0);
    if (clientIp.includes(':')) assert.equal(flows.length, 0);
    else assert.deepEqual([flows[0]!.text('source'), flows[0]!.flow.sourcePackets], ['a'.repeat(1000), 3]);
  }
});

test('an ICMP error is counted by whether it is about a known flow', () => {
  for (const [clientIp, serverIp, transport, type] of [['10.0.0.1', '192.0.2.1', 1, 3], ['2001:db8::1', '2001:db8::2', 58, 1]] as const) {
    const builder = new CaptureBuilder();
    builder.udp({ client: { ip: clientIp, port: 5000 }, server: { ip: serverIp, port: 53 }, at }).send(Buffer.from('query'));
    const quote = builder.frames()[0]!.bytes.subarray(14, 14 + (transport === 1 ? 28 : 48));
    const error = (bytes: Buffer) => Buffer.concat([Buffer.from([type, 3, 0, 0, 0, 0, 0, 0]), bytes]);
    const unknown = Buffer.from(quote);
    unknown[quote.length - 8]! ^= 1; // another source port
    for (const [index, payload] of [error(quote), error(unknown), error(quote.subarray(0, 20))].entries()) {
      builder.ip({ at: at + 1 + index, sourceIp: serverIp, destinationIp: clientIp, transport, payload });
    }
    const { counters } = replay(builder.pcap());
    assert.deepEqual([counters.get('icmp/error'), counters.get('icmp/error_unknown')], [1, 2]);
  }
});

test('time that goes on without packets reports flows that have news, once, and ends silent ones', () => {
  const counters = new CaptureCounters();
  const told: string[] = [];
  const table = new FlowTable({ activeTimeoutMicros: 60e6, closedTimeoutMicros: 5e6, unansweredTimeoutMicros: 900e6 }, {
    flowStarted: () => {}, payload: () => {}, gap: () => {},
    flowUpdated: ({ sourcePort, sourcePackets }) => told.push(`${sourcePort} update ${sourcePackets}`),
    flowEnded: ({ sourcePort }, reason) => told.push(`${sourcePort} ${reason}`),
  }, counters);
  const builder = new CaptureBuilder();
  builder.udp({ client: { ip: '10.0.0.1', port: 1001 }, server, at }).send(Buffer.from('a')).send(Buffer.from('b'));
  builder.tcp({ client: { ip: '10.0.0.1', port: 1002 }, server, at }).handshake().close();
  const reader = new CaptureReader(counters);
  const view = new PacketView();
  reader.push(builder.pcap());
  while (reader.next(view)) if (decodePacket(view, counters)) table.packet(view);

  table.advance(at + 4e6);
  assert.deepEqual(told, []);
  table.advance(at + 10e6);
  assert.deepEqual(told, ['1002 fin']);
  for (const seconds of [61, 62, 130, 500]) table.advance(at + seconds * 1e6);
  assert.deepEqual(told, ['1002 fin', '1001 update 2']);
  table.advance(at + 1000e6);
  assert.deepEqual(told, ['1002 fin', '1001 update 2', '1001 timeout']);
  assert.equal(table.size, 0);
});
