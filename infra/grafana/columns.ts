import type { DynamicConfigValue } from '@grafana/grafana-foundation-sdk/dashboard';

/** Settings of a table's column, or of a series: the values that Grafana's field overrides take. */
export const unit = (id: string): DynamicConfigValue => ({ id: 'unit', value: id });
export const width = (pixels: number): DynamicConfigValue => ({ id: 'custom.width', value: pixels });
export const colour = (name: string): DynamicConfigValue[] => [{ id: 'color', value: { mode: 'fixed', fixedColor: name } }];

/** Columns that are only for links to use, and not shown. */
export const hidden: DynamicConfigValue[] = [
  { id: 'custom.hideFrom', value: { viz: true, legend: true, tooltip: true } },
  { id: 'custom.hidden', value: true },
];

/** The number with a bar behind it, which makes a column of counts readable at a glance. */
export const gauge = (name: string): DynamicConfigValue[] => [
  { id: 'custom.cellOptions', value: { type: 'gauge', mode: 'basic', valueDisplayMode: 'text' } },
  { id: 'min', value: 0 },
  ...colour(name),
];

/** Coloured words: levels and verdicts. */
export const words = (colours: Readonly<Record<string, string>>): DynamicConfigValue[] => [
  { id: 'custom.cellOptions', value: { type: 'color-text' } },
  {
    id: 'mappings',
    value: [
      { type: 'value', options: Object.fromEntries(Object.entries(colours).map(([word, color], index) => [word, { color, index }])) },
    ],
  },
];

export const levelColours = { critical: 'dark-red', high: 'red', medium: 'orange', low: 'yellow', informational: 'blue' } as const;
export const verdictColours = { violation: 'red', indeterminate: 'purple', denied: 'red', unknown: 'purple', allowed: 'green' } as const;

/** Series of the levels, each in its colour. */
export const levelSeries = Object.fromEntries(Object.entries(levelColours).map(([level, name]) => [level, colour(name)]));

/** Link from a cell; `url` may use `${__value.raw}` and `${__data.fields.name}`. */
export function link(title: string, url: string, { inNewTab = false } = {}): DynamicConfigValue {
  return { id: 'links', value: [{ title, url, targetBlank: inNewTab }] };
}

/** The finding of this row on the review page; the row has its id in column `id`. */
const toReview = link('Open on the review page', '${review}/#finding=${__data.fields.id}', { inNewTab: true });

/** Settings of the columns of `findingCells`: the sentence leads to the review page. */
export const findingColumns = {
  Seen: [width(170)],
  Level: [...words(levelColours), width(110)],
  Risk: [width(70)],
  Finding: [toReview],
  id: hidden,
} as const;

/** Thresholds of a share of unknown answers: a few are normal, a fifth is not. */
export const undecidedThresholds = [
  [0, 'green'],
  [0.05, 'yellow'],
  [0.2, 'orange'],
] as const;

/** Link to another of our dashboards, with the same time range and choices, narrowed to the cell's value. */
export function drill(title: string, dashboard: string, variable: string, value = '${__value.raw:percentencode}'): DynamicConfigValue {
  const kept = ['datasource', 'clock', 'service', 'subject', 'level']
    .filter((name) => name !== variable)
    .map((name) => `\${${name}:queryparam}`);
  return link(title, `/d/${dashboard}?\${__url_time_range}&${kept.join('&')}&var-${variable}=${value}`);
}
