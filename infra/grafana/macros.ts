/**
 * Expands a panel's SQL as Grafana does before ClickHouse sees it, so that tests can run it.
 *
 * The order is Grafana's. In the browser: `$__conditionalAll`, then variables (grafana/clickhouse-datasource:
 * src/data/CHDatasource.ts, applyConditionalAll and replace; formats: Grafana's "Advanced variable format options").
 * In the data source's backend: the other macros (pkg/macros/macros.go). Macros that our dashboards do not use are refused.
 */
export interface Expansion {
  from: Date;
  to: Date;
  /** Width of a bar or point, in seconds; Grafana derives it from range and panel width. */
  intervalSeconds: number;
  /** Chosen values; `$__all` for the choice All. */
  variables: Readonly<Record<string, string | readonly string[]>>;
}

export function expand(sql: string, expansion: Expansion): string {
  const expanded = expandMacros(interpolate(expandConditionalAll(sql, expansion), expansion), expansion);
  const [left] = /\$\{?\w+/.exec(expanded) ?? [];
  if (left) throw new Error(`${left} is neither a variable nor a macro`);
  return expanded;
}

/** `$__conditionalAll(condition, $variable)`: the condition, or `1=1` when the variable selects all or nothing. */
function expandConditionalAll(sql: string, { variables }: Expansion): string {
  const macro = '$__conditionalAll';
  for (let start = sql.lastIndexOf(`${macro}(`); start >= 0; start = sql.lastIndexOf(`${macro}(`)) {
    const { args, end } = readArguments(sql, start + macro.length);
    if (args.length !== 2) throw new Error(`${macro} takes a condition and a variable: ${args.join(',')}`);
    const [condition = '', variable = ''] = args;
    const value = String(valueOf(variable.trim().slice(1), variables));
    sql = sql.slice(0, start) + (value === '' || value === '$__all' ? '1=1' : condition) + sql.slice(end);
  }
  return sql;
}

/** `$name`, `${name}` and `${name:format}`. Without a format the data source quotes lists and leaves single values as they are. */
function interpolate(sql: string, { variables }: Expansion): string {
  return sql.replace(
    /\$(?:\{(\w+)(?::(\w+))?\}|(?!__)(\w+))/g,
    (_, braced: string | undefined, format: string | undefined, bare: string | undefined) => {
      const value = valueOf(braced ?? bare ?? '', variables);
      const list = typeof value === 'string' ? [value] : value;
      const quoted = list.map((item) => `'${item.replaceAll("'", "\\'")}'`).join(',');
      switch (format) {
        case 'singlequote':
          return quoted;
        case 'raw':
          return list.join(',');
        case undefined:
          return typeof value === 'string' ? value : quoted;
        default:
          throw new Error(`variable format ${format} is not known`);
      }
    },
  );
}

function valueOf(name: string, variables: Expansion['variables']): string | readonly string[] {
  const value = variables[name];
  if (value === undefined) throw new Error(`variable ${name} is not defined`);
  return value;
}

function expandMacros(sql: string, { from, to, intervalSeconds }: Expansion): string {
  const dateTime = (time: Date) => `toDateTime(${Math.floor(time.getTime() / 1000)})`;
  const dateTime64 = (time: Date) => `fromUnixTimestamp64Milli(${time.getTime()})`;
  const date = (time: Date) => `toDate('${time.toISOString().slice(0, 10)}')`;
  const seconds = Math.max(Math.trunc(intervalSeconds), 1);
  const milliseconds = Math.max(Math.trunc(intervalSeconds * 1000), 1);
  const between = (column: string, write: (time: Date) => string) => `${column} >= ${write(from)} AND ${column} <= ${write(to)}`;
  const macros: Record<string, { arity: number; write: (...args: string[]) => string }> = {
    fromTime: { arity: 0, write: () => dateTime(from) },
    toTime: { arity: 0, write: () => dateTime(to) },
    interval_s: { arity: 0, write: () => String(seconds) },
    timeFilter: { arity: 1, write: (column = '') => between(column, dateTime) },
    timeFilter_ms: { arity: 1, write: (column = '') => between(column, dateTime64) },
    dateFilter: { arity: 1, write: (column = '') => between(column, date) },
    dateTimeFilter: { arity: 2, write: (day = '', time = '') => `(${between(day, date)}) AND (${between(time, dateTime)})` },
    timeInterval: { arity: 1, write: (column = '') => `toStartOfInterval(toDateTime(${column}), INTERVAL ${seconds} second)` },
    timeInterval_ms: {
      arity: 1,
      write: (column = '') => `toStartOfInterval(toDateTime64(${column}, 3), INTERVAL ${milliseconds} millisecond)`,
    },
  };

  // From the right, so that inner macros are expanded first.
  for (let start = sql.lastIndexOf('$__'); start >= 0; start = sql.lastIndexOf('$__', start - 1)) {
    const [token = '', name = ''] = /^\$__(\w+)/.exec(sql.slice(start)) ?? [];
    const macro = macros[name];
    if (!macro) throw new Error(`macro ${token} is not known`);
    const { args, end } =
      sql[start + token.length] === '(' ? readArguments(sql, start + token.length) : { args: [], end: start + token.length };
    if (args.length !== macro.arity) throw new Error(`macro ${token} takes ${macro.arity} arguments, not ${args.length}`);
    sql = sql.slice(0, start) + macro.write(...args.map((arg) => arg.trim())) + sql.slice(end);
    if (start === 0) break;
  }
  return sql;
}

/** Arguments of the call whose opening parenthesis is at `open`, and the offset after its closing one. */
function readArguments(sql: string, open: number): { args: string[]; end: number } {
  const args: string[] = [];
  let depth = 0;
  let start = open + 1;
  for (let at = open; at < sql.length; at++) {
    const character = sql[at];
    if (character === '(') depth++;
    else if (character === ')') depth--;
    if ((character === ',' && depth === 1) || depth === 0) {
      const argument = sql.slice(start, at);
      if (depth === 1 || args.length > 0 || argument.trim() !== '') args.push(argument);
      start = at + 1;
    }
    if (depth === 0) return { args, end: at + 1 };
  }
  throw new Error(`parenthesis at ${open} is not closed: ${sql.slice(open, open + 40)}`);
}
