// One finding: the sentence, the evidence, the peer, the policy, and the flow behind it.

import { byId, empty, facts, h, levelMark } from './elements.js';
import { bytes, country, countryName, dateOf, duration, endpoint, microsOf, number, placeName, plural } from './format.js';
import { addressOf, closeFinding } from './view.js';

export function actions(id) {
  // Browsers offer no clipboard to pages that were loaded neither over TLS nor from this machine.
  const copy = navigator.clipboard === undefined ? null : h('button', { type: 'button', class: 'plain', onclick: async () => {
    await navigator.clipboard.writeText(`${location.origin}${location.pathname}#finding=${id}`);
    copy.textContent = 'Copied';
  } }, 'Copy link');
  const close = h('button', { type: 'button', class: 'plain', 'aria-label': 'Close', onclick: closeFinding }, 'Close');
  return h('span', { class: 'actions' }, copy, close);
}

export function showFinding({ finding, flow, siblings, tokenUse }) {
  const id = finding['event.id'];
  const verdict = finding['telltale.verdict'];
  byId('detail').replaceChildren(
    h('header', {}, levelMark(finding['event.severity_name']),
      h('span', { class: 'tag', title: 'Risk score from 0 to 100, within the range of the level' }, `risk ${number(finding['event.risk_score'])}`),
      h('span', { class: `tag ${verdict === 'indeterminate' ? 'indeterminate' : ''}` }, verdict), actions(id)),
    h('h2', {}, finding.message || finding['rule.name']),
    h('p', { class: 'muted' }, `${finding['rule.name']} · ${dateOf(finding['@timestamp'])} ${finding['@timestamp'].slice(11, 26)} UTC`),
    ...(isOverSeveral(finding) ? evidenceOfSeveral(finding, tokenUse) : evidence(finding, flow, tokenUse)),
    ...together(finding),
    ...inference(finding),
    ...peer(finding),
    ...path(finding),
    ...policy(finding),
    ...flowSection(finding, flow),
    ...others(id, siblings),
    ...provenance(finding));
}

/** A correlation, a volume or another finding over several records: it has no flow of its own. */
const isOverSeveral = (finding) => finding['telltale.flow.id'] === '';

function evidenceOfSeveral(finding, tokenUse) {
  const kind = finding['telltale.observable.kind'];
  return [h('h3', {}, 'Evidence'), facts([
    ['Identifier', kind],
    ['Value', kind && h('span', { class: 'mono' }, finding['telltale.observable.mask'])],
    ['File', finding['telltale.evidence.file'] && h('span', { class: 'mono' }, finding['telltale.evidence.file'])],
    ['Token', kind && tokenText(finding, tokenUse), 'whole'],
    ['Probe', finding['observer.name']],
  ], 'pairs')];
}

function evidence(finding, flow, tokenUse) {
  const kind = finding['telltale.observable.kind'];
  const record = flow?.records.find((each) => each['event.id'] === finding['telltale.record.id']);
  const observable = record?.['telltale.observables'].find(({ token, path: at }) =>
    token === finding['telltale.observable.token'] && at === finding['telltale.observable.path']);
  const about = (value) => (kind === '' ? '' : value);
  return [h('h3', {}, 'Evidence'), facts([
    ['Identifier', kind === '' ? 'none, since the finding is about the peer' : kind, kind === '' ? 'whole' : undefined],
    ['Value', about(h('span', { class: 'mono' }, finding['telltale.observable.mask']))],
    ['Where', about(h('span', { class: 'mono' }, finding['telltale.observable.path']))],
    ['Encoding', about(finding['telltale.observable.encoding'] || 'none')],
    ['Sent by', observable === undefined ? about('unknown') : sentBy(finding, observable)],
    ['Confidence', about(`${finding['telltale.observable.confidence']} %`)],
    ['Watchlist', finding['telltale.observable.watchlist'], 'whole'],
    ['File', h('span', { class: 'mono' }, finding['telltale.evidence.file'])],
    ...position(finding),
    ['Token', about(tokenText(finding, tokenUse)), 'whole'],
    ['Probe', finding['observer.name']],
  ], 'pairs')];
}

function sentBy(finding, { sender, visibility }) {
  return `${finding[`${sender}.ip`]}, ${visibility === 'cleartext' ? 'in clear' : 'inspected'}`;
}

/** The token, and where else its identifier was found. */
function tokenText(finding, tokenUse) {
  const token = finding['telltale.observable.token'];
  return h('span', {}, h('span', { class: 'mono' }, token), ' ', tokenUse && tokenUse.findings > 1
    ? h('span', {}, link(`in ${number(tokenUse.findings)} findings`, (next) => next.set('token', token)),
      `, ${plural(tokenUse.subjects, 'subject')}, ${plural(tokenUse.peers, 'peer')}`) : null);
}

