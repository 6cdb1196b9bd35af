/** The list of sources as a text, against a Map of it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import list from '../../dist/sources.txt?raw';
import { hostKey, KINDS, nameKey, sourceTable } from '../../src/enrich/source-list.ts';
import { sourceOfHost, sourceOfName } from '../../src/enrich/sources.ts';

const known = new Map(
  list
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [key = '', name = '', kind = ''] = line.split('\t');
      return [key, { name, kind: KINDS[Number(kind)] }];
    }),
);

const find = (key: string) => (key.startsWith('@') ? sourceOfHost(key.slice(1)) : sourceOfName(key.slice(1)));

describe('the list of sources', () => {
  it('is found whole, from its first line to its last', () => {
    expect(known.size).toBeGreaterThan(2000);
    for (const [key, source] of known) expect(find(key), key).toEqual(source);
  });

  it('knows nothing else, however near it is to a line', () => {
    const keys = fc.constantFrom(...known.keys());
    const near = fc
      .tuple(
        keys,
        fc.nat(30),
        fc.constantFrom('', 'a', '.', '\t', '\n', '\u0001', '~', '/x', '\tGoogle\t1', 'я'),
      )
      .map(([key, at, text]) => key.slice(0, 1 + at) + text);
    const any = fc.string({ maxLength: 20 }).map((text) => `=${text.toLowerCase()}`);
    fc.assert(
      fc.property(fc.oneof(near, any), (key) => {
        const text = key.slice(1);
        const asked = key.startsWith('@') ? hostKey(text) : nameKey(text);
        expect(find(key)).toEqual(known.get(asked) ?? null);
      }),
      { numRuns: 5000 },
    );
  });

  it('has the search site of a company stand for its name, and assistants and short names', () => {
    const table = sourceTable({
      'help.find.example': { source: 'Twitter', medium: 'unknown' },
      'www.find.example/search': { source: 'Twitter', medium: 'search' },
      'ads.find.example': { source: 'Twitter', medium: 'paid' },
      'a.example': { source: 'Facebook', medium: 'social' },
      'b.example': { source: 'Instagram', medium: 'social' },
      'c.example': { source: 'YouTube', medium: 'social' },
    });
    const lines = table.split('\n');
    expect(lines).toContain('=twitter\tTwitter\t1');
    expect(lines).toContain('=x\tTwitter\t1');
    expect(lines).toContain('@find.example/search\tTwitter\t1');
    expect(lines).toContain('@help.find.example\tTwitter\t0');
    expect(lines).toContain('=chatgpt\tChatGPT\t5');
  });
});
