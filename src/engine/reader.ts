/**
 * Reads Analytics Engine: by the binding where one is bound, else by the HTTP API with a token. Both answer the same statements with
 * the same rows.
 */
import type { Env } from '../env.ts';
import { isNumber, type Statement, textOf } from './dialect.ts';
import { EngineError, errorOfStatus, isUnknownDataset } from './engine-error.ts';
import { linesOf } from './lines.ts';
import type { EngineRow } from './row.ts';

export interface EngineReader {
  /**
   * The rows of a statement, with the names of `select`. Numbers are numbers, all else is text. A dataset without a point yet has
   * none.
   * @throws EngineError
   */
  rows(statement: Statement): Promise<readonly EngineRow[]>;
}

const API = 'https://api.cloudflare.com/client/v4';
const DATASET = 'speck_events';
/** Milliseconds that one attempt may take. */
const TIMEOUT = 20_000;
/** The waits before the second, third and fourth attempt: at random, up to so many milliseconds. */
const WAITS: readonly number[] = [200, 800, 3_200];
/** The longest wait that the platform may ask for and still gets another attempt, in milliseconds. */
const LONGEST_WAIT = 10_000;
/** The most bytes of an answer: an isolate has 128 MB. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

/** The reader of this Worker; null if neither a binding nor an account with a token is set. */
export function readerOf(env: Env): EngineReader | null {
  const dataset = env.ANALYTICS_DATASET || DATASET;
  const { ANALYTICS_SQL: binding, ACCOUNT_ID: account, ANALYTICS_TOKEN: token } = env;
  if (binding) return patient((statement) => askBinding(binding, statement, dataset));
  if (!account || !token) return null;
  const url = `${env.ANALYTICS_API || API}/accounts/${encodeURIComponent(account)}/analytics_engine/sql`;
  return patient((statement) => askApi(url, token, statement, dataset));
}

/** A reader that tries again what may succeed later. */
function patient(ask: (statement: Statement) => Promise<EngineRow[]>): EngineReader {
  return {
    async rows(statement) {
      for (let attempt = 0; ; attempt++) {
        try {
          return await ask(statement);
        } catch (error) {
          const most = WAITS[attempt];
          if (!(error instanceof EngineError) || error.kind !== 'unavailable') throw error;
          if (most === undefined || error.retryAfter > LONGEST_WAIT) throw error;
          const wait = Math.max(error.retryAfter, Math.random() * most);
          await new Promise((resolve) => setTimeout(resolve, wait));
        }
      }
    },
  };
}

async function askBinding(
  binding: AnalyticsSQLBinding,
  statement: Statement,
  dataset: string,
): Promise<EngineRow[]> {
  const query = textOf(statement, 'binding', dataset);
  let timer: ReturnType<typeof setTimeout> | null = null;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new EngineError('unavailable', 'no answer in time')), TIMEOUT);
  });
  try {
    const { data } = await Promise.race([binding.query<Record<string, unknown>>(query), timeout]);
    return data.map((row) => rowOf(row, statement));
  } catch (error) {
    if (error instanceof EngineError) throw error;
    const { retryable, message = '' } = error as { retryable?: boolean; message?: string };
    const text = message || String(error);
    const status = statusIn(text);
    if (isUnknownDataset(status, text, dataset)) return [];
    throw errorOfStatus(retryable === true && status < 500 ? 503 : status, text);
  } finally {
    clearTimeout(timer);
  }
}

/** The HTTP status that the message of the binding's error names; 422 if it names none. */
const statusIn = (message: string): number => Number(/\b[45]\d\d\b/.exec(message)?.[0] ?? 422);

async function askApi(
  url: string,
  token: string,
  statement: Statement,
  dataset: string,
): Promise<EngineRow[]> {
  const { query } = textOf(statement, 'http', dataset);
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'text/plain' },
      body: `${query}\nFORMAT JSONEachRow`,
      signal: AbortSignal.timeout(TIMEOUT),
      redirect: 'manual',
    });
    if (response.status !== 200) {
      const message = (await response.text()).slice(0, 2000).replaceAll(token, '(token)');
      if (isUnknownDataset(response.status, message, dataset)) return [];
      const seconds = Number(response.headers.get('retry-after') ?? 0);
      throw errorOfStatus(response.status, message, seconds > 0 ? seconds * 1000 : 0);
    }
    const rows: EngineRow[] = [];
    for await (const line of linesOf(response.body, MAX_ANSWER_BYTES)) {
      rows.push(rowOf(JSON.parse(line) as Record<string, unknown>, statement));
    }
    return rows;
  } catch (error) {
    if (error instanceof EngineError) throw error;
    if (error instanceof RangeError) throw new EngineError('limit', error.message);
    // No connection, no answer in time, or an answer that broke off. The message of the error may have the URL, with the account.
    const name = error instanceof Error ? error.name : 'an unknown error';
    throw new EngineError('unavailable', `Analytics Engine gave no answer: ${name}`);
  }
}

/** What a statement selects of a row. Whole numbers of 64 bits come as texts. @throws SyntaxError if a column is missing. */
function rowOf(row: Record<string, unknown>, { select }: Statement): EngineRow {
  const selected: Record<string, string | number | null> = {};
  for (const one of select) {
    const value = row[one.as];
    if (value === undefined) throw new SyntaxError(`no column ${one.as}`);
    if (value === null) selected[one.as] = null;
    else selected[one.as] = isNumber(one) ? Number(value) : String(value);
  }
  return selected;
}
