import type { FlowRecord } from '#flow';
import { parseAddress, type AddressFamily } from './address.ts';
import { BoundedCache } from './bounded-cache.ts';
import { catalogueSchema, type Role } from './catalogue-schema.ts';
import { Cidr } from './cidr.ts';
import { fingerprintKinds, FingerprintTable, wildcardPattern } from './fingerprint.ts';
import { LocatedError, readYaml, type Problem } from './located-yaml.ts';
import { prefixTable } from './prefix-table.ts';
import type { RangeTable } from './range-table.ts';

export interface Service {
  readonly name: string;
  readonly vendor: string;
  /** Country from which the vendor is controlled; `''` is unknown. */
  readonly controlledFrom: string;
}

export interface ServiceMatch {
  readonly service: Service;
  readonly role: Role;
  /**
   * The evidence, strongest kind first: `name`, `certificate`, `range 144.195.0.0/16 of 2026-06-18`, `fingerprint protocol=sd-rtn`,
   * `port udp/8801-8810`; followed by `, a guess` where the entry is experimental.
   */
  readonly evidence: string;
}

/** Where a host is according to its own name: a claim by whoever named it. */
export interface Site {
  /** As in the name: `frn`. */
  readonly code: string;
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
  readonly place: string;
}

/** What is known from a host name. */
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

/** What one published prefix means; it may have an entry per transport. */
interface RangeEntry {
  readonly cidr: Cidr;
  readonly matches: { /** Undefined: any. */ readonly transport: string | undefined; readonly match: ServiceMatch }[];
}

interface PortEntry {
  readonly transport: string;
  readonly first: number;
  readonly last: number;
  /** Undefined: any protocol. */
  readonly protocols: readonly string[] | undefined;
  readonly match: ServiceMatch;
}

/**
 * Says which service a flow's peer belongs to, and its role there: by the name under which it was reached, else by a name in its
 * certificate, else by its address, else by a fingerprint of its software, else by its port.
 */
export class ServiceCatalogue {
  readonly version: string;
  readonly services: ReadonlyMap<string, Service>;
  /** Host entries by the literal labels that they end in. */
  readonly #hosts: ReadonlyMap<string, readonly HostEntry[]>;
  readonly #ports: readonly PortEntry[];
  readonly #ranges: readonly RangeEntry[];
  /** By family: looks up the number (from 1) of the longest prefix that holds an address. */
  readonly #prefixes: Readonly<Record<AddressFamily, RangeTable>>;
  readonly #fingerprints: FingerprintTable<ServiceMatch>;
  readonly #words = new Uint32Array(4);
  /** By service. */
  readonly #sites: ReadonlyMap<string, SitePattern>;
  readonly #certificates = new BoundedCache<ServiceMatch | null>(16_384);
  readonly #known = new BoundedCache<HostFacts>(16_384);
  /** The latest name and its facts: for one record the same name is looked up for its service and for its site. */
  #lastName = '';
  #lastFacts: HostFacts = { match: undefined, site: undefined };

  private constructor(
    version: string, services: ReadonlyMap<string, Service>, hosts: ReadonlyMap<string, readonly HostEntry[]>, ports: readonly PortEntry[],
    ranges: readonly RangeEntry[], fingerprints: FingerprintTable<ServiceMatch>, sites: ReadonlyMap<string, SitePattern>,
  ) {
    this.#fingerprints = fingerprints;
    this.#ranges = ranges;
    const entries = ranges.map(({ cidr }, i) => ({ cidr, value: i + 1 }));
    this.#prefixes = { 4: prefixTable(4, entries), 6: prefixTable(6, entries) };
    this.#sites = sites;
    this.version = version;
    this.services = services;
    this.#hosts = hosts;
    this.#ports = ports;
  }

