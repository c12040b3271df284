import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CaptureBuilder } from './builder.ts';
import { CaptureCounters } from './counters.ts';
import { decodePacket } from './decode.ts';
import { PacketView } from './view.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** Decodes the packet, alone in its buffer except for some surrounding bytes that must not matter. */
function decode(linkType: number, bytes: Buffer, wireLength = bytes.length) {
  const view = new PacketView();
  const counters = new CaptureCounters();
  view.data = Buffer.concat([Buffer.alloc(3, 0x45), bytes, Buffer.alloc(64, 0x45)]);
  view.start = 3;
  view.capturedLength = bytes.length;
  view.wireLength = wireLength;
  view.linkType = linkType;
  const decoded = decodePacket(view, counters);
  const reasons = [...counters.reasons()].map(({ layer, reason }) => `${layer}/${reason}`);
  return { view, decoded, reasons, payload: view.data.toString('latin1', view.payloadStart, view.payloadEnd) };
}

const client = { ip: '10.1.2.3', port: 40_000 };
const server = { ip: '192.0.2.9', port: 443 };
const client6 = { ip: '2001:db8::a', port: 40_000 };
const server6 = { ip: '2001:db8::b', port: 443 };

function udpPacket(from = client, to = server): Buffer {
  const builder = new CaptureBuilder({ link: 'raw' });
  builder.udp({ client: from, server: to, at: 0 }).send(Buffer.from('hello'));
  return builder.frames()[0]!.bytes;
}

const ipv4 = udpPacket();
const ipv6 = udpPacket(client6, server6);
const macs = '020000000001 020000000002';

