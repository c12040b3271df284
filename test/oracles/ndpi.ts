import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AnswerList } from './answers.ts';
import type { OracleCase } from './case.ts';
import { ja4Digests } from './probe.ts';

/** JA4 fingerprints in nDPI's verdicts of its test captures; tshark of Debian bookworm makes none. */
export function ndpiCases(folder: string, files: readonly string[]): OracleCase[] {
  const cases: OracleCase[] = [];
  for (const file of files) {
    const result = join(folder, file.replace('ndpi/pcap/', 'ndpi/result/') + '.out');
    if (!file.startsWith('ndpi/pcap/') || !existsSync(result)) continue;
    const list = new AnswerList();
    for (const [, fingerprint] of readFileSync(result, 'latin1').matchAll(/\[JA4: ([a-z0-9_]+)\]/g))
      list.add('tls.ja4.digests', ja4Digests(fingerprint!));
    if (list.answers.size > 0)
      cases.push({ oracle: 'ndpi', file, theirs: list.answers, topics: ['tls.ja4.digests'], isPartial: true, isDistinct: true });
  }
  return cases;
}