  /** Reads a catalogue (see services.yaml). Throws LocatedError with all problems. */
  static parse(yaml: string, file = 'services.yaml'): ServiceCatalogue {
    const { value, place } = readYaml(catalogueSchema, yaml, file);
    const problems: Problem[] = [];
    const services = new Map<string, Service>();
    const hosts = new Map<string, HostEntry[]>();
    const ports: PortEntry[] = [];
    const ranges = new Map<string, RangeEntry>();
    const fingerprints = new FingerprintTable<ServiceMatch>();
    const sites = new Map<string, SitePattern>();
    const problem = (path: PropertyKey[], code: string, message: string): void => {
      problems.push({ file, ...place(path), severity: 'error', code, message });
    };

    for (const [i, definition] of value.services.entries()) {
      const service = { name: definition.name, vendor: definition.vendor, controlledFrom: definition.controlled_from };
      if (services.has(service.name)) problem(['services', i, 'name'], 'duplicate', `the catalogue lists the service "${service.name}" twice`);
      services.set(service.name, service);
      if (definition.sites) {
        const codes = Object.entries(definition.sites.codes).map(
          ([code, { country: of, place: at }]) => [code, { code, country: of, place: at }] as const,
        );
        sites.set(service.name, { pattern: new RegExp(definition.sites.pattern), codes: new Map(codes) });
      }
      for (const [j, host] of definition.hosts.entries()) {
        const suffix = literalSuffix(host.match);
        if (!suffix.includes('.'))
          problem(['services', i, 'hosts', j, 'match'], 'host', `"${host.match}" must end in a literal domain such as example.com`);
        const bucket = hosts.get(suffix) ?? [];
        hosts.set(suffix, bucket);
        const match = matchOf(service, host, 'name');
        bucket.push({ pattern: host.match.includes('*') ? wildcardPattern(host.match) : undefined, match });
      }
      for (const range of definition.ranges) {
        for (const prefix of range.prefixes) {
          const entry = ranges.get(prefix) ?? { cidr: Cidr.parse(prefix)!, matches: [] };
          ranges.set(prefix, entry);
          entry.matches.push({ transport: range.transport, match: matchOf(service, range, `range ${prefix} of ${range.snapshot}`) });
        }
      }
      for (const [j, fingerprint] of definition.fingerprints.entries()) {
        const kind = fingerprintKinds.find((one) => fingerprint[one] !== undefined)!;
        const text = `${kind}=${fingerprint[kind]}`;
        const isNew = fingerprints.add(kind, fingerprint[kind]!, matchOf(service, fingerprint, `fingerprint ${text}`));
        if (!isNew)
          problem(
            ['services', i, 'fingerprints', j, kind],
            'duplicate',
            `the catalogue lists the fingerprint ${text} twice, so that it does not tell which service it is`,
          );
      }
      for (const [j, port] of definition.ports.entries()) {
        const [first = 0, last = first] = port.ports.split('-').map(Number);
        if (first < 1 || last > 65_535 || last < first)
          problem(['services', i, 'ports', j, 'ports'], 'port', `"${port.ports}" is not a range of ports from 1 to 65535`);
        ports.push({
          transport: port.transport,
          first,
          last,
          protocols: port.protocols,
          match: matchOf(service, port, `port ${port.transport}/${port.ports}`),
        });
      }
    }
    if (problems.length > 0) throw new LocatedError(problems);
    for (const bucket of hosts.values()) bucket.sort((a, b) => Number(a.pattern === undefined) - Number(b.pattern === undefined));
    return new ServiceCatalogue(value.version, services, hosts, ports, [...ranges.values()], fingerprints, sites);
  }

  /**
   * Service and role of the record's peer; undefined when unknown. DNS traffic about a service is not service traffic.
   * A name that no entry knows settles the question: weaker evidence is used only for a peer without a name.
   */
  match(record: FlowRecord): ServiceMatch | undefined {
    if (record['network.protocol'] === 'dns') return undefined;
    const domain = record['destination.domain'];
    if (domain !== '') return this.matchHost(domain);
    return this.#matchCertificate(record['telltale.tls.certificate_names'])
      ?? this.#matchRange(record['telltale.peer.ip'], record['network.transport'])
      ?? this.#fingerprints.find(record)
      ?? this.#matchPort(record);
  }

  /** Service and role behind a host name. */
  matchHost(name: string): ServiceMatch | undefined {
    return this.#factsOf(name).match;
  }