test('link layers lead to the same packet', () => {
  const carriers: [string, number, Buffer][] = [
    ['Ethernet', 1, Buffer.concat([hex(`${macs} 0800`), ipv4])],
    ['one VLAN tag', 1, Buffer.concat([hex(`${macs} 8100 0064 0800`), ipv4])],
    ['QinQ', 1, Buffer.concat([hex(`${macs} 88a8 0064 8100 00c8 0800`), ipv4])],
    ['five tags', 1, Buffer.concat([hex(`${macs} 9100 0001 88a8 0002 8100 0003 8100 0004 8100 0005 0800`), ipv4])],
    ['raw', 101, ipv4], ['raw (12)', 12, ipv4], ['raw (OpenBSD)', 14, ipv4], ['IPv4', 228, ipv4],
    ['Linux cooked', 113, Buffer.concat([hex('0000 0001 0006 020000000001 0000 0800'), ipv4])],
    ['Linux cooked, VLAN', 113, Buffer.concat([hex('0000 0001 0006 020000000001 0000 8100 0064 0800'), ipv4])],
    ['Linux cooked v2', 276, Buffer.concat([hex('0800 0000 00000002 0001 00 06 020000000001 0000'), ipv4])],
    ['NULL, little-endian', 0, Buffer.concat([hex('02000000'), ipv4])],
    ['NULL, big-endian', 0, Buffer.concat([hex('00000002'), ipv4])],
    ['PPP', 9, Buffer.concat([hex('0021'), ipv4])],
    ['PPP in HDLC framing', 9, Buffer.concat([hex('ff03 0021'), ipv4])],
    ['PPP, compressed protocol', 9, Buffer.concat([hex('21'), ipv4])],
    ['PPP, serial', 50, Buffer.concat([hex('ff03 0021'), ipv4])],
    ['Cisco HDLC under serial PPP', 50, Buffer.concat([hex('0f00 0800'), ipv4])],
    ['PPP with direction', 204, Buffer.concat([hex('01 ff03 0021'), ipv4])],
    ['PPPoE', 1, Buffer.concat([hex(`${macs} 8864 1100 0001 0023 0021`), ipv4, hex('000000')])],
    ['PPPoE as link type', 51, Buffer.concat([hex('1100 0001 0023 0021'), ipv4])],
    ['MPLS', 1, Buffer.concat([hex(`${macs} 8847 00010040 00020140`), ipv4])],
    ['SNAP', 1, Buffer.concat([hex(`${macs} 0029 aaaa03 000000 0800`), ipv4])],
    ['LLC of IP', 1, Buffer.concat([hex(`${macs} 0024 060603`), ipv4])],
    ['SNAP over ATM', 100, Buffer.concat([hex('aaaa03 000000 0800'), ipv4])],
    ['VN-Tag', 1, Buffer.concat([hex(`${macs} 8926 00010002 0800`), ipv4])],
    ['FabricPath', 1, Buffer.concat([hex(`020a01000000 020a02000000 8903 4020 ${macs} 8100 0007 0800`), ipv4])],
    ['E-Tag', 1, Buffer.concat([hex(`${macs} 893f 000100020003 0800`), ipv4])],
    ['IEEE 1394', 138, Buffer.concat([hex('0000000000000001 0000000000000002 0800'), ipv4])],
    ['802.11', 105, Buffer.concat([hex(`08010000 020000000001 ${macs} 0000 aaaa03 000000 0800`), ipv4])],
    ['802.11, four addresses', 105, Buffer.concat([hex(`08030000 020000000001 ${macs} 0000 020000000004 aaaa03 000000 0800`), ipv4])],
    ['802.11, QoS', 105, Buffer.concat([hex(`88010000 020000000001 ${macs} 0000 0000 aaaa03 000000 0800`), ipv4])],
    ['802.11, QoS and HT control', 105, Buffer.concat([hex(`88810000 020000000001 ${macs} 0000 0000 00000000 aaaa03 000000 0800`), ipv4])],
    ['radiotap', 127, Buffer.concat([hex(`0000 0900 02000000 00 08010000 020000000001 ${macs} 0000 aaaa03 000000 0800`), ipv4])],
    [
      'radiotap, padded header',
      127,
      Buffer.concat([
        hex('0000 1900 03000080 00000000 00000000 0000000000000000 20'),
        hex(`88010000 020000000001 ${macs} 0000 0000 0000 aaaa03 000000 0800`),
        ipv4,
      ]),
    ],
    ['Prism', 119, Buffer.concat([hex('44000000 0c000000 00000000'), hex(`08010000 020000000001 ${macs} 0000 aaaa03 000000 0800`), ipv4])],
    ['AVS', 163, Buffer.concat([hex('80211001 0000000c 00000000'), hex(`08010000 020000000001 ${macs} 0000 aaaa03 000000 0800`), ipv4])],
    ['PPI', 192, Buffer.concat([hex(`0000 0800 01000000 ${macs} 0800`), ipv4])],
    ['PKTAP', 258, Buffer.concat([hex(`10000000 01000000 01000000 00000000 ${macs} 0800`), ipv4])],
    ['NFLOG', 239, Buffer.concat([hex('02000000 0500 0300 61000000 2500 0900'), ipv4])],
    ['NFLOG, big-endian', 239, Buffer.concat([hex('02000000 0005 0003 61000000 0025 0009'), ipv4])],
    ['PFLOG', 117, Buffer.concat([hex('0502 0000 00000000'), ipv4])],
    ['Cisco HDLC', 104, Buffer.concat([hex('0f00 0800'), ipv4])],
    ['LOOP', 108, Buffer.concat([hex('00000002'), ipv4])],
  ];
  for (const [name, linkType, bytes] of carriers) {
    const { view, decoded, reasons, payload } = decode(linkType, bytes);
    assert.ok(decoded, name);
    assert.deepEqual(reasons, [], name);
    assert.deepEqual([view.ipVersion, view.sourceIp, view.sourcePort, view.destinationIp, view.destinationPort, view.transport, view.ipLength],
      [4, '10.1.2.3', 40_000, '192.0.2.9', 443, 17, 33], name);
    assert.equal(payload, 'hello', name);
  }
});

test('IPv6, on each link layer that announces it', () => {
  const carriers: [number, Buffer][] = [
    [1, Buffer.concat([hex(`${macs} 86dd`), ipv6])], [101, ipv6], [229, ipv6],
    [0, Buffer.concat([hex('1e000000'), ipv6])], [276, Buffer.concat([hex('86dd 0000 00000002 0001 00 06 020000000001 0000'), ipv6])],
  ];
  for (const [linkType, bytes] of carriers) {
    const { view, payload } = decode(linkType, bytes);
    assert.deepEqual([view.ipVersion, view.sourceIp, view.destinationIp, view.ipLength, payload], [6, '2001:db8::a', '2001:db8::b', 53, 'hello']);
  }
});

test('padding behind the IP length is no payload', () => {
  const { payload, view } = decode(1, Buffer.concat([hex(`${macs} 0800`), ipv4, Buffer.alloc(20, 0x41)]));
  assert.equal(payload, 'hello');
  assert.equal(view.payloadMissing, 0);
});

test('IPv4 options are stepped over', () => {
  const withOptions = Buffer.concat([ipv4.subarray(0, 20), hex('01010101 94040000'), ipv4.subarray(20)]);
  withOptions[0] = 0x47;
  withOptions.writeUInt16BE(withOptions.length, 2);
  assert.equal(decode(101, withOptions).payload, 'hello');
});

