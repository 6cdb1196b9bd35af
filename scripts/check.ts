/**
 * `npm run check`: types, lint and format, and the size of what is deployed. What CI runs before the tests, and what to
 * run before a commit.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { minify } from 'vite';
import { buildPackage } from './build-package.ts';
import { builtParts, gzippedSize, sizeOf } from './lib/parts.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Bytes after gzip -9 of what is evaluated when a part of the Worker is first asked for, without the texts that it serves. */
const PARTS: Readonly<Record<string, number>> = {
  'src/index.ts': 9_000,
  // Libraries of the archive, which a Worker without a bucket never loads.
  'src/archive/decode.ts': 23_500,
  'src/archive/encode.ts': 22_000,
  'src/collect/consent.ts': 9_500,
  'src/collect/locate.ts': 2_500,
  'src/collect/wire/counterscale.ts': 2_200,
  'src/collect/wire/ga4.ts': 5_700,
  'src/collect/wire/goatcounter.ts': 4_900,
  'src/collect/wire/linkedin.ts': 2_200,
  'src/collect/wire/matomo.ts': 6_200,
  'src/collect/wire/meta.ts': 4_000,
  'src/collect/wire/openai.ts': 3_000,
  'src/collect/wire/plausible.ts': 4_200,
  'src/collect/wire/posthog.ts': 6_600,
  'src/collect/wire/problem.ts': 1_500,
  'src/collect/wire/segment.ts': 6_500,
  'src/collect/wire/snowplow.ts': 5_800,
  'src/collect/wire/umami.ts': 4_600,
  'src/enrich/ingest.ts': 58_500,
  'src/enrich/consume.ts': 61_500,
  // Loaded for events of pixels with destinations only; most of it is shared with the two above.
  'src/enrich/conversion.ts': 24_000,
  'src/enrich/relay-rows.ts': 4_100,
  'src/enrich/withdrawal.ts': 44_500,
  // What sends conversions, without the networks' own files.
  'src/enrich/relay.ts': 21_100,
  'src/relay/deliver.ts': 18_600,
  // Analytics Engine, which a Worker without it never reads.
  'src/engine/reader.ts': 4_000,
  'src/query/open-days.ts': 62_000,
  'src/relay/networks/ga4.ts': 6_200,
  'src/relay/networks/google.ts': 9_500,
  'src/relay/networks/meta.ts': 8_800,
  'src/relay/networks/microsoft.ts': 6_200,
  'src/relay/networks/pinterest.ts': 7_900,
  'src/relay/networks/snap.ts': 8_200,
  'src/relay/networks/tiktok.ts': 6_300,
  'src/relay/networks/linkedin.ts': 6_600,
  'src/relay/networks/openai.ts': 8_000,
  'src/relay/networks/reddit.ts': 8_000,
  'src/relay/networks/webhook.ts': 6_500,
  'src/http/unpack.ts': 1_200,
  'src/model/page-paths.ts': 1_900,
  'src/rollup/job.ts': 98_500,
  'src/rollup/sampled-day.ts': 14_000,
  'src/rollup/column-counts.ts': 16_000,
  'src/rollup/points.ts': 11_500,
  'src/rollup/points-day.ts': 41_000,
  'src/api/router.ts': 6_000,
  'src/api/api.ts': 180_000,
  'src/api/health.ts': 14_300,
  'src/api/diagnostics.ts': 17_500,
  'src/api/description.ts': 2_500,
  'src/api/deliveries.ts': 30_000,
  'src/api/destinations.ts': 27_000,
  'src/api/destination-test.ts': 32_000,
  'src/api/dashboard.ts': 5_700,
  'src/api/public-page.ts': 11_200,
  'src/privacy/opt-out.ts': 11_700,
  'src/privacy/privacy.ts': 37_500,
  'src/privacy/withdraw.ts': 16_500,
  'src/privacy/points.ts': 7_300,
  // One of these, in the reader's language.
  'src/privacy/texts/de.ts': 5_400,
  'src/privacy/texts/en.ts': 5_400,
  'src/privacy/texts/es.ts': 5_400,
  'src/privacy/texts/fr.ts': 5_400,
  'src/privacy/texts/pt.ts': 5_400,
};
/** All modules together, each counted once. */
const ALL_MODULES = 420_000;

