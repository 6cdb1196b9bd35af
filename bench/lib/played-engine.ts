/**
 * Analytics Engine on loopback, for measuring: SQLite runs the statements of its SQL API. Events of a database become points, so the
 * database has none of them any more.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DatabaseSync } from 'node:sqlite';

/** The layout of a point. Its module has types of the runtime, which scripts do not have. */
interface PointLayout {
  readonly BLOBS: readonly (readonly string[])[];
  readonly NO_VALUE: number;
  readonly KIND: { readonly event: number };
}

const DATASET = 'speck_events';

export class PlayedEngine {
  /** Variables with which a Worker stores events here, and reads them. */
  readonly vars: Readonly<Record<string, string>>;
  readonly #points: DatabaseSync;
  readonly #server: Server;
  #queries = 0;

  private constructor(points: DatabaseSync, server: Server) {
    this.#points = points;
    this.#server = server;
    const { port } = server.address() as AddressInfo;
    this.vars = {
      EVENT_STORE: 'analytics_engine',
      ACCOUNT_ID: 'account',
      ANALYTICS_TOKEN: 'token',
      ANALYTICS_API: `http://127.0.0.1:${port}`,
    };
  }

  /** Takes the events of a database that no runtime has open, and the days that they have marked. */
  static async of(file: string): Promise<PlayedEngine> {
    const points = new DatabaseSync(':memory:');
    points.function('toDateTime', { deterministic: true }, (seconds) => seconds);
    points.prepare('ATTACH ? AS speck').run(file);
    points.exec(`CREATE TABLE ${DATASET} AS ${await selectPoints()}`);
    points.exec('DELETE FROM speck.events; DELETE FROM speck.days');
    points.exec('DETACH speck');
    points.exec(`CREATE INDEX by_time ON ${DATASET} (double1, blob20)`);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const engine = new PlayedEngine(points, server);
    server.on('request', async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      response.end(engine.#answer(Buffer.concat(chunks).toString()));
    });
    return engine;
  }

  /** Statements that were answered since the last call. */
  takeQueries(): number {
    const queries = this.#queries;
    this.#queries = 0;
    return queries;
  }

  async close(): Promise<void> {
    this.#points.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(statement: string): string {
    this.#queries++;
    const rows = this.#points.prepare(statement.replace(/\sFORMAT JSONEachRow$/, '')).all();
    return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  }
}

/** A point for each event, written when the event happened. */
async function selectPoints(): Promise<string> {
  const path = String(new URL('../../src/engine/point.ts', import.meta.url));
  const { BLOBS, NO_VALUE, KIND } = (await import(path)) as PointLayout;
  const blobs = BLOBS.map((fields, index) => `${fields.join(' || char(10) || ')} AS blob${index + 1}`);
  return `SELECT pixel || '/' || substr(visitor, 1, 1) AS index1, ${blobs.join(', ')},
    ts AS double1, coalesce(value, 0) / 1e6 AS double2, ${KIND.event} AS double3, coalesce(engaged, -1) AS double4,
    coalesce(scroll, -1) AS double5, agent_class = 'mail_proxy' AS double6, coalesce(value, ${NO_VALUE}) AS double7,
    ts / 1000 AS timestamp, 1 AS _sample_interval
    FROM speck.events`;
}
