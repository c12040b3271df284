import { createFlowRecord, type FlowRecord } from '#flow';
import { Geography, LocatedError, parseAddress, roles, type Problem } from '#geo';
import { catalogue as identifiers, createTokeniser, isMac, normaliseMac } from '#identifiers';
import { checkPolicyCases, formatProblems, lintPolicies, parsePolicy, PolicySet, type Policy } from '#rules';
import { projectRoot } from '#runtime';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { hopText, placedHop } from '../detector/detection-hops.ts';
import { PeerAnswer } from '../detector/detection-peer.ts';
import { readGeoTables } from '../detector/detection-tables.ts';
import { readCatalogue, readInventory, readPolicyContext, readPolicyFiles } from '../detector/packs.ts';
import { readTokenKey } from '../probe/token-key.ts';
import { dataFolder, defaultDataFolder } from '../standalone/data-folder.ts';
import { actionOf, isDay, oneOf, parseArguments, refuseIdle } from './arguments.ts';
import { exitStatus, UsageError, type Command } from './command.ts';
import { count } from './leaks.ts';

const help = `Usage: telltale policy lint [FILE|DIR] [options]
       telltale policy test [FILE|DIR] [options]
       telltale policy explain [FILE|DIR] --to ADDRESS [options]
       telltale policy token MAC [--data DIR]

FILE is a policy, DIR a folder of them; without one, the policies that ship.

lint     errors, contradictions, entries that can never decide anything, what
         has expired: file:line:column
test     runs the cases beside the policies (*.fixtures.yml)
explain  what each policy says about one contact, and why
token    the token of a hardware address, made with the key of the data folder,
         for \`mac\` of policies and inventories

Options:
  --jurisdictions FILE  named sets of countries beside those that ship
  --inventory FILE      tags of the monitored endpoints
  --day DAY             lint and explain as on this day, in UTC (2026-08-01)
  --to ADDRESS          explain: address of the peer
  --name HOST           explain: name it was reached by, which decides service,
                        role and site
  --service NAME        explain: service, where the name does not decide it
  --role ROLE           explain: its role, one of
                        ${roles.slice(0, 4).join(', ')},
                        ${roles.slice(4).join(', ')}
  --from ADDRESS        explain: address of the subject (default 10.0.0.1)
  --hop ADDRESS         explain: an address behind the peer, such as a relay;
                        repeat it
  --identifier KIND     explain: a kind of identifier that the flow shows;
                        repeat it
  --data DIR            token: data folder of the probe whose key it is
                        (default ${defaultDataFolder})
  --strict              lint: warnings count as well

Exit status: 0 no problems, 1 problems (for lint: errors, and with --strict
warnings), 2 unusable arguments.
`;

const options = {
  jurisdictions: { type: 'string' }, inventory: { type: 'string' }, day: { type: 'string' }, to: { type: 'string' }, name: { type: 'string' },
  service: { type: 'string' }, role: { type: 'string' }, from: { type: 'string' }, hop: { type: 'string', multiple: true },
  identifier: { type: 'string', multiple: true }, data: { type: 'string' }, strict: { type: 'boolean' },
} as const;

const explained = ['explain'];
/** The actions that take an option; `jurisdictions` goes with all that read policies. */
const takers = {
  jurisdictions: ['lint', 'test', 'explain'], inventory: ['lint', 'explain'], day: ['lint', 'explain'], to: explained, name: explained, service: explained,
  role: explained, from: explained, hop: explained, identifier: explained, data: ['token'], strict: ['lint'],
};

export const policy: Command = {
  help,
  async run(args) {
    const { values, positionals: [word, ...paths] } = parseArguments({ args, allowPositionals: true, options });
    const action = actionOf('policy', word, ['lint', 'test', 'explain', 'token']);
    refuseIdle('policy', action, values, takers);
    if (paths.length > 1) throw new UsageError(`policy ${action} takes one ${action === 'token' ? 'MAC' : 'FILE or DIR'}`);
    const given: Given = { from: '10.0.0.1', strict: false, ...values, path: paths[0], day: dayOf(values.day) };
    switch (action) {
      case 'lint': return lint(given);
      case 'test': return test(given);
      case 'explain': return explain(given);
      case 'token': return token(given.path, values.data ?? defaultDataFolder);
    }
  },
};

