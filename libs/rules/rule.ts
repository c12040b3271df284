import type { Level } from '#flow';
import type { Expression } from './expression.ts';

/** A Sigma rule, read and checked. */
export interface Rule {
  /** UUID. */
  id: string;
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
  logsource: { category: string; product: string; service: string };
  expression: Expression;
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
   * One finding per matching observable, per matching record, or per flow (at the flow's first record that matches).
   * Default: `observable` when the rule names an observable field, else `record`.
   */
  finding: 'observable' | 'record' | 'flow';
  /** Default `violation`. */
  verdict: 'violation' | 'indeterminate';
  /** `policy`: the finding takes the level of the policy that decided. Default `rule`. */
  level: 'rule' | 'policy';
}

/** The text of a rule file, and its name for messages. */
export interface RuleFile {
  name: string;
  text: string;
}
