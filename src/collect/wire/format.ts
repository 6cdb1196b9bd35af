import type { BodyError } from '../../http/body.ts';
import type { RawEvent } from '../../model/wire.ts';

/** Why a request is refused at once. */
export type Mistake = BodyError | 'broken_json' | 'missing_id' | 'too_many_events';

/** The way some client speaks: how it is answered, and how its events are read. */
export interface WireFormat {
  /** `gif`: a GET or HEAD whose events are in the query. `beacon`: a POST whose events are in the body. */
  readonly answers: 'gif' | 'beacon';
  /** A mistake that can be told from the text before it is parsed. It runs before the answer, so it must be cheap. */
  readonly mistakeIn: (text: string) => Mistake | null;
  /** The events of a query or a body. An entry that is no event at all is null. */
  readonly parse: (text: string) => readonly (RawEvent | null)[] | Mistake;
}
