import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bytes, hex } from './testing/bytes.ts';
import { dhcpMessage, dhcpOption, dhcpRequest, dnsWithSubnet, snmp3, snmpGet } from './testing/binary-samples.ts';
import { dissectPayload, fieldsOf } from './testing/packets.ts';

describe('SNMP', () => {
  test('the community of version 2c, the user of version 3', () => {
    const [clear, sealed] = [snmpGet, snmp3].map((payload) => dissectPayload(payload).messages[0]!);
    assert.deepEqual([clear!.protocol, clear!.encryption.verdict, ...fieldsOf(clear)], ['snmp', 'cleartext', 'snmp.community=core-r']);
    assert.deepEqual([sealed!.protocol, sealed!.encryption.verdict, ...fieldsOf(sealed)], ['snmp', 'encrypted', 'snmp.user=jane']);
  });

  test('other BER is none', () => {
    for (const payload of [snmpGet.subarray(0, 20), hex('3005 020101 0500'), hex('30820005020101'), hex('3006 020107 040161')])
      assert.equal(dissectPayload(payload).messages[0]!.protocol, 'udp');
  });
});

describe('DHCP', () => {
  test('what the client calls itself; the server\'s echo and the hardware address are no fields', () => {
    assert.deepEqual(fieldsOf(dissectPayload(dhcpRequest).messages[0]), ['dhcp.host_name=Lucas-iMac', 'dhcp.client_fqdn=lucas.example']);
    assert.deepEqual(fieldsOf(dissectPayload(dhcpMessage(2, dhcpOption(12, 'Lucas-iMac'))).messages[0]), []);
    assert.deepEqual(fieldsOf(dissectPayload(dhcpMessage(1, dhcpOption(81, hex('040000 056c75636173 00')))).messages[0]), ['dhcp.client_fqdn=lucas']);
  });

  test('an option that does not fit is counted', () => {
    const { messages, counters } = dissectPayload(bytes(dhcpMessage(1, dhcpOption(12, 'a1')).subarray(0, -1), hex('3c20')));
    assert.deepEqual([fieldsOf(messages[0]), counters.get('dhcp', 'malformed option')], [['dhcp.host_name=a1'], 1]);
  });
});

test('DHCP: the hardware address that a relay carries out of its network', () => {
  const relayed = Buffer.from(dhcpMessage(1, dhcpOption(12, 'a1')));
  hex('0a010203').copy(relayed, 24);
  hex('3c15c29a01fe').copy(relayed, 28);
  relayed.set([1, 6], 1);
  assert.deepEqual(fieldsOf(dissectPayload(relayed).messages[0]), ['dhcp.host_name=a1', 'dhcp.client_mac=3c:15:c2:9a:01:fe']);
});

test('DHCPv6: what a client calls itself, to a server or by way of a relay', () => {
  const solicit = hex('01 1a2b3c 0006 0002 0017 0027 000a 00 076a616e652d7063 00');
  assert.deepEqual(fieldsOf(dissectPayload(solicit, { sourcePort: 546, destinationPort: 547 }).messages[0]), ['dhcpv6.client_fqdn=jane-pc']);
  const relayed = bytes(hex('0c 00'), Buffer.alloc(32), hex(`0009 00${solicit.length.toString(16)}`), solicit);
  assert.deepEqual(fieldsOf(dissectPayload(relayed, { sourcePort: 547, destinationPort: 547 }).messages[0]), ['dhcpv6.client_fqdn=jane-pc']);
  assert.equal(dissectPayload(solicit, { sourcePort: 5000, destinationPort: 5001 }).messages[0]!.protocol, 'udp');
  assert.equal(dissectPayload(solicit.subarray(0, -1), { sourcePort: 546, destinationPort: 547 }).messages[0]!.protocol, 'udp');
});

describe('DNS', () => {
  test('EDNS names the network of the client', () => {
    assert.deepEqual(fieldsOf(dissectPayload(dnsWithSubnet, { destinationPort: 53 }).messages[0]), [
      'dns.question.name=a.example',
      'dns.opt.client_subnet=198.51.100.0/24',
    ]);
    const six = hex('0001 0100 0001 0000 0000 0001 0161 00 0001 0001 00 0029 1000 00000000 000f 0008 000b 0002 38 00 20010db8000100');
    assert.deepEqual(fieldsOf(dissectPayload(six, { destinationPort: 53 }).messages[0]), [
      'dns.question.name=a',
      'dns.opt.client_subnet=2001:db8:1::/56',
    ]);
  });
});

