import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CaptureBuilder } from './builder.ts';
import { httpRequest } from './payloads.ts';
import { replay, type Replay } from './testing/replay.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const at = 1_700_000_000_000_000;
const macs = '020000000001 020000000002';

/** The IP packet of a datagram `payload`. */
function datagram(from: string, to: string, port: number, payload: Buffer): Buffer {
  const builder = new CaptureBuilder({ link: 'raw', mtu: 60_000 });
  builder.udp({ client: { ip: from, port: 40_000 }, server: { ip: to, port }, at }).send(payload);
  return builder.frames()[0]!.bytes;
}

const inner4 = datagram('10.1.2.3', '192.0.2.9', 443, Buffer.from('hello'));
const inner6 = datagram('2001:db8::a', '2001:db8::b', 443, Buffer.from('hello'));
const innerEthernet = Buffer.concat([hex(`${macs} 8100 0007 0800`), inner4]);
const outer = { sourceIp: '198.51.100.1', destinationIp: '198.51.100.2' };
const outer6 = { sourceIp: '2001:db8:1::1', destinationIp: '2001:db8:1::2' };

/** The flow that results from one packet. */
function flowOf(capture: CaptureBuilder) {
  const { flows, counters } = replay(capture.pcap());
  assert.equal(flows.length, 1);
  const [recorded] = flows;
  return { flow: recorded!.flow, text: recorded!.text('source'), reasons: [...counters.reasons()].map(({ layer, reason }) => `${layer}/${reason}`) };
}

const ip = (transport: number, ...parts: Buffer[]) =>
  new CaptureBuilder({ mtu: 60_000 }).ip({ at, ...outer, transport, payload: Buffer.concat(parts) });
const ipv6 = (transport: number, ...parts: Buffer[]) =>
  new CaptureBuilder({ mtu: 60_000 }).ip({ at, ...outer6, transport, payload: Buffer.concat(parts) });
function udp(port: number, ...parts: Buffer[]): CaptureBuilder {
  const builder = new CaptureBuilder({ mtu: 60_000 });
  builder.udp({ client: { ip: outer.sourceIp, port: 40_000 }, server: { ip: outer.destinationIp, port }, at }).send(Buffer.concat(parts));
  return builder;
}

/** A GTP-U header whose length covers what follows. */
function gtp(flags: number, rest: Buffer, ...parts: Buffer[]): Buffer {
  const header = hex('30ff 0000 00000001');
  header[0] = flags;
  const body = Buffer.concat([rest, ...parts]);
  header.writeUInt16BE(body.length, 2);
  return Buffer.concat([header, body]);
}

