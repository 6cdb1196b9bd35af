/**
 * Patterns in filters: regular expressions in the syntax of RE2 (https://github.com/google/re2/wiki/Syntax) that may match
 * anywhere in a value. A pattern is compiled to a machine that follows all branches at once, so it takes at most pattern x value
 * steps. JavaScript's RegExp backtracks: a careless `(a*)*b` would block the isolate, which also answers pixel requests.
 * Captures, which a match does not need, and Unicode classes (`\pL`) are not supported.
 *
 * pattern-parser.ts parses a pattern. pattern-machine.ts runs it.
 */
import { err, ok, type Result } from '../model/result.ts';
import { machine, type Pattern } from './pattern-machine.ts';
import { Parser, PatternError } from './pattern-parser.ts';

/**
 * Compiles a pattern. The error is a sentence that names the problem and its position.
 *
 * @param ignoresCase whether the pattern ignores case, as if it began with `(?i)`.
 *
 *     compilePattern('^/blog/(?:news|notes)/\\d{4}')
 */
export function compilePattern(text: string, ignoresCase = false): Result<Pattern, string> {
  try {
    const parser = new Parser(text, ignoresCase ? 'i' : '');
    return ok(machine(parser.parse(), parser.folds));
  } catch (thrown) {
    if (thrown instanceof PatternError) return err(thrown.message);
    throw thrown;
  }
}
