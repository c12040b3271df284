import { spawn } from 'node:child_process';
import { AnswerList, type Answers } from './answers.ts';
import { addressOf } from './values.ts';

/** Several values of a field in one frame. */
const separator = '\u0001';

const columns = [
  'tcp.stream', 'udp.stream', 'http.request.method', 'http.request.uri', 'http.host', 'http.response.code',
  'dns.qry.name', 'dns.count.answers', 'dns.count.auth_rr', 'dns.count.add_rr', 'dns.resp.type', 'dns.a', 'dns.aaaa', 'dns.flags.response',
  'tls.handshake.type', 'tls.handshake.extensions_server_name', 'tls.handshake.extensions_alpn_str',
  'dtls.handshake.extensions_server_name', 'gquic.tag.sni',
  'stun.type', 'stun.att.type', 'stun.att.family', 'stun.att.ipv4', 'stun.att.ipv6', 'stun.att.username', 'stun.att.realm', 'stun.att.software',
  'sip.Method', 'sip.Status-Code', 'sip.from.user', 'sip.to.user', 'sip.Via.sent-by.address', 'sip.Via.received', 'sip.contact.host',
  'sdp.connection_info.address', 'sdp.owner.address', 'sdp.ice_candidate.address',
] as const;
type Row = Record<(typeof columns)[number], string[]>;

const filter =
  '(http || dns || mdns || llmnr || tls.handshake.type == 1 || dtls.handshake.extensions_server_name || quic || gquic || stun || sip) && '
    + '!icmp && !icmpv6';
/** GTP-U is decapsulated, streams are put in order before they are read, and a response with an incomplete body counts. */
const options = [
  '-o',
  'http.desegment_body:FALSE',
  '-o',
  'tcp.reassemble_out_of_order:TRUE',
  '-o',
  'gtp.dissect_tpdu_as:Heuristic',
  '--enable-heuristic',
  'stun_udp',
  '-d',
  'udp.port==8472,vxlan',
];

/** tshark's answers for a capture; none for a file that it cannot read. */
export async function askTshark(path: string): Promise<Answers> {
  const format = [
    '-T',
    'fields',
    '-E',
    'occurrence=a',
    '-E',
    `aggregator=${separator}`,
    '-E',
    'separator=/t',
    ...columns.flatMap((column) => ['-e', column]),
  ];
  const collector = new Collector();
  for (const line of (await runTshark(['-n', ...options, '-r', path, '-Y', filter, ...format])).split('\n')) {
    if (line === '') continue;
    const cells = line.split('\t').map((cell) => (cell === '' ? [] : cell.split(separator)));
    collector.row(Object.fromEntries(columns.map((column, index) => [column, cells[index] ?? []])) as Row);
  }
  return collector.list.answers;
}

