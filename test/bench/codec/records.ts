import { createFlowRecord, flowId, recordId, type FlowRecord, type Observable } from '#flow';
import { mulberry32 } from '../../support/random.ts';

/**
 * Flow records as a probe at the edge of an office sends them: 400 endpoints; two thirds TLS, the rest DNS, HTTP and UDP; one HTTP or
 * UDP record in four with identifiers; most flows with a first record and an end. The same `seed` gives the same records.
 */
export function realisticRecords(count: number, seed = 1): FlowRecord[] {
  const next = mulberry32(seed);
  const random = (): number => next() / 2 ** 32;
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!;
  const integer = (below: number): number => Math.floor(random() * below);
  const base64 = (length: number): string => Array.from({ length }, () => pick([...alphabet])).join('');
  const domains = Array.from({ length: 600 }, (_, i) => `${pick(hosts)}${i}.${pick(zones)}`);
  const records: FlowRecord[] = [];
  let micros = 1_760_000_000_000_000;

  while (records.length < count) {
    micros += integer(4000);
    const record = createFlowRecord();
    const source = `10.1.${integer(4)}.${integer(100)}`;
    const destination = `${integer(200) + 11}.${integer(256)}.${integer(256)}.${integer(256)}`;
    const community = `1:${base64(27)}=`;
    record['event.start'] = micros - integer(30_000_000);
    record['@timestamp'] = micros;
    record['event.created'] = micros + 1_000 + integer(50_000);
    record['observer.name'] = 'probe-1';
    record['telltale.flow.id'] = flowId('probe-1', community, record['event.start']);
    record['event.id'] = recordId(record['telltale.flow.id'], 0);
    record['telltale.flow.state'] = 'first';
    record['telltale.evidence.file'] = 'eth0';
    record['telltale.evidence.frame'] = records.length * 7 + integer(7) + 1;
    record['source.ip'] = record['telltale.subject.ip'] = source;
    record['source.port'] = 32_768 + integer(28_000);
    record['destination.ip'] = record['telltale.peer.ip'] = destination;
    record['network.type'] = 'ipv4';
    record['network.community_id'] = community;
    record['source.bytes'] = 60 + integer(4_000);
    record['source.packets'] = 1 + integer(20);
    record['destination.bytes'] = 60 + integer(60_000);
    record['destination.packets'] = 1 + integer(60);
    record['telltale.handshake.rtt'] = 500 + integer(150_000);
    const domain = pick(domains);
    const kind = random();
    if (kind < 0.65) tls(record, domain);
    else if (kind < 0.85) dns(record, domain, `${destination}`);
    else if (kind < 0.95) http(record, domain, random() < 0.25 ? observables() : []);
    else udp(record, random() < 0.25 ? observables() : []);
    records.push(record);
    if (random() < 0.7) records.push(endOf(record));
  }
  return records.slice(0, count);

  function observables(): Observable[] {
    return ['user_id', 'room_id', 'device_id'].slice(0, 1 + integer(3)).map((name) => ({
      kind: name,
      path: `url.query.${name}`,
      encoding: 'url',
      visibility: 'cleartext',
      confidence: 80,
      mask: `${integer(90) + 10}******${integer(10)}`,
      token: `tk1.0a1b2c3d.${base64(22)}`,
      sender: 'source',
      frame: records.length * 7 + 1,
      watchlist: '',
    }));
  }

  function endOf(first: FlowRecord): FlowRecord {
    const end = Object.assign(createFlowRecord(), structuredClone(first));
    end['event.id'] = recordId(first['telltale.flow.id'], 1);
    end['telltale.flow.sequence'] = 1;
    end['telltale.flow.state'] = 'end';
    end['@timestamp'] = micros + integer(2_000_000);
    end['telltale.observables'] = [];
    end['source.bytes'] = integer(9_000);
    end['destination.bytes'] = integer(900_000);
    return end;
  }

  function http(record: FlowRecord, domain: string, found: Observable[]): void {
    record['destination.port'] = 80;
    record['network.transport'] = 'tcp';
    record['network.protocol'] = 'http';
    record['telltale.encryption.verdict'] = 'cleartext';
    record['telltale.encryption.reason'] = 'http request';
    record['destination.domain'] = record['url.domain'] = domain;
    record['telltale.destination.domain_source'] = 'http';
    record['http.request.method'] = pick(['GET', 'GET', 'POST']);
    record['url.path'] = `/v${integer(3)}/${pick(['track', 'room/{room_id}/join', 'config', 'img/a.png', 'user/{user_id}'])}`;
    record['url.query'] = `sdk=${integer(9)}.${integer(20)}&t=${integer(1e9)}&uid={user_id}`;
    record['user_agent.original'] = pick(agents);
    record['telltale.observables'] = found;
    record['telltale.flow.observable_kinds'] = found.map(({ kind }) => kind);
  }
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const hosts = ['api', 'cdn', 'www', 'edge', 'graph', 'media'];
const zones = ['example.com', 'example.net', 'service.example', 'app.test'];
const agents = [
  'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0 Mobile Safari/537.36',
  'Dalvik/2.1.0 (Linux; U; Android 13; SM-G991B Build/TP1A)', 'okhttp/4.12.0', 'MediaClient/3.4.1 CFNetwork/1496 Darwin/23.5.0',
];

function tls(record: FlowRecord, domain: string): void {
  record['destination.port'] = 443;
  record['network.transport'] = 'tcp';
  record['network.protocol'] = 'tls';
  record['telltale.encryption.verdict'] = 'encrypted';
  record['telltale.encryption.reason'] = 'tls client hello';
  record['tls.client.server_name'] = record['destination.domain'] = domain;
  record['telltale.destination.domain_source'] = 'tls';
}

function dns(record: FlowRecord, domain: string, answer: string): void {
  record['destination.ip'] = record['telltale.peer.ip'] = '10.1.0.2';
  record['destination.port'] = 53;
  record['network.transport'] = 'udp';
  record['network.protocol'] = 'dns';
  record['telltale.encryption.verdict'] = 'cleartext';
  record['telltale.encryption.reason'] = 'dns';
  record['dns.question.name'] = domain;
  record['dns.question.type'] = 'A';
  record['dns.resolved_ip'] = [answer];
}

function udp(record: FlowRecord, found: Observable[]): void {
  record['destination.port'] = 4_000;
  record['network.transport'] = 'udp';
  record['network.protocol'] = 'udp';
  record['telltale.encryption.verdict'] = 'opaque';
  record['telltale.encryption.reason'] = 'no known structure';
  record['telltale.observables'] = found;
  record['telltale.flow.observable_kinds'] = found.map(({ kind }) => kind);
}
