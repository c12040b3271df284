import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placePanels } from './layout.ts';

const panel = (title: string, w: number, h: number) => ({ type: 'stat', title, gridPos: { x: 0, y: 0, w, h } });
const places = (rows: Parameters<typeof placePanels>[0]) =>
  placePanels(rows).map(({ id, title, gridPos }) => [id, title, gridPos?.x, gridPos?.y, gridPos?.w, gridPos?.h]);

test('panels stand side by side, and a line below begins under the tallest', () => {
  assert.deepEqual(places([{ panels: [panel('a', 12, 4), panel('b', 12, 8), panel('c', 24, 5)] }, { panels: [panel('d', 6, 4)] }]), [
    [1, 'a', 0, 0, 12, 4],
    [2, 'b', 12, 0, 12, 8],
    [3, 'c', 0, 8, 24, 5],
    [4, 'd', 0, 13, 6, 4],
  ]);
});

test('a titled row has a header above its panels', () => {
  assert.deepEqual(places([{ title: 'Where', showTitle: true, panels: [panel('a', 24, 4)] }]), [
    [1, 'Where', 0, 0, 24, 1],
    [2, 'a', 0, 1, 24, 4],
  ]);
});
