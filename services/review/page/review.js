// The review page. State lives in the address (after #), so that each view and each finding has a link.
// Everything from the store is shown through textContent; nothing here builds HTML from text.

const levels = ['critical', 'high', 'medium', 'low', 'informational'];
const facets = { level: 'Level', verdict: 'Verdict', kind: 'Identifier', country: 'Located in', service: 'Service', rule: 'Rule' };
const single = { text: 'Search', subject: 'Subject', token: 'Token', flow: 'Flow', from: 'From', to: 'To' };
const listParameters = [...Object.keys(facets), ...Object.keys(single), 'sort', 'order', 'page'];
const refreshEvery = 10_000;
const facetLength = 8;

const byId = (id) => document.getElementById(id);
const number = new Intl.NumberFormat('en');
const regions = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' });

let state = new URLSearchParams(location.hash.slice(1));
let shown = { list: null, finding: null };
let findings = [];
let refreshedAt = 0;
let request = 0;
const expanded = new Set();

// ---- state ----

function go(change, { replace = false } = {}) {
  const next = new URLSearchParams(state);
  change(next);
  const hash = `#${next}`;
  if (replace) history.replaceState(null, '', hash);
  else history.pushState(null, '', hash);
  follow();
}

/** A change of filter begins at the first page. */
const filterBy = (change, options) => go((next) => {
  next.delete('page');
  change(next);
}, options);

function follow() {
  state = new URLSearchParams(location.hash.slice(1));
  const list = listQuery();
  if (list !== shown.list) void loadList();
  if (state.get('finding') !== shown.finding) void loadFinding();
}

function listQuery() {
  return new URLSearchParams([...state].filter(([name, value]) => listParameters.includes(name) && (value !== '' || name in facets))).toString();
}

function toggle(name, value) {
  filterBy((next) => {
    const values = next.getAll(name);
    next.delete(name);
    for (const each of values.includes(value) ? values.filter((other) => other !== value) : [...values, value]) next.append(name, each);
  });
}

// ---- reading ----

class Unavailable extends Error {}

async function read(path) {
  let response;
  try {
    response = await fetch(path, { headers: { accept: 'application/json' } });
  } catch {
    throw new Unavailable('Telltale does not answer. Is it still running?');
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Unavailable(body.message ?? `Telltale answered ${response.status}.`);
  return body;
}

async function loadList() {
  const query = listQuery();
  const filter = new URLSearchParams([...new URLSearchParams(query)].filter(([name]) => !['sort', 'order', 'page'].includes(name)));
  const turn = ++request;
  shown.list = query;
  byId('table').setAttribute('aria-busy', 'true');
  try {
    const [page, summary] = await Promise.all([read(`api/findings?${query}`), read(`api/summary?${filter}`)]);
    if (turn !== request) return;
    findings = page.findings;
    refreshedAt = Date.now();
    problem('');
    showSummary(summary);
    showList(page, summary);
  } catch (error) {
    if (turn !== request) return;
    if (!(error instanceof Unavailable)) throw error;
    problem(error.message);
    if (findings.length === 0) byId('table').replaceChildren(empty('Nothing to show', 'The findings could not be read.'));
  } finally {
    if (turn === request) byId('table').removeAttribute('aria-busy');
    showFreshness();
  }
}

async function loadFinding() {
  const id = state.get('finding');
  shown.finding = id;
  markSelected();
  const panel = byId('detail');
  panel.hidden = id === null;
  document.querySelector('.columns').classList.toggle('reading', id !== null);
  if (id === null) return;
  try {
    const answer = await read(`api/findings/${encodeURIComponent(id)}`);
    if (shown.finding !== id) return;
    showFinding(answer);
  } catch (error) {
    if (shown.finding !== id) return;
    if (!(error instanceof Unavailable)) throw error;
    panel.replaceChildren(h('header', {}, actions(id)), empty('This finding cannot be shown', error.message));
  }
  panel.scrollTop = 0;
}

// ---- elements ----

/** An element; strings among the children become text. Properties beginning with `on` are listeners. */
function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'class') element.className = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Each level has a shape of its own: it can be told without its colour. */
const shapes = {
  critical: 'M6 0 12 6 6 12 0 6Z',
  high: 'M6 1 12 11.5H0Z',
  medium: 'M1 1H11V11H1Z',
  low: 'M0 1.5H12L6 11Z',
  informational: 'M6 1A5 5 0 1 1 5.99 1Z',
};

