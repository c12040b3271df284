/** A step of the schema. It is frozen once shipped: a change is a new migration. */
export interface Migration {
  /** From 1, without gaps. */
  readonly id: number;
  readonly name: string;
  /**
   * Run in order, each of them repeatable (`IF NOT EXISTS`, `IF EXISTS`): two processes may migrate at once, and a process may be killed
   * between running a statement and recording the migration. Names are unqualified, in the connection's database.
   */
  readonly statements: readonly string[];
}
