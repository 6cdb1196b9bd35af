/** Documents that say what the code does are held to it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sectionsIn, withMeasured } from '../../bench/lib/document.ts';
import type { Measurement } from '../../bench/lib/measure.ts';
import { targetTable } from '../../bench/lib/targets.ts';
import { withColumns } from '../../scripts/lib/event-columns.ts';
import { withRecipes } from '../../scripts/lib/recipes-document.ts';
import { withCosts, withScale } from '../../scripts/lib/simulate/document.ts';
import { committedMeasured } from '../../scripts/lib/simulate/measured.ts';
import { withSizes } from '../../scripts/lib/sizes-document.ts';
import { withTools } from '../../scripts/lib/tools-document.ts';
import { toolGuides } from '../../src/dashboard/tools.ts';
import { ROOT } from '../e2e/harness.ts';

const privacy = readFileSync(`${ROOT}/docs/privacy.md`, 'utf8');
const api = readFileSync(`${ROOT}/docs/api.md`, 'utf8');

it('docs/privacy.md describes each column of an event; if it does not: npm run docs', () => {
  expect(withColumns(privacy)).toBe(privacy);
});

it('docs/tag.md has the recipes of the Install view; if it has not: npm run docs', () => {
  const tag = readFileSync(`${ROOT}/docs/tag.md`, 'utf8');
  expect(withRecipes(tag)).toBe(tag);
});

it('docs/migrate.md has the lines to change of the Install view; npm run docs writes it', () => {
  const migrate = readFileSync(new URL('../../docs/migrate.md', import.meta.url), 'utf8');
  expect(withTools(migrate)).toBe(migrate);
  for (const { label, changes } of toolGuides({
    pixel: 'px_…',
    origin: 'https://px.example.com',
    site: 'example.com',
  })) {
    expect(migrate).toContain(`### Lines for ${label}`);
    for (const { text } of changes) expect(migrate).toContain(text);
  }
});

it.each([
  ['scale', withScale],
  ['deploy', withCosts],
])(
  'docs/%s.md has the tables that the simulation computes from what was measured; if it has not: npm run docs',
  (name, write) => {
    const document = readFileSync(`${ROOT}/docs/${name}.md`, 'utf8');
    expect(write(document, committedMeasured())).toBe(document);
  },
);

/** Sizes move a little with every change, so only what is wrong by more than a kilobyte and five percent is to be written again. */
it('docs/performance.md has the sizes of the parts that are built, nearly; if it has not: npm run docs', () => {
  const document = readFileSync(`${ROOT}/docs/performance.md`, 'utf8');
  const tableOf = (text: string): string =>
    /<!-- sizes, by npm run docs -->(.*?)<!-- end of sizes -->/s.exec(text)?.[1] ?? '';
  const [documented, built] = [tableOf(document), tableOf(withSizes(document))];
  const withoutNumbers = (text: string): string => text.replaceAll(/\d+/g, 'N');
  const numbersIn = (text: string): number[] => (text.match(/\d+/g) ?? []).map(Number);
  expect(withoutNumbers(documented)).toBe(withoutNumbers(built));
  expect(numbersIn(built).length).toBeGreaterThan(10);
  const sizes = numbersIn(documented);
  const wrong = numbersIn(built).filter(
    (size, place) => Math.abs(size - (sizes[place] ?? 0)) > Math.max(1, size / 20),
  );
  expect(wrong).toEqual([]);
});

