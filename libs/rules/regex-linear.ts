import { ambiguousLoop } from './regex-ambiguity.ts';
import { parseRegex, type RegexNode } from './regex-syntax.ts';

/**
 * A test for the pattern. JavaScript's engine goes back where it has read a text in one of several ways, and can take time exponential in the
 * value, or polynomial of a degree as high as the number of repetitions behind each other. Such patterns are run on a machine that follows all
 * ways at once, in time proportional to the value times the pattern. What the machine cannot tell exactly (look-around, back references,
 * atomic groups) it lets through to the engine.
 */
export function regexMatcher(regex: RegExp): (value: string) => boolean {
  const tree = parseRegex(regex.source, regex.flags);
  const machine = goesBackOften(tree) ? linearMachine(tree) : undefined;
  if (!machine) return (value) => regex.test(value);
  const { search } = machine;
  return machine.leftOut === undefined ? search : (value) => search(value) && regex.test(value);
}

/** Ways to read a text, beside one repetition without an end, that the engine may try. */
const fewWays = 10_000;

function goesBackOften(tree: RegexNode): boolean {
  return endlessRepetitions(tree) > 1 || waysToRead(tree) > fewWays || ambiguousLoop(tree) !== undefined;
}

function endlessRepetitions(node: RegexNode): number {
  switch (node.type) {
    case 'atom': return 0;
    case 'look': case 'atomic': return endlessRepetitions(node.part);
    case 'repeat': return endlessRepetitions(node.part) + (node.max === Infinity ? 1 : 0);
    case 'sequence': case 'choice': return node.parts.reduce((sum, part) => sum + endlessRepetitions(part), 0);
  }
}

/** In how many ways a text can be read at most, as far as counted repetitions and choices go. */
export function waysToRead(node: RegexNode): number {
  switch (node.type) {
    case 'atom': return 1;
    case 'look': case 'atomic': return waysToRead(node.part);
    case 'choice': return node.parts.reduce((sum, part) => sum + waysToRead(part), 0);
    case 'sequence': return node.parts.reduce((product, part) => product * waysToRead(part), 1);
    case 'repeat': {
      const ways = waysToRead(node.part);
      if (node.max === Infinity) return ways;
      return ways === 1 ? node.max - node.min + 1 : ways ** node.max;
    }
  }
}

export interface LinearMachine {
  /** Whether the pattern stands somewhere in the text; of a machine that is not exact: whether it may. */
  search: (text: string) => boolean;
  /** What of the pattern it leaves out, in words; undefined: nothing, it is exact. */
  leftOut: string | undefined;
}

/** States of the largest machine, and ways between them. */
const mostStates = 4_000;
const mostWays = 100_000;

/** What must hold at a place, as bits. */
const place = { textStart: 1, lineStart: 2, textEnd: 4, lineEnd: 8, boundary: 16, noBoundary: 32 } as const;

type State =
  | { type: 'atom'; number: number; next: State }
  | { type: 'split'; next: State[] }
  | { type: 'place'; needs: number; next: State }
  | { type: 'end' };

const end = -1;

/** Of a pattern that is too large the counts are left out, when they are high; undefined: it is too large nevertheless. */
export function linearMachine(tree: RegexNode): LinearMachine | undefined {
  return buildMachine(tree, Infinity) ?? buildMachine(tree, 20);
}

function buildMachine(tree: RegexNode, mostCopies: number): LinearMachine | undefined {
  const builder = new MachineBuilder(mostCopies);
  const start = builder.add(tree, { type: 'end' });
  if (builder.states > mostStates) return undefined;
  const [first, ...follow] = [waysFrom(start)] as [Ways, ...Ways[]];
  let ways = first.to.length;
  for (const { next } of builder.atoms) {
    const behind = waysFrom(next);
    ways += behind.to.length;
    if (ways > mostWays) return undefined;
    follow.push(behind);
  }
  const usesPlaces = [first, ...follow].some(({ needs }) => needs.some((bits) => bits !== 0));
  const characters = builder.atoms.map(({ node }) => node.characters);
  const tests = builder.atoms.map(({ node: { source, flags } }) => new RegExp(`^${source}$`, flags));
  /** Number of the character (over all searches) at which a state was entered last. */
  const entered = new Float64Array(characters.length);
  let step = 0;
  let states = new Int32Array(characters.length);
  let next = new Int32Array(characters.length);
  const search = (text: string): boolean => {
    let count = 0;
    for (let i = 0; i <= text.length; i += 1) {
      step += 1;
      const holds = usesPlaces ? placesAt(text, i) : 0;
      const code = i < text.length ? text.charCodeAt(i) : 0;
      let nextCount = 0;
      // A match may begin at each character.
      for (let from = -1; from < count; from += 1) {
        const { to, needs } = from < 0 ? first : follow[states[from]!]!;
        for (let way = 0; way < to.length; way += 1) {
          if (usesPlaces && (needs[way]! & ~holds) !== 0) continue;
          const atom = to[way]!;
          if (atom === end) return true;
          if (i === text.length || entered[atom] === step) continue;
          if (code < 128 ? characters[atom]![code] === 0 : !tests[atom]!.test(text[i]!)) continue;
          entered[atom] = step;
          next[nextCount++] = atom;
        }
      }
      [states, next] = [next, states];
      count = nextCount;
    }
    return false;
  };
  return { search, leftOut: builder.leftOut };
}

