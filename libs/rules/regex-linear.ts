import { mostCopies, PositionAutomaton, TooLarge, type Fragment } from './regex-ambiguity.ts';
import { parseRegex, type RegexNode } from './regex-syntax.ts';

/**
 * A test for the pattern. Where several repetitions stand behind each other, JavaScript's engine can take time polynomial in the value, of
 * a degree as high as their number; such patterns are run on the automaton first, in time proportional to the value times the pattern.
 * What the automaton cannot tell exactly (places, look-around, long counts, other letters than ASCII) it lets through to the engine.
 */
export function regexMatcher(regex: RegExp): (value: string) => boolean {
  const tree = parseRegex(regex.source, regex.flags);
  const automaton = endlessRepetitions(tree) < 2 ? undefined : linearSearch(tree);
  if (!automaton) return (value) => regex.test(value);
  const exact = isExact(tree);
  return (value) => {
    const found = automaton(value);
    return found && !(exact && isAscii(value)) ? regex.test(value) : found;
  };
}

/** Searches a text for the pattern, with all states of the automaton at once. Undefined: the pattern is too large. */
function linearSearch(tree: RegexNode): ((value: string) => boolean) | undefined {
  const automaton = new PositionAutomaton();
  let whole: Fragment;
  try {
    whole = automaton.add(tree, []);
  } catch (error) {
    if (error instanceof TooLarge) return undefined;
    throw error;
  }
  if (whole.empty > 0) return () => true;
  const { characters } = automaton;
  const follow = automaton.follow.map((ways) => Int32Array.from(ways.keys()));
  const first = Int32Array.from(whole.first.keys());
  const accepts = new Uint8Array(characters.length);
  for (const position of whole.last.keys()) accepts[position] = 1;
  /** Number of the character (over all searches) at which a state was entered last. */
  const entered = new Float64Array(characters.length);
  let step = 0;
  let states = new Int32Array(characters.length);
  let next = new Int32Array(characters.length);
  return (value) => {
    let count = 0;
    for (let i = 0; i < value.length; i += 1) {
      step += 1;
      const code = Math.min(value.charCodeAt(i), 128);
      let nextCount = 0;
      for (let from = -1; from < count; from += 1) {
        // A match may begin at each character.
        for (const position of from < 0 ? first : follow[states[from]!]!) {
          if (entered[position] === step || characters[position]![code] === 0) continue;
          if (accepts[position] === 1) return true;
          entered[position] = step;
          next[nextCount++] = position;
        }
      }
      [states, next] = [next, states];
      count = nextCount;
    }
    return false;
  };
}

function endlessRepetitions(node: RegexNode): number {
  switch (node.type) {
    case 'atom': return 0;
    case 'look': return endlessRepetitions(node.part);
    case 'repeat': return endlessRepetitions(node.part) + (node.max > mostCopies ? 1 : 0);
    case 'sequence': case 'choice': return node.parts.reduce((sum, part) => sum + endlessRepetitions(part), 0);
  }
}

function isExact(node: RegexNode): boolean {
  switch (node.type) {
    case 'atom': return true;
    case 'look': return false;
    case 'repeat': return (node.max <= mostCopies || (node.max === Infinity && node.min < 2)) && node.reference !== true && isExact(node.part);
    case 'sequence': case 'choice': return node.parts.every(isExact);
  }
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) if (text.charCodeAt(i) > 127) return false;
  return true;
}
