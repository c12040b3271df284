/**
 * The whole probe on one core: decode, dissect, recognise, tokenise, encode for the wire, write to a file; compared with other tools on the
 * same capture. Medians of the rounds, in which the commands run in turn, of CPU time: on a busy machine its ratios change little.
 *
 * `node dist/test/bench/probe.js <capture> [--rounds 3] [--smaller <capture with fewer copies>] [--write | --compare]`
 *
 * tshark is compared with where it is installed, Suricata where `TELLTALE_SURICATA` names its command (see probe/suricata.ts). `--write`
 * keeps the ratios in test/bench/probe.baseline.json; `--compare` fails where one is a fifth worse than there. `--flows N` instead of a
 * capture: N distinct flows are made up, to see that the tables keep their bounds. `--profile folder` writes a CPU profile of one run.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { nodeEnvironment, probeHeapOptions } from '../support/node-settings.ts';
import { Distinct } from './probe/distinct.ts';
import type { ProbeRun } from './probe/run.ts';
import { Suricata, suricataCommand } from './probe/suricata.ts';
import { timed, type Measured } from './probe/timed.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' }, smaller: { type: 'string' }, flows: { type: 'string' }, profile: { type: 'string' },
    write: { type: 'boolean', default: false }, compare: { type: 'boolean', default: false },
  },
});
const runFile = path.join(import.meta.dirname, 'probe', 'run.js');
const baselineFile = path.join(import.meta.dirname, '../../../test/bench/probe.baseline.json');

/** Ratios for which less is better. */
const costs = new Set(['rssOverSuricata', 'rssOverSmaller', 'twoWorkersCost', 'twoWorkersImbalance']);
type Ratios = Record<string, number>;

if (values.flows) {
  for (const flows of [Math.round(Number(values.flows) / 10), Number(values.flows)]) {
    const { rssBytes, seconds, packets } = runProbe(['--flows', String(flows)]);
    console.log(`${flows} flows: peak RSS ${mebibytes(rssBytes)}, ${rate(packets, seconds)}`);
  }
} else {
  const [capture] = positionals;
  if (capture === undefined || !existsSync(capture)) throw new Error('which capture? see the head of this file');
  const ratios = compare(capture);
  console.log(JSON.stringify(ratios));
  if (values.write) writeFileSync(baselineFile, `${JSON.stringify(ratios, null, 2)}\n`);
  if (values.compare) compareWithBaseline(ratios);
}

function compare(capture: string): Ratios {
  const hasTshark = spawnSync('tshark', ['--version']).status === 0;
  const suricata = suricataCommand === undefined ? undefined : new Suricata(capture);
  const probe: ProbeRun[] = [];
  const others: Record<'tshark' | 'suricata' | 'rules', Measured[]> = { tshark: [], suricata: [], rules: [] };
  for (let round = 0; round < Number(values.rounds); round++) {
    probe.push(runProbe([capture]));
    if (hasTshark) others.tshark.push(runTshark(capture));
    if (suricata) others.rules.push(suricata.run('identifiers'));
    // Last, since its events are read below.
    if (suricata) others.suricata.push(suricata.run('none'));
  }
  const { packets, records, bytes, rssBytes } = probe[0]!;
  const seconds = median(probe.map((run) => run.seconds));
  const ratios: Ratios = {};
  console.log(`probe: ${rate(packets, seconds)}; ${records} records in ${bytes} bytes; peak RSS ${mebibytes(rssBytes)}`);
  const over = (name: string, title: string, runs: readonly Measured[]): void => {
    if (runs.length === 0) return;
    const other = median(runs.map((run) => run.seconds));
    ratios[name] = rounded(other / seconds);
    console.log(`${title}: ${rate(packets, other)}; peak RSS ${mebibytes(runs[0]!.rssBytes)}; the probe is ${ratios[name]} times as fast`);
  };
  over('overTshark', 'tshark -T fields', others.tshark);
  over('overSuricata', 'Suricata EVE, midstream', others.suricata);
  over('overSuricataWithRules', `Suricata with ${suricata?.rules} identifier rules`, others.rules);
  if (suricata) {
    ratios['rssOverSuricata'] = rounded(rssBytes / others.suricata[0]!.rssBytes);
    const seen = new Distinct();
    for (const event of suricata.events()) seen.event(event);
    console.log(`seen by the probe: ${runProbe([capture, '--distinct']).distinct}; by Suricata: ${seen}`);
    suricata.remove();
  }
  if (values.smaller) ratios['rssOverSmaller'] = rounded(rssBytes / runProbe([values.smaller]).rssBytes);
  const two = rounds(() => runProbe([capture, '--workers', '2'], '0,1'));
  ratios['twoWorkersCost'] = rounded(median(two.map((run) => run.seconds)) / seconds);
  ratios['twoWorkersImbalance'] = rounded(median(two.map(({ workerSeconds }) => Math.max(...workerSeconds) / Math.min(...workerSeconds))));
  const elapsed = median(two.map((run) => run.elapsed));
  ratios['twoWorkers'] = rounded(median(probe.map((run) => run.elapsed)) / elapsed);
  // Compilation and garbage collection of a single worker run on the second core where it has one.
  ratios['twoWorkersOverHelpedOne'] = rounded(median(rounds(() => runProbe([capture], '0,1').elapsed)) / elapsed);
  return ratios;
}

