/**
 * The Worker. `fetch` answers pixel requests at once and routes all others; `scheduled` is the cron, which rolls up; `queue`
 * consumes the queue. An isolate that only answers pixels evaluates no other code: each part is loaded at its first use.
 */
import { collectorOf } from './collect/answer.ts';
import { endpointsOf } from './collect/wire/endpoints.ts';
import { FORMATS } from './collect/wire/table.ts';
import type { Env } from './env.ts';
import type { Message } from './model/batch.ts';

const collect = collectorOf(FORMATS, async (token, request, env) => {
  const { authenticateSender } = await import('./api/router.ts');
  return authenticateSender(token, request, env);
});

export default {
  fetch(request, env, ctx) {
    return collect(request, env, ctx) ?? route(request, env, ctx);
  },

  async scheduled(controller, env) {
    const { runJob } = await import('./rollup/job.ts');
    // Awaited, not handed to waitUntil: a run that fails must count as failed.
    const report = await runJob(env, Number(controller.scheduledTime));
    console.log(
      `rolled up ${report.rolledUp} days, purged ${report.purgedEvents} events${report.failed > 0 ? `, ${report.failed} tasks failed` : ''}${report.more ? ', more to do' : ''}`,
    );
  },

  async queue(batch, env) {
    const { consume } = await import('./enrich/consume.ts');
    await consume(batch, env);
  },
} satisfies ExportedHandler<Env, Message>;

/** Answers what is no native pixel request at its usual path: other tools' clients, paths that the owner has set, and everything else. */
async function route(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
  const { locate } = await import('./collect/locate.ts');
  const place = await locate(request, env, FORMATS, endpointsOf);
  const response = collect(place.request, env, ctx, place.find);
  if (response) return response;
  const { route } = await import('./api/router.ts');
  return route(place.request, env, request.url);
}
