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
    for (const payload of [snmpGet.subarray(0, 20), hex('3005 020101 0500'), hex('30820005020101'), hex('3006 020107 040161')]) assert.equal(dissectPayload(payload).messages[0]!.protocol, 'udp');
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

describe('DNS', () => {
  test('EDNS names the network of the client', () => {
    assert.deepEqual(fieldsOf(dissectPayload(dnsWithSubnet, { destinationPort: 53 }).messages[0]), ['dns.question.name=a.example', 'dns.opt.client_subnet=198.51.100.0/24']);
    const six = hex('0001 0100 0001 0000 0000 0001 0161 00 0001 0001 00 0029 1000 00000000 000f 0008 000b 0002 38 00 20010db8000100');
    assert.deepEqual(fieldsOf(dissectPayload(six, { destinationPort: 53 }).messages[0]), ['dns.question.name=a', 'dns.opt.client_subnet=2001:db8:1::/56']);
  });
});