function levelMark(level) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 12 12');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', shapes[level] ?? shapes.informational);
  if (level === 'low' || level === 'informational') path.setAttribute('fill', 'none');
  svg.append(path);
  return h('span', { class: `level ${levels.includes(level) ? level : 'informational'}` }, svg, level === 'informational' ? 'info' : level);
}

const empty = (title, text, ...more) => h('div', { class: 'empty' }, h('strong', {}, title), text, ...more);

function countryName(code) {
  if (code === '') return 'unknown';
  try {
    return regions.of(code) ?? code;
  } catch { // not a region code: shown as it is
    return code;
  }
}

const country = (code) => (code === '' || countryName(code) === code ? countryName(code) : `${code} ${countryName(code)}`);

/** Parts of `2026-11-21T18:07:14.123456Z`. */
const dateOf = (timestamp) => timestamp.slice(0, 10);
const timeOf = (timestamp) => timestamp.slice(11, 19);
const utc = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ');

function bytes(count) {
  if (count < 1024) return `${number.format(count)} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let value = count / 1024;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(value < 10 ? 1 : 0)} ${units[unit]}`;
}

function duration(seconds) {
  if (seconds < 0.001) return '0 ms';
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds % 3600 / 60)} min`;
}

/** Microseconds since 1970; Date alone would drop the last three digits. */
const microsOf = (timestamp) => Date.parse(`${timestamp.slice(0, 19)}Z`) * 1000 + Number(timestamp.slice(20, 26).padEnd(6, '0'));
const endpoint = (ip, port) => (port === 0 ? ip : ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`);

// ---- totals, facets, histogram ----

function showSummary(summary) {
  const plural = (count, one, many) => [count, count === 1 ? one : many];
  byId('totals').replaceChildren(...[
    plural(summary.findings, 'finding', 'findings'), plural(summary.subjects, 'subject', 'subjects'),
    plural(summary.identifiers, 'identifier', 'identifiers'), [summary.indeterminate, 'indeterminate'],
  ].map(([count, label]) => h('div', {}, h('dt', {}, label), h('dd', {}, number.format(count)))));
  byId('facets').replaceChildren(...Object.entries(facets).map(([name, title]) => facetFields(name, title, summary.facets[name])));
  showHistogram(summary.histogram);
  showChips(summary);
  for (const name of ['from', 'to']) {
    if (document.activeElement !== byId(name)) byId(name).value = (state.get(name) ?? '').slice(0, 19);
  }
  if (document.activeElement !== byId('text')) byId('text').value = state.get('text') ?? '';
}

function facetFields(name, title, values) {
  const chosen = state.getAll(name);
  const listed = [...values, ...chosen.filter((value) => !values.some((each) => each.value === value)).map((value) => ({ value, label: value, count: 0 }))];
  if (name === 'level') listed.sort((a, b) => levels.indexOf(a.value) - levels.indexOf(b.value));
  const most = Math.max(1, ...listed.map(({ count }) => count));
  const short = listed.length > facetLength && !expanded.has(name);
  return h('fieldset', { hidden: listed.length === 0 }, h('legend', {}, title),
    ...(short ? listed.slice(0, facetLength) : listed).map(({ value, label, count }) => {
      const share = h('span', { class: 'share' });
      share.style.width = `${count / most * 100}%`;
      const text = nameOf(name, value, label);
      return h('label', { class: 'choice', title: text },
        h('input', { type: 'checkbox', name, value, checked: chosen.includes(value), onchange: () => toggle(name, value) }),
        name === 'level' ? levelMark(value) : h('span', { class: 'name' }, text), h('span', { class: 'count' }, number.format(count)), share);
    }),
    short ? h('button', { type: 'button', class: 'more', onclick: () => { expanded.add(name); void loadList(); } }, `${listed.length - facetLength} more`) : null);
}

