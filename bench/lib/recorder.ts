/**
 * A Worker around the built one, which runs inside the runtime and notes what D1 says of each statement. Requests go to
 * Speck as they come; those with the header `bench-record` have their statements noted, to be fetched from
 * `/bench/recorded`. So have all messages of the queue. `/bench/sent` answers with what recorded requests have sent to the queue, and
 * with the number of points. `/bench/cron` runs the cron and answers with its statements. `/bench/deliver` runs the queue's consumer for a
 * destination: messages that conversions wait do not get into the queue, so nothing else sends them. `/bench/nothing` does nothing.
 */
import speck from 'speck-worker';

/** One statement, as D1 tells of it. */
export interface Recorded {
  /** What it does, such as `INSERT INTO rollups` or `SELECT FROM pixels`. */
  readonly does: string;
  /** Bytes of its text, and of its largest parameter. */
  readonly bytes: number;
  readonly parameterBytes: number;
  /** Milliseconds in SQLite. */
  readonly ms: number;
  readonly rowsRead: number;
  readonly rowsWritten: number;
  /** Bytes of the rows that it returns, as JSON. */
  readonly returned: number;
}

/** One call of D1: a statement, or a batch of them in one transaction. */
export interface Call {
  /** Milliseconds from the call to its answer. */
  readonly ms: number;
  readonly statements: readonly Recorded[];
}

export interface CronRun {
  readonly ms: number;
  readonly calls: readonly Call[];
}

interface Result {
  readonly results: readonly Record<string, unknown>[];
  readonly meta: { readonly duration: number; readonly rows_read: number; readonly rows_written: number };
}

interface Statement {
  bind(...values: unknown[]): Statement;
  all(): Promise<Result>;
  run(): Promise<Result>;
  first(column?: string): Promise<unknown>;
}

interface Database {
  prepare(sql: string): Statement;
  batch(statements: readonly Statement[]): Promise<Result[]>;
}

/** What was sent elsewhere than to D1. */
export interface Sent {
  /** Bytes of each message of the queue, without the queue's own. */
  readonly messages: readonly number[];
  /** Points written to Analytics Engine, by all requests and messages since the start. */
  readonly points: number;
}

interface QueueMessage {
  readonly body: { readonly kind: string };
}

interface MessageQueue {
  sendBatch(messages: readonly QueueMessage[]): Promise<void>;
}

interface Dataset {
  writeDataPoint(point: unknown): void;
}

interface Env {
  readonly DB: Database;
  readonly QUEUE: MessageQueue;
  readonly ANALYTICS: Dataset;
}

function doesOf(sql: string): string {
  const change = /(INSERT( OR \w+)? INTO|UPDATE|DELETE FROM) \w+/.exec(sql)?.[0];
  if (change !== undefined) return change;
  const from = /\bFROM (\w+)/;
  const table = from.exec(outer(sql)) ?? from.exec(sql);
  return `SELECT FROM ${table?.[1] ?? ''}`.trim();
}

/** A statement without what stands in parentheses, such as a subquery for one of its columns. */
function outer(sql: string): string {
  const shorter = sql.replaceAll(/\([^()]*\)/g, '');
  return shorter === sql ? sql : outer(shorter);
}

const encoder = new TextEncoder();
const bytesOf = (value: unknown): number => (typeof value === 'string' ? encoder.encode(value).length : 8);

class RecordingDatabase implements Database {
  readonly #db: Database;
  readonly #calls: Call[];

  constructor(db: Database, calls: Call[]) {
    this.#db = db;
    this.#calls = calls;
  }

  prepare(sql: string): Statement {
    return new RecordingStatement(this, this.#db.prepare(sql), sql, []);
  }

  batch(statements: readonly Statement[]): Promise<Result[]> {
    return this.record(statements as readonly RecordingStatement[], () =>
      this.#db.batch((statements as readonly RecordingStatement[]).map(({ inner }) => inner)),
    );
  }

  async record(statements: readonly RecordingStatement[], call: () => Promise<Result[]>): Promise<Result[]> {
    const began = performance.now();
    const results = await call();
    const ms = performance.now() - began;
    this.#calls.push({
      ms,
      statements: statements.map(({ sql, values }, place) => ({
        does: doesOf(sql),
        bytes: bytesOf(sql),
        parameterBytes: Math.max(0, ...values.map(bytesOf)),
        ms: results[place]?.meta.duration ?? 0,
        rowsRead: results[place]?.meta.rows_read ?? 0,
        rowsWritten: results[place]?.meta.rows_written ?? 0,
        returned: bytesOf(JSON.stringify(results[place]?.results ?? [])),
      })),
    });
    return results;
  }
}

