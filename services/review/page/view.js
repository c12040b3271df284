// The current view is kept in the address (after #), so that each view and each finding has a link.

/** Filters that take several values, and those that take one. */
export const facets = { level: 'Level', verdict: 'Verdict', kind: 'Identifier', country: 'Located in', service: 'Service', rule: 'Rule' };
export const single = { text: 'Search', subject: 'Subject', token: 'Token', flow: 'Flow', from: 'From', to: 'To' };
const filters = [...Object.keys(facets), ...Object.keys(single)];

export let view = read();
let follow;

function read() {
  return new URLSearchParams(location.hash.slice(1));
}

/** Calls `listener` now and whenever the view changes. */
export function onView(listener) {
  follow = () => {
    view = read();
    listener();
  };
  addEventListener('popstate', follow);
  addEventListener('hashchange', follow);
  follow();
}

/** Changes to the view that `change` makes from this one. With `step`, changes of one name that follow each other are one step back. */
export function go(change, { step = null, replace = step !== null && history.state === step } = {}) {
  const next = new URLSearchParams(view);
  change(next);
  if (replace) history.replaceState(step, '', `#${next}`);
  else history.pushState(step, '', `#${next}`);
  follow();
}

/** Changes a filter, and returns to the first page. */
export function filterBy(change, options) {
  go((next) => {
    next.delete('page');
    change(next);
  }, options);
}

export function toggle(name, value) {
  filterBy((next) => {
    const values = next.getAll(name);
    next.delete(name);
    for (const each of values.includes(value) ? values.filter((other) => other !== value) : [...values, value]) next.append(name, each);
  });
}

export function clearFilters() {
  filterBy((next) => filters.forEach((name) => next.delete(name)));
}

/** The query for the counts; with order and page, it is the one for the list. An empty value of a facet selects the unknown ones. */
export function filterQuery() {
  return new URLSearchParams([...view].filter(([name, value]) => filters.includes(name) && (value !== '' || name in facets)));
}

export function listQuery() {
  const query = filterQuery();
  for (const name of ['sort', 'order', 'page']) if (view.has(name)) query.set(name, view.get(name));
  return query;
}

export const openFinding = (id) => go((next) => next.set('finding', id), { replace: view.has('finding') });
export const closeFinding = () => go((next) => next.delete('finding'));

/** Address of the view that `change` makes from this one. */
export function addressOf(change) {
  const next = new URLSearchParams(view);
  next.delete('page');
  change(next);
  return `#${next}`;
}
