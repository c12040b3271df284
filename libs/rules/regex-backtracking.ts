import { ambiguousLoop } from './regex-ambiguity.ts';
import type { RegexNode } from './regex-syntax.ts';

/** Ways to match a text, apart from one unbounded repetition, that a backtracking engine may try. */
const fewWays = 10_000;

/** Whether a backtracking engine may take more than time linear in the value. */
export function isSlowToBacktrack(tree: RegexNode): boolean {
  return unboundedRepetitions(tree) > 1 || waysToMatch(tree) > fewWays || ambiguousLoop(tree) !== undefined;
}

function unboundedRepetitions(node: RegexNode): number {
  switch (node.type) {
    case 'atom': return 0;
    case 'look': case 'atomic': return unboundedRepetitions(node.part);
    case 'repeat': return unboundedRepetitions(node.part) + (node.max === Infinity ? 1 : 0);
    case 'sequence': case 'choice': return node.parts.reduce((sum, part) => sum + unboundedRepetitions(part), 0);
  }
}

/** In how many ways, at most, counted repetitions and alternatives can match a text. */
export function waysToMatch(node: RegexNode): number {
  switch (node.type) {
    case 'atom': return 1;
    case 'look': case 'atomic': return waysToMatch(node.part);
    case 'choice': return node.parts.reduce((sum, part) => sum + waysToMatch(part), 0);
    case 'sequence': return node.parts.reduce((product, part) => product * waysToMatch(part), 1);
    case 'repeat': {
      const ways = waysToMatch(node.part);
      if (node.max === Infinity) return ways;
      return ways === 1 ? node.max - node.min + 1 : ways ** node.max;
    }
  }
}

/**
 * How many characters of a value a backtracking engine may see, so that it takes some hundred million steps at most. Undefined: any useful number
 * would be too many.
 */
export function backtrackingLimit(tree: RegexNode): number | undefined {
  const { power } = growthOf(tree);
  return power <= 1 ? Infinity : power === 2 ? 1_024 : undefined;
}

/** A repetition with a range of counts wider than this counts as unbounded. */
const countedAsUnbounded = 20;

/**
 * How the steps of a backtracking engine grow that starts at one position. `power`: the power of the value's length that they grow with. `choices`:
 * repetitions of which it may try another count when what follows fails. Atomic parts, look-around among them, add to the steps but do not multiply
 * them.
 */
function growthOf(node: RegexNode): { power: number; choices: number } {
  switch (node.type) {
    case 'atom': return { power: 0, choices: 0 };
    case 'look': case 'atomic': return { power: growthOf(node.part).power, choices: 0 };
    case 'repeat': {
      if (node.reference !== undefined) return { power: 1, choices: 0 };
      const { power, choices } = growthOf(node.part);
      const more = node.max === Infinity || node.max - node.min > countedAsUnbounded ? 1 : 0;
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

/** Offset of the third repetition, or of the last: the one to blame when a pattern has no {@link backtrackingLimit}. */
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