class RecordingStatement implements Statement {
  readonly #db: RecordingDatabase;
  readonly inner: Statement;
  readonly sql: string;
  readonly values: readonly unknown[];

  constructor(db: RecordingDatabase, inner: Statement, sql: string, values: readonly unknown[]) {
    this.#db = db;
    this.inner = inner;
    this.sql = sql;
    this.values = values;
  }

  bind(...values: unknown[]): Statement {
    return new RecordingStatement(this.#db, this.inner.bind(...values), this.sql, values);
  }

  async all(): Promise<Result> {
    const [result] = await this.#db.record([this], async () => [await this.inner.all()]);
    return result as Result;
  }

  run(): Promise<Result> {
    return this.all();
  }

  /** As in D1: all rows are requested, and one is returned. */
  async first(column?: string): Promise<unknown> {
    const row = (await this.all()).results[0];
    if (row === undefined) return null;
    return column === undefined ? row : row[column];
  }
}

const recorded: Call[] = [];
const sent = { messages: [] as number[], points: 0 };

function takeSent(): Sent {
  return { messages: sent.messages.splice(0), points: sent.points };
}

/** The bindings, with points counted, and without messages that conversions wait. */
function counting(env: Env): Env {
  const { ANALYTICS, QUEUE } = env;
  return {
    ...env,
    QUEUE: {
      async sendBatch(messages) {
        const others = messages.filter(({ body }) => body.kind !== 'relay');
        if (others.length > 0) await QUEUE.sendBatch(others);
      },
    },
    ANALYTICS: {
      writeDataPoint(point) {
        sent.points++;
        ANALYTICS.writeDataPoint(point);
      },
    },
  };
}

/** Sends what is due of a destination, as the queue's message about it does. */
async function runDelivery(env: Env, ctx: unknown, parameters: URLSearchParams): Promise<CronRun> {
  const calls: Call[] = [];
  const counted = counting(env);
  const body = { kind: 'relay', destination: parameters.get('destination') };
  const batch = {
    queue: 'speck-events',
    messages: [{ id: '1', timestamp: new Date(), attempts: 1, body, ack() {}, retry() {} }],
  };
  const began = performance.now();
  await speck.queue(batch, parameters.has('recorded') ? recording(counted, calls) : counted, ctx);
  return { ms: performance.now() - began, calls };
}

export default {
  async fetch(request: Request, env: Env, ctx: unknown): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === '/bench/cron') return Response.json(await runCron(env, ctx, searchParams));
    if (pathname === '/bench/deliver') return Response.json(await runDelivery(env, ctx, searchParams));
    if (pathname === '/bench/nothing') return Response.json(null);
    if (pathname === '/bench/recorded') return Response.json(recorded.splice(0));
    if (pathname === '/bench/sent') return Response.json(takeSent());
    const isRecorded = request.headers.has('bench-record');
    const counted = counting(env);
    return speck.fetch(request, isRecorded ? recording(counted, recorded) : counted, ctx);
  },
  queue(batch: unknown, env: Env, ctx: unknown): Promise<void> {
    return speck.queue(batch, recording(counting(env), recorded), ctx);
  },
};

function recording(env: Env, calls: Call[]): Env {
  const { DB, QUEUE } = env;
  return {
    ...env,
    DB: new RecordingDatabase(DB, calls),
    QUEUE: {
      sendBatch(messages) {
        sent.messages.push(...messages.map(({ body }) => bytesOf(JSON.stringify(body))));
        return QUEUE.sendBatch(messages);
      },
    },
  };
}

async function runCron(env: Env, ctx: unknown, parameters: URLSearchParams): Promise<CronRun> {
  const statements = parameters.get('statements');
  const calls: Call[] = [];
  const settings = statements === null ? {} : { CRON_STATEMENTS: statements };
  const controller = { cron: '*/5 * * * *', scheduledTime: Number(parameters.get('at')), noRetry() {} };
  const began = performance.now();
  await speck.scheduled(controller, { ...recording(env, calls), ...settings }, ctx);
  return { ms: performance.now() - began, calls };
}
