import type { Dashboard, Panel, RowPanel } from '@grafana/grafana-foundation-sdk/dashboard';

/** Height of a panel in Grafana's grid; a unit is 30 pixels. The grid is 24 wide. */
export interface Size {
  width: number;
  height: number;
}

/** A row as grafana-dash-gen generates it: panels from left to right, without positions. */
export interface GeneratedRow {
  title?: string;
  showTitle?: boolean;
  panels: readonly unknown[];
}

/**
 * Gives each panel its id and position, and each titled row its header.
 *
 * grafana-dash-gen generates rows of panels, which Grafana has replaced by one list of placed panels (schema version 16).
 * A panel that does not fit beside the previous one begins a new line, below the tallest panel of the last.
 */
export function placePanels(rows: readonly GeneratedRow[]): NonNullable<Dashboard['panels']> {
  const placed: (Panel | RowPanel)[] = [];
  let top = 0;
  for (const row of rows) {
    if (row.showTitle) {
      placed.push({
        type: 'row',
        id: placed.length + 1,
        title: row.title ?? '',
        collapsed: false,
        gridPos: { x: 0, y: top, w: 24, h: 1 },
        panels: [],
      });
      top += 1;
    }
    let left = 0;
    let lineHeight = 0;
    for (const panel of row.panels as Panel[]) {
      const { w = 24, h = 8 } = panel.gridPos ?? {};
      if (left + w > 24) {
        top += lineHeight;
        left = 0;
        lineHeight = 0;
      }
      placed.push({ ...panel, id: placed.length + 1, gridPos: { x: left, y: top, w, h } });
      left += w;
      lineHeight = Math.max(lineHeight, h);
    }
    top += lineHeight;
  }
  return placed;
}
