/** Receives the contents of a session description. */
export interface SdpReader {
  /** An address and its kind: `sdp-media`, `sdp-origin`, `ice-host`, `ice-srflx`, `ice-prflx`, `ice-relay`, `ice-related`. */
  address(kind: string, ip: string): void;
  /** Destination of media, or of their RTCP. */
  endpoint(ip: string, port: number): void;
  /** The user name of the session's originator. */
  origin(user: string): void;
  /** Whom to write to or to call, as written: `j.doe@example.org (Jane Doe)`. */
  contact(kind: 'email' | 'phone', value: string): void;
  /** The key that encrypts the media (RFC 4568, section 9.2): master key and salt, in base64. */
  key(value: string): void;
}

/**
 * Reads a session description (RFC 8866), one character per byte: the addresses to which media will be sent and their kinds (connections,
 * origin, ICE candidates by type with their related addresses; RFC 8839, section 5.1), and, with port, each endpoint of media, of their RTCP
 * (the next port, unless `a=rtcp` or `a=rtcp-mux` says otherwise; RFC 3605, RFC 5761), and of candidates over UDP.
 */
export function readSdp(text: string, reader: SdpReader): void {
  let sessionIp = '';
  let media: Media | undefined;
  for (const line of text.split('\n')) {
    const value = line.slice(2).trimEnd();
    if (line.startsWith('m=')) {
      if (media !== undefined) tellMedia(media, reader);
      const [, port, profile] = /^\S+ (\d{1,5})(?:\/\d+)? (\S+)/.exec(value) ?? [];
      media = { ip: sessionIp, port: Number(port ?? 0), isRtp: /RTP/i.test(profile ?? ''), rtcpPort: -1 };
    } else if (line.startsWith('c=')) {
      const connection = /^IN IP[46] ([^\s/]+)/i.exec(value);
      if (connection === null) continue;
      reader.address('sdp-media', connection[1]!);
      if (media === undefined) sessionIp = connection[1]!;
      else media.ip = connection[1]!;
    } else if (line.startsWith('o=')) {
      const origin = /^(\S+) \S+ \S+ IN IP[46] (\S+)/i.exec(value);
      if (origin === null) continue;
      reader.origin(origin[1]!);
      reader.address('sdp-origin', origin[2]!);
    } else if (line.startsWith('e=') || line.startsWith('p=')) {
      reader.contact(line.startsWith('e=') ? 'email' : 'phone', value);
    } else if (line.startsWith('a=crypto:')) {
      for (const [, key] of value.matchAll(/\binline:([A-Za-z0-9+/]{22,128}={0,2})/g)) reader.key(key!);
    } else if (line.startsWith('a=candidate:')) {
      readCandidate(value, reader);
    } else if (media !== undefined && line.startsWith('a=rtcp')) {
      if (value === 'rtcp-mux') media.rtcpPort = 0;
      else media.rtcpPort = Number(/^rtcp:(\d{1,5})/.exec(value)?.[1] ?? media.rtcpPort);
    }
  }
  if (media !== undefined) tellMedia(media, reader);
}

/** The parts of a media description that are read. */
interface Media {
  ip: string;
  /** 0: the media are rejected. */
  port: number;
  isRtp: boolean;
  /** -1: the port after that of the media; 0: the same port. */
  rtcpPort: number;
}

function tellMedia({ ip, port, isRtp, rtcpPort }: Media, reader: SdpReader): void {
  if (ip === '' || port === 0) return;
  reader.endpoint(ip, port);
  if (isRtp && rtcpPort !== 0) reader.endpoint(ip, rtcpPort < 0 ? port + 1 : rtcpPort);
}

function readCandidate(value: string, reader: SdpReader): void {
  const candidate = /^candidate:\S+ \d+ (\S+) \d+ (\S+) (\d{1,5}) typ (host|srflx|prflx|relay)(?: raddr (\S+))?/i.exec(value);
  if (candidate === null) return;
  const [, transport, ip, port, type, related] = candidate;
  reader.address(`ice-${type!.toLowerCase()}`, ip!);
  if (/^udp$/i.test(transport!)) reader.endpoint(ip!, Number(port));
  if (related !== undefined) reader.address('ice-related', related);
}
