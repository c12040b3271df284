import type { LookAround, RegexNode } from './regex-syntax.ts';

export interface LinearMachine {
  /** Whether the pattern matches somewhere in the text. A machine that is not exact may say so wrongly, but misses nothing. */
  search: (text: string) => boolean;
  /** What it leaves out of the pattern, in words; undefined: nothing, it is exact. */
  leftOut: string | undefined;
}

/** Bounds of a machine: its states, and the transitions between them. */
const mostStates = 4_000;
const mostWays = 100_000;

/** What must hold at a position in the text, as bits; from `look` on, one bit for each look-around. */
const place = { textStart: 1, lineStart: 2, textEnd: 4, lineEnd: 8, boundary: 16, noBoundary: 32, look: 64 } as const;
const mostLooks = 8;

type State =
  | { type: 'atom'; number: number; next: State }
  | { type: 'split'; next: State[] }
  | { type: 'place'; needs: number; next: State }
  | { type: 'end' };

const end = -1;

/**
 * A machine that follows all alternatives of a pattern at once, and so takes time proportional to the text times the pattern. If the pattern is too
 * large, high counts are left out; undefined when it is still too large.
 */
export function linearMachine(tree: RegexNode): LinearMachine | undefined {
  return buildMachine(tree, Infinity) ?? buildMachine(tree, 20);
}

function buildMachine(tree: RegexNode, mostCopies: number): LinearMachine | undefined {
  const runner = runnerOf(tree, mostCopies, 'forwards');
  return runner && { search: (text) => runner.run(text, undefined), leftOut: runner.leftOut };
}

type Direction = 'forwards' | 'backwards';

interface Runner {
  /**
   * Whether the pattern matches somewhere in the text. With `ends`, which must be all 0, it goes through all of the text and marks with 1 each
   * position where a match ends or, for a run backwards, begins.
   */
  run: (text: string, ends: Uint8Array | undefined) => boolean;
  leftOut: string | undefined;
}

function runnerOf(tree: RegexNode, mostCopies: number, direction: Direction): Runner | undefined {
  const builder = new MachineBuilder(mostCopies, direction);
  const start = builder.add(tree, { type: 'end' });
  if (builder.states > mostStates) return undefined;
  const follow: Ways[] = [];
  let ways = 0;
  for (const state of [start, ...builder.atoms.map(({ next }) => next)]) {
    const behind = ways > mostWays ? undefined : waysFrom(state);
    if (behind === undefined) return undefined;
    ways += behind.to.length;
    follow.push(behind);
  }
  const first = follow.shift()!;
  const { looks, leftOut } = builder;
  const usesPlaces = [first, ...follow].some(({ needs }) => needs.some((bits) => bits !== 0));
  const characters = builder.atoms.map(({ node }) => node.characters);
  const tests = builder.atoms.map(({ node: { source, flags } }) => new RegExp(`^${source}$`, flags));
  const isBackwards = direction === 'backwards';
  /** By state, the step (counted over all searches) at which it was entered last. */
  const entered = new Float64Array(characters.length);
  let step = 0;
  let states = new Int32Array(characters.length);
  let next = new Int32Array(characters.length);
  const run = (text: string, ends: Uint8Array | undefined): boolean => {
    const seen = looks.map((look) => look.see(text));
    let count = 0;
    for (let i = 0; i <= text.length; i += 1) {
      step += 1;
      const at = isBackwards ? text.length - i : i;
      const holds = usesPlaces ? placesAt(text, at) | looksAt(seen, at) : 0;
      const char = isBackwards ? at - 1 : at;
      const code = i < text.length ? text.charCodeAt(char) : 0;
      let nextCount = 0;
      // A match may begin at each character.
      for (let from = -1; from < count; from += 1) {
        const { to, needs } = from < 0 ? first : follow[states[from]!]!;
        for (let way = 0; way < to.length; way += 1) {
          if (usesPlaces && (needs[way]! & ~holds) !== 0) continue;
          const atom = to[way]!;
          if (atom === end) {
            if (ends === undefined) return true;
            ends[at] = 1;
            continue;
          }
          if (i === text.length || entered[atom] === step) continue;
          if (code < 128 ? characters[atom]![code] === 0 : !tests[atom]!.test(text[char]!)) continue;
          entered[atom] = step;
          next[nextCount++] = atom;
        }
      }
      [states, next] = [next, states];
      count = nextCount;
    }
    return false;
  };
  return { run, leftOut };
}