  /** Where a host is according to a site code in its name; undefined when it has none, or an unknown one. */
  siteOf(name: string): Site | undefined {
    return this.#factsOf(name).site;
  }

  #factsOf(name: string): HostFacts {
    if (name === this.#lastName) return this.#lastFacts;
    let facts = this.#known.get(name);
    if (facts === undefined) {
      const match = this.#findHost(name.toLowerCase().replace(/\.$/, ''));
      const sites = match && this.#sites.get(match.service.name);
      const code = sites?.pattern.exec(name.toLowerCase())?.groups?.['site'];
      this.#known.set(name, facts = { match, site: code === undefined ? undefined : sites?.codes.get(code) });
    }
    this.#lastName = name;
    return this.#lastFacts = facts;
  }

  /** Roles that the catalogue gives to endpoints of the service. */
  rolesOf(service: string): ReadonlySet<Role> {
    const matches = [...[...this.#hosts.values()].flat(), ...this.#ranges.flatMap((range) => range.matches), ...this.#ports].map(
      ({ match }) => match,
    );
    return new Set(
      [...matches, ...this.#fingerprints.values()]
        .filter((match) => match.service.name.toLowerCase() === service.toLowerCase())
        .map(({ role }) => role),
    );
  }

  #findHost(name: string): ServiceMatch | undefined {
    for (let suffix = name; suffix !== ''; suffix = afterFirstLabel(suffix)) {
      for (const { pattern, match } of this.#hosts.get(suffix) ?? []) if (pattern === undefined || pattern.test(name)) return match;
    }
    return undefined;
  }

  /**
   * Matches the names in a certificate, if at least half of them are one service's. The edges of Google and of content networks show one
   * certificate for many services, which identifies none of them.
   */
  #matchCertificate(names: readonly string[]): ServiceMatch | undefined {
    let first: ServiceMatch | undefined;
    let own = 0;
    let others = 0;
    for (const name of names) {
      // A common name may be the name of the company.
      if (!name.includes('.') || name.includes(' ')) continue;
      const match = this.#matchCertificateName(name);
      first ??= match;
      if (match !== undefined && match.service === first?.service) own += 1;
      else others += 1;
    }
    return own >= others ? first : undefined;
  }

  /** Matches one name of a certificate; `*.example.com` as `example.com`. */
  #matchCertificateName(name: string): ServiceMatch | undefined {
    let match = this.#certificates.get(name);
    if (match === undefined) {
      const byName = this.matchHost(name.replace(/^\*\./, ''));
      match = byName === undefined ? null : { ...byName, evidence: byName.evidence.replace('name', 'certificate') };
      this.#certificates.set(name, match);
    }
    return match ?? undefined;
  }

  #matchRange(ip: string, transport: string): ServiceMatch | undefined {
    const family = parseAddress(ip, this.#words);
    const entry = family === 0 ? undefined : this.#ranges[this.#prefixes[family].find(this.#words) - 1];
    return entry?.matches.find((one) => one.transport === undefined || one.transport === transport)?.match;
  }

  #matchPort(record: FlowRecord): ServiceMatch | undefined {
    const peer = record['telltale.peer.ip'];
    const port = peer === record['source.ip'] && peer !== '' ? record['source.port'] : record['destination.port'];
    for (const candidate of this.#ports) {
      if (candidate.transport !== record['network.transport'] || port < candidate.first || port > candidate.last) continue;
      if (candidate.protocols === undefined || candidate.protocols.includes(record['network.protocol'])) return candidate.match;
    }
    return undefined;
  }
}

function matchOf(service: Service, { role, experimental }: { role: Role; experimental?: string | undefined }, evidence: string): ServiceMatch {
  return { service, role, evidence: experimental === undefined ? evidence : `${evidence}, a guess` };
}

/** The labels after the last one with a wildcard: `zoom.us` of `*mmr.zoom.us`. */
function literalSuffix(host: string): string {
  const wildcard = host.lastIndexOf('*');
  return wildcard < 0 ? host : afterFirstLabel(host.slice(wildcard));
}

function afterFirstLabel(name: string): string {
  const dot = name.indexOf('.');
  return dot < 0 ? '' : name.slice(dot + 1);
}
