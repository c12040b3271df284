import {
  ConstantVariableBuilder,
  CustomVariableBuilder,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  VariableHide,
  VariableRefresh,
  VariableSort,
  type VariableModel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { clickhouse, clickhousePlugin } from './datasource.ts';
import { named } from './sql.ts';

const all = { text: ['All'], value: ['$__all'] };

/** Choices at the top of a dashboard. */
export const dataSourceVariable: VariableModel = new DatasourceVariableBuilder('datasource')
  .label('Store')
  .type(clickhousePlugin)
  .multi(false)
  .build();

/**
 * Which clock the time range refers to. The first option is selected when the dashboard opens: the time of the packets, unless the range
 * has none and something was stored in it (an old capture has just been replayed); then the time of storing.
 */
export const clockVariable: VariableModel = query(
  'clock',
  'Time',
  `
SELECT clock, label FROM (
  SELECT 'timestamp' AS clock, 'of the packets' AS label, countIf($__timeFilter(timestamp)) AS findings FROM findings
  UNION ALL
  SELECT 'ingested_at', 'of storing', countIf($__timeFilter(ingested_at)) FROM findings
)
ORDER BY findings = 0, clock = 'ingested_at'`,
)
  .description(
    'Whether the time range is about when packets were seen, or when their records were stored. These differ for a replayed capture.',
  )
  .multi(false)
  .includeAll(false)
  .allowCustomValue(false)
  .sort(VariableSort.Disabled)
  .build();

export const serviceVariable = several(
  'service',
  'Service',
  `SELECT DISTINCT ${named('telltale_service')} AS service FROM findings WHERE $__timeFilter(\${clock:raw}) ORDER BY service`,
);

/** Most findings first: the list is bounded, and the address sought is probably in it. Any other can be typed. */
export const subjectVariable = several(
  'subject',
  'Subject',
  'SELECT telltale_subject_ip FROM findings WHERE $__timeFilter(${clock:raw}) GROUP BY telltale_subject_ip ORDER BY count() DESC LIMIT 500',
);

export const kindVariable = several(
  'kind',
  'Identifier',
  `SELECT DISTINCT telltale_observable_kind FROM findings WHERE $__timeFilter(\${clock:raw}) AND telltale_observable_kind != '' ORDER BY 1`,
);

export const countryVariable = several(
  'country',
  'Country',
  `SELECT DISTINCT ${named('telltale_peer_located')} AS country FROM flows WHERE $__timeFilter(\${clock:raw}) ORDER BY country`,
);

export const probeVariable = several(
  'probe',
  'Probe',
  'SELECT DISTINCT observer_name FROM flows WHERE $__timeFilter(ingested_at) ORDER BY observer_name',
);

export const levelVariable: VariableModel = new CustomVariableBuilder('level')
  .label('Level')
  .values('critical,high,medium,low,informational')
  .multi(true)
  .includeAll(true)
  .current(all)
  .build();

/** Where the review page is, for links to a finding; `telltale dashboards publish` can set another. */
export const reviewVariable: VariableModel = new ConstantVariableBuilder('review').value('http://127.0.0.1:8080').build();

function several(name: string, label: string, sql: string): VariableModel {
  return query(name, label, sql).multi(true).includeAll(true).current(all).build();
}

function query(name: string, label: string, sql: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(clickhouse)
    .hide(VariableHide.DontHide)
    .query({ refId: name, editorType: 'sql', queryType: 'table', format: 1, rawSql: sql.trim() })
    .definition(sql.trim())
    .refresh(VariableRefresh.OnTimeRangeChanged);
}
