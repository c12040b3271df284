import type { FlowRecord } from '#flow';
import { z } from 'zod';
import { BoundedCache } from './bounded-cache.ts';
import { parseAddress } from './address.ts';
import { Cidr } from './cidr.ts';
import { LocatedError, readYaml, type Problem } from './located-yaml.ts';

/** Parts that an endpoint plays in a service. */
export const roles = ['signalling', 'key-management', 'media', 'recording', 'telemetry', 'update', 'third-party'] as const;
export type Role = (typeof roles)[number];

const country = z.union([z.literal(''), z.string().regex(/^[A-Z]{2}$/, 'expected an ISO 3166-1 alpha-2 code, or nothing for unknown')]);
const entry = { role: z.enum(roles), source: z.string().min(1), experimental: z.string().min(1).optional() };
const schema = z.strictObject({
  version: z.string(),
  services: z.array(z.strictObject({
    name: z.string().min(1),
    vendor: z.string().min(1),
    controlled_from: country,
    hosts: z.array(z.strictObject({ match: z.string().regex(/^[a-z0-9*.-]+$/, 'expected a lower-case host name, `*` allowed'), ...entry })).default([]),
    ports: z.array(z.strictObject({
      transport: z.enum(['tcp', 'udp']),
      ports: z.string().regex(/^\d{1,5}(-\d{1,5})?$/, 'expected a port or a range such as 8801-8810'),
      protocols: z.array(z.string()).optional(),
      ...entry,
    })).default([]),
    ranges: z.array(z.strictObject({ prefix: z.string().refine((text) => Cidr.parse(text) !== undefined, 'expected a prefix such as 192.0.2.0/24'), ...entry })).default([]),
    sites: z.strictObject({
      pattern: z.string().refine(hasSiteGroup, 'expected a regular expression with the group (?<site>…)'),
      codes: z.record(z.string().regex(/^[a-z]+$/), z.strictObject({ country: z.string().regex(/^[A-Z]{2}$/), place: z.string().min(1), source: z.string().min(1) })),
    }).optional(),
  })),
});

function hasSiteGroup(pattern: string): boolean {
  return pattern.includes('(?<site>') && isRegex(pattern);
}

function isRegex(pattern: string): boolean {
  try {
    return new RegExp(pattern) instanceof RegExp;
  } catch {
    return false;
  }
}

export interface Service {
  readonly name: string;
  readonly vendor: string;
  /** Country from which the vendor is controlled; `''` is unknown. */
  readonly controlledFrom: string;
}

export interface ServiceMatch {
  readonly service: Service;
  readonly role: Role;
  /** Why the entry is a guess; `''` when it has a source. */
  readonly experimental: string;
}

/** Where a host stands by its own name: a claim of whoever named it. */
export interface Site {
  /** As it stands in the name: `frn`. */
  readonly code: string;
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
  readonly place: string;
}

/** What a host name tells. */
interface HostFacts {
  readonly match: ServiceMatch | undefined;
  readonly site: Site | undefined;
}

interface SitePattern {
  readonly pattern: RegExp;
  readonly codes: ReadonlyMap<string, Site>;
}

interface HostEntry {
  /** Undefined: the suffix itself and every name below it. */
  readonly pattern: RegExp | undefined;
  readonly match: ServiceMatch;
}

interface RangeEntry {
  readonly cidr: Cidr;
  readonly match: ServiceMatch;
}

interface PortEntry {
  readonly transport: string;
  readonly first: number;
  readonly last: number;
  /** Undefined: any protocol. */
  readonly protocols: readonly string[] | undefined;
  readonly match: ServiceMatch;
}

/** Which service a flow's peer belongs to, and its role there: by the name it was reached by, else by its address, else by protocol and port. */
export class ServiceCatalogue {
  readonly version: string;
  readonly services: ReadonlyMap<string, Service>;
  /** By the literal labels that a host entry ends in. */
  readonly #hosts: ReadonlyMap<string, readonly HostEntry[]>;
  readonly #ports: readonly PortEntry[];
  /** Longest prefix first. */
  readonly #ranges: readonly RangeEntry[];
  readonly #rangesOfPeers = new BoundedCache<ServiceMatch | null>(16_384);
  readonly #words = new Uint32Array(4);
  /** By service. */
  readonly #sites: ReadonlyMap<string, SitePattern>;
  readonly #known = new BoundedCache<HostFacts>(16_384);

  private constructor(
    version: string, services: ReadonlyMap<string, Service>, hosts: ReadonlyMap<string, readonly HostEntry[]>, ports: readonly PortEntry[],
    ranges: readonly RangeEntry[], sites: ReadonlyMap<string, SitePattern>,
  ) {
    this.#ranges = ranges.toSorted((a, b) => b.cidr.length - a.cidr.length);
    this.#sites = sites;
    this.version = version;
    this.services = services;
    this.#hosts = hosts;
    this.#ports = ports;
  }