function rounds<T>(run: () => T): T[] {
  return Array.from({ length: Number(values.rounds) }, run);
}

function compareWithBaseline(ratios: Ratios): void {
  const baseline = JSON.parse(readFileSync(baselineFile, 'utf8')) as Ratios;
  for (const [name, expected] of Object.entries(baseline)) {
    const now = ratios[name];
    if (now === undefined) continue;
    const isWorse = costs.has(name) ? now > expected * 1.2 : now < expected / 1.2;
    console.log(`${name}: ${now}, baseline ${expected}${isWorse ? ': WORSE' : ''}`);
    if (isWorse) process.exitCode = 1;
  }
}

/** Runs the probe in its own process, so that RSS and compiled code are those of one run, with the settings of memory that bin/telltale has. */
function runProbe(args: readonly string[], cores = '0'): ProbeRun {
  const folder = mkdtempSync(path.join(tmpdir(), 'telltale-bench-'));
  try {
    const profile = values.profile ? ['--cpu-prof', `--cpu-prof-dir=${values.profile}`] : [];
    const environment = Object.entries(nodeEnvironment).map(([name, value]) => `${name}=${value}`);
    const node = ['env', ...environment, process.execPath, ...probeHeapOptions];
    return JSON.parse(timed([...node, ...profile, runFile, ...args, '--output', path.join(folder, 'records')], cores).stdout) as ProbeRun;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Asks tshark for fields of the protocols that the probe reads, in both directions, with TCP reassembly. */
function runTshark(capture: string): Measured {
  const fields = [
    'frame.number', 'frame.time_epoch', 'ip.src', 'ip.dst', 'ipv6.src', 'ipv6.dst', 'tcp.srcport', 'tcp.dstport', 'udp.srcport', 'udp.dstport',
    'http.request.method', 'http.host', 'http.request.uri', 'http.user_agent', 'http.cookie', 'http.response.code', 'dns.qry.name', 'dns.a',
    'dns.aaaa',
    'tls.handshake.extensions_server_name', 'stun.att.username', 'stun.att.ipv4', 'quic.version',
  ];
  return timed(['tshark', '-n', '-r', capture, '-T', 'fields', ...fields.flatMap((field) => ['-e', field])]);
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;
}

function rounded(ratio: number): number {
  return Number(ratio.toPrecision(2));
}

function rate(packets: number, seconds: number): string {
  return `${seconds.toFixed(2)} s, ${Math.round(packets / seconds / 1000)} k packets/s`;
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
