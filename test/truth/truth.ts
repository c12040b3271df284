import path from 'node:path';
import { Probed, readRows, type Row } from './rows.ts';

/*
 * `node dist/test/truth/truth.js FOLDER [--list]`: how much of what a folder's TRUTH.tsv lists is found, and what of that which must not be;
 * with `--list` everything that is recognised in the captures of the rows too, raw, to be judged by a person.
 */

const [folder, option] = process.argv.slice(2);
if (folder === undefined || (option !== undefined && option !== '--list')) {
  process.stderr.write('Usage: node dist/test/truth/truth.js FOLDER [--list]\nFOLDER holds TRUTH.tsv and the captures that it names.\n');
  process.exit(2);
}

const rows = readRows(folder);
const probed = new Probed(path.resolve(folder));
const outcome: Record<Row['expect'], { found: Row[]; not: Row[] }> = { report: { found: [], not: [] }, ignore: { found: [], not: [] } };
for (const row of rows) outcome[row.expect][(await probed.finds(row)) ? 'found' : 'not'].push(row);

const { report, ignore } = outcome;
const all = report.found.length + report.not.length;
const recall = all === 0 ? 1 : report.found.length / all;
process.stdout.write(
  `report: ${report.found.length} of ${all} found, recall ${recall.toFixed(3)}\n`
    + `ignore: ${ignore.found.length} of ${ignore.found.length + ignore.not.length} found\n`,
);
for (const row of report.not) process.stdout.write(`missed   ${describe(row)}\n`);
for (const row of ignore.found) process.stdout.write(`reported ${describe(row)}\n`);

if (option === '--list') {
  for (const file of new Set(rows.map((row) => row.file))) {
    for (const { observable, value } of (await probed.of(file)).recognised) {
      process.stdout.write(
        `${[observable.kind, value, file, observable.frame, observable.path, observable.encoding, observable.confidence].join('\t')}\n`,
      );
    }
  }
}
process.exitCode = recall >= 0.98 && ignore.found.length === 0 ? 0 : 1;

function describe({ file, frame, kind, value, encoding }: Row): string {
  return `${file}#${frame} ${kind} ${JSON.stringify(value)} (${encoding})`;
}
