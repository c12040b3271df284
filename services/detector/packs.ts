import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Geography, LocatedError, ServiceCatalogue, type GeoTables, type Problem } from '#geo';
import { ExceptionSet, Jurisdictions, loadPack, parseExceptions, parsePolicy, PolicySet, type RulePack } from '#rules';
import { Detection } from './detection.ts';
import { readLogSources, readRuleFolder, readYamlFiles, shippedRules } from './rule-folder.ts';

export interface DetectionFiles {
  /** Folder of the project: libraries' data and node_modules stand in it. */
  root: string;
  /** Folder of rules instead of the pack that ships (`--rules DIR`); folders below it are read too. */
  rules?: string;
  /** One policy instead of those that ship (`--policy FILE`). */
  policy?: string;
}

export interface LoadedDetection {
  detection: Detection;
  geography: Geography;
  catalogue: ServiceCatalogue;
  policies: PolicySet;
  pack: RulePack;
  /** Versions of all of these, as findings carry them. */
  versions: string;
  /** The same with another pack of rules. */
  versionsWith: (rules: string) => string;
  /** Doubts about the files that do not keep them from being used. */
  warnings: Problem[];
}

/**
 * Reads rules, policies, catalogue and geo tables and makes a detection of them.
 * @throws LocatedError with every problem when a file people write has an error; the system's error when one cannot be read.
 */
export async function loadDetection({ root, rules, policy }: DetectionFiles): Promise<LoadedDetection> {
  const [tables, catalogue, { pack, exceptions }] = await Promise.all([
    readGeoTables(root),
    readText(join(root, 'libs/geo/services.yaml')).then((text) => ServiceCatalogue.parse(text)),
    loadRules(root, rules),
  ]);
  const policies = await readPolicies(root, policy, catalogue);
  const geography = new Geography(tables);
  const versionsWith = (rulesVersion: string): string => `rules ${rulesVersion}; policies ${policies.version}; catalogue ${catalogue.version}; geo ${geography.version}`;
  const versions = versionsWith(pack.version);
  const detection = new Detection({ geography, catalogue, policies, rules: pack.plan, exceptions, versions });
  return { detection, geography, catalogue, policies, pack, versions, versionsWith, warnings: pack.warnings };
}

/** Rules with their exceptions, from one folder. */
export interface LoadedRules {
  pack: RulePack;
  exceptions: ExceptionSet;
}

/**
 * Reads a folder of rules, or the pack that ships. @throws LocatedError with every problem; then nothing of it is to be used.
 */
export async function loadRules(root: string, folder = shippedRules(root)): Promise<LoadedRules> {
  const [logSources, { rules, placeholders, exceptions: files, problems }] = await Promise.all([readLogSources(root), readRuleFolder(folder)]);
  const { exceptions, problems: exceptionProblems } = parseExceptions(files);
  const errors = [...problems, ...exceptionProblems].filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new LocatedError(errors);
  return { pack: loadPack([...rules], { logSources, placeholders }, files), exceptions: new ExceptionSet(exceptions) };
}

/** The tables of the npm packages, and the operator table beside the library. */
export async function readGeoTables(root: string): Promise<GeoTables> {
  const table = (name: string): Promise<Buffer> => readFile(join(root, 'node_modules/@ip-location-db', name));
  const [located, registered4, registered6, networks4, networks6, operators] = await Promise.all([
    table('geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb'),
    table('asn-country/asn-country-ipv4-num.csv'),
    table('asn-country/asn-country-ipv6-num.csv'),
    table('asn/asn-ipv4-num.csv'),
    table('asn/asn-ipv6-num.csv'),
    readText(join(root, 'libs/geo/operators.yaml')),
  ]);
  return { located, registered: { ipv4: registered4, ipv6: registered6 }, networks: { ipv4: networks4, ipv6: networks6 }, operators };
}

async function readPolicies(root: string, file: string | undefined, catalogue: ServiceCatalogue): Promise<PolicySet> {
  const jurisdictions = Jurisdictions.parse(await readText(join(root, 'libs/rules/jurisdictions.yaml')));
  const files = file === undefined ? await readYamlFiles(join(root, 'libs/rules/policies')) : [{ name: basename(file), text: await readText(file) }];
  return new PolicySet(files.map(({ name, text }) => parsePolicy(text, name, { jurisdictions, services: catalogue.services.keys() })));
}

function readText(file: string): Promise<string> {
  return readFile(file, 'utf8');
}
