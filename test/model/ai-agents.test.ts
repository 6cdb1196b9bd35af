import { describe, expect, it } from 'vitest';
import { classify } from '../../src/enrich/bots.ts';
import { AI_AGENTS, type AI_PURPOSES, aiAgentOf } from '../../src/model/ai-agents.ts';

/** As the operators document them. */
const DOCUMENTED: readonly [name: string, purpose: keyof typeof AI_PURPOSES, userAgent: string][] = [
  [
    'GPTBot',
    'training',
    'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; GPTBot/1.2; +https://openai.com/gptbot',
  ],
  [
    'OAI-SearchBot',
    'search',
    'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; OAI-SearchBot/1.0; +https://openai.com/searchbot',
  ],
  [
    'ChatGPT-User',
    'user',
    'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; ChatGPT-User/1.0; +https://openai.com/bot',
  ],
  [
    'ClaudeBot',
    'training',
    'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)',
  ],
  [
    'Claude-User',
    'user',
    'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Claude-User/1.0; +Claude-User@anthropic.com)',
  ],
  [
    'Claude-SearchBot',
    'search',
    'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Claude-SearchBot/1.0; +https://www.anthropic.com)',
  ],
  [
    'PerplexityBot',
    'search',
    'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; PerplexityBot/1.0; +https://perplexity.ai/perplexitybot)',
  ],
  [
    'Perplexity-User',
    'user',
    'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Perplexity-User/1.0; +https://perplexity.ai/perplexity-user)',
  ],
  [
    'GoogleOther',
    'training',
    'Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36 (compatible; GoogleOther)',
  ],
  ['GoogleOther-Image', 'training', 'GoogleOther-Image/1.0'],
  [
    'Bytespider',
    'training',
    'Mozilla/5.0 (Linux; Android 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Mobile Safari/537.36 (compatible; Bytespider; spider-feedback@bytedance.com)',
  ],
  [
    'Amazonbot',
    'training',
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko; compatible; Amazonbot/0.1; +https://developer.amazon.com/support/amazonbot) Chrome/119.0.6045.214 Safari/537.36',
  ],
  [
    'Applebot',
    'search',
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.1.1 Safari/605.1.15 (Applebot/0.1; +http://www.apple.com/go/applebot)',
  ],
  ['CCBot', 'data', 'CCBot/2.0 (https://commoncrawl.org/faq/)'],
  [
    'meta-externalagent',
    'training',
    'meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)',
  ],
  [
    'meta-externalfetcher',
    'user',
    'meta-externalfetcher/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)',
  ],
  [
    'DuckAssistBot',
    'user',
    'Mozilla/5.0 (compatible; DuckAssistBot/1.2; +http://duckduckgo.com/duckassistbot.html)',
  ],
  [
    'MistralAI-User',
    'user',
    'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; MistralAI-User/1.0; +https://docs.mistral.ai/robots)',
  ],
  ['cohere-ai', 'user', 'cohere-ai'],
];

describe('an agent of an AI company', () => {
  it.each(DOCUMENTED)('%s (%s) is known by its user agent', (name, purpose, userAgent) => {
    expect(aiAgentOf(userAgent)).toMatchObject({ name, purpose });
    expect(classify(userAgent, '', 'pageview', true)).toEqual({ class: 'bot', detail: name });
  });

  it.each(AI_AGENTS)('$name is a bot by that name, also if it otherwise looks like a browser', ({ name }) => {
    const browser = `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 ${name}/1.0`;
    for (const userAgent of [
      browser,
      `${name}/2.3.4`,
      `Mozilla/5.0 (compatible; ${name}; +https://help.example/${name})`,
    ]) {
      expect(classify(userAgent, '', 'pageview', false)).toEqual({ class: 'bot', detail: name });
    }
  });
});

it.each([
  ['Googlebot', 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)'],
  [
    'the crawler of an older search engine',
    'Mozilla/5.0 (compatible; Exabot/3.0; +http://www.exabot.com/go/robot)',
  ],
  ['a token of robots.txt', 'Google-Extended'],
  ['another token of robots.txt', 'Applebot-Extended'],
  ['a page of help', 'Mozilla/5.0 (compatible; OtherBot/1.0; +https://openai.com/gptbot)'],
  ['a name within another', 'NotGPTBot/1.0 my-CCBot/2.0 CCBotany/3 x.GPTBot'],
  [
    'Chrome',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36',
  ],
  ['nothing', ''],
])('%s is none', (_, userAgent) => {
  expect(aiAgentOf(userAgent)).toBeUndefined();
});

it('takes no longer for a long user agent than for its parts', () => {
  // Every character is looked at once, so a megabyte is no problem. The expression would not return if it were one.
  for (const piece of ['G', 'GPTBo ', 'meta-', 'Google-', ' -.'])
    expect(aiAgentOf(piece.repeat(200_000))).toBeUndefined();
});
