import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Geography, ServiceCatalogue, type Position, type Problem } from '#geo';
import { catalogue as identifierCatalogue } from '#identifiers';
import { Inventory, Jurisdictions, loadPack, parsePolicy, PolicySet, type PolicyContext, type RuleFile, type RulePack } from '#rules';
import { Detection } from './detection.ts';
import { GeoTableWatcher, readGeoTables, type GeoFiles } from './detection-tables.ts';

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
  /** The versions when the geo tables are exchanged for these. */
  versionsWith(geography: Geography): string;
  /** Doubts about the files that do not keep them from being used. */
  warnings: Problem[];
}

/**
 * Reads rules, policies, catalogue and geo tables and makes a detection of them.
 * @throws LocatedError with every problem when a file people write has an error; the system's error when one cannot be read.
 */
export async function loadDetection({ root, rules, policy, geo, jurisdictions, inventory: inventoryFile, positions }: DetectionFiles): Promise<LoadedDetection> {
  const [tables, catalogue, pack, inventory] = await Promise.all([
    readGeoTables(root, geo),
    readCatalogue(root),
    readRuleFiles(rules ?? join(root, 'libs/rules/pack')).then((files) => loadPack(files)),
    readInventory(inventoryFile),
  ]);
  const context = await readPolicyContext(root, catalogue, jurisdictions);
  const policies = new PolicySet((await readPolicyFiles(root, policy)).map(({ name, text }) => parsePolicy(text, name, context)));
  const geography = new Geography(tables);
  const versionsWith = ({ version }: Geography): string => `rules ${pack.version}; policies ${policies.version}; sets ${context.jurisdictions.version}; `
    + `catalogue ${catalogue.version}; ${inventory.version === '' ? '' : `inventory ${inventory.version}; `}geo ${version}`;
  const versions = versionsWith(geography);
  const detection = new Detection({ geography, catalogue, policies, rules: pack.plan, versions, inventory, ...(positions && { positions }) });
  return { detection, geography, catalogue, policies, pack, inventory, versions, versionsWith, warnings: pack.warnings };
}

/** Keeps the geo tables of a running detection current; a component that starts and stops. */
export function watchGeoTables({ detection, geography, versionsWith }: LoadedDetection, { root, geo }: DetectionFiles, { checkMillis, warn }: { checkMillis: number; warn(message: string): void }): GeoTableWatcher {
  const replace = (next: Geography): void => detection.replaceGeography(next, versionsWith(next));
  return new GeoTableWatcher({ root, files: geo ?? {}, geography, replace, checkMillis, warn });
}

/** The service catalogue beside the library. */
export async function readCatalogue(root: string): Promise<ServiceCatalogue> {
  return ServiceCatalogue.parse(await readText(join(root, 'libs/geo/services.yaml')));
}

/** What policy files may refer to: the sets that ship with those of a company, services, identifier kinds. */
export async function readPolicyContext(root: string, catalogue: ServiceCatalogue, jurisdictions?: string): Promise<PolicyContext & { kinds: ReadonlyMap<string, string> }> {
  const files = [join(root, 'libs/rules/jurisdictions.yaml'), ...(jurisdictions === undefined ? [] : [jurisdictions])];
  const sets = Jurisdictions.parseAll(await Promise.all(files.map(async (file) => ({ name: basename(file), text: await readText(file) }))));
  return { jurisdictions: sets, services: [...catalogue.services.keys()], kinds: new Map(identifierCatalogue.map(({ name, dataClass }) => [name, dataClass])) };
}

/** The policies that ship, one file, or all of a folder. */
export async function readPolicyFiles(root: string, path = join(root, 'libs/rules/policies')): Promise<RuleFile[]> {
  return (await stat(path)).isDirectory() ? readRuleFiles(path) : [{ name: basename(path), text: await readText(path) }];
}

export async function readInventory(file: string | undefined): Promise<Inventory> {
  return file === undefined ? Inventory.empty : Inventory.parse(await readText(file), basename(file));
}

/** Rules of a folder and those below it, in the order of their names; fixture files stand among them and are left out. */
export async function readRuleFiles(folder: string): Promise<RuleFile[]> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => /\.ya?ml$/.test(name) && !/\.fixtures\.ya?ml$/.test(name)).toSorted();
  return Promise.all(names.map(async (name) => ({ name, text: await readText(join(folder, name)) })));
}

function readText(file: string): Promise<string> {
  return readFile(file, 'utf8');
}
