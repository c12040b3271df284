import { join } from 'node:path';
import { Probed } from './rows.ts';
import { askForIdentifiers, type FirstTold } from './ask-tshark.ts';

/** tshark's values of one field in one capture, and those of them that the probe does not report. */
export interface FieldRecall {
  readonly file: string;
  readonly field: string;
  readonly told: number;
  readonly missed: readonly FirstTold[];
}

/** Most of the time is tshark's own: as many at a time as a small machine has cores. */
const concurrency = 2;

/** Each field of each capture in `files` (paths below `folder`) in which tshark finds an identifier. */
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

/** Normalises the spellings of two tools: case, blanks and quotes are ignored. */
function folded(value: string): string {
  return value.normalize('NFKC').toLowerCase().replaceAll(/[\s"'{}<>]/g, '');
}

/** Whether our value equals theirs, contains it (`sip:jane@…` the user `jane`), is most of it, or has the same hexadecimal digits. */
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

/** Whether `part` occurs in `whole` between punctuation or ends of the text. */
function holds(whole: string, part: string): boolean {
  const at = part === '' ? -1 : whole.indexOf(part);
  return at >= 0 && !/[\p{L}\p{N}]/u.test(whole[at - 1] ?? '') && !/[\p{L}\p{N}]/u.test(whole[at + part.length] ?? '');
}
