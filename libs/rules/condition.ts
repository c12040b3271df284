/** Conditions of Sigma: `and`, `or`, `not`, parentheses, search names, `1 of name*`, `any of them`, `all of them`. */
export type Condition =
  | { type: 'and' | 'or'; operands: Condition[] }
  | { type: 'not'; operand: Condition }
  | { type: 'search'; name: string; offset: number }
  /** `pattern` is `them`, or a search name with `*`. */
  | { type: 'quantified'; quantifier: 'one' | 'all'; pattern: string; offset: number };

export class ConditionError extends Error {
  override readonly name = 'ConditionError';
  /** Offset from 0 into the condition. */
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** What Sigma 1 allowed after a `|`: a count over the events of `timeframe`, or searches that must be `near` each other. */
export interface Aggregation {
  function: 'count' | 'min' | 'max' | 'avg' | 'sum' | 'near';
  field: string;
  groupBy: string[];
  comparison: string;
  value: number;
  near: string[];
}

const deepestNesting = 100;

interface Token {
  readonly text: string;
  readonly offset: number;
}

/** A condition, with the first of the aggregations after a `|` in it. */
export interface AggregatedCondition {
  condition: Condition;
  aggregation: Aggregation | undefined;
}

/** Reads a condition with any aggregations of Sigma 1 in it: `a | count() > 5 and b | count() > 3`. Throws ConditionError. */
export function readCondition(text: string, offset = 0): AggregatedCondition {
  const pipe = text.indexOf('|');
  if (pipe < 0) return { condition: parsePart(text, offset), aggregation: undefined };
  const condition = parsePart(text.slice(0, pipe), offset);
  const { aggregation, length } = parseAggregation(text.slice(pipe + 1), offset + pipe + 1);
  const rest = text.slice(pipe + 1 + length);
  const operator = /^(and|or)\b/i.exec(rest)?.[0];
  if (operator === undefined) return { condition, aggregation };
  const other = readCondition(rest.slice(operator.length), offset + text.length - rest.length + operator.length);
  return { condition: { type: operator.toLowerCase() as 'and' | 'or', operands: [condition, other.condition] }, aggregation };
}

/** Parses a part of a condition that begins at `offset` in the whole; faults are located in the whole. */
function parsePart(text: string, offset: number): Condition {
  try {
    return parseCondition(text);
  } catch (error) {
    if (!(error instanceof ConditionError)) throw error;
    throw new ConditionError(error.message, offset + error.offset);
  }
}

const counting =
  /^\s*(count|min|max|avg|sum)\s*\(\s*([^()]*?)\s*\)\s*(?:by\s+([^<>=]+?))?\s*(<=|>=|==|=|<|>)\s*(\d+(?:\.\d+)?)\s*(?=$|(?:and|or)\b)/i;
const comparisons: Readonly<Record<string, string>> = { '<': 'lt', '<=': 'lte', '>': 'gt', '>=': 'gte', '=': 'eq', '==': 'eq' };

/** Reads what follows a `|`, and how many characters of the text it takes. */
function parseAggregation(text: string, offset: number): { aggregation: Aggregation; length: number } {
  const near = /^\s*near\s+(.+)$/is.exec(text);
  if (near) {
    const names = near[1]!
      .split(/\s+/)
      .filter((word) => !/^(?:and|or|not|within)$/i.test(word) && /^[\w.-]+$/.test(word) && !/^\d+[smhd]$/.test(word));
    return { aggregation: { function: 'near', field: '', groupBy: [], comparison: '', value: 0, near: names }, length: text.length };
  }
  const match = counting.exec(text);
  if (!match) throw new ConditionError('expected an aggregation such as "count(field) by group > number" or "near search"', offset);
  const [whole, name, field, group, comparison, value] = match;
  return {
    aggregation: {
      function: name!.toLowerCase() as Aggregation['function'],
      field: field!,
      groupBy: group === undefined ? [] : group.split(',').map((one) => one.trim()),
      comparison: comparisons[comparison!]!,
      value: Number(value),
      near: [],
    },
    length: whole.length,
  };
}

/** Reads a condition; `not` binds closest, then `and`, then `or`. Throws ConditionError. */
export function parseCondition(text: string): Condition {
  const parser = new Parser(tokens(text), text.length);
  const condition = parser.or(0);
  parser.expectEnd();
  return condition;
}

function tokens(text: string): Token[] {
  const found: Token[] = [];
  const pattern = /\s+|[()|]|[\w.*?-]+|./gu;
  for (const match of text.matchAll(pattern)) if (match[0].trim() !== '') found.push({ text: match[0], offset: match.index });
  return found;
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #end: number;
  #next = 0;

  constructor(found: readonly Token[], end: number) {
    this.#tokens = found;
    this.#end = end;
  }

  or(depth: number): Condition {
    return this.#chain('or', () => this.#chain('and', () => this.#not(depth)));
  }

  expectEnd(): void {
    const token = this.#tokens[this.#next];
    if (token?.text === '|') throw new ConditionError('Sigma version 2 has no aggregations after "|": write a correlation rule', token.offset);
    if (token) throw new ConditionError(`"${token.text}" is out of place: expected "and", "or" or the end of the condition`, token.offset);
  }

  #chain(operator: 'and' | 'or', operand: () => Condition): Condition {
    const operands = [operand()];
    while (this.#accept(operator)) operands.push(operand());
    return operands.length === 1 ? operands[0]! : { type: operator, operands };
  }

  #not(depth: number): Condition {
    if (depth > deepestNesting)
      throw new ConditionError(
        `the condition is nested deeper than ${deepestNesting} levels`, this.#tokens[this.#next]?.offset ?? this.#end,
      );
    if (this.#accept('not')) return { type: 'not', operand: this.#not(depth + 1) };
    return this.#primary(depth);
  }

  #primary(depth: number): Condition {
    const token = this.#tokens[this.#next];
    if (!token) throw new ConditionError('the condition ends where a search name, "not" or "(" is expected', this.#end);
    this.#next += 1;
    if (token.text === '(') {
      const inner = this.or(depth + 1);
      const close = this.#tokens[this.#next];
      if (close?.text !== ')') throw new ConditionError('a closing ")" is missing', close?.offset ?? this.#end);
      this.#next += 1;
      return inner;
    }
    if (this.#tokens[this.#next]?.text.toLowerCase() === 'of') return this.#quantified(token);
    if (!/^[\w.-]+$/.test(token.text) || /^(?:and|or|not|of)$/i.test(token.text)) {
      throw new ConditionError(`"${token.text}" is out of place: expected a search name, "not" or "("`, token.offset);
    }
    return { type: 'search', name: token.text, offset: token.offset };
  }

  #quantified(quantifier: Token): Condition {
    const which = quantifier.text.toLowerCase();
    if (which !== '1' && which !== 'any' && which !== 'all')
      throw new ConditionError(`"${quantifier.text} of" is unknown: expected 1, any or all`, quantifier.offset);
    this.#next += 1;
    const pattern = this.#tokens[this.#next];
    if (!pattern || !/^[\w.*?-]+$/.test(pattern.text))
      throw new ConditionError('expected "them" or a search name after "of"', pattern?.offset ?? this.#end);
    this.#next += 1;
    return { type: 'quantified', quantifier: which === 'all' ? 'all' : 'one', pattern: pattern.text, offset: pattern.offset };
  }

  #accept(keyword: string): boolean {
    if (this.#tokens[this.#next]?.text.toLowerCase() !== keyword) return false;
    this.#next += 1;
    return true;
  }
}
