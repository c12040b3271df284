import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MonitoredNetworks } from './subject.ts';

test('the private side is the subject, whoever opened the flow', () => {
  const networks = new MonitoredNetworks();
  assert.equal(networks.subjectIsDestination('10.0.0.5', '203.0.113.7'), false);
  assert.equal(networks.subjectIsDestination('203.0.113.7', '192.168.1.9'), true);
  assert.equal(networks.subjectIsDestination('2001:db8::1', 'fd00::2'), true);
  assert.equal(networks.subjectIsDestination('10.0.0.5', '10.0.0.6'), false, 'both monitored: the source');
  assert.equal(networks.subjectIsDestination('198.51.100.1', '203.0.113.7'), false, 'neither monitored: the source');
});

test('a company names its own ranges', () => {
  const networks = new MonitoredNetworks(['198.51.100.0/24', '2001:db8:5::/48']);
  assert.equal(networks.subjectIsDestination('203.0.113.7', '198.51.100.4'), true);
  assert.equal(networks.subjectIsDestination('203.0.113.7', '2001:db8:5::1'), true);
  assert.equal(networks.subjectIsDestination('203.0.113.7', '10.0.0.5'), false);
});

test('what is no CIDR range is refused with its text', () => {
  for (const none of ['10.0.0.0', '10.0.0.0/', '10.0.0.0/33', '10.0.0.0/8/9', '10.0.0/8', '/8', '2001:db8::/129', '10.0.0.0/-1', ' /8'])
    assert.throws(() => new MonitoredNetworks([none]), {
      name: 'TypeError', message: new RegExp(`"${none.replaceAll('/', '\\/')}" cannot be used: expected CIDR`),
    });
});

test('a range of IPv6 that holds mapped addresses (RFC 4291, section 2.5.5.2) holds those of IPv4', () => {
  const networks = new MonitoredNetworks(['::ffff:198.51.100.0/120']);
  assert.equal(networks.subjectIsDestination('203.0.113.7', '198.51.100.4'), true);
  assert.equal(networks.subjectIsDestination('203.0.113.7', '198.51.101.4'), false);
  assert.equal(new MonitoredNetworks(['::/0']).subjectIsDestination('203.0.113.7', '198.51.100.4'), false, 'both: the source');
  assert.equal(new MonitoredNetworks(['2001:db8::/32']).subjectIsDestination('203.0.113.7', '32.1.13.184'), false);
});
