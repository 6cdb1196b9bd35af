/**
 * Patterns of owners: regular expressions in the syntax of RE2 (https://github.com/google/re2/wiki/Syntax), found
 * anywhere in a value. A pattern becomes a machine that follows all its branches at once, and so needs at most
 * pattern x value steps. JavaScript's RegExp tries one branch after another, and a careless `(a*)*b` would stall the
 * isolate that also answers pixels. Of RE2 there are no captures, which a yes or no does not need, and no Unicode
 * classes (`\pL`).
 *
 * How one is read is told in pattern-parser.ts, how it is followed in pattern-machine.ts.
 */
import { err, ok, type Result } from '../model/result.ts';
import { machine, type Pattern } from './pattern-machine.ts';
import { Parser, PatternError } from './pattern-parser.ts';

/**
 * The pattern of a text, or a sentence that says what is wrong with it, and where. To ignore case from the start is
 * to put `(?i)` in front.
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
