/** Grafana's ClickHouse data source (https://github.com/grafana/clickhouse-datasource), version 4. */
export const clickhousePlugin = 'grafana-clickhouse-datasource';

/** The data source is a variable of each dashboard, so that one set of dashboards serves several stores. */
export const clickhouse = { type: clickhousePlugin, uid: '${datasource}' } as const;

/** How a query's rows are used: as series over time, or as rows. */
export type QueryType = 'timeseries' | 'table';

/** Query of a panel. grafana-dash-gen knows Graphite targets only; this one has the fields that the data source reads (its src/types/sql.ts). */
export class ClickHouseTarget {
  readonly #sql: string;
  readonly #queryType: QueryType;

  constructor(sql: string, queryType: QueryType) {
    this.#sql = sql.trim();
    this.#queryType = queryType;
  }

  generate(refId = 'A') {
    return {
      refId,
      datasource: clickhouse,
      editorType: 'sql',
      queryType: this.#queryType,
      // The data source's number for the format.
      format: this.#queryType === 'timeseries' ? 0 : 1,
      rawSql: this.#sql,
    };
  }
}
