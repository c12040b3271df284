import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { FlowRecord } from '#flow';
import type { Recognised } from '#identifiers';
import { probeFile } from '../support/scan.ts';

/** A line of TRUTH.tsv: a value in a packet of a capture, found by hand, and whether it has to be reported. */
export interface Row {
  readonly file: string;
  readonly frame: number;
  readonly kind: string;
  readonly value: string;
  /** How it is encoded on the wire. */
  readonly encoding: string;
  readonly expect: 'report' | 'ignore';
}

/** The rows of a folder of captures. */
export function readRows(folder: string): Row[] {
  return readFileSync(path.join(folder, 'TRUTH.tsv'), 'utf8').trim().split('\n').slice(1).map((line) => {
    const [file, frame, kind, value, encoding, expect] = line.split('\t') as [string, string, string, string, string, Row['expect']];
    return { file, frame: Number(frame), kind, value, encoding, expect };
  });
}

/** What the probe reports for a capture. */
interface Told {
  readonly recognised: readonly Recognised[];
  readonly records: readonly FlowRecord[];
}

/** Reads captures as the probe does, each once. */
export class Probed {
  readonly #folder: string;
  readonly #told = new Map<string, Promise<Told>>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  of(file: string): Promise<Told> {
    let told = this.#told.get(file);
    if (told === undefined) {
      told = probeFile({ path: path.join(this.#folder, file), name: path.basename(file), size: 0, found: false });
      this.#told.set(file, told);
    }
    return told;
  }

  /** Whether the row's value is reported with its packet, or with the one that completes it. */
  async finds(row: Row): Promise<boolean> {
    const { recognised, records } = await this.of(row.file);
    if (row.kind.startsWith('vendor_host')) {
      return records.some(
        (record) =>
          record['telltale.evidence.frame'] === row.frame &&
          [record['destination.domain'], record['tls.client.server_name'], record['dns.question.name']].includes(row.value),
      );
    }
    const wanted = spellingsOf(row);
    return recognised.some(({ observable, value }) => {
      if (observable.frame === row.frame) return wanted.some((one) => value.includes(one) || (value.length >= 4 && one.includes(value)));
      const isCompletion = observable.frame > row.frame && observable.frame <= row.frame + mostFollowing;
      return isCompletion && wanted.some((one) => value.length > one.length && value.startsWith(one));
    });
  }
}

/** A row may have only the part of a value that its packet holds; an observable has the number of the packet that completes it. */
const mostFollowing = 3;

/** A row may include a key, a command, or only the beginning of a value; and has hexadecimal bytes where the observable has an address. */
function spellingsOf({ value, encoding }: Row): string[] {
  const spellings = [value, value.replace(/^\w+="?/, '')];
  if (encoding === 'hex' && /^[0-9a-f]{4,8}$/i.test(value))
    spellings.push(`${[...Buffer.from(value, 'hex')].join('.')}.`.replace(/^((?:\d+\.){4}).*$/, '$1'));
  return spellings.filter((one) => one !== '');
}