function nameOf(facet, value, label) {
  if (facet === 'country') return country(value);
  if (value === '') return facet === 'kind' ? 'none' : 'unknown';
  return label;
}

function showHistogram({ width, from, buckets }) {
  const sums = buckets.map((counts) => counts.reduce((sum, count) => sum + count, 0));
  const most = Math.max(1, ...sums);
  const until = from + width * buckets.length;
  if (buckets.length === 0) {
    byId('histogram').replaceChildren();
    byId('histogram').hidden = true;
    return;
  }
  byId('histogram').hidden = false;
  byId('histogram').replaceChildren(
    h('div', { class: 'bars' }, ...buckets.map((counts, index) => {
      const start = from + index * width;
      const label = `${utc(start)} to ${utc(start + width)} UTC: ${number.format(sums[index])}`;
      const bucket = h('button', { type: 'button', class: 'bucket', title: label, 'aria-label': label, tabindex: '-1', onclick: () => filterBy((next) => {
        next.set('from', new Date(start * 1000).toISOString());
        next.set('to', new Date((start + width) * 1000).toISOString());
      }) });
      counts.forEach((count, level) => { // from the server: least level first, which is the bottom of the stack
        if (count === 0) return;
        const part = h('span', { class: `fill-${levels[levels.length - 1 - level]}` });
        part.style.height = `${count / most * 100}%`;
        bucket.append(part);
      });
      return bucket;
    })),
    h('div', { class: 'axis' }, h('span', {}, `${utc(from)} UTC`), h('span', {}, `${duration(width).replace(/\.0 s| 0 s| 0 min/, (rest) => (rest === '.0 s' ? ' s' : ''))} per bar, highest ${number.format(most)}`), h('span', {}, `${utc(until)} UTC`)));
}

function showChips({ facets: counted }) {
  const chips = [];
  for (const [name, title] of Object.entries(facets)) {
    for (const value of state.getAll(name)) {
      const label = counted[name].find((each) => each.value === value)?.label ?? value;
      chips.push(chip(`${title}: ${nameOf(name, value, label)}`, () => toggle(name, value)));
    }
  }
  for (const [name, title] of Object.entries(single)) {
    const value = state.get(name);
    if (value) chips.push(chip(`${title}: ${name === 'from' || name === 'to' ? `${value.slice(0, 19).replace('T', ' ')} UTC` : value}`, () => filterBy((next) => next.delete(name))));
  }
  if (chips.length > 1) chips.push(h('button', { type: 'button', class: 'chip all', onclick: clearFilters }, 'Clear all'));
  byId('chips').replaceChildren(...chips);
}

const chip = (text, remove) => h('button', { type: 'button', class: 'chip', title: `Remove filter ${text}`, onclick: remove }, text);

function clearFilters() {
  filterBy((next) => {
    for (const name of [...Object.keys(facets), ...Object.keys(single)]) next.delete(name);
  });
}

// ---- the list ----

const columns = [
  { sort: 'level', title: 'Level', name: 'level' },
  { sort: 'time', title: 'Time (UTC)', name: 'time' },
  { sort: 'kind', title: 'Finding', name: 'what' },
  { sort: 'peer', title: 'Peer', name: 'peer' },
  { sort: 'country', title: 'Located in', name: 'country' },
  { sort: 'service', title: 'Service', name: 'service' },
];

