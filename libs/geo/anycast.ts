import { Cidr } from './cidr.ts';
import { LocatedError, type Problem } from './located-yaml.ts';

export interface AnycastList {
  /** Day of the list, from its line `# version: 2026-08-01`; `''` when it has none. */
  version: string;
  prefixes: readonly { text: string; cidr: Cidr }[];
}

/**
 * Reads a list of anycast prefixes: one per line, alone or followed by a comma and more, as bgp.tools publishes them (`prefix,probe_ip`).
 * Empty lines, a heading that begins with `prefix`, and anything after a `#` are ignored.
 *
 * @throws LocatedError with every line that does not begin with a prefix.
 */
export function parseAnycast(text: string, file = 'anycast.csv'): AnycastList {
  const prefixes: { text: string; cidr: Cidr }[] = [];
  const problems: Problem[] = [];
  let version = '';
  for (const [i, line] of text.split('\n').entries()) {
    version ||= /^#\s*version:\s*(\S+)/.exec(line)?.[1] ?? '';
    const prefix = line.replace(/#.*/, '').split(',')[0]!.trim();
    if (prefix === '' || (i === 0 && prefix === 'prefix')) continue;
    const cidr = Cidr.parse(prefix);
    if (cidr !== undefined) prefixes.push({ text: prefix, cidr });
    else
      problems.push({
        file, line: i + 1, column: 1, severity: 'error', code: 'prefix',
        message: `"${prefix}" is not a prefix; expected one such as 192.0.2.0/24`,
      });
  }
  if (problems.length > 0) throw new LocatedError(problems);
  return { version, prefixes };
}
