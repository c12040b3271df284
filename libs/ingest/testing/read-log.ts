import assert from 'node:assert/strict';
import { CaptureError } from '#capture';
import { generator } from '../../../test/support/random.ts';
import { IngestCounters, openLog, ZeekCertificates, type LocatedProblem, type LogEntry, type LogReader, type LogSource } from '../ingest.ts';

export interface ReadLog {
  entries: LogEntry[];
  counters: IngestCounters;
  problems: LocatedProblem[];
}

/** A log by itself. */
export function logSource(name: string, emit: LogSource['emit'], counters = new IngestCounters()): LogSource {
  return { name, counters, emit, certificates: new ZeekCertificates(counters) };
}

/** Reads a whole log, in chunks of `chunkBytes`. */
export function readLog(name: string, content: string | Buffer, chunkBytes = Infinity): ReadLog {
  const bytes = Buffer.from(content);
  const counters = new IngestCounters();
  const entries: LogEntry[] = [];
  const reader = openLog(bytes, logSource(name, (entry) => entries.push(entry), counters));
  assert.ok(reader, `${name} is not known as a log`);
  for (let at = 0; at < bytes.length; at += chunkBytes) reader.push(bytes.subarray(at, at + chunkBytes));
  reader.finish();
  return { entries, counters, problems: counters.takeLocated() };
}

/** Path and value of all fields of an entry. */
export function fieldsOf({ messages }: LogEntry): string[] {
  return messages.flatMap(({ fields }) => fields.map(({ path, value }) => `${path}=${value}`));
}

/**
 * Damages logs in `runs` ways, from a seed, and reads what comes out: nothing may throw, and lines that no damage touched still count.
 */
export function survivesDamage(samples: readonly (string | Buffer)[], runs: number): void {
  const { integer: below } = generator(0x7e117a1e);
  for (let run = 0; run < runs; run++) {
    let bytes = Buffer.from(samples[below(samples.length)]!);
    for (let edits = 1 + below(8); edits > 0; edits--) {
      const at = below(bytes.length);
      switch (below(4)) {
        case 0: bytes[at] = below(256); break;
        case 1: bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + below(40))]); break;
        case 2: bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(below(bytes.length), at), bytes.subarray(at)]); break;
        default: bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(odd[below(odd.length)]!), bytes.subarray(at)]);
      }
    }
    const emit = (entry: LogEntry): void => {
      assert.ok(Number.isSafeInteger(entry.micros) && Number.isSafeInteger(entry.startMicros), 'times are integers');
    };
    const reader = readerOf(bytes, logSource('damaged', emit));
    reader?.push(bytes);
    reader?.finish();
  }
}

/** Null also for a log that is known and cannot be read. */
function readerOf(bytes: Buffer, source: LogSource): LogReader | null {
  try {
    return openLog(bytes, source);
  } catch (error) {
    assert.ok(error instanceof CaptureError, String(error));
    return null;
  }
}

const odd = [
  '\n', '"', '{', '}', '[', ']', ':', ',', '\\', '\\u0000', '\t', '-', '1e400', '-1', 'null', '\0', '\xff', '99999999999999999999',
  '#fields\n', '::', '{}', '[]',
];