function showList(page, summary) {
  if (summary.findings === 0) {
    const filtered = new URLSearchParams(listQuery()).keys().some((name) => name in facets || name in single);
    byId('table').replaceChildren(filtered
      ? empty('No finding fits these filters', 'Remove some, or ', h('button', { type: 'button', class: 'more', onclick: clearFilters }, 'clear them all'))
      : empty('No findings yet', 'They appear here as soon as they are stored.'));
    byId('pager').replaceChildren();
    return;
  }
  const focused = document.activeElement?.closest?.('tr[data-id]')?.dataset.id;
  byId('table').replaceChildren(h('table', { class: 'findings', 'aria-label': 'Findings' },
    h('thead', {}, h('tr', {}, ...columns.map(heading))),
    h('tbody', {}, ...page.findings.map(row))));
  markSelected();
  if (focused !== undefined) rowOf(focused)?.focus();
  showPager(page, summary.findings);
}

function heading({ sort, title, name }) {
  const current = state.get('sort') ?? 'time';
  const descending = (state.get('order') ?? 'desc') === 'desc';
  const active = current === sort;
  return h('th', { class: `col-${name}`, scope: 'col', 'aria-sort': active && (descending ? 'descending' : 'ascending') },
    h('button', { type: 'button', onclick: () => go((next) => {
      next.set('sort', sort);
      next.set('order', active ? (descending ? 'asc' : 'desc') : sort === 'time' || sort === 'level' ? 'desc' : 'asc');
      next.delete('page');
    }) }, title));
}

function row(finding) {
  const id = finding['event.id'];
  const kind = finding['telltale.observable.kind'];
  const verdict = finding['telltale.verdict'];
  return h('tr', { 'data-id': id, tabindex: '-1', onclick: () => open(id) },
    h('td', {}, levelMark(finding['event.severity_name'])),
    h('td', { class: 'of-time' }, h('span', { class: 'line' }, timeOf(finding['@timestamp']), h('span', { class: 'fraction' }, finding['@timestamp'].slice(19, 23))),
      h('span', { class: 'line muted' }, dateOf(finding['@timestamp']))),
    h('td', {}, h('span', { class: 'what', title: finding.message }, verdict === 'indeterminate' ? h('span', { class: 'tag indeterminate' }, verdict) : null,
      kind === '' ? null : h('span', { class: 'tag' }, kind), finding.message || finding['rule.name'])),
    h('td', {}, h('span', { class: 'line' }, finding['destination.domain'] || endpoint(finding['telltale.peer.ip'], finding['destination.port'])),
      h('span', { class: 'line muted' }, `from ${finding['telltale.subject.ip']}`)),
    h('td', { class: 'of-country' }, h('span', { class: 'line', title: country(finding['telltale.peer.located']) }, countryName(finding['telltale.peer.located'])),
      h('span', { class: 'line muted' }, finding['telltale.peer.operated'] && finding['telltale.peer.operated'] !== finding['telltale.peer.located'] ? `operated ${finding['telltale.peer.operated']}` : '')),
    h('td', { class: 'of-service' }, h('span', { class: 'line' }, finding['telltale.service'] || 'unknown'), h('span', { class: 'line muted' }, finding['telltale.role'])));
}

function showPager({ offset, limit }, total) {
  const last = Math.min(total, offset + limit);
  const page = offset / limit + 1;
  const turn = (to) => go((next) => next.set('page', to));
  byId('pager').replaceChildren(
    h('span', { class: 'hint' }, h('kbd', {}, 'j'), ' ', h('kbd', {}, 'k'), ' move  ', h('kbd', {}, 'Enter'), ' open  ', h('kbd', {}, 'Esc'), ' close'),
    h('span', {}, `${number.format(Math.min(offset + 1, last))}–${number.format(last)} of ${number.format(total)}`),
    h('button', { type: 'button', class: 'plain', disabled: page === 1, onclick: () => turn(page - 1) }, 'Previous'),
    h('button', { type: 'button', class: 'plain', disabled: last === total, onclick: () => turn(page + 1) }, 'Next'));
}

