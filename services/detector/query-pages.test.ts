import assert from 'node:assert/strict';
import { test } from 'node:test';
import { temporaryStore } from '../../libs/store/testing.ts';
import { pageSql, pagesOf } from './query-pages.ts';

test('each row is told once, in its order, whatever the pages', async () => {
  await using temporary = await temporaryStore();
  const { store } = temporary;
  const pages = async (rows: number, limit: number): Promise<number[][]> => {
    const told: number[][] = [];
    const sql = `SELECT toUInt32(number) AS n FROM numbers({rows:UInt64}) ORDER BY n ${pageSql}`;
    for await (const page of pagesOf<{ n: number }>((...query) => store.query(...query), sql, { rows: String(rows) }, limit))
      told.push(page.map(({ n }) => n));
    return told;
  };
  assert.deepEqual(await pages(0, 2), []);
  assert.deepEqual(await pages(3, 5), [[0, 1, 2]]);
  assert.deepEqual(await pages(4, 2), [[0, 1], [2, 3]]);
  assert.deepEqual(await pages(5, 2), [[0, 1], [2, 3], [4]]);
});
