/** Separates the crawlers and assistants of AI companies from other bots. */
import { type AiAgent, aiAgentOf } from '../model/ai-agents.ts';

export interface CountedAgent {
  readonly agent: AiAgent;
  readonly count: number;
}

export interface BotFamilies {
  /** The most frequent first. */
  readonly ai: readonly CountedAgent[];
  readonly others: readonly (readonly [family: string, count: number])[];
}

/** @param families counts by the names of bots. Earlier versions of Speck stored names with versions, such as `GPTBot/1.2;`. */
export function splitFamilies(families: ReadonlyMap<string, number>): BotFamilies {
  const ai = new Map<AiAgent, number>();
  const others: [string, number][] = [];
  for (const [family, count] of families) {
    const agent = aiAgentOf(family);
    if (agent) ai.set(agent, (ai.get(agent) ?? 0) + count);
    else others.push([family, count]);
  }
  return {
    ai: [...ai].map(([agent, count]) => ({ agent, count })).toSorted((a, b) => b.count - a.count),
    others: others.toSorted(([, a], [, b]) => b - a),
  };
}
