/** `GET /health`: whether the Worker can reach its store. Public, cheap, and without a secret. */
import type { Env } from '../env.ts';
import { VERSION } from '../model/version.ts';

export async function health(env: Env): Promise<Response> {
  const store = await reachesStore(env.DB);
  return Response.json(
    { status: store ? 'ok' : 'degraded', version: VERSION, store, api: env.ADMIN_TOKEN ? 'open' : 'closed' },
    { status: store ? 200 : 503, headers: { 'cache-control': 'no-store' } },
  );
}

/** Asks for a table, so that a database whose schema is not applied does not pass for a healthy one. */
async function reachesStore(db: D1Database): Promise<boolean> {
  try {
    await db.prepare('SELECT 1 FROM pixels LIMIT 1').first();
    return true;
  } catch {
    return false;
  }
}