interface Given {
  path: string | undefined;
  day: string;
  jurisdictions?: string;
  inventory?: string;
  to?: string;
  name?: string;
  service?: string;
  role?: string;
  from: string;
  hop?: string[];
  identifier?: string[];
  strict: boolean;
}

async function token(mac: string | undefined, data: string): Promise<number> {
  if (mac === undefined || !isMac(mac)) throw new UsageError('policy token needs a hardware address such as 3c:15:c2:9a:01:fe');
  process.stdout.write(`${createTokeniser(await readTokenKey(dataFolder(data).tokenKey)).token(normaliseMac(mac))}\n`);
  return exitStatus.ok;
}

function dayOf(day = new Date().toISOString().slice(0, 10)): string {
  if (!isDay(day)) throw new UsageError(`--day ${day}: expected a day such as 2026-08-01`);
  return day;
}

async function lint({ path, day, jurisdictions, inventory, strict }: Given): Promise<number> {
  const catalogue = await readCatalogue(projectRoot);
  const context = await readPolicyContext(projectRoot, catalogue, jurisdictions);
  const files = await readPolicyFiles(projectRoot, path);
  const tags = inventory === undefined ? undefined : (await readInventory(inventory)).tags;
  const problems = lintPolicies(files, { ...context, day, rolesOf: (service) => catalogue.rolesOf(service), tags });
  process.stdout.write(formatProblems(problems));
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  process.stderr.write(`${count(files.length, 'policy file')}: ${count(errors, 'error')}, ${count(problems.length - errors, 'warning')}\n`);
  return errors > 0 || (strict && problems.length > 0) ? exitStatus.failed : exitStatus.ok;
}

async function test({ path, jurisdictions }: Given): Promise<number> {
  const policies = await load(path, jurisdictions);
  if (policies === undefined) return exitStatus.failed;
  const folder = path === undefined ? join(projectRoot, 'libs/rules/policies') : (await stat(path)).isDirectory() ? path : dirname(path);
  const names = (await readdir(folder))
    .filter((name) => /\.fixtures\.ya?ml$/.test(name))
    .filter((name) => path === undefined || folder === path || name.startsWith(`${basename(path).replace(/\.ya?ml$/, '')}.`));
  if (names.length === 0) throw new UsageError(`there are no cases (*.fixtures.yml) beside ${path ?? folder}`);
  const problems: Problem[] = [];
  let cases = 0;
  for (const name of names.toSorted()) {
    const checked = checkPolicyCases(new PolicySet(policies), { name, text: await readFile(join(folder, name), 'utf8') });
    cases += checked.cases;
    problems.push(...checked.problems);
  }
  process.stdout.write(formatProblems(problems));
  process.stderr.write(`${count(cases, 'case')} tested, ${count(problems.length, 'failure')}\n`);
  return problems.length > 0 ? exitStatus.failed : exitStatus.ok;
}

