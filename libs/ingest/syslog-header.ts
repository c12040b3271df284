/** Bytes of a line that are searched for a header: no header is longer, even with structured data. */
const mostBytes = 2048;

const clock = String.raw`\d\d:\d\d:\d\d(?:\.\d{1,9})?`;
const time = String.raw`(?:[A-Z][a-z]{2} [ \d]\d (?:\d{4} )?${clock}|\d{4}-\d\d-\d\dT${clock}(?:Z|[+-]\d\d:?\d\d))`;
/** RFC 5424, section 6: version, time, host, application, process, message id and structured data. */
const structured = String.raw`1 (?:-|${time}) \S+ \S+ \S+ \S+ (?:-|(?:\[(?:[^\]\\]|\\.)*\])+) `;
/** RFC 3164, section 4.1.2, or with a time of RFC 3339, as rsyslog and journalctl write it: time, optional host, and tag. */
const traditional = String.raw`${time} (?:\S+ )?[^\s:]+: ?`;
/** A byte order mark may precede the message (RFC 5424, section 6.4), and a cookie the JSON (Suricata's `prefix`). */
const header = new RegExp(String.raw`^(?:<\d{1,3}>)?(?:${structured}|${traditional})(?:\u00EF\u00BB\u00BF)?(?:@cee: ?)?`);

/** Length in bytes of the syslog header before a program's message; 0 where a line has none. */
export function syslogHeaderLength(line: Buffer): number {
  return header.exec(line.toString('latin1', 0, mostBytes))?.[0].length ?? 0;
}
