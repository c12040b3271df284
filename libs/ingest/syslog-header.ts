/** Of the beginning of a line: no header is longer, structured data included. */
const mostBytes = 2048;

const time = String.raw`(?:[A-Z][a-z]{2} [ \d]\d (?:\d{4} )?\d\d:\d\d:\d\d(?:\.\d{1,9})?|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d))`;
/** RFC 5424, section 6: version, time, host, application, process, message id and structured data. */
const structured = String.raw`1 (?:-|${time}) \S+ \S+ \S+ \S+ (?:-|(?:\[(?:[^\]\\]|\\.)*\])+) `;
/** RFC 3164, section 4.1.2, or with the time of RFC 3339, as rsyslog and journalctl write files: time, host where it is told, and tag. */
const traditional = String.raw`${time} (?:\S+ )?[^\s:]+: ?`;
/** A byte order mark may stand before the message (RFC 5424, section 6.4), and a cookie before JSON (Suricata's `prefix`). */
const header = new RegExp(String.raw`^(?:<\d{1,3}>)?(?:${structured}|${traditional})(?:\u00EF\u00BB\u00BF)?(?:@cee: ?)?`);

/** Bytes of the syslog header before what a program has to say; 0 where a line has none. */
export function syslogHeaderLength(line: Buffer): number {
  return header.exec(line.toString('latin1', 0, mostBytes))?.[0].length ?? 0;
}
