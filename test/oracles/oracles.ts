import { join } from 'node:path';
import type { Answers, Topic } from './answers.ts';
import { readCapture } from './captures.ts';
import { compareCase, type Disagreement, type OracleCase } from './case.ts';
import { ndpiCases } from './ndpi.ts';
import { askNfdump, exportedFlows, withoutNfdump } from './nfdump.ts';
import { askProbe } from './probe.ts';
import { suricataCases } from './suricata.ts';
import { askTshark } from './tshark.ts';
import { zeekCases } from './zeek.ts';

const askedOfTshark: readonly Topic[] = [
  'http.request', 'http.host', 'http.status', 'dns.question', 'dns.address', 'tls.server_name', 'dtls.server_name', 'quic.server_name', 'tls.alpn',
  'stun.message', 'stun.type', 'stun.mapped', 'stun.relayed', 'stun.peer', 'stun.username', 'stun.realm', 'stun.software', 'sip.method',
  'sip.status', 'sip.from', 'sip.to', 'sip.address',
];

/** Most of the time is tshark's own: as many at a time as a small machine has cores. */
const concurrency = 2;

/**
 * Each topic of each capture in `files` (paths below `folder`) in which the probe or the oracle has something to say. Zeek's logs are mapped to
 * their traces by what is in `files`.
 */
export async function* compareAll(folder: string, files: readonly string[], oracles: readonly OracleCase['oracle'][]): AsyncGenerator<Disagreement> {
  const ours = new Map<string, Answers>();
  const expected: OracleCase[] = [];
  const answersOf = (file: string): Answers => {
    const answers = ours.get(file) ?? askProbe(readCapture(join(folder, file)));
    ours.set(file, answers);
    return answers;
  };
  if (oracles.includes('zeek')) {
    const traces = files.filter((file) => file.startsWith('zeek/Traces/'));
    expected.push(...zeekCases(folder, new Map(traces.map((file) => [file, answersOf(file)]))));
  }
  if (oracles.includes('suricata')) expected.push(...suricataCases(folder, files));
  if (oracles.includes('ndpi')) expected.push(...ndpiCases(folder, files));
  for (const one of expected) yield* compareCase(one, answersOf(one.file));
  if (oracles.includes('nfdump') && withoutNfdump() === false) yield* compareExports(folder, files);
  if (!oracles.includes('tshark')) return;
  for (let at = 0; at < files.length; at += concurrency) {
    const some = files.slice(at, at + concurrency);
    const answers = await Promise.all(some.map((file) => askTshark(join(folder, file))));
    for (const [index, theirs] of answers.entries()) {
      const file = some[index]!;
      yield* compareCase({ oracle: 'tshark', file, theirs, topics: askedOfTshark, isPartial: false, isDistinct: false }, answersOf(file));
      ours.delete(file);
    }
  }
}

async function* compareExports(folder: string, files: readonly string[]): AsyncGenerator<Disagreement> {
  for (const file of files.filter((name) => name.startsWith('netflow-from-pcap/'))) {
    const path = join(folder, file);
    yield* compareCase(
      { oracle: 'nfdump', file, theirs: await askNfdump(path), topics: ['flow'], isPartial: false, isDistinct: false },
      exportedFlows(path),
    );
  }
}
