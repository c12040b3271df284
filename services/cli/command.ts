import { fileProblem } from '../file-problem.ts';

/** A command of `telltale`. */
export interface Command {
  /** What `telltale NAME --help` prints. */
  help: string;
  /** @returns the exit status */
  run(args: string[]): Promise<number>;
}

/** Exit statuses, as the help states them. */
export const exitStatus = { ok: 0, failed: 1, unusable: 2, findingAtLevel: 3 } as const;

/** Something that an argument names cannot be used: exit status 2, with the message. */
export class UnusableError extends Error {}

/** The arguments themselves cannot be used: exit status 2, with the message and a pointer to the help. */
export class UsageError extends UnusableError {}

/** What is wrong with a file that an argument named, according to the system; undefined when the error is about something else. */
export function namedFileProblem(error: unknown): string | undefined {
  const { path, syscall, message } = error as NodeJS.ErrnoException;
  const problem = fileProblem(error);
  if (problem === undefined) return undefined;
  if (syscall === undefined) return message; // one of our own errors, whose message says more
  return path === undefined ? problem : `${path}: ${problem}`;
}
