// The review page: reads what the view asks for, shows it, and keeps it fresh.

import { byId, empty, h } from './elements.js';
import { showFinding, showNoFinding } from './finding.js';
import { plural } from './format.js';
import { linkOf, markSelected, rowOf, rows, showList } from './list.js';
import { read, Unavailable } from './read.js';
import { showSummary } from './summary.js';
import { closeFinding, filterBy, filterQuery, listQuery, onView, openFinding, view } from './view.js';

const refreshEvery = 10_000;

/** What is shown or being loaded. */
const shown = { list: null, answer: null, finding: null };
let refreshedAt = 0;
/** What is being read for the list, and for the panel: given up when something else is wanted. */
let listReading = new AbortController();
let findingReading = new AbortController();
/** The last read failed, and may succeed later. */
let failing = false;

async function loadList() {
  const query = listQuery().toString();
  listReading.abort();
  const { signal } = listReading = new AbortController();
  shown.list = query;
  byId('table').setAttribute('aria-busy', 'true');
  try {
    const [page, summary] = await Promise.all([read(`api/findings?${query}`, signal), read(`api/summary?${filterQuery()}`, signal)]);
    if (signal.aborted) return;
    refreshedAt = Date.now();
    showProblem(null);
    showAnswer(query, page, summary);
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof Unavailable)) throw error;
    showProblem(error);
    if (refreshedAt === 0) byId('table').replaceChildren(empty('Nothing to show', 'The findings could not be read.'));
  } finally {
    if (!signal.aborted) byId('table').removeAttribute('aria-busy');
    showFreshness();
  }
}

/** Shows an answer unless it is already shown, so that selected text and the position of a screen reader are kept. */
function showAnswer(query, page, summary) {
  const answer = JSON.stringify([query, page, summary]);
  if (answer === shown.answer) return;
  const isAnother = shown.answer === null || JSON.parse(shown.answer)[0] !== query;
  shown.answer = answer;
  showSummary(summary);
  showList(page, summary);
  if (isAnother) byId('table').scrollTop = 0;
  say(plural(summary.findings, 'finding'));
}

/** Announces a text to screen readers. */
function say(text) {
  if (byId('said').textContent !== text) byId('said').textContent = text;
}

async function loadFinding() {
  const id = view.get('finding');
  const before = shown.finding;
  findingReading.abort();
  const { signal } = findingReading = new AbortController();
  shown.finding = id;
  markSelected();
  const panel = byId('detail');
  panel.hidden = id === null;
  document.querySelector('.columns').classList.toggle('reading', id !== null);
  if (id === null) {
    const row = rowOf(before);
    if (row) linkOf(row).focus();
    return;
  }
  try {
    const answer = await read(`api/findings/${encodeURIComponent(id)}`, signal);
    if (signal.aborted) return;
    showFinding(answer);
    say(`Opened: ${answer.finding.message || answer.finding['rule.name']}`);
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof Unavailable)) throw error;
    showNoFinding(id, error.message);
  }
  panel.scrollTop = 0;
}

function showProblem(error) {
  failing = error !== null && !error.refused;
  const bar = byId('problem');
  bar.hidden = error === null;
  if (error === null || bar.dataset.about === error.message) return;
  bar.dataset.about = error.message;
  const sentence = `${error.message}${/[.?]$/.test(error.message) ? '' : '.'}`;
  if (error.refused) {
    const all = h('button', { type: 'button', class: 'plain', onclick: () => { location.hash = ''; } }, 'Show all findings');
    bar.replaceChildren(`The address of this page asks for something that cannot be shown: ${sentence} `, all);
  } else bar.replaceChildren(`${sentence} The page tries again every ${refreshEvery / 1000} seconds.`);
}

function showFreshness() {
  byId('freshness').textContent = refreshedAt === 0 ? '' : `as of ${new Date(refreshedAt).toISOString().slice(11, 19)} UTC`;
}

byId('text').addEventListener('input', debounce((event) => filterBy((next) => {
  if (event.target.value === '') next.delete('text');
  else next.set('text', event.target.value);
}, { step: 'text' }), 250));

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
  else if (event.key === 'Escape' && view.has('finding')) closeFinding();
  else if (/^(input|textarea|select)$/i.test(event.target.tagName) && event.target.type !== 'checkbox') return;
  else if (event.key === '/') {
    event.preventDefault();
    byId('text').focus();
  } else if (['j', 'ArrowDown', 'k', 'ArrowUp'].includes(event.key)) move(event, event.key === 'j' || event.key === 'ArrowDown' ? 1 : -1);
});

/** Moves the focus among the rows; with a finding open, the panel follows. */
function move(event, step) {
  const all = rows();
  const at = all.indexOf(document.activeElement?.closest?.('tr[data-id]') ?? rowOf(view.get('finding')));
  const next = all[at === -1 ? 0 : at + step];
  if (next === undefined || (event.key.startsWith('Arrow') && document.activeElement?.closest?.('#table') === null)) return;
  event.preventDefault();
  linkOf(next).focus();
  next.scrollIntoView({ block: 'nearest' });
  if (view.has('finding')) openFinding(next.dataset.id);
}

function debounce(work, wait) {
  let timer;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...given), wait);
  };
}

setInterval(() => {
  const isReading = byId('table').hasAttribute('aria-busy'); // a store slower than this is waited for
  if ((byId('live').checked || failing) && document.visibilityState === 'visible' && !isReading) void loadList();
}, refreshEvery);

onView(() => {
  if (listQuery().toString() !== shown.list) void loadList();
  if (view.get('finding') !== shown.finding) void loadFinding();
});

// After the view has followed. A field that has the focus is otherwise left to who types in it.
addEventListener('popstate', () => { byId('text').value = view.get('text') ?? ''; });
