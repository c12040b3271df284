/** A value as YAML has it; `source` is its spelling in the file. */
export interface RuleValue {
  value: string | number | boolean | null;
  source: string;
}

/**
 * Why a field, modifier or value is refused. `subject` says where the fault is: in the key, or in the value with that number, `offset`
 * characters from its beginning.
 */
export class FieldTestError extends Error {
  override readonly name = 'FieldTestError';
  readonly code: string;
  readonly subject: 'key' | number;
  readonly offset: number;

  constructor(code: string, message: string, subject: 'key' | number, offset = 0) {
    super(message);
    this.code = code;
    this.subject = subject;
    this.offset = offset;
  }
}
