/**
 * A match of a rule that a correlation counts: the finding that it would be, reduced to the fields that the correlation needs. It is stored
 * beside the findings, even when the rule itself reports none.
 */
export type Hit = {
  /** Id of the finding that the match is, or would be. */
  'event.id': string;
  '@timestamp': number;
  'rule.id': string;
  'telltale.flow.id': string;
  'telltale.record.id': string;
  /** Texts by field name; absent ones are left out. */
  fields: Readonly<Record<string, string>>;
};