/** Bytes after gzip -9. */
const BUDGETS = [
  { what: 'list of sources', file: 'dist/sources.txt', bytes: 13_000 },
  { what: 'tag', file: 'dist/speck.min.js', bytes: 1_092 },
  { what: 'tag that finds events by itself', file: 'dist/speck.plus.min.js', bytes: 2_052 },
  { what: "tag with Meta's fbq", file: 'dist/speck.meta.min.js', bytes: 1_500 },
  { what: 'tag with everything, for any page', file: 'dist/speck.all.min.js', bytes: 3_500 },
  { what: 'OpenAPI document', file: 'dist/openapi.json.txt', bytes: 21_000 },
  { what: "visitor's pages", file: 'src/privacy/page.html', bytes: 1_800 },
  // What a browser loads before it shows anything, and what comes when it is asked for.
  { what: "dashboard's first view, scripts", file: 'dist/app/assets/index-*.js', bytes: 30_000 },
  { what: "dashboard's style", file: 'dist/app/assets/style-*.css', bytes: 8_000 },
  { what: "dashboard's map", file: 'dist/app/assets/map-*.js', bytes: 16_000 },
] as const;

/** Bytes of the npm package's modules, minified and after gzip -9. A page with a bundler loads the first. */
const PACKAGE = [
  { file: 'index.js', bytes: 3_180 },
  { file: 'send.js', bytes: 720 },
  { file: 'hash.js', bytes: 80 },
  { file: 'relay.js', bytes: 1_080 },
  // What these two share.
  { file: 'chunk.js', bytes: 360 },
] as const;

/** The one file of a name in which `*` stands for the hash of what is in it. */
function found(file: string): string {
  const [start = '', end = ''] = file.split('*');
  const folder = start.slice(0, start.lastIndexOf('/'));
  const names = readdirSync(`${root}/${folder}`).map((name) => `${folder}/${name}`);
  return (
    names.find(
      (name) => name === file || (file.includes('*') && name.startsWith(start) && name.endsWith(end)),
    ) ?? file
  );
}

function run(what: string, script: string, ...args: string[]): void {
  console.log(`– ${what}`);
  try {
    execFileSync(process.execPath, [`node_modules/${script}`, ...args], {
      cwd: root,
      env: { ...process.env, WRANGLER_SEND_METRICS: 'false', WRANGLER_LOG: 'warn' },
      stdio: 'inherit',
    });
  } catch {
    console.error(`check: ${what} failed`);
    process.exit(1);
  }
}

console.log('– build of packages/speck-tag');
await buildPackage();
// First, since the Worker's types include the built tag.
run('build', 'wrangler/bin/wrangler.js', 'deploy', '--dry-run', '--outdir', 'dist/deployed');
for (const project of [
  'tsconfig.json',
  'tsconfig.node.json',
  'tsconfig.clickhouse.json',
  'tsconfig.tag.json',
  'tsconfig.types.json',
  'tsconfig.dashboard.json',
  'packages/speck-tag/tsconfig.json',
]) {
  run(`types of ${project}`, 'typescript/bin/tsc', '-p', project);
}
run('lint and format', '@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.');

let over = false;
function compare(what: string, size: number, bytes: number): void {
  over ||= size > bytes;
  console.log(`– size of the ${what}: ${size} of ${bytes} bytes gzipped${size > bytes ? ': too large' : ''}`);
}
const parts = builtParts();
for (const part of parts) compare(`part ${part.entry}`, sizeOf(part), PARTS[part.entry] ?? 0);
const modules = new Set(parts.flatMap((part) => part.modules));
compare('Worker, all parts', sizeOf({ modules: [...modules] }), ALL_MODULES);
for (const { file, bytes } of PACKAGE) {
  const source = readFileSync(`${root}/packages/speck-tag/dist/${file}`, 'utf8');
  const { code } = await minify(file, source, { module: true, mangle: { toplevel: true } });
  compare(`package, ${file}, minified`, gzipSync(code, { level: 9 }).length, bytes);
}
for (const { what, file, bytes } of BUDGETS) compare(what, gzippedSize(`${root}/${found(file)}`), bytes);
process.exit(over ? 1 : 0);
