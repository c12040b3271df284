import { levels, type Finding, type Level } from '#flow';
import { columns, identifiers, place, several } from './table.ts';

/** Most distinct leaks that are kept; findings of further ones are only counted. */
const maxLeaks = 1000;
/** How many of them a summary shows, the most severe first. */
const shownLeaks = 40;

interface Leak {
  readonly level: Level;
  readonly rule: string;
  readonly what: string;
  readonly from: string;
  readonly to: string;
  times: number;
}

/** What leaked, from whom to where, by which rule: findings that differ in none of these are one leak with a count. */
export class Leaks {
  findings = 0;
  readonly #byLevel = new Map<string, number>();
  readonly #leaks = new Map<string, Leak>();
  #unlisted = 0;

  add(findings: readonly Finding[]): void {
    for (const finding of findings) {
      this.findings++;
      this.#byLevel.set(finding['event.severity_name'], (this.#byLevel.get(finding['event.severity_name']) ?? 0) + 1);
      const leak = leakOf(finding);
      const key = [leak.rule, leak.what, leak.from, leak.to].join('\0');
      const known = this.#leaks.get(key);
      if (known) known.times++;
      else if (this.#leaks.size < maxLeaks) this.#leaks.set(key, leak);
      else this.#unlisted++;
    }
  }

  /** Whether a finding had this level or a higher one. */
  reaches(level: Level): boolean {
    return levels.slice(levels.indexOf(level)).some((one) => this.#byLevel.has(one));
  }

  /** `5 findings (2 high, 3 medium):` */
  headline(): string {
    if (this.findings === 0) return 'No findings.';
    const parts = levels.toReversed().filter((level) => this.#byLevel.has(level)).map((level) => `${this.#byLevel.get(level)} ${level}`);
    return `${count(this.findings, 'finding')} (${parts.join(', ')}):`;
  }

  /** The leaks, the most severe first, indented, for a terminal of `width` columns. */
  table(width: number): string {
    const leaks = [...this.#leaks.values()].toSorted((a, b) => levels.indexOf(b.level) - levels.indexOf(a.level));
    const rows = leaks
      .slice(0, shownLeaks)
      .map(({ level, rule, what, from, to, times }) => [level, rule, what, from, to, times > 1 ? `${times} times` : '']);
    const table = columns(['LEVEL', 'RULE', 'WHAT', 'FROM', 'TO', ''], rows, width - indentation.length);
    const hidden = leaks.slice(shownLeaks).reduce((sum, { times }) => sum + times, this.#unlisted);
    return indent(hidden > 0 ? `${table}\n… and ${count(hidden, 'further finding')}` : table);
  }
}

function leakOf(finding: Finding): Leak {
  const unlocated = finding['telltale.peer.unlocated'] === 'local' ? 'local' : 'unknown country';
  const whose = [finding['telltale.service'], finding['telltale.peer.located'] || unlocated].filter(Boolean).join(', ');
  return {
    level: finding['event.severity_name'] as Level,
    rule: finding['rule.name'],
    what: finding['telltale.observable.kind'] ? identifiers(finding) : place(finding),
    from: finding['telltale.subject.ip'] || several,
    to: `${finding['destination.domain'] || finding['telltale.peer.ip']} (${whose})`,
    times: 1,
  };
}

/** `1 packet`, `2,400 packets`. */
export function count(number: number, noun: string, nouns = `${noun}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? noun : nouns}`;
}

const indentation = '  ';

function indent(text: string): string {
  return text.split('\n').map((line) => `${indentation}${line}`).join('\n');
}
