/**
 * Builds the dashboard into dist/app, its page into dist/app.html.txt, and into dist/app.files.js the list of its files, from
 * which the Worker serves them.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { worldMap } from './lib/world-map.ts';

// Tests run what is deployed. Under vitest this is `test`, with which Vite makes another build.
process.env['NODE_ENV'] = 'production';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = `${root}/src/dashboard`;
const assets = `${root}/dist/app/assets`;

mkdirSync(`${root}/dist`, { recursive: true });
writeFileSync(`${root}/dist/world.json`, JSON.stringify(worldMap()));

interface ModuleInfo {
  readonly isEntry: boolean;
  readonly importers: readonly string[];
}

/** Whether a module is imported statically, directly or through others, by the page. */
function isInFirstView(
  id: string,
  infoOf: (id: string) => ModuleInfo | null,
  seen = new Set<string>(),
): boolean {
  if (seen.has(id)) return false;
  seen.add(id);
  const info = infoOf(id);
  return info !== null && (info.isEntry || info.importers.some((one) => isInFirstView(one, infoOf, seen)));
}

await build({
  root: source,
  base: '/app/',
  configFile: false,
  logLevel: 'warn',
  publicDir: false,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: `${root}/dist/app`,
    emptyOutDir: true,
    target: 'es2022',
    // An icon in a data URL is what the page's policy forbids.
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            {
              // One file: together, its modules are a twentieth smaller than in several files.
              debugName: 'first view',
              name: (id, context) =>
                isInFirstView(id, (one) => context.getModuleInfo(one)) ? 'first' : null,
            },
          ],
        },
      },
    },
  },
});

// By itself and before all else, or a page in the other theme than the system's would flash.
const theme = readFileSync(`${source}/theme.js`, 'utf8');
const name = `theme-${createHash('sha256').update(theme).digest('base64url').slice(0, 8)}.js`;
mkdirSync(assets, { recursive: true });
writeFileSync(`${assets}/${name}`, theme);

const page = readFileSync(`${root}/dist/app/index.html`, 'utf8');
writeFileSync(
  `${root}/dist/app.html.txt`,
  page.replace('<title>', `<script src="/app/assets/${name}"></script>\n    <title>`),
);
rmSync(`${root}/dist/app/index.html`);
const loaders = readdirSync(assets)
  .toSorted()
  .map((file) => `  '${file}': () => import('./app/assets/${file}?raw'),\n`);
writeFileSync(`${root}/dist/app.files.js`, `export default {\n${loaders.join('')}};\n`);
