/**
 * Suricata on the same capture: `TELLTALE_SURICATA` is its command; `TELLTALE_SURICATA_ROOT` the folder that it takes for `/`, where it runs in one.
 */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { catalogue } from '#identifiers';
import { timed, type Measured } from './timed.ts';

export const suricataCommand = process.env['TELLTALE_SURICATA']?.split(' ');
const root = process.env['TELLTALE_SURICATA_ROOT'] ?? '';

export class Suricata {
  readonly #folder: string;
  readonly #inside: string;
  readonly rules: number;

  constructor(capture: string) {
    mkdirSync(path.join(root, '/tmp'), { recursive: true });
    this.#folder = mkdtempSync(path.join(root, '/tmp/telltale-bench-'));
    this.#inside = this.#folder.slice(root.length);
    copyFileSync(capture, this.#file('capture.pcap'));
    writeFileSync(this.#file('suricata.yaml'), onlyProtocols(readFileSync(path.join(root, '/etc/suricata/suricata.yaml'), 'utf8')));
    const rules = identifierRules();
    this.rules = rules.length;
    writeFileSync(this.#file('identifiers.rules'), rules.join('\n'));
    writeFileSync(this.#file('none.rules'), '');
  }

  /** Runs it midstream with EVE of flow, http, dns and tls, and with our identifiers as rules or no rules. */
  run(rules: 'identifiers' | 'none'): Measured {
    rmSync(this.#file('log'), { recursive: true, force: true });
    mkdirSync(this.#file('log'), { mode: 0o777 });
    return timed([
      ...suricataCommand!, '-c', `${this.#inside}/suricata.yaml`, '-r', `${this.#inside}/capture.pcap`, '-l', `${this.#inside}/log`, '-S',
      `${this.#inside}/${rules}.rules`,
      '-k', 'none', '--runmode', 'single', '--set', 'stream.midstream=true', '--set', 'stream.async-oneside=true',
    ]);
  }

  /** EVE events of the last run. */
  events(): Record<string, unknown>[] {
    return readFileSync(this.#file('log/eve.json'), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }

  #file(name: string): string {
    return path.join(this.#folder, name);
  }
}

/** The configuration that Suricata ships, reduced to the event types that correspond to our records. */
function onlyProtocols(configuration: string): string {
  const start = configuration.indexOf('\n      types:', configuration.indexOf('- eve-log:'));
  const rest = configuration.slice(start + 1).split('\n');
  const end = rest.findIndex((line, at) => at > 0 && /^ {0,2}\S/.test(line));
  return `${configuration.slice(0, start)}\n      types:\n        - flow\n        - http\n        - dns\n        - tls:\n`
    + `            extended: yes\n${rest.slice(end).join('\n')}`;
}

/** A rule per name of an identifier: its longest word as content, which Suricata looks for in all rules at once, then the name with a value. */
function identifierRules(): string[] {
  return catalogue.flatMap(({ name, keys }) => keys.map((key) => ({ name, words: key.replace(/^\*_/, '').split('_') }))).map(
    ({ name, words }, index) => {
      const longest = words.toSorted((a, b) => b.length - a.length)[0]!;
      return `alert ip any any -> any any (msg:"${name}"; content:"${longest}"; nocase; `
        + `pcre:"/${words.join('[_-]?')}[\\x22\\x27]?\\s?[=\\x3a]\\s?[\\x22\\x27]?[\\w.@-]{3,}/i"; sid:${1_000_001 + index};)`;
    },
  );
}
