/** Sends events to Speck. Events have ids, so they may be sent twice. */
import { type ClientOptions, callApi, type Explanations, SendError } from './api-client.ts';

export { SendError };

/** The API's limits of one request. */
export const MOST_EVENTS = 1000;
export const MOST_BYTES = 1024 * 1024;

export interface Refusal {
  /** The event's place in the request. */
  readonly index: number;
  readonly reason: string;
  readonly message: string;
}

export interface Answer {
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: readonly Refusal[];
}

const EXPLANATIONS: Explanations = {
  403: () =>
    'The token may not write events of this pixel (403). Make one with the scope events:write for it.',
  404: (url) => `${url} has no such address or pixel (404). Check --url and --pixel.`,
  413: (url) => `${url} finds the request too large (413). Send fewer events at a time: --batch 100.`,
};

/** @param body The JSON of `POST /api/v1/events`. @throws SendError */
export function sendEvents(body: string, options: ClientOptions): Promise<Answer> {
  return callApi(
    { method: 'POST', path: '/api/v1/events', body, status: 202, isAnswer, explanations: EXPLANATIONS },
    options,
  );
}

/** Writes an export's rows back. @param body Its lines. @throws SendError */
export function restoreEvents(pixel: string, body: string, options: ClientOptions): Promise<Answer> {
  return callApi(
    {
      method: 'PUT',
      path: `/api/v1/pixels/${encodeURIComponent(pixel)}/events`,
      body,
      contentType: 'application/x-ndjson',
      status: 202,
      isAnswer,
      explanations: EXPLANATIONS,
    },
    options,
  );
}

function isAnswer(value: unknown): value is Answer {
  const answer = value as Partial<Answer> | null | undefined;
  return (
    typeof answer?.accepted === 'number' &&
    typeof answer.duplicates === 'number' &&
    Array.isArray(answer.rejected)
  );
}
