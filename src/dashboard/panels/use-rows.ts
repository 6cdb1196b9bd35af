/** Asks for the rows of a dimension; where its values say little alone, together with what they are of. */
import type { Answer, Question } from '../api.ts';
import type { Base } from '../base.ts';
import { displayOf } from '../dimensions.ts';
import { type Asked, useAnswer } from '../hooks.ts';

/**
 * Why two dimensions are refused where one is answered: two need raw events, which may be gone, and pixels that protect
 * small groups answer one at a time.
 */
const ALONE = ['beyond_retention', 'invalid_query'];

export interface RowsAsked {
  readonly asked: Asked<Answer>;
  /** Those of the answer, the one that was asked for last. */
  readonly dimensions: readonly string[];
  /** What to ask for all of it. */
  readonly question: Question;
}

export function useRows(base: Base, dimension: string, metrics: readonly string[], limit: number): RowsAsked {
  const whose = displayOf(dimension)?.of;
  const page = { include: { total_rows: true }, pagination: { limit } };
  const alone: Question = { ...base, metrics, dimensions: [dimension] };
  const both: Question | null = whose ? { ...alone, dimensions: [whose, dimension] } : null;
  const ofBoth = useAnswer(both && { ...both, ...page });
  const refused = ALONE.includes(ofBoth.failure?.reason ?? '');
  const ofOne = useAnswer(both && !refused ? null : { ...alone, ...page });
  return both && !refused
    ? { asked: ofBoth, dimensions: both.dimensions ?? [], question: both }
    : { asked: ofOne, dimensions: [dimension], question: alone };
}