const rows = () => [...document.querySelectorAll('tr[data-id]')];
const rowOf = (id) => rows().find((each) => each.dataset.id === id);

/** One row is reachable with Tab; the arrow keys move from there. */
function markSelected() {
  const id = state.get('finding');
  const all = rows();
  for (const each of all) {
    if (each.dataset.id === id) each.setAttribute('aria-current', 'true');
    else each.removeAttribute('aria-current');
    each.tabIndex = -1;
  }
  const entry = rowOf(id) ?? all[0];
  if (entry) entry.tabIndex = 0;
}

const open = (id) => go((next) => next.set('finding', id), { replace: state.has('finding') });

function close() {
  const id = state.get('finding');
  go((next) => next.delete('finding'));
  rowOf(id)?.focus();
}

// ---- one finding ----

function actions(id) {
  const copy = h('button', { type: 'button', class: 'plain', onclick: async () => {
    await navigator.clipboard.writeText(`${location.origin}${location.pathname}#finding=${id}`);
    copy.textContent = 'Copied';
  } }, 'Copy link');
  return h('span', { class: 'actions' }, copy, h('button', { type: 'button', class: 'plain', 'aria-label': 'Close', onclick: close }, 'Close'));
}

function showFinding({ finding, flow, siblings, tokenUse }) {
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
    ['Frame', finding['telltale.evidence.frame'] === 0 ? 'none' : number.format(finding['telltale.evidence.frame'])],
    ['Token', about(h('span', {}, h('span', { class: 'mono' }, finding['telltale.observable.token']), ' ', tokenUse && tokenUse.findings > 1
      ? h('span', {}, link(`in ${number.format(tokenUse.findings)} findings`, (next) => next.set('token', finding['telltale.observable.token'])),
        `, ${number.format(tokenUse.subjects)} subject${tokenUse.subjects === 1 ? '' : 's'}, ${number.format(tokenUse.peers)} peer${tokenUse.peers === 1 ? '' : 's'}`) : null)), 'whole'],
    ['With', related.join(', '), 'whole mono'],
    ['Probe', finding['observer.name']],
  ], 'pairs')];
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
  const packets = (count) => `${number.format(count)} packet${count === 1 ? '' : 's'}`;
  const start = microsOf(totals.start);
  return [title,
    h('dl', { class: 'flow-totals' },
      total('Lasted', duration((microsOf(totals.last) - start) / 1e6), `${number.format(totals.records)} record${totals.records === 1 ? '' : 's'}`),
      total('Sent', bytes(totals.source_bytes), packets(totals.source_packets)),
      total('Received', bytes(totals.destination_bytes), packets(totals.destination_packets)),
      total('Round trip', totals.rtt === 0 ? 'unknown' : duration(totals.rtt / 1e6), 'handshake')),
    h('table', { class: 'records', 'aria-label': 'Records of the flow' },
      h('thead', {}, h('tr', {}, ...['#', 'After', 'Frame', 'Sent', 'Received'].map((name) => h('th', { class: 'number', scope: 'col' }, name)), h('th', { scope: 'col' }, 'What'))),
      h('tbody', {}, ...records.map((record) => flowRecord(record, start, record['event.id'] === finding['telltale.record.id'])))),
    ...(totals.records > records.length ? [h('p', { class: 'muted' }, `${number.format(totals.records - records.length)} more records.`)] : [])];
}