test('IPv6 extension headers are stepped over', () => {
  const udp = ipv6.subarray(40);
  const chain = (first: number, ...headers: Buffer[]) => {
    const bytes = Buffer.concat([ipv6.subarray(0, 40), ...headers, udp]);
    bytes[6] = first;
    bytes.writeUInt16BE(bytes.length - 40, 4);
    return decode(101, bytes);
  };
  const hopByHop = hex('2b 00 0104 00000000');
  const routing = hex('3c 01 04 00 00000000 0000000000000000');
  const destination = hex('33 00 0104 00000000');
  const authentication = hex('11 04 0000 00000001 00000001 000000000000000000000000');
  const all = chain(0, hopByHop, routing, destination, authentication);
  assert.deepEqual([all.payload, all.view.transport, all.reasons], ['hello', 17, []]);
  // RFC 6946: a fragment header on an unfragmented packet.
  assert.deepEqual([chain(44, hex('11 00 0000 00000007')).payload, chain(44, hex('11 00 0000 00000007')).view.isFragment], ['hello', false]);
  const fragment = chain(44, hex('11 00 0009 00000007')).view;
  assert.deepEqual([fragment.isFragment, fragment.fragmentOffset, fragment.moreFragments, fragment.fragmentId], [true, 8, true, 7]);
  assert.deepEqual(chain(0, hex('11 ff 0104 00000000')).reasons, ['ipv6/bad_extension']);
});

test('TCP options are no payload', () => {
  const builder = new CaptureBuilder({ link: 'raw' });
  builder.tcp({ client, server, at: 0 }).segment('source', 0, 'data');
  const { bytes } = builder.frames()[0]!;
  const withOptions = Buffer.concat([bytes.subarray(0, 40), hex('0101080a 0000000100000000'), bytes.subarray(40)]);
  withOptions[32] = 8 << 4;
  withOptions.writeUInt16BE(withOptions.length, 2);
  const { payload, view } = decode(101, withOptions);
  assert.deepEqual([payload, view.tcpSequence, view.tcpAcknowledgement, view.tcpFlags], ['data', 1001, 5001, 0x18]);
});

test('SCTP has ports; ICMP type and code; other transports neither', () => {
  const packet = (transport: number, payload: Buffer) => {
    const builder = new CaptureBuilder({ link: 'raw' });
    builder.ip({ at: 0, sourceIp: client.ip, destinationIp: server.ip, transport, payload });
    return decode(101, builder.frames()[0]!.bytes);
  };
  const sctp = packet(132, hex('0b5a 0b5b 00000000 00000000 00030010')).view;
  assert.deepEqual([sctp.sourcePort, sctp.destinationPort, sctp.payloadEnd - sctp.payloadStart], [2906, 2907, 4]);
  const icmp = packet(1, hex('0800 0000 0001 0001 6162')).view;
  assert.deepEqual([icmp.icmpType, icmp.icmpCode, icmp.sourcePort, icmp.payloadEnd - icmp.payloadStart], [8, 0, 0, 2]);
  const esp = packet(50, hex('0000 0800 4500')).view;
  assert.deepEqual([esp.sourcePort, esp.payloadEnd - esp.payloadStart], [0, 6]);
});

test('a snapped packet gives what is there, and says how much is missing', () => {
  const { view, decoded, payload, reasons } = decode(101, ipv4.subarray(0, 31), ipv4.length);
  assert.ok(decoded);
  assert.deepEqual([payload, view.payloadMissing, view.ipLength, reasons], ['hel', 2, 33, ['ipv4/snapped']]);
});

test('a length of 0 is that of the wire: segmentation offload', () => {
  const offloaded = Buffer.from(ipv4);
  offloaded.writeUInt16BE(0, 2);
  const { payload, view } = decode(101, offloaded);
  assert.deepEqual([payload, view.ipLength], ['hello', 33]);
});

test('a jumbogram has its length in an option', () => {
  const datagram = ipv6.subarray(40);
  const jumbo = Buffer.concat([ipv6.subarray(0, 40), hex('11 00 c204 00011170'), datagram, Buffer.alloc(70_000 - 8 - datagram.length)]);
  jumbo.writeUInt16BE(0, 4);
  jumbo[6] = 0;
  jumbo.writeUInt16BE(0, 40 + 8 + 4);
  const { view, decoded, reasons } = decode(101, Buffer.concat([jumbo, Buffer.alloc(30)]));
  assert.deepEqual([decoded, view.ipLength, view.payloadEnd - view.payloadStart, reasons], [true, 70_040, 70_000 - 16, []]);
});