async function explain(given: Given): Promise<number> {
  if (given.to === undefined) throw new UsageError('policy explain needs --to ADDRESS');
  for (const address of [given.to, given.from, ...(given.hop ?? [])])
    if (parseAddress(address, new Uint32Array(4)) === 0) throw new UsageError(`${address} is not an IPv4 or IPv6 address`);
  const [policies, catalogue, tables, inventory] = await Promise.all([
    load(given.path, given.jurisdictions), readCatalogue(projectRoot), readGeoTables(projectRoot), readInventory(given.inventory),
  ]);
  if (policies === undefined) return exitStatus.failed;
  if (given.service !== undefined) oneOf('--service', given.service, [...catalogue.services.keys()]);
  for (const kind of given.identifier ?? []) oneOf('--identifier', kind, [...new Set(identifiers.map(({ name }) => name))]);
  const geography = new Geography(tables);
  const record = createFlowRecord();
  record['@timestamp'] = Date.parse(`${given.day}T12:00:00Z`) * 1_000;
  record['telltale.subject.ip'] = given.from;
  record['telltale.subject.tags'] = [...inventory.tagsOf(given.from)];
  record['telltale.peer.ip'] = record['destination.ip'] = given.to;
  record['destination.domain'] = given.name ?? '';
  // Without a name, a published range may decide, and some ranges are for one transport only.
  const match = ['udp', 'tcp']
    .map((transport) => catalogue.match(Object.assign(record, { 'network.transport': transport })))
    .find((found) => found !== undefined);
  record['telltale.service'] = given.service ?? match?.service.name ?? '';
  record['telltale.role'] = given.role === undefined ? match?.role ?? '' : oneOf('--role', given.role, roles);
  record['telltale.flow.observable_kinds'] = given.identifier ?? [];
  const peer = new PeerAnswer();
  const place = geography.lookup(given.to);
  peer.start(place);
  if (given.name !== undefined) {
    peer.claimSite(catalogue.siteOf(given.name));
    peer.overrideOperator(geography.operatorOfDomain(given.name));
  }
  peer.fill(record);
  const hops = (given.hop ?? []).map((ip) => placedHop('hop', ip, geography));
  const tags = record['telltale.subject.tags'];
  const service = [record['telltale.service'] || 'no known service', record['telltale.role']].filter(Boolean).join(', ');
  const basis = given.service === undefined && given.role === undefined && match !== undefined ? ` by ${match.evidence}` : '';
  const lines = [
    `${given.from}${tags.length > 0 ? ` (${tags.join(', ')})` : ''} → ${given.name ?? given.to} (${service}${basis}) on ${given.day}`,
    ...(place.scope === 'local'
      ? ['  the peer never leaves the monitored network: no policy is asked about it']
      : record['telltale.peer.sources'].map((source) => `  ${source}`)),
    ...hops.map((hop) => `  ${hopText(hop)}`),
    '',
  ];
  const set = new PolicySet(policies);
  set.decide(record, place.scope === 'local' ? undefined : peer, hops.filter(({ scope }) => scope !== 'local'));
  for (const one of set.policies) lines.push(`  ${`${one.id}@${one.version}`.padEnd(24)}${statement(one, record)}`);
  const verdict = record['telltale.policy.verdict'];
  const decided = verdict === '' ? 'no policy applies' : `${verdict} by ${record['telltale.policy.id']} (${record['telltale.policy.reason']})`;
  lines.push('', `verdict: ${decided}`);
  process.stdout.write(`${lines.join('\n')}\n`);
  return exitStatus.ok;
}

const obstacles = {
  'no service': 'does not apply: the peer belongs to no service of the catalogue',
  time: 'does not apply: it is not valid on that day',
  service: 'does not apply: it is not about this service',
  role: 'does not apply: it is not about this role',
  subject: 'does not apply: it is not about this subject',
  tags: 'does not apply: the subject does not have its tags',
  identifiers: 'does not apply: the flow shows none of its identifiers',
};

function statement(one: Policy, record: FlowRecord): string {
  const obstacle = one.obstacle(record);
  if (obstacle !== '') return obstacles[obstacle];
  const prefix = `${one.id}@${one.version} `;
  return (
    record['telltale.policy.decisions'].find((decision) => decision.startsWith(prefix))?.slice(prefix.length) ??
    'is not asked: nothing leaves the network'
  );
}

/** The policies; undefined when one has errors, which are printed. */
async function load(path: string | undefined, jurisdictions: string | undefined): Promise<Policy[] | undefined> {
  const context = await readPolicyContext(projectRoot, await readCatalogue(projectRoot), jurisdictions);
  try {
    return (await readPolicyFiles(projectRoot, path)).map(({ name, text }) => parsePolicy(text, name, context));
  } catch (error) {
    if (!(error instanceof LocatedError)) throw error;
    process.stdout.write(`${error.message}\n`);
    return undefined;
  }
}
