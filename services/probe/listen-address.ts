/** Where to listen for flow exports (UDP) or for writers of a log (unix socket). */
export type ListenAddress = UdpAddress | UnixAddress;

export interface UdpAddress {
  readonly kind: 'udp';
  readonly host: string;
  readonly port: number;
}

export interface UnixAddress {
  readonly kind: 'unix';
  readonly path: string;
}

/** Parses `udp://127.0.0.1:2055`, `udp://[::1]:2055` or `unix:///run/telltale/eve.sock`; null if it is neither. */
export function parseListenAddress(text: string): ListenAddress | null {
  if (text.startsWith('unix:///')) return text.endsWith('/') ? null : { kind: 'unix', path: text.slice('unix://'.length) };
  const match = /^udp:\/\/(?:\[([0-9a-fA-F:.]+)\]|([\w.-]+)):(\d{1,5})$/.exec(text);
  if (match === null || Number(match[3]) > 65_535) return null;
  return { kind: 'udp', host: match[1] ?? match[2]!, port: Number(match[3]) };
}
