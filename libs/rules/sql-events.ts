import { columnOf, flowFields } from '#flow';
import type { Correlation } from './correlation-links.ts';
import type { EventsSql } from './correlation-sql.ts';
import type { Field } from './fields.ts';
import { fieldsOfHits } from './hits.ts';
import type { Rule } from './rule.ts';
import { ruleSql } from './sql.ts';
import { quoted } from './sql-text.ts';

/** SQL of the events that a correlation counts, from stored flows: the matches of its rules, as they would be stored as hits. `rules` are by id. */
export function flowEvents(correlation: Correlation, rules: ReadonlyMap<string, Rule>): EventsSql {
  const fields = fieldsOfHits(correlation);
  return (id, from, to) => {
    const rule = rules.get(id)!;
    const { condition, observables } = ruleSql(rule);
    const values = [...fields.get(id)!].map(([name, field]) => `${quoted(name)}, ${textSql(field)}`).join(', ');
    const perFlow = rule.outcome.finding === 'flow';
    const time = perFlow ? 'if(toUnixTimestamp64Micro(event_start) = 0, timestamp, event_start)' : 'timestamp';
    const key = perFlow ? "if(telltale_flow_id = '', event_id, telltale_flow_id)" : 'event_id';
    const perObservable = rule.outcome.finding === 'observable';
    const number =
      observables === undefined ? 'toUInt32(notEmpty(telltale_observables.kind))' : perObservable ? 'arrayJoin(matching)' : 'matching[1]';
    const id_ = perObservable ? `concat(${key}, ' ', telltale_observables.token[number], ' ', telltale_observables.path[number])` : key;
    return `SELECT toUnixTimestamp64Micro(${time}) AS time, ${id_} AS id, ${quoted(id)} AS rule, map(${values}) AS fields, toInt64(0) AS stored
FROM (
  SELECT *, ${number} AS number FROM (
    SELECT *, ${observables ?? '[]::Array(UInt32)'} AS matching FROM flows FINAL
    WHERE ${time} >= fromUnixTimestamp64Micro(${from}, 'UTC') AND ${time} < fromUnixTimestamp64Micro(${to}, 'UTC') AND ${condition}
  )
)
ORDER BY telltale_flow_sequence LIMIT 1 BY id`;
  };
}

/** A field as one text, as in a hit; `number` in the SQL is the observable's position. */
function textSql(field: Field): string {
  switch (field.of) {
    case 'computed': return `(${field.sql})[1]`;
    case 'observable': {
      const value = `telltale_observables.${field.key}[number]`;
      return field.type === 'number' ? `if(${value} = 0, '', toString(${value}))` : `toString(${value})`;
    }
    case 'record': {
      const column = columnOf(field.name);
      if (field.type === 'texts') return `arrayStringConcat(${column}, ',')`;
      if (field.type === 'text') return `toString(${column})`;
      const number = flowFields[field.name].type === 'micros' ? `toUnixTimestamp64Micro(${column})` : column;
      return `if(${number} = 0, '', toString(${number}))`;
    }
  }
}