/** Where in the file: the packet of a capture, or the line of a log. */
function position(finding) {
  const frame = finding['telltale.evidence.frame'];
  const line = finding['telltale.evidence.line'];
  if (line > 0) return [['Line', number(line)]];
  return [['Frame', frame === 0 ? 'none' : number(frame)]];
}

/** What one observer learns by seeing several identifiers at once, each with a way to its other findings. */
function together(finding) {
  const related = finding['telltale.observables.related'];
  if (related.length === 0) return [];
  const score = finding['telltale.linkability.score'];
  return [h('h3', {}, 'Seen together'), facts([
    ['Kinds', finding['telltale.linked.kinds'].join(', ')],
    ['Linkability', score === 0 ? '' : `${number(score)} of 100`],
    ['With', h('ul', { class: 'rows' }, ...related.map((each) => {
      const [kind, token] = each.split(/=(.*)/);
      return h('li', {}, `${kind} `, h('span', { class: 'mono' }, token), ' ', link('its findings', (next) => next.set('token', token)));
    }))],
  ])];
}

function inference(finding) {
  const basis = finding['telltale.inference'];
  if (basis.length === 0) return [];
  return [h('h3', {}, 'Inferred from'), h('ul', { class: 'rows mono' }, ...basis.map((each) => h('li', {}, each)))];
}

function peer(finding) {
  const place = (title, code, name = countryName(code)) =>
    h('div', { class: `place${code === '' ? ' unknown' : ''}` },
      h('span', {}, title, ' ', h('b', {}, code)),
      h('strong', { title: code === '' ? name : country(code) }, name));
  const subject = finding['telltale.subject.ip'];
  const protocols = new Set([finding['network.transport'], finding['network.protocol']].filter(Boolean));
  const network = finding['destination.as.number'];
  return [h('h3', {}, 'Peer'),
    h('div', { class: 'places' },
      place('Located', finding['telltale.peer.located'], placeName(finding)),
      place('Registered', finding['telltale.peer.registered']),
      place('Operated from', finding['telltale.peer.operated'])),
    facts([
      ['Name', finding['destination.domain']],
      ['To', `${endpoint(finding['destination.ip'], finding['destination.port'])} ${[...protocols].join(' ')}`, 'mono'],
      ['From', subject === '' ? 'several subjects' : h('span', {},
        h('span', { class: 'mono' }, endpoint(finding['source.ip'], finding['source.port'])), ' ',
        link('all findings of this subject', (next) => next.set('subject', subject)))],
      ['Network', network === 0 ? 'unknown' : `AS${network} ${finding['destination.as.organization.name']}`],
      ['Service', [finding['telltale.service'], finding['telltale.role']].filter(Boolean).join(' · ') || 'unknown'],
      ['City', finding['telltale.peer.city']],
      ['Anycast', finding['telltale.peer.anycast']],
      ['Disputed', finding['telltale.peer.disputed'].map((code) => `other sources say ${country(code)}`).join(', ')],
      ['Sources', list(finding['telltale.peer.sources'])],
    ])];
}

/** The places of the session, starting at the subject: `role|address or name|located|registered|operated|how it was observed`. */
function path(finding) {
  const segments = finding['telltale.path'];
  if (segments.length === 0) return [];
  return [h('h3', {}, 'Path'), h('ol', { class: 'path' }, ...segments.map((segment) => {
    const [role, host, located, , operated, how] = segment.split('|');
    if (role === 'unobservable') return h('li', { class: 'muted' }, `${how}: this part of the path cannot be seen from here`);
    const place = located === '?' ? 'place unknown' : located === 'local' || located === 'anycast' ? located : country(located);
    const places = [place, operated === '?' ? '' : `operated from ${operated}`];
    return h('li', {}, h('b', {}, role), ' ', h('span', { class: 'mono' }, host), ` ${places.filter(Boolean).join(', ')}`,
      how === 'flow' ? null : h('span', { class: 'muted' }, ` (${how})`));
  }))];
}

function policy(finding) {
  const verdict = finding['telltale.policy.verdict'];
  if (verdict === '') return [];
  return [h('h3', {}, 'Policy'), facts([
    ['Decided', h('span', { class: `tag ${verdict}` }, verdict)],
    ['Because', finding['telltale.policy.reason'], 'mono'],
    ['Policy', finding['telltale.policy.id']],
    ['All policies', finding['telltale.policy.decisions'].length > 1 ? list(finding['telltale.policy.decisions']) : ''],
  ])];
}

