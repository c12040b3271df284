import type { FlowRecord } from '#flow';

/** Whether the peer called the monitored endpoint, and is thus the flow's source. */
export function peerIsSource(record: FlowRecord): boolean {
  const peer = record['telltale.peer.ip'];
  return peer !== '' && peer === record['source.ip'] && peer !== record['destination.ip'];
}

/** Address of the monitored endpoint. */
export function subjectAddress(record: FlowRecord): string {
  return record[peerIsSource(record) ? 'destination.ip' : 'source.ip'];
}

/** Address and port of the peer: `198.51.100.7:443`, `[2001:db8::1]:443`. */
export function peerEndpoint(record: FlowRecord): string {
  const [ip, port] = peerIsSource(record) ? [record['source.ip'], record['source.port']] : [record['destination.ip'], record['destination.port']];
  if (port === 0) return ip;
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}
