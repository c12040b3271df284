import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';

const main = fileURLToPath(new URL('./main.js', import.meta.url));

function telltale(...args: string[]): { out: string; err: string; status: number | null } {
  const { stdout, stderr, status } = spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });
  return { out: stdout.replaceAll(/20\d\d-\d\d-\d\d/g, 'DAY'), err: stderr, status };
}

test('geo explain: each dimension with its sources, a name that disagrees, anycast, special ranges', () => {
  const { out, status } = telltale('geo', 'explain', 'zoomfrn99mmr.zoom.us=109.94.160.99', '8.8.8.8', '47.74.1.1', '::ffff:52.81.151.250');
  assert.equal(status, 0);
  assert.equal(out, `109.94.160.99
  located     NL        one source
                        NL  dbip-city DAY, Hoorn
  registered  NL        3 sources agree
                        NL  asn-country DAY
                        NL  geo-whois-asn-country DAY
                        NL  iptoasn-country DAY
  operated    ?         no table knows it
  anycast     no        no list holds it and no table marks it, which does not prove that it is not
  network     AS60893   Art of Automation B.V.
  name        DE        zoomfrn99mmr.zoom.us: site code "frn", Frankfurt
                        disputes the tables, which say NL

8.8.8.8
  located     ?         anycast
                        US  dbip-city DAY
  registered  US        3 sources agree
                        US  asn-country DAY
                        US  geo-whois-asn-country DAY
                        US  iptoasn-country DAY
  operated    US        one source
                        US  operators DAY, inferred: Google
  anycast     yes       8.8.8.0/24: it is at many places at once, so that no table can locate it
  network     AS15169   Google LLC

47.74.1.1
  located     JP        one source
                        JP  dbip-city DAY, Shibuya City
  registered  US        the sources differ
                        US  asn-country DAY
                        US  geo-whois-asn-country DAY
                        CN  iptoasn-country DAY
  operated    CN        one source
                        CN  operators DAY, inferred: Alibaba
  anycast     no        no list holds it and no table marks it, which does not prove that it is not
  network     AS45102   Alibaba (US) Technology Co., Ltd.

::ffff:52.81.151.250
  scope       reserved  it is in a special range (documentation, carrier NAT, mapped, tunnelled, future use), which says nothing about its place

tables: dbip-city DAY, asn-country DAY, geo-whois-asn-country DAY, iptoasn-country DAY, asn DAY, operators DAY, anycast DAY
`);
});

test('geo explain: a round trip disproves what is too far away; mistakes are told', () => {
  const { out } = telltale('geo', 'explain', '--rtt', '8', '--position', '50.11,8.68', '52.81.151.250');
  assert.match(out, /located {5}\? {9}disproved: too far for the round trip\n +CN {2}dbip-city DAY, Beijing, too far away\n/);
  assert.match(out, /round trip {2}800 km +away at most/);
  for (const [args, message] of [
    [['explain', 'nonsense'], 'nonsense is not an IPv4 or IPv6 address'], [['explain'], 'geo explain needs at least one ADDRESS'],
    [['explain', '--rtt', '8', '1.1.1.1'], '--rtt and --position must be given together'], [['tell'], 'geo has no action "tell": expected explain'],
  ] as const) {
    const { err, status } = telltale('geo', ...args);
    assert.deepEqual([status, err.split('\n')[0]], [2, `telltale geo: ${message}`]);
  }
});

