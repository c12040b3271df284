import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Geography, ServiceCatalogue, type Problem } from '#geo';
import { Jurisdictions, loadPack, parsePolicy, PolicySet, type RuleFile, type RulePack } from '#rules';
import { Detection } from './detection.ts';
import { readGeoTables, type GeoFiles } from './detection-tables.ts';

export interface DetectionFiles {
  /** Folder of the project: libraries' data and node_modules stand in it. */
  root: string;
  /** Folder of rules instead of the pack that ships (`--rules DIR`); folders below it are read too. */
  rules?: string;
  /** One policy instead of those that ship (`--policy FILE`). */
  policy?: string;
  /** Geo tables of one's own. */
  geo?: GeoFiles | undefined;
}

export interface LoadedDetection {
  detection: Detection;
  geography: Geography;
  catalogue: ServiceCatalogue;
  policies: PolicySet;
  pack: RulePack;
  /** Versions of all of these, as findings carry them. */
  versions: string;
  /** Doubts about the files that do not keep them from being used. */
  warnings: Problem[];
}

/**
 * Reads rules, policies, catalogue and geo tables and makes a detection of them.
 * @throws LocatedError with every problem when a file people write has an error; the system's error when one cannot be read.
 */
export async function loadDetection({ root, rules, policy, geo }: DetectionFiles): Promise<LoadedDetection> {
  const [tables, catalogue, pack] = await Promise.all([
    readGeoTables(root, geo),
    readText(join(root, 'libs/geo/services.yaml')).then((text) => ServiceCatalogue.parse(text)),
    readRuleFiles(rules ?? join(root, 'libs/rules/pack')).then((files) => loadPack(files)),
  ]);
  const policies = await readPolicies(root, policy, catalogue);
  const geography = new Geography(tables);
  const versions = `rules ${pack.version}; policies ${policies.version}; catalogue ${catalogue.version}; geo ${geography.version}`;
  const detection = new Detection({ geography, catalogue, policies, rules: pack.plan, versions });
  return { detection, geography, catalogue, policies, pack, versions, warnings: pack.warnings };
}

/** Rules of a folder and those below it, in the order of their names; fixture files stand among them and are left out. */
export async function readRuleFiles(folder: string): Promise<RuleFile[]> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => /\.ya?ml$/.test(name) && !/\.fixtures\.ya?ml$/.test(name)).toSorted();
  return Promise.all(names.map(async (name) => ({ name, text: await readText(join(folder, name)) })));
}

async function readPolicies(root: string, file: string | undefined, catalogue: ServiceCatalogue): Promise<PolicySet> {
  const jurisdictions = Jurisdictions.parse(await readText(join(root, 'libs/rules/jurisdictions.yaml')));
  const files = file === undefined ? await readRuleFiles(join(root, 'libs/rules/policies')) : [{ name: basename(file), text: await readText(file) }];
  return new PolicySet(files.map(({ name, text }) => parsePolicy(text, name, { jurisdictions, services: catalogue.services.keys() })));
}

function readText(file: string): Promise<string> {
  return readFile(file, 'utf8');
}
