/** A part without which the service cannot do its work. */
export interface Check {
  readonly name: string;
  /** Ends without an error when the part can be used; else throws an error that says what is missing. */
  check(): Promise<void> | void;
}

export interface CheckResult {
  readonly name: string;
  readonly ok: boolean;
  /** What is missing. */
  readonly reason?: string;
}

const patienceMillis = 2000;

/** Runs all checks at the same time; one that does not answer within 2 s has failed. */
export function runChecks(checks: readonly Check[]): Promise<CheckResult[]> {
  return Promise.all(checks.map(runCheck));
}

async function runCheck(check: Check): Promise<CheckResult> {
  const { name } = check;
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${patienceMillis} ms`)), patienceMillis);
  try {
    await Promise.race([(async () => check.check())(), late.promise]);
    return { name, ok: true };
  } catch (error) {
    return { name, ok: false, reason: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}
