/** docs/performance.md: the sizes of the parts of the Worker that an isolate loads, as they are built. */
import { join } from 'node:path';
import { table } from '../../bench/lib/table.ts';
import { withSection } from './marked-section.ts';
import { builtParts, gzippedSize, sizeOf } from './parts.ts';
import { ROOT } from './wrangler.ts';

interface Row {
  readonly when: string;
  readonly what: string;
  /** Entries of parts, or files that are served as texts; or what parts load more than the one that is loaded before them. */
  readonly sizes: readonly (string | { readonly loaded: string; readonly more: readonly string[] })[];
}

const ROWS: readonly Row[] = [
  { when: 'a new isolate', what: 'the entry: reads a request, answers it', sizes: ['src/index.ts'] },
  {
    when: 'after the first answer',
    what: 'enriching and storing; the list of sources',
    sizes: ['src/enrich/ingest.ts', 'dist/sources.txt'],
  },
  {
    when: 'a request that grants or denies consent',
    what: 'consent',
    sizes: ['src/collect/consent.ts'],
  },
  {
    when: 'an event with consent, of a pixel with destinations',
    what: 'making conversions, besides storing',
    sizes: [
      {
        loaded: 'src/enrich/ingest.ts',
        more: ['src/enrich/conversion.ts', 'src/enrich/relay-rows.ts'],
      },
    ],
  },
  {
    when: 'a message of the queue',
    what: 'storing; besides it, sending conversions; the file of a network, such as Meta',
    sizes: [
      'src/enrich/consume.ts',
      { loaded: 'src/enrich/consume.ts', more: ['src/enrich/relay.ts', 'src/relay/deliver.ts'] },
      { loaded: 'src/relay/deliver.ts', more: ['src/relay/networks/meta.ts'] },
    ],
  },
  { when: 'the cron', what: 'the job', sizes: ['src/rollup/job.ts'] },
  { when: 'the API', what: 'routes, schemas, the query language, columns', sizes: ['src/api/api.ts'] },
  {
    when: 'a page',
    what: '`/privacy`; `/opt-out`; the dashboard, whose files are texts',
    sizes: ['src/privacy/privacy.ts', 'src/privacy/opt-out.ts', 'src/api/dashboard.ts'],
  },
];

/** docs/performance.md with the table of sizes. */
export function withSizes(document: string): string {
  const parts = new Map(builtParts().map(({ entry, modules }) => [entry, modules]));
  const modulesOf = (entry: string): readonly string[] => {
    const modules = parts.get(entry);
    if (modules === undefined) throw new Error(`the Worker has no part ${entry}`);
    return modules;
  };
  const bytesOf = (size: Row['sizes'][number]): number => {
    if (typeof size !== 'string') {
      const loaded = new Set(modulesOf(size.loaded));
      const modules = new Set(size.more.flatMap(modulesOf));
      return sizeOf({ modules: [...modules].filter((module) => !loaded.has(module)) });
    }
    return size.startsWith('dist/') ? gzippedSize(join(ROOT, size)) : sizeOf({ modules: modulesOf(size) });
  };
  const rows = ROWS.map(({ when, what, sizes }) => [
    when,
    what,
    sizes.map((size) => Math.round(bytesOf(size) / 1000)).join('; '),
  ]);
  return withSection(document, 'sizes', table(['when', 'what', 'gzipped kB'], rows));
}
