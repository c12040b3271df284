/**
 * Reads a session description (RFC 8866), one character per byte: `onAddress` gets the addresses that media will be sent to and what they
 * are: connections (`sdp-media`), origin (`sdp-origin`), and ICE candidates by their type (`ice-host`, `ice-srflx`, `ice-prflx`, `ice-relay`)
 * with their related addresses (`ice-related`; RFC 8839, section 5.1); `onOrigin` the name of who opened the session.
 */
export function readSdp(text: string, onAddress: (kind: string, ip: string) => void, onOrigin: (user: string) => void): void {
  for (const line of text.split('\n')) {
    const value = line.slice(2).trimEnd();
    if (line.startsWith('c=')) {
      const connection = /^IN IP[46] ([^\s/]+)/i.exec(value);
      if (connection !== null) onAddress('sdp-media', connection[1]!);
    } else if (line.startsWith('o=')) {
      const origin = /^(\S+) \S+ \S+ IN IP[46] (\S+)/i.exec(value);
      if (origin === null) continue;
      onOrigin(origin[1]!);
      onAddress('sdp-origin', origin[2]!);
    } else if (line.startsWith('a=candidate:')) {
      const candidate = /^candidate:\S+ \d+ \S+ \d+ (\S+) \d+ typ (host|srflx|prflx|relay)(?: raddr (\S+))?/i.exec(value);
      if (candidate === null) continue;
      onAddress(`ice-${candidate[2]!.toLowerCase()}`, candidate[1]!);
      if (candidate[3] !== undefined) onAddress('ice-related', candidate[3]);
    }
  }
}
