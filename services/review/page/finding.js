// One finding: the sentence, the evidence, the peer, the policy, and the flow behind it.

import { byId, empty, facts, h, levelMark } from './elements.js';
import { bytes, country, countryName, dateOf, duration, endpoint, microsOf, number, plural } from './format.js';
import { addressOf, closeFinding } from './view.js';

export function actions(id) {
  const copy = h('button', { type: 'button', class: 'plain', onclick: async () => {
    await navigator.clipboard.writeText(`${location.origin}${location.pathname}#finding=${id}`);
    copy.textContent = 'Copied';
  } }, 'Copy link');
  return h('span', { class: 'actions' }, copy, h('button', { type: 'button', class: 'plain', 'aria-label': 'Close', onclick: closeFinding }, 'Close'));
}

export function showFinding({ finding, flow, siblings, tokenUse }) {
  const id = finding['event.id'];
  const verdict = finding['telltale.verdict'];
  byId('detail').replaceChildren(
    h('header', {}, levelMark(finding['event.severity_name']), h('span', { class: `tag ${verdict === 'indeterminate' ? 'indeterminate' : ''}` }, verdict), actions(id)),
    h('h2', {}, finding.message || finding['rule.name']),
    h('p', { class: 'muted' }, `${finding['rule.name']} · ${dateOf(finding['@timestamp'])} ${finding['@timestamp'].slice(11, 26)} UTC`),
    ...evidence(finding, flow, tokenUse),
    ...peer(finding),
    ...policy(finding),
    ...flowSection(finding, flow),
    ...others(id, siblings),
    ...provenance(finding));
}

function evidence(finding, flow, tokenUse) {
  const kind = finding['telltale.observable.kind'];
  const related = finding['telltale.observables.related'];
  const record = flow?.records.find((each) => each['event.id'] === finding['telltale.record.id']);
  const observable = record?.['telltale.observables'].find((each) => each.token === finding['telltale.observable.token'] && each.path === finding['telltale.observable.path']);
  const about = (value) => (kind === '' ? '' : value);
  return [h('h3', {}, 'Evidence'), facts([
    ['Identifier', kind === '' ? 'none: the finding is about the destination' : kind],
    ['Value', about(h('span', { class: 'mono' }, finding['telltale.observable.mask']))],
    ['Where', about(h('span', { class: 'mono' }, finding['telltale.observable.path']))],
    ['Encoding', about(finding['telltale.observable.encoding'] || 'none')],
    ['Sent by', observable === undefined ? about('unknown') : `${observable.sender}, ${observable.visibility}`],
    ['Confident', about(`${finding['telltale.observable.confidence']} %`)],
    ['File', h('span', { class: 'mono' }, finding['telltale.evidence.file'])],
    ...position(finding),
    ['Token', about(h('span', {}, h('span', { class: 'mono' }, finding['telltale.observable.token']), ' ', tokenUse && tokenUse.findings > 1
      ? h('span', {}, link(`in ${number(tokenUse.findings)} findings`, (next) => next.set('token', finding['telltale.observable.token'])),
        `, ${plural(tokenUse.subjects, 'subject')}, ${plural(tokenUse.peers, 'peer')}`) : null)), 'whole'],
    ['Risk', h('span', {}, number(finding['event.risk_score']), ' of 100')],
    ['With', related.join(', '), 'whole mono'],
    ['Inferred', finding['telltale.inference'].join('; '), 'whole mono'],
    ['Probe', finding['observer.name']],
  ], 'pairs')];
}

/** Where in the file: the packet of a capture, or the line of a log. */
function position(finding) {
  const frame = finding['telltale.evidence.frame'];
  const line = finding['telltale.evidence.line'];
  if (line > 0) return [['Line', number(line)]];
  return [['Frame', frame === 0 ? 'none' : number(frame)]];
}

function peer(finding) {
  const place = (title, code) => h('div', { class: `place${code === '' ? ' unknown' : ''}` }, h('span', {}, title, ' ', h('b', {}, code)), h('strong', { title: country(code) }, countryName(code)));
  return [h('h3', {}, 'Peer'),
    h('div', { class: 'places' }, place('Located', finding['telltale.peer.located']), place('Registered', finding['telltale.peer.registered']), place('Operated from', finding['telltale.peer.operated'])),
    facts([
      ['Name', finding['destination.domain']],
      ['To', h('span', { class: 'mono' }, `${endpoint(finding['destination.ip'], finding['destination.port'])} ${[finding['network.transport'], finding['network.protocol']].filter(Boolean).join(' ')}`)],
      ['From', h('span', {}, h('span', { class: 'mono' }, endpoint(finding['source.ip'], finding['source.port'])), ' ', link('all of this subject', (next) => next.set('subject', finding['telltale.subject.ip'])))],
      ['Network', finding['destination.as.number'] === 0 ? 'unknown' : `AS${finding['destination.as.number']} ${finding['destination.as.organization.name']}`],
      ['Service', [finding['telltale.service'], finding['telltale.role']].filter(Boolean).join(' · ') || 'unknown'],
    ])];
}