/** tshark complains on its error output and still answers. */
export async function runTshark(args: readonly string[]): Promise<string> {
  const tshark = spawn('tshark', args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const chunks: Buffer[] = [];
  for await (const chunk of tshark.stdout) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

class Collector {
  readonly list = new AnswerList();
  /** Streams with what was counted of them. */
  readonly #greeted = new Set<string>();

  row(row: Row): void {
    const { list } = this;
    row['http.request.method'].forEach((method, index) =>
      list.add('http.request', `${method} ${originForm(method, row['http.request.uri'][index] ?? '')}`),
    );
    for (const host of row['http.host']) list.add('http.host', host.toLowerCase());
    // An interim response says nothing about the exchange.
    for (const status of row['http.response.code']) if (!status.startsWith('1') || status === '101') list.add('http.status', status);
    for (const name of row['dns.qry.name']) if (!/^<.*>$/.test(name)) list.add('dns.question', name.toLowerCase());
    this.#addresses(row);
    this.#hellos(row);
    this.#stun(row);
    this.#sip(row);
  }

  /** Only the answers of a message: further records are glue, and say nothing about the queried name. */
  #addresses(row: Row): void {
    const [types, v4, v6] = [[...row['dns.resp.type']], [...row['dns.a']], [...row['dns.aaaa']]];
    row['dns.count.answers'].forEach((answers, index) => {
      const others = Number(row['dns.count.auth_rr'][index] ?? 0) + Number(row['dns.count.add_rr'][index] ?? 0);
      for (let position = 0; position < Number(answers) + others; position++) {
        const type = types.shift();
        const address = type === '1' ? v4.shift() : type === '28' ? v6.shift() : undefined;
        if (position < Number(answers) && address !== undefined) this.list.add('dns.address', addressOf(address));
      }
    });
  }

  /** A ClientHello that is repeated after a HelloRetryRequest counts once. */
  #hellos(row: Row): void {
    const { list } = this;
    const stream = row['tcp.stream'].length > 0 ? `tcp ${row['tcp.stream'].join()}` : `udp ${row['udp.stream'].join()}`;
    const isFirst = (name: string): boolean => {
      const greeting = `${stream} ${name}`;
      return !this.#greeted.has(greeting) && this.#greeted.add(greeting).has(greeting);
    };
    const names = (values: readonly string[]) => values.map((name) => name.toLowerCase()).filter(isFirst);
    for (const name of names(row['dtls.handshake.extensions_server_name'])) list.add('dtls.server_name', name);
    for (const name of names([...row['gquic.tag.sni'], ...(stream.startsWith('udp') ? row['tls.handshake.extensions_server_name'] : [])]))
      list.add('quic.server_name', name);
    if (stream.startsWith('udp') || !row['tls.handshake.type'].includes('1')) return;
    for (const name of names(row['tls.handshake.extensions_server_name'])) list.add('tls.server_name', name);
    if (isFirst('ALPN')) for (const protocol of row['tls.handshake.extensions_alpn_str']) list.add('tls.alpn', protocol);
  }

  #stun(row: Row): void {
    const { list } = this;
    for (const _ of row['stun.type']) list.add('stun.message', 'message');
    const types = row['stun.att.type'].map(Number);
    if (types.some((type) => tellingAttributes.has(type))) list.add('stun.type', stunType(Number(row['stun.type'][0])));
    const [families, v4, v6] = [[...row['stun.att.family']], [...row['stun.att.ipv4']], [...row['stun.att.ipv6']]];
    // In Microsoft's TURN, known by its cookie, MAPPED-ADDRESS is the relay's ([MS-TURN], section 3.2.4.1).
    const isMicrosoft = types.includes(0x000f);
    let [plain, mapped]: (string | undefined)[] = [];
    for (const type of types) {
      if (!addressAttributes.has(type)) continue;
      const address = addressOf((Number(families.shift()) === 2 ? v6.shift() : v4.shift()) ?? '');
      if (type === 0x0001 && !isMicrosoft) plain = address;
      else if (type === 0x0020 || type === 0x8020) mapped = address;
      else if (type === 0x0016 || type === 0x0001) list.add('stun.relayed', address);
      else if (type === 0x0012) list.add('stun.peer', address);
    }
    list.add('stun.mapped', mapped ?? plain);
    for (const topic of ['username', 'realm', 'software'] as const) for (const value of row[`stun.att.${topic}`]) list.add(`stun.${topic}`, value);
  }

  #sip(row: Row): void {
    const { list } = this;
    for (const method of row['sip.Method']) list.add('sip.method', method.toUpperCase());
    for (const status of row['sip.Status-Code']) list.add('sip.status', status);
    for (const user of row['sip.from.user']) list.add('sip.from', user);
    for (const user of row['sip.to.user']) list.add('sip.to', user);
    if (row['sip.Via.sent-by.address'].length + row['sip.contact.host'].length + row['sdp.owner.address'].length === 0) return;
    for (const column of [
      'sip.Via.sent-by.address',
      'sip.Via.received',
      'sip.contact.host',
      'sdp.connection_info.address',
      'sdp.owner.address',
      'sdp.ice_candidate.address',
    ] as const) {
      for (const host of row[column]) list.add('sip.address', addressOf(host));
    }
  }
}

/** Attributes of STUN and its relatives that hold an address (IANA, STUN Attributes). */
const addressAttributes = new Set([0x0001, 0x0002, 0x0004, 0x0005, 0x000b, 0x0012, 0x0016, 0x0020, 0x8020, 0x8023, 0x802b, 0x802c]);

/** Those that make a message of STUN a record here: addresses, REALM and SOFTWARE. */
const tellingAttributes = new Set([0x0001, 0x0012, 0x0014, 0x0016, 0x0020, 0x8020, 0x8022, 0x8023, 0x802b, 0x802c]);

const stunMethods: Record<number, string | undefined> = {
  1: 'binding',
  3: 'allocate',
  4: 'refresh',
  6: 'send',
  7: 'data',
  8: 'create-permission',
  9: 'channel-bind',
};

/** `allocate success` of 0x0103. */
function stunType(type: number): string {
  const method = (type & 0x000f) | ((type & 0x00e0) >> 1) | ((type & 0x3e00) >> 2);
  return `${stunMethods[method] ?? `0x${method.toString(16)}`} `
    + `${['request', 'indication', 'success', 'error'][((type >> 7) & 2) | ((type >> 4) & 1)]}`;
}

/** A target without what our path and query leave out: scheme, authority, fragment and an empty query. */
export function originForm(method: string, target: string): string {
  if (method === 'CONNECT') return '';
  return target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '').replace(/#.*$/, '').replace(/\?$/, '');
}
