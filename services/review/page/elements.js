// Building blocks. Everything from the store becomes text of an element; nothing here builds HTML from text.

/** Most severe first. */
export const levels = ['critical', 'high', 'medium', 'low', 'informational'];

export const byId = (id) => document.getElementById(id);

/** An element; strings among the children become text. Properties beginning with `on` are listeners. */
export function h(tag, properties = {}, ...children) {
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

/**
 * Replaces the content of `container`. If one of its elements had the keyboard focus, the new element with the same `data-key` gets it, or
 * else the list.
 */
export function replace(container, ...children) {
  const held = document.activeElement;
  const inside = held !== container && container.contains(held);
  container.replaceChildren(...children);
  if (!inside) return;
  const again = [...container.querySelectorAll('[data-key]')].find((each) => each.dataset.key === held.dataset.key && !each.disabled);
  (again ?? byId('table')).focus({ preventScroll: true });
}

/** Each level has its own shape, so that it can be recognised without its colour. */
const shapes = {
  critical: 'M6 0 12 6 6 12 0 6Z',
  high: 'M6 1 12 11.5H0Z',
  medium: 'M1 1H11V11H1Z',
  low: 'M0 1.5H12L6 11Z',
  informational: 'M6 1A5 5 0 1 1 5.99 1Z',
};

export function levelMark(level) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 12 12');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', shapes[level] ?? shapes.informational);
  if (level === 'low' || level === 'informational') path.setAttribute('fill', 'none');
  svg.append(path);
  return h('span', { class: `level ${levels.includes(level) ? level : 'informational'}` }, svg, level === 'informational' ? 'info' : level);
}

export const empty = (title, text, ...more) => h('div', { class: 'empty' }, h('strong', {}, title), text, ...more);

/** Terms and values; a term without a value is left out. */
export function facts(entries, layout = '') {
  return h('dl', { class: `facts ${layout}` }, ...entries.filter(([, value]) => value !== '' && value !== null && value !== undefined)
    .flatMap(([term, value, style]) => [h('dt', {}, term), h('dd', style === undefined ? {} : { class: style }, value)]));
}