function policy(finding) {
  const verdict = finding['telltale.policy.verdict'];
  if (verdict === '') return [];
  return [h('h3', {}, 'Policy'), facts([
    ['Decided', h('span', { class: `tag ${verdict}` }, verdict)],
    ['Because', finding['telltale.policy.reason'], 'mono'],
    ['Policy', finding['telltale.policy.id']],
  ])];
}

function flowSection(finding, flow) {
  const title = h('h3', {}, 'Flow');
  if (flow === null) return [title, h('p', { class: 'muted' }, 'Its records are not stored any more: flows are kept for a shorter time than findings.')];
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
      h('thead', {}, h('tr', {}, ...['#', 'After', 'Frame', 'Sent', 'Received'].map((name) => h('th', { class: 'number', scope: 'col' }, name)), h('th', { scope: 'col' }, 'What'))),
      h('tbody', {}, ...records.map((record) => flowRecord(record, start, record['event.id'] === finding['telltale.record.id'])))),
    ...(totals.records > records.length ? [h('p', { class: 'muted' }, `${number(totals.records - records.length)} more records.`)] : [])];
}

function flowRecord(record, start, isEvidence) {
  const count = (value) => h('td', { class: 'number' }, value);
  return h('tr', { class: isEvidence ? 'evidence' : '', 'aria-current': isEvidence && 'true' },
    count(String(record['telltale.flow.sequence'])), count(duration((microsOf(record['@timestamp']) - start) / 1e6)),
    count(record['telltale.evidence.frame'] === 0 ? '' : number(record['telltale.evidence.frame'])), count(bytes(record['source.bytes'])), count(bytes(record['destination.bytes'])),
    h('td', {}, summaryOf(record),
      ...record['telltale.observables'].map((each) => h('span', { class: 'seen' }, `${each.kind} `, h('span', { class: 'mono' }, each.mask),
        h('span', { class: 'muted' }, ` at ${each.path}${each.encoding ? ` (${each.encoding})` : ''}, frame ${number(each.frame)}`))),
      record['telltale.observables_dropped'] > 0 ? h('span', { class: 'seen muted' }, `${number(record['telltale.observables_dropped'])} more identifiers not listed`) : null));
}

/** What the record is about, in one line: its request, question or name; otherwise its state. */
function summaryOf(record) {
  const line = [];
  if (record['http.request.method']) line.push(record['http.request.method'], `${record['url.domain']}${record['url.path']}${record['url.query'] ? `?${record['url.query']}` : ''}`);
  if (record['dns.question.name']) line.push(`asks for ${record['dns.question.name']} ${record['dns.question.type']}`, record['dns.resolved_ip'].length > 0 ? `→ ${record['dns.resolved_ip'].join(', ')}` : '');
  if (record['tls.client.server_name']) line.push(`TLS to ${record['tls.client.server_name']}`);
  if (record['telltale.stun.realm'] || record['telltale.stun.software']) line.push('STUN', record['telltale.stun.realm'], record['telltale.stun.software']);
  if (line.length === 0) line.push(record['telltale.flow.state'] === 'end' ? 'end of flow' : record['network.protocol'] || record['network.transport']);
  const verdict = record['telltale.encryption.verdict'];
  return h('span', {}, line.filter(Boolean).join(' '), verdict === '' ? null : h('span', { class: 'muted' }, ` · ${verdict}`));
}

function others(id, siblings) {
  const rest = siblings.filter((each) => each['event.id'] !== id);
  if (rest.length === 0) return [];
  return [h('h3', {}, 'Other findings in this flow'), h('ul', { class: 'siblings' }, ...rest.map((each) => h('li', {}, levelMark(each['event.severity_name']),
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

const link = (text, change) => h('a', { href: addressOf(change) }, text);

/** In place of a finding that cannot be read. */
export function showNoFinding(id, reason) {
  byId('detail').replaceChildren(h('header', {}, actions(id)), empty('This finding cannot be shown', reason));
}