function flowSection(finding, flow) {
  const title = h('h3', {}, 'Flow');
  const without = (why) => [title, h('p', { class: 'muted' }, why)];
  if (isOverSeveral(finding)) return without('The finding has no flow of its own: it is about several records, which the sentence above describes.');
  if (flow === null) return without('The records of the flow are no longer stored: flows are kept for a shorter time than findings.');
  const { totals, records } = flow;
  const total = (name, value, more) => h('div', {}, h('dt', {}, name), h('dd', {}, value), h('dd', {}, more));
  const start = microsOf(totals.start);
  return [title,
    h('dl', { class: 'flow-totals' },
      total('Lasted', duration((microsOf(totals.last) - start) / 1e6), plural(totals.records, 'record')),
      total('Sent', bytes(totals.source_bytes), plural(totals.source_packets, 'packet')),
      total('Received', bytes(totals.destination_bytes), plural(totals.destination_packets, 'packet')),
      total('Round trip', totals.rtt === 0 ? 'unknown' : duration(totals.rtt / 1e6), 'handshake')),
    h('table', { class: 'records', 'aria-label': 'Records of the flow' },
      h('thead', {}, h('tr', {},
        ...['#', 'After', 'Frame', 'Sent', 'Received'].map((name) => h('th', { class: 'number', scope: 'col' }, name)),
        h('th', { scope: 'col' }, 'What'))),
      h('tbody', {}, ...records.map((record) => flowRecord(record, start, record['event.id'] === finding['telltale.record.id'])))),
    ...(totals.records > records.length
      ? [h('p', { class: 'muted' }, `The list leaves out ${plural(totals.records - records.length, 'further record')}.`)]
      : [])];
}

function flowRecord(record, start, isEvidence) {
  const count = (value) => h('td', { class: 'number' }, value);
  const frame = record['telltale.evidence.frame'];
  const dropped = record['telltale.observables_dropped'];
  return h('tr', { class: isEvidence ? 'evidence' : '', 'aria-current': isEvidence && 'true' },
    count(String(record['telltale.flow.sequence'])),
    count(duration((microsOf(record['@timestamp']) - start) / 1e6)),
    count(frame === 0 ? '' : number(frame)),
    count(bytes(record['source.bytes'])),
    count(bytes(record['destination.bytes'])),
    h('td', {}, summaryOf(record),
      ...record['telltale.observables'].map((each) => h('span', { class: 'seen' }, `${each.kind} `, h('span', { class: 'mono' }, each.mask),
        h('span', { class: 'muted' }, ` at ${each.path}${each.encoding ? ` (${each.encoding})` : ''}, frame ${number(each.frame)}`))),
      dropped > 0 ? h('span', { class: 'seen muted' }, `The record leaves out ${plural(dropped, 'further identifier')}.`) : null));
}

/** What the record is about, in one line: its request, question or name; otherwise its state. */
function summaryOf(record) {
  const line = [];
  const query = record['url.query'];
  const answers = record['dns.resolved_ip'];
  const stun = [record['telltale.stun.realm'], record['telltale.stun.software']].filter(Boolean);
  if (record['http.request.method']) {
    line.push(record['http.request.method'], `${record['url.domain']}${record['url.path']}${query ? `?${query}` : ''}`);
  }
  if (record['dns.question.name']) {
    line.push(`asks for ${record['dns.question.name']} ${record['dns.question.type']}`, answers.length > 0 ? `→ ${answers.join(', ')}` : '');
  }
  if (record['tls.client.server_name']) line.push(`TLS to ${record['tls.client.server_name']}`);
  if (stun.length > 0) line.push('STUN', ...stun);
  if (line.length === 0)
    line.push(record['telltale.flow.state'] === 'end' ? 'end of flow' : record['network.protocol'] || record['network.transport']);
  const verdict = record['telltale.encryption.verdict'];
  return h('span', {}, line.filter(Boolean).join(' '), verdict === '' ? null : h('span', { class: 'muted' }, ` · ${verdict}`));
}

function others(id, siblings) {
  const rest = siblings.filter((each) => each['event.id'] !== id);
  if (rest.length === 0) return [];
  return [h('h3', {}, 'Other findings in this flow'), h('ul', { class: 'siblings' }, ...rest.map((each) => h('li', {},
    levelMark(each['event.severity_name']),
    link(each.message || each['rule.name'], (next) => next.set('finding', each['event.id'])))))];
}

function provenance(finding) {
  return [h('h3', {}, 'Produced by'), facts([
    ['Rule', `${finding['rule.name']} (${finding['rule.version']})`],
    ['Rule id', finding['rule.id'], 'mono'],
    ['Versions', finding['telltale.versions'], 'mono'],
    ['Finding', finding['event.id'], 'mono'],
    ['Flow', finding['telltale.flow.id'], 'mono'],
    ['Community id', finding['network.community_id'], 'mono'],
  ])];
}

const list = (items) => (items.length === 0 ? '' : h('ul', { class: 'rows mono' }, ...items.map((each) => h('li', {}, each))));
const link = (text, change) => h('a', { href: addressOf(change) }, text);

/** Shown in place of a finding that cannot be read. */
export function showNoFinding(id, reason) {
  byId('detail').replaceChildren(h('header', {}, actions(id)), empty('This finding cannot be shown', reason));
}