test('the innermost endpoints are the flow, the outermost ones are kept', () => {
  const cases: [string, string, CaptureBuilder][] = [
    ['4in4', 'ipv4', ip(4, inner4)],
    ['GRE', 'gre', ip(47, hex('0000 0800'), inner4)],
    ['GRE with checksum, key and sequence number', 'gre', ip(47, hex('b000 0800 00000000 00000001 00000002'), inner4)],
    ['GRE with source routes', 'gre', ip(47, hex('4000 0800 00000000 0800 0004 01020304 0000 0000'), inner4)],
    ['GRE, Ethernet', 'gre', ip(47, hex('0000 6558'), innerEthernet)],
    ['GRE, MPLS', 'gre', ip(47, hex('0000 8847 00010140'), inner4)],
    ['GRE, WCCP 2', 'gre', ip(47, hex('0000 883e 00000000'), inner4)],
    ['PPTP', 'gre', ip(47, hex('3001 880b 0025 0001 00000001 ff03 0021'), inner4)],
    ['PPTP with acknowledgement, compressed PPP', 'gre', ip(47, hex('3081 880b 0022 0001 00000001 00000001 21'), inner4)],
    ['ERSPAN I', 'erspan', ip(47, hex('0000 88be'), innerEthernet)],
    ['ERSPAN II', 'erspan', ip(47, hex('1000 88be 00000001 10010001 00000001'), innerEthernet)],
    ['ERSPAN III', 'erspan', ip(47, hex('1000 22eb 00000001 20010001 00000000 0000 0000'), innerEthernet)],
    ['ERSPAN III with platform header', 'erspan', ip(47, hex('1000 22eb 00000001 20010001 00000000 0000 0001 0000000000000000'), innerEthernet)],
    ['ERSPAN III of IP', 'erspan', ip(47, hex('1000 22eb 00000001 20010001 00000000 0000 0800'), inner4)],
    ['VXLAN', 'vxlan', udp(4789, hex('08000000 00000700'), innerEthernet)],
    ['VXLAN, group policy', 'vxlan', udp(4789, hex('88000001 00000700'), innerEthernet)],
    ['VXLAN at the port of Linux', 'vxlan', udp(8472, hex('08000000 00000700'), innerEthernet)],
    ['VXLAN-GPE', 'vxlan', udp(4790, hex('0c000001 00000700'), inner4)],
    ['Geneve', 'geneve', udp(6081, hex('00006558 00000700'), innerEthernet)],
    ['Geneve with options', 'geneve', udp(6081, hex('02000800 00000700 0102000100000000'), inner4)],
    ['GTP-U', 'gtp-u', udp(2152, gtp(0x30, hex(''), inner4))],
    ['GTP-U with sequence number', 'gtp-u', udp(2152, gtp(0x32, hex('00010000'), inner4))],
    ['GTP-U with extension headers', 'gtp-u', udp(2152, gtp(0x34, hex('00000085 01100985 0111 0100'), inner4))],
    ['L2TP', 'l2tp', udp(1701, hex('0002 0001 0001 ff03 0021'), inner4)],
    ['L2TP with length, sequence and offset', 'l2tp', udp(1701, hex('4a02 0030 0001 0001 0000 0000 0002 0000 0021'), inner4)],
    ['CAPWAP, 802.11', 'capwap', udp(5247, hex('00 10 0300 0000 0000'), hex(`0801 0000 020000000003 ${macs} 3010 aaaa03 000000 0800`), inner4)],
    [
      'CAPWAP, 802.11 with its frame control swapped',
      'capwap',
      udp(5247, hex('00 20 4320 0000 0000 04 ee4f00 00000000'), hex(`0108 0000 020000000003 ${macs} 0110 aaaa03 000000 0800`), inner4),
    ],
    ['CAPWAP, Ethernet', 'capwap', udp(5247, hex('00 10 0200 0000 0000'), innerEthernet)],
    ['GRE in UDP', 'gre', udp(4754, hex('0000 0800'), inner4)],
    ['MPLS in UDP', 'mpls', udp(6635, hex('00010140'), inner4)],
    [
      'VXLAN in GRE',
      'gre>vxlan',
      ip(47, hex('0000 0800'), datagram('10.0.0.8', '10.0.0.9', 4789, Buffer.concat([hex('08000000 00000700'), innerEthernet]))),
    ],
    ['pseudowire in GRE', 'gre>pseudowire', ip(47, hex('0000 8847 00010140 00000000'), innerEthernet)],
  ];
  for (const [name, protocol, capture] of cases) {
    const { flow, text, reasons } = flowOf(capture);
    assert.deepEqual([flow.sourceIp, flow.sourcePort, flow.destinationIp, flow.destinationPort, flow.transport, flow.sourceBytes, text],
      ['10.1.2.3', 40_000, '192.0.2.9', 443, 'udp', 33, 'hello'], name);
    assert.deepEqual([flow.surroundings.tunnelProtocol, flow.surroundings.tunnelSourceIp, flow.surroundings.tunnelDestinationIp], [protocol, outer.sourceIp, outer.destinationIp], name);
    assert.deepEqual(reasons, [], name);
  }
});

