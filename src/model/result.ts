/**
 * The result of a step that can fail for a reason that the caller must handle. Functions that read input return it instead of
 * throwing, so that every failure has a type.
 */
export type Result<T, E> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: E };

export const ok = <T>(value: T): { readonly ok: true; readonly value: T } => ({ ok: true, value });
export const err = <E>(error: E): { readonly ok: false; readonly error: E } => ({ ok: false, error });

/**
 * The value of a result that cannot be an error, since the caller has checked it.
 * @throws Error if it is an error. A check is then missing.
 */
export function unwrap<T>(result: Result<T, unknown>): T {
  if (!result.ok) throw new Error(`A failure was not checked: ${JSON.stringify(result.error)}`);
  return result.value;
}