/** Thompson's construction, from the end to the beginning: counted repetitions are written out. */
class MachineBuilder {
  readonly atoms: { node: Extract<RegexNode, { type: 'atom' }>; next: State }[] = [];
  states = 0;
  leftOut: string | undefined;
  readonly #mostCopies: number;

  /** @param mostCopies a repetition counted higher becomes one without an end */
  constructor(mostCopies: number) {
    this.#mostCopies = mostCopies;
  }

  add(node: RegexNode, next: State): State {
    this.states += 1;
    if (this.states > mostStates) return next;
    switch (node.type) {
      case 'atom': {
        const state: State = { type: 'atom', number: this.atoms.length, next };
        this.atoms.push({ node, next });
        return state;
      }
      case 'sequence': return node.parts.reduceRight((behind, part) => this.add(part, behind), next);
      case 'choice': return { type: 'split', next: node.parts.map((part) => this.add(part, next)) };
      case 'atomic':
        this.leftOut = 'atomic groups';
        return this.add(node.part, next);
      case 'look': {
        const needs = needsOf(node.place, node.atLines);
        if (needs !== undefined) return { type: 'place', needs, next };
        this.leftOut = 'look-around';
        return next;
      }
      case 'repeat': return this.#repeat(node, next);
    }
  }

  #repeat({ part, min, max, reference }: Extract<RegexNode, { type: 'repeat' }>, next: State): State {
    const isCutShort = min > this.#mostCopies || (max !== Infinity && max > this.#mostCopies);
    if (reference !== undefined || isCutShort) this.leftOut = isCutShort ? 'so high counts' : 'back references';
    let state = next;
    if (max === Infinity || isCutShort) {
      const loop: State = { type: 'split', next: [next] };
      loop.next.push(this.add(part, loop));
      state = loop;
    } else for (let i = min; i < max && this.states <= mostStates; i += 1) state = { type: 'split', next: [next, this.add(part, state)] };
    for (let i = 0; i < Math.min(min, this.#mostCopies) && this.states <= mostStates; i += 1) state = this.add(part, state);
    return state;
  }
}

function needsOf(what: string, atLines: boolean): number | undefined {
  switch (what) {
    case '^': return atLines ? place.lineStart : place.textStart;
    case '$': return atLines ? place.lineEnd : place.textEnd;
    case '\\b': return place.boundary;
    case '\\B': return place.noBoundary;
    default: return undefined;
  }
}

/** Atoms that take the next character, or {@link end}, and what must hold in between. */
interface Ways {
  readonly to: Int32Array;
  readonly needs: Uint8Array;
}

function waysFrom(start: State): Ways {
  const found: [to: number, needs: number][] = [];
  const seen = new Map<State, Set<number>>();
  const stack: [State, number][] = [[start, 0]];
  while (stack.length > 0) {
    const [state, needs] = stack.pop()!;
    const before = seen.get(state) ?? new Set();
    // What needs less has been here.
    if ([...before].some((less) => (less & ~needs) === 0)) continue;
    seen.set(state, before.add(needs));
    switch (state.type) {
      case 'atom': found.push([state.number, needs]); break;
      case 'end': found.push([end, needs]); break;
      case 'place': stack.push([state.next, needs | state.needs]); break;
      case 'split': for (const next of state.next) stack.push([next, needs]); break;
    }
  }
  return { to: Int32Array.from(found, ([to]) => to), needs: Uint8Array.from(found, ([, needs]) => needs) };
}

function placesAt(text: string, i: number): number {
  const [before, behind] = [i > 0 ? text[i - 1]! : '', i < text.length ? text[i]! : ''];
  return (i === 0 ? place.textStart | place.lineStart : isLineEnd(before) ? place.lineStart : 0)
    | (i === text.length ? place.textEnd | place.lineEnd : isLineEnd(behind) ? place.lineEnd : 0)
    | (isWord(before) === isWord(behind) ? place.noBoundary : place.boundary);
}

function isLineEnd(char: string): boolean {
  return char === '\n' || char === '\r' || char === '\u2028' || char === '\u2029';
}

function isWord(char: string): boolean {
  return /^\w$/.test(char);
}
