import { compare, type Answers, type Comparison, type Topic } from './answers.ts';

/** One oracle's answers for one capture. */
export interface OracleCase {
  readonly oracle: 'tshark' | 'zeek' | 'suricata' | 'ndpi' | 'nfdump';
  /** The capture: path below the folder of captures. */
  readonly file: string;
  /** The oracle's test that has the answers, if they are not under the capture's own name. */
  readonly test?: string;
  readonly theirs: Answers;
  /** The topics that it answers. */
  readonly topics: readonly Topic[];
  /** It lists only some of what it found, so that further answers of ours are no disagreement. */
  readonly isPartial: boolean;
  /** It does not say how often. */
  readonly isDistinct: boolean;
}

export interface Disagreement extends Comparison {
  readonly oracle: OracleCase['oracle'];
  /** The test that expects it, else the capture. */
  readonly name: string;
  readonly topic: Topic;
}

/** Each topic in which either side has something to say. */
export function* compareCase({ oracle, file, test, theirs, topics, isPartial, isDistinct }: OracleCase, ours: Answers): Generator<Disagreement> {
  const once = (values: readonly string[] = []) => (isDistinct ? [...new Set(values)] : values);
  for (const topic of topics) {
    const compared = compare(once(theirs.get(topic)), once(ours.get(topic)));
    const extra = isPartial ? [] : compared.extra;
    if (compared.theirs + extra.length > 0) yield { oracle, name: test ?? file, topic, ...compared, extra };
  }
}