test('a jumbogram is no longer than what was on the wire, and no shorter than 65,536 bytes (RFC 2675, section 3)', () => {
  for (const length of ['fffffff0', '00000010']) {
    const forged = Buffer.concat([ipv6.subarray(0, 40), hex(`11 00 c204 ${length}`), ipv6.subarray(40)]);
    forged.writeUInt16BE(0, 4);
    forged[6] = 0;
    const { view, decoded } = decode(101, forged);
    assert.deepEqual([decoded, view.ipLength, view.payloadMissing], [true, forged.length, 0], length);
  }
});

test('malformed packets are counted by layer and reason', () => {
  const change = (bytes: Buffer, at: number, value: number) => {
    const changed = Buffer.from(bytes);
    changed[at] = value;
    return changed;
  };
  const ethernet = hex(`${macs} 0800`);
  const cases: [string, number, Buffer][] = [
    ['link/unsupported', 147, ipv4],
    ['link/truncated', 1, hex(macs)],
    ['link/truncated', 1, hex(`${macs} 8100 00`)],
    ['link/arp', 1, hex(`${macs} 0806 0001`)],
    ['link/802.2', 1, hex(`${macs} 0026 4242 03`)],
    ['link/802.2', 1, hex(`${macs} 0026 aaaa03 00000c 2000 0102`)],
    ['link/osi', 1, hex(`${macs} 0026 fefe03 83`)],
    ['link/mpls', 1, hex(`${macs} 8847 00000140 10000000`)],
    ['link/truncated', 1, hex(`${macs} 8847 00000040`)],
    ['link/truncated', 1, hex(`${macs} 8864 1100`)],
    ['link/pppoe', 1, hex(`${macs} 8864 2100 0001 0006 c021 01010004`)],
    ['link/pppoe_discovery', 1, hex(`${macs} 8863 1109 0000 0000`)],
    ['link/ppp', 1, hex(`${macs} 8864 1100 0001 0006 c021 01010004`)],
    ['link/ppp_login', 1, hex(`${macs} 8864 1100 0001 000c c023 0101000a 02 6f70 02 7077`)],
    ['link/802.1x', 1, hex(`${macs} 888e 0100 0009 02010009 01 6a616e65`)],
    ['link/macsec', 1, hex(`${macs} 88e5 0000`)],
    ['link/erf', 197, ipv4],
    ['link/fddi', 10, ipv4],
    ['link/token_ring', 6, ipv4],
    ['link/juniper', 178, ipv4],
    ['wlan/no_data', 105, hex('80000000 ffffffffffff 020000000001 020000000001 0000 0000')],
    ['wlan/protected', 105, hex('08420000 ffffffffffff 020000000001 020000000001 0000 0000')],
    ['wlan/fragment', 105, hex('08020000 ffffffffffff 020000000001 020000000001 0100 0000')],
    ['wlan/bad_header', 127, hex('0000 ff00 00000000')],
    ['link/not_ip', 1, hex(`${macs} 88cc`)],
    ['link/not_ip', 0, Buffer.concat([hex('07000000'), ipv4])],
    ['ipv4/truncated', 1, Buffer.concat([ethernet, ipv4.subarray(0, 19)])],
    ['ipv4/truncated', 101, change(ipv4, 0, 0x46).subarray(0, 22)],
    ['ipv4/bad_version', 228, ipv6],
    ['ipv4/bad_header_length', 101, change(ipv4, 0, 0x44)],
    ['ipv4/bad_header_length', 101, change(ipv4, 3, 19)],
    ['ipv6/truncated', 101, ipv6.subarray(0, 39)],
    ['ipv6/bad_version', 229, ipv4.length < 40 ? Buffer.concat([ipv4, Buffer.alloc(20)]) : ipv4],
    ['ipv6/bad_extension', 101, change(ipv6, 6, 0)],
    ['udp/truncated', 101, change(ipv4, 3, 27)],
    ['udp/bad_length', 101, change(ipv4, 25, 7)],
    ['tcp/truncated', 101, change(ipv4, 9, 6)],
    ['icmp/truncated', 101, change(change(ipv4, 9, 1), 3, 27)],
    ['sctp/truncated', 101, change(change(ipv4, 9, 132), 3, 31)],
  ];
  for (const [reason, linkType, bytes] of cases) {
    const { decoded, reasons } = decode(linkType, bytes);
    assert.equal(decoded, false, reason);
    assert.ok(reasons.includes(reason), `${reason}, not ${reasons}`);
  }
});

test('a UDP length above the IP payload is counted; the payload is used', () => {
  const longer = Buffer.from(ipv4);
  longer[25] = 200;
  const { decoded, payload, reasons } = decode(101, longer);
  assert.deepEqual([decoded, payload, reasons], [true, 'hello', ['udp/bad_length']]);
});
