/**
 * Bundles and minifies the browser tag into dist/, where the Worker finds it as texts: the tag in its builds, and
 * what these load when they need it. Prints their sizes, and what pages that pin a version put into their script element.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { minify } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
mkdirSync(`${root}/dist`, { recursive: true });

/** What the Worker serves under `/NAME.js`, and the constants that choose what a build holds. */
const FILES = [
  {
    name: 'speck',
    source: 'speck',
    define: { PLUS: 'false', META: 'false', ALL: 'false', PACKAGE: 'false' },
  },
  {
    name: 'speck.plus',
    source: 'speck',
    define: { PLUS: 'true', META: 'false', ALL: 'false', PACKAGE: 'false' },
  },
  {
    name: 'speck.meta',
    source: 'speck',
    define: { PLUS: 'false', META: 'true', ALL: 'false', PACKAGE: 'false' },
  },
  {
    name: 'speck.all',
    source: 'speck',
    define: { PLUS: 'true', META: 'true', ALL: 'true', PACKAGE: 'false' },
  },
  { name: 'speck.send', source: 'send', define: { ALL: 'true' }, isModule: true },
  { name: 'speck.hash', source: 'hash', isModule: true },
  { name: 'speck.relay', source: 'relay', isModule: true },
];

const TARGET = 'es2020';

for (const { name, source, define, isModule = false } of FILES) {
  const { outputFiles } = await build({
    entryPoints: [`${root}/src/tag/${source}.ts`],
    write: false,
    bundle: true,
    // The tag is a classic script, but in esbuild's format for those import() becomes something else.
    format: 'esm',
    target: TARGET,
    ...(define && { define }),
    legalComments: 'none',
    logLevel: 'warning',
  });
  // A block hides what is declared in it as a function does, and is shorter. It does not hide a var.
  const module = String(outputFiles[0]?.text).replaceAll(/^var /gm, 'let ');
  // Vite's minifier makes of the same bundle 2 % less than esbuild's.
  const { code, errors } = await minify(`${name}.js`, isModule ? module : `{${module}}`, {
    module: isModule,
    compress: { target: TARGET },
    mangle: { toplevel: true },
  });
  if (errors[0]) throw new Error(errors[0].message);
  const script = code.trim();
  writeFileSync(`${root}/dist/${name}.min.js`, script);
  const size = gzipSync(script, { level: 9 }).length;
  const hash = createHash('sha384').update(script).digest('base64');
  console.log(`/${name}.js: ${size} bytes gzipped, integrity="sha384-${hash}"`);
}
