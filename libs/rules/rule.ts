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
  /** A second name for references; may be empty. */
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
  /** Whether the whole rule runs, a part of it (so that it finds less), or nothing. */
  evaluable: 'whole' | 'part' | 'no';
  /** Why not all of it runs. */
  gaps: string[];
  /** The aggregation after a `|` in a condition of Sigma 1, over `timeframe`. */
  aggregation: Aggregation | undefined;
  /** It names an observable field, and so is evaluated for each observable on its own. */
  readsObservable: boolean;
  /** What a match becomes; from the key `telltale`. */
  outcome: Outcome;
  /** Where the rule is defined. */
  file: string;
  line: number;
}

export interface Outcome {
  /**
   * One finding per matching observable, per matching record, or per flow (at the flow's first record that matches; with `level: policy`
   * one for each denied place); `link`: one per record that completes a link, about the linked observables, including those of earlier
   * records. Default: `observable` when the rule names an observable field, else `record`.
   */
  finding: 'observable' | 'record' | 'flow' | 'link';
  /** Default `violation`. */
  verdict: 'violation' | 'indeterminate';
  /** `policy`: the finding takes the level of the policy that decided; `linkability`: the level of the record's linkability score. Default `rule`. */
  level: 'rule' | 'policy' | 'linkability';
  /** Ids of less specific rules: where this one has a finding, theirs about the same identifiers in the same record are left out. */
  covers: readonly string[];
}

/** The text of a rule file, and its name for messages. */
export interface RuleFile {
  name: string;
  text: string;
}
