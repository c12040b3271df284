import { pino, stdTimeFunctions, type Logger } from 'pino';

export type { Logger } from 'pino';

export interface LoggerOptions {
  /** Name of the service, on every line. */
  readonly name: string;
  /** Lowest level that is logged: `trace` … `fatal`, `silent`. */
  readonly level?: string;
  /** `auto`: human-readable if stderr is a terminal, else JSON. */
  readonly format?: 'auto' | 'json' | 'text';
  /** Texts that no line may contain, such as those of `secretsOf(schema, configuration)`. */
  readonly secrets?: readonly string[];
  /** Destination of the lines; stderr by default. */
  readonly destination?: { write(line: string): unknown };
}

/** A structured logger on stderr. Lines are written synchronously, so that none is lost when the process dies. */
export function createLogger(options: LoggerOptions): Logger {
  const { name, level = 'info', format = 'auto' } = options;
  const destination = options.destination ?? pino.destination({ fd: 2, sync: true });
  const forPerson = format === 'text' || (format === 'auto' && !options.destination && process.stderr.isTTY);
  const hide = redaction(options.secrets ?? []);
  return pino(
    { name, level, base: { pid: process.pid }, timestamp: stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } },
    { write: (line: string) => void destination.write(hide(forPerson ? textLine(line) : line)) },
  );
}

/** Replaces each secret, both verbatim and JSON-escaped. */
function redaction(secrets: readonly string[]): (line: string) => string {
  const forms = secrets.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)]).filter((form) => form !== '');
  // Longest first, in case a secret is part of another.
  const longestFirst = [...new Set(forms)].toSorted((a, b) => b.length - a.length);
  return (line) => longestFirst.reduce((text, form) => text.replaceAll(form, '[secret]'), line);
}

const colours: Record<string, string> = { warn: '\x1b[33m', error: '\x1b[31m', fatal: '\x1b[31m' };

/**
 * Formats a JSON line for a person: `12:00:01 warn  alerter: message: reason key=value`. For errors that indicate a programming mistake, the stack
 * follows below; JSON lines contain all stacks.
 */
function textLine(json: string): string {
  const {
    level,
    time,
    pid: _,
    name,
    msg = '',
    err,
    ...rest
  } = JSON.parse(json) as Record<string, unknown> & { err?: LoggedError };
  const colour = process.stderr.isTTY ? colours[String(level)] : undefined;
  const fields = Object.entries(rest).map(([key, value]) => ` ${key}=${plain(value)}`).join('');
  const { message, stack = '' } = err ?? {};
  const isMistake = /^(?:caused by: )?(?:Type|Range|Reference|Syntax|Assertion)Error\b/m.test(stack);
  const reason = message && !isMistake ? `: ${message}` : '';
  const line = `${String(time).slice(11, 19)} ${String(level).padEnd(5)} ${String(name)}: ${String(msg)}${reason}${fields}`;
  return `${colour ? `${colour}${line}\x1b[0m` : line}${isMistake ? `\n${stack.replace(/^/gm, '  ')}` : ''}\n`;
}

interface LoggedError {
  stack?: string;
  message?: string;
}

function plain(value: unknown): string {
  return typeof value === 'string' && !/[\s="]/.test(value) ? value : JSON.stringify(value);
}
