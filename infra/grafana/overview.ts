import { buildDashboard } from './dashboard.ts';
import {
  drill, findingColumns, gauge, hidden, levelColours, levelSeries, undecidedThresholds, unit, verdictColours, width, words,
} from './columns.ts';
import { bars, stat, table, timeSeries } from './panels.ts';
import { bucket, findingCells, flag, levelRank, listed, named, selectedFindings, selectedTraffic, subjects, undecidedShare } from './sql.ts';
import { clockVariable, levelVariable, serviceVariable, subjectVariable } from './variables.ts';

const violations = `${selectedFindings} AND telltale_verdict = 'violation'`;

export const overview = () =>
  buildDashboard({
    uid: 'telltale-overview',
    title: 'Telltale: overview',
    description: 'What leaks, from whom, to whom, since when.',
    variables: [clockVariable, serviceVariable, subjectVariable, levelVariable],
    rows: [
      {
        panels: [
          stat({
            title: 'How many leaks were found?',
            width: 5,
            height: 4,
            thresholds: [
              [0, 'green'],
              [1, 'red'],
            ],
            description: 'Findings with verdict violation. A replayed capture counts once.',
            sql: `SELECT count() AS leaks ${violations}`,
          }),
          stat({
            title: 'How many subjects leak?',
            width: 5,
            height: 4,
            description: 'Different monitored endpoints with at least one violation.',
            sql: `SELECT ${subjects} AS subjects ${violations}`,
          }),
          stat({
            title: 'How many services leak?',
            width: 5,
            height: 4,
            description: 'Different services, by the catalogue, with at least one violation. Peers of unknown services are not counted.',
            sql: `SELECT uniqExactIf(telltale_service, telltale_service != '') AS services ${violations}`,
          }),
          stat({
            title: 'How many countries do leaks reach?',
            width: 5,
            height: 4,
            description: 'Countries in which the peers of violations are located, where known.',
            sql: `SELECT uniqExactIf(telltale_peer_located, telltale_peer_located != '') AS countries ${violations}`,
          }),
          stat({
            title: 'What share is undecided?',
            width: 4,
            height: 4,
            unit: 'percentunit',
            thresholds: undecidedThresholds,
            description:
              'Findings with verdict indeterminate: an answer that the rule needs, such as a location, is unknown. Unknown does not mean clean.',
            sql: `SELECT ${undecidedShare} ${selectedFindings}`,
          }),
        ],
      },
      {
        panels: [
          timeSeries({
            title: 'When were leaks found, and how serious are they?',
            width: 16,
            height: 8,
            style: 'bars',
            overrides: levelSeries,
            description: 'Findings per bar by level, violations and indeterminate findings together.',
            sql: `SELECT ${bucket} AS time,
  ${Object.keys(levelColours)
    .map((level) => `countIf(event_severity_name = '${level}') AS ${level}`)
    .join(', ')}
${selectedFindings}
GROUP BY time ORDER BY time`,
          }),
          bars({
            title: 'What leaks?',
            width: 8,
            height: 8,
            colour: 'orange',
            description: 'Findings by kind of identifier; those without one, such as a denied country, are listed by their rule.',
            sql: `SELECT if(telltale_observable_kind = '', rule_name, telltale_observable_kind) AS what, count() AS findings
${selectedFindings}
GROUP BY what ORDER BY findings DESC LIMIT 15`,
          }),
        ],
      },
      {
        title: 'From whom, to whom',
        panels: [
          table({
            title: 'Which rules fire?',
            width: 12,
            height: 8,
            description: "One row per rule and verdict. Levels are Sigma's.",
            columns: {
              Level: [...words(levelColours), width(110)],
              Verdict: [...words(verdictColours), width(120)],
              Findings: [...gauge('orange'), width(130)],
              'Last seen': [unit('dateTimeFromNow'), width(130)],
              rank: hidden,
            },
            sql: `SELECT rule_name AS "Rule", event_severity_name AS "Level", telltale_verdict AS "Verdict", count() AS "Findings",
  ${subjects} AS "Subjects", max(timestamp) AS "Last seen", any(${levelRank}) AS rank
${selectedFindings}
GROUP BY rule_name, event_severity_name, telltale_verdict ORDER BY rank DESC, "Findings" DESC`,
          }),
          table({
            title: 'Where do the leaks go?',
            width: 12,
            height: 8,
            description:
              'Countries in which the peers are located, and those from which their operators are controlled. Click a country for the '
                + 'traffic behind it.',
            columns: {
              'Located in': [drill('Traffic to this country', 'telltale-cross-border', 'country', '${__data.fields.country}'), width(120)],
              Findings: [...gauge('red'), width(130)],
              country: hidden,
            },
            sql: `SELECT ${flag('telltale_peer_located')} AS "Located in", count() AS "Findings",
  ${subjects} AS "Subjects",
  ${listed('telltale_peer_operated')} AS "Operated from", ${listed('telltale_service')} AS "Services",
  ${listed('destination_as_organization_name', 3)} AS "Networks",
  ${named('telltale_peer_located')} AS country
${selectedFindings}
GROUP BY telltale_peer_located ORDER BY "Findings" DESC LIMIT 50`,
          }),
          table({
            title: 'Which subjects leak most?',
            width: 12,
            height: 8,
            description: 'Monitored endpoints by violations. Click one to narrow this page to it.',
            columns: {
              Subject: [drill('Only this subject', 'telltale-overview', 'subject'), width(180)],
              Violations: [...gauge('red'), width(130)],
              'Last seen': [unit('dateTimeFromNow'), width(130)],
            },
            sql: `SELECT telltale_subject_ip AS "Subject", countIf(telltale_verdict = 'violation') AS "Violations",
  ${listed('telltale_observable_kind', 8)} AS "Identifiers",
  ${listed('telltale_service')} AS "Services", ${listed('telltale_peer_located', 8)} AS "Countries", max(timestamp) AS "Last seen"
${selectedFindings}
GROUP BY telltale_subject_ip ORDER BY "Violations" DESC, "Last seen" DESC LIMIT 50`,
          }),
          timeSeries({
            title: 'How much of the traffic can be read on the path?',
            width: 12,
            height: 8,
            style: 'shares',
            unit: 'bytes',
            seriesName: '${__field.labels.verdict}',
            description:
              'Share of bytes by encryption verdict: cleartext can be read by anyone on the path, opaque has no known structure and may be either.',
            sql: `SELECT $__timeInterval(time) AS t, ${named('telltale_encryption_verdict')} AS verdict, sum(bytes) AS bytes
${selectedTraffic}
GROUP BY t, verdict ORDER BY t, verdict`,
          }),
        ],
      },
      {
        title: 'Evidence',
        panels: [
          table({
            title: 'What was found most recently?',
            width: 24,
            height: 12,
            description: 'The newest 200 findings. The sentence links to the review page, which shows the flow behind it.',
            columns: {
              ...findingColumns,
              Verdict: [...words(verdictColours), width(120)],
              Subject: [width(150)],
              Service: [width(130)],
              Country: [width(100)],
              Identifier: [width(140)],
              Mask: [width(150)],
            },
            sql: `SELECT ${findingCells}, telltale_verdict AS "Verdict",
  telltale_subject_ip AS "Subject",
  telltale_service AS "Service", ${flag('telltale_peer_located')} AS "Country", telltale_observable_kind AS "Identifier",
  telltale_observable_mask AS "Mask"
${selectedFindings}
ORDER BY \${clock:raw} DESC LIMIT 200`,
          }),
        ],
      },
    ],
  });
