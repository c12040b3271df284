import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AnswerList, type Answers, type Topic } from './answers.ts';
import { compareCase, type OracleCase } from './case.ts';
import { connection } from './probe.ts';
import { originForm } from './tshark.ts';
import { addressOf } from './values.ts';

type Row = ReadonlyMap<string, string>;

/** One log of Zeek's tests: its topics, and how a row answers them. */
interface Log {
  readonly topics: readonly Topic[];
  readonly read: (row: Row, list: AnswerList) => void;
}

const login = (column: string): Log => ({ topics: ['login'], read: (row, list) => list.add('login', text(row, column)) });
const serverName: Log = { topics: ['server_name'], read: (row, list) => list.add('server_name', text(row, 'server_name').toLowerCase()) };

const logs: Record<string, Log | undefined> = {
  conn: { topics: ['connection'], read: readConnection },
  http: {
    topics: ['http.request', 'http.host', 'http.status'],
    read(row, list) {
      const [method, status] = [text(row, 'method'), text(row, 'status_code')];
      if (method !== '') list.add('http.request', `${method} ${originForm(method, text(row, 'uri'))}`);
      list.add('http.host', text(row, 'host').toLowerCase());
      if (!status.startsWith('1') || status === '101') list.add('http.status', status);
    },
  },
  dns: {
    topics: ['dns.question', 'dns.address'],
    read(row, list) {
      list.add('dns.question', text(row, 'query').toLowerCase());
      for (const answer of text(row, 'answers').split(',')) list.add('dns.address', addressOf(answer));
    },
  },
  ssl: serverName,
  quic: serverName,
  smtp: {
    topics: ['mail'],
    read(row, list) {
      for (const mailbox of [text(row, 'mailfrom'), ...text(row, 'rcptto').split(',')]) list.add('mail', mailbox);
    },
  },
  sip: { topics: ['sip.method'], read: (row, list) => list.add('sip.method', text(row, 'method')) },
  snmp: { topics: ['snmp.community'], read: (row, list) => list.add('snmp.community', text(row, 'community')) },
  ftp: { topics: ['login'], read: (row, list) => list.add('login', text(row, 'user').replace(/^<unknown>$/, '')) },
  rdp: login('cookie'), ntlm: login('username'), socks: login('user'), radius: login('username'), postgresql: login('user'),
  kerberos: { topics: ['login'], read: (row, list) => list.add('login', text(row, 'client').replace(/\/.*$/, '')) },
  mysql: { topics: ['login'], read: (row, list) => list.add('login', ['login', 'change_user'].includes(text(row, 'cmd')) ? text(row, 'arg') : '') },
};

/** Zeek's expected logs, each set with the trace that it was made from. */
export function zeekCases(folder: string, oursOf: ReadonlyMap<string, Answers>): OracleCase[] {
  const cases: OracleCase[] = [];
  const baselines = join(folder, 'zeek/Baseline');
  if (!existsSync(baselines)) return cases;
  for (const name of readdirSync(baselines).toSorted()) {
    const { theirs, topics, ends } = readBaseline(join(baselines, name));
    const candidates = [...oursOf].filter(([file, ours]) => file.startsWith('zeek/Traces/') && isWithin(ends, ours)).map(([file, ours]) => {
      const one: OracleCase = { oracle: 'zeek', file, test: name, theirs, topics: [...topics], isPartial: false, isDistinct: true };
      let unlike = 0;
      for (const { missing, extra } of compareCase(one, ours)) unlike += missing.length + extra.length;
      return { one, unlike, likeness: likeness(name, file) };
    });
    const [best] = candidates.toSorted((a, b) => b.likeness - a.likeness || a.unlike - b.unlike);
    if (best !== undefined) cases.push(best.one);
  }
  return cases;
}

/** Endpoints, without the transport: not every log names it. */
function endsOf(connectionText: string): string {
  return connectionText.replace(/^\S+ /, '');
}

interface Baseline {
  readonly theirs: Answers;
  readonly topics: Set<Topic>;
  readonly ends: Set<string>;
}

/** Names in the certificates of x509.log, by fingerprint. */
function readCertificates(folder: string): Map<string, string[]> {
  const certificates = new Map<string, string[]>();
  const path = join(folder, 'x509.log');
  for (const row of existsSync(path) ? readRows(path) : []) {
    const names = text(row, 'certificate.subject').split(/(?<!\\)[,+]/).filter((part) => part.startsWith('CN=')).map((part) => part.slice(3));
    certificates.set(text(row, 'fingerprint'), [...names, ...text(row, 'san.dns').split(',')].map((name) => name.toLowerCase()));
  }
  return certificates;
}

function readBaseline(folder: string): Baseline {
  const certificates = readCertificates(folder);
  const list = new AnswerList();
  const topics = new Set<Topic>();
  const ends = new Set<string>();
  for (const file of readdirSync(folder)) {
    const log = logs[/^([a-z]+)\.log$/.exec(file)?.[1] ?? ''];
    for (const row of readRows(join(folder, file))) {
      const [source, destination] = [text(row, 'id.orig_h'), text(row, 'id.resp_h')];
      if (source === '' || text(row, 'proto') === 'icmp') continue;
      ends.add(endsOf(connection('-', [source, Number(text(row, 'id.orig_p'))], [destination, Number(text(row, 'id.resp_p'))])));
      for (const topic of log?.topics ?? []) topics.add(topic);
      log?.read(row, list);
      const [certificate] = text(row, 'cert_chain_fps').split(',');
      for (const name of certificates.get(certificate!) ?? []) list.add('certificate', name);
    }
  }
  if (certificates.size > 0) topics.add('certificate');
  return { theirs: list.answers, topics, ends };
}

/** A log in Zeek's own format, with its header; others say nothing here. */
function* readRows(path: string): Generator<Row> {
  let names: string[] | null = null;
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (line.startsWith('#fields\t')) names = line.split('\t').slice(1);
    else if (names !== null && line !== '' && !line.startsWith('#')) {
      const values = line.split('\t');
      yield new Map(names.map((name, index) => [name, values[index] ?? '-']));
    }
  }
}

function text(row: Row, column: string): string {
  const value = row.get(column) ?? '-';
  if (value === '-' || value === '(empty)') return '';
  return value.replace(/\\x([0-9a-f]{2})/gi, (_whole, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

function readConnection(row: Row, list: AnswerList): void {
  const transport = text(row, 'proto');
  if (transport !== 'tcp' && transport !== 'udp') return;
  list.add(
    'connection',
    connection(transport, [text(row, 'id.orig_h'), Number(text(row, 'id.orig_p'))], [text(row, 'id.resp_h'), Number(text(row, 'id.resp_p'))]),
  );
}

/**
 * Whether the trace has all these endpoints. Of several that have, the one whose name is most like the test's is meant, then the one that fits best.
 */
function isWithin(ends: ReadonlySet<string>, ours: Answers): boolean {
  const known = new Set((ours.get('connection') ?? []).map(endsOf));
  return ends.size > 0 && [...ends].every((one) => known.has(one));
}

/** How many words of the test's name occur in the file's. */
function likeness(name: string, file: string): number {
  const last = name.split('.').slice(-2).join('-').toLowerCase();
  const path = file.toLowerCase();
  return last.split(/[^a-z0-9]+/).filter((word) => word.length > 1 && path.includes(word)).length;
}
