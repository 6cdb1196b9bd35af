/** The crawlers and assistants of AI companies among the bots that were rejected, by name, with what they fetch pages for. */
import { AI_PURPOSES } from '../model/ai-agents.ts';
import type { CountedAgent } from './ai-families.ts';
import { count } from './format.ts';

export function AiAgents({ agents }: { readonly agents: readonly CountedAgent[] }) {
  if (agents.length === 0) return null;
  return (
    <section class="block" data-group="ai">
      <h2>AI crawlers and assistants</h2>
      <p class="muted">
        They are part of the reason <b>bot</b>. Crawlers do not load pixels, so most of them show only in the
        logs of your web server, which you can import. A name is what a program says of itself.
      </p>
      <dl class="fields">
        {agents.map(({ agent: { name, operator, purpose }, count: times }) => (
          <>
            <dt>{name}</dt>
            <dd>
              <b>{count(times)}</b>{' '}
              <span class="muted">
                {operator}, {AI_PURPOSES[purpose]}
              </span>
            </dd>
          </>
        ))}
      </dl>
    </section>
  );
}
