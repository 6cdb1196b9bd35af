/** Calls the API of the archive. */
import { type ClientOptions, callApi, type Explanations } from './api-client.ts';

const EXPLANATIONS: Explanations = {
  400: () => 'The request was refused (400).',
  403: () => 'The token may not do this (403): it needs the scope pixels:write.',
  404: (url) => `${url} has no such pixel, or no such day in its archive (404).`,
  409: () => 'This day cannot be restored (409).',
};

const pathOf = (pixel: string, rest: string): string =>
  `/api/v1/pixels/${encodeURIComponent(pixel)}/archive${rest}`;

interface FileList {
  readonly files: readonly { readonly day: string }[];
  readonly next: string | null;
}

/** The days between two that the archive has, in order. @throws SendError */
export async function archivedDays(
  pixel: string,
  from: string,
  to: string,
  client: ClientOptions,
): Promise<string[]> {
  const days = new Set<string>();
  for (let next: string | null = from; next !== null; ) {
    const list: FileList = await callApi(
      {
        method: 'GET',
        path: pathOf(pixel, `?from=${next}&to=${to}`),
        status: 200,
        isAnswer: (value): value is FileList => Array.isArray((value as Partial<FileList> | null)?.files),
        explanations: EXPLANATIONS,
      },
      client,
    );
    for (const { day } of list.files) days.add(day);
    next = list.next;
  }
  return [...days];
}

export interface DayRestore {
  readonly state: 'restoring' | 'stored';
  readonly events: number;
  readonly restored: number;
  /** Null if the day was stored anyway. */
  readonly held_until: string | null;
}

/** Brings some events of a day back. @throws SendError */
export async function restoreSome(pixel: string, day: string, client: ClientOptions): Promise<DayRestore> {
  return callApi(
    {
      method: 'POST',
      path: pathOf(pixel, `/${day}`),
      status: 200,
      isAnswer: (value): value is DayRestore =>
        typeof (value as Partial<DayRestore> | null)?.restored === 'number',
      explanations: EXPLANATIONS,
    },
    client,
  );
}
