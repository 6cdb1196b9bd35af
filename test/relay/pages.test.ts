/** The owner's pages about the networks: each has the same parts in the same order, and the words of the dashboard's form. */
import { describe, expect, it } from 'vitest';
import overview from '../../docs/relay.md?raw';
import { NETWORKS } from '../../src/model/destination.ts';
import { networkOf } from '../../src/relay/networks/table.ts';

const pages = import.meta.glob<string>('../../docs/relay/*.md', {
  query: '?raw',
  import: 'default',
  eager: true,
});
const pageOf = (name: string): string => pages[`../../docs/relay/${name}.md`] ?? '';

const PARTS = ['Credentials', 'Events', 'Deduplication', 'Testing', 'Fields', 'Responses'];

/** Settings that docs/relay.md explains for all networks. */
const COMMON = ['Host', 'API version', 'Host of the tokens'];

it('has a page for each network, and no others', () => {
  const names = Object.keys(pages).map((path) => path.replace(/^.*\/|\.md$/g, ''));
  expect(names.toSorted()).toEqual(NETWORKS.toSorted());
  for (const name of NETWORKS) expect(overview).toContain(`](relay/${name}.md)`);
  for (const label of COMMON) expect(overview).toContain(`**${label}**`);
});

describe.each(NETWORKS)('the page of %s', (name) => {
  const page = pageOf(name);

  it('has the parts of all pages, in their order', () => {
    const headings = Array.from(page.matchAll(/^## (.+)$/gm), ([, heading]) => heading);
    expect(headings.filter((heading) => heading !== 'Signature')).toEqual(PARTS);
    expect(page).toContain('[relay.md](../relay.md)');
  });

  it('shows how the page hands the event id on', () => {
    const [, part = ''] = /^## Deduplication\n([\s\S]*?)^## /m.exec(page) ?? [];
    if (name === 'webhook') expect(part).toContain('`event_id`');
    else expect(part).toMatch(/```js\n[\s\S]*speck\('track', [\s\S]*```/);
  });

  it('explains each setting', async () => {
    const { account, secret, settings } = await networkOf(name);
    for (const { label } of [account, secret, ...settings]) {
      if (!COMMON.includes(label)) expect(page).toContain(`**${label}**`);
    }
  });

  it('says what each response leads to, and what to do', () => {
    const [, table = ''] = /^## Responses\n([\s\S]*)$/m.exec(page) ?? [];
    const [head, , ...rows] = table.split('\n').filter((line) => line.startsWith('|'));
    expect(head).toBe('| response | result | what to do |');
    expect(rows.length).toBeGreaterThan(4);
    for (const row of rows) {
      expect(row).toMatch(
        /^\| [^|]+ \| (?:delivered|sent|refused|stopped|retried|unknown|the events|as 400|a purchase)\b[^|]* \| [^|]+ \|$/,
      );
    }
  });
});
