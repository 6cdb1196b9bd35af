/** Bundles and minifies the browser tag into dist/speck.min.js, which the Worker serves as /speck.js. */
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
mkdirSync(`${root}/dist`, { recursive: true });

await build({
  entryPoints: [`${root}/src/tag/speck.ts`],
  outfile: `${root}/dist/speck.min.js`,
  bundle: true,
  minify: true,
  format: 'iife',
  target: 'es2020',
  legalComments: 'none',
  logLevel: 'warning',
});
