import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, test } from 'node:test';
import type { Message } from './dissect.ts';
import { dissectCapture } from './testing/dissect-capture.ts';

/**
 * Agreement with tshark on real captures. A capture may name what the two disagree about and why; anything else is an error.
 * Compared are multisets: requests by method and target, Host headers, questions, server names, STUN user names.
 */
const captures = join(process.env['TELLTALE_SHARED'] ?? resolve(import.meta.dirname, '../../../../shared'), 'captures');
const hasTshark = spawnSync('tshark', ['--version']).status === 0;

interface Answers {
  requests: string[];
  hosts: string[];
  questions: string[];
  serverNames: string[];
  usernames: string[];
}

/** Captures, with the number of values tshark has and we don't, and the other way round, and the reason. */
const cases: { file: string; missing?: number; extra?: number; reason?: string }[] = [
  { file: 'ndpi/pcap/1kxun.pcap' },
  { file: 'ndpi/pcap/adult_content.pcap', extra: 3, reason: 'STUN between ICE peers inside channel data of TURN, which tshark does not open' },
  { file: 'ndpi/pcap/dropbox.pcap' },
  { file: 'ndpi/pcap/http_auth.pcap' },
  { file: 'ndpi/pcap/http_ua_splitted_in_two_pkts.pcapng' },
  { file: 'ndpi/pcap/reddit.pcap' },
  { file: 'ndpi/pcap/shadowsocks.pcap' },
  { file: 'ndpi/pcap/stun_zoom.pcapng' },
  { file: 'ndpi/pcap/teams.pcap', missing: 6, reason: 'binary USERNAME of MS-TURN, which is no name' },
  { file: 'ndpi/pcap/tls_heur__shadowsocks-tcp.pcapng' },
  { file: 'ndpi/pcap/viber.pcap' },
  { file: 'ndpi/pcap/webex.pcap' },
  { file: 'ndpi/pcap/wechat.pcap' },
  { file: 'ndpi/pcap/zoom.pcap' },
  { file: 'zeek/Traces/http/pipelined-requests.pcap' },
  { file: 'zeek/Traces/http/100-continue.pcap' },
  { file: 'zeek/Traces/http/261/variant-08-leading_zeros.pcap' },
  { file: 'zeek/Traces/dns-edns-ecs.pcap' },
  { file: 'suricata-verify/http-multiple-cl/input.pcap', missing: 1, extra: 1, reason: 'contradicting Content-Length headers: the first one holds here' },
];

describe('agrees with tshark', { skip: skipReason() }, () => {
  for (const { file, missing = 0, extra = 0, reason = '' } of cases) {
    test(`${file}${reason === '' ? '' : ` (${reason})`}`, () => {
      const path = join(captures, file);
      const theirs = askTshark(path);
      const ours = collect(dissectCapture(readFileSync(path)).messages);
      const [lost, more] = [difference(theirs, ours), difference(ours, theirs)];
      assert.ok(Object.values(theirs).some((values: string[]) => values.length > 0), 'tshark found nothing to compare');
      assert.deepEqual([lost.length, more.length], [missing, extra], `missing: ${lost.slice(0, 9).join(', ')}; extra: ${more.slice(0, 9).join(', ')}`);
    });
  }
});

function skipReason(): string | false {
  if (!existsSync(captures)) return report('the captures are absent: set TELLTALE_SHARED');
  if (!hasTshark) return report('tshark is not installed');
  return false;
}

function report(reason: string): string {
  process.stderr.write(`SKIPPED: comparison of the dissectors with tshark, since ${reason}\n`);
  return reason;
}

function collect(messages: readonly Message[]): Answers {
  const requests = messages.filter(({ protocol, facts }) => protocol === 'http' && facts['http.response.status_code'] === undefined);
  const tls = messages.filter(({ protocol, facts }) => protocol === 'tls' && facts['tls.client.server_name'] !== undefined);
  return {
    requests: requests.map(({ facts }) => `${facts['http.request.method']} ${facts['url.path'] ?? ''}${facts['url.query'] === undefined ? '' : `?${facts['url.query']}`}`),
    hosts: values(messages, 'http.request.header.host').map((host) => host.toLowerCase()),
    questions: values(messages, 'dns.question.name'),
    serverNames: tls.map(({ facts }) => facts['tls.client.server_name']!),
    usernames: [...values(messages, 'stun.username'), ...values(messages, 'stun.ice_username')],
  };
}

function values(messages: readonly Message[], path: string): string[] {
  return messages.flatMap(({ fields }) => fields.filter((field) => field.path === path).map(({ value }) => value));
}

const columns = ['tcp.stream', 'http.request.method', 'http.request.uri', 'http.host', 'dns.qry.name', 'tls.handshake.extensions_server_name', 'stun.att.username'];
const filter = '(tcp && http.request) || ((dns || mdns || llmnr) && !icmp && !icmpv6) || (tcp && tls.handshake.extensions_server_name) || stun.att.username';

function askTshark(path: string): Answers {
  const answers: Answers = { requests: [], hosts: [], questions: [], serverNames: [], usernames: [] };
  const greeted = new Set<string>();
  const format = ['-T', 'fields', '-E', 'occurrence=a', '-E', 'aggregator=\u0001', '-E', 'separator=/t'];
  const output = execFileSync('tshark', ['-n', '-o', 'tcp.reassemble_out_of_order:TRUE', '-r', path, '-Y', filter, ...format, ...columns.flatMap((column) => ['-e', column])], {
    encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'],
  });
  for (const line of output.split('\n')) {
    if (line === '') continue;
    const [[stream], methods, targets, hosts, questions, names, users] = line.split('\t').map((cell) => (cell === '' ? [] : cell.split('\u0001'))) as string[][] as [string[], string[], string[], string[], string[], string[], string[]];
    methods.forEach((method, index) => answers.requests.push(`${method} ${originForm(method, targets[index] ?? '')}`));
    answers.hosts.push(...hosts.map((host) => host.toLowerCase()));
    answers.questions.push(...questions.map((name) => name.toLowerCase()).filter((name) => name !== '<root>'));
    answers.usernames.push(...users);
    // After a HelloRetryRequest the client greets again, with the same name: for us one message of the flow.
    for (const name of names) {
      if (stream === undefined || greeted.has(`${stream} ${name}`)) continue;
      greeted.add(`${stream} ${name}`);
      answers.serverNames.push(name.toLowerCase());
    }
  }
  return answers;
}

/** tshark prints a target as it stands; our path and query leave out scheme, authority, fragment and an empty query. */
function originForm(method: string, target: string): string {
  if (method === 'CONNECT') return '';
  return target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '').replace(/#.*$/, '').replace(/\?$/, '');
}

/** What of `some` has no counterpart in `others`. */
function difference(some: Answers, others: Answers): string[] {
  return (Object.keys(some) as (keyof Answers)[]).flatMap((kind) => {
    const left = [...others[kind]];
    return some[kind].filter((value) => {
      const index = left.indexOf(value);
      if (index >= 0) left.splice(index, 1);
      return index < 0;
    }).map((value) => `${kind}: ${value}`);
  });
}
