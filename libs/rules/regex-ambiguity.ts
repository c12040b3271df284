import { characterClasses, type RegexNode } from './regex-syntax.ts';

/** Counted quantifiers up to this count are written out; higher ones are treated as unbounded. */
const mostCopies = 20;
/** A pattern with more states in one loop, or in all, is not checked. */
const mostStates = 400;
const mostPositions = 4_000;

/**
 * Finds a loop that can match some text in two ways, on which a backtracking engine can take time exponential in the length of the text.
 * Returns its offset in the pattern; undefined when there is none. A pattern too large to be checked counts as ambiguous.
 *
 * The pattern becomes a position automaton (Glushkov) whose transitions count in how many ways they arise. A loop is ambiguous when a
 * transition inside it arises in two ways, or when two different states can be reached by one text from one state and return to one state
 * (Weber and Seidl, "On the degree of ambiguity of finite automata", 1991, criterion EDA).
 */
export function ambiguousLoop(node: RegexNode): number | undefined {
  const looks: RegexNode[] = [];
  const automaton = new PositionAutomaton();
  try {
    automaton.add(node, looks);
  } catch (error) {
    if (error instanceof TooLarge) return error.offset;
    throw error;
  }
  const loops = stronglyConnected(automaton.follow);
  for (const loop of loops) if (loop.length > mostStates || isAmbiguous(automaton, loop)) return automaton.loopAt(loop);
  for (const look of looks) {
    const offset = ambiguousLoop(look);
    if (offset !== undefined) return offset;
  }
  return undefined;
}

/** The pattern has too many positions to be checked. */
class TooLarge extends Error {
  readonly offset: number;

  constructor(offset: number) {
    super('the pattern is too large to be examined');
    this.offset = offset;
  }
}

/** By position, in how many ways (0, 1, or 2 for more) it can come first or last. */
type Ways = Map<number, number>;

interface Fragment {
  /** In how many ways it can match the empty text. */
  empty: number;
  first: Ways;
  last: Ways;
}

/** Glushkov's automaton: a state for each position in the pattern that takes a character. */
class PositionAutomaton {
  readonly characters: Uint8Array[] = [];
  /** For each position, those that can follow it, and in how many ways. */
  readonly follow: Ways[] = [];
  /** Offset of the outermost repetition around each position. */
  readonly #loopOffsets: number[] = [];

  loopAt(loop: readonly number[]): number {
    return Math.min(...loop.map((position) => this.#loopOffsets[position]!));
  }

  add(node: RegexNode, looks: RegexNode[], loop = -1): Fragment {
    switch (node.type) {
      case 'look':
        looks.push(node.part);
        return { empty: 1, first: new Map(), last: new Map() };
      // What it excludes only reduces the ways to match.
      case 'atomic': return this.add(node.part, looks, loop);
      case 'atom': {
        const position = this.characters.push(node.characters) - 1;
        if (position >= mostPositions) throw new TooLarge(node.offset);
        this.follow.push(new Map());
        this.#loopOffsets.push(loop);
        return { empty: 0, first: new Map([[position, 1]]), last: new Map([[position, 1]]) };
      }
      case 'choice': {
        const fragments = node.parts.map((part) => this.add(part, looks, loop));
        return {
          empty: atMostTwo(fragments.reduce((sum, { empty }) => sum + empty, 0)),
          first: new Map(fragments.flatMap(({ first }) => [...first])),
          last: new Map(fragments.flatMap(({ last }) => [...last])),
        };
      }
      case 'sequence': return node.parts.reduce<Fragment>((before, part) => this.#join(before, this.add(part, looks, loop)), nothing());
      case 'repeat': return this.#repeat(node, looks, loop);
    }
  }

  #repeat({ part, min, max, offset }: Extract<RegexNode, { type: 'repeat' }>, looks: RegexNode[], loop: number): Fragment {
    if (max <= mostCopies) {
      let whole = nothing();
      for (let i = 0; i < max; i += 1) {
        const copy = this.add(part, looks, loop);
        // An engine does not run through an optional copy that matches nothing.
        whole = this.#join(whole, i < min ? copy : { ...copy, empty: 1 });
      }
      return whole;
    }
    const body = this.add(part, looks, loop < 0 ? offset : loop);
    this.#connect(body.last, body.first, 1);
    return { ...body, empty: min === 0 ? 1 : body.empty };
  }

  #join(a: Fragment, b: Fragment): Fragment {
    this.#connect(a.last, b.first, 1);
    const first = new Map(a.first);
    if (a.empty > 0) for (const [position, ways] of b.first) first.set(position, atMostTwo(ways * a.empty));
    const last = new Map(b.last);
    if (b.empty > 0) for (const [position, ways] of a.last) last.set(position, atMostTwo((last.get(position) ?? 0) + ways * b.empty));
    return { empty: atMostTwo(a.empty * b.empty), first, last };
  }

  #connect(from: Ways, to: Ways, times: number): void {
    for (const [a, out] of from) for (const [b, into] of to) this.follow[a]!.set(b, atMostTwo((this.follow[a]!.get(b) ?? 0) + out * into * times));
  }
}

