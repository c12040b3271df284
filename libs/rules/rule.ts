import type { Level } from '#flow';
import type { Aggregation } from './condition.ts';
import type { Expression } from './expression.ts';

export interface LogSource {
  category: string;
  product: string;
  service: string;
}

/** A Sigma rule, read and checked. */
export interface Rule {
  /** UUID; made from the rule's text when it has none. */
  id: string;
  /** Other name for references; may be empty. */
  name: string;
  title: string;
  /** Digest of the rule's text, 8 hexadecimal digits. */
  version: string;
  level: Level;
  status: string;
  description: string;
  author: string;
  date: string;
  references: string[];
  falsepositives: string[];
  tags: string[];
  logsource: LogSource;
  /** What runs: the part of the rule that records can answer, with the filters that apply to it. */
  expression: Expression;
  /** Whether all of the rule runs, a part of it (it finds less than it would), or nothing. */
  evaluable: 'whole' | 'part' | 'no';
  /** Why not all of it runs. */
  gaps: string[];
  /** What stood behind `|` in a condition of Sigma 1, over `timeframe`. */
  aggregation: Aggregation | undefined;
  /** Names an observable field: the rule is asked about each observable on its own. */
  readsObservable: boolean;
  /** What a match becomes; from the key `telltale`. */
  outcome: Outcome;
  /** Where the rule stands. */
  file: string;
  line: number;
}

export interface Outcome {
  /**
   * One finding per matching observable, per matching record, or per flow (at the flow's first record that matches; with `level: policy` one
   * for each place that is denied); `link`: one per record that completes a link, about the linked observables, also those of earlier records.
   * Default: `observable` when the rule names an observable field, else `record`.
   */
  finding: 'observable' | 'record' | 'flow' | 'link';
  /** Default `violation`. */
  verdict: 'violation' | 'indeterminate';
  /** `policy`: the finding takes the level of the policy that decided; `linkability`: that of the record's score. Default `rule`. */
  level: 'rule' | 'policy' | 'linkability';
  /** Ids of rules whose findings about the same identifiers in the same record are left out beside this one's: it says more of the same. */
  covers: readonly string[];
}

/** The text of a rule file, and its name for messages. */
export interface RuleFile {
  name: string;
  text: string;
}
