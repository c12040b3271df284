/**
 * The whole probe on one core: decode, dissect, recognise, tokenise, encode for the wire, write to a file; beside tshark on the
 * same capture. Medians of the rounds, which alternate, of CPU time: on one pinned core it is the time that passes, and a busy
 * machine does not change it.
 *
 * `node dist/test/bench/probe.js <capture> [--rounds 3] [--against tshark|none] [--smaller <capture with fewer copies>]`
 *
 * With `--smaller`, the peak RSS on both captures is compared. Pins itself with taskset where that exists.
 * `--flows N` instead of a capture: N distinct flows are made up, to see that the tables keep their bounds.
 * `--profile folder` writes a CPU profile of one run.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { ProbeRun } from './probe/run.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' }, against: { type: 'string', default: 'tshark' }, smaller: { type: 'string' },
    flows: { type: 'string' }, profile: { type: 'string' },
  },
});
const worker = path.join(import.meta.dirname, 'probe', 'run.js');
const isPinnable = spawnSync('taskset', ['--version']).status === 0;

if (values.flows) {
  for (const flows of [Math.round(Number(values.flows) / 10), Number(values.flows)]) {
    const { rssBytes, seconds, packets } = runProbe(['--flows', String(flows)]);
    console.log(`${flows} flows: peak RSS ${mebibytes(rssBytes)}, ${rate(packets, seconds)}`);
  }
} else {
  const [capture] = positionals;
  if (capture === undefined || !existsSync(capture)) throw new Error('which capture? see the head of this file');
  compare(capture);
}

function compare(capture: string): void {
  const probe: ProbeRun[] = [];
  const tshark: number[] = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    probe.push(runProbe([capture]));
    if (values.against === 'tshark') tshark.push(runTshark(capture));
  }
  const { packets, records, bytes, rssBytes } = probe[0]!;
  const seconds = median(probe.map((run) => run.seconds));
  console.log(`${path.basename(capture)}: ${packets} packets, ${statSync(capture).size} bytes${isPinnable ? ', one pinned core' : ''}`);
  console.log(`probe: ${rate(packets, seconds)}; ${records} records in ${bytes} bytes; peak RSS ${mebibytes(rssBytes)}`);
  if (tshark.length > 0) console.log(`tshark -T fields: ${rate(packets, median(tshark))}; ratio ${(median(tshark) / seconds).toFixed(1)}`);
  if (values.smaller) {
    const smaller = runProbe([values.smaller]);
    console.log(`peak RSS on ${path.basename(values.smaller)}: ${mebibytes(smaller.rssBytes)}; ratio ${(rssBytes / smaller.rssBytes).toFixed(2)}`);
  }
}

/** In a process of its own, so that RSS and compiled code are those of one run. */
function runProbe(args: readonly string[]): ProbeRun {
  const folder = mkdtempSync(path.join(tmpdir(), 'telltale-bench-'));
  try {
    const profile = values.profile ? ['--cpu-prof', `--cpu-prof-dir=${values.profile}`] : [];
    const { stdout, stderr, status } = spawnPinned(process.execPath, [...profile, worker, ...args, '--output', path.join(folder, 'records')]);
    if (status !== 0) throw new Error(stderr);
    return JSON.parse(stdout) as ProbeRun;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The fields of the same protocols that the probe reads, in both directions, with TCP streams put together. */
function runTshark(capture: string): number {
  const fields = [
    'frame.number', 'frame.time_epoch', 'ip.src', 'ip.dst', 'ipv6.src', 'ipv6.dst', 'tcp.srcport', 'tcp.dstport', 'udp.srcport', 'udp.dstport',
    'http.request.method', 'http.host', 'http.request.uri', 'http.user_agent', 'http.cookie', 'http.response.code', 'dns.qry.name', 'dns.a', 'dns.aaaa',
    'tls.handshake.extensions_server_name', 'stun.att.username', 'stun.att.ipv4', 'quic.version',
  ];
  const { status, stderr, stdout } = spawnPinned('sh', ['-c', 'tshark -n -r "$1" -T fields $2 > /dev/null && times', 'sh', capture, fields.map((field) => `-e ${field}`).join(' ')]);
  if (status !== 0) throw new Error(`tshark: ${stderr}`);
  // POSIX times: user and system of the shell, then of its children.
  const children = stdout.trim().split('\n')[1]!;
  return [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0);
}

function spawnPinned(command: string, args: readonly string[]) {
  const [first, ...rest] = isPinnable ? ['taskset', '-c', '0', command, ...args] : [command, ...args];
  return spawnSync(first!, rest, { encoding: 'utf8' });
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;
}

function rate(packets: number, seconds: number): string {
  return `${seconds.toFixed(2)} s, ${Math.round(packets / seconds / 1000)} k packets/s`;
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
