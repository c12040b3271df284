import { formatAddress, parseAddress, transportName } from '#capture';

/** Endpoints of a flow as a log names them; its source opened the flow. */
export interface Endpoints {
  readonly sourceIp: string;
  /** 0 where the transport has none; for ICMP the type, as in logs. */
  readonly sourcePort: number;
  readonly destinationIp: string;
  /** For ICMP the code. */
  readonly destinationPort: number;
  /** IANA name of the IP protocol in lower case, such as `tcp`, or its number. */
  readonly transport: string;
}

/** Reserved by IANA; used for a protocol that a log does not name. */
const unknownProtocol = 255;

const numbers = new Map(Array.from({ length: 256 }, (_, number) => [transportName(number), number]));
for (const alias of ['icmp6', 'icmpv6', 'ipv6_icmp']) numbers.set(alias, 58);

/** IP protocol number of a name as in logs, or of a decimal number. */
export function protocolNumber(name: string): number {
  return numbers.get(name.toLowerCase()) ?? (/^\d{1,3}$/.test(name) && Number(name) <= 255 ? Number(name) : unknownProtocol);
}

/**
 * The endpoints that a log names, with addresses in canonical form and the protocol by its IANA name; null when an address is invalid or a
 * port out of range.
 */
export function endpointsOf({ sourceIp, sourcePort, destinationIp, destinationPort, transport }: Endpoints): Endpoints | null {
  if (!isPort(sourcePort) || !isPort(destinationPort)) return null;
  const source = canonicalAddress(sourceIp);
  const destination = canonicalAddress(destinationIp);
  if (source === '' || destination === '' || source.includes(':') !== destination.includes(':')) return null;
  return { sourceIp: source, sourcePort, destinationIp: destination, destinationPort, transport: transportName(protocolNumber(transport)) };
}

export function reversed({ sourceIp, sourcePort, destinationIp, destinationPort, transport }: Endpoints): Endpoints {
  return { sourceIp: destinationIp, sourcePort: destinationPort, destinationIp: sourceIp, destinationPort: sourcePort, transport };
}

/** The address in the form that records use; '' when it is invalid. */
export function canonicalAddress(text: string): string {
  try {
    const bytes = parseAddress(text);
    return formatAddress(bytes, 0, bytes.length as 4 | 16);
  } catch {
    return '';
  }
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 0 && port <= 65_535;
}

/**
 * Whether `port` is the server's, for sources that do not say who opened the flow: a system port facing a higher one, or a registered port
 * facing an ephemeral one (as for captures that began in the middle).
 */
export function isServerPort(port: number, other: number): boolean {
  return rank(port) < rank(other);
}

function rank(port: number): number {
  if (port < 1024) return 0;
  return port < 32_768 ? 1 : 2;
}