test('IPv6 within and around', () => {
  const teredo = datagram('2001:0:c000:201::1', '2001:db8::b', 443, Buffer.from('hello'));
  const cases: [string, string, CaptureBuilder, string][] = [
    ['6in4', 'ipv6', ip(41, inner6), outer.sourceIp],
    ['6in6', 'ipv6', ipv6(41, inner6), outer6.sourceIp],
    ['4in6', 'ipv4', ipv6(4, inner4), outer6.sourceIp],
    ['GRE', 'gre', ip(47, hex('0000 86dd'), inner6), outer.sourceIp],
    ['GTP-U', 'gtp-u', udp(2152, gtp(0x30, hex(''), inner6)), outer.sourceIp],
    ['Teredo', 'teredo', udp(3544, teredo), outer.sourceIp],
    ['Teredo between peers', 'teredo', udp(50_000, hex('0000 1234 c0000201'), teredo), outer.sourceIp],
    ['Teredo with authentication', 'teredo', udp(3544, hex('0001 0000 0000000000000000 00 0000 1234 c0000201'), teredo), outer.sourceIp],
    [
      'fourfold', 'ipv6>ipv4>gre',
      ip(41, Buffer.concat([
        ipv6Header(4, 24 + inner6.length + 20),
        hex(`4500 ${(24 + inner6.length).toString(16).padStart(4, '0')} 0000 0000 40 2f 0000 0a000001 0a000002 0000 86dd`), inner6,
      ])),
      outer.sourceIp,
    ],
  ];
  for (const [name, protocol, capture, outerSource] of cases) {
    const { flow, text } = flowOf(capture);
    assert.deepEqual([flow.surroundings.tunnelProtocol, flow.surroundings.tunnelSourceIp, flow.destinationPort, text], [protocol, outerSource, 443, 'hello'], name);
  }
});

function ipv6Header(nextHeader: number, length: number): Buffer {
  const header = inner6.subarray(0, 40);
  const changed = Buffer.from(header);
  changed[6] = nextHeader;
  changed.writeUInt16BE(length, 4);
  return changed;
}

test('a pseudowire over Ethernet has no outer endpoints', () => {
  for (const controlWord of ['', '00000000']) {
    const capture = new CaptureBuilder().frame(at, Buffer.concat([hex(`${macs} 8847 00010140 ${controlWord}`), innerEthernet]));
    const { flow, text } = flowOf(capture);
    assert.deepEqual([flow.sourceIp, flow.surroundings.tunnelProtocol, flow.surroundings.tunnelSourceIp, text], ['10.1.2.3', 'pseudowire', '', 'hello']);
  }
});

test('what is no encapsulation, or carries no IP, stays what it is', () => {
  const arp = hex(`${macs} 0806 0001`);
  const badLength = gtp(0x30, hex(''), inner4);
  badLength.writeUInt16BE(5, 2);
  const cases: [string, number, CaptureBuilder][] = [
    ['VXLAN without its flag', 4789, udp(4789, hex('00000000 00000700'), innerEthernet)],
    ['VXLAN of ARP', 4789, udp(4789, hex('08000000 00000700'), arp)],
    ['VXLAN cut', 4789, udp(4789, hex('08000000 00000700 0102'))],
    ['Geneve, version 1', 6081, udp(6081, hex('40006558 00000700'), innerEthernet)],
    ['Geneve, options beyond', 6081, udp(6081, hex('3f006558 00000700'), innerEthernet)],
    ['GTP-U, other length', 2152, udp(2152, badLength)],
    ['GTP-U echo', 2152, udp(2152, hex('3201 0004 00000000 0001 0000'))],
    ['GTP-U, endless extension', 2152, udp(2152, gtp(0x34, hex('00000085 00000000'), inner4))],
    ['L2TP control', 1701, udp(1701, hex('c802 000c 0001 0000 0000 0001'))],
    ['CAPWAP keep-alive', 5247, udp(5247, hex('00 10 0308 0000 0000'), hex(`0801 0000 020000000003 ${macs} 3010 aaaa03 000000 0800`), inner4)],
    ['CAPWAP with DTLS', 5247, udp(5247, hex('01000000'), hex(`0801 0000 020000000003 ${macs} 3010 aaaa03 000000 0800`), inner4)],
    ['IPv6 without a Teredo address', 3544, udp(3544, inner6)],
    ['text', 4789, udp(4789, Buffer.from('uid=12345 at some port'))],
    ['GRE of ARP', 0, ip(47, hex('0000 0806 0001'))],
    ['GRE, version 2', 0, ip(47, hex('0002 0800'), inner4)],
    ['PPTP acknowledgement', 0, ip(47, hex('2081 880b 0000 0001 00000001'))],
    ['IPv4 of version 6', 0, ip(4, inner6)],
    ['IPv4 in IPv4, cut', 0, ip(4, inner4.subarray(0, 24))],
  ];
  for (const [name, port, capture] of cases) {
    const { flow } = flowOf(capture);
    assert.deepEqual([flow.sourceIp, flow.destinationIp, flow.destinationPort], [outer.sourceIp, outer.destinationIp, port], name);
    assert.deepEqual([flow.surroundings.tunnelProtocol, flow.surroundings.tunnelSourceIp, flow.surroundings.tunnelDestinationIp], ['', '', ''], name);
  }
});

