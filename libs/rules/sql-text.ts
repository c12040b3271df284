/** A string literal of ClickHouse, on one line. */
export function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`;
}

/** Operands joined by AND or OR: on one line while it is short. An empty list of alternatives is false, an empty list of demands true. */
export function joined(operator: 'AND' | 'OR', operands: readonly string[]): string {
  if (operands.length === 0) return operator === 'AND' ? '1' : '0';
  if (operands.length === 1) return operands[0]!;
  const line = `(${operands.join(` ${operator} `)})`;
  if (line.length <= 110 && !line.includes('\n')) return line;
  return `(\n  ${operands.map(indented).join(`\n  ${operator} `)}\n)`;
}

/** Every line but the first two columns further in. */
export function indented(sql: string): string {
  return sql.replaceAll('\n', '\n  ');
}
