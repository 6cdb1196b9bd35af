import { expect, it } from 'vitest';
import { splitFamilies } from '../../src/dashboard/ai-families.ts';

it('separates agents of AI companies, whatever version their names are stored with, from other bots', () => {
  const families = new Map([
    ['bingbot', 5],
    ['GPTBot/1.2;', 3],
    ['GPTBot', 4],
    ['ClaudeBot/1.0;', 9],
    ['(other)', 7],
    ['Googlebot', 6],
  ]);
  const { ai, others } = splitFamilies(families);
  expect(ai.map(({ agent: { name, operator, purpose }, count }) => [name, operator, purpose, count])).toEqual(
    [
      ['ClaudeBot', 'Anthropic', 'training', 9],
      ['GPTBot', 'OpenAI', 'training', 7],
    ],
  );
  expect(others).toEqual([
    ['(other)', 7],
    ['Googlebot', 6],
    ['bingbot', 5],
  ]);
});
