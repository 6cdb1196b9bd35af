/** Replays dead letters by `/api/v1/dead-letters`. A replayed letter is deleted. */
import { type ClientOptions, callApi, type Explanations } from './api-client.ts';

export interface Failure {
  readonly id: string;
  readonly message: string;
}

export interface Replay {
  readonly replayed: number;
  readonly failed: readonly Failure[];
  /** The letter to continue after; null if all have been tried. */
  readonly next: string | null;
}

const EXPLANATIONS: Explanations = {
  403: (url) =>
    `The token may not replay at ${url} (403). Give the owner's, ADMIN_TOKEN, as --token or SPECK_TOKEN.`,
  404: (url) =>
    `${url} has no dead letters' address (404). Check --url, or bring it up to date: npm run deploy.`,
};

/** @throws SendError */
export async function countDeadLetters(options: ClientOptions): Promise<number> {
  const path = '/api/v1/dead-letters';
  const call = { method: 'GET', path, status: 200, isAnswer: isCount, explanations: EXPLANATIONS } as const;
  return (await callApi(call, options)).count;
}

/** Replays some letters, those after the letter `after`, or the first ones. @throws SendError */
export function replayDeadLetters(after: string | null, options: ClientOptions): Promise<Replay> {
  const query = after === null ? '' : `?${new URLSearchParams({ after })}`;
  const path = `/api/v1/dead-letters/replay${query}`;
  return callApi(
    { method: 'POST', path, status: 200, isAnswer: isReplay, explanations: EXPLANATIONS },
    options,
  );
}

function isCount(value: unknown): value is { readonly count: number } {
  return typeof (value as { count?: unknown } | null | undefined)?.count === 'number';
}

function isReplay(value: unknown): value is Replay {
  const replay = value as Partial<Replay> | null | undefined;
  return (
    typeof replay?.replayed === 'number' &&
    Array.isArray(replay.failed) &&
    (replay.next === null || typeof replay.next === 'string')
  );
}
