import { ambiguousLoop } from './regex-ambiguity.ts';
import { parseRegex, type LookAround, type RegexNode } from './regex-syntax.ts';

/**
 * A test for the pattern. JavaScript's engine goes back where it has read a text in one of several ways, and can take time exponential in the
 * value, or polynomial of a degree as high as the number of repetitions behind each other. Such patterns are run on a machine that follows all
 * ways at once, in time proportional to the value times the pattern. What the machine cannot tell exactly (back references, atomic groups) it lets
 * through to the engine, with as much of the value as {@link engineLimit} says.
 */
export function regexMatcher(regex: RegExp): (value: string) => boolean {
  const tree = parseRegex(regex.source, regex.flags);
  const machine = goesBackOften(tree) ? linearMachine(tree) : undefined;
  if (!machine) return (value) => regex.test(value);
  const { search } = machine;
  if (machine.leftOut === undefined) return search;
  const limit = engineLimit(tree) ?? Infinity;
  return (value) => {
    const shown = value.length > limit ? value.slice(0, limit) : value;
    return search(shown) && regex.test(shown);
  };
}

/**
 * How many characters of a value may be shown to the engine that goes back, so that it takes some hundred million steps at most. Undefined: there
 * is no number that is worth it.
 */
export function engineLimit(tree: RegexNode): number | undefined {
  const { power } = growthOf(tree);
  return power <= 1 ? Infinity : power === 2 ? 1_024 : undefined;
}

/** Offset of the third repetition, or of the last one, which is where the time of a pattern without an {@link engineLimit} begins to explode. */
export function thirdRepetition(tree: RegexNode): number {
  const offsets: number[] = [];
  const walk = (node: RegexNode): void => {
    if (node.type === 'repeat') offsets.push(node.offset);
    if ('parts' in node) node.parts.forEach(walk);
    else if ('part' in node) walk(node.part);
  };
  walk(tree);
  return offsets[2] ?? offsets.at(-1) ?? 0;
}

/** A counted repetition of more than these is as one without an end, to an engine that goes back. */
const countedAsEndless = 20;

/**
 * How the steps of the engine that goes back grow, from one place on. `power`: with which power of the length. `choices`: repetitions of which it may
 * try another count when what stands behind fails; what is atomic, look-around among it, adds to the steps and multiplies them not.
 */
function growthOf(node: RegexNode): { power: number; choices: number } {
  switch (node.type) {
    case 'atom': return { power: 0, choices: 0 };
    case 'look': case 'atomic': return { power: growthOf(node.part).power, choices: 0 };
    case 'repeat': {
      if (node.reference !== undefined) return { power: 1, choices: 0 };
      const { power, choices } = growthOf(node.part);
      const more = node.max === Infinity || node.max - node.min > countedAsEndless ? 1 : 0;
      return { power: power + more, choices: choices + more };
    }
    case 'sequence': return node.parts.map(growthOf).reduce((before, { power, choices }) => (
      { power: Math.max(before.power, before.choices + power), choices: before.choices + choices }
    ), { power: 0, choices: 0 });
    case 'choice': return node.parts.map(growthOf).reduce((one, other) => (
      { power: Math.max(one.power, other.power), choices: one.choices + other.choices }
    ));
  }
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

/** What must hold at a place, as bits; those from `look` on are for look-around, one each. */
const place = { textStart: 1, lineStart: 2, textEnd: 4, lineEnd: 8, boundary: 16, noBoundary: 32, look: 64 } as const;
const mostLooks = 8;

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
  const runner = runnerOf(tree, mostCopies, false);
  return runner && { search: (text) => runner.run(text, undefined), leftOut: runner.leftOut };
}

interface Runner {
  /**
   * Whether the pattern stands somewhere in the text. With `ends`, which is all 0, it goes through all of the text and marks the places where the
   * pattern ends, or, of one that is run backwards, begins.
   */
  run: (text: string, ends: Uint8Array | undefined) => boolean;
  leftOut: string | undefined;
}

function runnerOf(tree: RegexNode, mostCopies: number, isBackwards: boolean): Runner | undefined {
  const builder = new MachineBuilder(mostCopies, isBackwards);
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
  /** Number of the character (over all searches) at which a state was entered last. */
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

/** Bits of the looks that hold at a place. */
function looksAt(seen: readonly Uint8Array[], at: number): number {
  let bits = 0;
  for (let i = 0; i < seen.length; i += 1) if (seen[i]![at] === 1) bits |= place.look << i;
  return bits;
}

/**
 * Look-around with a pattern that never goes back: one run over the text says for all places at once whether it holds there. What stands behind a
 * place ends there, in a run from the left; what stands ahead begins there, in a run from the right.
 */
class Look {
  readonly #runner: Runner;
  readonly #isNegative: boolean;
  #places = new Uint8Array(0);

  constructor(runner: Runner, isNegative: boolean) {
    this.#runner = runner;
    this.#isNegative = isNegative;
  }

  /** For each place of the text, and that behind its last character: 1 where it holds. Valid until the next call. */
  see(text: string): Uint8Array {
    if (this.#places.length <= text.length) this.#places = new Uint8Array(text.length + 1);
    const places = this.#places;
    places.fill(0, 0, text.length + 1);
    this.#runner.run(text, places);
    if (this.#isNegative) for (let i = 0; i <= text.length; i += 1) places[i] = 1 - places[i]!;
    return places;
  }
}

/** Thompson's construction, from the end to the beginning, or for a run from the right the other way round: counted repetitions are written out. */
class MachineBuilder {
  readonly atoms: { node: Extract<RegexNode, { type: 'atom' }>; next: State }[] = [];
  states = 0;
  readonly looks: Look[] = [];
  leftOut: string | undefined;
  readonly #mostCopies: number;
  readonly #isBackwards: boolean;

  /** @param mostCopies a repetition counted higher becomes one without an end */
  constructor(mostCopies: number, isBackwards: boolean) {
    this.#mostCopies = mostCopies;
    this.#isBackwards = isBackwards;
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
        const inOrder = this.#isBackwards ? node.parts : node.parts.toReversed();
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

  /** The bit that stands for the look; undefined: it is left out, since what it looks for can only be told roughly. */
  #around(direction: LookAround, part: RegexNode): number | undefined {
    const runner = this.looks.length < mostLooks ? runnerOf(part, this.#mostCopies, !direction.startsWith('(?<')) : undefined;
    if (runner === undefined || runner.leftOut !== undefined) {
      this.leftOut = runner?.leftOut ?? 'so much look-around';
      return undefined;
    }
    this.looks.push(new Look(runner, direction.endsWith('!')));
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

/** Atoms that take the next character, or {@link end}, and what must hold in between. */
interface Ways {
  readonly to: Int32Array;
  readonly needs: Uint16Array;
}

/** Undefined: there are too many. */
function waysFrom(start: State): Ways | undefined {
  const found: [to: number, needs: number][] = [];
  const seen = new Map<State, Set<number>>();
  const stack: [State, number][] = [[start, 0]];
  for (let steps = 0; stack.length > 0; steps += 1) {
    if (steps > mostWays) return undefined;
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
