/** Why a well-formed query has no answer. */
import type { FieldError } from '../model/field-error.ts';
import { err, type Result } from '../model/result.ts';

export type QueryError =
  | { readonly reason: 'beyond_retention'; readonly detail: string }
  | { readonly reason: 'invalid_query'; readonly errors: readonly FieldError[] };

export const invalidQuery = (errors: readonly FieldError[]): Result<never, QueryError> =>
  err({ reason: 'invalid_query', errors });
