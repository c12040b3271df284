import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, test } from 'node:test';
import type { Message } from './dissect.ts';
import { dissectCapture } from './testing/dissect-capture.ts';

/**
 * Agreement with tshark on logins, senders and callers in real captures of text protocols. A capture may state how the two disagree, and why;
 * anything else is an error. Compared are multisets of `what value`.
 */
const captures = join(process.env['TELLTALE_SHARED'] ?? resolve(import.meta.dirname, '../../../../shared'), 'captures');
const hasTshark = spawnSync('tshark', ['--version']).status === 0;

/**
 * Captures, with the number of values found only by tshark, or only by us, and the reason; and the port that tshark is told to decode as HTTP/2.
 */
const cases: { file: string; missing?: number; extra?: number; reason?: string; http2Port?: number }[] = [
  { file: 'ndpi/pcap/ftp.pcap' },
  { file: 'ndpi/pcap/imap.pcap', missing: 1, extra: 1, reason: 'tshark cuts the first and last letter off an unquoted password' },
  { file: 'ndpi/pcap/kerberos-login.pcap' },
  { file: 'ndpi/pcap/pop3.pcap', extra: 6, reason: 'tshark leaves AUTH PLAIN of POP3 encoded' },
  { file: 'ndpi/pcap/sip.pcap' },
  { file: 'ndpi/pcap/sip_hello.pcapng' },
  { file: 'ndpi/pcap/smtp.pcap' },
  { file: 'ndpi/pcap/webex.pcap' },
  { file: 'suricata-verify/http2-bugfixes/input.pcap', http2Port: 443 },
  { file: 'suricata-verify/http2-compression-bug/input.pcap', http2Port: 443 },
  { file: 'suricata-verify/imap-detection/input.pcap' },
  {
    file: 'suricata-verify/smtp-bdat-bad-tail-next-mail/input.pcap',
    extra: 2,
    reason: 'tshark does not come back to commands behind such a BDAT; Suricata does',
  },
  { file: 'suricata-verify/smtp-bdat-multichunk-next-mail/input.pcap' },
  { file: 'zeek/Traces/ftp/ftp-invalid-reply-code.pcap' },
  { file: 'zeek/Traces/ftp/ftp-missing-reply-code.pcap' },
  { file: 'zeek/Traces/ftp/ftp-password-pass-command.pcap' },
  { file: 'zeek/Traces/irc-basic.pcap' },
  { file: 'zeek/Traces/irc-whitespace.pcap' },
  { file: 'zeek/Traces/ldap/ldap-add.pcap' },
  { file: 'zeek/Traces/ldap/ldap_escaping_test.pcapng' },
  { file: 'zeek/Traces/smtp.pcap' },
  { file: 'zeek/Traces/smtp-multi-addr.pcap' },
  { file: 'zeek/Traces/sip/sip-long-request-response-paths.pcap' },
];

describe('agrees with tshark', { skip: skipReason() }, () => {
  for (const { file, missing = 0, extra = 0, reason = '', http2Port = 0 } of cases) {
    test(`${file}${reason === '' ? '' : ` (${reason})`}`, () => {
      const path = join(captures, file);
      const theirs = askTshark(path, http2Port);
      const ours = collect(dissectCapture(readFileSync(path)).messages);
      const [lost, more] = [difference(theirs, ours), difference(ours, theirs)];
      assert.ok(theirs.length > 0, 'tshark found nothing to compare');
      assert.deepEqual(
        [lost.length, more.length],
        [missing, extra],
        `of ${theirs.length} missing: ${lost.slice(0, 9).join(', ')}; extra: ${more.slice(0, 9).join(', ')}`,
      );
    });
  }
});

function skipReason(): string | false {
  if (!existsSync(captures)) return report('the captures are absent: set TELLTALE_SHARED');
  if (!hasTshark) return report('tshark is not installed');
  return false;
}

function report(reason: string): string {
  process.stderr.write(`SKIPPED: comparison of the dissectors of text protocols with tshark, since ${reason}\n`);
  return reason;
}