it('each claim of docs/privacy.md names an existing test', () => {
  const claims = [...privacy.matchAll(/^\d\. (`test\/.*)$/gm)].map(([, text = '']) => text);
  expect(claims.length).toBe(new Set(privacy.match(/[¹²³⁴⁵⁶⁷⁸⁹]/g)).size);
  for (const claim of claims) {
    for (const [, file = '', names = ''] of claim.matchAll(/`(test\/[^`]+)`: ((?:"[^"]+"(?:, )?)+)/g)) {
      expect(existsSync(`${ROOT}/${file}`), file).toBe(true);
      const text = readFileSync(`${ROOT}/${file}`, 'utf8');
      for (const [, name = ''] of names.matchAll(/"([^"]+)"/g)) expect(text, file).toContain(`'${name}'`);
    }
  }
});

/** As much of the OpenAPI document, which is made from the code, as is looked at here. */
interface OpenApi {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { parameters?: { name: string; in: string }[] }>>>
  >;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}
interface Schema {
  readonly enum?: readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
}

describe('docs/api.md has each', () => {
  const { paths, components } = JSON.parse(readFileSync(`${ROOT}/dist/openapi.json.txt`, 'utf8')) as OpenApi;
  const operations = Object.values(paths).flatMap((path) => Object.values(path));
  const { Event, ServerEvent, Settings, EventIssue, Metric, Dimension } = components.schemas;

  /** Which of some words are nowhere in it as words of code: between backticks, or in the address of a request. */
  const missing = (words: Iterable<string>): string[] =>
    [...new Set(words)].filter((word) => !RegExp(`[\`:?&"…/]${word}[\`=("\\[ ]`).test(api));
  const namesIn = (schema: Schema | undefined): string[] => Object.keys(schema?.properties ?? {});
  const wordsIn = ({ enum: words = [], anyOf = [] }: Schema = {}): string[] => [
    ...words,
    ...anyOf.flatMap(wordsIn),
  ];

  it('address', () => {
    // Not every locale, and a pixel's requests may be named by their ends.
    const addresses = Object.keys(paths).map((path) =>
      path
        .replace('{locale}', 'en_US')
        .replace('imports/{part}', 'imports/:import')
        .replace('archive/{part}', 'archive/:day')
        .replace('destinations/{part}', 'destinations/:destination')
        .replace('conversions/{part}', 'conversions/:event')
        .replace('{part}', ':link')
        .replace('{id}', ':id')
        .replace(/^\/api\/v1\/pixels\/:id(?=\/)/, ''),
    );
    expect(addresses.filter((address) => !api.includes(address))).toEqual([]);
  });

  it('query parameter', () => {
    const parameters = operations.flatMap(({ parameters = [] }) => parameters);
    const names = parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name);
    // Parts of addresses that answers give whole.
    expect(missing(names).filter((name) => !['cursor', 'before'].includes(name))).toEqual([]);
  });

  it.each([
    ['field of an event', [...namesIn(Event), ...namesIn(ServerEvent)]],
    ['setting', namesIn(Settings)],
    ['reason of a rejection', wordsIn(EventIssue?.properties?.['reason'])],
    ['metric', wordsIn(Metric)],
    ['dimension', wordsIn(Dimension).map((name) => name.replace(/^visit:|^person:(first|last)_/, ''))],
  ])('%s', (_, words) => {
    expect(words).not.toEqual([]);
    expect(missing(words)).toEqual([]);
  });
});

const DOCUMENTS = [
  'README.md',
  ...readdirSync(`${ROOT}/docs`, { encoding: 'utf8', recursive: true })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const { scripts } = JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8')) as {
  scripts: Readonly<Record<string, string>>;
};

/** A document as a reader sees it: without blocks of code, in which `#` and `[…](…)` mean something else. */
function proseOf(document: string): string {
  return readFileSync(`${ROOT}/${document}`, 'utf8').replaceAll(/^```.*?^```/gms, '');
}

/** What the headings of a document can be linked by, as GitHub makes it. */
function anchorsOf(document: string): Set<string> {
  const anchors = new Map<string, number>();
  for (const [, heading = ''] of proseOf(document).matchAll(/^#+ (.*)$/gm)) {
    const anchor = heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-');
    anchors.set(anchor, (anchors.get(anchor) ?? 0) + 1);
  }
  return new Set(
    [...anchors].flatMap(([anchor, times]) =>
      Array.from({ length: times }, (_, index) => (index === 0 ? anchor : `${anchor}-${index}`)),
    ),
  );
}

describe.each(DOCUMENTS)('%s', (document) => {
  it('links to existing files and headings', () => {
    const broken = [...proseOf(document).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) => {
      if (/^https?:/.test(link)) return [];
      const [path = '', anchor] = link.split('#');
      const file = path === '' ? document : relative(ROOT, join(ROOT, dirname(document), path));
      const isThere = existsSync(join(ROOT, file)) && (anchor === undefined || anchorsOf(file).has(anchor));
      return isThere ? [] : [link];
    });
    expect(broken).toEqual([]);
  });

  it('names existing files and commands of this repository', () => {
    const text = readFileSync(`${ROOT}/${document}`, 'utf8');
    const files = [...text.matchAll(/`((?:src|test|scripts|bench|docs|types)\/[\w./-]+)`/g)];
    const commands = [...text.matchAll(/\bnpm run ([\w:]+)/g)];
    expect(files.map(([, file = '']) => file).filter((file) => !existsSync(`${ROOT}/${file}`))).toEqual([]);
    expect(commands.map(([, name = '']) => name).filter((name) => !(name in scripts))).toEqual([]);
  });
});

it('figures of a bench replace earlier ones, and other sections stay', () => {
  const text =
    'a\n<!-- measured: one -->\nold\n<!-- /measured -->\nb\n<!-- measured: two -->\n<!-- /measured -->\n';
  const section = { name: 'one', script: 'bench', args: ['--direct'] };
  const printed = 'a machine\n\n### 1 connection\n\n| 1 |\n';
  const written = withMeasured(text, section, printed, '2026-11-29');
  expect(written).toBe(
    'a\n<!-- measured: one -->\n`npm run bench -- --direct`, 2026-11-29: a machine.\n\n#### 1 connection\n\n| 1 |\n' +
      '<!-- /measured -->\nb\n<!-- measured: two -->\n<!-- /measured -->\n',
  );
  expect(withMeasured(written, section, printed, '2026-11-29')).toBe(written);
  expect(sectionsIn(written)).toEqual(['one', 'two']);
});

it('the bench decides from its figures whether a target is reached', () => {
  const record = (key: string, connections: number, measurement: Partial<Measurement>) => ({
    round: 0,
    connections,
    key,
    measurement: { answered: 10, stored: 10, ...measurement } as Measurement,
  });
  const reached = (c: Partial<Measurement>, c0: Partial<Measurement>, median: number) => {
    const records = [
      record('a', 32, { rate: 1000, cpuPerThousand: 1 }),
      record('b', 32, { rate: 100 }),
      record('c', 32, c),
      record('c0', 32, c0),
      record('d', 32, { rate: (c.rate ?? 0) - 20 }),
      record('e', 32, { rate: (c.rate ?? 0) + 150 }),
      record('a', 1, { median: 0.5 }),
      record('c', 1, { median }),
    ];
    const rows = targetTable(records).split('\n').slice(2);
    return rows.map((row) => row.split(' | ').slice(2).join(' ').replace(' |', ''));
  };
  expect(reached({ rate: 700 }, { rate: 900, cpuPerThousand: 1.25 }, 0.6)).toEqual([
    '0.90 yes',
    '1.25 yes',
    '0.70 yes',
    '0.85 yes',
    '0.97 yes',
    '7.00 yes',
    '0 yes',
    '0.10 yes',
  ]);
  expect(reached({ rate: 540, stored: 9 }, { rate: 890, cpuPerThousand: 1.26 }, 0.61)).toEqual([
    '0.89 **no**',
    '1.26 **no**',
    '0.54 **no**',
    '0.69 **no**',
    '0.96 **no**',
    '5.40 **no**',
    '1 **no**',
    '0.11 **no**',
  ]);
  expect(targetTable([])).not.toMatch(/yes|no\*/);
});
