// The list of findings.

import { byId, empty, h, levelMark, replace } from './elements.js';
import { country, dateOf, endpoint, number, placeName, timeOf } from './format.js';
import { clearFilters, filterQuery, go, openFinding, view } from './view.js';

const columns = [
  { sort: 'level', title: 'Level', name: 'level' },
  { sort: 'risk', title: 'Risk', name: 'risk' },
  { sort: 'time', title: 'Time (UTC)', name: 'time' },
  { sort: 'rule', title: 'Finding', name: 'what' },
  { sort: 'peer', title: 'Peer', name: 'peer' },
  { sort: 'country', title: 'Located in', name: 'country' },
  { sort: 'service', title: 'Service', name: 'service' },
];

export function showList(page, summary) {
  if (summary.findings === 0) {
    const filtered = filterQuery().size > 0;
    replace(byId('table'), filtered
      ? empty('No finding matches these filters', 'Remove some, or ',
        h('button', { type: 'button', class: 'more', onclick: clearFilters }, 'clear them all'))
      : empty('No findings yet', 'They appear here as soon as they are stored.'));
    byId('pager').replaceChildren();
    return;
  }
  replace(byId('table'), h('table', { class: 'findings', 'aria-label': 'Findings' },
    h('thead', {}, h('tr', {}, ...columns.map(heading))),
    h('tbody', {}, ...repeated(page.findings).map(row))));
  markSelected();
  showPager(page, summary.findings);
}

function heading({ sort, title, name }) {
  const current = view.get('sort') ?? 'time';
  const descending = (view.get('order') ?? 'desc') === 'desc';
  const active = current === sort;
  return h('th', { class: `col-${name}`, scope: 'col', 'aria-sort': active && (descending ? 'descending' : 'ascending') },
    h('button', { type: 'button', 'data-key': sort, onclick: () => go((next) => {
      next.set('sort', sort);
      next.set('order', active ? (descending ? 'asc' : 'desc') : ['time', 'level', 'risk'].includes(sort) ? 'desc' : 'asc');
      next.delete('page');
    }) }, title));
}

/** A flow may say the same in many packets: findings of a page that repeat another of the same flow, rule, value and place share its row. */
function repeated(findings) {
  const groups = new Map();
  for (const finding of findings) {
    const key = JSON.stringify([
      finding['telltale.flow.id'] || finding['event.id'], finding['rule.id'], finding['telltale.verdict'], finding['telltale.observable.kind'],
      finding['telltale.observable.token'], finding['telltale.observable.path'], finding['telltale.observables.related'],
    ]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { finding, times: [finding['@timestamp']] });
    else group.times.push(finding['@timestamp']);
  }
  return [...groups.values()];
}

/** How often the finding of a row is on the page, and when first and last; null if once. */
function repeats(times) {
  if (times.length === 1) return null;
  const [first, last] = [times.toSorted()[0], times.toSorted().at(-1)];
  return h('span', { class: 'tag repeats', title: `first ${dateOf(first)} ${timeOf(first)}, last ${dateOf(last)} ${timeOf(last)} (UTC)` },
    `${number(times.length)} times, ${timeOf(first)}–${timeOf(last)}`);
}

function row({ finding, times }) {
  const id = finding['event.id'];
  const kind = finding['telltale.observable.kind'];
  const verdict = finding['telltale.verdict'];
  const located = finding['telltale.peer.located'];
  const operated = finding['telltale.peer.operated'];
  const open = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // left to the browser: opens a new tab or window
    event.preventDefault();
    openFinding(id);
  };
  return h('tr', { 'data-id': id, onclick: open },
    h('td', {}, levelMark(finding['event.severity_name'])),
    h('td', { class: 'of-risk' }, number(finding['event.risk_score'])),
    h('td', { class: 'of-time' },
      h('span', { class: 'line' }, timeOf(finding['@timestamp']), h('span', { class: 'fraction' }, finding['@timestamp'].slice(19, 23))),
      h('span', { class: 'line muted' }, dateOf(finding['@timestamp']))),
    h('td', {}, h('a', { class: 'rule line', href: `#finding=${id}`, 'data-key': id }, finding['rule.name']),
      h('span', { class: 'what muted', title: finding.message },
        verdict === 'indeterminate' ? h('span', { class: 'tag indeterminate' }, verdict) : null, ' ',
        kind === '' ? null : h('span', { class: 'tag' }, kind), ' ', repeats(times), ' ', finding.message)),
    h('td', { class: 'of-peer' },
      h('span', { class: 'line' }, finding['destination.domain'] || endpoint(finding['telltale.peer.ip'], finding['destination.port'])),
      h('span', { class: 'line muted' }, `from ${finding['telltale.subject.ip'] || 'several subjects'}`)),
    h('td', { class: 'of-country' }, h('span', { class: 'line', title: country(located) }, placeName(finding)),
      h('span', { class: 'line muted' }, operated && operated !== located ? `operated from ${operated}` : '')),
    h('td', { class: 'of-service' }, h('span', { class: 'line' }, finding['telltale.service'] || 'unknown'),
      h('span', { class: 'line muted' }, finding['telltale.role'])));
}

function showPager({ offset, limit }, total) {
  const last = Math.min(total, offset + limit);
  const page = offset / limit + 1;
  const turn = (to) => go((next) => next.set('page', to));
  replace(byId('pager'),
    h('span', { class: 'hint' },
      h('kbd', {}, 'j'), ' ', h('kbd', {}, 'k'), ' move  ', h('kbd', {}, 'Enter'), ' open  ', h('kbd', {}, 'Esc'), ' close'),
    h('span', {}, `${number(Math.min(offset + 1, last))}–${number(last)} of ${number(total)}`),
    h('button', { type: 'button', class: 'plain', 'data-key': 'previous', disabled: page === 1, onclick: () => turn(page - 1) }, 'Previous'),
    h('button', { type: 'button', class: 'plain', 'data-key': 'next', disabled: last === total, onclick: () => turn(page + 1) }, 'Next'));
}

export const rows = () => [...document.querySelectorAll('tr[data-id]')];
export const rowOf = (id) => rows().find((each) => each.dataset.id === id);

export const linkOf = (row) => row.querySelector('a');

/** The link of one row is reachable with Tab; the arrow keys move from there. */
export function markSelected() {
  const id = view.get('finding');
  const all = rows();
  for (const each of all) {
    if (each.dataset.id === id) each.setAttribute('aria-current', 'true');
    else each.removeAttribute('aria-current');
    linkOf(each).tabIndex = -1;
  }
  const entry = rowOf(id) ?? all[0];
  if (entry) linkOf(entry).tabIndex = 0;
}
