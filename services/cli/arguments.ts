import { parseArgs, type ParseArgsConfig } from 'node:util';
import { nearest } from '#runtime';
import { UsageError } from './command.ts';

/** `parseArgs` in strict mode, with its errors turned into {@link UsageError}. */
export function parseArguments<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    const problem = (error as Error).message.split(/[.\n]( |$)/)[0]!;
    const unknown = /^Unknown option '(-[^']*)'/.exec(problem)?.[1];
    const known = ['help', ...Object.keys(config.options ?? {})].map((name) => `--${name}`);
    throw new UsageError(unknown === undefined ? problem : `${problem}${didYouMean(unknown, known)}`);
  }
}

/** `: did you mean scan?` for a word that resembles a known one, else nothing. */
export function didYouMean(word: string, known: readonly string[]): string {
  const meant = nearest(word, known);
  return meant === undefined ? '' : `: did you mean ${meant}?`;
}

/** Checks the word after a command that says what to do. @throws {UsageError} that lists those that there are */
export function actionOf<T extends string>(command: string, word: string | undefined, actions: readonly T[]): T {
  if (word === undefined) throw new UsageError(`${command} needs an action: ${listed(actions)}`);
  if ((actions as readonly string[]).includes(word)) return word as T;
  throw new UsageError(`${command} has no action ${JSON.stringify(word)}${didYouMean(word, actions) || `: expected ${listed(actions)}`}`);
}

/**
 * Refuses an option that the action would ignore: whoever gives it expects it to do something.
 * @param actions by option, the actions that take it; an option that is not listed goes with every action
 */
export function refuseIdle(
  command: string, action: string, values: Readonly<Record<string, unknown>>, actions: Readonly<Record<string, readonly string[]>>,
): void {
  for (const [option, takers] of Object.entries(actions))
    if (values[option] !== undefined && !takers.includes(action)) throw new UsageError(`${command} ${action} takes no --${option}: only ${listed(takers)} does`);
}

/** `lint, test or explain` */
function listed(words: readonly string[]): string {
  return words.join(', ').replace(/, ([^,]+)$/, ' or $1');
}

/** Checks that the value is one of the allowed words. @throws {UsageError} that lists them, after the one that it resembles */
export function oneOf<T extends string>(option: string, value: string, allowed: readonly T[]): T {
  if ((allowed as readonly string[]).includes(value)) return value as T;
  const meant = didYouMean(value, allowed);
  throw new UsageError(`${option} ${value}${meant === '' ? ': expected' : `${meant} Expected`} one of ${allowed.join(', ')}`);
}

/** Parses a number from 1 to `most`. @throws {UsageError} */
export function wholeNumber(option: string, value: string, most: number): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < 1 || number > most) throw new UsageError(`${option} ${value}: expected a number from 1 to ${most}`);
  return number;
}

/** Whether a text is a day that the calendar has, as `2026-08-01`: a date of JavaScript takes 2026-02-30 for a day in March. */
export function isDay(text: string): boolean {
  const millis = Date.parse(text);
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(millis) && new Date(millis).toISOString().startsWith(text);
}
