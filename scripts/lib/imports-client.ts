/** Calls the API of imports. */
import { type ImportRequests, OutOfStep, type RejectedItem } from '../../src/imports/send.ts';
import type { ImportJson } from '../../src/model/import.ts';
import { type ClientOptions, callApi, type Explanations } from './api-client.ts';

export interface NewImport {
  readonly source: string;
  readonly file: string;
  readonly fingerprint: string;
  readonly since?: string;
  readonly until?: string | null;
}

const EXPLANATIONS: Explanations = {
  400: () => 'The import was refused (400).',
  403: () =>
    'The token may not do this (403): sending needs the scope events:write, and undoing pixels:write.',
  404: (url) => `${url} has no such pixel or import (404). Check --url, --pixel and the import's id.`,
  409: () => 'The import cannot go on (409).',
  413: (url) => `${url} finds the request too large (413). Send fewer events at a time: --batch 100.`,
};

const pathOf = (pixel: string, id = ''): string =>
  `/api/v1/pixels/${encodeURIComponent(pixel)}/imports${id === '' ? '' : `/${encodeURIComponent(id)}`}`;

const isImport = (value: unknown): value is ImportJson =>
  typeof (value as Partial<ImportJson> | null)?.position === 'number';

/** The site of a pixel: what completes paths, and the zone of its days. @throws SendError */
export async function readSite(
  pixel: string,
  client: ClientOptions,
): Promise<{ readonly url: string; readonly timezone: string }> {
  return callApi(
    {
      method: 'GET',
      path: `/api/v1/pixels/${encodeURIComponent(pixel)}`,
      status: 200,
      isAnswer: (value): value is { url: string; timezone: string } =>
        typeof (value as { timezone?: unknown } | null)?.timezone === 'string',
      explanations: EXPLANATIONS,
    },
    client,
  );
}

export function importRequests(
  pixel: string,
  begun: NewImport,
  client: ClientOptions,
): ImportRequests<ImportJson> {
  return {
    begin: () =>
      callApi(
        {
          method: 'POST',
          path: pathOf(pixel),
          body: JSON.stringify(begun),
          status: [200, 201],
          isAnswer: isImport,
          explanations: EXPLANATIONS,
        },
        client,
      ),
    send: (id, body) =>
      callApi(
        {
          method: 'POST',
          path: pathOf(pixel, id),
          body,
          status: 200,
          isAnswer: (value): value is { import: ImportJson; rejected: RejectedItem[] } =>
            isImport((value as { import?: unknown } | null)?.import),
          explanations: EXPLANATIONS,
          errorOf: (status) => (status === 409 ? new OutOfStep() : undefined),
        },
        client,
      ),
  };
}

/** @throws SendError */
export async function listImports(pixel: string, client: ClientOptions): Promise<readonly ImportJson[]> {
  const { imports } = await callApi(
    {
      method: 'GET',
      path: pathOf(pixel),
      status: 200,
      isAnswer: (value): value is { imports: ImportJson[] } =>
        Array.isArray((value as { imports?: unknown } | null)?.imports),
      explanations: EXPLANATIONS,
    },
    client,
  );
  return imports;
}

/** @throws SendError */
export function keepImport(pixel: string, id: string, client: ClientOptions): Promise<ImportJson> {
  return callApi(
    {
      method: 'PATCH',
      path: pathOf(pixel, id),
      body: '{"state":"kept"}',
      status: 200,
      isAnswer: isImport,
      explanations: EXPLANATIONS,
    },
    client,
  );
}

interface UndoAnswer {
  readonly done: boolean;
  readonly dates_left: number;
}

/** The import is gone, so its undo is done: an answer was lost, or the cron has ended it. */
class Gone extends Error {}

/**
 * Undoes an import to its end.
 *
 * @param onStep reports how many dates still have events.
 * @throws SendError
 */
export async function undoImport(
  pixel: string,
  id: string,
  client: ClientOptions,
  onStep: (datesLeft: number) => void,
): Promise<void> {
  for (let step = 0; ; step++) {
    try {
      const { done, dates_left } = await callApi(
        {
          method: 'DELETE',
          path: pathOf(pixel, id),
          status: 200,
          isAnswer: (value): value is UndoAnswer =>
            typeof (value as Partial<UndoAnswer> | null)?.done === 'boolean',
          explanations: EXPLANATIONS,
          errorOf: (status) => (status === 404 && step > 0 ? new Gone() : undefined),
        },
        client,
      );
      if (done) return;
      onStep(dates_left);
    } catch (error) {
      if (error instanceof Gone) return;
      throw error;
    }
  }
}
