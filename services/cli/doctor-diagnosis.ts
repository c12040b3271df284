/** What the doctor found of one part. */
export interface Diagnosis {
  readonly part: string;
  /** `warn`: it works, but somebody should know. `missing`: without a remedy what needs this part does not work. */
  readonly mark: 'ok' | 'warn' | 'missing';
  readonly found: string;
  /** What to do about it. */
  readonly remedy?: string;
}

/** Looks at one part. A look that throws has found the part missing: the error's message says why. */
export interface Look {
  readonly part: string;
  /** What to do when the look fails, beside what its error says. */
  readonly remedy?: string;
  look(): Promise<Omit<Diagnosis, 'part'>>;
}

const patienceMillis = 5_000;

/** Makes all looks at the same time, each with a bounded patience. */
export function diagnose(looks: readonly Look[]): Promise<Diagnosis[]> {
  return Promise.all(looks.map(diagnoseOne));
}

async function diagnoseOne({ part, remedy, look }: Look): Promise<Diagnosis> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${patienceMillis / 1000} seconds`)), patienceMillis);
  try {
    return { part, ...await Promise.race([look(), late.promise]) };
  } catch (error) {
    return { part, mark: 'missing', found: reasonOf(error), ...(remedy !== undefined && { remedy }) };
  } finally {
    clearTimeout(timer);
  }
}

/** The message of an error, or that of its cause where it only says that something failed. */
export function reasonOf(error: unknown): string {
  const { message, cause, code } = error as NodeJS.ErrnoException & { cause?: unknown };
  if (message === 'fetch failed' && cause !== undefined) return reasonOf(cause);
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (code === 'ECONNREFUSED') return 'nobody listens there (connection refused)';
  if (code === 'ENOTFOUND') return 'no such host';
  return message;
}

/** Lines of a report: a mark, the part (in `width` columns) and what was found, and below what to do. */
export function report(diagnoses: readonly Diagnosis[], width: number): string {
  const indent = ' '.repeat(2 + 'missing'.length + 2 + width + 2);
  return diagnoses.map(({ part, mark, found, remedy }) => {
    const lines = [`  ${mark.padEnd('missing'.length)}  ${part.padEnd(width)}  ${found.replaceAll('\n', `\n${indent}`)}`];
    if (remedy !== undefined) lines.push(`${indent}→ ${remedy}`);
    return lines.join('\n');
  }).join('\n');
}
