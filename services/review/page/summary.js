// What surrounds the list: totals, filters with their counts, the histogram over time.

import { byId, h, levelMark, levels, replace } from './elements.js';
import { country, number, period, utc } from './format.js';
import { clearFilters, facets, filterBy, single, toggle, view } from './view.js';

/** Values of a facet that are listed at first. */
const facetLength = 8;
/** Facets of which all values are listed. */
const expanded = new Set();

export function showSummary(summary) {
  const noun = (count, name) => [count, count === 1 ? name : `${name}s`];
  byId('totals').replaceChildren(...[
    noun(summary.findings, 'finding'),
    noun(summary.subjects, 'subject'),
    noun(summary.identifiers, 'identifier'),
    [summary.indeterminate, 'indeterminate'],
  ].map(([count, label]) => h('div', {}, h('dt', {}, label), h('dd', {}, number(count)))));
  replace(byId('facets'), ...Object.entries(facets).map(([name, title]) => facetFields(name, title, summary)));
  showHistogram(summary.histogram);
  showChips(summary);
  for (const name of ['from', 'to']) {
    if (document.activeElement !== byId(name)) byId(name).value = (view.get(name) ?? '').slice(0, 19);
  }
  if (document.activeElement !== byId('text')) byId('text').value = view.get('text') ?? '';
}

function facetFields(name, title, summary) {
  const values = summary.facets[name];
  const chosen = view.getAll(name);
  const unlisted = chosen.filter((value) => !values.some((each) => each.value === value));
  const listed = [...values, ...unlisted.map((value) => ({ value, label: value, count: 0 }))];
  if (name === 'level') listed.sort((a, b) => levels.indexOf(a.value) - levels.indexOf(b.value));
  const most = Math.max(1, ...listed.map(({ count }) => count));
  const expand = () => {
    expanded.add(name);
    showSummary(summary);
    document.getElementsByName(name)[facetLength].focus();
  };
  const short = listed.length > facetLength && !expanded.has(name);
  return h('fieldset', { hidden: listed.length === 0 }, h('legend', {}, title),
    ...(short ? listed.slice(0, facetLength) : listed).map(({ value, label, count }) => {
      const share = h('span', { class: 'share' });
      share.style.width = `${count / most * 100}%`;
      const text = nameOf(name, value, label);
      return h('label', { class: 'choice', title: text },
        h('input', {
          type: 'checkbox', name, value, 'data-key': `${name}=${value}`, checked: chosen.includes(value), onchange: () => toggle(name, value),
        }),
        name === 'level' ? levelMark(value) : h('span', { class: 'name' }, text), h('span', { class: 'count' }, number(count)), share);
    }),
    short ? h('button', { type: 'button', class: 'more', onclick: expand }, `${listed.length - facetLength} more`) : null);
}

function nameOf(facet, value, label) {
  if (facet === 'country') return value === '' ? 'local or unknown' : country(value);
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
      const label = `${utc(start)} to ${utc(start + width)} UTC: ${number(sums[index])}`;
      const narrow = () => filterBy((next) => {
        next.set('from', new Date(start * 1000).toISOString());
        next.set('to', new Date((start + width) * 1000).toISOString());
      });
      const bucket = h('button', { type: 'button', class: 'bucket', title: label, 'aria-label': label, tabindex: '-1', onclick: narrow });
      counts.forEach((count, level) => { // from the server: least level first, which is the bottom of the stack
        if (count === 0) return;
        const part = h('span', { class: `fill-${levels[levels.length - 1 - level]}` });
        part.style.height = `${count / most * 100}%`;
        bucket.append(part);
      });
      return bucket;
    })),
    h('div', { class: 'axis' },
      h('span', {}, `${utc(from)} UTC`),
      h('span', { class: 'scale' }, `${period(width)} per bar; the highest has ${number(most)}`),
      h('span', {}, `${utc(until)} UTC`)));
}

function showChips({ facets: counted }) {
  const chips = [];
  for (const [name, title] of Object.entries(facets)) {
    for (const value of view.getAll(name)) {
      const label = counted[name].find((each) => each.value === value)?.label ?? value;
      chips.push(chip(`${title}: ${nameOf(name, value, label)}`, () => toggle(name, value)));
    }
  }
  for (const [name, title] of Object.entries(single)) {
    const value = view.get(name);
    if (!value) continue;
    const shown = name === 'from' || name === 'to' ? `${value.slice(0, 19).replace('T', ' ')} UTC` : value;
    chips.push(chip(`${title}: ${shown}`, () => filterBy((next) => next.delete(name))));
  }
  if (chips.length > 1) chips.push(h('button', { type: 'button', class: 'chip all', onclick: clearFilters }, 'Clear all'));
  replace(byId('chips'), ...chips);
}

function chip(text, remove) {
  const label = `Remove filter ${text}`;
  return h('button', { type: 'button', class: 'chip', title: label, 'aria-label': label, onclick: remove }, text);
}
