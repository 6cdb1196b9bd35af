/** A sender of imports, for tests: it calls the handlers as the router does. */
import type { PixelCall } from '../../src/api/call.ts';
import { type Grant, loadPixel } from '../../src/api/grant.ts';
import { addImport, addImportItems, changeImport, readImports, removeImport } from '../../src/api/imports.ts';
import { Problem } from '../../src/api/problem.ts';
import type { Env } from '../../src/env.ts';
import type { ImportCounts, ImportedEvent, ImportState } from '../../src/model/import.ts';
import { SCOPES } from '../../src/model/token.ts';
import { testEnv } from '../fixtures.ts';

const ADMIN: Grant = { admin: true, scopes: SCOPES, pixel: null, token: null };

/** An import as the API answers it. */
export interface ImportJson extends Omit<ImportCounts, 'first_ts' | 'last_ts'> {
  readonly id: string;
  readonly state: ImportState;
  readonly position: number;
  readonly since: string | null;
  readonly until: string | null;
  readonly first_at: string | null;
  readonly last_at: string | null;
  readonly undo_until: string | null;
}

async function call<Answer>(
  handler: (call: PixelCall) => Promise<Response>,
  pixel: string,
  part: string,
  body: unknown,
  env: Env,
): Promise<Answer> {
  const request = new Request('https://px.example/', { method: 'POST', body: JSON.stringify(body) });
  const loaded = await loadPixel(testEnv, ADMIN, pixel);
  const response = await handler({
    ...{ request, env, grant: ADMIN, id: pixel, part, query: undefined, pixel: loaded },
  });
  return (await response.json()) as Answer;
}

export class ImportClient {
  readonly #pixel: string;
  readonly #env: Env;

  constructor(pixel: string, env: Env = testEnv) {
    this.#pixel = pixel;
    this.#env = env;
  }

  begin(fingerprint: string, more: object = {}): Promise<ImportJson> {
    const body = { source: 'test', file: 'x.csv', fingerprint: fingerprint.padEnd(16, '_'), ...more };
    return call(addImport, this.#pixel, '', body, this.#env);
  }

  /** Sends events that follow each other, from a position on. */
  send(id: string, from: number, events: readonly ImportedEvent[], more: object = {}) {
    const items = events.map((event, index) => ({ at: from + index, event }));
    const body = { from, to: from + events.length, items, ...more };
    return this.post(id, body);
  }

  post(
    id: string,
    body: object,
  ): Promise<{
    import: ImportJson;
    rejected: { at: number; reason: string; detail: string; family?: string }[];
  }> {
    return call(addImportItems, this.#pixel, id, body, this.#env);
  }

  async list(): Promise<ImportJson[]> {
    const { imports } = await call<{ imports: ImportJson[] }>(readImports, this.#pixel, '', {}, this.#env);
    return imports;
  }

  keep(id: string): Promise<ImportJson> {
    return call(changeImport, this.#pixel, id, { state: 'kept' }, this.#env);
  }

  undoOnce(id: string): Promise<{ done: boolean; dates_left: number }> {
    return call(removeImport, this.#pixel, id, {}, this.#env);
  }

  /** @returns the number of requests that it took. */
  async undo(id: string): Promise<number> {
    for (let requests = 1; ; requests++) if ((await this.undoOnce(id)).done) return requests;
  }
}

/** The reason of a problem, or `''` if there is none. */
export async function reasonOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return '';
  } catch (error) {
    if (error instanceof Problem) return `${error.reason}: ${error.message}`;
    throw error;
  }
}