function flowRecord(record, start, isEvidence) {
  const count = (value) => h('td', { class: 'number' }, value);
  return h('tr', { class: isEvidence ? 'evidence' : '', 'aria-current': isEvidence && 'true' },
    count(String(record['telltale.flow.sequence'])), count(duration((microsOf(record['@timestamp']) - start) / 1e6)),
    count(record['telltale.evidence.frame'] === 0 ? '' : number.format(record['telltale.evidence.frame'])), count(bytes(record['source.bytes'])), count(bytes(record['destination.bytes'])),
    h('td', {}, summaryOf(record),
      ...record['telltale.observables'].map((each) => h('span', { class: 'seen' }, `${each.kind} `, h('span', { class: 'mono' }, each.mask),
        h('span', { class: 'muted' }, ` at ${each.path}${each.encoding ? ` (${each.encoding})` : ''}, frame ${number.format(each.frame)}`))),
      record['telltale.observables_dropped'] > 0 ? h('span', { class: 'seen muted' }, `${number.format(record['telltale.observables_dropped'])} more identifiers not listed`) : null));
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

/** Terms and values; a term without a value is left out. */
function facts(entries, layout = '') {
  return h('dl', { class: `facts ${layout}` }, ...entries.filter(([, value]) => value !== '' && value !== null && value !== undefined)
    .flatMap(([term, value, style]) => [h('dt', {}, term), h('dd', style === undefined ? {} : { class: style }, value)]));
}

/** A link to the view that `change` makes of this one. */
function link(text, change) {
  const next = new URLSearchParams(state);
  next.delete('page');
  change(next);
  return h('a', { href: `#${next}` }, text);
}

// ---- problems, freshness, keys ----

function problem(text) {
  byId('problem').hidden = text === '';
  byId('problem').textContent = text === '' ? '' : `${text} Trying again every ${refreshEvery / 1000} seconds.`;
}

function showFreshness() {
  byId('freshness').textContent = refreshedAt === 0 ? '' : `as of ${new Date(refreshedAt).toISOString().slice(11, 19)} UTC`;
}

byId('text').addEventListener('input', debounce((event) => filterBy((next) => {
  if (event.target.value === '') next.delete('text');
  else next.set('text', event.target.value);
}, { replace: true }), 250));

for (const name of ['from', 'to']) {
  byId(name).addEventListener('change', (event) => filterBy((next) => {
    if (event.target.value === '') next.delete(name);
    else next.set(name, new Date(`${event.target.value}Z`).toISOString());
  }));
}

byId('filters').addEventListener('submit', (event) => event.preventDefault());
byId('toggle-filters').addEventListener('click', (event) => {
  event.currentTarget.setAttribute('aria-expanded', String(byId('filters').classList.toggle('open')));
});

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === 'Escape' && byId('filters').classList.contains('open')) byId('toggle-filters').click();
  else if (event.key === 'Escape' && state.has('finding')) close();
  else if (/^(input|textarea|select)$/i.test(event.target.tagName) && event.target.type !== 'checkbox') return;
  else if (event.key === '/') {
    event.preventDefault();
    byId('text').focus();
  } else if (['j', 'ArrowDown', 'k', 'ArrowUp'].includes(event.key)) move(event, event.key === 'j' || event.key === 'ArrowDown' ? 1 : -1);
  else if (event.key === 'Enter' && event.target.dataset?.id) open(event.target.dataset.id);
});

/** Moves the focus among the rows; with a finding open, the panel follows. */
function move(event, step) {
  const all = rows();
  const at = all.indexOf(document.activeElement?.closest?.('tr[data-id]') ?? rowOf(state.get('finding')));
  const next = all[at === -1 ? 0 : at + step];
  if (next === undefined || (event.key.startsWith('Arrow') && document.activeElement?.closest?.('#table') === null)) return;
  event.preventDefault();
  next.focus();
  next.scrollIntoView({ block: 'nearest' });
  if (state.has('finding')) open(next.dataset.id);
}

function debounce(work, wait) {
  let timer;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...given), wait);
  };
}

setInterval(() => {
  if (byId('live').checked && document.visibilityState === 'visible') void loadList();
}, refreshEvery);
addEventListener('popstate', follow);
addEventListener('hashchange', follow);
follow();