function nothing(): Fragment {
  return { empty: 1, first: new Map(), last: new Map() };
}

function atMostTwo(count: number): number {
  return Math.min(2, count);
}

function isAmbiguous({ characters, follow }: PositionAutomaton, loop: readonly number[]): boolean {
  const index = new Map(loop.map((position, i) => [position, i]));
  const size = loop.length;
  const next = loop.map((position) => [...follow[position]!].filter(([to]) => index.has(to)).map(([to, ways]) => [index.get(to)!, ways] as const));
  if (next.some((edges) => edges.some(([, ways]) => ways > 1))) return true;
  const overlap = (a: number, b: number): boolean => {
    const one = characters[loop[a]!]!;
    const other = characters[loop[b]!]!;
    for (let i = 0; i < characterClasses; i += 1) if (one[i] === 1 && other[i] === 1) return true;
    return false;
  };
  // `forward`: pairs of states that one text can lead to from a pair of equal states. `back`: of these, the pairs from which one text can lead back.
  const forward = new Uint8Array(size * size);
  const before: number[][] = Array.from({ length: size * size }, () => []);
  const queue = Array.from({ length: size }, (_, i) => i * size + i);
  for (const pair of queue) forward[pair] = 1;
  for (let at = 0; at < queue.length; at += 1) {
    const pair = queue[at]!;
    for (const [a] of next[Math.floor(pair / size)]!) {
      for (const [b] of next[pair % size]!) {
        if (a !== b && !overlap(a, b)) continue;
        const to = a * size + b;
        before[to]!.push(pair);
        if (forward[to] === 0) {
          forward[to] = 1;
          queue.push(to);
        }
      }
    }
  }
  const back = new Uint8Array(size * size);
  const backQueue = Array.from({ length: size }, (_, i) => i * size + i);
  for (let at = 0; at < backQueue.length; at += 1) {
    for (const pair of before[backQueue[at]!]!) {
      if (back[pair] === 1) continue;
      back[pair] = 1;
      if (Math.floor(pair / size) !== pair % size) return true;
      backQueue.push(pair);
    }
  }
  return false;
}

/** Strongly connected components; single positions only when they follow themselves. Tarjan's algorithm, without recursion. */
function stronglyConnected(follow: readonly Ways[]): number[][] {
  const order = new Int32Array(follow.length).fill(-1);
  const low = new Int32Array(follow.length);
  const onStack = new Uint8Array(follow.length);
  const stack: number[] = [];
  const found: number[][] = [];
  let counter = 0;
  for (let root = 0; root < follow.length; root += 1) {
    if (order[root] !== -1) continue;
    const path: { position: number; next: Iterator<number> }[] = [];
    const enter = (position: number): void => {
      order[position] = low[position] = counter++;
      stack.push(position);
      onStack[position] = 1;
      path.push({ position, next: follow[position]!.keys() });
    };
    enter(root);
    while (path.length > 0) {
      const { position, next } = path.at(-1)!;
      const { value, done } = next.next();
      if (!done) {
        if (order[value] === -1) enter(value);
        else if (onStack[value] === 1) low[position] = Math.min(low[position]!, order[value]!);
        continue;
      }
      path.pop();
      const parent = path.at(-1);
      if (parent) low[parent.position] = Math.min(low[parent.position]!, low[position]!);
      if (low[position] !== order[position]) continue;
      const component: number[] = [];
      let member: number;
      do {
        member = stack.pop()!;
        onStack[member] = 0;
        component.push(member);
      } while (member !== position);
      if (component.length > 1 || follow[position]!.has(position)) found.push(component);
    }
  }
  return found;
}