describe('names of hosts', () => {
  const label = (text: string) => bytes(hex(Buffer.byteLength(text).toString(16).padStart(2, '0')), text);
  const name = (...labels: string[]) => bytes(...labels.map(label), hex('00'));
  const record = (owner: Buffer, type: number, data: Buffer) =>
    bytes(owner, hex(`00${type.toString(16).padStart(2, '0')} 8001 00000078 00${data.length.toString(16).padStart(2, '0')}`), data);
  const mdns = (...records: Buffer[]) => bytes(hex(`0000 8400 0000 00${records.length.toString(16).padStart(2, '0')} 0000 0000`), ...records);
  const at = (payload: Buffer, port: number) =>
    fieldsOf(dissectPayload(payload, { sourcePort: port, destinationPort: port }).messages[0]).filter((one) => /host_name|instance/.test(one));

  test('multicast DNS: hosts, and services that persons name', () => {
    const host = name('Janes-MBP', 'local');
    const announced = mdns(
      record(host, 1, hex('c0a8040b')),
      record(name('_airplay', '_tcp', 'local'), 12, name('Jane’s MacBook Pro', '_airplay', '_tcp', 'local')),
      record(name('A1B2C3D4E5F6@Jonas Room', '_raop', '_tcp', 'local'), 16, hex('00')),
      record(name('Office printer', '_ipp', '_tcp', 'local'), 33, bytes(hex('0000 0000 0277'), name('brw1234', 'local'))),
    );
    assert.deepEqual(at(announced, 5353), [
      'mdns.host_name=janes-mbp', 'mdns.instance_name=jane’s macbook pro', 'mdns.instance_name=jonas room', 'mdns.host_name=brw1234',
    ]);
    assert.deepEqual(at(bytes(hex('0000 0000 0001 0000 0000 0000'), host, hex('0001 0001')), 5353), [], 'a question');
  });

  test('LLMNR: who answers, and who asks for any record of a name, which is its own', () => {
    const answer = bytes(hex('1234 8000 0001 0001 0000 0000'), name('jonas-pc'), hex('0001 0001'), record(name('jonas-pc'), 1, hex('c0a8040b')));
    assert.deepEqual(at(answer, 5355), ['llmnr.host_name=jonas-pc']);
    assert.deepEqual(at(bytes(hex('1234 0000 0001 0000 0000 0000'), name('jonas-pc'), hex('00ff 0001')), 5355), ['llmnr.host_name=jonas-pc']);
    assert.deepEqual(at(bytes(hex('1234 0000 0001 0000 0000 0000'), name('wpad'), hex('0001 0001')), 5355), []);
  });

  test("NetBIOS: a name that is claimed, not one that is asked for or a group's", () => {
    const encoded = (text: string, suffix: number) =>
      bytes(
        hex('20'),
        Buffer.from(`${text.padEnd(15)}${String.fromCharCode(suffix)}`, 'latin1')
          .toString('hex')
          .replaceAll(/./g, (digit) => String.fromCharCode(0x41 + Number.parseInt(digit, 16))),
        hex('00'),
      );
    const claim = (text: string, suffix: number, flags: string, operation = '2910') =>
      bytes(hex(`8001 ${operation} 0001 0000 0000 0001`), encoded(text, suffix), hex(`0020 0001 c00c 0020 0001 000493e0 0006 ${flags} c0a8040b`));
    assert.deepEqual(at(claim('JONAS-PC', 0, '6000'), 137), ['netbios.host_name=JONAS-PC']);
    assert.deepEqual(at(claim('WORKGROUP', 0, 'e000'), 137), []);
    assert.deepEqual(at(claim('WPAD', 0, '0000', '0110'), 137), []);
    const datagram = bytes(hex('110a 8002 c0a8040b 008a 00bb 0000'), encoded('JONAS-PC', 0), encoded('WORKGROUP', 0x1d), hex('ff534d42'));
    assert.deepEqual(at(datagram, 138), ['netbios.host_name=JONAS-PC']);
  });
});
