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
  /** Folder of the project, with the libraries' data and node_modules. */
  root: string;
  /** Folder of rules instead of the built-in pack (`--rules DIR`); its subfolders are read too. */
  rules?: string;
  /** A policy, or a folder of policies, instead of the built-in ones (`--policy FILE`). */
  policy?: string;
  /** The user's own geo tables. */
  geo?: GeoFiles | undefined;
  /** Named sets of countries in addition to the built-in ones. */
  jurisdictions?: string | undefined;
  /** Tags of the monitored endpoints. */
  inventory?: string | undefined;
  /** Positions of probes, by name. */
  positions?: ReadonlyMap<string, Position> | undefined;
  /** Countries of probes, by name. */
  sites?: ReadonlyMap<string, string> | undefined;
}

export interface LoadedDetection {
  detection: Detection;
  geography: Geography;
  catalogue: ServiceCatalogue;
  policies: PolicySet;
  pack: RulePack;
  inventory: Inventory;
  /** Versions of all of these, as put on findings. */
  versions: string;
  /** The names that rules may use. */
  vocabulary: RuleNames;
  /** The versions after rules or geo tables were replaced; it remembers the replacement. */
  versionsWith(exchanged: { rules?: string; geo?: string }): string;
  /** Warnings about files that can still be used. */
  warnings: Problem[];
}

/**
 * Reads rules, policies, catalogue and geo tables, and creates a detection from them.
 * @throws LocatedError with every problem if a hand-written file has an error; the system's error if a file cannot be read.
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

/** Keeps the geo tables of a running detection current, as a component that starts and stops. */
export function watchGeoTables(
  { detection, geography, versionsWith }: LoadedDetection,
  { root, geo }: DetectionFiles,
  { checkMillis, warn }: { checkMillis: number; warn(message: string): void },
): GeoTableWatcher {
  const replace = (next: Geography): void => detection.replaceGeography(next, versionsWith({ geo: next.version }));
  return new GeoTableWatcher({ root, files: geo ?? {}, geography, replace, checkMillis, warn });
}

/** The library's service catalogue. */
export async function readCatalogue(root: string): Promise<ServiceCatalogue> {
  return ServiceCatalogue.parse(await readText(join(root, 'libs/geo/services.yaml')));
}

/** The names that policy files may use: the built-in and the company's sets, services, identifier kinds. */
export async function readPolicyContext(
  root: string, catalogue: ServiceCatalogue, jurisdictions?: string,
): Promise<PolicyContext & { kinds: ReadonlyMap<string, string> }> {
  const files = [join(root, 'libs/rules/jurisdictions.yaml'), ...(jurisdictions === undefined ? [] : [jurisdictions])];
  const sets = Jurisdictions.parseAll(await Promise.all(files.map(async (file) => ({ name: basename(file), text: await readText(file) }))));
  const kinds = new Map(identifierCatalogue.map(({ name, dataClass }) => [name, dataClass]));
  return { jurisdictions: sets, services: [...catalogue.services.keys()], kinds };
}

/** The built-in policies, one file, or all of a folder, without its fixture files. */
export async function readPolicyFiles(root: string, path = join(root, 'libs/rules/policies')): Promise<RuleFile[]> {
  if (!(await stat(path).catch(missing(path))).isDirectory()) return [{ name: basename(path), text: await readText(path) }];
  const files = (await readYamlFiles(path)).filter(({ name }) => !/\.fixtures\.ya?ml$/.test(name));
  // Without any policy nothing would be forbidden, and nobody would be told.
  if (files.length === 0) throw Object.assign(new Error(`${path}: the folder holds no policy (*.yml)`), { code: 'ENOENT' });
  return files;
}

/** A file that is not there is told in words: this error also reaches the log of a service. */
function missing(path: string): (error: unknown) => never {
  return (error) => {
    const { code } = error as NodeJS.ErrnoException;
    throw code === 'ENOENT' ? Object.assign(new Error(`${path}: there is no such file or folder`), { code }) : error;
  };
}

/** The volumes of disclosed identifiers that are reported: the built-in ones, or those of `file`. @throws LocatedError with every problem. */
export async function readThresholds(
  { root, jurisdictions }: Pick<DetectionFiles, 'root' | 'jurisdictions'>, file = join(root, 'libs/rules/thresholds.yaml'),
): Promise<Thresholds> {
  return parseThresholds(await readText(file), basename(file), await readPolicyContext(root, await readCatalogue(root), jurisdictions));
}

export async function readInventory(file: string | undefined): Promise<Inventory> {
  return file === undefined ? Inventory.empty : Inventory.parse(await readText(file), basename(file));
}

/** The names that rules may use, besides the placeholders of their own folder. */
export type RuleNames = Omit<Vocabulary, 'placeholders'>;

function namesOf({ kinds, jurisdictions }: Awaited<ReturnType<typeof readPolicyContext>>, { policies }: PolicySet): RuleNames {
  return { kinds, jurisdictions, policies: policies.map(({ id }) => id) };
}

/** The names available to rules with this configuration: kinds of identifiers, sets of countries, policies. */
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
 * Reads a folder of rules, or the built-in pack. @throws LocatedError with every problem; nothing of it may then be used.
 */
export async function loadRules(root: string, vocabulary: RuleNames, folder = shippedRules(root)): Promise<LoadedRules> {
  const [logSources, { rules, placeholders, exceptions: files, others, problems }] = await Promise.all([
    readLogSources(root), readRuleFolder(folder),
  ]);
  const { exceptions, problems: exceptionProblems } = parseExceptions(files, { ...vocabulary, placeholders });
  const errors = [...problems, ...exceptionProblems].filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new LocatedError(errors);
  return { pack: loadPack([...rules], { logSources, ...vocabulary, placeholders }, others), exceptions: new ExceptionSet(exceptions) };
}

function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(missing(file));
}
