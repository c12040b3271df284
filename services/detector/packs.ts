import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Geography, LocatedError, ServiceCatalogue, type Position, type Problem } from '#geo';
import { catalogue as identifierCatalogue } from '#identifiers';
import {
  ExceptionSet, Inventory, Jurisdictions, loadPack, parseExceptions, parsePolicy, parseThresholds, PolicySet,
  type PolicyContext, type RuleFile, type RulePack, type Thresholds, type Vocabulary,
} from '#rules';
import { Detection } from './detection.ts';
import { GeoTableWatcher, readGeoTables, type GeoFiles } from './detection-tables.ts';
import { readLogSources, readRuleFolder, readYamlFiles, shippedRules } from './rule-folder.ts';

export interface DetectionFiles {
  /** Folder of the project: libraries' data and node_modules stand in it. */
  root: string;
  /** Folder of rules instead of the pack that ships (`--rules DIR`); folders below it are read too. */
  rules?: string;
  /** One policy, or a folder of policies, instead of those that ship (`--policy FILE`). */
  policy?: string;
  /** Geo tables of one's own. */
  geo?: GeoFiles | undefined;
  /** Named sets of countries beside those that ship. */
  jurisdictions?: string | undefined;
  /** Tags of the monitored endpoints. */
  inventory?: string | undefined;
  /** Where probes stand, by their names. */
  positions?: ReadonlyMap<string, Position> | undefined;
  /** Countries in which probes stand, by their names. */
  sites?: ReadonlyMap<string, string> | undefined;
}

export interface LoadedDetection {
  detection: Detection;
  geography: Geography;
  catalogue: ServiceCatalogue;
  policies: PolicySet;
  pack: RulePack;
  inventory: Inventory;
  /** Versions of all of these, as findings carry them. */
  versions: string;
  /** What rules may name. */
  vocabulary: RuleNames;
  /** The versions after rules or geo tables were exchanged; it remembers the exchange. */
  versionsWith(exchanged: { rules?: string; geo?: string }): string;
  /** Doubts about the files that do not keep them from being used. */
  warnings: Problem[];
}

/**
 * Reads rules, policies, catalogue and geo tables and makes a detection of them.
 * @throws LocatedError with every problem when a file people write has an error; the system's error when one cannot be read.
 */
export async function loadDetection(files: DetectionFiles): Promise<LoadedDetection> {
  const { root, rules, policy, geo, jurisdictions, inventory: inventoryFile, positions, sites } = files;
  const [tables, catalogue, inventory] = await Promise.all([readGeoTables(root, geo), readCatalogue(root), readInventory(inventoryFile)]);
  const context = await readPolicyContext(root, catalogue, jurisdictions);
  const policies = new PolicySet((await readPolicyFiles(root, policy)).map(({ name, text }) => parsePolicy(text, name, context)));
  const vocabulary = namesOf(context, policies);
  const { pack, exceptions } = await loadRules(root, vocabulary, rules);
  const geography = new Geography(tables);
  const parts = {
    rules: pack.version, policies: policies.version, sets: context.jurisdictions.version, catalogue: catalogue.version,
    ...(inventory.version && { inventory: inventory.version }), geo: geography.version,
  };
  const versionsWith: LoadedDetection['versionsWith'] = (exchanged) => {
    Object.assign(parts, exchanged);
    return Object.entries(parts).map(([part, version]) => `${part} ${version}`).join('; ');
  };
  const versions = versionsWith({});
  const detection = new Detection({
    geography,
    catalogue,
    policies,
    rules: pack.plan,
    hits: pack.hits,
    exceptions,
    versions,
    inventory,
    ...(positions && { positions }),
    ...(sites && { sites }),
  });
  return { detection, geography, catalogue, policies, pack, inventory, versions, vocabulary, versionsWith, warnings: pack.warnings };
}

/** Keeps the geo tables of a running detection current; a component that starts and stops. */
export function watchGeoTables(
  { detection, geography, versionsWith }: LoadedDetection,
  { root, geo }: DetectionFiles,
  { checkMillis, warn }: { checkMillis: number; warn(message: string): void },
): GeoTableWatcher {
  const replace = (next: Geography): void => detection.replaceGeography(next, versionsWith({ geo: next.version }));
  return new GeoTableWatcher({ root, files: geo ?? {}, geography, replace, checkMillis, warn });
}