test('a packet without ports does not take those around it', () => {
  const { flow } = flowOf(udp(4789, hex('08000000 00000700'), hex(`${macs} 0800`), ipPacket(50, Buffer.alloc(20))));
  assert.deepEqual([flow.transport, flow.sourcePort, flow.destinationPort], ['esp', 0, 0]);
});

test('nesting is bounded: further in, it stays payload', () => {
  let packet = inner4;
  for (let depth = 0; depth < 20; depth++) packet = ipPacket(4, packet);
  const { flow, reasons } = flowOf(new CaptureBuilder({ link: 'raw' }).frame(at, packet));
  assert.deepEqual([flow.surroundings.tunnelProtocol, flow.transport], ['ipv4>ipv4>ipv4>ipv4>ipv4>ipv4>ipv4', 'ipv4']);
  assert.deepEqual(reasons, ['tunnel/too_deep', 'tunnel/outer_stands']);

  const wires = Buffer.concat(Array<Buffer>(20).fill(hex(`${macs} 8847 00010140 00000000`)));
  const { flows, counters } = replay(new CaptureBuilder().frame(at, Buffer.concat([wires, innerEthernet])).pcap());
  assert.deepEqual([flows.length, counters.get('tunnel/too_deep')], [0, 1]);
});

function ipPacket(transport: number, payload: Buffer): Buffer {
  const builder = new CaptureBuilder({ link: 'raw', mtu: 60_000 }).ip({ at, ...outer, transport, payload });
  return builder.frames()[0]!.bytes;
}

test('fragments around and within: the flow and its outer endpoints come out', () => {
  const payload = Buffer.alloc(3000, 'x');
  const whole = datagram('10.1.2.3', '192.0.2.9', 443, payload);
  const innerFragments = new CaptureBuilder({ link: 'raw', mtu: 1400 });
  innerFragments.udp({ client: { ip: '10.1.2.3', port: 40_000 }, server: { ip: '192.0.2.9', port: 443 }, at }).send(payload);

  const around = new CaptureBuilder({ mtu: 700 }).ip({ at, ...outer, transport: 47, payload: Buffer.concat([hex('0000 0800'), whole]) });
  const within = new CaptureBuilder({ mtu: 2000 });
  const both = new CaptureBuilder({ mtu: 700 });
  for (const { bytes } of innerFragments.frames()) {
    for (const builder of [within, both]) builder.ip({ at, ...outer, transport: 47, payload: Buffer.concat([hex('0000 0800'), bytes]) });
  }
  for (const capture of [around, within, both]) {
    const { flow, text } = flowOf(capture);
    assert.deepEqual([flow.sourceIp, flow.destinationPort, flow.surroundings.tunnelProtocol, flow.surroundings.tunnelSourceIp, flow.surroundings.tunnelDestinationIp, text.length],
      ['10.1.2.3', 443, 'gre', outer.sourceIp, outer.destinationIp, 3000]);
  }
});

test('a stream inside an encapsulation is put together, and both directions keep their ends', () => {
  const inner = new CaptureBuilder({ link: 'raw' });
  const request = httpRequest('GET', '/?uid=1', { host: 'example.test' });
  inner
    .tcp({ client: { ip: '10.1.2.3', port: 40_000 }, server: { ip: '192.0.2.9', port: 80 }, at, mss: 20 })
    .handshake()
    .send(request, { transmit: [1, 0, 2, 3] })
    .receive('ok');
  const capture = new CaptureBuilder();
  for (const { micros, bytes } of inner.frames()) {
    const toServer = bytes.subarray(12, 16).equals(hex('0a010203'));
    capture.ip({
      at: micros, sourceIp: toServer ? outer.sourceIp : outer.destinationIp, destinationIp: toServer ? outer.destinationIp : outer.sourceIp,
      transport: 47, payload: Buffer.concat([hex('0000 0800'), bytes]),
    });
  }
  const { flows }: Replay = replay(capture.pcap());
  assert.equal(flows.length, 1);
  assert.deepEqual(
    [flows[0]!.text('source'), flows[0]!.text('destination'), flows[0]!.flow.surroundings.tunnelSourceIp],
    [request.toString('latin1'), 'ok', outer.sourceIp],
  );
});
