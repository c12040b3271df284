/**
 * Prints how far the probe agrees with independent tools on real captures, topic by topic, and each disagreement that has not been reviewed.
 *
 * `node dist/test/oracles/agreement.js [--oracle tshark] [--topic http] [--only pattern] [--all] [--show] [FOLDER]`
 *
 * FOLDER holds the captures; without it, those beside the project or below TELLTALE_SHARED. `--all` lists the reviewed disagreements too, with their
 * reasons; `--show` adds the values in which they differ. Exits with 1 when a disagreement is not in the list of reviewed ones.
 */
import { parseArgs } from 'node:util';
import { capturesFolder, listCaptures } from './captures.ts';
import type { OracleCase } from './case.ts';
import { compareAll } from './oracles.ts';
import { reasonOf, review } from './reviewed.ts';
import { Totals } from './totals.ts';

const names: readonly OracleCase['oracle'][] = ['zeek', 'suricata', 'ndpi', 'nfdump', 'tshark'];
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    oracle: { type: 'string', default: '' }, topic: { type: 'string', default: '' }, only: { type: 'string', default: '' },
    all: { type: 'boolean', default: false }, show: { type: 'boolean', default: false },
  },
});
const folder = positionals[0] ?? capturesFolder;
const files = listCaptures(folder).filter((file) => new RegExp(values.only).test(file));
const totals = new Totals();
for await (const one of compareAll(folder, files, names.filter((name) => name.startsWith(values.oracle)))) {
  if (!one.topic.startsWith(values.topic)) continue;
  totals.add(one);
  const state = review(one);
  if (state === 'agreed' || (state === 'reviewed' && !values.all)) continue;
  console.log([one.oracle, one.topic, one.name, `-${one.missing.length}`, `+${one.extra.length}`, reasonOf(one)].join(' '));
  if (values.show)
    for (const [sign, list] of [
      ['-', one.missing],
      ['+', one.extra],
    ] as const)
      for (const value of list.slice(0, 5)) console.log(`    ${sign} ${value.slice(0, 120)}`);
}
console.log(totals.table());
process.exitCode = totals.unreviewed > 0 ? 1 : 0;
