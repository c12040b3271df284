import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CaptureBuilder, httpRequest, type TcpConversation } from '#capture';
import { detect, probeCapture } from '../../test/support/scan.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

type Login = (connection: TcpConversation) => TcpConversation;

/** What is found in a login of `jdoe77` with `Tr0ub4dor`, by name of the rule. */
const logins: readonly [rule: string, port: number, login: Login][] = [
  [
    'FTP credentials in clear', 21,
    (tcp) =>
      tcp.receive('220 FTP ready\r\n').send('USER jdoe77\r\n').receive('331 password\r\n').send('PASS Tr0ub4dor\r\n').receive('230 in\r\n'),
  ],
  [
    'POP3 credentials in clear', 110,
    (tcp) => tcp.receive('+OK ready\r\n').send('USER jdoe77\r\n').receive('+OK\r\n').send('PASS Tr0ub4dor\r\n').receive('+OK\r\n'),
  ],
  ['IMAP credentials in clear', 143, (tcp) => tcp.receive('* OK IMAP4rev1 ready\r\n').send('a1 LOGIN jdoe77 Tr0ub4dor\r\n').receive('a1 OK\r\n')],
  [
    'SMTP credentials in clear', 25,
    (tcp) => tcp.receive('220 mx ESMTP\r\n').send('EHLO x\r\n').receive('250 AUTH\r\n')
      .send(`AUTH PLAIN ${base64('\0jdoe77\0Tr0ub4dor')}\r\n`).receive('235 ok\r\n'),
  ],
  [
    'SMTP credentials in clear', 25,
    (tcp) => tcp.receive('220 mx ESMTP\r\n').send('EHLO x\r\n').receive('250 AUTH\r\n')
      .send('AUTH LOGIN\r\n').receive('334 VXNlcg==\r\n')
      .send(`${base64('jdoe77')}\r\n`).receive('334 UGFzcw==\r\n')
      .send(`${base64('Tr0ub4dor')}\r\n`).receive('235 ok\r\n'),
  ],
  [
    'Telnet credentials in clear', 23,
    (tcp) =>
      tcp.receive(hex('fffd18 fffb01')).receive('login: ').send('jdoe77\r\n').receive('Password: ').send('Tr0ub4dor\r\n').receive('Welcome\r\n'),
  ],
  ['Redis credentials in clear', 6379, (tcp) => tcp.send('*3\r\n$4\r\nAUTH\r\n$6\r\njdoe77\r\n$9\r\nTr0ub4dor\r\n').receive('+OK\r\n')],
  [
    'LDAP credentials in clear', 389,
    (tcp) => tcp.send(Buffer.concat([hex('301b 020101 6016 020103 0406'), Buffer.from('jdoe77'), hex('8009'), Buffer.from('Tr0ub4dor')])),
  ],
  [
    'Credentials in clear over other protocols', 1080,
    (tcp) => tcp.send(hex('050102')).receive(hex('0502')).send(
      Buffer.concat([hex('0106'), Buffer.from('jdoe77'), hex('09'), Buffer.from('Tr0ub4dor')]),
    ).receive(hex('0100')),
  ],
  [
    'MQTT credentials in clear', 1883,
    (tcp) => tcp.send(Buffer.concat([
      hex('10 20 0004 4d515454 04 c2 003c 0001 78 0006'), Buffer.from('jdoe77'), hex('0009'), Buffer.from('Tr0ub4dor'),
    ])),
  ],
  [
    'HTTP credentials in clear', 80,
    (tcp) => tcp.send(httpRequest('GET', '/', { Host: 'files.example.org', Authorization: `Basic ${base64('jdoe77:Tr0ub4dor')}` })),
  ],
];

for (const [rule, port, login] of logins) {
  test(`${rule}, port ${port}: name and password of one login are one finding`, async () => {
    const builder = new CaptureBuilder();
    login(
      builder.tcp({
        client: { ip: '10.1.1.1', port: 40_000 }, server: { ip: '93.184.215.14', port }, at: 1_780_000_000_000_000,
      }).handshake(),
    ).close();
    const { records, recognised } = probeCapture(builder.pcap());
    const findings = (await detect(records)).filter(({ 'telltale.observable.kind': kind }) => kind !== '');
    assert.deepEqual(findings.map((finding) => finding['rule.name']), [rule]);
    const [finding] = findings;
    if (finding!['telltale.observable.kind'] === 'basic_credentials') return;
    const user = recognised.find(({ observable }) => observable.kind === 'user_name')!.observable;
    assert.equal(finding!['telltale.observable.kind'], 'password');
    assert.deepEqual(finding!['telltale.observables.related'], [`user_name=${user.token}`]);
    assert.match(finding!.message, /sent password .* and user_name j\*+ in clear/);
  });
}

test('a name without a password has a finding of its own', async () => {
  const builder = new CaptureBuilder();
  builder.tcp({ client: { ip: '10.1.1.1', port: 40_000 }, server: { ip: '93.184.215.14', port: 21 }, at: 1_780_000_000_000_000 }).handshake()
    .receive('220 FTP ready\r\n').send('USER jdoe77\r\n').receive('331 password\r\n').close();
  assert.deepEqual(
    (await detect(probeCapture(builder.pcap()).records)).map(
      (finding) => [finding['rule.name'], finding['telltale.observable.kind']],
    ).filter(([, kind]) => kind !== ''),
    [['User id in clear', 'user_name']],
  );
});
