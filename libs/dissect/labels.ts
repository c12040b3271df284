/** A name in labels, where the final empty label may be missing (RFC 1035, section 3.1). */
export function readLabels(value: Buffer, start: number): string {
  const labels: string[] = [];
  for (let position = start; position < value.length && value[position] !== 0; position += 1 + value[position]!) {
    labels.push(value.toString('utf8', position + 1, position + 1 + value[position]!));
  }
  return labels.join('.');
}
