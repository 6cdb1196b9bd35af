/**
 * Crawlers and assistants of AI companies, by the names in their user agents. `Google-Extended` and `Applebot-Extended` are no user
 * agents: they only occur in robots.txt.
 *
 * Sources: the operators' own pages, https://developers.cloudflare.com/ai-crawl-control/reference/bots/ and
 * https://github.com/ai-robots-txt/ai.robots.txt
 */

/** What an agent fetches pages for. */
export const AI_PURPOSES = {
  training: 'collects texts to train models',
  search: 'builds the index of an AI search',
  user: 'fetches a page because a person asked for it',
  data: 'collects data that is sold or given to others, who train models with it',
} as const;

export type AiPurpose = keyof typeof AI_PURPOSES;

export interface AiAgent {
  /** As in its user agent. */
  readonly name: string;
  readonly operator: string;
  readonly purpose: AiPurpose;
}

/** By operator: names, each with its purpose. */
const OPERATORS: Readonly<Record<string, Readonly<Partial<Record<AiPurpose, string>>>>> = {
  OpenAI: { training: 'GPTBot', search: 'OAI-SearchBot', user: 'ChatGPT-User' },
  Anthropic: {
    training: 'ClaudeBot,anthropic-ai',
    search: 'Claude-SearchBot',
    user: 'Claude-User,Claude-Web',
  },
  Perplexity: { search: 'PerplexityBot', user: 'Perplexity-User' },
  Google: {
    training: 'GoogleOther,GoogleOther-Image,GoogleOther-Video,Google-CloudVertexBot',
    user: 'Gemini-Deep-Research,Google-NotebookLM,GoogleAgent-Mariner,GoogleAgent-URLContext,Google-Agent',
  },
  Meta: {
    training: 'meta-externalagent,FacebookBot',
    search: 'meta-webindexer',
    user: 'meta-externalfetcher',
  },
  Amazon: { training: 'Amazonbot', search: 'Amzn-SearchBot', user: 'Amzn-User,AmazonBuyForMe' },
  Apple: { search: 'Applebot' },
  ByteDance: { training: 'Bytespider,TikTokSpider' },
  Microsoft: { search: 'AzureAI-SearchBot' },
  DuckDuckGo: { user: 'DuckAssistBot' },
  Mistral: { user: 'MistralAI-User' },
  Cohere: { training: 'cohere-training-data-crawler', user: 'cohere-ai' },
  DeepSeek: { training: 'DeepSeekBot' },
  Huawei: { training: 'PanguBot', search: 'PetalBot' },
  Alibaba: { user: 'TongyiBot' },
  'Moonshot AI': { user: 'Kimi-User' },
  Zhipu: { training: 'ChatGLM-Spider' },
  'You.com': { search: 'YouBot' },
  Brave: { search: 'Bravebot' },
  // Exabot was the crawler of Exalead, a search engine without AI.
  Exa: { search: 'ExaSearchBot' },
  Tavily: { search: 'TavilyBot' },
  Andi: { search: 'Andibot' },
  Liner: { user: 'LinerBot' },
  Kagi: { user: 'kagi-fetcher' },
  Manus: { user: 'Manus-User' },
  'Common Crawl': { data: 'CCBot' },
  Ai2: { training: 'AI2Bot,Ai2Bot-Dolma', user: 'AI2Bot-DeepResearchEval' },
  Diffbot: { data: 'Diffbot' },
  Firecrawl: { data: 'FirecrawlAgent' },
  'Webz.io': { data: 'Webzio-Extended,omgilibot,omgili' },
  Timpi: { data: 'Timpibot' },
  ImageSift: { data: 'ImagesiftBot' },
  NICT: { training: 'ICC-Crawler' },
  ROIS: { training: 'Cotoyogi' },
  'SB Intuitions': { training: 'SBIntuitionsBot' },
  Yandex: { training: 'YandexAdditionalBot,YandexAdditional' },
};

export const AI_AGENTS: readonly AiAgent[] = Object.entries(OPERATORS).flatMap(([operator, purposes]) =>
  Object.entries(purposes).flatMap(([purpose, names]) =>
    names.split(',').map((name): AiAgent => ({ name, operator, purpose: purpose as AiPurpose })),
  ),
);

const BY_NAME: ReadonlyMap<string, AiAgent> = new Map(
  AI_AGENTS.map((agent) => [agent.name.toLowerCase(), agent]),
);

/** Any name as a word, the longer one where one begins with another. */
const NAME = new RegExp(
  `(?<![\\w./-])(?:${AI_AGENTS.map(({ name }) => name)
    .toSorted((a, b) => b.length - a.length)
    .join('|')})(?![\\w-])`,
  'i',
);

/** The agent that a user agent names; undefined if it names none. A page of help in it, such as `+https://openai.com/gptbot`, is no name. */
export function aiAgentOf(userAgent: string): AiAgent | undefined {
  const match = NAME.exec(userAgent);
  return match ? BY_NAME.get(match[0].toLowerCase()) : undefined;
}
