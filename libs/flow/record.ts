import { flowFields, findingFields, findingFlowFields, type FieldType } from './fields.ts';

/** An identifier that was readable in the bytes. It never carries the value. */
export interface Observable {
  /** Kind from the identifier catalogue: `user_id`, `room_id`, `email`, `imei`, … */
  kind: string;
  /** Where it was: `url.query.uid`, `http.request.body.json.room.id`, `udp.payload@12`. */
  path: string;
  /** Encodings around it, outermost first, joined by `>`: `url>base64`. Empty is none. */
  encoding: string;
  /** `cleartext`: anyone on the path can read it. `inspected`: readable only to the company's own inspection. */
  visibility: 'cleartext' | 'inspected';
  /** Confidence in the kind, percent. */
  confidence: number;
  /** The value with all but a few characters hidden, `35******9`. */
  mask: string;
  /** Keyed token of the value (HMAC-SHA-256, with key id). */
  token: string;
  /** Who sent it: the `source` or the `destination` of the flow. */
  sender: 'source' | 'destination';
  /** Number (from 1) of the packet whose bytes complete it; 0 when the source has no packets. */
  frame: number;
  /** Name of the watchlist that holds the value; empty when none does. */
  watchlist: string;
}

type ValueOf<T extends FieldType> =
  T extends 'string' ? string : T extends 'strings' ? readonly string[] : T extends 'observables' ? readonly Observable[] : number;
type RecordOf<Table extends Record<string, { type: FieldType }>> = { -readonly [Name in keyof Table]: ValueOf<Table[Name]['type']> };

/** What the probe reports about a flow, or about one application message in it; the detector adds its answers in place. */
export type FlowRecord = RecordOf<typeof flowFields>;
export type FlowField = keyof FlowRecord;

/** Sigma's levels, least first. */
export const levels = ['informational', 'low', 'medium', 'high', 'critical'] as const;
export type Level = (typeof levels)[number];

/** A rule that matched, with the evidence and the versions that produced it. One flat object. */
export type Finding = RecordOf<typeof findingFields> & Pick<FlowRecord, (typeof findingFlowFields)[number]>;

/** Zero values as source text; `none` is the empty list. */
const zeroTexts: Readonly<Record<FieldType, string>> = { string: "''", strings: 'none', count: '0', micros: '0', observables: 'none' };

const emptyFlowRecord = zeroValues(flowFields) as FlowRecord;
const emptyFinding = zeroValues({ ...findingFields, ...pick(flowFields, findingFlowFields) }) as Finding;

/**
 * A record with every field at its zero value. All records share one hidden class, so that property reads stay monomorphic, and share their
 * empty lists.
 */
export function createFlowRecord(): FlowRecord {
  return { ...emptyFlowRecord };
}

/** A finding about `record`, its own fields still at their zero values. */
export function createFinding(record: FlowRecord): Finding {
  const finding = { ...emptyFinding };
  for (const name of findingFlowFields) (finding as Record<string, unknown>)[name] = record[name];
  finding['@timestamp'] = record['@timestamp'];
  finding['event.created'] = record['event.created'];
  finding['telltale.flow.id'] = record['telltale.flow.id'];
  finding['telltale.record.id'] = record['event.id'];
  return finding;
}

/**
 * An object with the fields of a table at their zero values, as a template to copy. V8 keeps the fields of an object literal inside the
 * object, and those of its copies too; fields that are added later go into a second object, which takes twice as long to copy. (Evaluating
 * the literal for each record would be faster still, but when objects from one allocation site outlive a collection, V8 starts to allocate
 * them in its old generation.)
 */
function zeroValues(table: Record<string, { type: FieldType }>): object {
  const members = Object.entries(table).map(([name, { type }]) => `${JSON.stringify(name)}: ${zeroTexts[type]}`);
  // oxlint-disable-next-line no-new-func -- the text is made of names of the field tables alone
  return new Function('none', `return { ${members.join(', ')} };`)([]) as object;
}

function pick<T extends object, K extends keyof T>(object: T, keys: readonly K[]): Pick<T, K> {
  return Object.fromEntries(keys.map((key) => [key, object[key]])) as Pick<T, K>;
}
