import type { Query } from './scheduled-detections.ts';

const rowsPerPage = 5_000;

/**
 * Yields the rows of a statement a page at a time, so that any number can be handled while few are held at once. The statement must order its
 * rows by what identifies them, and end in {@link pageSql}.
 */
export async function* pagesOf<Row>(
  query: Query,
  sql: string,
  parameters: Readonly<Record<string, unknown>>,
  limit = rowsPerPage,
): AsyncGenerator<Row[]> {
  for (let offset = 0; ; offset += limit) {
    const rows = await query<Row>(sql, { ...parameters, limit, offset: String(offset) });
    if (rows.length > 0) yield rows;
    if (rows.length < limit) return;
  }
}

export const pageSql = 'LIMIT {limit:UInt32} OFFSET {offset:UInt64}';
