/** The Worker: answers pixels at once, everything else by the API; rolls up when the cron asks; empties the queue. */
import { route } from './api/router.ts';
import { collect } from './collect/answer.ts';
import { consume } from './enrich/consume.ts';
import type { Env } from './env.ts';
import type { Message } from './model/batch.ts';
import { runJob } from './rollup/job.ts';

export default {
  fetch(request, env, ctx) {
    return collect(request, env, ctx) ?? route(request, env);
  },

  async scheduled(controller, env) {
    // Awaited, not handed to waitUntil: a run that fails must count as failed.
    const report = await runJob(env, Number(controller.scheduledTime));
    console.log(
      `rolled up ${report.rolledUp} days, purged ${report.purgedEvents} events${report.failed > 0 ? `, ${report.failed} tasks failed` : ''}${report.more ? ', more to do' : ''}`,
    );
  },

  queue: (batch, env) => consume(batch, env),
} satisfies ExportedHandler<Env, Message>;
