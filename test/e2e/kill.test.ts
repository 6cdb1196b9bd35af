/**
 * The runtime killed with SIGKILL in full load, ten times, on one database. What was acknowledged through the API must
 * be there; of what the pixel has answered, only the last moments may be missing.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { convertV4MiniflareOptions, Miniflare, type V4WorkerOptions } from 'miniflare';
import { afterAll, expect, it } from 'vitest';
import { unstable_getMiniflareWorkerOptions } from 'wrangler';
import { builtModules } from '../../bench/lib/built-modules.ts';
import { runtimeProcesses } from '../../bench/lib/processes.ts';
import { eventually } from '../eventually.ts';
import { ADMIN_TOKEN, type Database, ROOT, runAll, SECRET_KEY, schemaStatements } from './harness.ts';

const KILLS = 10;
const CONNECTIONS = 16;

const directory = mkdtempSync(join(tmpdir(), 'speck-kill-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

interface Running {
  readonly url: string;
  readonly pid: number;
  readonly db: Database;
  close(): Promise<void>;
}

async function start(): Promise<Running> {
  const built = join(ROOT, 'dist/modules');
  const { workerOptions } = unstable_getMiniflareWorkerOptions(join(ROOT, 'wrangler.toml'));
  const before = new Set(runtimeProcesses());
  const miniflare = new Miniflare(
    // One directory for all runs, so that each finds what the one before has written.
    convertV4MiniflareOptions({
      workers: [
        {
          ...(workerOptions as V4WorkerOptions),
          name: 'speck',
          rootPath: ROOT,
          modulesRoot: built,
          modules: builtModules(built),
          bindings: { CRON_STATEMENTS: '45', INGEST_MODE: 'direct', ADMIN_TOKEN, SECRET_KEY },
        },
      ],
      cf: false,
      resourcePersistencePath: directory,
    }),
  );
  const url = (await miniflare.ready).origin;
  const pid = runtimeProcesses().find((candidate) => !before.has(candidate));
  if (pid === undefined) throw new Error('no runtime process');
  return {
    url,
    pid,
    db: (await miniflare.getD1Database('DB')) as unknown as Database,
    close: () => miniflare.dispose().catch(() => undefined),
  };
}

const agent = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0' };

function post(url: string, path: string, body: unknown): Promise<Response> {
  return fetch(url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    body: JSON.stringify(body),
  });
}

it.skipIf(process.platform !== 'linux')(
  'loses nothing that was acknowledged, and of answers only the last',
  async () => {
    let runtime = await start();
    await runAll(runtime.db, schemaStatements());
    const made = await post(runtime.url, '/api/v1/pixels', { name: 'Kill', url: 'https://site.example' });
    const { id } = (await made.json()) as { id: string };

    /** When each page was answered, and which sales were acknowledged. */
    const answered = new Map<string, number>();
    const acknowledged: string[] = [];
    const killedAt: number[] = [];
    let next = 0;

    for (let kill = 0; kill < KILLS; kill++) {
      const { url, pid } = runtime;
      let alive = true;
      const pixels = Array.from({ length: CONNECTIONS }, async () => {
        while (alive) {
          const page = `/${kill}/${next++}`;
          const query = `id=${id}&dl=${encodeURIComponent(`https://site.example${page}`)}`;
          const response = await fetch(`${url}/p.gif?${query}`, { headers: agent }).catch(() => null);
          if (!response) return;
          if (response.status === 200) answered.set(page, performance.now());
          await response.arrayBuffer().catch(() => undefined);
        }
      });
      const sales = (async () => {
        while (alive) {
          const eids = Array.from({ length: 20 }, () => `sale-${next++}`);
          const events = eids.map((eid) => ({ id, ev: 'Sale', eid, ts: Date.now() }));
          const response = await post(url, '/api/v1/events', { events }).catch(() => null);
          if (!response) return;
          if (response.status === 202) acknowledged.push(...eids);
        }
      })();
      await new Promise((resolve) => setTimeout(resolve, 300 + Math.random() * 1200));
      await eventually(() => answered.size > (kill + 1) * 50, 'fifty answers since the last kill');
      process.kill(pid, 'SIGKILL');
      killedAt.push(performance.now());
      alive = false;
      await Promise.all([...pixels, sales]);
      await runtime.close();
      runtime = await start();
    }

    const { results } = await runtime.db
      .prepare('SELECT name, page, eid, count(*) AS n FROM events GROUP BY name, page, eid')
      .all<{ name: string; page: string; eid: string; n: number }>();
    await runtime.close();
    const pages = new Set(results.filter(({ name }) => name === 'pageview').map(({ page }) => page));
    const sold = new Set(results.filter(({ name }) => name === 'Sale').map(({ eid }) => eid));
    const missing = [...answered].filter(([page]) => !pages.has(page));
    const ages = missing.map(([page, at]) => (killedAt[Number(page.split('/')[1])] ?? 0) - at);
    console.log(
      `answered ${answered.size}, stored ${pages.size}, missing ${missing.length}, ` +
        `the oldest of them ${Math.round(Math.max(0, ...ages))} ms before its kill; ` +
        `acknowledged ${acknowledged.length}, missing ${acknowledged.filter((eid) => !sold.has(eid)).length}`,
    );
    expect(answered.size).toBeGreaterThan(KILLS * 50);
    expect(results.filter(({ n }) => n > 1)).toEqual([]);
    expect(acknowledged.filter((eid) => !sold.has(eid))).toEqual([]);
    // A batch that waited and was being written: a multiple of the 50 ms, since the machine may be busy.
    expect(ages.filter((age) => age > 2_000)).toEqual([]);
  },
  180_000,
);
