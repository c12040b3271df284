/**
 * A match of a rule that a correlation counts: what the finding would be, with the fields that the correlation asks for. It is stored
 * beside the findings, also where the rule itself reports none.
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