test('policy lint, test and explain', (context) => {
  assert.deepEqual(telltale('policy', 'lint', '--strict'), { out: '', err: '1 policy file: 0 errors, 0 warnings\n', status: 0 });
  assert.deepEqual(telltale('policy', 'test'), { out: '', err: '14 cases tested, 0 failures\n', status: 0 });
  const explained = telltale(
    'policy', 'explain', '--to', '109.94.160.99', '--name', 'zoomfrn99mmr.zoom.us', '--hop', '52.81.151.250', '--day', '2026-08-01',
  );
  assert.equal(explained.out, `10.0.0.1 → zoomfrn99mmr.zoom.us (Zoom, media by name) on DAY
  located=NL by dbip-city DAY
  registered=NL by asn-country DAY
  registered=NL by geo-whois-asn-country DAY
  registered=NL by iptoasn-country DAY
  located=DE by name (frn, Frankfurt)
  hop=52.81.151.250/CN/CN

  conferencing@2          denied hop 52.81.151.250: located=CN, operated=CN

verdict: denied by conferencing (hop 52.81.151.250: located=CN, operated=CN)
`);

  const folder = mkdtempSync(join(tmpdir(), 'telltale-policy-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'own.yml');
  writeFileSync(
    file,
    "id: own\nversion: '1'\ntitle: T\nowner: O\nlevel: high\nservices: [Zoom]\nroles: [media]\nvalid_to: 2026-07-31\nallow: { located: [eea, DE] }\n",
  );
  writeFileSync(
    join(folder, 'own.fixtures.yml'),
    'cases:\n  - { name: a, day: 2026-07-01, service: Zoom, role: media, peer: { located: US }, expect: allowed }\n',
  );
  assert.deepEqual(telltale('policy', 'lint', file, '--day', '2026-08-01'), {
    out: 'own.yml:8:11: warning: the policy ended on DAY [expired]\nown.yml:9:25: warning: DE is part of eea [redundant]\n',
    err: '1 policy file: 0 errors, 2 warnings\n',
    status: 0,
  });
  assert.equal(telltale('policy', 'lint', file, '--day', '2026-08-01', '--strict').status, 1);
  assert.deepEqual(telltale('policy', 'test', file), {
    out: 'own.fixtures.yml:2:92: error: a: expected allowed, but the policies say denied (own@1 denied located=US) [case]\n',
    err: '1 case tested, 1 failure\n',
    status: 1,
  });
  assert.match(
    telltale('policy', 'explain', file, '--to', '8.8.8.8', '--service', 'Zoom', '--role', 'media', '--day', '2026-08-01').out,
    /own@1 +does not apply: it is not valid on that day\n\nverdict: no policy applies\n/,
  );
  writeFileSync(file, 'id: own\n');
  assert.equal(telltale('policy', 'lint', file).status, 1);
});

test('what an option names and cannot be used is told by its name: status 2', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'telltale-geo-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const text = join(folder, 'notes.txt');
  writeFileSync(text, 'a: [\n');
  const unusable: [args: string[], message: RegExp][] = [
    [['geo', 'explain', '8.8.8.8', '--located', join(folder, 'gone.mmdb')], /gone\.mmdb: there is no such file or folder/],
    [['geo', 'explain', '8.8.8.8', '--located', text], /geo table notes\.txt cannot be read as a MaxMind DB/],
    [['geo', 'explain', '8.8.8.8', '--operators', text], /notes\.txt:\d+:\d+: error/],
    [['policy', 'lint', join(folder, 'gone')], /gone: there is no such file or folder/],
    [['policy', 'explain', '--to', 'zoom.us'], /zoom\.us is not an IPv4 or IPv6 address/],
    [['policy', 'explain', '--to', '8.8.8.8', '--from', 'here'], /here is not an IPv4 or IPv6 address/],
    [['policy', 'explain', '--to', '8.8.8.8', '--hop', 'there'], /there is not an IPv4 or IPv6 address/],
    [['policy', 'explain', '--to', '8.8.8.8', '--service', 'zoom'], /--service zoom: did you mean Zoom\?/],
    [['policy', 'explain', '--to', '8.8.8.8', '--identifier', 'uid'], /--identifier uid: .*xpected one of .*user_id/],
  ];
  for (const [args, message] of unusable) {
    const { err, status } = telltale(...args);
    assert.equal(status, 2, args.join(' '));
    assert.match(err, message);
  }
});