/** The service catalogue beside the library. */
export async function readCatalogue(root: string): Promise<ServiceCatalogue> {
  return ServiceCatalogue.parse(await readText(join(root, 'libs/geo/services.yaml')));
}

/** What policy files may refer to: the sets that ship with those of a company, services, identifier kinds. */
export async function readPolicyContext(
  root: string, catalogue: ServiceCatalogue, jurisdictions?: string,
): Promise<PolicyContext & { kinds: ReadonlyMap<string, string> }> {
  const files = [join(root, 'libs/rules/jurisdictions.yaml'), ...(jurisdictions === undefined ? [] : [jurisdictions])];
  const sets = Jurisdictions.parseAll(await Promise.all(files.map(async (file) => ({ name: basename(file), text: await readText(file) }))));
  const kinds = new Map(identifierCatalogue.map(({ name, dataClass }) => [name, dataClass]));
  return { jurisdictions: sets, services: [...catalogue.services.keys()], kinds };
}

/** The policies that ship, one file, or all of a folder; the fixture files among them are left out. */
export async function readPolicyFiles(root: string, path = join(root, 'libs/rules/policies')): Promise<RuleFile[]> {
  if (!(await stat(path)).isDirectory()) return [{ name: basename(path), text: await readText(path) }];
  return (await readYamlFiles(path)).filter(({ name }) => !/\.fixtures\.ya?ml$/.test(name));
}

/** The volumes of disclosed identifiers that are reported: those that ship, or those of `file`. @throws LocatedError with every problem. */
export async function readThresholds(
  { root, jurisdictions }: Pick<DetectionFiles, 'root' | 'jurisdictions'>, file = join(root, 'libs/rules/thresholds.yaml'),
): Promise<Thresholds> {
  return parseThresholds(await readText(file), basename(file), await readPolicyContext(root, await readCatalogue(root), jurisdictions));
}

export async function readInventory(file: string | undefined): Promise<Inventory> {
  return file === undefined ? Inventory.empty : Inventory.parse(await readText(file), basename(file));
}

/** What rules may name, beside the placeholders of their own folder. */
export type RuleNames = Omit<Vocabulary, 'placeholders'>;

function namesOf({ kinds, jurisdictions }: Awaited<ReturnType<typeof readPolicyContext>>, { policies }: PolicySet): RuleNames {
  return { kinds, jurisdictions, policies: policies.map(({ id }) => id) };
}

/** The names that rules find where detection is configured so: kinds of identifiers, sets of countries, policies. */
export async function readRuleNames({ root, policy, jurisdictions }: Pick<DetectionFiles, 'root' | 'policy' | 'jurisdictions'>): Promise<RuleNames> {
  const context = await readPolicyContext(root, await readCatalogue(root), jurisdictions);
  return namesOf(context, new PolicySet((await readPolicyFiles(root, policy)).map(({ name, text }) => parsePolicy(text, name, context))));
}

/** Rules with their exceptions, from one folder. */
export interface LoadedRules {
  pack: RulePack;
  exceptions: ExceptionSet;
}

/**
 * Reads a folder of rules, or the pack that ships. @throws LocatedError with every problem; then nothing of it is to be used.
 */
export async function loadRules(root: string, vocabulary: RuleNames, folder = shippedRules(root)): Promise<LoadedRules> {
  const [logSources, { rules, placeholders, exceptions: files, others, problems }] = await Promise.all([readLogSources(root), readRuleFolder(folder)]);
  const { exceptions, problems: exceptionProblems } = parseExceptions(files, { ...vocabulary, placeholders });
  const errors = [...problems, ...exceptionProblems].filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new LocatedError(errors);
  return { pack: loadPack([...rules], { logSources, ...vocabulary, placeholders }, others), exceptions: new ExceptionSet(exceptions) };
}

function readText(file: string): Promise<string> {
  return readFile(file, 'utf8');
}
