/** The logs that Zeek's own tests expect: every row of the logs that are used is read, with the values that matter. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { capturesFolder, withoutCaptures } from '../capture/testing/tshark.ts';
import { fieldsOf, readLog } from './testing/read-log.ts';

const baselines = join(capturesFolder, 'zeek/Baseline');

/** Columns whose values must come out, and the path of the field that has them; of a fact its name. */
const wanted: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  conn: {},
  dns: { query: 'dns.question.name' },
  http: { host: 'url.domain', method: 'http.request.method' },
  ssl: { server_name: 'tls.client.server_name' },
  quic: { server_name: 'tls.client.server_name' },
  smtp: { mailfrom: 'smtp.mail_from', rcptto: 'smtp.rcpt_to', subject: 'smtp.header.subject' },
  ftp: { user: 'ftp.login.user_name', arg: 'ftp.argument' },
  sip: { uri: 'sip.uri', request_from: 'sip.from', call_id: 'sip.call_id' },
  ntlm: { username: 'ntlm.login.user_name', hostname: 'ntlm.login.workstation' },
  snmp: {},
  socks: { user: 'socks.login.user_name', password: 'socks.login.password' },
  irc: { nick: 'irc.login.user_name' },
  rdp: { cookie: 'rdp.login.user_name', client_name: 'rdp.client_name' },
  rfb: { desktop_name: 'rfb.desktop_name' },
  radius: { username: 'radius.user_name' },
  kerberos: {},
  dhcp: { host_name: 'dhcp.host_name' },
  ldap: {},
  ldap_search: { base_object: 'ldap.object', filter: 'ldap.filter' },
  mysql: {},
  redis: { 'cmd.key': 'redis.key' },
  files: {},
  tunnel: {},
  syslog: {},
  ssh: {},
  smb_files: { name: 'smb.name' },
};

test('Zeek\'s expected logs are read to the last row', { skip: withoutCaptures() }, () => {
  const rows: Record<string, number> = {};
  for (const folder of readdirSync(baselines)) {
    for (const name of readdirSync(join(baselines, folder)).filter((one) => one.endsWith('.log'))) {
      // Baselines begin with a line about themselves, and their times are taken out.
      const log = readFileSync(join(baselines, folder, name), 'latin1').replace(/^###.*\n/, '').replaceAll(/X{10}\.X{6}/g, '1700000000.250000');
      const path = /^#path\t(.+)$/m.exec(log)?.[1] ?? '';
      const fields = /^#fields\t(.+)$/m.exec(log)?.[1]!.split('\t') ?? [];
      const columns = wanted[path];

      // Tests write logs of their own making, too.
      if (
        columns === undefined ||
        !log.startsWith('#separator') ||
        !fields.includes('ts') ||
        !(fields.includes('id.orig_h') || path === 'dhcp') ||
        log.match(/^#fields/gm)!.length > 1
      )
        continue;
      const lines = log.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
      const { entries, problems } = readLog(name, Buffer.from(log, 'latin1'));
      const place = `${folder}/${name}`;
      assert.deepEqual(problems, [], place);
      assert.equal(entries.length, lines.length, place);
      rows[path] = (rows[path] ?? 0) + lines.length;
      lines.forEach((line, index) => {
        const values = line.split('\t');
        const found = [
          ...fieldsOf(entries[index]!),
          ...entries[index]!.messages.flatMap(({ facts }) => Object.entries(facts).map(([fact, value]) => `${fact}=${String(value)}`)),
        ].map((one) => one.toLowerCase());
        for (const [column, field] of Object.entries(columns)) {
          const value = values[fields.indexOf(column)] ?? '-';
          if (value === '-' || value === '(empty)' || value.includes('\\x') || /^(?:anonymous|ftp|guest|<unknown>|<hidden>)$/i.test(value)) continue;
          for (const one of column === 'rcptto' ? value.split(',') : [value]) {
            const expected = `${field}=${one}`.toLowerCase().replace(/\.$/, '').replace('\\\\', '\\');
            assert.ok(
              found.some((other) => other.startsWith(expected) || expected.startsWith(other)),
              `${place}: ${expected} is not among ${found.join(' ')}`,
            );
          }
        }
      });
    }
  }
  for (const path of Object.keys(wanted)) assert.ok((rows[path] ?? 0) > 0, `no rows of ${path}`);
});