/** Bits of the look-arounds that hold at a position. */
function looksAt(seen: readonly Uint8Array[], at: number): number {
  let bits = 0;
  for (let i = 0; i < seen.length; i += 1) if (seen[i]![at] === 1) bits |= place.look << i;
  return bits;
}

/**
 * A look-around: one run of its pattern over the text says for all positions at once whether it holds there. What a look-behind matches ends at the
 * position, in a run forwards; what a look-ahead matches begins there, in a run backwards.
 */
class Look {
  readonly #runner: Runner;
  readonly #isNegative: boolean;
  #places = new Uint8Array(0);

  constructor(runner: Runner, isNegative: boolean) {
    this.#runner = runner;
    this.#isNegative = isNegative;
  }

  /** For each position in the text, including that after its last character: 1 where it holds. Valid until the next call. */
  see(text: string): Uint8Array {
    if (this.#places.length <= text.length) this.#places = new Uint8Array(text.length + 1);
    const places = this.#places;
    places.fill(0, 0, text.length + 1);
    this.#runner.run(text, places);
    if (this.#isNegative) for (let i = 0; i <= text.length; i += 1) places[i] = 1 - places[i]!;
    return places;
  }
}

/** Thompson's construction, from the end of the pattern to its beginning, or the other way round for a run backwards. Counts are written out. */
class MachineBuilder {
  readonly atoms: { node: Extract<RegexNode, { type: 'atom' }>; next: State }[] = [];
  states = 0;
  readonly looks: Look[] = [];
  leftOut: string | undefined;
  readonly #mostCopies: number;
  readonly #direction: Direction;

  /** @param mostCopies a repetition with a higher count becomes an unbounded one */
  constructor(mostCopies: number, direction: Direction) {
    this.#mostCopies = mostCopies;
    this.#direction = direction;
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
      case 'sequence': {
        const inOrder = this.#direction === 'backwards' ? node.parts : node.parts.toReversed();
        return inOrder.reduce((behind, part) => this.add(part, behind), next);
      }
      case 'choice': return { type: 'split', next: node.parts.map((part) => this.add(part, next)) };
      case 'atomic':
        this.leftOut = 'atomic groups';
        return this.add(node.part, next);
      case 'look': {
        const needs = needsOf(node.place, node.atLines) ?? this.#around(node.place as LookAround, node.part);
        return needs === undefined ? next : { type: 'place', needs, next };
      }
      case 'repeat': return this.#repeat(node, next);
    }
  }

  /** The bit of a look-around; undefined: it is left out, since a machine cannot run its pattern exactly. */
  #around(opening: LookAround, part: RegexNode): number | undefined {
    const direction = opening.startsWith('(?<') ? 'forwards' : 'backwards';
    const runner = this.looks.length < mostLooks ? runnerOf(part, this.#mostCopies, direction) : undefined;
    if (runner === undefined || runner.leftOut !== undefined) {
      this.leftOut = runner?.leftOut ?? 'so much look-around';
      return undefined;
    }
    this.looks.push(new Look(runner, opening.endsWith('!')));
    return place.look << (this.looks.length - 1);
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

/** Atoms that may take the next character, or {@link end}, and for each what must hold at the position. */
interface Ways {
  readonly to: Int32Array;
  readonly needs: Uint16Array;
}

/** Where a state leads to without taking a character; undefined when there are too many ways. */
function waysFrom(start: State): Ways | undefined {
  const found: [to: number, needs: number][] = [];
  const seen = new Map<State, Set<number>>();
  const stack: [State, number][] = [[start, 0]];
  for (let steps = 0; stack.length > 0; steps += 1) {
    if (steps > mostWays) return undefined;
    const [state, needs] = stack.pop()!;
    const before = seen.get(state) ?? new Set();
    // The state was reached before under conditions that are no stricter.
    if ([...before].some((less) => (less & ~needs) === 0)) continue;
    seen.set(state, before.add(needs));
    switch (state.type) {
      case 'atom': found.push([state.number, needs]); break;
      case 'end': found.push([end, needs]); break;
      case 'place': stack.push([state.next, needs | state.needs]); break;
      case 'split': for (const next of state.next) stack.push([next, needs]); break;
    }
  }
  return { to: Int32Array.from(found, ([to]) => to), needs: Uint16Array.from(found, ([, needs]) => needs) };
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
