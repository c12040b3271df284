/** A string literal of ClickHouse, on one line. */
export function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`;
}

/** Operands joined by AND or OR, on one line if it is short. An empty OR is false, an empty AND true. */
export function joined(operator: 'AND' | 'OR', operands: readonly string[]): string {
  if (operands.length === 0) return operator === 'AND' ? '1' : '0';
  if (operands.length === 1) return operands[0]!;
  const line = `(${operands.join(` ${operator} `)})`;
  if (line.length <= 110 && !line.includes('\n')) return line;
  return `(\n  ${operands.map(indented).join(`\n  ${operator} `)}\n)`;
}

/** Indents every line but the first by two more columns. */
export function indented(sql: string): string {
  return sql.replaceAll('\n', '\n  ');
}
