/** A step of the schema. What it says is frozen once shipped: a change is a new migration. */
export interface Migration {
  /** From 1, without gaps. */
  readonly id: number;
  readonly name: string;
  /**
   * Run in order, each of them repeatable (`IF NOT EXISTS`, `IF EXISTS`): two processes may migrate at once, and a process may be
   * killed between a statement and its being recorded. Names are unqualified: the connection's database holds them.
   */
  readonly statements: readonly string[];
}
