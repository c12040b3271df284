import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { capturesFolder, listCaptures, withoutCaptures } from './captures.ts';
import { compareAll } from './oracles.ts';
import { reasonOf, review } from './reviewed.ts';
import { Totals } from './totals.ts';

/**
 * The agreement with other tools on real captures, and the list of reviewed disagreements, hold. Zeek's, Suricata's and nDPI's answers are
 * in files; tshark is run only on some of the captures (agreement.ts runs it on all).
 */
const skip = withoutCaptures();
if (skip) process.stderr.write(`${skip}\n`);
const files = skip ? [] : listCaptures(capturesFolder);
const withoutTshark = spawnSync('tshark', ['--version']).error ? 'SKIPPED: tshark is not installed, so nothing is compared with it' : false;

async function totalsOf(some: readonly string[], oracles: Parameters<typeof compareAll>[2]): Promise<Totals> {
  const totals = new Totals();
  const unreviewed: string[] = [];
  for await (const one of compareAll(capturesFolder, some, oracles)) {
    totals.add(one);
    const counts = `-${one.missing.length} +${one.extra.length}`;
    if (review(one) === 'unreviewed') unreviewed.push(`${one.oracle} ${one.topic} ${one.name} ${counts} ${reasonOf(one)}`);
  }
  assert.deepEqual(unreviewed, []);
  return totals;
}

test('expected logs of Zeek and events of Suricata, and fingerprints of nDPI', { skip }, async () => {
  const totals = await totalsOf(files, ['zeek', 'suricata', 'ndpi']);
  const least: [oracle: string, topic: string, percent: number][] = [
    ['zeek', 'connection', 99],
    ['zeek', 'http.request', 95],
    ['zeek', 'server_name', 99],
    ['zeek', 'certificate', 98],
    ['zeek', 'mail', 99],
    ['suricata', 'protocol', 95],
    ['suricata', 'mail', 99],
    ['suricata', 'login', 99],
    ['suricata', 'mqtt.topic', 99],
    ['suricata', 'tls.ja4', 99],
    ['ndpi', 'tls.ja4.digests', 97],
  ];
  for (const [oracle, topic, percent] of least)
    assert.ok(totals.agreement(oracle, topic) >= percent, `${oracle} ${topic}: ${totals.agreement(oracle, topic)} %`);
});

/** The captures with the most answers, and every so many of the others. */
const telling =
  /^(?:ndpi\/pcap\/(?:1kxun|adult_content|dropbox|http_auth|reddit|sip|sip_hello|stun_zoom|teams|viber|webex|wechat|zoom)|zeek\/Traces\/http\/(?:pipelined-requests|100-continue)|suricata-verify\/(?:http-multiple-cl|dns-over-http2-post)\/.*)\.pcap(?:ng)?$/;
const oneOf = 40;

test('tshark, on a share of the captures', { skip: skip || withoutTshark, timeout: 600_000 }, async () => {
  const share = files.filter((file, index) => telling.test(file) || index % oneOf === 0);
  const totals = await totalsOf(share, ['tshark']);
  for (const topic of [
    'http.request',
    'http.host',
    'dns.question',
    'dns.address',
    'tls.server_name',
    'quic.server_name',
    'sip.method',
    'sip.from',
    'stun.message',
    'stun.mapped',
  ]) {
    assert.ok(totals.agreement('tshark', topic) >= 99, `${topic}: ${totals.agreement('tshark', topic)} %`);
  }
});