/** Our paths, and the names under which they are compared. */
const compared: Record<string, string> = {
  'smtp.mail_from': 'mail', 'smtp.rcpt_to': 'mail', 'smtp.login.user_name': 'user', 'smtp.login.password': 'password',
  'pop3.login.user_name': 'user', 'pop3.login.password': 'password', 'imap.login.user_name': 'user', 'imap.login.password': 'password',
  'ftp.login.user_name': 'user', 'ftp.login.password': 'password', 'ftp.login.anonymous_password': 'password',
  'ldap.login.user_name': 'user', 'ldap.login.password': 'password', 'kerberos.login.user_name': 'user', 'irc.login.user_name': 'user',
  'sip.from.uri': 'from', 'sip.from.phone': 'from', 'sip.to.uri': 'to', 'sip.to.phone': 'to',
};

function collect(messages: readonly Message[]): string[] {
  const found: string[] = [];
  for (const { facts, encryption, fields } of messages) {
    if (encryption.reason === 'HTTP/2' && facts['http.response.status_code'] === undefined)
      found.push(`path ${facts['url.path'] ?? ''}${facts['url.query'] === undefined ? '' : `?${facts['url.query']}`}`);
    for (const { path, value } of fields) {
      const kind = compared[path];
      if (kind !== undefined) found.push(`${kind} ${path.startsWith('sip.') ? value.replace(/^sips?:/, '').replace(/@.*$/, '') : value}`);
    }
  }
  return found;
}

const columns = [
  'smtp.req.command', 'smtp.req.parameter', 'smtp.auth.username', 'smtp.auth.password', 'pop.request.command', 'pop.request.parameter',
  'imap.request.username', 'imap.request.password',
  'ftp.request.command', 'ftp.request.arg', 'ldap.name', 'ldap.simple', 'kerberos.CNameString', 'irc.request.command',
  'irc.request.command_parameter', 'sip.from.user', 'sip.to.user', 'http2.headers.path',
] as const;

function askTshark(path: string, http2Port: number): string[] {
  const found: string[] = [];
  const format = ['-T', 'fields', '-E', 'occurrence=a', '-E', 'aggregator=\u0001', '-E', 'separator=/t'];
  const options = [
    '-o', 'tcp.reassemble_out_of_order:TRUE', '-o', 'smtp.decryption:TRUE',
    ...(http2Port === 0 ? [] : ['-d', `tcp.port==${http2Port},http2`]),
  ];
  const output = execFileSync(
    'tshark',
    [
      '-n', ...options, '-r', path, '-Y', 'smtp || pop || imap || ftp || ldap || kerberos || irc || sip || http2', ...format,
      ...columns.flatMap((column) => ['-e', column]),
    ],
    { encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] },
  );
  for (const line of output.split('\n')) {
    if (line === '') continue;
    const cells = line.split('\t').map((cell) => (cell === '' ? [] : cell.split('\u0001')));
    const of = (column: (typeof columns)[number]): string[] => cells[columns.indexOf(column)]!;
    of('smtp.req.command').forEach((command, index) => {
      const mailbox = /^(?:FROM|TO): *<?([^> ]+)/i.exec(of('smtp.req.parameter')[index] ?? '');
      if (/^(?:MAIL|RCPT)$/i.test(command) && mailbox !== null) found.push(`mail ${mailbox[1]}`);
    });
    of('pop.request.command').forEach((command, index) => addLogin(found, command, of('pop.request.parameter')[index]));
    of('ftp.request.command').forEach((command, index) => addLogin(found, command, of('ftp.request.arg')[index]));
    of('irc.request.command').forEach((command, index) => {
      if (/^(?:NICK|USER)$/i.test(command))
        found.push(`user ${of('irc.request.command_parameter')[index === 0 ? 0 : of('irc.request.command_parameter').length - 1]}`);
    });
    for (const column of ['smtp.auth.username', 'imap.request.username', 'ldap.name', 'kerberos.CNameString'] as const)
      for (const value of of(column)) found.push(`user ${value}`);
    for (const column of ['smtp.auth.password', 'imap.request.password', 'ldap.simple'] as const)
      for (const value of of(column)) found.push(`password ${value}`);
    for (const value of of('sip.from.user')) found.push(`from ${value}`);
    for (const value of of('sip.to.user')) found.push(`to ${value}`);
    for (const value of of('http2.headers.path')) found.push(`path ${value}`);
  }
  return found.map((value) => value.replaceAll('"', ''));
}

function addLogin(found: string[], command: string, argument = ''): void {
  if (/^USER$/i.test(command)) found.push(`user ${argument}`);
  if (/^PASS$/i.test(command)) found.push(`password ${argument}`);
}

/** The elements of `some` without a counterpart in `others`. */
function difference(some: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return some.filter((value) => {
    const at = left.indexOf(value);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}
