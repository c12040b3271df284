/** A part that the service needs for its work. */
export interface Check {
  readonly name: string;
  /** Resolves if the part can be used, perhaps with a warning; else throws an error that says what is missing. */
  check(): Promise<string | void> | string | void;
}

export interface CheckResult {
  readonly name: string;
  readonly ok: boolean;
  /** The warning about a part that can be used. */
  readonly warning?: string;
  /** What is missing. */
  readonly reason?: string;
}

const patienceMillis = 2000;

/** Runs all checks concurrently; one that does not answer within 2 s has failed. */
export function runChecks(checks: readonly Check[]): Promise<CheckResult[]> {
  return Promise.all(checks.map(runCheck));
}

async function runCheck(check: Check): Promise<CheckResult> {
  const { name } = check;
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`there was no answer within ${patienceMillis} ms`)), patienceMillis);
  try {
    const warning = await Promise.race([(async () => check.check())(), late.promise]);
    return { name, ok: true, ...(warning && { warning }) };
  } catch (error) {
    return { name, ok: false, reason: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}
