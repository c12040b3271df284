/** What the doctor found out about one part. */
export interface Diagnosis {
  readonly part: string;
  /** `warn`: it works, but something needs attention. `missing`: whatever needs this part does not work. */
  readonly mark: 'ok' | 'warn' | 'missing';
  readonly found: string;
  /** What to do about it. */
  readonly remedy?: string;
}

/** A check of one part. If it throws, the part is missing, and the error's message says why. */
export interface Look {
  readonly part: string;
  /** What to do when the check fails, in addition to what its error says. */
  readonly remedy?: string;
  look(): Promise<Omit<Diagnosis, 'part'>>;
}

/** Runs all checks concurrently. */
export function diagnose(looks: readonly Look[]): Promise<Diagnosis[]> {
  return Promise.all(looks.map(diagnoseOne));
}

async function diagnoseOne({ part, remedy, look }: Look): Promise<Diagnosis> {
  try {
    return { part, ...await look() };
  } catch (error) {
    return { part, mark: 'missing', found: reasonOf(error), ...(remedy !== undefined && { remedy }) };
  }
}

const patienceMillis = 5_000;

/** The answer of another machine, or an error when it takes longer than 5 s. */
export async function patiently<T>(answer: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`there was no answer within ${patienceMillis / 1000} seconds`)), patienceMillis);
  try {
    return await Promise.race([answer, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** The message of an error, or that of its cause if it only says that something failed. */
export function reasonOf(error: unknown): string {
  const { message, cause, code } = error as NodeJS.ErrnoException & { cause?: unknown };
  if (message === 'fetch failed' && cause !== undefined) return reasonOf(cause);
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (code === 'ECONNREFUSED') return 'nothing listens there (connection refused)';
  if (code === 'ENOTFOUND') return 'there is no such host';
  return message;
}

/** Lines of a report: a mark, the part (in `width` columns) and what was found, with the remedy below. */
export function report(diagnoses: readonly Diagnosis[], width: number): string {
  const indent = ' '.repeat(2 + 'missing'.length + 2 + width + 2);
  return diagnoses.map(({ part, mark, found, remedy }) => {
    const lines = [`  ${mark.padEnd('missing'.length)}  ${part.padEnd(width)}  ${found.replaceAll('\n', `\n${indent}`)}`];
    if (remedy !== undefined) lines.push(`${indent}→ ${remedy}`);
    return lines.join('\n');
  }).join('\n');
}
