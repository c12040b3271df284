import { join } from 'node:path';
import { Probed } from './rows.ts';
import { askForIdentifiers, type FirstTold } from './ask-tshark.ts';

/** What tshark tells of one field of one capture, and what of that the probe does not report. */
export interface FieldRecall {
  readonly file: string;
  readonly field: string;
  readonly told: number;
  readonly missed: readonly FirstTold[];
}

/** tshark's own time is most of it: as many at a time as a small machine has cores. */
const concurrency = 2;

/** Each field of each capture in `files` (paths below `folder`) of which tshark tells an identifier. */
export async function* compareIdentifiers(folder: string, files: readonly string[]): AsyncGenerator<FieldRecall> {
  for (let at = 0; at < files.length; at += concurrency) {
    const some = files.slice(at, at + concurrency);
    const answers = await Promise.all(some.map((file) => askForIdentifiers(join(folder, file))));
    for (const [index, told] of answers.entries()) if (told.length > 0) yield* compareFile(folder, some[index]!, told);
  }
}

async function* compareFile(folder: string, file: string, told: readonly FirstTold[]): AsyncGenerator<FieldRecall> {
  const { recognised } = await new Probed(folder).of(file);
  const ours = [...new Set(recognised.map(({ value }) => folded(value)))];
  const byField = Map.groupBy(told, ({ field }) => field);
  for (const [field, some] of byField) {
    yield { file, field, told: some.length, missed: some.filter(({ value }) => !ours.some((one) => isSame(one, folded(value)))) };
  }
}

/** The same in the spellings of two tools: case, blanks and quotes mean nothing. */
function folded(value: string): string {
  return value.normalize('NFKC').toLowerCase().replaceAll(/[\s"'{}<>]/g, '');
}

/** Whether ours is theirs, holds it (`sip:jane@…` the user `jane`), is most of it, or has the same hexadecimal digits. */
function isSame(ours: string, theirs: string): boolean {
  return (
    ours === theirs ||
    holds(ours, theirs) ||
    (ours.length * 2 >= theirs.length && holds(theirs, ours)) ||
    (hexadecimal.test(theirs) && digits(ours) === digits(theirs))
  );
}

const hexadecimal = /^[0-9a-f:.-]+$/;
const digits = (value: string): string => value.replaceAll(/[:.-]/g, '');

/** Whether `part` stands in `whole` with a sign, or nothing, on either side. */
function holds(whole: string, part: string): boolean {
  const at = part === '' ? -1 : whole.indexOf(part);
  return at >= 0 && !/[\p{L}\p{N}]/u.test(whole[at - 1] ?? '') && !/[\p{L}\p{N}]/u.test(whole[at + part.length] ?? '');
}
