/** Counts the page views of each AI crawler and assistant, and the pages that it fetched most. */
import { type AiAgent, aiAgentOf } from '../../model/ai-agents.ts';
import { Cache, detach } from '../../model/cache.ts';

/** An agent that fetches more pages than these has the rarest half of them forgotten. */
const MOST_PAGES = 2000;
/** A path is as long as an attacker likes. */
const LONGEST_PATH = 200;
/** A longer user agent is read as far as this. */
const LONGEST_AGENT = 512;

export interface AgentCount {
  readonly agent: AiAgent;
  readonly count: number;
  /** The pages that it fetched most, and how often. */
  readonly pages: readonly (readonly [path: string, count: number])[];
}

export class AgentCounts {
  readonly #counts = new Map<AiAgent, { count: number; pages: Map<string, number> }>();
  /** A log has the same few thousand agents again and again. */
  readonly #known = new Cache<string, AiAgent | null>(2000);

  /** @param userAgent anyone's; only that of an AI agent is counted. */
  add(userAgent: string, path: string): void {
    if (userAgent === '') return;
    const name = userAgent.slice(0, LONGEST_AGENT);
    const agent = this.#agentOf(name);
    if (agent === null) return;
    let counts = this.#counts.get(agent);
    if (!counts) {
      counts = { count: 0, pages: new Map() };
      this.#counts.set(agent, counts);
    }
    const page = path.slice(0, LONGEST_PATH);
    counts.count += 1;
    counts.pages.set(page, (counts.pages.get(page) ?? 0) + 1);
    if (counts.pages.size > MOST_PAGES)
      counts.pages = new Map(byCount(counts.pages).slice(0, MOST_PAGES / 2));
  }

  #agentOf(name: string): AiAgent | null {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const agent = aiAgentOf(name) ?? null;
    // Detached: a part of a line keeps all lines in memory that were decoded with it.
    this.#known.set(detach(name), agent);
    return agent;
  }

  /** The agents with the most page views first. @param pages how many pages of each. */
  top(pages: number): AgentCount[] {
    return [...this.#counts]
      .map(([agent, counts]) => ({
        agent,
        count: counts.count,
        pages: byCount(counts.pages).slice(0, pages),
      }))
      .toSorted((a, b) => b.count - a.count);
  }
}

function byCount(pages: ReadonlyMap<string, number>): [string, number][] {
  return [...pages].toSorted(([, a], [, b]) => b - a);
}