  /** Reads a catalogue (see services.yaml). Throws LocatedError with all problems. */
  static parse(yaml: string, file = 'services.yaml'): ServiceCatalogue {
    const { value, place } = readYaml(schema, yaml, file);
    const problems: Problem[] = [];
    const services = new Map<string, Service>();
    const hosts = new Map<string, HostEntry[]>();
    const ports: PortEntry[] = [];
    const ranges: RangeEntry[] = [];
    const sites = new Map<string, SitePattern>();
    const problem = (path: PropertyKey[], code: string, message: string): void => {
      problems.push({ file, ...place(path), severity: 'error', code, message });
    };

    for (const [i, definition] of value.services.entries()) {
      const service = { name: definition.name, vendor: definition.vendor, controlledFrom: definition.controlled_from };
      if (services.has(service.name)) problem(['services', i, 'name'], 'duplicate', `service "${service.name}" stands in the catalogue twice`);
      services.set(service.name, service);
      if (definition.sites) {
        const codes = Object.entries(definition.sites.codes).map(([code, { country: of, place: at }]) => [code, { code, country: of, place: at }] as const);
        sites.set(service.name, { pattern: new RegExp(definition.sites.pattern), codes: new Map(codes) });
      }
      for (const [j, host] of definition.hosts.entries()) {
        const suffix = literalSuffix(host.match);
        if (!suffix.includes('.')) problem(['services', i, 'hosts', j, 'match'], 'host', `"${host.match}" must end in a literal domain such as example.com`);
        const bucket = hosts.get(suffix) ?? [];
        hosts.set(suffix, bucket);
        const match = { service, role: host.role, experimental: host.experimental ?? '' };
        bucket.push({ pattern: host.match.includes('*') ? wildcardPattern(host.match) : undefined, match });
      }
      for (const { prefix, role, experimental } of definition.ranges) {
        ranges.push({ cidr: Cidr.parse(prefix)!, match: { service, role, experimental: experimental ?? '' } });
      }
      for (const [j, port] of definition.ports.entries()) {
        const [first = 0, last = first] = port.ports.split('-').map(Number);
        if (first < 1 || last > 65_535 || last < first) problem(['services', i, 'ports', j, 'ports'], 'port', `"${port.ports}" is no range of ports`);
        const match = { service, role: port.role, experimental: port.experimental ?? '' };
        ports.push({ transport: port.transport, first, last, protocols: port.protocols, match });
      }
    }
    if (problems.length > 0) throw new LocatedError(problems);
    for (const bucket of hosts.values()) bucket.sort((a, b) => Number(a.pattern === undefined) - Number(b.pattern === undefined));
    return new ServiceCatalogue(value.version, services, hosts, ports, ranges, sites);
  }

  /**
   * Service and role of the record's peer; undefined when unknown. DNS traffic about a service is not service traffic.
   * A name that no entry knows settles the question: names of its certificate, ranges and ports are only asked about a peer without a name.
   */
  match(record: FlowRecord): ServiceMatch | undefined {
    if (record['network.protocol'] === 'dns') return undefined;
    const domain = record['destination.domain'];
    if (domain !== '') return this.matchHost(domain);
    for (const name of record['telltale.tls.certificate_names']) {
      const byCertificate = this.matchHost(name.replace(/^\*\./, ''));
      if (byCertificate !== undefined) return byCertificate;
    }
    const byRange = this.#matchRange(record['telltale.peer.ip']);
    if (byRange !== undefined) return byRange;
    const peerPort = record['telltale.peer.ip'] === record['source.ip'] && record['telltale.peer.ip'] !== '' ? record['source.port'] : record['destination.port'];
    return this.#matchPort(record['network.transport'], peerPort, record['network.protocol']);
  }

  /** Service and role behind a host name. */
  matchHost(name: string): ServiceMatch | undefined {
    return this.#factsOf(name).match;
  }

  /** Where a host stands by a site code in its name; undefined when it has none, or an unknown one. */
  siteOf(name: string): Site | undefined {
    return this.#factsOf(name).site;
  }

  #factsOf(name: string): HostFacts {
    let facts = this.#known.get(name);
    if (facts === undefined) {
      const match = this.#findHost(name.toLowerCase().replace(/\.$/, ''));
      const sites = match && this.#sites.get(match.service.name);
      const code = sites?.pattern.exec(name.toLowerCase())?.groups?.['site'];
      this.#known.set(name, facts = { match, site: code === undefined ? undefined : sites?.codes.get(code) });
    }
    return facts;
  }

  /** Roles that the catalogue gives to endpoints of the service. */
  rolesOf(service: string): ReadonlySet<Role> {
    const entries = [...[...this.#hosts.values()].flat(), ...this.#ranges, ...this.#ports];
    return new Set(entries.filter(({ match }) => match.service.name.toLowerCase() === service.toLowerCase()).map(({ match }) => match.role));
  }

  #findHost(name: string): ServiceMatch | undefined {
    for (let suffix = name; suffix !== ''; suffix = afterFirstLabel(suffix)) {
      for (const { pattern, match } of this.#hosts.get(suffix) ?? []) if (pattern === undefined || pattern.test(name)) return match;
    }
    return undefined;
  }

  #matchRange(ip: string): ServiceMatch | undefined {
    let match = this.#rangesOfPeers.get(ip);
    if (match === undefined) {
      const family = parseAddress(ip, this.#words);
      match = this.#ranges.find(({ cidr }) => cidr.contains(family, this.#words))?.match ?? null;
      this.#rangesOfPeers.set(ip, match);
    }
    return match ?? undefined;
  }

  #matchPort(transport: string, port: number, protocol: string): ServiceMatch | undefined {
    for (const candidate of this.#ports) {
      if (candidate.transport !== transport || port < candidate.first || port > candidate.last) continue;
      if (candidate.protocols === undefined || candidate.protocols.includes(protocol)) return candidate.match;
    }
    return undefined;
  }
}

/** Labels behind the last one that has a wildcard: `zoom.us` of `*mmr.zoom.us`. */
function literalSuffix(host: string): string {
  const wildcard = host.lastIndexOf('*');
  return wildcard < 0 ? host : afterFirstLabel(host.slice(wildcard));
}

function afterFirstLabel(name: string): string {
  const dot = name.indexOf('.');
  return dot < 0 ? '' : name.slice(dot + 1);
}

function wildcardPattern(host: string): RegExp {
  return new RegExp(`^${host.replaceAll('.', '\\.').replaceAll('*', '.*')}$`);
}
